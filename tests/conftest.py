"""Fixtures that all folders share."""

import matplotlib.pyplot as plt
import pytest

from brainsim.engine import arguments


@pytest.fixture
def more_partitions(monkeypatch):
    """Run as many partitions as a test names, although there may be fewer processors."""
    monkeypatch.setattr(arguments, "most_partitions", lambda: arguments.MOST_THREADS)


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)
