"""Headless Chromium, in which tests open pages."""

import contextlib
import shutil

import pytest


@contextlib.contextmanager
def chromium():
    """Give the browser; skip the test if there is none."""
    api = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium")
    with api.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


def opened(browser, **given):
    """Return a new page, and the list that takes its errors and whatever it asks of a network."""
    page, problems = browser.new_page(**given), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.on("request", lambda request: request.url.startswith(("file:", "data:", "blob:")) or problems.append(request.url))
    return page, problems
