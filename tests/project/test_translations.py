"""Every text that people read can be translated, and is: `make translations` finds them, people write the German."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from gettext import GNUTranslations
from pathlib import Path
from typing import Final

import pytest
from babel.messages import Catalog, Message
from babel.messages.pofile import read_po

from tests.programs import ROOT
from tests.unmarked import find_unmarked_texts

FOLDER: Final = ROOT / "console" / "locale" / "de" / "LC_MESSAGES"
TEMPLATES: Final = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "templates").rglob("*.*"))
PLACEHOLDER: Final = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}")
TAG: Final = re.compile(r"</?[a-z]+[^>]*>")
TRANSLATES: Final = {"_", "gettext", "ngettext", "pgettext", "npgettext"}
# The selector of a rule of a style sheet that puts a word into the page.
SPOKEN: Final = re.compile(r"([^{}/]+)\{[^{}]*content:\s*\"[^\"]*[A-Za-z]{2}[^\"]*\"")
END: Final = re.compile(r"[.:?!…]?\s*$")


def read_catalogue(folder: Path = FOLDER) -> Catalog:
    with (folder / "django.po").open("rb") as source:
        return read_po(source, locale="de")


def list_messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def versions(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """Return the text for one and the text for many, or the only one."""
    return (text,) if isinstance(text, str) else tuple(text or ())


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_says_nothing_without_a_translation(name: str) -> None:
    assert find_unmarked_texts((ROOT / name).read_text()) == []


def test_what_a_style_sheet_says_it_says_in_german_too() -> None:
    sheets = "".join(path.read_text() for path in sorted((ROOT / "static").rglob("*.css")))
    spoken = {selector.strip() for selector in SPOKEN.findall(sheets)}
    english = {selector for selector in spoken if ":lang(" not in selector}
    assert len(english) > 1
    assert {selector.replace("::", ":lang(de)::") for selector in english} == spoken - english


def test_nothing_is_left_in_english() -> None:
    catalogue = read_catalogue()
    messages = list_messages(catalogue)
    assert len(messages) > 500
    assert [message.id for message in messages if not all(versions(message.string))] == []
    assert [message.id for message in messages if message.fuzzy] == [], "somebody has to look at these"
    assert list(catalogue.obsolete) == []


def test_a_translation_keeps_what_is_filled_in() -> None:
    wrong = []
    for message in list_messages(read_catalogue()):
        wanted = [(Counter(PLACEHOLDER.findall(text)), Counter(TAG.findall(text))) for text in versions(message.id)]
        for text in versions(message.string):
            if (Counter(PLACEHOLDER.findall(text)), Counter(TAG.findall(text))) not in wanted:
                wrong.append((message.id, text))
    assert wrong == []


def test_a_translation_ends_as_the_text_does() -> None:
    messages = list_messages(read_catalogue())
    pairs = [(versions(message.id)[-1], text) for message in messages for text in versions(message.string)]
    assert [pair for pair in pairs if END.search(pair[0])[0] != END.search(pair[1])[0]] == []  # type: ignore[index]


def test_the_program_reads_what_people_wrote() -> None:
    with (FOLDER / "django.mo").open("rb") as compiled:
        read = GNUTranslations(compiled)
    for message in list_messages(read_catalogue()):
        for number, text in enumerate(versions(message.string)):
            first, *more = versions(message.id)
            count = 1 if number == 0 else 2
            if message.context:
                found = (
                    read.npgettext(message.context, first, more[0], count)
                    if more
                    else read.pgettext(message.context, first)
                )
            else:
                found = read.ngettext(first, more[0], count) if more else read.gettext(first)
            assert found == text, "make translations"


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="xgettext is not installed: apt-get install gettext")
def test_every_text_is_in_the_catalogue(tmp_path: Path) -> None:
    for name in ("console", "orders", "workers", "templates", "manage.py"):
        source = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, tmp_path / name, ignore=ignored) if source.is_dir() else shutil.copy(source, tmp_path)
    command = [sys.executable, "manage.py", "makemessages", "--locale", "de", "--no-obsolete", "--add-location", "file"]
    subprocess.run(command, cwd=tmp_path, env={"PATH": os.environ["PATH"], "DEBUG": "true"}, check=True)
    found, known = (
        {(message.context, message.id) for message in list_messages(read_catalogue(folder))}
        for folder in (tmp_path / FOLDER.relative_to(ROOT), FOLDER)
    )
    assert found == known, "make translations"


@pytest.mark.parametrize("room", ["console", "orders"])
def test_no_text_stands_inside_of_another(room: str) -> None:
    """xgettext does not look into f-strings."""
    hidden = []
    for path in sorted((ROOT / room).rglob("*.py")):
        for string in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.JoinedStr)):
            calls = [node.func for node in ast.walk(string) if isinstance(node, ast.Call)]
            hidden += [
                f"{path}:{call.lineno}" for call in calls if isinstance(call, ast.Name) and call.id in TRANSLATES
            ]
    assert hidden == []
