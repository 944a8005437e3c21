"""Building the synapse store: from the projections of a network to the Rows of the engine.

The synapses of each source are counted, so every row has its place before anything is drawn. Then threads draw, sort and
write the rows in batches of sources.
"""

from collections import deque

import numpy as np

from brainsim.engine import assembly, drawing
from brainsim.engine.delivery import Rows
from brainsim.engine.plans import Cells, Plan, make_room_for_counts, new_desk, plan_arrays, shared_weights
from brainsim.jit.background import Workers

BATCH = 1 << 20  # synapses of a batch: large enough that Python costs nothing, small enough for a progress bar
MOST_SOURCES = 1 << 14  # of a batch
CHUNK = 1 << 24  # segments: the smallest column, of 2 bytes each, is above the 32 MB from which memory is given back
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
    """

    def __init__(self, layout, threads, show=lambda done: None):
        cells = Cells(layout)
        plans = [Plan(layout, p, cells) for p in layout.network.projections]
        stored = [plan for plan in plans if plan.projection.storage == "stored"]
        drawn = [plan for plan in plans if plan.projection.storage != "stored"]
        counts, counts_drawn = make_room_for_counts(stored), make_room_for_counts(drawn)
        with Workers(threads) as pool:
            _count(plans, pool, threads)
            self.rows = _build(layout, stored, counts, pool, threads, show)
        self._layout, self._drawn = layout, drawn
        self._arrays = plan_arrays(layout, drawn, counts_drawn) if drawn else None
        self._longest_drawn = _longest_row(drawn, layout.n_cells)
        self.number = self.rows.targets.size + sum(
            int(np.broadcast_to(plan.counts, plan.sources.size).sum()) for plan in drawn
        )
        delays = [plan.delays[k] + plan.late for plan in drawn for k in (0, 1)]
        delays += [self.rows.delay.min(), self.rows.delay.max()] if self.rows.delay.size else []
        self.shortest, self.longest = int(min(delays, default=0)), int(max(delays, default=0))

    def new_pool(self):
        """Return an empty pool for the rows of procedural projections, None where there are none."""
        if not self._drawn:
            return None
        from brainsim.engine.procedural import new_pool

        return new_pool(self._layout, self._drawn, self._arrays, self._longest_drawn, self.longest)

    def check_delays(self, pool):
        """Raise ValueError where the row that a pool drew last has a delay that is longer than the calendar."""
        if pool.desk.clock[1]:
            self._drawn[pool.desk.clock[1] - 1].refuse_delay()


def _longest_row(plans, n_cells):
    """Return the largest number of synapses that one source has in the projections of a list of Plan."""
    total = np.zeros(n_cells, np.int64)
    for plan in plans:
        total[plan.sources] += plan.counts
    return int(total.max(initial=0))


def _build(layout, plans, counts, pool, threads, show):
    """Return the Rows of the stored projections."""
    store = _Store(layout, plans)
    store.leave_waiting(pool, threads)
    arrays = plan_arrays(layout, plans, counts)
    batches = store.batches()
    jobs = deque(pool.submit(store.assemble, arrays, *batch) for batch in batches)
    segments = _Collected(store.shared.size > 0)
    for _, last in batches:
        segments.add(jobs.popleft().result())
        show(store.total[:last].sum())
    return store.rows(segments)


def _count(plans, pool, threads):
    """Count the synapses of each source of each projection, projections side by side or sources of one side by side."""
    jobs = []
    for plan in plans:
        cuts = [0, plan.sources.size]
        if plan.kind == drawing.BY_TARGET:
            cuts = np.linspace(0, plan.sources.size, threads + 1).astype(np.int64)
        jobs += [pool.submit(plan.count, a, z) for a, z in zip(cuts[:-1], cuts[1:], strict=True)]
    for job in jobs:
        job.result()


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
            jobs = [
                pool.submit(plan.draw_sources, a, z, cursor, self.targets)
                for a, z in zip(cuts[:-1], cuts[1:], strict=True)
                if plan.rule.k
            ]
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
        room = int(assembly.most_segments(self.total[low:high], parts, arrays).sum())
        segments = _segments(room, self.shared.size > 0)
        most_targets = max(plan.posts.size for plan in self.plans) if self.plans else 0
        desk = new_desk(self.total[low:high].max(initial=0), most_targets)
        written = assembly.assemble(
            low,
            high,
            arrays,
            self.own_at,
            self.common_at,
            self.base,
            self.targets,
            self.weights,
            self.shared,
            parts,
            segments,
            self.per_part,
            desk,
        )
        if desk.clock[1]:
            self.plans[desk.clock[1] - 1].refuse_delay()
        return assembly.Segments(*(column[:written].copy() for column in segments))

    def rows(self, segments):
        """Return the Rows, from the segments of all batches, which are taken out of their collection."""
        first = np.concatenate([[0], np.cumsum(self.per_part)])
        return Rows(first, self.layout.partitions, *segments.joined(), self.base, self.targets, self.weights)


class _Collected:
    """Segments in chunks so large that the system takes them back one by one: at no time are there two copies of all."""

    def __init__(self, sharing):
        self.sharing, self.size, self.room = sharing, 0, 0
        self.columns = [[] for _ in assembly.Segments._fields]

    def add(self, segments):
        """Append the segments of a batch."""
        done, n = 0, segments.piece.size
        while done < n:
            if self.room == 0:
                self.room = CHUNK
                for column, fresh in zip(self.columns, _segments(CHUNK, self.sharing), strict=True):
                    column.append(fresh)
            some, at = min(n - done, self.room), CHUNK - self.room
            for column, new in zip(self.columns, segments, strict=True):
                column[-1][at : at + some] = new[done : done + some]
            done, self.room, self.size = done + some, self.room - some, self.size + some

    def joined(self):
        """Return all of them as Segments, and forget them."""
        whole = _segments(self.size, self.sharing)
        for column, chunks in zip(whole, self.columns, strict=True):
            for at in range(0, column.size, CHUNK):
                some = column[at : at + CHUNK]
                some[:] = chunks.pop(0)[: some.size]
        return whole


def _segments(room, sharing):
    return assembly.Segments(np.empty(room, np.int64), np.empty(room, np.uint16), np.empty(room if sharing else 0))


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
