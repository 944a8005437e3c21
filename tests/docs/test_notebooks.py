"""Notebooks of pages, as the site offers them, run from the first to the last cell in a kernel of Jupyter."""

import importlib
import json
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = [pytest.mark.thorough, pytest.mark.skipif(not DOCS.exists(), reason="an installed package has no pages")]
SHOWS = {"coming-from/pynn": 0, "course/3-connections": 3, "guide/single-cells": 1}  # one of each kind -> its pictures
# page -> packages that it needs besides those of tests
NEEDS = {
    "analysis": ("elephant", "pynapple", "pandas", "pynwb"),
    "coming-from/pytorch": ("sklearn",),
    "guide/connectivity": ("pandas", "networkx"),
}


def imported(name):
    """Return a module of docs or docs/_ext that needs no Sphinx."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(DOCS / "_ext"), str(DOCS), *sys.path])
        return importlib.import_module(name)


OFFERED = sorted(imported("downloads").offered()) if DOCS.exists() else []


def execute(text, folder):
    """Run a notebook in a kernel that starts in a folder; return its cells of code with their outputs."""
    pytest.importorskip("ipykernel", reason="executes notebooks, which needs ipykernel and nbclient")
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    where = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(notebook, timeout=900, kernel_name="python3", resources=where).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    return cells


def execute_page(name, folder):
    """Run the notebook of a page."""
    for package in NEEDS.get(name, ()):
        pytest.importorskip(package)
    return execute(imported("notebooks").notebook((DOCS / f"{name}.md").read_text(encoding="utf-8")), folder)


def pictures_of(cells):
    return sum("image/png" in output.get("data", {}) for cell in cells for output in cell.outputs)


@pytest.mark.parametrize("name", SHOWS)
def test_a_notebook_runs_and_shows_its_pictures(name, tmp_path):
    assert name in OFFERED
    assert pictures_of(execute_page(name, tmp_path)) == SHOWS[name]


def test_a_notebook_of_the_gallery_runs(tmp_path):
    """sphinx-gallery makes these; they have cells of text between those of code."""
    gallery = pytest.importorskip("sphinx_gallery.notebook")
    from sphinx_gallery.gen_gallery import DEFAULT_GALLERY_CONF
    from sphinx_gallery.py_source_parser import split_code_and_text_blocks

    script = DOCS / "gallery" / "cells" / "plot_fi_curve.py"
    _, blocks = split_code_and_text_blocks(str(script))
    text = json.dumps(gallery.jupyter_notebook(blocks, DEFAULT_GALLERY_CONF, str(tmp_path)))
    assert pictures_of(execute(text, tmp_path)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in OFFERED if name not in SHOWS])
def test_every_notebook_runs(name, tmp_path):
    execute_page(name, tmp_path)
