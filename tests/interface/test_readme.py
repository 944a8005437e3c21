"""The README and the pages of the guide: the code of each runs alone, and their commands are in their sections."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README, GUIDE = ROOT / "README.md", ROOT / "docs" / "guide"
pytestmark = pytest.mark.skipif(not README.exists(), reason="an installed package has no README")
PAGES = sorted(path.name for path in GUIDE.glob("*.md"))
WRITES = {
    "fitting.md": {"cell.npz"},
    "connectivity.md": {"rules.png"},
    "models.md": {"model.png"},
    "plasticity.md": {"windows.png"},
    "single-cells.md": {"cells.png"},
    "space.md": {"space.png"},
    "pictures.md": {"pictures.png"},
    "recording.md": {"recorded.npz"},
    "live.md": {"network.html"},
    "running.md": {"long.ckpt", "run.ckpt"},
    "artificial.md": {"bodies.png", "digit.png"},
}


def section(title):
    """Return the text under a heading of the README."""
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README.read_text(encoding="utf-8"), re.M | re.S).group(1)


def commands(title):
    """Return the indented lines under a heading."""
    return [line.strip() for line in section(title).splitlines() if line.startswith("    ")]


def run(path, names, capsys):
    """Run the blocks of a page, and compare what they print with what the page says that they print; return their number."""
    blocks = re.findall(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", path.read_text(encoding="utf-8"), re.M | re.S)
    for number, (block, output) in enumerate(blocks):
        exec(compile(block, f"{path.name}, block {number + 1}", "exec"), names)
        assert capsys.readouterr().out == output or not output
    return len(blocks)


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """The names that the code of the README leaves, and the files that it writes."""
    folder = tmp_path_factory.mktemp("readme")
    names = {"__name__": "readme"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for block in re.findall(r"^```python\n(.*?)^```\n", README.read_text(encoding="utf-8"), re.M | re.S):
            exec(compile(block, "README.md", "exec"), names)
    return names, {path.name for path in folder.iterdir()}


@pytest.mark.thorough
def test_the_code_of_the_readme(left):
    names, files = left
    assert files == {"cells.png"}
    assert names["net"].inputs
    assert names["brain"].score(names["test"], names["digits"].y_test) > 0.9


@pytest.mark.thorough_only(
    "[artificial",
    "[connectivity",
    "[large",
    "[learning",
    "[live",
    "[models",
    "[plasticity",
    "[space",
    "[training",
    "[running.md]",
)
@pytest.mark.parametrize("page", [page for page in PAGES if page != "questions.md"])  # which has its own test
def test_the_code_of_a_page_runs_alone(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": page}
    run(GUIDE / page, names, capsys)
    assert {path.name for path in tmp_path.iterdir()} == WRITES.get(page, set())
    if page == "running.md":
        assert abs(names["piece"].spikes["cells"].rate() - 30.0) < 10.0


def test_the_page_of_pictures_names_all_of_them():
    import brainsim as bs

    text = (GUIDE / "pictures.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`\n]+`|^ *bs\..*|^sim\..*", text, re.M))))
    assert set(bs.plot.__all__) <= named


def test_all_links_lead_somewhere():
    for path in (README, ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)  # v[k](0) is code
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_the_readme_has_eighty_lines():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 80


def test_one_line_sets_up_and_runs():
    assert commands("Start") == ["python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/brainsim run balanced"]
    (test,) = commands("Test")
    assert test.count(".venv-test") == 3
    assert test.endswith("-m pytest -n 2 --dist worksteal")


def test_every_example_and_rule_that_is_named_is_there():
    import brainsim as bs
    from brainsim.commands.examples import example_names
    from brainsim.models.catalogue import catalogue

    text = "".join(path.read_text(encoding="utf-8") for path in (README, *GUIDE.glob("*.md")))
    assert set(re.findall(r"brainsim run ([a-z_]+)", text)) <= set(example_names())
    listed = re.search(r"^## Models, inputs and rules\n(.*?)(?=^## |\Z)", text, re.M | re.S).group(1)
    quoted = " ".join(re.findall(r"`([^`]+)`", listed))
    named = set(re.findall(r"[A-Z][A-Za-z]+\d?", quoted)) - {"False"}
    assert all(hasattr(bs, name) for name in named), named - set(dir(bs))
    models = {name for name in catalogue() if not re.fullmatch(r"GLIF[234]", name)}  # written as GLIF1 to GLIF5
    assert models <= named
