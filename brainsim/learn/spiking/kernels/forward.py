"""The forward pass of one sample: the engine's grid and equations, with spikes and arrivals at their times within a step.

In a step from t_k to t_k+1, v and i of each cell decay exactly; what arrived r ms before the end has added
``w*potential(r)`` and ``w*left(r)``. A cell whose v reaches its threshold has crossed it, by linear interpolation, `lag` ms
before the end of the step, and is reset as of that moment. So v, and all that follows, is a continuous function of weights,
delays and time constants, and has a derivative except where a spike appears or vanishes.

These functions are also called by the operator that runs a trained network in the engine: hence the same bits.
"""

from brainsim.jit.decorators import helper, inlined
from brainsim.jit.intrinsics import call_address
from brainsim.jit.references import refer
from brainsim.jit.vmath import exp, flushed
from brainsim.learn.spiking.kernels.responses import fast_of, left, potential, slow_of
from brainsim.learn.spiking.plan import A_A, JUMP, T_REF, TAU_A, TAU_M, V_RESET, V_TH, V_V, V_X
from brainsim.learn.vectors import add_scaled, copy

SCAN = 64  # cells that are looked at together: most of them do not fire
NARROW = 1e-9  # a cell that is still above its threshold after a reset crosses it again at the start of the next step


@helper
def forward(net, vector, sample, keep, work):
    """Run one sample and fill `work`; with `keep` the values of every step are kept.

    `vector` (size,) holds weights, delays and time constants.
    """
    net, work = refer(net), refer(work)
    clear(net, work)
    last, at = net.start.size - 1, 0
    for b in range(1, net.start.size):
        if net.bias_at[b] >= 0:
            into = work.drive[net.start[b] : net.stop[b]]
            copy(vector[net.bias_at[b] : net.bias_at[b] + into.size], into)
    for k in range(net.steps):
        work.first[k], work.freed[k] = work.ends[0], work.ends[1]
        slot = k % work.ring_v.shape[0]
        if sample.currents.shape[0] > 0:
            drive_by(net, vector, sample.currents[k], work.drive)
        at = enter_inputs(k, net.dt, sample, at, work)
        for b in range(1, net.start.size):
            row = k if keep else 0
            if net.ahead[b] != 0:
                work.moment[0], work.moment[1], work.moment[2] = k, slot, keep
                call_address(net.ahead[b], (work.cells[b], work.cells[b]))
                continue
            driven = net.bias_at[b] >= 0 or (b == 1 and sample.currents.shape[0] > 0)
            move(net, b, row, slot, driven, keep, work)
            if net.waiting[b]:
                hold(net, vector, b, k, row, driven, work)
            if net.spiking[b]:
                fire(net, b, k, row, work)
        for x in range(work.first[k], work.ends[0]):
            send(net, vector, x, k, work)
        for o in range(net.stop[last] - net.start[last]):
            work.trace[k, o] = work.v[net.start[last] + o]
    work.first[net.steps], work.freed[net.steps] = work.ends[0], work.ends[1]


@inlined
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
    work.counts[:] = 0
    work.ends[:] = 0


@inlined
def drive_by(net, vector, row, drive):
    """Put the input current of each cell of the first layer into `drive`."""
    n, at = net.stop[1] - net.start[1], net.at[0]
    into = drive[net.start[1] : net.stop[1]]
    into[:] = 0.0
    for i in range(row.size):
        if row[i] != 0.0:
            weights = vector[at + i * n : at + (i + 1) * n]
            for j in range(n):
                into[j] += row[i] * weights[j]


@inlined
def enter_inputs(k, dt, sample, at, work):
    """Append the input spikes up to the end of step k to the events; return where the next ones are."""
    x, times, units = work.ends[0], sample.times, sample.units
    while at < times.size and times[at] <= (k + 1) * dt:
        work.block[x], work.cell[x], work.time[x] = 0, units[at], times[at]
        x += 1
        at += 1
    work.ends[0] = x
    return at


@inlined
def move(net, b, row, slot, driven, keep, work):
    """Move the cells of a block by one step, with what arrives in it.

    One loop for each statement: with more than a few arrays in a loop, LLVM does not check whether they overlap, and does
    not vectorise it.
    """
    numbers, low, high, first = net.numbers[b], net.start[b], net.stop[b], net.receptors[b]
    v = work.v[low:high]
    copy(v, work.v0[row, low:high])
    for p in range(first, net.receptors[b + 1]):
        begin, end = net.slot[p], net.slot[p] + high - low
        i, into_v, into_i = work.i[begin:end], work.ring_v[slot, begin:end], work.ring_i[slot, begin:end]
        if keep or net.waiting[b]:
            copy(i, work.i0[row, begin:end])
        if p == first:
            decay_potential(v, i, into_v, numbers[V_V], net.v_i[p], work.drive[low:high], numbers[V_X], driven)
        else:
            add_potential(v, net.v_i[p], i, into_v)
        decay_and_add(i, net.i_i[p], into_i)
        into_v[:] = 0.0
        into_i[:] = 0.0
    if net.adaptive[b]:
        a, zeros = work.a[low:high], work.ring_v[slot, net.slot[first] : net.slot[first] + high - low]
        copy(a, work.a0[row, low:high])
        decay_and_add(a, numbers[A_A], zeros)


@helper
def decay_potential(v, i, into, vv, vi, drive, vx, driven):
    """Move v by a step; `drive` is a current from outside, if there is one."""
    if driven:
        for j in range(v.size):
            v[j] = flushed(vv * v[j] + vi * i[j] + vx * drive[j]) + into[j]
    else:
        for j in range(v.size):
            v[j] = flushed(vv * v[j] + vi * i[j]) + into[j]


@helper
def add_potential(v, factor, i, into):
    """Add to v, at the end of a step, the part of a further receptor."""
    for j in range(v.size):
        v[j] += factor * i[j] + into[j]


@helper
def decay_and_add(x, factor, into):
    """Let x decay, and add what arrives."""
    for j in range(x.size):
        x[j] = flushed(factor * x[j]) + into[j]


@inlined
def hold(net, vector, b, k, row, driven, work):
    """Correct the cells of a block that are refractory in step k, or become free within it."""
    low, high = net.start[b], net.stop[b]
    work.kind[k, low:high] = 0
    for begin in range(low, high, SCAN):
        end = min(begin + SCAN, high)
        if count_later(work.release[begin:end], k * net.dt):
            for j in range(begin, end):
                hold_cell(net, vector, b, k, row, j, driven, work)


@helper
def count_later(times, start):
    """Return the number of times after the start; without a branch, so that it is vectorised."""
    count = 0
    for j in range(times.size):
        count += times[j] > start
    return count


@inlined
def hold_cell(net, vector, b, k, row, j, driven, work):
    """Do this with cell j."""
    numbers, t0, t1, m = net.numbers[b], k * net.dt, (k + 1) * net.dt, j - net.start[b]
    if work.release[j] >= t1:
        work.kind[k, j] = 1
        work.v[j] = numbers[V_RESET]
    elif work.release[j] > t0 + NARROW:
        span = t1 - work.release[j]
        work.kind[k, j], work.span[j] = 2, span
        v, late, x = numbers[V_RESET] * exp(-span / numbers[TAU_M]), 0.0, work.ends[1]
        for p in range(net.receptors[b], net.receptors[b + 1]):
            slow, fast = arrivals_within(net, vector, p, m, k, span, work)
            current = work.i0[row, net.slot[p] + m] * left(net.dt - span, net.tau_s[p]) + fast
            v += potential(span, numbers[TAU_M], net.tau_s[p]) * current
            late += slow
            work.r_current[x, p - net.receptors[b]] = current
        if driven:
            v += (1.0 - exp(-span / numbers[TAU_M])) * work.drive[j]
        work.v[j] = v + late
        level = work.a0[row, j] * exp(-(net.dt - span) / numbers[TAU_A]) if net.adaptive[b] else 0.0
        work.begin[j] = numbers[V_RESET] - level
        work.r_cell[x], work.r_event[x] = j, work.last[j]
        work.r_span[x], work.r_level[x] = span, level
        work.ends[1] = x + 1


@inlined
def arrivals_within(net, vector, p, cell, k, span, work):
    """Return what arrivals of step k at receptor p do to a cell that is free from `span` ms before its end on.

    The first number is the potential from those that came while it was free, the second the current that those before have
    left at the release.
    """
    slow, fast = 0.0, 0.0
    earliest = work.first[max(0, k + 1 - work.ring_v.shape[0])]
    for c in range(net.pre.size):
        if net.receptor[c] == p:
            tau_m, tau_s, each = net.numbers[net.post[c], TAU_M], net.tau_s[p], net.each[c]
            for x in range(earliest, work.first[k]):
                if work.block[x] != net.pre[c]:
                    continue
                if not each:  # of most events that is known without a search for the cell
                    time = work.time[x] + vector[net.delay_at[c]]
                    if arrival_step(time, net.dt, emitted(x, work.first, k)) != k:
                        continue
                begin, end = synapses_onto(net, c, work.cell[x], cell)
                for at in range(begin, end):
                    delay = vector[net.delay_at[c] + (at if each else 0)]
                    step = arrival_step(work.time[x] + delay, net.dt, emitted(x, work.first, k))
                    if step == k:
                        r = (k + 1) * net.dt - (work.time[x] + delay)
                        if r <= span:
                            slow += vector[net.at[c] + at] * potential(r, tau_m, tau_s)
                        else:
                            fast += vector[net.at[c] + at] * left(r - span, tau_s)
    return slow, fast


@inlined
def row_of(net, c, cell):
    """Return where the synapses of a source in connection c begin and end."""
    if net.rows_at[c] < 0:
        n = net.stop[net.post[c]] - net.start[net.post[c]]
        return cell * n, (cell + 1) * n
    return net.rows[net.rows_at[c] + cell], net.rows[net.rows_at[c] + cell + 1]


@inlined
def target_of(net, c, at, m):
    """Return the target of synapse `at` of connection c, the m-th of its source, as a cell of its block."""
    return m if net.rows_at[c] < 0 else net.targets[net.targets_at[c] + at]


@inlined
def synapses_onto(net, c, source, target):
    """Return where the synapses of connection c from a source to a target begin and end; those of a source are sorted."""
    low, high = row_of(net, c, source)
    if net.rows_at[c] < 0:
        return low + target, low + target + 1
    first = net.targets_at[c]
    stop = high
    while low < high:
        middle = (low + high) // 2
        if net.targets[first + middle] < target:
            low = middle + 1
        else:
            high = middle
    end = low
    while end < stop and net.targets[first + end] == target:
        end += 1
    return low, end


@helper
def emitted(x, first, k):
    """Return the step before k in which event x came."""
    k -= 1
    while first[k] > x:
        k -= 1
    return k


@helper
def arrival_step(time, dt, k):
    """Return the step in which something arrives that was sent in step k: a later one."""
    return max(int(time / dt), k + 1)


@inlined
def fire(net, b, k, row, work):
    """Find the spikes of a block in step k, and reset the cells."""
    v_th, low, high = net.numbers[b, V_TH], net.start[b], net.stop[b]
    if net.on_grid:
        for j in range(low, high):
            work.above[k, j] = work.v[j] - work.a[j] - v_th
    for begin in range(low, high, SCAN):
        end = min(begin + SCAN, high)
        if count_above(work.v[begin:end], work.a[begin:end], v_th):
            for j in range(begin, end):
                if work.v[j] >= v_th + work.a[j]:
                    spike(net, b, k, row, j, work)


@helper
def count_above(v, a, v_th):
    """Return the number of cells that fire; without a branch, so that it is vectorised."""
    count = 0
    for j in range(v.size):
        count += v[j] >= v_th + a[j]
    return count


@inlined
def spike(net, b, k, row, j, work):
    """Note a spike of cell j in step k, and reset the cell."""
    v_th, t1, low, span = net.numbers[b, V_TH], (k + 1) * net.dt, net.start[b], net.dt
    start = work.v0[row, j] - (work.a0[row, j] if net.adaptive[b] else 0.0)
    if net.waiting[b] and work.kind[k, j] == 2:
        start, span = work.begin[j], work.span[j]
    begin = min(start, v_th - NARROW)
    span = 0.0 if net.on_grid else span
    lag = span * (work.v[j] - v_th - work.a[j]) / (work.v[j] - work.a[j] - begin)
    x = work.ends[0]
    work.block[x], work.cell[x], work.time[x] = b, j - low, t1 - lag
    work.lag[x], work.over[x], work.level[x] = lag, span, work.a[j]
    work.rise[x] = work.v[j] - work.a[j] - begin if start <= begin else -1.0
    work.ends[0] = x + 1
    work.counts[j] += 1
    reset(net.numbers[b], net.waiting[b], lag, t1, j, x, work)


@inlined
def reset(numbers, waiting, lag, t1, j, x, work):
    """Reset a cell that fired `lag` ms before the end of the step, in event x."""
    level = work.a[j] * exp(lag / numbers[TAU_A])
    if waiting:
        work.v[j] = numbers[V_RESET]
        work.release[j] = t1 - lag + numbers[T_REF]
        work.last[j] = x
    else:
        work.v[j] = work.v[j] - (numbers[V_TH] + level - numbers[V_RESET]) * exp(-lag / numbers[TAU_M])
    work.a[j] = work.a[j] + numbers[JUMP] * exp(-lag / numbers[TAU_A])


@inlined
def send(net, vector, x, k, work):
    """Add what event x, of step k, does to its targets at the steps in which it arrives."""
    block, cell, time, ring_v, ring_i = work.block[x], work.cell[x], work.time[x], work.ring_v, work.ring_i
    for c in range(net.pre.size):
        if net.pre[c] != block:
            continue
        begin, end = row_of(net, c, cell)
        low, n = net.slot[net.receptor[c]], end - begin
        tau_m, tau_s, factor = net.numbers[net.post[c], TAU_M], net.tau_s[net.receptor[c]], net.factor[net.post[c]]
        weights = vector[net.at[c] + begin : net.at[c] + end]
        if net.each[c]:
            delays = vector[net.delay_at[c] + begin : net.delay_at[c] + end]
            for m in range(n):
                step = arrival_step(time + delays[m], net.dt, k)
                if step < net.steps:
                    r, slot = (step + 1) * net.dt - (time + delays[m]), step % ring_v.shape[0]
                    at = low + target_of(net, c, begin + m, m)
                    ring_v[slot, at] += slow_of(factor, net.dt, r, tau_m, tau_s) * weights[m]
                    ring_i[slot, at] += fast_of(factor, net.dt, r, tau_s) * weights[m]
            continue
        step = arrival_step(time + vector[net.delay_at[c]], net.dt, k)
        if step >= net.steps:
            continue
        r, slot = (step + 1) * net.dt - (time + vector[net.delay_at[c]]), step % ring_v.shape[0]
        slow, fast = slow_of(factor, net.dt, r, tau_m, tau_s), fast_of(factor, net.dt, r, tau_s)
        if net.rows_at[c] < 0:
            add_scaled(ring_v[slot, low : low + n], slow, weights)
            add_scaled(ring_i[slot, low : low + n], fast, weights)
        else:
            targets = net.targets[net.targets_at[c] + begin : net.targets_at[c] + end]
            scatter(ring_v[slot], low, targets, slow, weights)
            scatter(ring_i[slot], low, targets, fast, weights)


@helper
def scatter(into, low, targets, factor, weights):
    """Add ``factor*weights`` to the targets of listed synapses."""
    for m in range(targets.size):
        into[low + targets[m]] += factor * weights[m]
