"""What is recorded besides spikes: `Trace` names a variable of some cells."""

from dataclasses import dataclass

import numpy as np

from brainsim.core.checks import number


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """Record a variable of some cells.

    Parameters
    ----------
    cells : Population or view
        Whose variable; of one population.
    variable : str
        A variable of the neuron (``"v"``) or of a synapse on it (``"ampa.g"``: the synapse's name, or its class in lower
        case, and its variable).
    every : float, optional
        Interval between samples [ms]; by default every time step.

    The samples are the values at the times ``0, every, 2*every, ...``, the one at 0 included. After the run they are in
    ``result.traces[population, variable]``. Two traces of one variable are joined; they must have one `every`.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> bs.Trace(cells[:3], "v", every=1.0)
    Trace(cells[0:3], 'v', every=1.0)
    """

    cells: object
    variable: str
    every: float | None = None

    def __post_init__(self):
        """Check what was given."""
        parts = getattr(self.cells, "parts", None)
        if parts is None:
            raise TypeError(
                f"Trace.cells: must be a population or a view of one, e.g. Trace(cells[:3], 'v') (got {self.cells!r})"
            )
        if len(parts) != 1:
            raise ValueError("Trace.cells: must be of one population; write one Trace for each")
        if not isinstance(self.variable, str):
            raise TypeError(f"Trace.variable: must be the name of a variable such as 'v' (got {self.variable!r})")
        if self.every is not None:
            object.__setattr__(self, "every", number(self.every, "Trace.every", "ms", above=0.0))

    def __repr__(self):
        """Return the trace as it is typed."""
        every = "" if self.every is None else f", every={self.every!r}"
        return f"Trace({self.cells.name}, {self.variable!r}{every})"

    @property
    def population(self) -> str:
        """Name of the population."""
        return self.cells.parts[0][0].name

    @property
    def ids(self) -> np.ndarray:
        """The cells, as indices into the population."""
        return self.cells.parts[0][1]


def checked_traces(record, where="simulate.record"):
    """Return what is to be recorded as a list of Trace."""
    record = list(record) if isinstance(record, list | tuple) else [record]
    for trace in record:
        if not isinstance(trace, Trace):
            raise TypeError(f"{where}: must hold bs.Trace(cells, 'v') and the like (got {trace!r})")
    return record
