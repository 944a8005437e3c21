"""A table of firing rates, with the identifiers and annotations of the cells."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from brainsim.core.arrays import plural
from brainsim.core.checks import MissingName, integer, nearest
from brainsim.core.docstrings import needs
from brainsim.core.doors import optional
from brainsim.core.files import writable

if TYPE_CHECKING:
    import pandas

SHOWN, WIDEST = 10, 24  # rows and letters of a cell of the table in its repr


class Rates:
    """Cells in the order of their rates, the most active one first; `Brain.rates` makes it.

    Parameters
    ----------
    columns : dict of str to ndarray
        ``id``, ``cell`` (the index in the brain), ``rate`` [Hz], ``sd`` [Hz] if there were several trials, and the
        annotations; each of shape (cells,).

    Examples
    --------
    >>> import brainsim as bs
    >>> brain = bs.connectomes.synthetic(cells=200, edges=2000, seed=1)
    >>> spikes = bs.Spikes([1.0, 2.0, 3.0], [7, 7, 9], n=200, duration=1000.0)
    >>> rates = brain.rates(spikes)
    >>> rates["id"][:2].tolist(), rates["rate"][:2].tolist()
    (['s000007', 's000009'], [2.0, 1.0])
    >>> len(rates.head(20))
    20
    """

    def __init__(self, columns: Mapping[str, np.ndarray]) -> None:
        self.columns = dict(columns)

    def __len__(self) -> int:
        return len(self.columns["id"])

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.columns:
            raise MissingName(f"Rates: there is no column {name!r}{nearest(name, self.columns)}")
        return self.columns[name]

    def head(self, n: int = SHOWN) -> Rates:
        """Return the `n` most active cells."""
        n = integer(n, "Rates.head.n", at_least=0)
        return Rates({name: values[:n] for name, values in self.columns.items()})

    def active(self, above: float = 0.0) -> Rates:
        """Return the cells with a rate above `above` [Hz]."""
        return self.head(int(np.count_nonzero(self["rate"] > above)))

    def to_csv(self, path: str | os.PathLike) -> None:
        """Write the table to a file, a line for each cell after a line of names.

        Raises
        ------
        FileNotFoundError, IsADirectoryError, ValueError
            If a file of this name, which must end in .csv, cannot be written.
        """
        path = writable(path, "Rates.to_csv", (".csv",))
        with path.open("w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(self.columns)
            lines.writerows(zip(*(values.tolist() for values in self.columns.values()), strict=True))

    @needs("pandas")
    def to_frame(self) -> pandas.DataFrame:
        """Return the table as a pandas DataFrame."""
        return optional("pandas", "Rates.to_frame").DataFrame(self.columns)

    def __repr__(self) -> str:
        rows = [list(self.columns)]
        for k in range(min(len(self), SHOWN)):
            rows.append([_short(values[k]) for values in self.columns.values()])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join([f"Rates of {plural(len(self), 'cell')}", *lines, *["..."] * (len(self) > SHOWN)])


def _short(value):
    text = f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 3]}..."
