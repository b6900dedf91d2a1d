"""What axe-core finds wrong with a page, by WCAG 2.2 AA and its own best practice."""

from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_AXE: Final = Axe()


def find_faults(page: Page) -> list[str]:
    """Return a line for each thing that axe finds: the rule, and the element."""
    options: dict[str, Any] = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": list(RULES)}}
    found = _AXE.run(page, options=options).response["violations"]
    return [f"{rule['id']}: {node['target']} {node['html'][:160]}" for rule in found for node in rule["nodes"]]
