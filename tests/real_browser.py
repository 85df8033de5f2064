"""Fixtures: a real browser, for as long as one module's tests take."""

import contextlib
import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def launched():
    """A function of extra switches that starts a browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    with playwright.sync_playwright() as started, contextlib.ExitStack() as stack:

        def launch(*switches):
            # Containers lack what the sandbox wants; the only pages are our own.
            chromium = started.chromium.launch(
                executable_path=program, args=["--no-sandbox", *switches]
            )
            stack.callback(chromium.close)
            return chromium

        yield launch


@pytest.fixture(scope="module")
def browser(launched):
    """One browser for all pages."""
    return launched()
