"""Building the synapse store: from the projections of a network to the arrays that delivery reads.

The synapses of each source are counted, so every row has its offset before anything is sampled. Then threads sample, sort
and write the rows in batches of sources.
"""

import copy
import functools
from collections import deque

import numpy as np

from brainsim.build.own import index_here
from brainsim.core.checks import MissingName, known_as
from brainsim.engine.synapses import sampling, segments
from brainsim.engine.synapses.few_values import few_values_of
from brainsim.engine.synapses.kinds.registry import Classes
from brainsim.engine.synapses.near import most_candidates
from brainsim.engine.synapses.projections import (
    GlobalIndices,
    Plan,
    listed_weights,
    make_room_for_counts,
    projection_fields,
    shared_weights,
)
from brainsim.engine.synapses.ranges import find_ranges, merge_ranges
from brainsim.jit.background import Workers
from brainsim.jit.records import Context
from brainsim.network.projection import handler_among

BATCH = 1 << 20  # synapses of a batch: large enough to hide the cost of Python, small enough for a progress bar
MAX_SOURCES = 1 << 14  # of a batch
CHUNK = 1 << 24  # segments: the smallest column, of 2 bytes each, is above the 32 MB that are returned to the system
NO_DELAY = 1 << 20  # steps: longer than any delay
UINT16_RANGE = 1 << 16  # different values of 16 bits
POLL = 0.1  # seconds after which the progress of building is shown again


class Block:
    """The synapses of one projection of a registered kind, as they lie in the store; couplings have `SortedPairs` for it.

    - `start`, `stop`: their range among all synapses of the store.
    - `targets`: uint16 or int32, the place in the state of each event, counted from the base of its partition.
    - `weights`: float32, of each synapse, see `listed_weights`; None if they share a weight.
    """

    order = None  # the index of each synapse of the SynapseTable; None if it follows from the store

    def __init__(self, store, plan, start, stop):
        self.projection, self.tag, self.start, self.stop = plan.projection, plan.kind.tag, start, stop
        self.store, self.layout, self.targets = store, store.layout, store.targets[start:stop]
        self.weights = store.weights[start:stop] if plan.shared_weight is None else None
        self.in_table = None  # of the ranks of an MPI run, see `readback.in_table`


class Synapses:
    """All synapses of a network: those that are stored, and how to sample those that are not.

    They are built by some `threads`, which `show` the amount of work that is done, see `Passes`.

    - `number`: how many synapses there are.
    - `shortest`, `longest`: shortest and longest delay as filed, in steps; 0 without synapses.
    - `kinds`: the SynapseKind objects of registered kinds, and of `others` that learn.
    - `others`: what their handler has built of all that act without spikes; None without any.
    - `former`: projection -> the name it had when it was described, if synapses were added or removed since.
    """

    def __init__(self, layout, threads, show=lambda done: None):
        cells = GlobalIndices(layout)
        plans = [Plan(layout, p, cells) for p in layout.network.projections if p.by_spikes]
        sampled = [plan for plan in plans if plan.projection.storage == "procedural"]
        stored = [plan for plan in plans if plan not in sampled]
        found = find_ranges(layout, [plan.projection for plan in stored])
        ranges = [plan for plan in stored if plan.projection in found]
        stored = [plan for plan in stored if plan.projection not in found]
        counts, counts_sampled = make_room_for_counts(stored), make_room_for_counts(sampled)
        with Workers(threads) as pool:
            passes = Passes(show, sum(plan.projection.expected for plan in ranges))
            count_synapses(stored + sampled, pool, threads, passes)
            self.store = Store(layout, stored, counts, pool, threads, passes)
        self.store.add_ranges(ranges)
        self.layout, self.plans, self.procedural, self.former = layout, plans, None, {}
        if sampled:
            from brainsim.engine.synapses.kinds.procedural import Procedural

            self.procedural = Procedural(layout, sampled, counts_sampled)
        self.number = sum(layout.ranks.all(self.store.targets.size + self.store.in_ranges)) + sum(
            int(np.broadcast_to(plan.counts, plan.sources.size).sum()) for plan in sampled
        )
        delays = [plan.delays[k] + plan.extra_step for plan in sampled for k in (0, 1)]
        if self.store.delay.size:
            delays += [int(self.store.delay.min()) // layout.ticks, -(-int(self.store.delay.max()) // layout.ticks)]
        delays = layout.ranks.all((int(min(delays, default=NO_DELAY)), int(max(delays, default=0))))
        self.shortest = min(shortest for shortest, _ in delays) % NO_DELAY
        self.longest = max(longest for _, longest in delays)
        # of spikes within steps: how long ago one under way may have been sent [ms]; events have no extra step then
        longest = max(layout.ranks.all(int(self.store.delay.max(initial=0)))) if layout.within_steps else None
        self.reach = None if longest is None else longest * layout.tick
        self.kinds = [plan.kind(block) for plan, block in self.store.blocks]
        self.store.drop_weights()
        for kind in self.kinds:
            if kind.keeps_weights:
                kind.block.weights = None  # a view of what was dropped would keep it
        self.others, handler = None, handler_among(layout.network.projections)
        if handler is not None:
            from brainsim.engine.synapses.readback import sample_again

            sample = functools.partial(sample_again, layout, threads=threads)
            self.others = handler.build(layout, sample)
            self.number += self.others.number
            self.kinds += self.others.kinds

    def copy(self):
        """Return the same synapses for a copy of the simulation: only the columns of registered kinds are copied."""
        new = copy.copy(self)
        new.kinds = [kind.copy() for kind in self.kinds]
        return new

    @property
    def projections(self):
        """Name -> projection, of those that were built; the network may have grown since."""
        built = [plan.projection for plan in self.plans] + ([] if self.others is None else self.others.projections)
        return {projection.name: projection for projection in built}

    def projection(self, wanted, label):
        """Return a projection, given by its name or as an object; raise MissingName if the network does not have it."""
        known = self.projections
        wanted = next((name for former, name in self.former.items() if former is wanted), wanted)
        by_name = isinstance(wanted, str)
        for name, projection in known.items():
            if wanted == name if by_name else wanted is projection:
                return projection
        raise MissingName(f"{label}: no projection {wanted!r} in this network{known_as(wanted, known)}")

    def kind_of(self, projection):
        """Return the kind that has a block for a projection, None if its synapses are of a built-in kind."""
        return next((kind for kind in self.kinds if kind.block.projection is projection), None)

    @property
    def nbytes(self):
        """Bytes of the synapses that are stored."""
        others = 0 if self.others is None else self.others.nbytes
        return self.store.nbytes + others + sum(kind.nbytes for kind in self.kinds)


class Passes:
    """Counts what has been done, in synapses: each pass over those of a projection is an equal share of the work.

    All are counted and then stored; sources that targets choose are drawn in between, too. `show` is called with the amount
    of work that is `done`, from time to time even if that has not changed.
    """

    def __init__(self, show=lambda done: None, done=0.0):
        self._show, self._done = show, done

    @staticmethod
    def of(plan):
        """Return the share of one pass over the synapses of a projection."""
        if plan.projection.storage != "stored":
            return 0.0
        return plan.projection.expected / plan.wiring.passes

    def wait(self, job, share=0.0):
        """Wait for a job of this share, and return its result."""
        while not job.wait(POLL):
            self._show(self._done)
        result = job.result()
        self._done += share
        self._show(self._done)
        return result


def count_synapses(plans, pool, threads, passes):
    """Count the synapses of each source of each projection: several projections, or ranges of sources of one, at a time."""
    for job in [job for plan in plans for job in plan.wiring.prepare(pool, threads)]:
        passes.wait(job)
    jobs = []
    for plan in plans:
        cuts = [0, plan.sources.size]
        if plan.wiring.in_parts:
            cuts = np.linspace(0, plan.sources.size, threads + 1).astype(np.int64)
        share = passes.of(plan) / (len(cuts) - 1)
        jobs += [(pool.submit(plan.count, start, stop), share) for start, stop in zip(cuts[:-1], cuts[1:], strict=True)]
    for job, share in jobs:
        passes.wait(job, share)


class Store:
    """The stored synapses, sorted by source, and within a source by partition, class, delay and shared weight.

    The synapses of the plans were counted, in the column `counts`.

    - `first`: (sources * partitions of this process + 1), where the segments of each source onto each partition start.
    - `piece`, `delay`, `weight`: of each segment, where its synapses are, their kind and how many they are
      (`segments.make_piece`); after how many ticks it is filed; the weight that they share, NaN if each has its own (empty
      if no weight is shared).
    - `base`: offset of the targets of each partition of this process.
    - `targets`: place of each synapse's events in the state, uint16, or int32 if a partition has more than 65,536 places.
    - `weights`: float32, of the synapses with a weight each, which come first; or uint16, the numbers of these weights among
      `values`, which is empty otherwise (see `few_values`).
    - `in_ranges`: number of synapses of which nothing is stored but their segments, see `ranges`.
    """

    def __init__(self, layout, plans, counts, pool, threads, passes):
        self.layout, self.plans, self.shared = layout, plans, np.array([*shared_weights(plans).values()])
        self.classes = Classes(plans)
        sizes = np.zeros((self.classes.number, layout.n_cells), np.int64)
        for plan in plans:
            sizes[plan.class_][plan.sources] += plan.counts
        few = few_values_of([plan.projection for plan in plans])
        self.values, self.in_ranges = np.empty(0, np.float32) if few is None else few.table, 0
        self.base, kind = _targets_kind(layout, plans)
        if kind == np.int32 and self._take_lists(few):
            return
        self._rows = sizes.sum(axis=0)
        self._fields = projection_fields(layout, plans, counts, self.classes, few)
        if len(layout.own) < layout.partitions:
            self._count_here(sizes, pool, threads)
        self.total = sizes.sum(axis=0)
        self.ends = np.cumsum(sizes)
        self.starts = self.ends - sizes.ravel()
        self.targets = np.empty(int(self.total.sum()), kind)
        self.weights = np.empty(int(sizes[: self.classes.weighted].sum()), np.float32 if few is None else np.uint16)
        self._per_part = np.zeros(layout.n_cells * len(layout.own), np.int64)
        self._leave_waiting(pool, threads, passes)
        self._build(pool, passes)
        del self._fields, self._rows

    def add_ranges(self, plans):
        """Add the segments of projections whose synapses are ranges of the state."""
        columns = self.piece, self.delay, self.weight
        self.first, (self.piece, self.delay, self.weight) = merge_ranges(self.layout, plans, self.first, columns)
        self.in_ranges = int((self.piece & segments.MAX_LENGTH).sum()) - self.targets.size if plans else 0

    @property
    def nbytes(self):
        """Bytes of all columns."""
        columns = (self.first, self.piece, self.delay, self.weight, self.base, self.targets, self.weights, self.values)
        return sum(column.nbytes for column in columns)

    def kept_weights(self, index):
        """Return the weights of some synapses that have a weight each."""
        return self.values[self.weights[index]] if self.values.size else self.weights[index]

    @property
    def blocks(self):
        """The projections of registered kinds, each with its Block."""
        cells, blocks = self.layout.n_cells, []
        for index, plans in enumerate(self.classes.plans):
            if plans and plans[0].kind.called:
                start, stop = self.starts[index * cells], self.ends[(index + 1) * cells - 1]
                blocks.append((plans[0], Block(self, plans[0], int(start), int(stop))))
        return blocks

    def drop_weights(self):
        """Forget the weights that kinds of synapses keep, which are the last ones."""
        if any(plan.kind.keeps_weights for plan in self.plans):
            kept = sum(self.classes.kept)
            self.weights = self.weights[: int(self.ends[kept * self.layout.n_cells - 1]) if kept else 0].copy()

    def _take_lists(self, few):
        """Take the columns of a list of pairs that is in the order of the store; return whether there is one."""
        projections = [plan.projection for plan in self.plans]
        if len(projections) != 1 or projections[0].rule.pairs is None:
            return False
        from brainsim.engine.synapses.as_listed import find_rows, segments_of

        found = find_rows(self.layout, projections)
        if found is None:
            return False
        self.base, lengths = found
        delay = self.plans[0].delays[0] + self.plans[0].extra_step
        self.first, self.piece, self.delay, self.weight = segments_of(lengths, delay, self.classes.tags[0], self.shared)
        self.targets = projections[0].rule.post
        weights = listed_weights(projections[0]) if few is None else few.numbers(projections[0])
        self.weights = np.asarray(weights, np.float32 if few is None else np.uint16)
        return True

    def _count_here(self, sizes, pool, threads):
        """Count the synapses of each source onto this process, by class; only rows whose targets differ must be sampled."""
        sizes[:] = 0
        cuts = np.linspace(0, sizes.shape[1], 4 * threads + 1).astype(np.int64)
        jobs = [pool.submit(self._count_rows, *cut, sizes) for cut in zip(cuts[:-1], cuts[1:], strict=True)]
        for job in jobs:
            job.result()

    def _count_rows(self, start, stop, sizes):
        sampler = self._sampler(self._rows[start:stop].max(initial=0))
        sampling.count_here(start, stop, sampler.record, sizes.shape[1], sizes.reshape(-1))

    def _sampler(self, longest_row):
        """Return the record from which rows of at most `longest_row` synapses are sampled."""
        most_targets = max((plan.posts.size for plan in self.plans), default=0)
        candidates = most_candidates(plan.projection for plan in self.plans)
        scratch = sampling.workspace_fields(longest_row, most_targets, self.classes.number, candidates)
        return Context(**self._fields, **scratch)

    def _build(self, pool, passes):
        """Assemble all batches in threads, and join their segments in the order of the sources."""
        batches = self._batches() if self.plans else []
        jobs = deque(pool.submit(self._assemble, *batch) for batch in batches)
        collected = _Chunks(self.shared.size > 0, self.layout.delay_type)
        each = sum(passes.of(plan) for plan in self.plans) / max(self.total.sum(), 1)
        for first, last in batches:
            collected.add(passes.wait(jobs.popleft(), each * self.total[first:last].sum()))
        self.first = np.concatenate([[0], np.cumsum(self._per_part)])
        self.piece, self.delay, self.weight = collected.joined()
        del self._per_part

    def _leave_waiting(self, pool, threads, passes):
        """Sample the sources of targets that choose them, and leave the targets where the rows of these sources will be."""
        free = self.starts.reshape(self.classes.number, -1).copy()
        if any(plan.wiring.needs_numbers() for plan in self.plans):
            self._fields["waiting_numbers"] = np.empty(self.targets.size, np.int32)
        numbers = self._fields.get("waiting_numbers")
        for plan in self.plans:
            if not plan.wiring.by_target:
                continue
            cursor = free[plan.class_][plan.sources]
            free[plan.class_][plan.sources] += plan.counts
            cuts = np.linspace(0, plan.sources.size, threads + 1).astype(np.int64)
            jobs = [
                pool.submit(plan.wiring.sample, start, stop, plan.counts, cursor, self.targets, numbers)
                for start, stop in zip(cuts[:-1], cuts[1:], strict=True)
                if plan.rule.k
            ]
            for job in jobs:
                passes.wait(job, passes.of(plan) / len(jobs))
            plan.wiring.forget()

    def _batches(self):
        """Return (start, stop) of the sources of each batch."""
        ends = np.cumsum(self.total)
        cuts = [0]
        while cuts[-1] < ends.size:
            done = ends[cuts[-1] - 1] if cuts[-1] else 0
            last = int(np.searchsorted(ends, done + BATCH, side="right"))
            cuts.append(min(max(last, cuts[-1] + 1), cuts[-1] + MAX_SOURCES, ends.size))
        return list(zip(cuts[:-1], cuts[1:], strict=True))

    def _assemble(self, start, stop):
        """Sample, sort and write the rows of a batch; return the columns of its segments."""
        parts, f, classes = len(self.layout.own), self._fields, self.classes.number
        room = int(segments.max_segments(self.total[start:stop], parts, classes, f["delays"], f["origins"]).sum())
        sampler = self._sampler(self._rows[start:stop].max(initial=0))
        columns = segments.segment_fields(room, self.shared.size > 0, self.layout.delay_type)
        store = Context(
            starts=self.starts,
            cells=self.layout.n_cells,
            base=self.base,
            targets=self.targets,
            weights=self.weights,
            shared=self.shared,
            tags=np.array(self.classes.tags, np.int64),
            partitions=parts,
            sampled=sampling.EVERY if parts == self.layout.partitions else sampling.THIS,
            per_part=self._per_part,
            **columns,
        )
        written = segments.assemble(start, stop, sampler.record, store.record)
        if sampler["error"]:
            self.plans[int(sampler["error"]) - 1].reject_delay()
        return [column[:written].copy() for column in columns.values()]


class _Chunks:
    """Segments in chunks large enough to be returned to the system one by one, so that there are never two copies of all."""

    def __init__(self, sharing, delay_type):
        self.kinds, self.size, self.room = (sharing, delay_type), 0, 0
        self.columns = [[] for _ in segments.segment_fields(0, *self.kinds)]

    def add(self, columns):
        done, n = 0, columns[0].size
        while done < n:
            if self.room == 0:
                self.room = CHUNK
                for column, fresh in zip(self.columns, segments.segment_fields(CHUNK, *self.kinds).values(), strict=True):
                    column.append(fresh)
            some, at = min(n - done, self.room), CHUNK - self.room
            for column, new in zip(self.columns, columns, strict=True):
                column[-1][at : at + some] = new[done : done + some]
            done, self.room, self.size = done + some, self.room - some, self.size + some

    def joined(self):
        whole = list(segments.segment_fields(self.size, *self.kinds).values())
        for column, chunks in zip(whole, self.columns, strict=True):
            for at in range(0, column.size, CHUNK):
                some = column[at : at + CHUNK]
                some[:] = chunks.pop(0)[: some.size]
        return whole


def _targets_kind(layout, plans):
    """Return where the targets of each partition start in the state, and the type that holds their offsets from there."""
    lowest, highest = np.full(len(layout.own), layout.n_numbers), np.zeros(len(layout.own), np.int64)
    fits = True
    for plan in plans:
        place, part = layout.input_places(plan.projection.post, plan.projection.synapse)
        if len(layout.own) < layout.partitions:
            part = index_here(layout, part)
            place, part = place[part >= 0], part[part >= 0]
        np.minimum.at(lowest, part, place)
        np.maximum.at(highest, part, place)
        # targets that choose their sources wait in the rows under their index in the projection
        fits &= not plan.wiring.by_target or plan.posts.size <= UINT16_RANGE
    fits &= bool((highest - lowest < UINT16_RANGE).all())
    return np.minimum(lowest, highest).astype(np.int64), np.uint16 if fits else np.int32
