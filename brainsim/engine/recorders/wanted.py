"""Whose spikes are kept: from the argument `spikes` to a row for each name in the results."""

import numpy as np

from brainsim.engine.recorders.requests import limits
from brainsim.network.probes import SpikeRecord


def wanted_spikes(spikes, layout):
    """Return a row for each name in the results, see `results.streams.columns.belonging`."""
    if isinstance(spikes, bool):
        spikes = [SpikeRecord()] if spikes else []
    wanted = {}
    for asked in spikes if isinstance(spikes, list | tuple) else [spikes]:
        for row in _rows(asked, layout):
            label = row["label"]
            if label in wanted and not _are_same(wanted[label], row):
                raise ValueError(f"simulate.spikes: two views are called {label!r}; rename one of them with .named('...')")
            wanted[label] = row
    for label, row in wanted.items():
        if label in layout.members and label != row["population"]:
            raise ValueError(
                f"simulate.spikes: a view of {row['population']!r} has the name of the population {label!r}; "
                "rename it with .named('...')"
            )
    return list(wanted.values())


def _rows(asked, layout):
    """Yield the rows of a population, a view or a SpikeRecord."""
    record = asked if isinstance(asked, SpikeRecord) else None
    view = asked.cells if record else asked
    start, stop = (None, None) if record is None else limits(record, layout.dt)
    if record is not None and view is None:
        parts = [(member.population, np.arange(member.n)) for member in layout.members.values()]
    elif hasattr(view, "parts"):
        parts = view.parts
    else:
        raise TypeError(f"simulate.spikes: must be True, False, populations and views, or bs.SpikeRecord (got {asked!r})")
    for population, ids in parts:
        layout.check_population(population, "simulate.spikes")
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


def _are_same(a, b):
    """Return whether two rows are the same cells in the same time."""
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
