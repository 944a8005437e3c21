"""A cache for one test."""

import pytest

from brainsim.jit import cache


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Keep the compiled code of a test in a folder of its own, which is not there yet."""
    place = tmp_path / "cache" / "functions"
    monkeypatch.setattr(cache, "cache_folder", lambda: place)
    cache._warn.cache_clear()
    yield place
    cache._warn.cache_clear()
