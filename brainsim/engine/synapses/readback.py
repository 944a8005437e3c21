"""Reading synapses back: from the store to pre, post, weight and delay of a projection."""

import warnings
from dataclasses import replace

import numpy as np

from brainsim.engine.state import taken
from brainsim.engine.synapses.kinds.kind import PLASTIC
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
            columns = dict(kind.current_columns())
            table = _table(synapses.store, layout, projection, (kind.block.start, kind.block.stop), columns)
            if kind.tag == PLASTIC:
                weight = table.columns.pop("w").astype(np.float64)
                table = replace(table, weight=weight)
            return table
    return _sampled_again(layout, projection, threads)


def _sampled_again(layout, projection, threads):
    """Return the SynapseTable of a projection as it was built."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the simulation warned of rounded delays when it was built
        plan = Plan(layout, projection, Cells(layout))
    counts = make_room_for_counts([plan])
    with Workers(threads) as pool:
        count_synapses([plan], pool, threads)
        store = Store(layout, [plan], counts, pool, threads)
    return _table(store, layout, projection, (0, store.targets.size), {})


def initial_weights(kind):
    """Return the weights with which a kind of synapses began, in the order of its block; they are sampled again."""
    table = _sampled_again(kind.block.layout, kind.block.projection, 1)
    weights = np.empty(len(table))
    weights[order_of(kind)] = table.weight
    return weights


def order_of(kind):
    """Return the index, within the block of a kind, of each synapse of the SynapseTable."""
    block = kind.block
    index = {"": np.arange(block.stop - block.start)}
    return _table(block.store, block.layout, block.projection, (block.start, block.stop), index).columns[""]


def order_of_pairs(projection, dt):
    """Return the index, among the pairs that the rule of a projection lists, of each synapse of the SynapseTable."""
    rule = projection.rule
    pre, post = (np.arange(projection.pre.n),) * 2 if rule.pairs is None else (rule.pre, rule.post)
    steps = np.zeros(pre.size) if np.ndim(projection.delay) == 0 else np.rint(projection.delay / dt)
    return np.lexsort((np.broadcast_to(steps, pre.shape), post, pre))


class Extra:
    """What operators and kinds of synapses add to a saved state, copied only if the simulation goes on before it is needed.

    Parameters
    ----------
    plain : dict of str to ndarray
        What operators keep.
    kinds : list of SynapseKind
    """

    def __init__(self, plain, kinds):
        self._plain, self._kinds = plain, kinds

    def settle(self):
        """Copy what the next steps will change."""
        self._kinds = [kind.frozen() for kind in self._kinds]

    def arrays(self):
        """Return name -> array; those of synapses are in the order of the SynapseTable, whatever the partitions."""
        arrays = dict(self._plain)
        for kind in self._kinds:
            name = kind.block.projection.name
            if columns := kind.columns():
                order = order_of(kind)
                arrays |= {f"{name}.{column}": values[order] for column, values in columns.items()}
            arrays |= {f"{name}.{part}": values for part, values in kind.saved().items()}
        return arrays


def load_kinds(kinds, extra):
    """Take over what `Extra.arrays` returned of kinds of synapses."""
    for kind in kinds:
        name, columns = kind.block.projection.name, kind.columns()
        order = order_of(kind) if columns else None
        for column, values in columns.items():
            values[order] = taken(extra, f"{name}.{column}", values.dtype, values.size)
        kind.load(extra, f"{name}.")


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
    elif store.weight.size:
        weight = np.repeat(store.weight[here], length)
    else:
        weight = np.full(index.size, np.nan)  # a kind of synapses keeps them
    order = np.lexsort((post, pre))
    kept = {name: values[index - block[0]][order] for name, values in columns.items()}
    n_pre, n_post = projection.pre.n, projection.post.n
    return SynapseTable(pre[order], post[order], weight[order], delay[order], n_pre, n_post, kept)


def _indices(values, wanted):
    """Return the index in `values` of each number in `wanted`."""
    order = np.argsort(values, kind="stable")
    return order[np.searchsorted(values[order], wanted)]
