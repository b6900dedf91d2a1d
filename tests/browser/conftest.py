"""A real browser for the tests in this folder; what it showed when a test failed is kept in artefacts/."""

import asyncio
import os
import shutil
from asyncio import AbstractEventLoop
from collections.abc import Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

ARTEFACTS = Path(__file__).resolve().parent.parent.parent / "artefacts"
# Playwright's loop runs in the tests' own thread, where Django would take every query for a mistake.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
expect.set_options(timeout=60_000)
# The first two load pages of Chromium's own into each window, which take four times as much CPU time as one of ours.
# The others are playwright's list, which this one replaces.
UNWANTED: Final = (
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "LensOverlay"),
    *("HttpsFirstBalancedModeAutoEnable", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning", "AimEnabled"),
    *("AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying", "PreconnectToSearch"),
)
FLAGS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    f"--disable-features={','.join(UNWANTED)}",
)
HAS_FAILED: Final = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test failed, for the picture that is taken after it."""
    report = yield
    item.stash[HAS_FAILED] = item.stash.get(HAS_FAILED, False) or report.failed
    return report


class Visit(Protocol):
    """The `visit` fixture."""

    def __call__(self, path: str, user: User | None = None, **options: Any) -> Page: ...


@pytest.fixture(scope="session")
def chromium() -> Iterator[tuple[Browser, AbstractEventLoop]]:
    """Start Chromium once, and yield it with the loop that playwright runs; without one the tests are skipped."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        yield browser, loop
        asyncio._set_running_loop(loop)
        browser.close()


@pytest.fixture
def browser(chromium: tuple[Browser, AbstractEventLoop]) -> Iterator[Browser]:
    """Have Chromium at hand, and leave no page open.

    Playwright's loop counts as running between its calls. Other tests and fixtures run their own loops, so it does only
    while a test has the browser.
    """
    browser, loop = chromium
    asyncio._set_running_loop(loop)
    yield browser
    for context in browser.contexts:
        context.close()
    # Django keeps connections of their own for code under a running loop, and nobody else would close them.
    connections.close_all()
    asyncio._set_running_loop(None)


@pytest.fixture
def visit(browser: Browser, live_server: LiveServer, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Return a function that opens a page of the console, signed in as somebody, in a browser of its own.

    `clock` is what that browser takes for the time. Whatever the test did, the page may not have broken its own policy
    or thrown an error.
    """
    wrong: list[str] = []

    def open_page(path: str, user: User | None = None, **options: Any) -> Page:
        clock: datetime | None = options.pop("clock", None)
        context = browser.new_context(
            base_url=live_server.url, viewport=options.pop("viewport", {"width": 1280, "height": 900}), **options
        )
        if clock is not None:
            context.clock.install(time=clock)
        if user is not None:
            client = Client()
            client.force_login(user)
            context.add_cookies(
                [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
            )
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(path)
        return page

    yield open_page
    # A picture makes playwright itself break the policy, so the verdict comes first.
    verdict = list(wrong)
    if verdict or request.node.stash.get(HAS_FAILED, False):
        ARTEFACTS.mkdir(exist_ok=True)
        for number, page in enumerate(page for context in browser.contexts for page in context.pages):
            page.screenshot(path=ARTEFACTS / f"{request.node.name}-{number}.png", full_page=True)
    assert not verdict
