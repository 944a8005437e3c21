"""What a partition keeps of a plastic projection: spikes of its sources and of its targets, and the record of its functions.

The sources' spikes are in a *log*: an entry for each spike that may still be needed, linked from the newest to the oldest,
with the presynaptic traces before and after the spike. All synapses of a source read the same entries, whatever their
delays. The time of an entry and the one before lie side by side in ``log_link``, and its traces in ``log_values``: a spike
meets two cache lines for each of the two entries that it touches.

The targets' spikes since the last sweep, and the steps in which the condition of a rule holds, are in lists. A spike is one
number, its step and its index (`rule_code.INDEX_BITS`), so spikes are in the order of time. ``latest`` has the last two
spikes of each cell side by side, and ``older`` the spike of the same cell before that of an index: most synapses see one
spike or none between two of their source, and read one cache line.
Postsynaptic traces are kept for the last steps, as far as dendritic delays look back.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from brainsim.engine.loop.program import CONTINUE, LISTS_FULL, LOG_FULL, Phase
from brainsim.engine.loop.room import Room, as_needed, chain
from brainsim.features.plasticity.equations.target_cell import OF_TARGET
from brainsim.features.plasticity.modulator import clear_modulator, modulator_fields
from brainsim.features.plasticity.rule_code import INDEX_BITS, NEVER, NOT_A_SOURCE, PERIOD
from brainsim.features.plasticity.writer import SINCE, logged_values
from brainsim.jit.decorators import helper, kernel
from brainsim.jit.records import Context, array_of, by_address, call, new_scratch, record_at
from brainsim.rng.streams import stream_key

FIRST_ENTRIES, FIRST_POSTS = 1024, 1024  # initial room


class Reading(NamedTuple):
    """How synapses are brought up to a step: `function` is called with a record and with when this is.

    To read them, the record is a copy of `context` with copies of the `columns`, and with `after` in its field ``lag``. The
    second record is like `now`: ``soma`` is the step times `per_step`, plus `after`, and ``arrived`` is `back` less.
    """

    function: Any
    context: Context
    now: Context
    columns: tuple[str, ...]
    per_step: int
    after: int
    back: int


class PlasticPart:
    """The record of a plastic projection in a partition; the functions of the rule work on its `context`."""

    def __init__(self, kind, partition):
        self.kind, self._index, self._progress = kind, partition.index, partition.progress
        self._code, layout = kind.code, partition.layout
        places, parts = layout.input_places(kind.projection.post, kind.projection.synapse)
        mine = parts == partition.number
        self._low = int(places[mine].min(initial=layout.n_numbers)) if mine.any() else 0
        self._width = int(places[mine].max()) - self._low + 1 if mine.any() else 0
        self.cells = layout.global_indices(kind.projection.post)[mine]
        self.indices = places[mine].astype(np.int64) - self._low
        index_of = np.full(layout.n_cells, -1, np.int32)
        index_of[self.cells] = self.indices
        base = int(kind.store.base[self._index])
        self.context = Context(
            **self._numbers(base, partition),
            **kind.arrays(),
            **self._columns(kind.columns()),
            here=partition.shared.state[base:],
            index_of=index_of,
            newest=np.zeros(layout.n_cells, np.int32),
            **({"ids": kind.ids()} if kind.equations.random else {}),
            **modulator_fields(kind, partition),
            **self._target_fields(partition),
            **self._log_fields(FIRST_ENTRIES),
            **self._post_fields(FIRST_POSTS),
        )
        self.clear(0)

    def _numbers(self, base, partition):
        kind = self.kind
        return {
            "partition": self._index,
            "partitions": len(partition.layout.own),
            "shift": base - self._low,
            "width": self._width,
            "ring": kind.ring,
            # a listed step takes as much room as a spike
            "room": self.cells.size * partition.progress["slice"] if kind.equations.on_step else 0,
            **{f"late_{self._code.number[y]}": steps for y, steps in kind.late.items()},
            "extra": kind.extra_step,
            "dendritic": kind.dendritic,
            "longest_dendritic": kind.longest_dendritic,
            "start": kind.block.start,
            "stop": kind.block.stop,
            "period": PERIOD,
            "dt": kind.clock.unit,
            **self._exact_numbers(partition.layout),
            "lag": 0,  # how much less far they are brought up to date in order to be read
            "swept": 0,  # up to which time at the soma all synapses are up to date
            "learning": 1,
            "touched": 0,
            # first synapse with a non-finite weight or output (-1: none), when, and values for the message
            "fault": -1,
            "fault_step": 0,
            "fault_time": 0,
            "fault_sent": 0,
            "fault_amount": 0.0,
            **dict.fromkeys(("fault_pre", "fault_source", "fault_target"), 0),
            "fault_values": np.zeros(len(self._code.seen)),
            "key": np.uint64(stream_key(partition.seed, "plasticity", kind.projection.name)),
            "log_free": 0,
            "log_free_number": 0,
            "post_number": 0,
            **{f"rate_{k}": rate for k, rate in enumerate(kind.rates)},
            **{f"initial_{self._code.number[x]}": kind.initial[x] for x in (*self._code.pre, *self._code.post)},
        }

    def _exact_numbers(self, layout):
        if not self._code.exact:
            return {}
        per_step = self.kind.clock.per_step
        return {"per_step": per_step, "ticks": layout.ticks, "tick": float(layout.tick), "step": float(layout.dt)}

    def _columns(self, columns):
        values = columns | self.kind.parameters
        return {"w": self.kind.weights(columns), **{f"column_{self._code.number[c]}": values[c] for c in self._code.columns}}

    def _target_fields(self, partition):
        """Return the fields of a rule that reads variables of its targets: where they are in the state."""
        kind, layout = self.kind, partition.layout
        fields = {}
        for name in kind.equations.of_target:
            variable, label = name.removesuffix(OF_TARGET), f"{kind.projection.name}.plasticity"
            places = layout.state_places(kind.projection.post, variable, label)[np.isin(kind.targets, self.cells)]
            # some places between those of the targets belong to other cells: they are advanced too, which is simplest
            fields[f"at_{self._code.number[name]}"] = at = np.full(self._width, places[0] if places.size else 0, np.int64)
            at[self.indices] = places
        state = {"state": partition.shared.state} if fields else {}
        return fields | state | ({"cells": self.indices} if kind.equations.step_condition is not None else {})

    def _log_fields(self, room):
        return {
            "log_link": np.zeros(2 * room, np.int64),
            "log_values": np.zeros(room * len(logged_values(self._code.pre))),
            "log_claimed": np.zeros(room, np.int8),  # whether an entry of a saved state belongs to a spike under way
            **({"log_lag": np.zeros(room)} if self._code.exact else {}),  # by which its spike was before the end of a step
        }

    @property
    def link(self):
        """Time of each entry of the log, and the entry before of the same source or -1: a view, shape (entries, 2)."""
        return self.context["log_link"].reshape(-1, 2)

    def logged(self, side, trace):
        """Return a presynaptic trace "before" or "after" the spike of each entry: a view, shape (entries,)."""
        names = logged_values(self._code.pre)
        return self.context["log_values"].reshape(-1, len(names))[:, names.index((side, trace))]

    def _post_fields(self, room):
        kinds = {SINCE: np.int64}
        code, room_of_rows = self._code, self.kind.ring * self._width
        fields = {f"row_{code.number[y]}": np.zeros(room_of_rows, kinds.get(y, np.float64)) for y in code.rows}
        if not self._code.lists:
            return fields
        if self._code.exact:
            fields |= {"latest": np.zeros(self._width, np.int64)}
        else:
            fields |= {"latest": np.zeros(2 * self._width, np.int64)}
            fields |= {"candidates": new_scratch(2 * self.kind.longest_segment + 2, np.int32)}
        return fields | self._list_fields(room)

    def _list_fields(self, room):
        fields = {name: np.zeros(room, np.int64) for name in ("post_time", "older", "stack")}
        fields |= {"post_owner": np.zeros(room, np.int32)}
        return fields | {f"post_{self._code.number[y]}": np.zeros(room) for y in self._code.listed}

    def calls(self):
        """Return the calls: room for the spikes of a slice, what is remembered of a step, and the sweeps."""
        module, equations, calls = self.kind.module, self.kind.equations, []
        if (self._code.post or self._code.posts) and not self._code.exact:
            calls.append((Phase.EMITTED, 0, module.remember, self.context))
        if self._code.lists:
            calls.append((Phase.BEGIN_SLICE, 0, has_room, self.context))
        if hasattr(module, "begin"):
            calls.append((Phase.FILE, 0, module.begin, self.context))
        if equations.modulator:
            calls.append((Phase.FILE, 0, module.modulate, self.context))
        if self.kind.sweeps:
            calls.append((Phase.AFTER_UPDATE, 0, module.sweep_in_time, self.context))
        return calls

    def clear(self, step):
        """Forget all spikes and go to `step`."""
        c = self.context
        c["newest"][:] = NOT_A_SOURCE
        c["newest"][self.kind.sources] = -1
        room = len(self.link)
        self.link[:, 1] = np.arange(1, room + 1)
        c["log_free"], c["log_free_number"] = 0, room
        c["log_claimed"][:] = 0
        for y in self._code.rows:
            c[f"row_{self._code.number[y]}"][:] = self.kind.initial[y]
        for y in () if self._code.exact else self._code.post:
            # rows of the points 0 and 1, at which no cell has fired yet
            c[f"row_{self._code.number[y]}"].reshape(c["ring"], -1)[1] = self.kind.after_a_step[y]
        c["swept"], c["touched"] = step * self.kind.clock.per_step, 0
        c["fault"] = -1
        clear_modulator(c, self.kind, step)
        if self._code.lists:
            c["post_number"] = 0
            c["latest"][:] = -1 if self._code.exact else NEVER

    def begin(self):
        """Let the postsynaptic traces begin with the state of the targets, if they depend on it and this is time 0."""
        if hasattr(self.kind.module, "begin"):
            rule, now = self.context, Context(step=self.step())
            call(self.kind.module.begin.address(rule.kind, now.kind), rule.address, now.address)

    def has_room(self, capacity):
        """Return whether the lists have room for some spikes."""
        return self.context["post_time"].size - self.context["post_number"] >= capacity

    def rooms(self):
        """Return how room is made in the log of spikes of the sources, and in the lists of those of the targets."""
        return [self.log_room(), *([self.list_room()] if self._code.lists else [])]

    def list_room(self):
        """Return how the lists get room for as many spikes as a slice may have; ``make(more=)`` for another number."""
        c, name = self.context, self.kind.projection.name
        return Room(
            LISTS_FULL,
            tuple((c, field) for field in self._list_fields(0)),
            before=as_needed,
            arguments={"array": (c, "post_time"), "number": (c, "post_number"), "more": self._most_listed(), "each": 1},
            most=1 << INDEX_BITS,
            message=f"{name}: more than {1 << INDEX_BITS} spikes of its targets in {PERIOD} steps",
        )

    def _most_listed(self):
        """Return the largest possible number of events of a slice."""
        return int(self._progress["capacity"]) + self.context["room"]

    def log_room(self):
        """Return how entries are freed that no synapse needs any more, and the log grows if that is not much."""
        c, per_step = self.context, self.kind.clock.per_step
        free = {"free": (c, "log_free"), "number": (c, "log_free_number")}
        arrays = {"sources": self.kind.sources, "newest": (c, "newest"), "links": (c, "log_link")}
        now = {"step": (self._progress, "step"), "per_step": per_step, "back": self.now() - self.oldest()}
        return Room(
            LOG_FULL,
            tuple((c, field) for field in self._log_fields(0)),
            before=free_log,
            after=chain,
            arguments=arrays | free | now | {"stride": 2, "offset": 1},
        )

    def grow_log(self):
        """Double the room in the log."""
        replace(self.log_room(), before=None).make()

    def continuing(self):
        """Return the record: all of it that changes in a run belongs to the state."""
        return [(self.context, self.context.kind.names)]

    def step(self):
        """Return the point of time that the partition has reached."""
        return int(self._progress["step"])

    def now(self):
        """Return this point in units of the clock."""
        return self.step() * self.kind.clock.per_step

    def oldest(self):
        """Return the time before which spikes of sources have arrived everywhere; exact times are rounded in two ways."""
        return self.now() - self.kind.longest - (self.kind.clock.per_step if self._code.exact else 0)

    def sweep(self, columns=None, **only):
        """Bring the synapses up to the point that is completed: those of the record, or others in order to read them.

        `columns` are used instead of those of the record, and `only` instead of its fields that name the segments.
        """
        if not self.kind.sweeps:
            return
        reading, rule = self.reading(), self.context
        soma = self.now() + reading.after
        now = Context(soma=soma, arrived=soma - reading.back)
        if columns is not None:
            names = rule.kind.names[1:]
            changed = self._columns(columns) | {"lag": reading.after, "key": np.uint64(rule["key"])}
            rule = Context(**{name: rule[name] for name in names} | changed | only)
        call(reading.function.address(rule.kind, now.kind), rule.address, now.address)
        if columns is None:
            rule["swept"] = soma

    def reading(self):
        """Return the Reading of the synapses, None if there is nothing to bring up to date."""
        if not self.kind.sweeps:
            return None
        clock, kept = self.kind.clock, self.kind.columns()
        names = [f"column_{self._code.number[c]}" for c in self._code.columns if c in kept]
        # on the grid, what arrives within the next step (Delta) has been delivered already
        back = clock.after if clock.exact else self.kind.extra_step
        times = {"per_step": clock.per_step, "after": clock.after, "back": back}
        now = Context(soma=0, arrived=0)
        return Reading(self.kind.module.sweep, self.context, now, tuple(dict.fromkeys(["w", *names])), **times)


@by_address
def has_room(rule_, progress_):
    """Return LISTS_FULL unless there is room for the largest possible number of events of a slice."""
    rule, progress = record_at(rule_), record_at(progress_)
    return CONTINUE if rule.post_time.size - rule.post_number >= progress.capacity + rule.room else LISTS_FULL


# -- which entries of the log are still needed -----------------------------------------------------------------------------


@helper
def entry_before(entry, link, oldest):
    """Return the entry before one of the same source, -1 if there is none that is still needed.

    A synapse needs the entries that are still under way to it, and all of the step of the last one that has arrived: at a
    tie the traces are read as they were before the first of them.
    """
    before = link[2 * entry + 1]
    if before >= 0 and link[2 * entry] < oldest and link[2 * before] < link[2 * entry]:
        return np.int64(-1)
    return before


@kernel
def free_entries(sources, newest, link, oldest, first_free):
    """Free the entries that no synapse needs any more, of spikes before `oldest`; return (first free entry, number)."""
    free, freed = np.int64(first_free), np.int64(0)
    for s in range(sources.size):
        entry = np.int64(newest[sources[s]])
        if entry < 0:
            continue
        before = entry_before(entry, link, oldest)
        while before >= 0:
            entry = before
            before = entry_before(entry, link, oldest)
        # `entry` is the oldest that is needed: cut the chain behind it, and put the rest in front of the free ones
        rest = link[2 * entry + 1]
        link[2 * entry + 1] = -1
        while rest >= 0:
            following = link[2 * rest + 1]
            link[2 * rest + 1], free = free, rest
            freed += 1
            rest = following
    return free, freed


@by_address
def free_log(room_):
    """Free the entries of a full log that no synapse needs any more; let it grow if they are less than half of all."""
    r = record_at(room_)
    r.factor = 1
    # `number` entries are free: the log that is full is that of another projection
    if r.number > 0:
        return 0
    links = array_of(r.links)
    oldest = r.step * r.per_step - r.back
    r.free, r.number = free_entries(array_of(r.sources), array_of(r.newest), links, oldest, np.int64(-1))
    # an entry has two links, so a quarter of `links` is half of the entries
    if r.number < links.size // 4:
        r.factor = 2
    return 0


@kernel
def list_entries(sources, newest, link, oldest, entries, owners):
    """Write the entries that are still needed, those of each source from the oldest to the newest; return their number."""
    number = np.int64(0)
    for s in range(sources.size):
        entry, begin = np.int64(newest[sources[s]]), number
        while entry >= 0:
            entries[number], owners[number] = entry, sources[s]
            number += 1
            entry = entry_before(entry, link, oldest)
        # the chain leads from the newest to the oldest: turn it round
        for k in range((number - begin) // 2):
            first, last = begin + k, number - 1 - k
            entries[first], entries[last] = entries[last], entries[first]
    return number


def entries_of(sources, newest, link, oldest):
    """Return the entries that are still needed, those of each source from the oldest to the newest, and their sources."""
    entries, owners = np.empty((2, link.size // 2), np.int64)
    number = list_entries(sources, newest, link, oldest, entries, owners)
    return entries[:number].copy(), owners[:number].copy()
