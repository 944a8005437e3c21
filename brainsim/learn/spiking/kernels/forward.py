"""The forward pass of one sample: the engine's grid and equations, with spikes and arrivals at their times within a step.

In a step from t_k to t_k+1, v and i of each cell decay exactly; what arrived r ms before the end has added
``w*potential(r)`` and ``w*left(r)``. A cell that reaches its threshold `lag` ms before the end of the step, which `crossing`
finds, is reset as of that moment. So v, and all that follows, is a continuous function of weights, delays and time
constants, and has a derivative except where a spike appears or vanishes. All is as in a precise simulation, but for
rounding: there each arrival moves its cell, here those of a step are added up for all cells at once.
"""

from math import nan

from brainsim.equations.crossing import SAME
from brainsim.jit.decorators import helper
from brainsim.jit.intrinsics import call_address
from brainsim.jit.references import refer
from brainsim.jit.vmath import exp, flushed
from brainsim.learn.spiking.kernels.arrivals import send
from brainsim.learn.spiking.kernels.crossing import (
    FIRED,
    begin_of,
    find_bounds,
    list_arrivals,
    list_events,
    lower,
    near_of,
    search,
)
from brainsim.learn.spiking.kernels.net import A_A, JUMP, T_REF, TAU_A, TAU_M, V_RESET, V_TH, V_V, V_X
from brainsim.learn.spiking.kernels.responses import left, potential
from brainsim.learn.vectors import copy

SCAN, FEW = 128, 16  # cells that are looked at together: most of them do not fire


@helper
def forward(net, vector, sample, keep, work):
    """Run one sample and fill `work`; with `keep` the values of every step are kept.

    `vector` (size,) holds weights, delays and time constants.
    """
    net, work = refer(net), refer(work)
    clear(net, work)
    find_bounds(net, work)
    last, at = net.start.size - 1, 0
    for b in range(1, net.start.size):
        if net.bias_at[b] >= 0:
            into = work.drive[net.start[b] : net.stop[b]]
            copy(vector[net.bias_at[b] : net.bias_at[b] + into.size], into)
    # what arrives in step k is in row ``k % rows`` of the rings; a step has used it up before its own events are sent
    for k in range(net.steps):
        # events and releases are appended, so those of a step, and of a block in a step, lie side by side
        work.first[k], work.freed[k] = work.ends[0], work.ends[1]
        slot = k % work.ring_v.shape[0]
        if sample.currents.shape[0] > 0:
            drive_by(net, vector, sample.currents[k], work.drive)
        at = enter_inputs(k, net.dt, sample, at, work)
        work.begins[k, 0] = work.first[k]
        for b in range(1, net.start.size):
            row, work.begins[k, b] = k if keep else 0, work.ends[0]
            # cells of a model have kernels of their own, which move them and find their spikes
            if net.ahead[b] != 0:
                work.moment[0], work.moment[1], work.moment[2] = k, slot, keep
                call_address(net.ahead[b], (work.cells[b], work.cells[b]))
                continue
            driven = net.bias_at[b] >= 0 or (b == 1 and sample.currents.shape[0] > 0)
            move(net, b, row, slot, driven, work)
            # the events that may arrive at this block are listed when a cell first needs them
            work.ends[2] = -1
            if net.waiting[b] or net.exact[b]:
                work.kind[k, net.start[b] : net.stop[b]] = 0
            # both correct what `move` did to all cells as if none were refractory and none fired
            if net.waiting[b]:
                hold(net, vector, b, k, row, work)
            if net.exact[b]:
                cross(net, vector, b, k, row, slot, work)
            elif net.spiking[b]:
                fire(net, b, k, work)
        work.begins[k, net.start.size] = work.ends[0]
        # an event arrives in a later step at the earliest, so the blocks may be in any order, also if they form a circle
        for b in range(net.start.size):
            send(net, vector, b, k, slot, work)
        for o in range(net.stop[last] - net.start[last]):
            work.trace[k, o] = work.v[net.start[last] + o]
    work.first[net.steps], work.freed[net.steps] = work.ends[0], work.ends[1]


@helper
def clear(net, work):
    """Set the state to that at the start."""
    copy(net.start_v, work.v)
    work.i[:] = 0.0
    work.a[:] = 0.0
    work.release[:] = -1.0
    work.last[:] = -1
    work.drive[:] = 0.0
    work.ring_v[:] = 0.0
    work.ring_i[:] = 0.0
    work.ring_down[:] = 0.0
    work.counts[:] = 0
    work.ends[:] = 0
    work.known[:] = nan
    copy(net.above, work.again)


@helper
def drive_by(net, vector, row, drive):
    """Put the input current of each cell of the first layer into `drive`."""
    # drive = row @ W, with the weights of the first connection
    n, at = net.stop[1] - net.start[1], net.at[0]
    into = drive[net.start[1] : net.stop[1]]
    into[:] = 0.0
    for i in range(row.size):
        if row[i] != 0.0:
            weights = vector[at + i * n : at + (i + 1) * n]
            for j in range(n):
                into[j] += row[i] * weights[j]


@helper
def enter_inputs(k, dt, sample, at, work):
    """Append the input spikes up to the end of step k to the events; return where the next ones are."""
    # block 0 are the inputs; the events of a step lie side by side, so that `begins` says which they are
    x, times, units = work.ends[0], sample.times, sample.units
    while at < times.size and times[at] <= (k + 1) * dt:
        work.block[x], work.cell[x], work.time[x] = 0, units[at], times[at]
        x += 1
        at += 1
    work.ends[0] = x
    return at


@helper
def move(net, b, row, slot, driven, work):
    """Move the cells of a block by one step, with what arrives in it, and keep what they were.

    With more than four arrays in a loop, LLVM does not check whether they overlap, and does not vectorise it.
    """
    # the exact solution over a step: v' = v_v*v + v_x*drive + the sum of v_i*i over receptors + what arrives,
    # i' = i_i*i + what arrives, a' = a_a*a
    numbers, low, high, first = net.numbers[b], net.start[b], net.stop[b], net.receptors[b]
    v, v0 = work.v[low:high], work.v0[row, low:high]
    for p in range(first, net.receptors[b + 1]):
        begin, end = net.slot[p], net.slot[p] + high - low
        i, into_v, into_i = work.i[begin:end], work.ring_v[slot, begin:end], work.ring_i[slot, begin:end]
        # the first receptor also makes v decay, others only add their part, since the solution is linear in the currents
        if p > first:
            add_potential(v, net.v_i[p], i, into_v)
        elif driven:
            copy(v, v0)
            drive_potential(v, i, work.drive[low:high], numbers[V_V], net.v_i[p], numbers[V_X])
            add_potential(v, 0.0, i, into_v)
        else:
            decay_potential(v, i, into_v, v0, numbers[V_V], net.v_i[p])
        decay_and_add(i, net.i_i[p], into_i, work.i0[row, begin:end])
    if net.adaptive[b]:
        # nothing arrives at a; this row of the ring has been used up, so it is all 0
        zeros = work.ring_v[slot, net.slot[first] : net.slot[first] + high - low]
        decay_and_add(work.a[low:high], numbers[A_A], zeros, work.a0[row, low:high])


@helper
def decay_potential(v, i, into, before, vv, vi):
    """Move v by a step, add what arrives, which is used up, and keep what v was."""
    for j in range(v.size):
        before[j] = v[j]
        v[j] = flushed(vv * v[j] + vi * i[j]) + into[j]
        into[j] = 0.0


@helper
def drive_potential(v, i, drive, vv, vi, vx):
    """Move v by a step with a current from outside."""
    for j in range(v.size):
        v[j] = flushed(vv * v[j] + vi * i[j] + vx * drive[j])


@helper
def add_potential(v, factor, i, into):
    """Add to v, at the end of a step, the part of a further receptor, and what arrives, which is used up."""
    for j in range(v.size):
        v[j] += factor * i[j] + into[j]
        into[j] = 0.0


@helper
def decay_and_add(x, factor, into, before):
    """Let x decay, add what arrives, which is used up, and keep what x was."""
    for j in range(x.size):
        before[j] = x[j]
        x[j] = flushed(factor * x[j]) + into[j]
        into[j] = 0.0


@helper
def hold(net, vector, b, k, row, work):
    """Correct the cells of a block that are refractory in step k, or become free within it."""
    low, high = net.start[b], net.stop[b]
    for begin in range(low, high, SCAN):
        end = min(begin + SCAN, high)
        # most stretches have no refractory cell: one comparison for each, vectorised, saves the visit
        if count_later(work.release[begin:end], k * net.dt):
            for j in range(begin, end):
                hold_cell(net, vector, b, k, row, j, work)


@helper
def count_later(times, start):
    """Return the number of times after the start; without a branch, so that it is vectorised."""
    count = 0
    for j in range(times.size):
        count += times[j] > start
    return count


@helper
def hold_cell(net, vector, b, k, row, j, work):
    """Keep cell j at its reset value, or let it move from its release to the end of the step."""
    numbers, t0, t1, m, first = net.numbers[b], k * net.dt, (k + 1) * net.dt, j - net.start[b], net.receptors[b]
    # refractory in the whole step
    if work.release[j] >= t1:
        work.kind[k, j] = 1
        work.v[j] = numbers[V_RESET]
    # Free from `span` ms before the end: v begins at its reset value, with the currents as they are at that moment, I =
    # i0*exp(-(dt - span)/tau_s) + the sum of w*exp(-(r - span)/tau_s) over what arrived before it.
    elif work.release[j] > t0 + SAME:
        span, x = t1 - work.release[j], work.ends[1]
        work.kind[k, j] = 2
        for p in range(first, net.receptors[b + 1]):
            work.r_current[x, p - first] = work.i0[row, net.slot[p] + m] * left(net.dt - span, net.tau_s[p])
        fall, late = exp(-span / numbers[TAU_M]), 0.0
        list_events(net, vector, b, k, work)
        for q in range(list_arrivals(net, vector, k, m, work)):
            r, p = work.came_r[q], work.came_p[q]
            # what arrives later acts on v as on any other cell
            if r <= span:
                late += work.came_w[q] * potential(r, numbers[TAU_M], net.tau_s[p])
            else:
                work.r_current[x, p - first] += work.came_w[q] * left(r - span, net.tau_s[p])
        # v(t1) = V_reset*exp(-span/tau_m) + (1 - exp(-span/tau_m))*drive + the sum of potential(span)*I + what came later
        v = numbers[V_RESET] * fall + (1.0 - fall) * work.drive[j]
        for p in range(first, net.receptors[b + 1]):
            v += potential(span, numbers[TAU_M], net.tau_s[p]) * work.r_current[x, p - first]
        work.v[j], work.begin[j] = v + late, numbers[V_RESET]
        # a is not reset; its value at the release is kept, since the search for a crossing begins there
        level = work.a0[row, j] * exp(-(net.dt - span) / numbers[TAU_A]) if net.adaptive[b] else 0.0
        work.r_cell[x], work.r_event[x] = j, work.last[j]
        work.r_span[x], work.r_level[x] = span, level
        work.ends[1] = x + 1


@helper
def cross(net, vector, b, k, row, slot, work):
    """Find the spikes of a block in step k, and reset the cells."""
    low, high = net.start[b], net.stop[b]
    down, first = work.ring_down[slot, low:high], net.receptors[b]
    # Collect in `down` what can have lowered v in this step, at most: a cell with ``v - down`` below the bound has not been
    # at the threshold (`find_bounds`). Negative weights that arrived in the step are there already, by `send`.
    if net.numbers[b, V_X] != 0.0:  # there are currents from outside
        lower(down, work.drive[low:high], work.bounds[b, 2])
    if net.receptors[b + 1] - first > 1:  # negative and positive currents may decay differently
        for p in range(first, net.receptors[b + 1]):
            lower(down, work.i0[row, net.slot[p] : net.slot[p] + high - low], net.v_i[p])
    # `again` holds the one step in which some cell begins above its threshold; such a cell may end the step below the bound
    again, work.again[b] = work.again[b] == k, -1
    for begin in range(low, high, SCAN):
        end = min(begin + SCAN, high)
        # two sizes of stretches: a hit among 128 cells costs eight looks at 16, and only those with one are visited cell by
        # cell
        if again or near_of(net, b, begin, end, slot, work):
            for j in range(begin, end, FEW):
                if again or near_of(net, b, j, min(j + FEW, end), slot, work):
                    cross_few(net, vector, b, k, row, slot, (j, min(j + FEW, end), again), work)
    # the row of the ring serves a later step from now on
    down[:] = 0.0


@helper
def cross_few(net, vector, b, k, row, slot, cells, work):
    """Find the spikes of a few cells, of which some came near their threshold, or may have been above it at the start."""
    begin, end, again = cells
    least, by_a = work.bounds[b, 0], work.bounds[b, 1]
    down, v_th = work.ring_down[slot], net.numbers[b, V_TH]
    for j in range(begin, end):
        # with v - down below least + by_a*a at the end, the cell was at the threshold nowhere in the step (`find_bounds`)
        above = again and work.v0[row, j] - work.a0[row, j] >= v_th
        if (above or work.v[j] - down[j] >= least + by_a * work.a[j]) and work.kind[k, j] != 1:
            cross_cell(net, vector, b, k, row, j, work)


@helper
def cross_cell(net, vector, b, k, row, j, work):
    """Find the spike of cell j in step k, if it fires, and reset the cell."""
    list_events(net, vector, b, k, work)
    count = list_arrivals(net, vector, k, j - net.start[b], work)
    span = begin_of(net, b, k, row, j, work)
    lag, slope = search(net, b, span, count, work)
    if lag >= 0.0:
        work.kind[k, j] += FIRED
        spike(net, b, k, j, (lag, span, slope), work)
        # the reset was not enough: it fires again at the start of the next step
        if work.v[j] - work.a[j] >= net.numbers[b, V_TH]:
            work.again[b] = k + 1


@helper
def fire(net, b, k, work):
    """Find the spikes of a block at the end of step k, and reset the cells."""
    v_th, low, high = net.numbers[b, V_TH], net.start[b], net.stop[b]
    # before the resets, for the surrogate derivative: ``d spike/dv = bump(above)``
    note_distances(work.v[low:high], work.a[low:high], v_th, work.above[k, low:high])
    for begin in range(low, high, FEW):
        end = min(begin + FEW, high)
        if count_above(work.v[begin:end], work.a[begin:end], v_th):
            for j in range(begin, end):
                if work.v[j] >= v_th + work.a[j]:
                    spike(net, b, k, j, (0.0, 0.0, 0.0), work)


@helper
def note_distances(v, a, v_th, into):
    """Note how far cells are above the threshold."""
    for j in range(into.size):
        into[j] = v[j] - a[j] - v_th


@helper
def count_above(v, a, v_th):
    """Return the number of cells that fire; without a branch, so that it is vectorised."""
    count = 0
    for j in range(v.size):
        count += v[j] >= v_th + a[j]
    return count


@helper
def spike(net, b, k, j, crossed, work):
    """Note a spike of cell j in step k, and reset the cell.

    `crossed` says how long before the end of the step it was, how long before it the cell was free, and how fast v - a rose.
    """
    x, t1 = work.ends[0], (k + 1) * net.dt
    lag, span, slope = crossed
    # what the way back needs: time, lag, for how long the cell was free, a at the end of the step, and slope*dt
    work.block[x], work.cell[x], work.time[x] = b, j - net.start[b], t1 - lag
    work.lag[x], work.over[x], work.level[x], work.rise[x] = lag, span, work.a[j], slope * net.dt
    work.ends[0] = x + 1
    work.counts[j] += 1
    reset(net.numbers[b], net.waiting[b], net.adaptive[b], lag, t1, j, x, work)


@helper
def reset(numbers, waiting, adaptive, lag, t1, j, x, work):
    """Reset a cell that fired `lag` ms before the end of the step, in event x."""
    # a at the spike, from its value at the end of the step
    level = work.a[j] * exp(lag / numbers[TAU_A]) if adaptive else 0.0
    if waiting:
        work.v[j] = numbers[V_RESET]
        work.release[j] = t1 - lag + numbers[T_REF]
        work.last[j] = x
    else:
        # the equation is linear, so of a jump `lag` ms before the end exp(-lag/tau_m) is left: no step is made twice
        work.v[j] = work.v[j] - (numbers[V_TH] + level - numbers[V_RESET]) * exp(-lag / numbers[TAU_M])
    if adaptive:
        work.a[j] = work.a[j] + numbers[JUMP] * exp(-lag / numbers[TAU_A])
