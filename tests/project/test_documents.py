"""What the documents point at is there: links, headings within a page, and the folders and modules of README's map."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.programs import ROOT

DOCUMENTS: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def find_links() -> Iterator[tuple[str, str]]:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
            if "://" not in target:
                yield document.relative_to(ROOT).as_posix(), target


def anchors_of(document: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("document", "target"), [*find_links()])
def test_a_link_leads_somewhere(document: str, target: str) -> None:
    path, _, anchor = target.partition("#")
    page = (ROOT / document).parent / path if path else ROOT / document
    assert page.exists()
    assert not anchor or anchor in anchors_of(page)


def read_map() -> Iterator[str]:
    """Yield the path of everything that README's map names; what stands before the last two spaces of a line."""
    text = (ROOT / "README.md").read_text().split("## The map\n")[1]
    parents: list[str] = []
    for line in text.split("```\n")[1].splitlines():
        names = re.split(r"  +", line.strip())
        depth = (len(line) - len(line.lstrip())) // 2
        named = " ".join(names[:-1]).split()
        parents[depth:] = [named[0].strip("/")] if len(named) == 1 else []
        yield from ("/".join([*parents[:depth], name.strip("/")]) for name in named)


@pytest.mark.parametrize("name", [*read_map()])
def test_the_map_names_what_is_there(name: str) -> None:
    assert (ROOT / name).is_dir() or (ROOT / f"{name}.py").is_file()


def test_the_map_names_every_folder() -> None:
    named = set(read_map())
    there = {
        folder.relative_to(ROOT).as_posix()
        for top in ("console", "orders", "workers")
        for folder in (ROOT / top).iterdir()
        if folder.is_dir() and any(folder.glob("*.py"))
    }
    plumbing = {"console/management", "console/migrations", "console/templatetags", "orders/migrations"}
    assert there - named - plumbing - {"workers/management", "workers/workflows"} == set()
