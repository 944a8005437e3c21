"""Events on their way: spikes are filed for the cells of a partition, and delivered when they are due.

What kinds of synapses do in a step besides delivery, such as remembering the spikes of targets, is called from here, too.
"""

import numpy as np

from brainsim.engine.loop.program import LISTS_FULL, LOG_FULL, MAX_SLICE, Operator, Phase
from brainsim.engine.states.sent import CELL, STEP_BITS
from brainsim.engine.synapses.calendar import FIELDS, calendar_fields, calendar_room, clear_calendar
from brainsim.engine.synapses.kinds.kind import SynapseKind
from brainsim.engine.synapses.kinds.registry import kind_of
from brainsim.jit.records import Context, call

# of the pool of procedural rows
RING = ("head", "tail", "marked", "marks", "source", "error", "targets", "weights", "stamp", "row_at", "rows_seen")
# one kind whose functions are called: its tag, where its synapses are in the store, `deliver`, its record, `enter` (0 if it
# has none), what that has returned for the spike that is being filed, and what is prefetched: an address, bytes of a synapse
COLUMNS = ("tag", "start", "stop", "address", "context", "enter", "entry", "column", "item")
KIND = np.dtype([(name, "i8") for name in COLUMNS])


class Arrivals(Operator):
    """Filing and delivery for one partition."""

    def __init__(self, partition):
        synapses, layout, shared = partition.synapses, partition.layout, partition.shared
        self._partition, self._synapses, self._keepalive, store = partition, synapses, [], synapses.store
        self._kinds = [kind for kind in synapses.kinds if kind.called]
        fields = {}
        self._pool = self._segment = None
        if synapses.procedural:
            from brainsim.engine.synapses.kinds.procedural import resample

            self._pool = fields["pool"] = synapses.procedural.new_pool(synapses.longest, partition.index)
            fields["resample"] = resample.address(self._pool.kind)
        if self._kinds:
            fields |= self._fields_of_kinds(partition)
        if layout.within_steps:
            fields |= {"ticks": layout.ticks, "tick": float(layout.tick), "dt": float(layout.dt)}
        if store.in_ranges:
            fields["ranges"] = shared.state
        if store.values.size:
            fields["values"] = store.values
        weighted = bool(store.weight.size or (self._pool is not None and self._pool["shared"].size))
        self._context = Context(
            partition=partition.index,
            partitions=len(layout.own),
            first=store.first,
            piece=store.piece,
            delay=store.delay,
            weight=store.weight,
            targets=store.targets,
            weights=store.weights,
            state=shared.state,
            here=shared.state[store.base[partition.index] :],
            **shared.exchange.read_fields(),
            # a slot for each step until the longest delay is over, and one for the step that is being filed
            **calendar_fields(
                synapses.longest + 1, weighted, layout.dtype, entries=bool(self._kinds), lags=layout.within_steps
            ),
            **fields,
        )

    @classmethod
    def build(cls, partition):
        """Return the operator, or None if the network has neither synapses nor kinds that listen to spikes."""
        synapses = partition.synapses
        others = 0 if synapses.others is None else synapses.others.number
        called = any(kind.called for kind in synapses.kinds)
        return cls(partition) if synapses.number > others or called else None

    @classmethod
    def max_slice(cls, layout):
        """Return the shortest slice that the kinds of synapses of the network ask for."""
        return min([MAX_SLICE, *(kind_of(p).max_slice(p, layout.dt) for p in layout.network.projections)])

    def _fields_of_kinds(self, partition):
        """Return the fields with which filing and delivery call kinds of synapses."""
        base = int(partition.synapses.store.base[partition.index])
        of_times = {"lag": 0.0} if partition.layout.within_steps else {}
        segment = Context(
            start=0, length=0, weight=0.0, step=0, base=base, source=0, entry=0, entered=0, pending=0, **of_times
        )
        rows = []
        for kind in self._kinds:
            context = kind.context(partition)
            self._keepalive.append(context)
            address = kind.deliver.address(context.kind, segment.kind)
            enter = kind.enter.address(context.kind, segment.kind) if kind.enter else 0
            column = kind.read_first()
            ahead = (0, 0) if column is None else (column.ctypes.data, column.itemsize)
            rows.append((kind.tag, kind.block.start, kind.block.stop, address, context.address, enter, 0, *ahead))
        self._segment = segment
        return {"kinds": np.array(rows, KIND), "segment": segment}

    @property
    def pool(self):
        """The Context of procedural rows that are under way, None if there are no procedural projections."""
        return self._pool

    @property
    def kinds(self):
        """The kinds of synapses whose functions are called."""
        return self._kinds

    @property
    def segment(self):
        """The Context with which these functions are called, None if there are none."""
        return self._segment

    @property
    def calendar(self):
        """The Context of what is due."""
        return self._context

    @property
    def under_way(self):
        """The fields of the calendar by which events that are under way get the weights that their segments have now."""
        return ("piece", "weight", "due", "first_block", "following", "due_piece", "due_weight")

    def calls(self):
        """Return the calls of the kinds of synapses, and those that file the spikes of a slice and deliver what is due."""
        # imported here: without synapses nothing of it has to be compiled
        from brainsim.engine.synapses.delivery import deliver, file_slice

        calls = [call for kind in self._kinds for call in kind.calls(self._partition)]
        return [*calls, (Phase.FILE, 0, file_slice, self._context), (Phase.ARRIVE, 0, deliver, self._context)]

    def reset(self, step):
        """Forget all that is under way and go to `step`."""
        for kind in self._kinds:
            kind.clear(self._partition, step)
        clear_calendar(self._context)
        if self._segment is not None:
            self._segment["entered"] = self._segment["pending"] = 0
        if self._pool is not None:
            from brainsim.engine.synapses.kinds.procedural import empty

            empty(self._pool, step)

    def rooms(self):
        """Return how room is made in the calendar, in the pool, and in what kinds of synapses keep."""
        rooms = [calendar_room(self._context)]
        if self._pool is not None:
            from brainsim.engine.synapses.kinds.procedural import pool_room

            rooms.append(pool_room(self._pool, self._context, self._synapses.procedural.check))
        return rooms + [room for kind in self._kinds for room in kind.rooms(self._partition)]

    def make_room(self, status):
        """Make room by the table, and let kinds of synapses from elsewhere make theirs."""
        made = super().make_room(status)
        for kind in self._kinds if status in (LOG_FULL, LISTS_FULL) else ():
            if type(kind).make_room is not SynapseKind.make_room:
                kind.make_room(self._partition, status)
                made = True
        return made

    def continuing(self):
        """Return what is under way, and what kinds of synapses keep."""
        lists = [name for name in ("all_spikes", "all_ends", "all_lags") if name in self._context.kind.names]
        kept = [(self._context, (*FIELDS, *lists))]
        if self._pool is not None:
            kept.append((self._pool, RING))
        if self._segment is not None:
            kept.append((self._segment, self._segment.kind.names))
        return kept + [some for kind in self._kinds for some in kind.continuing(self._partition)]

    def filled(self):
        """Return how tables of kinds of synapses are filled."""
        return [some for kind in self._kinds for some in kind.filled(self._partition)]

    def watched(self):
        """Return how a page notices faults of kinds of synapses."""
        return [watch for kind in self._kinds for watch in kind.watched(self._partition)]

    def file_pending(self, sent, now):
        """File spikes that were sent and whose events are still to come.

        What arrives in the step after `now` is not delivered before that step if events have times within it.
        """
        from brainsim.engine.synapses.delivery import file_pending

        steps, sources, lags = sent.packed >> STEP_BITS, (sent.packed & CELL).astype(np.int32), sent.lags
        of_times = {} if lags is None else {"lags": lags}
        pending = Context(steps=steps, sources=sources, now=now - (lags is not None), done=0, **of_times)
        address = file_pending.address(self._context.kind, pending.kind)
        if self._segment is not None:
            self._segment["pending"] = 1
        while status := call(address, self._context.address, pending.address):
            if not self.make_room(status):
                raise RuntimeError(f"filing returned the unknown status {status}")
        if self._segment is not None:
            self._segment["pending"] = 0
