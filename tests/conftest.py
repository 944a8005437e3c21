"""Fixtures that all folders share."""

import matplotlib
import matplotlib.pyplot as plt
import pytest

from brainsim.engine import arguments

matplotlib.use("Agg")  # no screen


@pytest.fixture
def more_partitions(monkeypatch):
    """Run as many partitions as a test names, although there may be fewer processors."""
    monkeypatch.setattr(arguments, "most_partitions", lambda: arguments.MOST_THREADS)


@pytest.fixture(autouse=True)
def clean_matplotlib():
    """Close all figures after a test, which must leave the settings as they were."""
    before = settings()
    yield
    plt.close("all")
    assert settings() == before


def settings():
    return {key: value for key, value in matplotlib.rcParams.items() if not key.startswith("backend")}


@pytest.fixture
def ax():
    return plt.subplots()[1]
