"""Fixtures: a real browser, shared by the tests of one module."""

import contextlib
import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def launched():
    """Return a function that starts a browser with extra switches."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    with playwright.sync_playwright() as started, contextlib.ExitStack() as stack:

        def launch(*switches):
            # Containers lack features that the sandbox needs. Tests open the project's pages only.
            chromium = started.chromium.launch(
                executable_path=program, args=["--no-sandbox", *switches]
            )
            stack.callback(chromium.close)
            return chromium

        yield launch


@pytest.fixture(scope="module")
def browser(launched):
    """Return one browser for all pages."""
    return launched()
