"""Reading synapses back: from the store to pre, post, weight and delay of a projection."""

import warnings

import numpy as np

from brainsim.engine.state import taken
from brainsim.engine.synapses.projections import Cells, Plan, make_room_for_counts
from brainsim.engine.synapses.segments import MAX_LENGTH, START_BITS
from brainsim.engine.synapses.store import Store, count_synapses
from brainsim.jit.background import Workers
from brainsim.results.synapses import SynapseTable


def read_back(synapses, projection, threads):
    """Return the SynapseTable of a projection.

    The store does not know which projection a synapse of a built-in kind comes from. Since such synapses do not change and
    are functions of the seed, those of the projection are sampled again, by the same functions. Registered kinds
    have a block for each projection, which is read.
    """
    layout = synapses.layout
    for kind in synapses.kinds:
        if kind.block.projection is projection:
            return _table(synapses.store, layout, projection, (kind.block.start, kind.block.stop), kind.columns())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the simulation warned of rounded delays when it was built
        plan = Plan(layout, projection, Cells(layout))
    counts = make_room_for_counts([plan])
    with Workers(threads) as pool:
        count_synapses([plan], pool, threads)
        store = Store(layout, [plan], counts, pool, threads)
    return _table(store, layout, projection, (0, store.targets.size), {})


def saved_columns(synapses):
    """Return what registered kinds of synapses keep, for a saved state: "projection.column" -> array.

    The values are in the order of the SynapseTable, so that they do not depend on the number of partitions.
    """
    return {
        f"{kind.block.projection.name}.{name}": values
        for kind in synapses.kinds
        for name, values in read_back(synapses, kind.block.projection, 1).columns.items()
    }


def load_columns(synapses, extra):
    """Take over what `saved_columns` returned."""
    for kind in synapses.kinds:
        name, columns = kind.block.projection.name, kind.columns()
        index = {"": np.arange(kind.block.stop - kind.block.start)}
        block = kind.block.start, kind.block.stop
        order = _table(synapses.store, synapses.layout, kind.block.projection, block, index).columns[""]
        for column, values in columns.items():
            values[order] = taken(extra, f"{name}.{column}", values.dtype, values.size)


def _table(store, layout, projection, block, columns):
    """Return the SynapseTable of the synapses in a block (start, stop) of the store, with more columns."""
    rows = np.repeat(np.arange(store.first.size - 1), np.diff(store.first))
    start, length = store.piece >> START_BITS, store.piece & MAX_LENGTH
    here = np.flatnonzero((start >= block[0]) & (start < block[1]))
    length = length[here]
    # the index of each synapse in the store, segment after segment
    index = np.repeat(start[here] - np.cumsum(length) + length, length) + np.arange(length.sum())
    source, part = np.divmod(rows[here], layout.partitions)
    place = store.targets[index].astype(np.int64) + np.repeat(store.base[part], length)
    pre = _indices(layout.global_indices(projection.pre), np.repeat(source, length))
    post = _indices(layout.input_places(projection.post, projection.synapse)[0], place)
    extra_step = int(projection.synapse.receptor_equations.direct)
    delay = np.repeat((store.delay[here].astype(np.int64) - extra_step) * layout.dt, length)
    if block[1] <= store.weights.size and store.weights.size:
        weight = store.weights[index].astype(np.float64)
    else:
        weight = np.repeat(store.weight[here], length)
    order = np.lexsort((post, pre))
    kept = {name: values[index - block[0]][order] for name, values in columns.items()}
    n_pre, n_post = projection.pre.n, projection.post.n
    return SynapseTable(pre[order], post[order], weight[order], delay[order], n_pre, n_post, kept)


def _indices(values, wanted):
    """Return the index in `values` of each number in `wanted`."""
    order = np.argsort(values, kind="stable")
    return order[np.searchsorted(values[order], wanted)]
