"""Brains that have been mapped: cells with identifiers and annotations, and the edges between them.

A `Brain` is made of arrays, and `synthetic` makes one up. ``brain.network(...)`` is the brain as a network;
``brain.where(super_class="motor")`` and ``brain["720575940660219265"]`` are indices of its cells, and
``brain.rates(result)`` is a table with identifiers.
"""

from brainsim.connectomes.brain import Brain
from brainsim.connectomes.edges import Edges
from brainsim.connectomes.rates import Rates
from brainsim.connectomes.signs import FLY_SIGNS  # noqa: F401 - a table, which has no page of its own
from brainsim.connectomes.synthetic import synthetic

__all__ = ["Brain", "Edges", "Rates", "synthetic"]
