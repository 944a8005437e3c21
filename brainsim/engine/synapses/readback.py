"""Reading synapses back: from the store to pre, post, weight and delay of a projection."""

import warnings
from dataclasses import replace

import numpy as np

from brainsim.build.layout import Layout
from brainsim.build.own import is_whole, whole
from brainsim.build.timing import ON_GRID
from brainsim.core.doors import through
from brainsim.core.machine import processors
from brainsim.engine.states.given import take_array
from brainsim.engine.synapses.kinds.kind import in_block
from brainsim.engine.synapses.projections import GlobalIndices, Plan, make_room_for_counts, weights_in_full
from brainsim.engine.synapses.segments import MAX_LENGTH, START_BITS
from brainsim.engine.synapses.store import Passes, Store, count_synapses
from brainsim.jit.background import Workers
from brainsim.models.distribution import is_of_pairs
from brainsim.models.values import is_number
from brainsim.network.network import Network, copy_network
from brainsim.network.projection import handler_of
from brainsim.results.synapses import SynapseTable

WORTH_THREADS = 1e6  # synapses
TABLES = "tables in several processes"
EXACT = 1 << 24  # whole numbers up to this are exact as weights of synapses, which are float32


def read_back(synapses, projection, threads, traces=False):
    """Return the SynapseTable of a projection; its columns also have the traces of a rule of plasticity if `traces`.

    The store does not know which projection a synapse of a built-in kind comes from. Since such synapses do not change and
    are functions of the seed, those of the projection are sampled again, by the same functions. Registered kinds
    have a block for each projection, which is read.
    """
    layout, kind = synapses.layout, synapses.kind_of(projection)
    if kind is None:
        return sample_again(layout, projection, threads)
    columns = dict(kind.current_columns())
    if not projection.by_spikes:
        table = sample_again(layout, projection, threads)
        table.columns.update(in_order(kind, columns))
    else:
        table = _table(synapses.store, layout, projection, (kind.block.start, kind.block.stop), columns)
    if traces:
        table.columns.update(kind.traces_now(table))
    if projection.by_spikes and not is_whole(layout):
        table = through(TABLES).whole_table(layout, table)
    if kind.keeps_weights and "w" in table.columns:
        table = replace(table, weight=table.columns.pop("w").astype(np.float64))
    return table


def sample_again(layout, projection, threads):
    """Return the SynapseTable of a projection as it was built."""
    layout, listed, handler = whole(layout), projection, handler_of(projection.synapse)
    if handler is not None:
        projection = handler.to_sample(projection, layout.dt)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the simulation warned of rounded delays when it was built
        plan = Plan(layout, projection, GlobalIndices(layout))
    counts = make_room_for_counts([plan])
    with Workers(threads) as pool:
        count_synapses([plan], pool, threads, Passes())
        store = Store(layout, [plan], counts, pool, threads, Passes())
    table = _table(store, layout, projection, (0, store.targets.size), {})
    return table if handler is None else handler.as_listed(table, listed)


def drawn_table(projection, dt, timing=ON_GRID):
    """Return the SynapseTable of a projection, with the delays of a run with steps of dt and this `timing`.

    A row depends on nothing but the seed of the network, the name of the projection and the index of the source, so it is
    the same in a network of this projection alone.
    """
    alone = Network(projection.seed)
    alone.add(projection.pre)
    alone.add(projection.post)
    layout = Layout(copy_network(alone, [projection]), dt, 1, filled=False, timing=timing)
    return sample_again(layout, projection, processors() if projection.expected > WORTH_THREADS else 1)


def initial_weights(kind):
    """Return the weights with which a kind of synapses began, in the order of its block; they are sampled again."""
    table = sample_again(kind.block.layout, kind.block.projection, 1)
    ids, _ = in_table(kind)
    weights = np.empty(ids.size)
    weights[order_of(kind)] = table.weight[ids]
    return weights


def order_of(kind):
    """Return the index, within the block of a kind, of each synapse of the SynapseTable."""
    block = kind.block
    if block.order is not None:
        return block.order
    index = {"": np.arange(block.stop - block.start)}
    return _table(block.store, block.layout, block.projection, (block.start, block.stop), index).columns[""]


def ends_of(kind, place):
    """Return (pre, post), as in the SynapseTable, of the synapse at a place of the block of a kind."""
    block = kind.block
    index = {"": np.arange(block.stop - block.start)}
    table = _table(block.store, block.layout, block.projection, (block.start, block.stop), index)
    found = int(np.argmax(table.columns[""] == place))
    return int(table.pre[found]), int(table.post[found])


def in_order(kind, columns):
    """Return columns of a kind, name -> array, in the order of the SynapseTable; with ranks all get the columns of all."""
    order = order_of(kind)
    mine = {name: values[order] for name, values in columns.items()}
    layout = kind.block.layout
    return mine if is_whole(layout) else through(TABLES).of_table(layout, mine, *in_table(kind))


def in_table(kind):
    """Return the indices in the SynapseTable of the synapses that are in this process, in its order, and its length.

    With ranks all must call this, since the table is that of all ranks.
    """
    block = kind.block
    if is_whole(block.layout):
        n = block.stop - block.start
        return np.arange(n), n
    if block.in_table is None:
        segments = _segments_in(block.store, (block.start, block.stop))
        pre, post, *_ = _synapses(block.store, block.layout, block.projection, *segments)
        block.in_table = through(TABLES).in_table(block, pre * block.projection.post.n + post)
    return block.in_table


def order_of_pairs(layout, projection):
    """Return the index, among the pairs that the rule of a projection lists, of each synapse of the SynapseTable."""
    rule, delay = projection.rule, projection.delay
    pre, post = (np.arange(projection.pre.n),) * 2 if rule.pairs is None else (rule.pre, rule.post)
    if np.ndim(delay):
        return np.lexsort((np.rint(delay / layout.tick), post, pre))  # as the store has them, in ticks
    order = np.lexsort((post, pre))
    again = (np.diff(pre[order]) == 0) & (np.diff(post[order]) == 0)
    if is_of_pairs(delay) or is_number(delay) or not again.any():
        return order
    # synapses of a pair are in the order of delays that are sampled; weights that count the pairs say which is which
    counted = np.divmod(np.arange(pre.size), EXACT)
    tables = (sample_again(layout, replace(projection, weight=part.astype(np.float64)), 1) for part in counted)
    beyond, within = (table.weight.astype(np.int64) for table in tables)
    return beyond * EXACT + within


class Extra:
    """What operators and kinds of synapses add to a saved state: `plain`, name -> array of operators, and the `kinds`.

    It is copied only if the simulation continues before it is needed.
    """

    def __init__(self, plain, kinds):
        self._plain, self._kinds = plain, kinds

    def settle(self):
        """Copy what the next steps will change."""
        self._kinds = [kind.frozen() for kind in self._kinds]

    def arrays(self, unsorted=()):
        """Return name -> array; those of synapses are in the order of the SynapseTable, whatever the partitions.

        Those of the projections with the names `unsorted` are as they are in their block, in a tenth of the time.
        """
        arrays = dict(self._plain)
        for kind in self._kinds:
            name = kind.block.projection.name
            if columns := kind.columns():
                order = slice(None) if name in unsorted else order_of(kind)
                arrays |= {f"{name}.{column}": values[order] for column, values in columns.items()}
            arrays |= {f"{name}.{part}": values for part, values in kind.saved().items()}
        return arrays


def load_kinds(kinds, extra, unsorted=()):
    """Take over what `Extra.arrays` returned of kinds of synapses."""
    for kind in kinds:
        name, columns = kind.block.projection.name, kind.columns()
        if name in unsorted:
            order, ids, n = slice(None), slice(None), kind.block.stop - kind.block.start
        else:
            order, (ids, n) = (order_of(kind), in_table(kind)) if columns else (None, (None, 0))
        for column, values in columns.items():
            values[order] = take_array(extra, f"{name}.{column}", values.dtype, n)[ids]
        kind.load(extra, f"{name}.")


def same_synapses(kind, other):
    """Return whether two kinds have the same synapses at the same places of their blocks."""
    stores, blocks = (kind.block.store, other.block.store), [(k.block.start, k.block.stop) for k in (kind, other)]
    if not np.array_equal(kind.block.targets, other.block.targets):
        return False
    (here, rows), (there, others) = (_segments_in(*both) for both in zip(stores, blocks, strict=True))
    shift = (blocks[1][0] - blocks[0][0]) << START_BITS
    return (
        np.array_equal(rows, others)
        and np.array_equal(stores[0].delay[here], stores[1].delay[there])
        and np.array_equal(stores[0].piece[here] + shift, stores[1].piece[there])
    )


def found_in_rows(kind, ids):
    """Find synapses, by their indices in the SynapseTable, of a kind that has a block for each projection.

    Return for each (pre, post as in the SynapseTable, index in the block, segment in the store, row in the store), int64. Of
    the other synapses only those with the same source are read.
    """
    block, store, projection = kind.block, kind.block.store, kind.block.projection
    here, rows = _segments_in(store, (block.start, block.stop))
    source = _indices(block.layout.global_indices(projection.pre), rows // len(block.layout.own))
    lengths = np.bincount(source, store.piece[here] & MAX_LENGTH, minlength=projection.pre.n).astype(np.int64)
    ends = np.cumsum(lengths)
    owner = np.searchsorted(ends, ids, side="right")
    wanted = np.unique(owner)
    mine = np.isin(source, wanted)
    found = _synapses(store, block.layout, projection, here[mine], rows[mine])
    begin = np.cumsum(lengths[wanted]) - lengths[wanted]
    at = ids - (ends - lengths)[owner] + begin[np.searchsorted(wanted, owner)]
    pre, post, index, segment = (values[at] for values in found)
    return pre, post, index - block.start, segment, np.searchsorted(store.first, segment, side="right") - 1


class Selected:
    """Some synapses of a kind, by their indices in the SynapseTable, to be read as they are now.

    `pre` and `post` are their cells, as in the SynapseTable.
    """

    def __init__(self, kind, ids):
        self.kind = kind
        self.pre, self.post, self.places, self.segments, self.rows = found_in_rows(kind, ids)

    def read(self, name):
        """Return the values of a column, as float64."""
        return self.kind.current_columns()[name][self.places].astype(np.float64)


def _table(store, layout, projection, block, columns):
    """Return the SynapseTable of the synapses in a block (start, stop) of the store, with more columns."""
    pre, post, index, segment = _synapses(store, layout, projection, *_segments_in(store, block))
    extra_step = layout.extra_step(projection)
    delay = (store.delay[segment].astype(np.int64) - extra_step) * layout.tick
    if block[1] <= store.weights.size and store.weights.size:
        weight = weights_in_full(projection, store.kept_weights(index))
    elif store.weight.size:
        weight = store.weight[segment]
    else:
        weight = np.full(index.size, np.nan)  # a kind of synapses keeps them
    kept = {name: values[index - block[0]] for name, values in columns.items()}
    unit = projection.synapse.weight_unit
    views = projection.pre, projection.post
    sizes, ends = (view.n for view in views), (_in_populations(view) for view in views)
    return SynapseTable(pre, post, weight, delay, *sizes, kept, unit, projection.name, *ends)


def _in_populations(view):
    """Return the index of each cell of a view in its population; None if it is a whole one."""
    ids = np.concatenate([ids for _, ids in view.parts])
    return None if len(view.parts) == 1 and ids.size == view.parts[0][0].n and np.all(np.diff(ids) == 1) else ids


def _segments_in(store, block):
    """Return the indices of the segments in a block (start, stop) of the store, and their rows."""
    here = np.flatnonzero(in_block(store.piece, *block))
    return here, np.searchsorted(store.first, here, side="right") - 1


def _synapses(store, layout, projection, here, rows):
    """Return (pre, post, index in the store, segment) of the synapses of some segments, in the order of the SynapseTable."""
    length = store.piece[here] & MAX_LENGTH
    # the index of each synapse in the store, segment after segment
    index = np.repeat((store.piece[here] >> START_BITS) - np.cumsum(length) + length, length) + np.arange(length.sum())
    source, part = np.divmod(rows, len(layout.own))
    place = store.targets[index].astype(np.int64) + np.repeat(store.base[part], length)
    pre = _indices(layout.global_indices(projection.pre), np.repeat(source, length))
    post = _indices(layout.input_places(projection.post, projection.synapse)[0], place)
    # one key, nearly in order: in a third of the time of lexsort
    order = np.argsort(pre * projection.post.n + post, kind="stable")
    return pre[order], post[order], index[order], np.repeat(here, length)[order]


def _indices(values, wanted):
    order = np.argsort(values, kind="stable")
    return order[np.searchsorted(values[order], wanted)]
