"""Delivery: from spikes to the inputs of their targets.

Synapses are sorted by source, and within a source by partition and delay. A run of one source, partition and delay is a
*segment*. A spike files its segments into a calendar under the step at which they are due; at that step the weights of each
segment are added to the state. So the scattered writes hit one array that stays in the second-level cache, where a ring
buffer of inputs times delays would not: 2.0 ns per synaptic event against 6.7 (float32) to 9.6 (float64).

Weights and targets are separate columns. Side by side, segment by segment, they would begin and end in fewer cache
lines, but delivery in the microcircuit then takes a fifth longer: what lies side by side is due one step after the other, so
the lines that two segments share are in the cache anyway.

An event of a current or a conductance is added to its variable of the state, after the cells have moved to the step at
which it is due; one that acts on the threshold directly (delta synapses), to a buffer that the kernel reads in that move.
Both happen at one point of the loop, between two moves, so the delay of the former is filed one step longer: that step
(`Layout.extra_step`) is in the delays of the store. They are in ticks, which are steps unless times are exact (`_in_steps`).
`file_slice` is called in the phase FILE, at the end of each slice, and `deliver` in ARRIVE, which follows, at each step.

The loop over what is due (`_deliver`) exists three more times, since features add to something else: in
`features/resting/kernels` and `resting/slices` for cells at rest, and in `features/precise/kernels` for exact times. A
change of what a segment is, or of the order of additions, belongs in all four. Networks of fewer than 2,000 cells a
partition never run those for cells at rest.
"""

import numpy as np

from brainsim.engine.loop.program import CALENDAR_FULL, CONTINUE, LOG_FULL, POOL_FULL
from brainsim.engine.synapses.calendar import BLOCK, file_segment, give_back
from brainsim.engine.synapses.kinds.kind import (
    CALLED,
    PER_SYNAPSE,
    PROCEDURAL,
    RANGE,
    add_range,
    add_values,
    add_weight,
    add_weights,
)
from brainsim.engine.synapses.kinds.procedural import add_procedural, free_rows
from brainsim.engine.synapses.segments import START_BITS, split_piece, tag_of
from brainsim.equations.crossing import SAME
from brainsim.jit.decorators import helper
from brainsim.jit.intrinsics import call_address, prefetch, prefetch_address
from brainsim.jit.records import address_of, array_of, array_or_none, by_address, record_at, record_or_none

AHEAD = 4  # how many segments ahead synapses are prefetched
LINE = 16  # synapses whose weights fill a cache line
ENTRY_BITS = np.int64(40)  # of what a kind of synapses has noted of a spike; the index of the kind is above them
NO_ROOM = -3  # what `enter` of a kind of synapses returns if there is no room


@by_address
def file_slice(synapses_, progress_):
    """File all partitions' spikes of the last slice in the order (step, group, cell); resumes after the last one filed.

    Returns CONTINUE, or what is full.
    """
    c, p = record_at(synapses_), record_at(progress_)
    return _file_slice(c, p, record_or_none(c, "pool"), record_or_none(c, "segment"))


@helper
def _file_slice(c, p, pool, segment):
    spikes, ends, lags = array_of(c.all_spikes), array_of(c.all_ends), array_or_none(c, "all_lags")
    parity, groups, lists, room, ends_room = p.parity, p.groups, c.lists, c.list_room, c.ends_room
    number = 0
    if pool is not None:
        free_rows(p.step, pool)
    for s in range(p.slice_steps):
        step = p.slice_start + s + 1
        for index in range(s * groups, (s + 1) * groups):
            for which in range(lists):
                at, to = (2 * which + parity) * room, (2 * which + parity) * ends_room
                last = at + ends[to + index]
                for k in range(at + ends[to + index - 1] if index else at, last):
                    if number >= p.filed:
                        _prefetch_segments(spikes[min(k + 2, last - 1)], c)
                        full = _file_spike(spikes[k], step, 0, _lag_of(lags, k), c, pool, segment)
                        if full:
                            return np.int64(full)
                        p.filed = number + 1
                    number += 1
    return np.int64(CONTINUE)


@by_address
def file_pending(synapses_, pending_):
    """File spikes of the past whose events are still to come, when a run continues from a state completed at ``now``.

    The steps are sorted; ``done`` counts those that are filed, so the call can be repeated after making room. Returns
    CONTINUE, or what is full.
    """
    c, pending = record_at(synapses_), record_at(pending_)
    return _file_pending(c, pending, record_or_none(c, "pool"), record_or_none(c, "segment"))


@helper
def _file_pending(c, pending, pool, segment):
    steps, sources, lags = array_of(pending.steps), array_of(pending.sources), array_or_none(pending, "lags")
    for k in range(pending.done, steps.size):
        full = _file_spike(sources[k], steps[k], pending.now + 1 - steps[k], _lag_of(lags, k), c, pool, segment)
        if full:
            return np.int64(full)
        pending.done = k + 1
    return np.int64(CONTINUE)


@helper
def _lag_of(lags, k):
    if lags is None:
        return 0.0
    return lags[k]


@helper
def _in_steps(delay, lag, due_lag, c):
    """Return how many steps later a spike arrives, and how long before the end of that step [ms]."""
    if due_lag is None:
        return delay, lag
    return steps_and_lag(delay, lag, c.ticks, c.tick, c.dt)


@helper
def steps_and_lag(delay, lag, ticks, tick, dt):
    """Return what a delay in ticks makes of a spike that was `lag` ms before the end of its step: steps, and a lag.

    What arrives less than `SAME` after the end of a step arrives at its end, like what rounding has not moved beyond it.
    """
    steps = -(-delay // ticks)
    whole = (steps * ticks - delay) * tick
    early = lag + whole
    if early >= dt - SAME and whole > 0.0:
        return steps - 1, max(early - dt, 0.0)
    return steps, early


@helper
def _note_time(segment, lag, due_lag):
    if due_lag is not None:
        segment.lag = lag


@helper
def _note_lag(due_lag, at, lag):
    if due_lag is not None:  # noqa: SIM102 - two conditions, as below
        if at >= 0:
            due_lag[at] = lag


@helper
def _file_spike(source, step, now, lag, c, pool, segment):
    """File the segments of a spike that happened at a step, `lag` ms before its end; those due up to `step + now` are past.

    Returns CALENDAR_FULL, POOL_FULL or LOG_FULL, with nothing filed, if there may not be enough blocks, or no room in the
    pool or for what a kind of synapses notes of the spike.
    """
    first, pieces, delays, weights = array_of(c.first), array_of(c.piece), array_of(c.delay), array_of(c.weight)
    due, due_weight = array_of(c.due), array_of(c.due_weight)
    calendar = due, array_of(c.first_block), array_of(c.last_block), array_of(c.following), array_of(c.due_piece)
    slot = step % due.size
    row = np.int64(source) * c.partitions + c.partition
    most = first[row + 1] - first[row]
    if pool is not None:
        most += array_of(pool.piece).size
    # each slot may start a block, and each BLOCK segments start one more
    if c.free_blocks < min(most, due.size + most // BLOCK + 1):
        return CALENDAR_FULL
    sampled = np.int64(0)
    if pool is not None:
        pool.source = np.int64(source)
        sampled = call_address(c.resample, (address_of(pool),))
        if sampled < 0:
            return POOL_FULL
    if segment is not None:
        segment.source, segment.step = np.int64(source), step
        _note_time(segment, lag, array_or_none(c, "due_lag"))
        if not _entered(segment, array_of(c.kinds)):
            return LOG_FULL
    if pool is not None:
        piece, delay, weight = array_of(pool.piece), array_of(pool.delay), array_of(pool.weight)
        for k in range(sampled):
            at = file_segment(piece[k], delay[k], slot, now, c, calendar)
            if at >= 0 and due_weight.size:
                due_weight[at] = weight[k] if weight.size else np.nan
    kind = np.int64(0)
    for k in range(first[row], first[row + 1]):
        # two conditions, not one: the inner one is only compiled if there is a kind of synapses that notes spikes
        if segment is not None:  # noqa: SIM102
            if tag_of(pieces[k]) >= CALLED:
                kind = _kind_of(pieces[k], array_of(c.kinds), kind)
                if array_of(c.kinds)[kind].entry < 0:  # it no longer knows of this spike: see `enter`
                    continue
        steps, early = _in_steps(delays[k], lag, array_or_none(c, "due_lag"), c)
        at = file_segment(pieces[k], steps, slot, now, c, calendar)
        if at >= 0 and weights.size:
            due_weight[at] = weights[k]
        _note_lag(array_or_none(c, "due_lag"), at, early)
        if segment is not None:  # noqa: SIM102
            if at >= 0 and tag_of(pieces[k]) >= CALLED:
                array_of(c.due_entry)[at] = kind << ENTRY_BITS | array_of(c.kinds)[kind].entry
    return CONTINUE


@helper
def _prefetch_segments(source, c):
    """Prefetch the segments of a source that is filed soon."""
    first, pieces, delays = array_of(c.first), array_of(c.piece), array_of(c.delay)
    row = np.int64(source) * c.partitions + c.partition
    for k in range(first[row], first[row + 1], 8):
        prefetch(pieces, k)
    for k in range(first[row], first[row + 1], 32):
        prefetch(delays, k)


@by_address
def deliver(synapses_, progress_):
    """Add all synapses that are due, segment by segment in the order in which they were filed, and give the blocks back."""
    c, p = record_at(synapses_), record_at(progress_)
    slot = (p.step + 1) % array_of(c.due).size
    ranges, values = array_or_none(c, "ranges"), array_or_none(c, "values")
    _deliver(c, p.step, slot, ranges, record_or_none(c, "pool"), record_or_none(c, "segment"), values)
    give_back(slot, c)
    return 0


@helper
def _deliver(c, step, slot, ranges, pool, segment, values):
    targets, weights, here, state = array_of(c.targets), array_of(c.weights), array_of(c.here), array_of(c.state)
    pieces, shared, following = array_of(c.due_piece), array_of(c.due_weight), array_of(c.following)
    count, block = array_of(c.due)[slot], array_of(c.first_block)[slot]
    for begun in range(0, count, BLOCK):
        at, after = block * BLOCK, following[block]
        for e in range(min(np.int64(BLOCK), count - begun)):
            further = min(e + AHEAD, count - begun - 1)
            later = pieces[at + further] if further < BLOCK else pieces[after * BLOCK + further - BLOCK]
            tag, later_tag = tag_of(pieces[at + e]), tag_of(later)
            if segment is not None:  # noqa: SIM102 - see below
                if later_tag >= CALLED:
                    index = at + further if further < BLOCK else after * BLOCK + further - BLOCK
                    _prefetch_kind(later, array_of(c.due_entry)[index] >> ENTRY_BITS, targets, array_of(c.kinds))
            if tag >= RANGE:
                weight = shared[at + e] if shared.size else np.nan
                # two conditions, not one: the inner one is only compiled if there are ranges, or a pool
                if ranges is not None:  # noqa: SIM102
                    if tag == RANGE:
                        start, length = split_piece(pieces[at + e])
                        add_range(ranges, weight, start, length)
                if pool is not None:  # noqa: SIM102
                    if PROCEDURAL <= tag < CALLED:
                        add_procedural(pieces[at + e], tag, weight, pool, state)
                if segment is not None:  # noqa: SIM102
                    if tag >= CALLED:
                        segment.weight, segment.step = weight, step
                        call_kind(pieces[at + e], array_of(c.due_entry)[at + e], segment, array_of(c.kinds))
                continue
            ahead, more = split_piece(later)
            if pool is not None or ranges is not None:
                # what lies in the pool is in the cache already, and ranges have no list of targets
                more = more if later_tag < RANGE or later_tag >= CALLED else 0
            start, length = split_piece(pieces[at + e])
            weight = 0.0 if tag == PER_SYNAPSE else shared[at + e]
            done = 0
            # the lines of a later segment are prefetched between the events of this one: the processor keeps a dozen
            # requests at a time, and then stalls
            while done < max(length, more):
                prefetch(targets, ahead + done)
                if later_tag == PER_SYNAPSE:
                    prefetch(weights, ahead + done)
                low, high = start + min(done, length), start + min(done + LINE, length)
                if tag != PER_SYNAPSE:
                    add_weight(here, targets, weight, low, high)
                elif values is None:
                    add_weights(here, targets, weights, low, high)
                else:
                    add_values(here, targets, values, weights, low, high)
                done += LINE
        block = after


@helper
def _prefetch_kind(piece, kind, targets, kinds):
    """Prefetch the first synapses of a segment of a kind that is called; the processor prefetches the rest."""
    start, length = split_piece(piece)
    length = min(length, np.int64(4 * LINE))
    for k in range(0, length, 2 * LINE):
        prefetch(targets, start + k)
    first, item = kinds[kind].column + (start - kinds[kind].start) * kinds[kind].item, kinds[kind].item
    for line in range(0, length * item, 64):
        prefetch_address(first + line)


@helper
def call_kind(piece, entry, segment, kinds):
    """Call the function of the kind of a segment's synapses, with what it has noted of the spike."""
    start, segment.length = split_piece(piece)
    kind, segment.entry = entry >> ENTRY_BITS, entry & ((np.int64(1) << ENTRY_BITS) - 1)
    segment.start = start - kinds[kind].start
    call_address(kinds[kind].address, (kinds[kind].context, address_of(segment)))


@helper
def _kind_of(piece, kinds, likely):
    """Return the index of the kind of a segment's synapses; it is often `likely`, that of the segment before."""
    start, tag, kind = piece >> START_BITS, tag_of(piece), np.int64(0)
    if kinds[likely].start <= start < kinds[likely].stop and tag == kinds[likely].tag:
        return likely
    while start >= kinds[kind].stop or tag != kinds[kind].tag:
        kind += 1
    return kind


@helper
def _entered(segment, kinds):
    """Let the kinds of synapses note a spike, each once; return whether all had room for it."""
    for kind in range(segment.entered, kinds.size):
        if kinds[kind].enter:
            kinds[kind].entry = call_address(kinds[kind].enter, (kinds[kind].context, address_of(segment)))
            if kinds[kind].entry == NO_ROOM:
                return False
        segment.entered = kind + 1
    segment.entered = 0
    return True
