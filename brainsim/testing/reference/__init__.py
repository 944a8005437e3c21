"""What a simulation is, in plain loops of NumPy: slow, and short enough to be read.

See `docs/semantics.md`.
"""

from brainsim.testing.reference.network import Run, run
from brainsim.testing.reference.numbers import NotCovered

__all__ = ["NotCovered", "Run", "run"]
