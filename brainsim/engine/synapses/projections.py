"""The projections of a network as the arrays from which rows are sampled (see `sampling.PLAN`)."""

import numpy as np

from brainsim.build.own import index_here
from brainsim.core.arrays import lock
from brainsim.engine.synapses import counting, delays, sampling
from brainsim.engine.synapses.kinds.registry import kind_of
from brainsim.engine.synapses.near import PLACES, is_near
from brainsim.engine.synapses.wiring import wiring_of
from brainsim.models.distribution import is_of_pairs
from brainsim.models.packed import Ascending, as_kept, has_one, is_listed, of_values, unpack
from brainsim.models.values import Distribution, is_number, value_code
from brainsim.network.arguments import MAX_DELAY
from brainsim.rng.probabilities import alias_table

# columns for projections that depend on distances, see `near`
PLACED = {"xyz": np.float64, "bin_first": np.int64, "bin_cells": np.int32}
PLACED |= {"bin_x": np.float64, "bin_y": np.float64, "bin_z": np.float64}

# weights of synapses that learn, as an array: indices whose bits are those of a finite float32, see `listed_weights`
MOST_LISTED = 0x7F800000
BATCH = 1 << 20  # weights that are looked up at once: an index is 8 bytes then


class GlobalIndices:
    """Global indices of the cells of views, computed once for all projections that share a view."""

    def __init__(self, layout):
        self._layout, self._indices, self._places = layout, {}, {}

    def of(self, view):
        """Return the global index of each cell of a view, int32."""
        if view not in self._indices:
            self._indices[view] = self._layout.global_indices(view)
        return self._indices[view]

    def places(self, of, among):
        """Return the index of each cell of one view in another, -1 if it is not there; empty if none is."""
        if (of, among) not in self._places:
            place = np.full(self._layout.n_cells, -1, np.int32)
            place[self.of(among)] = np.arange(among.n)
            place = place[self.of(of)]
            self._places[of, among] = place if (place >= 0).any() else place[:0]
        return self._places[of, among]


class Plan:
    """What is needed to sample the rows of one projection.

    - `sources`, `posts`: int32, global indices of the cells at both ends.
    - `counts`: the synapses of each source, or one number if they are equal, once `make_room_for_counts` and `count` were
      called.
    - `count_at`: where they begin in the column of counts, -1 if they are one number.
    - `shared_weight`: the weight of all synapses, None if they differ.
    - `class_`: index of the class of synapses in the store, see `kinds.registry.Classes`.
    """

    def __init__(self, layout, projection, cells):
        self.layout, self.projection, self.rule = layout, projection, projection.rule
        self.sources, self.posts = cells.of(projection.pre), cells.of(projection.post)
        self.extra_step = layout.extra_step(projection)
        self.kind, self.class_ = kind_of(projection), 0
        if self.kind.called and projection.storage == "procedural":
            raise ValueError(
                f"{projection.name}.storage: synapses of the kind {self.kind.__name__} must be 'stored' "
                f"(got {projection.storage!r})"
            )
        self.shared_weight = float(projection.weight) if has_one(projection, "weight") else None
        self.near = None
        if is_near(projection):
            from brainsim.engine.synapses.near_places import Near

            self.near = Near(projection)
        self.delays, self.table = delays.ticks_of(projection, layout)
        self.wiring = wiring_of(self.rule)(self, cells)
        if self.near:
            self.near.row["shortest"], self.near.row["longest"] = self.delays
        self.counts, self.count_at = self.wiring.even(), -1

    @property
    def origin(self):
        """What orders the segments of a source with one delay: the shared weight, and whose it is if it is kept apart."""
        name = self.projection.name
        return (self.layout.apart[name], name) if name in self.layout.apart else (self.shared_weight, "")

    def count(self, start, stop):
        """Count the synapses of each source, in place, or only of those from `start` to `stop` (`Wiring.in_parts`)."""
        if self.count_at >= 0:
            self.wiring.count(start, stop, self.counts)

    def reject_delay(self):
        """Raise ValueError: a sampled delay is longer than the calendar."""
        delays.reject_delay(self.projection, self.layout.dt)


class GrowingColumns:
    """Lists that grow by one piece per projection, and become one array each."""

    def __init__(self, **kinds):
        self.ways, self.pieces, self.sizes = kinds, {name: [] for name in kinds}, dict.fromkeys(kinds, 0)

    def add(self, name, piece):
        """Append a piece and return where it begins."""
        at = self.sizes[name]
        self.pieces[name].append(piece)
        self.sizes[name] += len(piece)
        return at

    def arrays(self):
        """Return name -> array; the pieces are forgotten one column after the other, so that only one is in memory twice."""
        joined = {}
        for name, kind in self.ways.items():
            pieces = self.pieces.pop(name)
            joined[name] = np.asarray(pieces[0] if len(pieces) == 1 else np.concatenate([np.empty(0, kind), *pieces]), kind)
        return joined


def make_room_for_counts(plans):
    """Give each Plan whose sources have different numbers of synapses its stretch of one column; return the column."""
    uneven = [plan for plan in plans if plan.counts is None]
    ends = np.cumsum([plan.sources.size for plan in uneven], dtype=np.int64)
    column = np.zeros(ends[-1] if uneven else 0, np.int32)
    for plan, end in zip(uneven, ends.tolist(), strict=True):
        plan.count_at = end - plan.sources.size
        plan.counts = column[plan.count_at : end]
    return column


def projection_fields(layout, plans, counts, classes, few=None):
    """Return the fields of the record from which rows are sampled.

    The synapses of the plans are counted, see `Plan.count`; `counts` is the column of `make_room_for_counts`. With `few`,
    the FewValues of all weights, rows are sampled with the numbers of the weights in its table.
    """
    columns = GrowingColumns(
        self_index=np.int32,
        place=np.int32,
        part=np.int16,
        list_first=np.int64,
        listed=np.int32,
        list_weight=np.float32 if few is None else np.uint16,
        list_delay=layout.delay_type,
        accept=np.uint32,
        other=np.int32,
        **(PLACED if any(p.near for p in plans) else {}),
    )
    shared, known, rows = shared_weights(plans), {}, np.zeros(len(plans), sampling.PLAN)
    for row, plan in zip(rows, plans, strict=True):
        _describe(row, plan, shared, columns, known, few)
    interval, first, entries = _entries(plans, layout.n_cells)
    shortest = min((plan.delays[0] + plan.extra_step for plan in plans), default=0)
    longest = max((plan.delays[1] + plan.extra_step for plan in plans), default=0)
    # without laws and places there is less to compile
    laws = {"laws": _laws(plans)} if _has_laws(plans) else {}
    near = {"near": _places(plans, columns)} if "xyz" in columns.ways else {}
    return (
        near
        | laws
        | {
            "plans": rows,
            "interval": interval,  # of each cell: cells of one interval have the same projections
            "first": first,  # where the entries of an interval start
            "entries": entries,
            "counts": counts,
            **columns.arrays(),
            "delays": longest - shortest + 1,  # how many different delays there are
            "shortest": shortest,
            "origins": max(1, len(shared)),  # how many different weights are shared
            "classes": classes.number,
            "weighted": classes.weighted,  # how many classes, the first ones, have a weight for each synapse
            "tick": float(layout.tick),
            "most_delay": MAX_DELAY * layout.ticks,
        }
    )


def _has_laws(plans):
    values = [as_kept(plan.projection, name) for plan in plans for name in ("weight", "delay")]
    return any(isinstance(value, Distribution) and not is_of_pairs(value) for value in values)


def _places(plans, columns):
    """Return the rows of `near`, and add the places and bins to the columns."""
    rows = np.zeros(len(plans), PLACES)
    for k, plan in enumerate(plans):
        if near := plan.near:
            rows[k] = near.row[0]
            for name in ("pre", "post"):
                rows[name][k] = columns.add("xyz", getattr(near, name).ravel())
            starts = {name: columns.add(name, values) for name, values in near.bins().items()}
            rows["bin_first"][k], rows["bin_cells"][k] = starts["bin_first"], starts["bin_cells"]
    return rows


def _laws(plans):
    """Return the codes of weights and delays, `sampling.LAWS` numbers for each projection."""
    codes = [[*_code(as_kept(plan.projection, "weight")), *_code(as_kept(plan.projection, "delay"))] for plan in plans]
    return np.ravel(codes).astype(np.float64)


def shared_weights(plans):
    """Return origin -> weight of the projections that have one number, in order; see `Plan.origin`."""
    return dict(sorted({plan.origin: plan.shared_weight for plan in plans if plan.shared_weight is not None}.items()))


def _describe(row, plan, shared, columns, known, few):
    """Fill the row of one projection, and add to the columns what it points to, shared between projections."""
    projection = plan.projection
    at = projection.post, projection.synapse
    if at not in known:
        place, part = plan.layout.input_places(*at)
        known[at] = columns.add("place", place)
        columns.add("part", index_here(plan.layout, part))
    row["self_index"] = -1
    if plan.wiring.self_index.size:
        ends = projection.pre, projection.post, "self"
        known[ends] = known[ends] if ends in known else columns.add("self_index", plan.wiring.self_index)
        row["self_index"] = known[ends]
    row["list"], row["weights"], row["delays"] = _lists(plan, columns, few)
    if plan.table is not None:
        accept, other = alias_table(plan.table)
        row["table"], row["table_size"] = columns.add("accept", accept), accept.size
        columns.add("other", other)
    if is_of_pairs(as_kept(projection, "delay")):
        row["table_size"] = -1
    row["rule"], row["posts"], row["place"], row["class_"] = plan.wiring.way, plan.posts.size, known[at], plan.class_
    row["count"], row["counts"] = plan.counts if plan.count_at < 0 else 0, plan.count_at
    for name, stream in (("key", "wiring"), ("weight_key", "weights"), ("delay_key", "delays")):
        row[name] = plan.wiring.stream(stream)
    row["weighted"] = plan.shared_weight is None
    row["origin"] = 0 if plan.shared_weight is None else [*shared].index(plan.origin)
    row["extra_step"], row["first_delay"] = plan.extra_step, plan.delays[0] + plan.extra_step
    row["p"] = plan.rule.p if plan.wiring.way == sampling.BERNOULLI else 0.0


def _lists(plan, columns, few):
    """Return where the listed targets, weights and delays begin, each -1 if there are none."""
    projection, wiring, list_at = plan.projection, plan.wiring, -1
    weights = few.numbers(projection) if few is not None and plan.shared_weight is None else listed_weights(projection)
    delays = _listed_delays(plan)
    if wiring.way == sampling.LISTED:
        first, targets = np.concatenate([[0], np.cumsum(plan.counts)]), wiring.post
        # the places count through all projections' lists
        list_at = columns.add("list_first", first + columns.sizes["listed"])
        if not isinstance(wiring.pre, Ascending):
            kinds = np.int32, columns.ways["list_weight"], columns.ways["list_delay"]
            lists = [np.empty(of.size, kind) for of, kind in zip((targets, weights, delays), kinds, strict=True)]
            given = (lock(column) for column in (wiring.pre, targets, weights, delays))
            counting.sort_listed(*given, first[:-1].copy(), *lists)
            targets, weights, delays = lists
        columns.add("listed", targets)
    weights = np.asarray(weights, columns.ways["list_weight"])
    weights_at = columns.add("list_weight", weights) if weights.size else -1
    return list_at, weights_at, columns.add("list_delay", delays) if delays.size else -1


def _listed_delays(plan):
    """Return listed delays in ticks; empty if there are none."""
    delay, tick, kind = as_kept(plan.projection, "delay"), plan.layout.tick, plan.layout.delay_type
    if not is_listed(delay):
        return np.empty(0, kind)
    return unpack(of_values(lambda some: np.rint(np.ravel(some) / tick).astype(kind), delay))


def listed_weights(projection):
    """Return the weights, or what stands for them, for the list from which rows are sampled; empty if there is none.

    Rows hold weights as float32. Synapses that learn begin with the numbers as they were given: a rule of plasticity bounds
    them, and rounded to float32 they may be beyond a bound. While such synapses are built, the bits of the float32 are those
    of the index of the weight in the array, so a synapse takes no more room for it.
    """
    weight = as_kept(projection, "weight")
    if not is_listed(weight):
        return np.empty(0)
    if projection.plasticity is None:
        return np.ravel(unpack(weight))
    if weight.size > MOST_LISTED:
        raise ValueError(f"{projection.name}.weight: of synapses that learn, an array can hold {MOST_LISTED:,} at most")
    return np.arange(weight.size, dtype=np.uint32).view(np.float32)


def weights_in_full(projection, stored, kind=np.float64):
    """Return the weights of synapses as an array of type `kind`, from what the store has `stored`."""
    if projection.plasticity is None or not is_listed(as_kept(projection, "weight")):
        return stored.astype(kind)
    listed, indices, found = np.ravel(projection.weight), stored.view(np.uint32), np.empty(stored.size, kind)
    for at in range(0, stored.size, BATCH):
        found[at : at + BATCH] = listed[indices[at : at + BATCH]]
    return found


def _entries(plans, n_cells):
    """Cut the cells into intervals of cells with the same projections; return (interval of each cell, first, entries)."""
    starts, ends, shifts, owners = [], [], [], []
    for index, plan in enumerate(plans):
        edges = np.flatnonzero(np.diff(plan.sources) != 1) + 1
        begin = np.concatenate([[0], edges])
        starts.append(plan.sources[begin].astype(np.int64))
        ends.append(starts[-1] + np.diff(np.append(begin, plan.sources.size)))
        shifts.append(begin - starts[-1])
        owners.append(np.full(begin.size, index))
    starts, ends, shifts, owners = (np.concatenate([np.empty(0, np.int64), *x]) for x in (starts, ends, shifts, owners))
    borders = np.sort(np.concatenate([[0, n_cells], starts, ends]))
    borders = borders[np.diff(borders, prepend=-1) > 0]  # np.unique imports numpy.ma, which takes 10 ms
    low, high = np.searchsorted(borders, starts), np.searchsorted(borders, ends)
    which = np.repeat(np.arange(starts.size), high - low)
    interval = low[which] + np.arange(which.size) - np.repeat(np.cumsum(high - low) - (high - low), high - low)
    order = np.lexsort((owners[which], interval))
    entries = np.zeros(order.size, sampling.ENTRY)
    entries["projection"], entries["shift"] = owners[which][order], shifts[which][order]
    first = np.searchsorted(interval[order], np.arange(borders.size)).astype(np.int64)
    return np.repeat(np.arange(borders.size - 1), np.diff(borders)).astype(np.int32), first, entries


def _code(value):
    return value.code if isinstance(value, Distribution) else value_code(float(value) if is_number(value) else 0.0)
