"""What rank 0 gathers of the state of all ranks."""

import numpy as np

from brainsim.build.own import cells_here, state_here
from brainsim.engine.states.state import Snapshot


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
