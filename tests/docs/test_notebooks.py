"""Notebooks of pages, as the site offers them, run from the first to the last cell in a kernel of Jupyter."""

import importlib
import json
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="an installed package has no pages")
ONE_OF_EACH = ("coming-from/pynn", "course/3-connections", "guide/single-cells")  # and those of the gallery: see below
# page -> packages that it needs besides those of tests
NEEDS = {
    "analysis": ("elephant", "pynapple", "pandas", "pynwb"),
    "coming-from/pytorch": ("sklearn",),
    "guide/connectivity": ("pandas", "networkx"),
}
PICTURES = {"course/3-connections": 4, "guide/single-cells": 1}  # that the notebook shows


@pytest.fixture(scope="module")
def tools():
    """Return modules of docs that make notebooks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(DOCS / "_ext"), str(DOCS), *sys.path])
        yield importlib.import_module("downloads"), importlib.import_module("notebooks")


def execute(text, folder):
    """Run a notebook in a kernel that starts in a folder; return its cells with their outputs."""
    pytest.importorskip("ipykernel", reason="executes notebooks, which needs ipykernel and nbclient")
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    where = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(notebook, timeout=900, kernel_name="python3", resources=where).execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def pictures_of(cells):
    return sum("image/png" in output.get("data", {}) for cell in cells for output in cell.outputs)


def offered():
    """Return the names of the pages that the site offers as notebooks, as `downloads` finds them; [] without docs."""
    names = {path.relative_to(DOCS).with_suffix("").as_posix(): path for path in DOCS.rglob("*.md")}
    return sorted(name for name, path in names.items() if "```python" in path.read_text(encoding="utf-8"))


def check(name, tools, folder):
    """Execute the notebook of a page."""
    downloads, notebooks = tools
    if name not in downloads.offered():
        pytest.skip("the site does not offer it")
    for package in NEEDS.get(name, ()):
        pytest.importorskip(package)
    cells = execute(notebooks.notebook((DOCS / f"{name}.md").read_text(encoding="utf-8")), folder)
    assert cells
    assert all(cell.execution_count for cell in cells)
    return cells


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_notebook_runs(name, tools, tmp_path):
    cells = check(name, tools, tmp_path)
    assert pictures_of(cells) == PICTURES.get(name, 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in offered() if name not in ONE_OF_EACH])
def test_every_notebook_runs(name, tools, tmp_path):
    check(name, tools, tmp_path)


def test_a_notebook_of_the_gallery_runs(tmp_path):
    """sphinx-gallery makes these; they have cells of text between those of code."""
    gallery = pytest.importorskip("sphinx_gallery.notebook")
    from sphinx_gallery.gen_gallery import DEFAULT_GALLERY_CONF
    from sphinx_gallery.py_source_parser import split_code_and_text_blocks

    script = DOCS / "gallery" / "cells" / "plot_fi_curve.py"
    _, blocks = split_code_and_text_blocks(str(script))
    text = json.dumps(gallery.jupyter_notebook(blocks, DEFAULT_GALLERY_CONF, str(tmp_path)))
    assert pictures_of(execute(text, tmp_path)) == 1
