"""The state on ranks: rows that the user has read, which each rank has whole, and what rank 0 gathers of all."""

import numpy as np

from brainsim.build.own import cells_here, members_here, state_here
from brainsim.engine.states.state import Snapshot

SAME = "as it was"


class GivenOut:
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
        if ranks.size > 1 and key not in self._rows:
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


def gather_snapshot(run, extra):
    """Return the Snapshot of all ranks on rank 0, None on the others; `extra` is what operators keep here, by name."""
    layout, shared = run.layout, run.shared
    state = _gather(layout, shared.state, state_here)
    refractory = _gather(layout, shared.refractory, cells_here)
    recent, kept = run.under_way().collected(layout.ranks.gather), {}
    for name, kind in sorted(set().union(*layout.ranks.all({(name, values.dtype.str) for name, values in extra.items()}))):
        kept[name] = _gather(layout, extra.get(name, np.zeros(layout.n_cells, kind)), cells_here)
    for kind in run.synapses.kinds:
        kept |= _of_kind(kind, layout.ranks)
    return None if layout.ranks.rank else Snapshot(state, refractory, recent, kept)


def _gather(layout, array, here):
    """Return an array with what belongs to each rank, on rank 0; `here` gives the slices that belong to partitions."""
    parts = layout.ranks.gather(np.concatenate([array[some] for some in here(layout)] or [array[:0]]))
    if parts is None:
        return None
    whole = np.zeros_like(array)
    for rank, part in enumerate(parts):
        at = 0
        for some in here(layout, layout.ranks.share(layout.partitions, rank)):
            n = some.stop - some.start
            whole[some], at = part[at : at + n], at + n
    return whole


def _of_kind(kind, ranks):
    """Return what a state holds of a kind of synapses, on rank 0: name -> array, as `Extra.arrays` does."""
    from brainsim.engine.synapses.readback import in_table, order_of

    name, columns, kept = kind.block.projection.name, kind.columns(), {}
    if columns:
        order, (ids, n) = order_of(kind), in_table(kind)
        ids = ranks.gather(ids)
        for column, values in columns.items():
            parts = ranks.gather(values[order])
            if parts is not None:
                whole = np.empty(n, values.dtype)
                for where, part in zip(ids, parts, strict=True):
                    whole[where] = part
                kept[f"{name}.{column}"] = whole
    return kept | {f"{name}.{part}": values for part, values in kind.saved_by_all(ranks).items()}
