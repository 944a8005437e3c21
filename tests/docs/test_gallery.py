"""The scripts of the gallery: short, of the public interface only, and one for everything that can be drawn."""

import ast
import inspect
import re
import runpy
import types
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import brainsim as bs
from brainsim.commands.examples import example_names, find_example

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
SCRIPTS = sorted(GALLERY.glob("*/plot_*.py"))
TEXTS = {path: path.read_text(encoding="utf-8") for path in SCRIPTS}
ALLOWED = {"brainsim", "brainsim.examples", "html", "matplotlib.pyplot", "numpy"}
NOT_DRAWN = {"Live", "style", "view"}  # a window, a context manager, and a page
LONGEST, WIDEST = 60, 3  # lines of a script; sentences of its text
pytestmark = pytest.mark.skipif(not GALLERY.exists(), reason="an installed package has no gallery")
# scripts that take less than a second each: their models are those of other tests, so that nothing new is compiled
CHEAP_NAMES = {
    "cells": ("phase_plane",),
    "learning": ("oja",),
    "networks": ("connectivity", "graph", "small_graph", "weight_matrix"),
    "spikes": ("bars", "cross_correlogram", "cv_rate", "isi_histogram", "psth", "raster", "rate", "trace"),
    "start": ("two_cells",),
    "synapses": ("noise",),
}
CHEAP = [GALLERY / folder / f"plot_{name}.py" for folder, names in CHEAP_NAMES.items() for name in names]


def name_of(path):
    return f"{path.parent.name}/{path.stem}"


def test_there_are_at_least_forty():
    assert len(SCRIPTS) >= 40


def test_every_section_has_a_text_and_a_place():
    look = (GALLERY.parent / "_ext" / "gallery_look.py").read_text(encoding="utf-8")
    ordered = ast.literal_eval(re.search(r"^SECTIONS = (\(.*?\))(?:  #.*)?$", look, re.M | re.S)[1])
    assert {path.parent.name for path in SCRIPTS} == set(ordered)
    assert all((GALLERY / name / "README.txt").exists() for name in ("", *ordered))


def test_a_script_has_a_title_and_says_what_one_sees():
    for path in SCRIPTS:
        lines = ast.get_docstring(ast.parse(TEXTS[path])).splitlines()
        text = " ".join(lines[3:])
        assert lines[1] == "=" * len(lines[0]), path
        assert not lines[0].endswith("."), path
        assert text.endswith("."), path
        assert 30 < len(text) < 250, path
        assert len(TEXTS[path].splitlines()) <= LONGEST, path


def test_a_script_uses_public_names_only():
    private = [(name_of(path), name) for path in SCRIPTS for name in private_names(TEXTS[path])]
    assert private == []


def private_names(text):
    """Yield what a script uses besides public names of brainsim, Matplotlib and NumPy."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from {alias.name for alias in node.names} - ALLOWED
        elif isinstance(node, ast.ImportFrom):
            yield from {node.module} - ALLOWED
        elif (
            isinstance(node, ast.Attribute)
            and re.fullmatch(r"bs(\.\w+)+", name := ast.unparse(node))
            and not _is_public(name)
        ):
            yield name


def test_a_private_name_would_be_seen():
    script = "import os\nfrom brainsim.engine import run\nimport brainsim as bs\nbs.plot._x, bs.LIF, bs.nothing"
    assert sorted(private_names(script)) == ["brainsim.engine", "bs.nothing", "bs.plot._x", "os"]


def _is_public(text):
    """Return whether a text such as ``bs.plot.raster`` names something public; what follows a class is its own."""
    thing = bs
    for name in text.split(".")[1:]:
        if name.startswith("_") or not hasattr(thing, name):
            return False
        if isinstance(thing, types.ModuleType) and name not in getattr(thing, "__all__", dir(thing)):
            return False
        thing = getattr(thing, name)
        if not isinstance(thing, types.ModuleType):
            return True
    return True


def test_every_function_that_draws_has_a_picture():
    used = {name for text in TEXTS.values() for name in re.findall(r"bs\.plot\.(\w+)\(", text)}
    assert set(bs.plot.__all__) - NOT_DRAWN <= used
    explored = {name for text in TEXTS.values() for name in re.findall(r"bs\.explore\.(\w+)\(", text)}
    assert {name for name in bs.explore.__all__ if inspect.isfunction(getattr(bs.explore, name))} <= explored


def test_every_example_has_a_picture():
    shown = {path.stem for path in SCRIPTS if path.parent.name in ("comparisons", "examples")}
    others = {f"plot_{name}" for name in ("accuracy", "conversion", "damage", "relu")}
    assert {f"plot_{name}" for name in example_names()} == shown - others


def test_examples_with_exact_times_also_have_them_here():
    exact = {name for name in example_names() if getattr(find_example(name), "PRECISE", False)}
    of_examples = [path for path in SCRIPTS if path.stem.removeprefix("plot_") in exact]
    assert len(of_examples) >= 4
    assert [name_of(path) for path in of_examples if "precise=True" not in TEXTS[path]] == []


def run_script(path, folder, monkeypatch):
    """Run a script in a folder of its own; check that it draws, and that its figures can be drawn."""
    monkeypatch.chdir(folder)
    runpy.run_path(str(path), run_name="__main__")
    assert plt.get_fignums() or list(folder.glob("*.gif")) or list(folder.glob("*.html"))
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()


@pytest.mark.parametrize("path", CHEAP, ids=name_of)
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
def test_a_cheap_script_runs_and_draws(path, tmp_path, monkeypatch):
    run_script(path, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [path for path in SCRIPTS if path not in CHEAP and path.parent.name != "classics"], ids=name_of
)
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
def test_a_script_runs_and_draws(path, tmp_path, monkeypatch):
    run_script(path, tmp_path, monkeypatch)
