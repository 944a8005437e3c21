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


def test_every_page_has_a_picture_and_a_place_in_the_guide(live):
    guide = (DOCS / "guide" / "live.md").read_text(encoding="utf-8")
    assert {path.stem for path in (DOCS / "images" / "live").glob("*.png")} == written()
    assert {found[1] for found in live.SHOWN.findall(guide)} == written()
    assert len(written()) == 3


def test_pictures_become_pages(live):
    text = live.embedded((DOCS / "guide" / "live.md").read_text(encoding="utf-8"), "guide/live")
    assert re.findall(r'<iframe class="live" src="\.\./live/(\w+)\.html"', text) == ["balanced", "window", "groups"]
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
