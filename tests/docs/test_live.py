"""Live pages in the site: pictures of the guide become the pages, and every one has a script and a picture."""

import importlib
import re
import shutil
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="an installed package has no site")


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(DOCS / "_ext"), *sys.path])
    return importlib.import_module("live_pages")


def written():
    """Return the name of the page that each script of the gallery writes."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((DOCS / "gallery" / "live").glob("plot_*.py"))]
    return {name for text in texts for name in re.findall(r'"(\w+)\.html"', text)}


def figures():
    """Return the names of the figures of formulas."""
    return {path.stem for path in (DOCS / "live").glob("*.html")}


def test_every_page_has_a_picture_and_a_place(live):
    texts = {
        path: path.read_text(encoding="utf-8") for path in (DOCS / "guide" / "live.md", *(DOCS / "course").glob("*.md"))
    }
    places = {found[1]: (path, found[2]) for path, text in texts.items() for found in live.SHOWN.findall(text)}
    assert {path.stem for path in (DOCS / "images" / "live").glob("*.png")} == written() | figures() == set(places)
    assert not written() & figures()
    for name, (path, target) in places.items():
        assert (path.parent / target).exists(), name
        assert target.endswith(".html") == (name in figures()), name
    assert len(written()) == 8
    assert len(figures()) == 10


def test_lessons_with_live_figures_have_a_question_before_and_a_picture_for_paper(live):
    for number in range(1, 13):
        (path,) = (DOCS / "course").glob(f"{number}-*.md")
        text = path.read_text(encoding="utf-8")
        shown = list(live.SHOWN.finditer(text))
        assert shown, path.name
        for found in shown:
            assert "**Predict.**" in text[: found.start()].rpartition("\n## ")[2], found[2]
            section = text[: found.start()].rpartition("\n## ")[2] + text[found.end() :].partition("\n## ")[0]
            assert "\n![" in section or number == 4, found[2]  # for paper; the pushes of lesson 4 are printed, not drawn


def test_the_readme_and_the_site_begin_with_the_page_of_two_bodies():
    text = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    picture, script = re.search(r"!\[[^\]]*\]\((\S+)\)\]\((\S+)\)", text).groups()
    assert text.index(picture) < text.index("```")
    assert picture == "docs/images/live/digits.png"
    assert 'report.page("digits.html")' in (DOCS.parent / script).read_text(encoding="utf-8")  # its page shows the page


def test_a_figure_is_one_file(live):
    for name in figures():
        text = live.alone(DOCS / "live" / f"{name}.html")
        assert "figure.css" not in text
        assert 'src="' not in text
        assert "default-src 'none'" in text
        assert len(text) < 60_000


def test_figures_are_shown_without_pictures_of_the_gallery_and_networks_are_not(live):
    text = (DOCS / "course" / "1-two-kinds-of-units.md").read_text(encoding="utf-8")
    shown = live.embedded(text, "course/1-two-kinds-of-units", networks=False)
    assert '<iframe class="live figure" src="../live/cell.html"' in shown
    assert "images/live/noise.png" in shown


def test_pictures_become_pages(live):
    text = live.embedded((DOCS / "guide" / "live.md").read_text(encoding="utf-8"), "guide/live")
    assert re.findall(r'<iframe class="live" src="\.\./live/(\w+)\.html"', text) == ["words", "balanced", "window", "groups"]
    assert "images/live" not in text


def test_other_pictures_stay(live):
    text = "[![a](../images/course/a.png)](b.md)\n![b](../images/live/b.png)\n"
    assert live.embedded(text, "guide/a") == text


def test_a_page_that_a_script_wrote_is_taken(live, tmp_path):
    script, docs = tmp_path / "gallery" / "live" / "plot_live_groups.py", tmp_path / "docs"
    script.parent.mkdir(parents=True)
    shutil.copytree(DOCS / "images" / "live", docs / "images" / "live")
    script.with_name("groups.html").write_text("a page", encoding="utf-8")
    variables = {"src_file": str(script), "file_conf": {}}
    shown = live.scraper(None, variables, {"src_dir": str(docs)})
    assert '<iframe class="live" src="../../live/groups.html"' in shown
    assert (docs / live.KEPT / "groups.html").read_text(encoding="utf-8") == "a page"
    assert (docs / variables["file_conf"]["thumbnail_path"]).exists()
    assert not script.with_name("groups.html").exists()
