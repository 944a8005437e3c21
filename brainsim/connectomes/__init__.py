"""Brains that have been mapped: cells with identifiers and annotations, and the edges between them.

``bs.connectomes.read_codex(...)`` and the other readers turn files that users have into a `Brain`; `synthetic` makes one
up. ``brain.network(...)`` is the brain as a network; ``brain.where(super_class="motor")`` and
``brain["720575940660219265"]`` are indices of its cells, and ``brain.rates(result)`` is a table with identifiers. No data
are shipped, since the licences of many do not allow it. Large files need pyarrow: ``pip install pyarrow``.
"""

from brainsim.connectomes.annotations import FLY_SIGNS  # noqa: F401 - a table, which has no page of its own
from brainsim.connectomes.assembling import read_table
from brainsim.connectomes.brain import Brain
from brainsim.connectomes.edges import Edges
from brainsim.connectomes.experiments import activate, layers, select, shuffle, silence
from brainsim.connectomes.flywire import read_codex, read_shiu
from brainsim.connectomes.formats import read, register_format
from brainsim.connectomes.larva import read_larva
from brainsim.connectomes.neuprint import read_neuprint
from brainsim.connectomes.rate_table import Rates
from brainsim.connectomes.synthetic import synthetic
from brainsim.connectomes.worm import read_worm

__all__ = ["Brain", "Edges", "Rates", "read", "read_codex", "read_larva", "read_neuprint", "read_shiu", "read_table"]
__all__ += ["read_worm", "register_format", "synthetic", "activate", "layers", "select", "shuffle", "silence"]
