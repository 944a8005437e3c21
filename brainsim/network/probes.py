"""What a run records besides spikes: `Trace` names a variable of some cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.core.checks import number
from brainsim.network.population import View


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """Record a variable of some cells.

    Parameters
    ----------
    cells : Population or View
        The cells, which must belong to one population.
    variable : str
        A variable of the neuron (``"v"``) or of a synapse on it (``"ampa.g"``: the synapse's name, or its class in lower
        case, and its variable).
    every : float, optional
        Interval between samples [ms]; by default every time step.

    The samples are the values at ``0, every, 2*every, ...``, including 0. After the run they are in
    ``result.traces[population, variable]``. Two traces of one variable are joined; they must have the same `every`.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> bs.Trace(cells[:3], "v", every=1.0)
    Trace(cells[0:3], 'v', every=1.0)
    """

    cells: View
    variable: str
    every: float | None = None

    def __post_init__(self) -> None:
        """Check the arguments."""
        if not isinstance(self.cells, View):
            raise TypeError(
                f"Trace.cells: must be a population or a view of one, e.g. Trace(cells[:3], 'v') (got {self.cells!r})"
            )
        if len(self.cells.parts) != 1:
            raise ValueError("Trace.cells: must be of one population; write one Trace for each")
        if not isinstance(self.variable, str):
            raise TypeError(f"Trace.variable: must be the name of a variable such as 'v' (got {self.variable!r})")
        if self.every is not None:
            object.__setattr__(self, "every", number(self.every, "Trace.every", "ms", above=0.0))

    def __repr__(self) -> str:
        """Return the trace nearly as Python code, with the cells by name."""
        every = "" if self.every is None else f", every={self.every!r}"
        return f"Trace({self.cells.name}, {self.variable!r}{every})"

    @property
    def population(self) -> str:
        """Name of the population."""
        return self.cells.parts[0][0].name

    @property
    def ids(self) -> np.ndarray:
        """Indices of the cells in the population."""
        return self.cells.parts[0][1]


def checked_traces(record: Trace | Sequence[Trace], label: str = "simulate.record") -> list[Trace]:
    """Return the traces to record as a list."""
    traces: list[Any] = list(record) if isinstance(record, list | tuple) else [record]
    for trace in traces:
        if not isinstance(trace, Trace):
            raise TypeError(f"{label}: must hold bs.Trace(cells, 'v') and the like (got {trace!r})")
    return traces
