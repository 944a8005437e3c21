"""Cells at rest in small networks, in which it is not worthwhile."""

import contextlib
from unittest import mock

from brainsim.build import layout


@contextlib.contextmanager
def every_cell_may_rest():
    """Let cells be advanced in slots and lanes in every network in which this is possible, however many move."""
    from brainsim.features.resting import operator

    everything = {"SHORTEST": 1, "SHORTEST_SLICE": 1, "WORTH": float("inf")}
    with mock.patch.object(layout, "MANY", 0), mock.patch.multiple(operator, **everything):
        yield


@contextlib.contextmanager
def every_cell_is_visited():
    """Let no cell be at rest."""
    with mock.patch.object(layout, "MANY", 1 << 62):
        yield
