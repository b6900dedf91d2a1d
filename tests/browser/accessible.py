"""What axe-core finds wrong with a page, by WCAG 2.2 AA and its own best practice."""

from collections.abc import Sequence
from typing import Any, Final

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize

RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# Those that depend on the width and the colours of a page.
LOOKS: Final = ("color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size")
WIDE: Final[ViewportSize] = {"width": 1280, "height": 800}
NARROW: Final[ViewportSize] = {"width": 390, "height": 800}
_LOOK: Final = "([context, options]) => axe.run(context, options).then(found => found.violations)"


def find_faults(page: Page, rules: Sequence[str] = (), *, without: Sequence[str] = ()) -> list[str]:
    """Return a line for each thing that axe finds: the rule, and the element.

    It looks by all rules or by `rules`, and at all of the page but what the CSS selectors `without` name.
    """
    chosen = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": list(RULES)}
    # Preloading copies style sheets into the page, which its policy refuses, for rules that are not asked for.
    options: dict[str, Any] = {"resultTypes": ["violations"], "runOnly": chosen, "preload": False}
    context = {"include": [["html"]], "exclude": [[selector] for selector in without]}
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(_LOOK, [context, options])
    return [f"{rule['id']}: {node['target']} {node['html'][:160]}" for rule in found for node in rule["nodes"]]


def find_faults_in_all_looks(page: Page) -> list[str]:
    """Return what is found on a page that is light and wide, and what looks add when it is dark, or narrow, or both."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(WIDE)
    faults = find_faults(page)
    for name, size in (("wide", WIDE), ("narrow", NARROW)):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme="dark")
        faults += [f"dark, {name}: {fault}" for fault in find_faults(page, LOOKS)]
    page.emulate_media(color_scheme="light")
    faults += [f"light, narrow: {fault}" for fault in find_faults(page, LOOKS)]
    page.set_viewport_size(WIDE)
    return faults
