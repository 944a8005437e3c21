"""The time loop. One compiled function steps a partition of the cells through time, calling the kernels by address.

Nothing that is sent within the shortest delay can arrive within it, so a partition runs a *slice* of that many steps alone.
Then the partitions wait for each other, and each files all spikes of the slice, in the order (step, cell), for its own
targets. There are no locks and no atomic sums, and the order of every sum is fixed, so the bits do not depend on how many
partitions there are.

A point of time is completed once: events that are due are added to the state, traces are sampled. From one point to the next
the cells are advanced, with the Poisson drive. A run ends with a completed point, so it can be cut anywhere.

`run_partition` returns to Python when the steps are done, or when something is full: the caller makes room and calls again,
while the other partitions wait at their barrier.
"""

from typing import NamedTuple

import numpy as np

from brainsim.engine.delivery import FILED, deliver, file_spike, prefetch_segments
from brainsim.engine.drive import AFTER, BEFORE, add_poisson
from brainsim.engine.procedural import free_rows
from brainsim.engine.threads import SPINS, wait_for_all
from brainsim.jit.calls import call_address
from brainsim.jit.clock import ticks
from brainsim.jit.decorators import helper, kernel

# what run_partition returns, besides CALENDAR_FULL and POOL_FULL
DONE, SPIKES_FULL, ABANDONED = 0, 3, 4
# places in Progress.at
STEP, STOP, COMPLETED, PARITY, SLICE_START, SLICE_STEPS, LEFT, FOUND, DONE_FILING, RECORDED, GENERATION = range(11)
# places in Profile.ticks
# (of a type of their own, which keeps Numba from compiling one function for each literal)
UPDATE, DRIVE, DELIVERY, ROUTING, WAITING, REST = (np.int64(k) for k in range(6))
# columns of Cells.calls; the first fifteen are the kernel's arguments in their order
(
    STATE,
    ARRAYS,
    SCALARS,
    REFRACTORY,
    INPUTS,
    CURRENT,
    SPIKES,
    FLAGS,
    KEY,
    AT_STEP,
    STRIDE,
    WIDTH,
    FIRST,
    CELL,
    COUNT,
    ADDRESS,
    GROUP,
) = range(17)


class Progress(NamedTuple):
    """Where a partition stands; all else in the run is found from it."""

    at: np.ndarray  # int64 (11): see STEP ... GENERATION
    partition: int
    partitions: int
    groups: int
    slice: int  # steps between two exchanges of spikes: the shortest delay


class Cells(NamedTuple):
    """The cells of a partition: one row a call of a kernel, and the arrays that calls share."""

    calls: np.ndarray  # int64 (calls, 17)
    state: np.ndarray  # float64: state of all groups, and behind it the buffers of what arrives at the end of the step


class Trains(NamedTuple):
    """Listed spikes that this partition emits, sorted by step within each list."""

    steps: np.ndarray  # int64
    sources: np.ndarray  # int32
    ends: np.ndarray  # int64 (lists): where each list ends
    groups: np.ndarray  # int64 (lists)
    cursor: np.ndarray  # int64 (lists): the next spike of each list


class Exchange(NamedTuple):
    """Spikes of the last two slices, written by each partition for all others to read."""

    spikes: np.ndarray  # int32 (partitions, 2, capacity)
    ends: np.ndarray  # int32 (partitions, 2, slice steps * groups): where the spikes of each step and group end
    barrier: np.ndarray  # int64


class Lags(NamedTuple):
    """How long before the end of its step each recorded spike was."""

    places: np.ndarray  # int32 (cells): see `Layout.lag_places`
    recorded: np.ndarray  # float64 (as many as Recorder.spikes) [ms]


class Profile(NamedTuple):
    """Where the time of a partition goes."""

    ticks: np.ndarray  # int64 (6): see UPDATE ... REST
    scratch: np.ndarray  # int64 (3): room for the clock, and when it was last looked at


class Recorder(NamedTuple):
    """What a partition records."""

    spikes: np.ndarray  # int64: step << 32 | cell
    every: np.ndarray  # int64 (traces) [steps]
    first: np.ndarray  # int64 (traces + 1)
    index: np.ndarray  # type: ignore[assignment]  # int64: place of each sampled number in the state
    cursor: np.ndarray  # int64 (traces): where in `samples` the next sample goes
    samples: np.ndarray  # float64


@kernel
def run_partition(progress, cells, rows, pool, calendar, drives, trains, currents, recorder, exchange, lags, profile):
    """Step one partition until its stop; returns DONE, or what is full, or ABANDONED if another partition failed.

    `pool` is None where no projection is procedural, `lags` where no spike has a time within its step, `profile` where none
    is asked for: Numba compiles another function for each of these cases, without what is not needed.
    """
    # One function, and names for what is used more than once: handing all these arrays on to a function for a slice, and one
    # for a step, adds 0.7 s to the first start
    at, state, calls, groups = progress.at, cells.state, cells.calls, progress.groups
    if profile is not None:
        profile.scratch[2] = ticks(profile.scratch)
    while True:
        step = at[STEP]
        if at[COMPLETED] < step:
            if at[LEFT] == 0:
                full = _file_slice(progress, rows, pool, calendar, exchange)
                _clock(profile, ROUTING)
                if full:
                    return full
            if step > 0:
                add_poisson(step - 1, drives, state, AFTER)
                _clock(profile, DRIVE)
            deliver((step + 1) % calendar.count.size, progress.partition, rows, pool, calendar, state)
            _clock(profile, DELIVERY)
            _sample(step, state, recorder)
            at[COMPLETED] = step
        if step >= at[STOP]:
            return DONE
        if at[LEFT] == 0:
            if recorder.spikes.size - at[RECORDED] < exchange.spikes.shape[2]:
                return SPIKES_FULL
            at[PARITY] = 1 - at[PARITY]
            at[SLICE_START] = step
            at[SLICE_STEPS] = at[LEFT] = min(np.int64(progress.slice), at[STOP] - step)
            at[DONE_FILING] = at[FOUND] = 0
        out = exchange.spikes[progress.partition, at[PARITY]]
        ends = exchange.ends[progress.partition, at[PARITY]]
        if step >= currents[0]:
            currents[0] = _change_currents(currents, step)
        _clock(profile, REST)
        add_poisson(step, drives, state, BEFORE)
        _clock(profile, DRIVE)
        total, call = at[FOUND], 0
        for group in range(groups):
            while call < calls.shape[0] and calls[call, GROUP] == group:
                total += _call_row(calls[call], out, total, step)
                call += 1
            total = _emit_listed(group, step, trains, out, total)
            ends[(step - at[SLICE_START]) * groups + group] = total
        _clock(profile, UPDATE)
        _record(step, total, at, out, recorder, lags, state)
        _clock(profile, REST)
        at[STEP] += 1
        at[LEFT] -= 1
        at[GENERATION] += at[LEFT] == 0
        if at[LEFT] == 0 and progress.partitions > 1:
            if not wait_for_all(exchange.barrier, progress.partition, progress.partitions, at[GENERATION], SPINS):
                return ABANDONED
            _clock(profile, WAITING)


@helper
def _clock(profile, part):
    """Count the time since the last call to a part of the work."""
    if profile is not None:
        now = ticks(profile.scratch)
        profile.ticks[part] += now - profile.scratch[2]
        profile.scratch[2] = now


@helper
def _change_currents(row, step):
    """Change the injected currents: `row` holds when, the address of `injection.change_currents`, and what it is given."""
    return call_address(
        row[1], (row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10], row[11], row[12], step)
    )


@helper
def _call_row(call, out, total, step):
    """Call the kernel of one row of the table of calls; its spikes go behind those that are in the list already."""
    _ = out[total + call[COUNT] - 1]  # only for bounds checking: all of them may fire
    place = np.int64(out.ctypes.data) + 4 * total
    return call_address(
        call[ADDRESS],
        (
            call[STATE],
            call[ARRAYS],
            call[SCALARS],
            call[REFRACTORY],
            call[INPUTS],
            call[CURRENT],
            place,
            call[FLAGS],
            call[KEY],
            step,
            call[STRIDE],
            call[WIDTH],
            call[FIRST],
            call[CELL],
            call[COUNT],
        ),
    )


@helper
def _emit_listed(group, step, trains, out, total):
    """Emit the listed spikes of one group; returns the number of spikes of the slice so far."""
    groups, cursor, steps, sources, ends = trains.groups, trains.cursor, trains.steps, trains.sources, trains.ends
    for t in range(groups.size):
        if groups[t] == group:
            k = cursor[t]
            while k < ends[t] and steps[k] <= step + 1:
                out[total] = sources[k]
                total += 1
                k += 1
            cursor[t] = k
    return total


@helper
def _record(step, total, at, out, recorder, lags, state):
    """Record the spikes of a step, which end at `total` of the slice."""
    for a in range(at[FOUND], total):
        recorder.spikes[at[RECORDED]] = ((step + 1) << 32) | np.int64(out[a])
        if lags is not None:
            place = lags.places[out[a]]
            lags.recorded[at[RECORDED]] = state[place] if place >= 0 else 0.0
        at[RECORDED] += 1
    at[FOUND] = total


@helper
def _file_slice(progress, rows, pool, calendar, exchange):
    """File all partitions' spikes of the last slice in the order (step, group, cell); resumes behind the last one filed.

    Returns FILED, or what is full.
    """
    at = progress.at
    parity, groups = at[PARITY], progress.groups
    slots = calendar.count.size
    number = 0
    if pool is not None:
        free_rows(at[STEP], pool)
    for s in range(at[SLICE_STEPS]):
        slot = (at[SLICE_START] + s + 1) % slots
        for place in range(s * groups, (s + 1) * groups):
            for partition in range(progress.partitions):
                ends = exchange.ends[partition, parity]
                spikes, last = exchange.spikes[partition, parity], ends[place]
                for a in range(ends[place - 1] if place else 0, last):
                    if number >= at[DONE_FILING]:
                        prefetch_segments(spikes[min(a + 2, last - 1)], progress.partition, rows)
                        full = file_spike(spikes[a], progress.partition, slot, 0, rows, pool, calendar)
                        if full:
                            return full
                        at[DONE_FILING] = number + 1
                    number += 1
    return FILED


@helper
def _sample(step, state, recorder):
    for t in range(recorder.every.size):
        if step % recorder.every[t] == 0:
            k = recorder.cursor[t]
            for e in range(recorder.first[t], recorder.first[t + 1]):
                recorder.samples[k] = state[recorder.index[e]]
                k += 1
            recorder.cursor[t] = k


@kernel
def file_pending(steps, sources, partition, now, rows, pool, calendar, done):
    """File spikes of the past whose events are still to come, when a run goes on from a state completed at `now`.

    `steps` are sorted; `done` (1,) counts those that are filed, so that the call can be repeated after making room. Returns
    FILED, or what is full.
    """
    slots = calendar.count.size
    for a in range(done[0], steps.size):
        full = file_spike(sources[a], partition, steps[a] % slots, now + 1 - steps[a], rows, pool, calendar)
        if full:
            return full
        done[0] = a + 1
    return FILED
