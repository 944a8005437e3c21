"""Weights, or a variable of a rule of plasticity, of the synapses of a projection over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from brainsim.core.arrays import freeze_copy, plural, same_fields
from brainsim.core.docstrings import needs
from brainsim.core.doors import optional
from brainsim.core.hints import Answering, answers_calls

if TYPE_CHECKING:
    import pandas
    import xarray
    from numpy.typing import ArrayLike

KINDS = {"times": float, "synapses": int, "pre": int, "post": int, "values": float, "edges": float, "counts": int}


@answers_calls
@dataclass(frozen=True, eq=False, repr=False)
class Weights(Answering):
    """The weights of some synapses of a projection over time, and histograms of all of them; read-only.

    Parameters
    ----------
    name : str
        Name of the projection.
    variable : str
        ``"w"``, or the name of a variable of the rule of plasticity.
    unit : str
        Its unit.
    times : array of float, shape (T,)
        When they were sampled [ms].
    synapses : array of int, shape (n,)
        Which synapses: their indices in ``sim.synapses(projection)``, as it was at the beginning.
    pre, post : array of int, shape (n,)
        Their cells, as indices into what was connected.
    values : array of float, shape (T, n)
        A column for each synapse.
    edges : array of float, shape (bins + 1,)
        Edges of the bins of the histograms; empty if none were recorded.
    counts : array of int, shape (T, bins)
        How many of all synapses of the projection are in each bin.

    Raises
    ------
    TypeError
        If an array does not hold numbers of its type.
    ValueError
        If the shapes do not match.

    Examples
    --------
    >>> import brainsim as bs
    >>> w = bs.Weights("exc->cells", "w", "mV", times=[0.0, 100.0], synapses=[3], pre=[0], post=[7], values=[[0.5], [0.6]])
    >>> w
    Weights of 'exc->cells'.w: 1 synapse, 2 samples, 0 to 100 ms, in mV
    """

    name: str
    variable: str
    unit: str
    times: np.ndarray
    synapses: np.ndarray
    pre: np.ndarray
    post: np.ndarray
    values: np.ndarray
    edges: np.ndarray = ()  # type: ignore[assignment]
    counts: np.ndarray = None  # type: ignore[assignment]

    if TYPE_CHECKING:  # lists are accepted too, the attributes are arrays

        def __init__(
            self,
            name: str,
            variable: str,
            unit: str,
            times: ArrayLike,
            synapses: ArrayLike,
            pre: ArrayLike,
            post: ArrayLike,
            values: ArrayLike,
            edges: ArrayLike = (),
            counts: ArrayLike | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        given = dict(vars(self))
        if given["counts"] is None:
            given["counts"] = np.zeros((np.size(self.times), 0), np.int64)
        vars(self).update({key: str(given[key]) for key in ("name", "variable", "unit")})
        for key, kind in KINDS.items():
            vars(self)[key] = freeze_copy(given[key], np.float64 if kind is float else np.int64, f"Weights.{key}")
        samples, n = self.times.size, self.synapses.size
        shapes = {"times": (samples,), "synapses": (n,), "pre": (n,), "post": (n,), "values": (samples, n)}
        shapes |= {"edges": (self.edges.size,), "counts": (samples, max(self.edges.size - 1, 0))}
        for key, shape in shapes.items():
            if getattr(self, key).shape != shape:
                raise ValueError(f"Weights.{key}: must have the shape {shape} (got {getattr(self, key).shape})")

    def __eq__(self, other: object) -> bool:
        """Return whether everything is equal to the last bit; a NaN equals a NaN."""
        return same_fields(self, other) if isinstance(other, Weights) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        span = f", {self.times[0]:,.6g} to {self.times[-1]:,.6g} ms" if self.times.size else ""
        bins = f", histograms of {plural(self.edges.size - 1, 'bin')}" if self.edges.size else ""
        unit = f", in {self.unit}" if self.unit else ""
        return (
            f"Weights of {self.name!r}.{self.variable}: {plural(self.synapses.size, 'synapse')}, "
            f"{plural(self.times.size, 'sample')}{span}{bins}{unit}"
        )

    @needs("pandas")
    def to_frame(self) -> pandas.DataFrame:
        """Return a pandas DataFrame: a row for each time [ms], and a column for each synapse, with its pre and post."""
        pandas = optional("pandas", "Weights.to_frame")
        columns = pandas.MultiIndex.from_arrays([self.synapses, self.pre, self.post], names=["synapse", "pre", "post"])
        return pandas.DataFrame(self.values, index=pandas.Index(self.times, name="time"), columns=columns)

    @needs("xarray")
    def to_xarray(self) -> xarray.DataArray:
        """Return an ``xarray.DataArray`` with the dimensions time [ms] and synapse, and pre and post as coordinates."""
        xarray = optional("xarray", "Weights.to_xarray")
        ends = {"pre": ("synapse", self.pre), "post": ("synapse", self.post)}
        coordinates = {"time": self.times, "synapse": self.synapses, **ends}
        return xarray.DataArray(self.values, coordinates, ("time", "synapse"), self.variable, {"units": self.unit})
