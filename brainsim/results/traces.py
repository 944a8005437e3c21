"""One variable of some cells of a population over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from brainsim.core.arrays import as_array, freeze, freeze_copy, interval_of, plural, same_fields
from brainsim.core.checks import number
from brainsim.core.docstrings import needs
from brainsim.core.doors import optional, show_by
from brainsim.core.hints import Answering, answers_calls
from brainsim.results.spikes import Spikes, rounding

if TYPE_CHECKING:
    import pandas
    import xarray
    from numpy.typing import ArrayLike


@answers_calls
@dataclass(frozen=True, eq=False, repr=False)
class Traces(Answering):
    """One variable of some cells of a population over time, read-only.

    Parameters
    ----------
    name : str
        Name of the population.
    variable : str
        Name of the variable, such as ``"v"``.
    unit : str
        Its unit, such as ``"mV"``.
    times : array of float, shape (T,)
        Times of the values [ms].
    ids : array of int, shape (cells,)
        The recorded cells of the population.
    values : array of float, shape (T, cells)
        The values, one column per cell.

    Raises
    ------
    TypeError
        If an array does not hold numbers of its type.
    ValueError
        If the shapes do not match.

    Examples
    --------
    >>> import brainsim as bs
    >>> v = bs.Traces("cells", "v", "mV", times=[1.0, 2.0], ids=[4, 9], values=[[0.0, 5.0], [1.0, 6.0]])
    >>> v
    Traces of 'cells'.v: 2 cells, 2 values each, 1 to 2 ms, in mV
    >>> v.of(9).values[:, 0]
    array([5., 6.])
    """

    name: str
    variable: str
    unit: str
    times: np.ndarray
    ids: np.ndarray
    values: np.ndarray

    if TYPE_CHECKING:  # lists are accepted too, the attributes are arrays

        def __init__(
            self, name: str, variable: str, unit: str, times: ArrayLike, ids: ArrayLike, values: ArrayLike
        ) -> None: ...

    def __post_init__(self) -> None:
        vars(self).update(
            name=str(self.name),
            variable=str(self.variable),
            unit=str(self.unit),
            times=freeze_copy(self.times, np.float64, "Traces.times"),
            ids=freeze_copy(self.ids, np.int64, "Traces.ids"),
            values=freeze_copy(self.values, np.float64, "Traces.values"),
        )
        for field in ("times", "ids"):
            if getattr(self, field).ndim != 1:
                raise ValueError(f"Traces.{field}: must have one dimension (got shape {getattr(self, field).shape})")
        shape = (self.times.size, self.ids.size)
        if self.values.shape != shape:
            raise ValueError(f"Traces.values: must have the shape (times, cells) = {shape} (got {self.values.shape})")

    def __eq__(self, other: object) -> bool:
        """Return whether everything is equal to the last bit; a NaN equals a NaN."""
        return same_fields(self, other) if isinstance(other, Traces) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, key: object) -> NoReturn:
        """Raise TypeError: what an index means, a sample or a cell, would be a guess."""
        cell = key if isinstance(key, int) else 0
        raise TypeError(f"Traces: cannot be indexed; traces.values[:, {cell}] are the samples of a cell, at traces.times")

    def __repr__(self) -> str:
        span = f", {self.times[0]:,.6g} to {self.times[-1]:,.6g} ms" if self.times.size else ""
        unit = f", in {self.unit}" if self.unit else ""
        return (
            f"Traces of {self.name!r}.{self.variable}: {plural(self.ids.size, 'cell')}, "
            f"{plural(self.times.size, 'value')} each{span}{unit}"
        )

    _repr_html_ = show_by("HTML of traces")

    def of(self, ids: slice | ArrayLike) -> Traces:
        """Return the traces of some of the recorded cells: a column for each, in the order of `ids`.

        As always, `ids` says which cells of the population the columns are.

        Parameters
        ----------
        ids : slice, int or array of int
            Cells of the population; a slice selects the recorded cells between its bounds.

        Raises
        ------
        TypeError
            If `ids` is none of these.
        IndexError
            If a cell was not recorded, or a slice has a negative bound or a step.

        Examples
        --------
        >>> import brainsim as bs
        >>> v = bs.Traces("cells", "v", "mV", times=[1.0], ids=[4, 9], values=[[0.0, 5.0]])
        >>> v.of(slice(5, 10)).ids
        array([9])
        """
        columns = self._columns(ids)
        return Traces(
            self.name, self.variable, self.unit, self.times, freeze(self.ids[columns]), freeze(self.values[:, columns])
        )

    def at(self, spikes: Spikes, *, shift: float = 0.0) -> np.ndarray:
        """Return the value of the cell of each spike at the time of the spike, or somewhat before or after it.

        Parameters
        ----------
        spikes : Spikes
            Of the same population, as in ``result.spikes["cells"]``, or of some of its cells (`Spikes.of`).
        shift : float
            At which time relative to each spike [ms]; ``-dt`` is the sample before.

        Returns
        -------
        array of float, shape (spikes,)
            The last sample that is not later than the spike plus `shift`, of the cell or of the mean or sum over all. NaN if
            there is none, if the next sample would be more than an interval later, or if the cell was not recorded.

        Raises
        ------
        TypeError, ValueError
            If `spikes` are not Spikes, or of something else than the population.

        Notes
        -----
        A sample at the time of a spike is taken after the reset. What a variable was when the cell fired is kept by a model
        that says so, ``reset = "v_spike = v; v = v_reset"``; the trace of ``v_spike`` then holds it from the spike on.

        Examples
        --------
        >>> import brainsim as bs
        >>> v = bs.Traces("cells", "v", "mV", times=[1.0, 2.0, 3.0], ids=[4, 9], values=[[0.0, 5.0], [1.0, 6.0], [2.0, 7.0]])
        >>> spikes = bs.Spikes([1.0, 2.0, 3.0], [9, 4, 9], n=10, duration=3.0, name="cells")
        >>> v.at(spikes)
        array([5., 1., 7.])
        >>> v.at(spikes, shift=-1.0)
        array([nan,  0.,  6.])
        """
        if not isinstance(spikes, Spikes):
            raise TypeError(f'Traces.at.spikes: must be Spikes, such as result.spikes["{self.name}"] (got {spikes!r})')
        if spikes.name != self.name:
            hint = f'take those of result.spikes["{self.name}"], or some of them by .of(...)'
            raise ValueError(f"Traces.at.spikes: are of {spikes.name!r}, and the traces of {self.name!r}; {hint}")
        times = spikes.times + number(shift, "Traces.at.shift", "ms")
        row = np.searchsorted(self.times, times + rounding(times), side="right") - 1
        order = np.argsort(self.ids, kind="stable")
        cells = spikes.cells[spikes.ids]
        column = np.searchsorted(self.ids, cells, sorter=order)
        column = order[np.minimum(column, max(order.size - 1, 0))] if order.size else np.zeros(len(spikes), np.int64)
        values = np.full(len(spikes), np.nan)
        if not self.values.size:
            return values
        if self.variable.endswith(")"):  # a mean or a sum, which is that of all cells
            cells, column = self.ids[0], 0 * column
        found = (row >= 0) & (self.ids[column] == cells)
        interval = np.diff(self.times).max(initial=0.0)
        latest = self.times[row] + (interval - rounding(times) if interval else rounding(times))
        found &= times <= latest
        values[found] = self.values[row[found], column[found]]
        return values

    @needs("pandas")
    def to_frame(self) -> pandas.DataFrame:
        """Return a pandas DataFrame: a row for each time [ms], the index, and a column for each recorded cell."""
        pandas = optional("pandas", "Traces.to_frame")
        columns = pandas.Index(self.ids, name="cell")
        frame = pandas.DataFrame(self.values, index=pandas.Index(self.times, name="time"), columns=columns)
        frame.attrs.update(name=self.name, variable=self.variable, unit=self.unit)
        return frame

    @needs("xarray")
    def to_xarray(self) -> xarray.DataArray:
        """Return an ``xarray.DataArray`` with the dimensions time [ms] and cell; ``attrs["units"]`` is the unit."""
        xarray = optional("xarray", "Traces.to_xarray")
        array = xarray.DataArray(
            self.values, {"time": self.times, "cell": self.ids}, ("time", "cell"), self.variable, {"units": self.unit}
        )
        array.attrs["population"] = self.name
        array.time.attrs["units"] = "ms"
        return array

    @needs("neo")
    def to_neo(self) -> Any:
        """Return a ``neo.AnalogSignal`` with a channel for each cell; IrregularlySampledSignal if times are irregular."""
        neo = optional("neo", "Traces.to_neo")
        quantities = optional("quantities", "Traces.to_neo")
        try:
            unit = quantities.Quantity(1.0, self.unit or "dimensionless").units
        except LookupError:  # a unit that only the user's equations know
            unit = quantities.dimensionless
        given = {"name": self.variable, "population": self.name, "cells": self.ids.tolist(), "unit": self.unit}
        interval, ms = interval_of(self.times), quantities.ms
        if interval is None:
            return neo.IrregularlySampledSignal(self.times * ms, self.values * unit, **given)
        start = self.times[0] * ms
        return neo.AnalogSignal(self.values * unit, sampling_period=interval * ms, t_start=start, **given)

    @needs("pynapple")
    def to_pynapple(self) -> Any:
        """Return a ``pynapple.TsdFrame`` with a column for each cell; its times are in seconds."""
        nap = optional("pynapple", "Traces.to_pynapple")
        return nap.TsdFrame(t=self.times / 1000.0, d=self.values, columns=self.ids)

    def _columns(self, ids):
        if isinstance(ids, slice):
            bounds = [bound for bound in (ids.start, ids.stop) if bound is not None]
            if ids.step not in (None, 1) or any(bound < 0 for bound in bounds):
                raise IndexError(f"Traces.of: a slice must have bounds >= 0 and no step (got {ids})")
            inside = (self.ids >= (ids.start or 0)) & (True if ids.stop is None else self.ids < ids.stop)
            return np.flatnonzero(inside)
        column_of = {cell: column for column, cell in enumerate(self.ids.tolist())}
        cells = np.atleast_1d(as_array(ids, "Traces.of", "indices of cells"))
        if cells.ndim != 1 or not (cells.size == 0 or np.issubdtype(cells.dtype, np.integer)):
            raise TypeError(f"Traces.of: must be indices of cells or a slice (got {ids!r})")
        missing = [cell for cell in cells.tolist() if cell not in column_of]
        if missing:
            recorded = ", ".join(map(str, self.ids[:5])) + (", ..." if self.ids.size > 5 else "")
            raise IndexError(f"Traces.of: must be recorded cells, {recorded} (got {missing[0]})")
        return np.array([column_of[cell] for cell in cells.tolist()], dtype=np.int64)
