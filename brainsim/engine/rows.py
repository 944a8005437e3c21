"""Building the synapse store: from the projections of a network to the Rows of the engine.

The synapses of each source are counted, so every row has its place before anything is drawn. Then threads draw, sort and
write the rows in batches of sources.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from brainsim.engine import assembly, drawing
from brainsim.engine.delivery import Rows
from brainsim.engine.plans import Plan, new_desk, plan_arrays, shared_weights

BATCH = 1 << 20  # synapses of a batch: large enough that Python costs nothing, small enough for a progress bar
MOST_SOURCES = 1 << 14  # of a batch
SHORT = 1 << 16  # places that 16 bits can tell apart


class Synapses:
    """All synapses of a network: those that are stored, and how to draw those that are not.

    Parameters
    ----------
    layout : Layout
    threads : int
        How many threads build them.
    show : callable
        Is called now and then with the number of synapses that are stored.

    Attributes
    ----------
    rows : Rows
        The stored ones.
    number : int
        Number of synapses.
    shortest, longest : int
        Shortest and longest delay as filed, in steps; 0 with no synapse.
    different : int
        How many segments of one source, partition and delay there may be.
    """

    def __init__(self, layout, threads, show=lambda done: None):
        plans = [Plan(layout, p) for p in layout.network.projections]
        stored = [plan for plan in plans if plan.projection.storage == "stored"]
        self._layout, self._drawn = layout, [plan for plan in plans if plan.projection.storage != "stored"]
        with ThreadPoolExecutor(threads) as pool:
            _count(plans, pool, threads)
            self.rows = _build(layout, stored, pool, threads, show)
        self.number = self.rows.targets.size + sum(
            int(np.broadcast_to(plan.counts, plan.sources.size).sum()) for plan in self._drawn
        )
        delays = [plan.delays[k] + plan.late for plan in self._drawn for k in (0, 1)]
        delays += [self.rows.delay.min(), self.rows.delay.max()] if self.rows.delay.size else []
        self.shortest, self.longest = int(min(delays, default=0)), int(max(delays, default=0))
        self.different = sum(1 + len(shared_weights(some)) for some in (stored, self._drawn) if some) or 1

    def new_pool(self):
        """Return an empty pool for the rows of procedural projections, None where there are none."""
        if not self._drawn:
            return None
        from brainsim.engine.procedural import new_pool

        return new_pool(self._layout, self._drawn, self.longest)


def _build(layout, plans, pool, threads, show):
    """Return the Rows of the stored projections."""
    store = _Store(layout, plans)
    store.leave_waiting(pool, threads)
    arrays = plan_arrays(layout, plans)
    batches = store.batches()
    jobs = [pool.submit(store.assemble, arrays, *batch) for batch in batches]
    pieces = []
    try:
        for job in jobs:
            pieces.append(job.result())
            show(store.total[: batches[len(pieces) - 1][1]].sum())
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    return store.rows(pieces)


def _count(plans, pool, threads):
    """Count the synapses of each source of each projection, projections side by side or sources of one side by side."""
    jobs = []
    for plan in plans:
        cuts = [0, plan.sources.size]
        if plan.kind == drawing.BY_TARGET:
            cuts = np.linspace(0, plan.sources.size, threads + 1).astype(np.int64)
        jobs.append([pool.submit(plan.count, a, z) for a, z in zip(cuts[:-1], cuts[1:], strict=True)])
    for plan, parts in zip(plans, jobs, strict=True):
        plan.counts = sum(part.result() for part in parts)


class _Store:
    """The synapses while they are built."""

    def __init__(self, layout, plans):
        self.layout, self.plans, self.shared = layout, plans, np.array(shared_weights(plans))
        sizes = [np.zeros(layout.n_cells, np.int64) for _ in (drawing.OWN, drawing.COMMON)]
        for plan in plans:
            sizes[plan.constant_weight is not None][plan.sources] += plan.counts
        self.total = sizes[0] + sizes[1]
        ends = np.cumsum(np.concatenate(sizes))
        self.own_at, self.common_at = np.split(ends - np.concatenate(sizes), 2)
        self.base, kind = _targets_kind(layout, plans)
        self.targets = np.empty(int(self.total.sum()), kind)
        self.weights = np.empty(int(sizes[0].sum()), np.float32)
        self.per_part = np.zeros(layout.n_cells * layout.partitions, np.int64)

    def leave_waiting(self, pool, threads):
        """Draw the sources of targets that draw them, and leave the targets where the rows of these sources will be."""
        free = self.own_at.copy(), self.common_at.copy()
        for plan in self.plans:
            if plan.kind != drawing.BY_TARGET:
                continue
            at = free[plan.constant_weight is not None]
            cursor = at[plan.sources]
            at[plan.sources] += plan.counts
            cuts = np.linspace(0, plan.sources.size, threads + 1).astype(np.int64)
            jobs = [pool.submit(plan.draw_sources, a, z, np.empty(0, np.int32), cursor, self.targets)
                    for a, z in zip(cuts[:-1], cuts[1:], strict=True) if plan.rule.k]  # fmt: skip
            for job in jobs:
                job.result()

    def batches(self):
        """Return (first, last) source of each batch."""
        ends = np.cumsum(self.total)
        cuts = [0]
        while cuts[-1] < ends.size:
            done = ends[cuts[-1] - 1] if cuts[-1] else 0
            last = int(np.searchsorted(ends, done + BATCH, side="right"))
            cuts.append(min(max(last, cuts[-1] + 1), cuts[-1] + MOST_SOURCES, ends.size))
        return list(zip(cuts[:-1], cuts[1:], strict=True))

    def assemble(self, arrays, low, high):
        """Draw, sort and write the rows of a batch; return its Segments."""
        parts = self.layout.partitions
        different = 2 * parts * arrays.delays * arrays.origins
        room = int(np.minimum(self.total[low:high], different).sum())
        segments = _segments(room, self.shared.size > 0)
        most_targets = max(plan.posts.size for plan in self.plans) if self.plans else 0
        desk = new_desk(self.total[low:high].max(initial=0), most_targets)
        written = assembly.assemble(
            low, high, arrays, self.own_at, self.common_at, self.base, self.targets, self.weights, self.shared, parts,
            segments, self.per_part, desk,
        )  # fmt: skip
        if desk.clock[1]:
            self.plans[desk.clock[1] - 1].refuse_delay()
        return assembly.Segments(*(column[:written].copy() for column in segments))

    def rows(self, pieces):
        """Return the Rows, from the segments of all batches."""
        first = np.concatenate([[0], np.cumsum(self.per_part)])
        pieces = [_segments(0, False), *pieces]
        columns = [np.concatenate(column) for column in zip(*pieces, strict=True)]
        return Rows(first, self.layout.partitions, *columns, self.base, self.targets, self.weights)


def _segments(room, sharing):
    return assembly.Segments(
        np.empty(room, np.int64), np.empty(room, np.uint16), np.empty(room if sharing else 0)
    )


def _targets_kind(layout, plans):
    """Return where the targets of each partition begin in the state, and the type that holds their places from there on."""
    lowest, highest = np.full(layout.partitions, layout.n_numbers), np.zeros(layout.partitions, np.int64)
    fits = True
    for plan in plans:
        place, part = layout.input_places(plan.projection.post, plan.projection.synapse)
        np.minimum.at(lowest, part, place)
        np.maximum.at(highest, part, place)
        # targets that draw their sources wait in the rows under their number in the projection
        fits &= plan.kind != drawing.BY_TARGET or plan.posts.size <= SHORT
    fits &= bool((highest - lowest < SHORT).all())
    return np.minimum(lowest, highest).astype(np.int64), np.uint16 if fits else np.int32
