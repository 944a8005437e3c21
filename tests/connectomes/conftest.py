"""Fixtures of the room."""

import sys

import pytest


@pytest.fixture(params=["pyarrow", "by lines"])
def text_reader(request, monkeypatch):
    """Read files of text by pyarrow, and line by line as without it."""
    if request.param == "pyarrow":
        pytest.importorskip("pyarrow", reason="needs pyarrow")
    else:
        monkeypatch.setitem(sys.modules, "pyarrow", None)


@pytest.fixture
def parquet():
    """The module that writes Parquet."""
    return pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")
