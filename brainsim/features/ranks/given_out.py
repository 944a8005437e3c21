"""The rows of the state that the user has read on the ranks of an MPI run, and may write to between two runs."""

import numpy as np

from brainsim.build.own import members_here
from brainsim.engine.simulation.partition import WholeRows

SAME = "as it was"


class RowsOfRanks(WholeRows):
    """The rows of variables that were read since the simulation was made, in which each rank computes its own part.

    A user may keep a row and write to it at any time between two runs. So all rows that were read are made whole again after
    each run, and compared before the next. `state` holds all cells.
    """

    def __init__(self, layout, state):
        self._layout, self._state = layout, state
        self._rows = {}  # (population, variable) -> a copy of the row, as all ranks had it

    def read(self, population, variable):
        """Make a row whole that is read for the first time; all ranks do so."""
        ranks, key = self._layout.ranks, (population, variable)
        if key not in self._rows:
            ranks.agree(_label(key), doing=f"reads {_label(key)}")
            self._fill_in(key)

    def fill_in(self):
        """Make all rows whole that were read, after the state has changed."""
        for key in self._rows:
            self._fill_in(key)

    def values(self):
        """Return what ranks must have in common: label -> row, or a note that it has not changed."""
        return {_label(key): SAME if _equal(self._row(key), was) else self._row(key) for key, was in self._rows.items()}

    def note_agreement(self):
        """Note that all ranks have the same rows now."""
        for key, was in self._rows.items():
            was[:] = self._row(key)

    def _row(self, key):
        at, n = self._layout.state_row(*key, "state")
        return self._state[at : at + n]

    def _fill_in(self, key):
        """Copy the values of other ranks into a row. Only the user reads them."""
        here, row, ranks = members_here(self._layout)[key[0]], self._row(key), self._layout.ranks
        starts, parts = ranks.all(here.start), ranks.everywhere(row[here])
        for start, part in zip(starts, parts, strict=True):
            row[start : start + part.size] = part
        self._rows[key] = row.copy()


def _label(key):
    return f"sim.state[{key[0]!r}][{key[1]!r}]"


def _equal(row, was):
    """Return whether all bits are equal, including those of NaN."""
    return np.array_equal(row.view(np.uint8), was.view(np.uint8))
