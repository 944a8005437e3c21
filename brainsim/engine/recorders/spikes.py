"""Recording of spikes: the recorder, and whose spikes it keeps."""

import numpy as np

from brainsim.core.checks import option
from brainsim.engine.recorders.recorder import Recorder, limits
from brainsim.engine.states.sent import CELL, STEP_BITS
from brainsim.network.population import View
from brainsim.results.streams.columns import CELLS, LAGS, STEPS, column

U4 = np.dtype("<u4")
NONE = np.empty(0, U4)
ALL = object()


class SpikeRecorder(Recorder):
    """Keeps the spikes of all populations, or of chosen cells.

    `wanted` says what is kept, see `wanted_spikes`; it is empty if nothing is. `lags` says that spikes have times within
    their steps.
    """

    adds = "spikes"

    def __init__(self, wanted, lags, n_cells):
        self.wanted, self._lags = wanted, lags
        self._kept = kept_cells(wanted, n_cells)
        self._first = None  # spikes at the time at which the simulation begins
        self._none = {STEPS: NONE, CELLS: NONE} | ({LAGS: NONE} if lags else {})

    def clear(self, packed):
        """Forget everything, and take spikes at the time at which the simulation begins: they belong to its first chunk."""
        self._first = packed if packed is not None and packed.size else None

    @property
    def waiting(self):
        """The spikes at the time at which the simulation begins, until the first chunk has recorded them."""
        return np.empty(0, np.int64) if self._first is None else self._first

    def columns(self):
        """Return the step and the cell of each spike, and its lag if there are any."""
        columns = [column(STEPS, "<u4"), column(CELLS, "<u4"), *([column(LAGS, "<f8")] if self._lags else [])]
        return {"columns": columns, "spikes": self.wanted} if self.wanted else {}

    def rows(self, chunk):
        """Return the spikes of the chunk that are kept."""
        if not self.wanted:
            return {}
        packed, lags = chunk.packed, chunk.lags
        if self._kept is not None and packed.size:
            low, high = self._kept
            steps, cells = packed >> STEP_BITS, packed & CELL
            kept = (steps > low[cells]) & (steps <= high[cells])
            packed, lags = packed[kept], lags[kept] if self._lags else lags
        if self._first is not None:
            packed = np.concatenate([self._first, packed])
            lags = np.concatenate([np.zeros(self._first.size), lags])
            self._first = None
        if not packed.size:
            return self._none
        halves = packed.view(U4)  # no copy: 8 bytes a spike
        rows = {STEPS: halves[1::2], CELLS: halves[::2]}
        return rows | {LAGS: lags} if self._lags else rows


def wanted_spikes(spikes, layout):
    """Return a row for each name in the results, see `results.streams.columns.belonging`."""
    if isinstance(spikes, bool):
        spikes = [ALL] if spikes else []
    wanted = {}
    for asked in spikes if isinstance(spikes, list | tuple) else [spikes]:
        for row in _rows(asked, layout):
            label = row["label"]
            if label in wanted and not _are_same(wanted[label], row):
                raise ValueError(
                    f"{option('spikes')}: two views are called {label!r}; rename one of them with .named('...')"
                )
            wanted[label] = row
    for label, row in wanted.items():
        if label in layout.members and label != row["population"]:
            raise ValueError(
                f"{option('spikes')}: a view of {row['population']!r} has the name of the population {label!r}; "
                "rename it with .named('...')"
            )
    return list(wanted.values())


def _rows(asked, layout):
    view, start, stop = _window(asked, layout.dt)
    if view is ALL:
        parts = [(member.population, np.arange(member.n)) for member in layout.members.values()]
    elif isinstance(view, View):
        parts = view.parts
    else:
        raise TypeError(f"{option('spikes')}: must be True, False, populations and views, or bs.SpikeRecord (got {asked!r})")
    for population, ids in parts:
        layout.check_population(population, option("spikes"))
        member = layout.members[population.name]
        whole = len(ids) == population.n
        yield {
            "label": population.name if whole or len(parts) > 1 else view.name,
            "population": population.name,
            "first": int(member.first),
            "n": int(member.n),
            "ids": None if whole else ids,
            "alone": len(layout.members) == 1,
            "start": start,
            "stop": stop,
        }


def _window(asked, dt):
    """Return what cells are asked for, `ALL` or a view, and the steps (start, stop], None without a limit."""
    if asked is ALL or isinstance(asked, View):
        return asked, None, None
    from brainsim.network.probes import SpikeRecord

    if not isinstance(asked, SpikeRecord):
        return asked, None, None
    return ALL if asked.cells is None else asked.cells, *limits(asked, dt)


def _are_same(a, b):
    same = all(a[key] == b[key] for key in ("population", "start", "stop"))
    return same and (a["ids"] is b["ids"] or np.array_equal(a["ids"], b["ids"]))


def kept_cells(rows, n):
    """Return from which to which step spikes of each of n cells are kept, (start, stop], None if all of all cells are."""
    low, high = np.full(n, 2**62), np.full(n, -1)
    for row in rows:
        cells = row["first"] + (np.arange(row["n"]) if row["ids"] is None else np.asarray(row["ids"]))
        low[cells] = np.minimum(low[cells], -1 if row["start"] is None else row["start"])
        high[cells] = np.maximum(high[cells], 2**62 if row["stop"] is None else row["stop"])
    return None if (low < 0).all() and (high == 2**62).all() else (low, high)
