"""Headless Chromium, in which tests open pages."""

import contextlib
import shutil
import time

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


@contextlib.contextmanager
def watched(browser):
    """Give a function that opens a page; in the end there must be no error and no request on any of them."""
    pages = []

    def show(path, *, script=None, **given):
        page, problems = opened(browser, **given)
        pages.append((page, problems))
        if script:
            page.add_init_script(script)
        page.goto(path.as_uri())
        return page

    yield show
    for page, problems in pages:
        assert problems == []
        page.close()


def wait(page, expression, seconds=30.0):
    """Wait until an expression is true: playwright's own waiting evaluates text in the page, which refuses it."""
    end = time.monotonic() + seconds
    while not page.evaluate(f"Boolean({expression})"):
        assert time.monotonic() < end, f"not true within {seconds:g} s: {expression}"
        page.wait_for_timeout(30)
