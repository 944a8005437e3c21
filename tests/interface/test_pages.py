"""Tutorials and other pages with code: they print what they say, and draw the pictures that they show."""

import importlib.util
from pathlib import Path

import pytest
from PIL import Image

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="an installed package has no documentation")
PEERS = {"brian2": "brian2", "nest": "nest", "pynn": "pyNN"}  # pages of coming-from, and the package that they need


def harness():
    spec = importlib.util.spec_from_file_location("pages", DOCS / "pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = harness().pages() if DOCS.exists() else []


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_a_page_does_what_it_says(page):
    sizes = {}

    def remember(figure, path):
        sizes[path] = tuple(round(float(side) * harness().DPI) for side in figure.get_size_inches())

    pictures = harness().run(page, save=remember)
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.size == pytest.approx(sizes[path], abs=1), f"{path.name}: draw it again with docs/pages.py"


def test_every_picture_is_shown():
    shown = {(page.parent / item[2]).resolve() for page in PAGES for item in harness().ITEM.findall(page.read_text("utf-8"))}
    drawn = {path for folder in ("tutorials", "ported", "checked") for path in (DOCS / "images" / folder).glob("*.png")}
    assert drawn == {path for path in shown if path.suffix == ".png"}
    assert sum(path.stat().st_size for path in drawn) < 3_000_000


@pytest.mark.slow
@pytest.mark.parametrize("name", PEERS)
def test_blocks_for_other_simulators_run_there(name):
    pytest.importorskip(PEERS[name])
    harness().run(DOCS / "coming-from" / f"{name}.md", peer=True)


@pytest.mark.parametrize(("text", "message"), [
    ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "the page says '2.n', its code prints '1.n'"),
    ("```python\nprint('one 1')\n```\n\n```text\ntwo 1\n```\n", "the page says 'two 1"),
    ("```python\n1\n```\n\n![a](a.png)\n", "line 5: no figure was drawn for a.png"),
    ("```python\nimport matplotlib.pyplot as plt\nplt.figure()\n```\n", "1 figures are drawn that no picture shows"),
])  # fmt: skip
def test_a_page_that_is_wrong_is_noticed(text, message, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        harness().run(page)


def test_numbers_may_differ_by_the_processor_and_words_may_not():
    agrees = harness().agrees
    assert agrees("96.1 % of 50\n", "96 % of 50\n")
    assert not agrees("90.0 % of 50\n", "96 % of 50\n")
    assert not agrees("96 % of 50 samples\n", "96 % of 50\n")
