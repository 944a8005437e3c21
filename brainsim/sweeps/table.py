"""The table that a sweep returns."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.core.arrays import plural
from brainsim.core.checks import MissingName, nearest
from brainsim.core.docstrings import needs
from brainsim.core.doors import optional
from brainsim.core.files import write_aside
from brainsim.sweeps.points import Axis, Row

if TYPE_CHECKING:
    import os

    import pandas
    import xarray
    from matplotlib.axes import Axes


class SweepError(RuntimeError):
    """A point of a sweep failed.

    Parameters
    ----------
    text : str
        The message, with the traceback of the point.
    table : Sweep
        What the other points gave.
    """

    def __init__(self, text: str, table: Sweep):
        super().__init__(text)
        self.table = table


class Sweep:
    """The points of a sweep with what they gave, as `sweep` returns it.

    Parameters
    ----------
    axes : list of Axis
        Names and values of the axes of the grid, the seeds last.
    rows : list of Row
        A row for each point, with parameters, values, error and seconds, in the order of nested loops over the axes.

    Attributes
    ----------
    axes, rows
        As above.

    Examples
    --------
    >>> import brainsim as bs
    >>> table = bs.sweep(lambda a, b: {"sum": a + b}, over={"a": [1, 2], "b": [10, 20, 30]}, workers=1)
    >>> table
    Sweep of 6 points: a (2), b (3); sum
    >>> table.values("sum")
    array([[11., 21., 31.],
           [12., 22., 32.]])
    >>> table.at(a=2, b=30).values
    {'sum': 32}
    """

    def __init__(self, axes: list[Axis], rows: list[Row]):
        self.axes, self.rows = axes, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        axes = ", ".join(f"{axis.name} ({len(axis.values)})" for axis in self.axes)
        failed = f"; {len(self.failed)} failed" if self.failed else ""
        return f"Sweep of {plural(len(self), 'point')}: {axes}; {', '.join(self.names) or 'no values'}{failed}"

    @property
    def names(self) -> list[str]:
        """Names of the values."""
        return list(dict.fromkeys(name for row in self.rows for name in row.values))

    @property
    def failed(self) -> list[Row]:
        """The rows of the points that gave nothing."""
        return [row for row in self.rows if row.error is not None]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values on each axis."""
        return tuple(len(axis.values) for axis in self.axes)

    def at(self, **parameters: Any) -> Row:
        """Return the row of one point.

        Parameters
        ----------
        **parameters
            Enough of them to name one point.

        Raises
        ------
        MissingName
            If there is no such parameter or point.
        ValueError
            If several points have these parameters.
        """
        known = [name for axis in self.axes for name in axis.names]
        for name in parameters:
            if name not in known:
                raise MissingName(f"Sweep.at: has no parameter {name!r}{nearest(name, known)}")
        found = [row for row in self.rows if all(_equal(row.parameters[name], v) for name, v in parameters.items())]
        given = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
        if not found:
            raise MissingName(f"Sweep.at: there is no point with {given}")
        if len(found) > 1:
            others = [name for name in known if name not in parameters]
            raise ValueError(f"Sweep.at: {len(found)} points have {given or 'no parameter'}; also name {', '.join(others)}")
        return found[0]

    def values(self, name: str) -> np.ndarray:
        """Return one of the values at all points, as float64 if they are numbers.

        Parameters
        ----------
        name : str
            One of `names`; ``"value"`` if the function returns a number.

        Returns
        -------
        array, shape (axis, ..., seeds, ...)
            A dimension for each axis, and those of the value if it is an array. NaN at points that failed.

        Raises
        ------
        MissingName
            If there is no value of this name.
        ValueError
            If it is an array of different shapes at different points, or a string.
        """
        if name not in self.names:
            raise MissingName(f"Sweep: has no value {name!r}{nearest(name, self.names)}")
        arrays = [np.asarray(row.values[name]) if row.values.get(name) is not None else None for row in self.rows]
        shapes = {array.shape for array in arrays if array is not None}
        if len(shapes) > 1:
            raise ValueError(f"Sweep.values: {name!r} has different shapes at different points: {sorted(shapes)}")
        kinds = {array.dtype.kind for array in arrays if array is not None}
        if "U" in kinds:
            raise ValueError(f"Sweep.values: {name!r} is a string; table.rows or table.frame() has it")
        shape = shapes.pop() if shapes else ()
        stacked = np.full((len(arrays), *shape), np.nan, np.complex128 if "c" in kinds else np.float64)
        for k, array in enumerate(arrays):
            if array is not None:
                stacked[k] = array
        return stacked.reshape(*self.shape, *shape)

    @needs("pandas")
    def frame(self) -> pandas.DataFrame:
        """Return a pandas DataFrame with a row for each point: parameters, values, ``error`` and ``seconds``."""
        pandas = optional("pandas", "Sweep.frame")
        return pandas.DataFrame([dict(zip(self._columns(), cells, strict=True)) for cells in self._cells()])

    @needs("xarray")
    def array(self, name: str) -> xarray.DataArray:
        """Return one of the values as an ``xarray.DataArray`` with a dimension for each axis.

        Parameters that were zipped are coordinates of one dimension. See `values`.
        """
        xarray = optional("xarray", "Sweep.array")
        values, coordinates = self.values(name), {}
        for axis in self.axes:
            for k, parameter in enumerate(axis.names):
                labels = [value[k] for value in axis.values]
                plain = all(isinstance(label, bool | int | float | str) for label in labels)
                coordinates[parameter] = (axis.name, labels if plain else list(map(repr, labels)))
        names = [axis.name for axis in self.axes]
        own = [f"{name}_{k}" for k in range(values.ndim - len(names))]
        return xarray.DataArray(values, coordinates, (*names, *own), name)

    def to_csv(self, path: str | os.PathLike) -> Path:
        """Write the rows of `frame` to a text file of comma-separated values; pandas is not needed.

        Raises
        ------
        FileNotFoundError
            If the folder does not exist.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self._columns())
        writer.writerows(["" if cell is None else cell for cell in cells] for cells in self._cells())
        with write_aside(path, "Sweep.to_csv") as temporary:
            temporary.write_text(text.getvalue(), encoding="utf-8")
        return Path(path)

    def plot(self, name: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw one of the values: a curve with the deviation over seeds for one axis, a map of means for two.

        Parameters
        ----------
        name : str, optional
            Which value; by default the first.
        ax : Axes, optional
            Where to draw; the current axes by default.

        Raises
        ------
        MissingName
            If there is no value of this name.
        ValueError
            If the grid has more than two axes besides the seeds, or the value is an array.
        """
        from brainsim.sweeps.pictures import draw

        return draw(self, name, ax)

    def _columns(self):
        return [*self.rows[0].parameters, *self.names, "error", "seconds"]

    def _cells(self):
        for row in self.rows:
            yield [*row.parameters.values(), *(row.values.get(name) for name in self.names), row.error, row.seconds]


def _equal(a, b):
    """Return whether two values of a parameter are equal; the sum of a grid of floats may differ in its last digits."""
    if isinstance(a, float) or isinstance(b, float):
        try:
            return bool(abs(a - b) <= 1e-12 * max(abs(a), abs(b)))
        except TypeError:
            return False
    return bool(np.all(a == b))
