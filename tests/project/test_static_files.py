"""Static files: what production serves after `collectstatic`, and a form of the sources that a diff can show."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

from tests.programs import ROOT
from tests.web import collect_static_files, production_environment

LONGEST: Final = 120
STATIC: Final = ROOT / "static"
STYLES: Final = sorted(path.name for path in STATIC.glob("*.css"))
MODULES: Final = sorted(path.name for path in (STATIC / "js").glob("*.js"))
IMPORT: Final = re.compile(r'(?:from|import) ?"\./([^"]+)";')


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of static files that a production makes."""
    folder = tmp_path_factory.mktemp("production")
    collect_static_files(production_environment(folder))
    return folder / "static"


def hashed_names(collected: Path) -> dict[str, str]:
    names: dict[str, str] = json.loads((collected / "staticfiles.json").read_text())["paths"]
    return names


def test_modules_import_each_other_by_hashed_names(collected: Path) -> None:
    """Under a plain name a browser would go on with the module of yesterday."""
    names = hashed_names(collected)
    for module in MODULES:
        imported = IMPORT.findall((STATIC / "js" / module).read_text())
        served = IMPORT.findall((collected / names[f"js/{module}"]).read_text())
        assert served == [Path(names[f"js/{name}"]).name for name in imported]


def test_every_module_is_loaded() -> None:
    imported = set(IMPORT.findall("".join((STATIC / "js" / module).read_text() for module in MODULES)))
    pages = "".join(template.read_text() for template in (ROOT / "templates").rglob("*.html"))
    assert imported | set(re.findall(r"static 'js/([^']+)'", pages)) == set(MODULES)


def test_what_a_browser_gets_is_compressed(collected: Path) -> None:
    names = hashed_names(collected)
    for name in ("console.css", "htmx.min.js", "icons.svg", "js/main.js"):
        served = collected / names[name]
        assert (collected / f"{names[name]}.gz").stat().st_size < served.stat().st_size, name


@pytest.mark.parametrize("name", STYLES)
def test_a_style_has_one_declaration_a_line(name: str) -> None:
    style = re.sub(r"/\*.*?\*/", "", (STATIC / name).read_text(), flags=re.DOTALL)
    crowded = [line for line in style.splitlines() if len(re.findall("[;{}]", line)) > 1 or len(line) > LONGEST]
    assert crowded == []
