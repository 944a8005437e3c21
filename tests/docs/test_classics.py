"""The classic results of the gallery: each declares its claim first, and the page says what the scripts print."""

import ast
import importlib.util
import re

import pytest

from tests.docs.test_gallery import GALLERY, run_script

DOCS = GALLERY.parent
pytestmark = pytest.mark.skipif(not GALLERY.exists(), reason="an installed package has no gallery")
SCRIPTS = sorted((GALLERY / "classics").glob("plot_*.py"))
CHEAP = ("lapicque", "oja_eigenvector")  # the others are slow
FIRST = ("SOURCE", "CLAIM", "CONFIDENCE")


def module_of(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def classics():
    return module_of("classics")


def first_names(path):
    """Return the names that the first three assignments of a script define."""
    assigned = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.Assign)]
    return [name for node in assigned[:3] for name in re.findall(r"\w+", ast.unparse(node.targets[0]))]


def test_a_script_declares_its_claim_before_anything_runs(classics):
    for path in SCRIPTS:
        names = first_names(path)
        assert set(FIRST) <= set(names), path.name
        assert any(name.startswith("MARGIN") for name in names), path.name
        source, claim = classics.declared(path)
        assert re.search(r"doi:10\.\d{4,}/\S+", source), path.name
        assert "|" not in claim, path.name


def test_the_page_has_a_row_for_each_script_with_its_claim(classics):
    rows, scripts = classics.said(), classics.scripts()
    assert list(rows) == list(scripts)
    for name, (paper, claim, _, verdict) in rows.items():
        assert classics.declared(scripts[name])[1] == claim, name
        assert classics.declared(scripts[name])[0].startswith(paper), name
        assert verdict in classics.VERDICTS, name


def test_the_page_counts_the_verdicts(classics):
    verdicts = [verdict for *_, verdict in classics.said().values()]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in classics.VERDICTS)
    assert f"**{len(verdicts)} results: {counts}.**" in classics.PAGE.read_text(encoding="utf-8")


def test_the_page_says_what_each_claim_was_checked_against(classics):
    text = classics.PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| (\w+) \| .+ \|$", text[text.index("## What each claim was checked against") :], re.M)
    rows = [row for row in rows if row[0] != "script"]
    assert [name for name, _ in rows] == list(classics.scripts())
    assert {how for _, how in rows} == {"abstract", "elsewhere", "derived", "memory"}


def test_another_verdict_is_an_error(classics):
    assert classics.read("x\nmeasured: 3 Hz\nverdict: not reproduced\n") == ("3 Hz", "not reproduced")
    with pytest.raises(ValueError, match="must end by printing"):
        classics.read("measured: 3 Hz\nverdict: perhaps\n")


CASES = [
    pytest.param(path, id=name, marks=() if name in CHEAP else pytest.mark.slow)
    for path in SCRIPTS
    for name in [path.stem.removeprefix("plot_")]
]


@pytest.mark.parametrize("path", CASES)
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
def test_a_script_prints_what_the_page_says(classics, path, tmp_path, monkeypatch, capsys):
    run_script(path, tmp_path, monkeypatch)
    measured, verdict = classics.read(capsys.readouterr().out)
    _, _, measured_said, verdict_said = classics.said()[path.stem.removeprefix("plot_")]
    assert verdict == verdict_said
    assert module_of("pages").agrees(measured, measured_said, roughly=True), (measured, measured_said)
