"""The time loop. One compiled function steps a partition of the cells through time, calling the operators by address.

A spike needs at least the shortest delay to arrive, so a partition runs a *slice* of that many steps alone.
Then the partitions exchange their spikes, and each files all spikes of the slice, in the order (step, group, cell), for its
own targets. There are no locks and no atomic sums, and the order of every sum is fixed, so the bits do not depend on how
many partitions there are.

A point of time is completed once: events that are due are added to the state, traces are sampled. From one point to the next
the cells are advanced, with the Poisson drive. A run ends with a completed point, so it can be cut anywhere.

`run_partition` returns to Python when the steps are done, or with the status of an operator: something is full, or the
spikes of a slice are to be exchanged by other means than shared memory. The caller handles that and calls again.
"""

import numpy as np

from brainsim.engine.loop.program import CONTINUE, Phase
from brainsim.jit.clock import ticks
from brainsim.jit.decorators import helper, kernel
from brainsim.jit.intrinsics import call_address
from brainsim.jit.records import array_of

FILE, AFTER_UPDATE, ARRIVE, SAMPLE, BEGIN_SLICE, BEFORE_UPDATE, UPDATE, EMITTED, EXCHANGE = (np.int64(k) for k in Phase)


@kernel
def run_partition(progress_, calls, first):
    """Step one partition until its stop; return CONTINUE when it is reached, or the status of an operator.

    `progress_` holds one record, see `program.new_progress`. `calls` are sorted by phase and group; those of a phase start
    at ``first[phase]``.
    """
    p = progress_[0]
    ends = array_of(p.ends)
    if p.profiled:
        clock = array_of(p.clock)
        clock[2] = ticks(clock)
    while True:
        step = p.step
        if p.completed < step:
            if p.left == 0:
                status = _run_phase(FILE, progress_, calls, first)
                if status:
                    return status
            if step > 0:
                _run_phase(AFTER_UPDATE, progress_, calls, first)
            _run_phase(ARRIVE, progress_, calls, first)
            _run_phase(SAMPLE, progress_, calls, first)
            p.completed = step
        if step >= p.stop:
            return CONTINUE
        if p.left == 0:
            status = _run_phase(BEGIN_SLICE, progress_, calls, first)
            if status:
                return status
            p.parity = 1 - p.parity
            p.slice_start = step
            p.slice_steps = p.left = min(p.slice, p.stop - step)
            p.total = p.emitted = p.filed = 0
        _run_phase(BEFORE_UPDATE, progress_, calls, first)
        k, stop = first[UPDATE], first[UPDATE + 1]
        end = p.parity * p.ends_capacity + (step - p.slice_start) * p.groups
        for group in range(p.groups):
            while k < stop and calls[k].group == group:
                _call(k, progress_, calls)
                k += 1
            ends[end + group] = p.total
        _run_phase(EMITTED, progress_, calls, first)
        p.emitted = p.total
        p.step += 1
        p.left -= 1
        if p.left == 0:
            p.generation += 1
            status = _run_phase(EXCHANGE, progress_, calls, first)
            if status:
                p.resume = 0
                return status


@helper
def _run_phase(phase, progress_, calls, first):
    """Call the operators of a phase; one that does not return 0 is called again first when the phase resumes."""
    p = progress_[0]
    for k in range(max(first[phase], p.resume), first[phase + 1]):
        status = _call(k, progress_, calls)
        if status:
            p.resume = k
            return status
    p.resume = 0
    return np.int64(CONTINUE)


@helper
def _call(k, progress_, calls):
    call, p = calls[k], progress_[0]
    status = call_address(call.address, (call.context, np.int64(progress_.ctypes.data)))
    if p.profiled:
        clock = array_of(p.clock)
        now = ticks(clock)
        call.ticks += now - clock[2]
        clock[2] = now
    return status
