"""Lessons and other pages with code: they print what they say, and draw the pictures that they show."""

import ast
import contextlib
import importlib.util
import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

import brainsim as bs

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="an installed package has no documentation")
# pages of coming-from, and the package that they need
PEERS = {"brian2": "brian2", "nest": "nest", "pynn": "pyNN.brian2", "nir": "snntorch", "pytorch": "snntorch"}
PEERS |= {"nestml": "pynestml"}


def harness(name="pages"):
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = harness().pages() if DOCS.exists() else []


@pytest.mark.thorough_but("1-two-kinds-of-units", "3-connections", "8-memory")
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_a_page_does_what_it_says(page):
    assert bs.plot.style, "the look of the pages; without what it needs, this says what was deleted"
    if page.stem == "pytorch":
        pytest.importorskip("sklearn")  # whose search over parameters it shows
    sizes = {}

    def remember(figure, path):
        sizes[path] = tuple(round(float(side) * harness().DPI) for side in figure.get_size_inches())

    pictures = harness().run(page, save=remember)
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.size == pytest.approx(sizes[path], abs=1), f"{path.name}: draw it again with docs/pages.py"


@pytest.mark.thorough
def test_what_lesson_11_says_of_both_bodies_is_what_their_table_says():
    """Besides what its code prints, which is compared with the page by the test of all pages."""
    text, names = (DOCS / "course" / "11-seeing-and-hearing.md").read_text(encoding="utf-8"), {"bs": bs, "np": np}
    names["data"] = bs.ann.datasets.digits()
    wanted = ("mlp = bs.ann.MLP((64,))", "report = bs.ann.bodies", "relus, spikes = report.row", "hurt = bs.ann.bodies")
    blocks = [code for kind, code, _ in harness().ITEM.findall(text) if any(word in code for word in wanted)]
    assert len(blocks) == len(wanted)
    for block in blocks[:3]:
        harness().executed(block, "lesson 11", names)
    relus, spikes = names["relus"], dict(zip(names["report"].T, names["spikes"], strict=True))
    assert "Two steps are nearly enough for this task." in text
    assert relus.accuracy - 0.03 < spikes[2].accuracy < relus.accuracy
    assert "with few steps it takes a\nlittle less energy than the artificial network, with many steps more" in text
    assert 0.8 * relus.energy < spikes[1].energy < spikes[4].energy < relus.energy < spikes[64].energy
    assert "with them the spiking network takes less than the artificial one only with one or two\nsteps" in text
    assert all(row.energy_moved > 2.0 * row.energy for row in (relus, *spikes.values()))
    assert [T for T, row in spikes.items() if row.energy_moved < relus.energy_moved] == [1, 2]
    harness().executed(blocks[3], "lesson 11", names)
    said = re.search(
        r"\| (\d+) % of the messages lost .*\| in spikes: (\d+) % of the digits, after (\d+) steps \| (\d+) %", text
    )
    lost, by_spikes, T, by_relus = map(int, said.groups())
    for body, percent in (("spiking", by_spikes), ("artificial", by_relus)):
        (row,) = [row for row in names["hurt"].damaged("lost", body) if row.level == lost / 100]
        assert 100 * row.accuracy == pytest.approx(percent, abs=2.0), body  # as the other numbers of what is learned
    assert row.body == "artificial"
    assert names["hurt"].T == (T,)


@pytest.mark.thorough
def test_captions_of_the_tour_are_those_of_its_pictures():
    pictures = list(bs.ann.tour.pictures())
    plt.close("all")
    page = (DOCS / "tour.md").read_text(encoding="utf-8")
    for (title, _, caption), part in zip(pictures, page.split("\n## ")[1:], strict=True):
        said = part.split("\n\n")
        assert said[0] == title
        assert harness().agrees(" ".join(caption.split()), " ".join(said[2].split()), roughly=True), title


def test_every_picture_is_shown():
    shown = {(page.parent / item[2]).resolve() for page in PAGES for item in harness().ITEM.findall(page.read_text("utf-8"))}
    folders = (DOCS / "images" / name for name in ("course", "coming-from", "ported", "checked", "tour"))
    drawn = {path for folder in folders for path in folder.glob("*.png")}
    assert drawn == {path for path in shown if path.suffix == ".png"}
    assert sum(path.stat().st_size for path in drawn) < 4_000_000


def test_notebooks_and_scripts_have_the_code_of_their_pages():
    notebooks = harness("notebooks")
    for page in DOCS.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        blocks = [block.strip("\n") for block in re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)]
        notebook = json.loads(notebooks.notebook(text))
        assert ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"] == blocks, page
        assert "".join(notebook["cells"][0]["source"]).startswith("# "), page
        code = ast.unparse(ast.parse("\n".join(blocks)))
        assert ast.unparse(ast.parse(notebooks.script(text))).removesuffix("\nplt.show()") == code, page


def test_a_notebook_has_what_it_can_show():
    page = "# A title\n\nSee [this](other.md).\n\n![a](a.png)\n\n```python\nx = 1\nprint(x)\n```\n\n```text\n1\n```\n"
    page += "\n<details>\n<summary>Solution</summary>\n\nIt is $1$.\n\n</details>\n\n## Read on\n"
    made = json.loads(harness("notebooks").notebook(page))["cells"]
    assert ["".join(cell["source"]) for cell in made if cell["cell_type"] == "code"] == ["x = 1\nprint(x)"]
    assert "".join(made[0]["source"]) == "# A title\n\nSee this."
    assert "".join(made[-1]["source"]) == "## Read on\n\n## Solutions\n\n**Solution 1.**\n\nIt is $1$."


def test_every_lesson_has_a_slide_and_a_sheet_without_solutions():
    kit = harness("kit")
    assert list(kit.lessons()) == list(kit.SHOWN) == list(range(1, 13))
    for number, path in kit.lessons().items():
        text = path.read_text(encoding="utf-8")
        assert len(kit.exercises(text)) == text.count("**Exercise ") == text.count("<summary>Solution</summary>") >= 3, path
        assert not any("Solution" in exercise or "```" in exercise for exercise in kit.exercises(text)), path
        assert len(kit.solutions(text)) == len(kit.exercises(text)), path
        picture = f"{path.stem.partition('-')[2]}-{kit.SHOWN[number][0]}.png"
        assert (DOCS / "images" / "course" / picture).exists(), path
        assert f"course/{picture})" in text, path


def test_slides_have_every_prediction_and_picture():
    for package in ("latex2mathml", "markdown_it", "mdit_py_plugins"):
        pytest.importorskip(package)
    kit = harness("kit")
    for number, path in kit.lessons().items():
        text, deck = path.read_text(encoding="utf-8"), kit.deck(number, path)
        pictures = len(kit.SHOWN_PICTURE.findall(text))
        assert deck.count("<section>") == 2 + text.count("**Predict.**") + pictures, path
        assert deck.count("<img ") == pictures >= 2, path
        assert "](" not in deck, path


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


def test_numbers_of_what_is_learned_may_differ_by_the_processor_and_others_may_not():
    def agrees(printed, said):
        return harness().agrees(printed, said, roughly=True)

    assert agrees("98 % of 50\n", "96 % of 50\n")
    assert agrees("at 0.4 Hz 0.667\n", "at 0.4 Hz 0.666\n")
    assert not agrees("at 0.4 Hz 0.0777\n", "at 0.4 Hz 0.0785\n")
    assert not agrees("loss 0.16\n", "loss 0.18\n")
    assert not agrees("8 of 10\n", "9 of 10\n")
    assert not agrees("90.0 % of 50\n", "96 % of 50\n")
    assert not agrees("96 % of 50 samples\n", "96 % of 50\n")
    assert not harness().agrees("98 % of 50\n", "97 % of 50\n")
    assert not harness().agrees("0.667 Hz\n", "0.666 Hz\n")
    assert harness().agrees("0.667 Hz\n", "0.667 Hz\n")


@pytest.mark.parametrize("learns", [False, True])
def test_the_last_digit_counts_unless_something_is_learned(learns, tmp_path):
    code = "import types\ntypes.SimpleNamespace(fit=repr).fit(1)\n" * learns + "print(0.667)\n"
    page = tmp_path / "page.md"
    page.write_text(f"```python\n{code}```\n\n```text\n0.666\n```\n", encoding="utf-8")
    with contextlib.nullcontext() if learns else pytest.raises(ValueError, match="the page says '0.666"):
        harness().run(page)


def test_the_page_on_training_has_the_code_of_lesson_5():
    """A page beside a lesson is run alone, so it repeats the functions of its lesson, folded; both must stay equal."""
    pages = [(DOCS / "course" / f"{name}.md").read_text(encoding="utf-8") for name in ("training", "5-how-a-machine-learns")]
    codes = [ast.parse("".join(re.findall(r"^```python\n(.*?)^```", text, re.M | re.S))) for text in pages]
    own, lesson = ({node.name: ast.dump(node) for node in code.body if isinstance(node, ast.FunctionDef)} for code in codes)
    shared = [name for name in own if name in lesson]
    assert shared == ["start", "softmax", "forwards", "loss", "backwards", "descend", "accuracy"]
    assert {name: own[name] == lesson[name] for name in shared} == dict.fromkeys(shared, True)
