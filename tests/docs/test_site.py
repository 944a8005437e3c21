"""The whole site, built as CONTRIBUTING says: nothing is loaded from elsewhere, and a browser shows it without errors."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.browser import chromium, opened

ROOT = Path(__file__).parents[2]
LOADED = re.compile(r"<(?:script|img|iframe|source|link)\b[^>]*\b(?:src|href)=\"(?:https?:)?//[^\"]*\"[^>]*>")
IMPORTED = re.compile(r"(?:@import|url\()\s*[\"']?(?:https?:)?//")
PICTURES = 40
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site; return its folder."""
    for name in ("sphinx", "myst_parser", "sphinx_gallery", "pydata_sphinx_theme", "joblib", "latex2mathml"):
        pytest.importorskip(name)
    folder = tmp_path_factory.mktemp("site")
    words = ["-W", "--keep-going", "-j", "2", "-d", str(folder / "pages"), "docs", str(folder / "html")]
    done = subprocess.run([sys.executable, "-m", "sphinx", *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "html"


@pytest.fixture(scope="module")
def browser():
    with chromium() as program:
        yield program


def test_nothing_is_loaded_from_elsewhere(site):
    for path in site.rglob("*.html"):
        found = [tag for tag in LOADED.findall(path.read_text(encoding="utf-8")) if 'rel="canonical"' not in tag]
        assert not found, f"{path.name}: {found[0]}"
    for path in site.rglob("*.css"):
        assert not IMPORTED.search(path.read_text(encoding="utf-8")), path.name


def test_it_is_small(site):
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < 60_000_000


def test_it_has_all_pictures(site):
    thumbnails = list((site / "_images").glob("sphx_glr_plot_*_thumb.*"))
    assert len(thumbnails) >= PICTURES
    assert all(path.stat().st_size > 1000 for path in thumbnails)


MEASURED = """() => {
  document.querySelectorAll("details").forEach((one) => { one.open = true });
  return [...document.querySelectorAll(".equations, .bd-content pre")].filter((one) => one.scrollWidth > one.clientWidth + 1)
    .map((one) => one.textContent.slice(0, 60)); }"""


@pytest.mark.parametrize("width", [390, 1366, 1920])
def test_no_formula_and_no_line_of_code_is_cut_off(site, browser, width):
    shown, _ = opened(browser, viewport={"width": width, "height": 900})
    found = {}
    for path in [
        page for folder in ("course", "guide", "coming-from", ".") for page in sorted((site / folder).glob("*.html"))
    ]:
        shown.goto(path.as_uri())
        found |= {path.name: wide} if (wide := shown.evaluate(MEASURED)) else {}
    assert found == {}
    shown.goto((site / "course" / "8-memory.html").as_uri())
    assert shown.evaluate("document.fonts.ready.then(() => document.fonts.check('16px \"STIX Two Math part\"'))")
    shown.close()


PAGES = sorted(path.stem for path in (ROOT / "docs" / "course").glob("*.md"))


def asked(shown, page):
    """Return the questions of a page: at least three at its end and, in a lesson, three predictions."""
    assert shown.locator(".question.check").count() >= 3
    assert shown.locator(".question.predict").count() >= (3 if page[0].isdigit() else 0)
    written = (ROOT / "docs" / "course" / f"{page}.md").read_text(encoding="utf-8").count("<summary>Answer</summary>")
    assert shown.locator(".question").count() == written
    return shown.locator(".question").all()


@pytest.mark.parametrize("page", PAGES)
def test_every_question_is_answered_in_the_page(site, browser, page):
    shown, problems = opened(browser)
    shown.goto((site / "course" / f"{page}.html").as_uri())
    assert shown.locator(".covered").count() >= (3 if page[0].isdigit() else 0)
    for question in asked(shown, page):
        right, verdict = question.get_attribute("data-right"), question.locator(".verdict")
        for letter in sorted(question.locator("input").evaluate_all("all => all.map(one => one.value)"), key=right.__eq__):
            question.locator(f"input[value={letter}]").focus()
            shown.keyboard.press("Space")
            assert verdict.inner_text() == ("Right." if letter == right else "Not this one: see why.")
            assert question.locator("details").get_attribute("open") is not None
            assert question.locator("li.marked").count() == (letter != right)
    assert shown.locator(".covered").count() == 0
    assert problems == []
    shown.close()


@pytest.mark.parametrize("page", PAGES)
def test_without_a_script_answers_are_folded(site, browser, page):
    shown, _ = opened(browser, java_script_enabled=False)
    shown.goto((site / "course" / f"{page}.html").as_uri())
    assert shown.locator(".covered, .question input").count() == 0
    for question in asked(shown, page):
        reason = question.locator("details > p").first
        assert not reason.is_visible()
        question.locator("summary").click()
        assert reason.is_visible()
        assert reason.inner_text().startswith(f"({question.get_attribute('data-right')})")
    shown.close()


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("index.html", "What it can do"),
        ("pictures/index.html", "Statistics of spikes"),
        ("pictures/spikes/plot_raster.html", "A dot for each spike"),
        ("models/AdEx.html", "Portrait"),
        ("models/neurons.html", "HodgkinHuxley"),
        ("reference/plot.raster.html", "Pictures with it"),
        ("guide/models.html", "Units are checked"),
    ],
)
def test_a_page_opens(site, browser, page, words):
    shown, problems = opened(browser)
    shown.goto((site / page).as_uri())
    shown.wait_for_load_state("networkidle")
    assert words in shown.inner_text("main")
    assert shown.evaluate("[...document.images].filter(image => image.complete && !image.naturalWidth).length") == 0
    assert problems == []
    shown.close()


def test_a_search_finds_the_page_among_the_first_two(site, browser):
    lines = (ROOT / "docs" / "search.txt").read_text(encoding="utf-8").splitlines()
    wanted = dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))
    shown, lost = browser.new_page(), []
    for page, words in wanted.items():
        for word in words.split(", "):
            shown.goto(f"{(site / 'search.html').as_uri()}?q={word.replace(' ', '+')}")
            shown.wait_for_selector("#search-results ul.search li a")
            shown.wait_for_timeout(50)
            found = shown.locator("#search-results ul.search > li > a").evaluate_all(
                "all => all.slice(0, 2).map(a => a.href)"
            )
            lost += [] if any(f"/{page}.html" in link for link in found) else [(page, word, found)]
    assert lost == []
    shown.close()


def test_figures_of_lessons_are_those_of_the_tests(site, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "docs" / "_ext"), *sys.path])
    alone = importlib.import_module("live_pages").alone
    figures = list((ROOT / "docs" / "live").glob("*.html"))
    assert len(figures) >= 4
    for path in figures:  # tests/docs/test_figures.py opens and moves what `alone` returns
        assert (site / "live" / path.name).read_text(encoding="utf-8") == alone(path)


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("guide/live", ("balanced", "window", "groups")),
        ("course/1-two-kinds-of-units", ("noise",)),
        ("course/4-networks", ("push",)),
    ],
)
def test_live_pages_run_where_they_are_seen(site, browser, page, names):
    shown, problems = opened(browser, viewport={"width": 1366, "height": 1000})
    shown.goto((site / f"{page}.html").as_uri())
    for name in names:
        shown.locator(f"iframe[src$='live/{name}.html']").scroll_into_view_if_needed()
        frame = next(one for one in shown.frames if one.url.endswith(f"live/{name}.html"))
        for _ in range(300):
            if frame.evaluate("(window.brainsim?.player.step ?? 0) > 200"):
                break
            shown.wait_for_timeout(100)
        assert frame.evaluate("brainsim.player.step") > 200, name
    assert problems == []
    shown.close()
