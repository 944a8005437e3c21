"""The backward pass of one sample: the adjoint of `forward`, exact to rounding.

The adjoint of v and i runs backwards through the same steps. A spike matters through the time at which it arrives at its
targets and through the reset; the derivative of that time is ``1/(slope of v at the crossing)``. Only spikes, and what they
meet on arrival, have to be remembered. As the step becomes short, this is EventProp: Wunderlich & Pehle (2021),
doi:10.1038/s41598-021-91786-z; with delays Meszaros, Knight & Nowotny (2025), arXiv:2501.07331.
"""

from brainsim.jit.decorators import helper, inlined
from brainsim.jit.intrinsics import call_address
from brainsim.jit.references import refer
from brainsim.jit.vmath import exp, flushed
from brainsim.learn.spiking.kernels.crossing import FIRED, arrival_step, row_of, target_of
from brainsim.learn.spiking.kernels.responses import (
    by_tau_m,
    by_tau_s,
    change_of,
    faded_of,
    fast_of,
    left,
    potential,
    slow_of,
)
from brainsim.learn.spiking.plan import (
    A_A,
    AT_JUMP,
    AT_SLOW,
    AT_TAU_A,
    AT_TAU_M,
    JUMP,
    TAU_A,
    TAU_M,
    V_RESET,
    V_TH,
    V_V,
    V_X,
)
from brainsim.learn.vectors import add_scaled, copy


@helper
def backward(net, vector, currents, keep, rate_cost, rate_target, work, gradient):
    """Add the gradient of one sample to `gradient`, which is shaped like `vector`.

    `work` is as `forward` left it, with the derivatives of the loss with respect to the trace of the readout in `d_trace`,
    and to the times of its spikes in `d_time`. The derivatives with respect to time constants need all steps, `keep`.
    """
    net, work = refer(net), refer(work)
    work.g_v[:] = 0.0
    work.g_i[:] = 0.0
    work.g_a[:] = 0.0
    last = net.start.size - 1
    for k in range(net.steps - 1, -1, -1):
        slot = k % work.ring_v.shape[0]
        for o in range(net.stop[last] - net.start[last]):
            work.g_v[net.start[last] + o] += work.d_trace[k, o]
        for x in range(work.first[k], work.first[k + 1]):
            work.d_time[x] += gather(net, vector, x, k, work, gradient)
            if work.block[x] > 0 and net.ahead[work.block[x]] == 0:
                undo_spike(net, x, k, rate_cost, rate_target, work, gradient)
        for b in range(1, net.start.size):
            low, high = net.start[b], net.stop[b]
            driven = b == 1 and currents.shape[0] > 0
            if net.ahead[b] != 0:
                work.moment[0], work.moment[1], work.moment[2] = k, slot, k == net.steps - 1
                call_address(net.back[b], (work.cells[b], work.cells[b]))
                if driven:
                    by_drives(net, currents[k], work.d_drive[low:high], 1.0, gradient)
                if net.bias_at[b] >= 0:
                    add_scaled(gradient[net.bias_at[b] : net.bias_at[b] + high - low], 1.0, work.d_drive[low:high])
                continue
            if net.waiting[b]:
                seal(work, k, low, high)
            undo_step(net, b, slot, work)
            if net.bias_at[b] >= 0:
                by_bias(net, b, keep, slot, work, gradient)
            if keep:
                by_times(net, b, k, slot, work, gradient)
                if driven:  # what v gets of a current is 1 - exp(-dt/tau_m) of it
                    drive_again(net, vector, currents[k], k, slot, work, gradient)
            if net.waiting[b]:
                undo_releases(net, vector, b, k, driven, work, currents, gradient)
            if net.exact[b]:
                undo_crossings(net, vector, b, k, driven, work, currents, gradient)
            if driven:
                by_drives(net, currents[k], work.ring_v[slot, low:high], net.numbers[1, V_X], gradient)


@inlined
def gather(net, vector, x, k, work, gradient):
    """Add what event x did to its targets to the gradients of weights and delays; return the derivative of its time."""
    total, kept = 0.0, work.v0.shape[0] > 1  # else time constants do not learn
    timed = work.block[x] > 0 or kept or net.timed  # else when it came depends on nothing that learns
    for c in range(net.pre.size):
        if net.pre[c] != work.block[x]:
            continue
        if net.each[c] or net.rows_at[c] >= 0:
            total += gather_each(net, vector, c, x, k, work, gradient)
            continue
        n, begin = net.stop[net.post[c]] - net.start[net.post[c]], net.slot[net.receptor[c]]
        tau_m, tau_s = net.numbers[net.post[c], TAU_M], net.tau_s[net.receptor[c]]
        row = net.at[c] + work.cell[x] * n
        step = arrival_step(work.time[x] + vector[net.delay_at[c]], net.dt, k)
        if step >= net.steps:
            continue
        r, slot = (step + 1) * net.dt - (work.time[x] + vector[net.delay_at[c]]), step % work.ring_v.shape[0]
        factor = net.factor[net.post[c]]
        slow, fast = slow_of(factor, net.dt, r, tau_m, tau_s), fast_of(factor, net.dt, r, tau_s)
        g_v, g_i, weights = work.ring_v[slot, begin : begin + n], work.ring_i[slot, begin : begin + n], vector[row : row + n]
        into = gradient[row : row + n]
        for m in range(into.size):
            into[m] += slow * g_v[m] + fast * g_i[m]
        on_v, on_i = 0.0, 0.0
        if timed:
            on_v, on_i = inner(weights, g_v), inner(weights, g_i)
        change = change_of(factor, net.dt, slow, fast, on_v, on_i, tau_m, tau_s)  # by r
        if kept:
            at, faded, at_s = net.times_at[net.post[c]], on_i * faded_of(factor, fast), net.tau_at[net.receptor[c]]
            gradient[at + AT_TAU_M] += factor * on_v * by_tau_m(r, tau_m, tau_s)
            gradient[at_s] += factor * on_v * by_tau_s(r, tau_m, tau_s) + faded * r / (tau_s * tau_s)
            if net.ahead[net.post[c]] != 0:
                gradient[at + AT_SLOW] += on_v * slow
        for z in range(work.freed[step], work.freed[step + 1]):
            m = work.r_cell[z] - net.start[net.post[c]]
            if 0 <= m < into.size:
                change += gather_way(net, c, r, weights[m], row + m, (work.r_grad[z], work.r_span[z], 0.0, kept), gradient)
        for y in range(work.first[step], work.first[step + 1] if net.exact[net.post[c]] else 0):
            if work.block[y] == net.post[c]:
                m, way = work.cell[y], (work.d_cross[y], work.over[y], work.lag[y], kept)
                change += gather_way(net, c, r, weights[m], row + m, way, gradient)
        gradient[net.delay_at[c]] -= change
        total -= change
    return total


@inlined
def gather_each(net, vector, c, x, k, work, gradient):
    """Do the same for a connection whose synapses are listed, or have delays of their own."""
    b, p, total, kept = net.post[c], net.receptor[c], 0.0, work.v0.shape[0] > 1  # else time constants do not learn
    tau_m, tau_s, at, at_s = net.numbers[b, TAU_M], net.tau_s[p], net.times_at[b], net.tau_at[p]
    factor, watched, modelled = net.factor[b], net.waiting[b] or net.exact[b], net.ahead[b] != 0
    begin, end = row_of(net, c, work.cell[x])
    delay, step = 0.0, net.steps
    for s in range(begin, end):
        delay_at = net.delay_at[c] + (s if net.each[c] else 0)
        if net.each[c] or s == begin:  # what follows from the delay alone
            delay = vector[delay_at]
            step = arrival_step(work.time[x] + delay, net.dt, k)
            r, slot = (step + 1) * net.dt - (work.time[x] + delay), step % work.ring_v.shape[0]
            slow, fast = slow_of(factor, net.dt, r, tau_m, tau_s), fast_of(factor, net.dt, r, tau_s)
            faded, known = faded_of(factor, fast), False
        if step >= net.steps:
            continue
        w, m = vector[net.at[c] + s], target_of(net, c, s, s - begin)
        g_v, g_i = work.ring_v[slot, net.slot[p] + m], work.ring_i[slot, net.slot[p] + m]
        gradient[net.at[c] + s] += slow * g_v + fast * g_i
        change = w * change_of(factor, net.dt, slow, fast, g_v, g_i, tau_m, tau_s)
        if kept and g_v != 0.0:
            if not known:  # they cost more than all else
                d_tau_m, d_tau_s, known = by_tau_m(r, tau_m, tau_s), by_tau_s(r, tau_m, tau_s), True
            gradient[at + AT_TAU_M] += factor * w * g_v * d_tau_m
            gradient[at_s] += factor * w * g_v * d_tau_s
            if modelled:
                gradient[at + AT_SLOW] += w * g_v * slow
        if kept:
            gradient[at_s] += w * g_i * faded * r / (tau_s * tau_s)
        if watched and work.kind[step, net.start[b] + m] & 2:
            for z in range(work.freed[step], work.freed[step + 1]):
                if work.r_cell[z] == net.start[b] + m:
                    way = work.r_grad[z], work.r_span[z], 0.0, kept
                    change += gather_way(net, c, r, w, net.at[c] + s, way, gradient)
        if watched and work.kind[step, net.start[b] + m] & FIRED:
            for y in range(work.first[step], work.first[step + 1]):
                if work.block[y] == b and work.cell[y] == m:
                    way = work.d_cross[y], work.over[y], work.lag[y], kept
                    change += gather_way(net, c, r, w, net.at[c] + s, way, gradient)
        gradient[delay_at] -= change
        total -= change
    return total


@inlined
def gather_way(net, c, r, w, place, way, gradient):
    """Do the same for the potential of a cell at a moment within the step of arrival; return the change by r.

    The synapse has the weight w, which is at `place` in the vector. `way` is the adjoint of the potential, how long before
    the end of the step the cell began to move freely, and the moment was, and whether time constants learn.
    """
    g, span, lag, kept = way
    if r <= lag:
        return 0.0
    tau_m, tau_s, at_s = net.numbers[net.post[c], TAU_M], net.tau_s[net.receptor[c]], net.tau_at[net.receptor[c]]
    if r <= span:
        slow, fast = potential(r - lag, tau_m, tau_s), left(r - lag, tau_s)
        gradient[place] += g * slow
        if kept:
            gradient[net.times_at[net.post[c]] + AT_TAU_M] += g * w * by_tau_m(r - lag, tau_m, tau_s)
            gradient[at_s] += g * w * by_tau_s(r - lag, tau_m, tau_s)
        return g * w * (fast - slow) / tau_m
    part = potential(span - lag, tau_m, tau_s) * left(r - span, tau_s)
    gradient[place] += g * part
    gradient[at_s] += g * w * part * (r - span) / (tau_s * tau_s)
    return -g * w * part / tau_s


@inlined
def undo_spike(net, x, k, rate_cost, rate_target, work, gradient):
    """Go back through the reset and the crossing of event x: change the adjoint of v and a at the end of its step."""
    b = work.block[x]
    numbers, j = net.numbers[b], net.start[b] + work.cell[x]
    tau_m, tau_a, lag, level, at = numbers[TAU_M], numbers[TAU_A], work.lag[x], work.level[x], net.times_at[b]
    fall, growth, g_v, g_a = exp(-lag / tau_m), exp(lag / tau_a), work.g_v[j], work.g_a[j]
    d_lag = -work.d_time[x] - g_a * numbers[JUMP] / (tau_a * growth)
    if net.adaptive[b]:
        gradient[at + AT_JUMP] += g_a / growth
        gradient[at + AT_TAU_A] += g_a * numbers[JUMP] / growth * lag / (tau_a * tau_a)
    if net.waiting[b]:
        g_v = 0.0
    else:
        height = numbers[V_TH] + level * growth - numbers[V_RESET]
        d_lag += g_v * fall * (height / tau_m - level * growth / tau_a)
        g_a -= g_v * growth * fall
        gradient[at + AT_TAU_M] -= g_v * height * fall * lag / (tau_m * tau_m)
        gradient[at + AT_TAU_A] += g_v * fall * level * growth * lag / (tau_a * tau_a)
    # the cell reaches its threshold the earlier the higher v is, by 1/slope; not if it began the step there
    work.d_cross[x] = d_lag * net.dt / max(work.rise[x], net.floor) if work.rise[x] > 0.0 else 0.0
    if rate_cost > 0.0:  # counts have no derivative; this moves v at the spikes that there are
        g_v += rate_cost * (work.counts[j] - rate_target) / numbers[V_TH] if b < net.start.size - 1 else 0.0
    work.g_v[j], work.g_a[j] = g_v, g_a


@inlined
def seal(work, k, low, high):
    """Keep the adjoint of v of cells that became free in step k, and set it to 0 where v did not move freely."""
    for z in range(work.freed[k], work.freed[k + 1]):
        if low <= work.r_cell[z] < high:
            work.r_grad[z] = work.g_v[work.r_cell[z]]
    clear_where(work.g_v[low:high], work.kind[k, low:high])


@helper
def clear_where(values, kinds):
    """Set the values of cells to 0 that are refractory in some part of a step."""
    for j in range(values.size):
        values[j] = 0.0 if kinds[j] & 3 else values[j]


@inlined
def undo_step(net, b, slot, work):
    """Go back through a step of the cells of a block, and leave the adjoint at its end where events look for it."""
    numbers, low, high = net.numbers[b], net.start[b], net.stop[b]
    g_v, g_a = work.g_v[low:high], work.g_a[low:high]
    for p in range(net.receptors[b], net.receptors[b + 1]):
        begin, end = net.slot[p], net.slot[p] + high - low
        decay_two(
            g_v, work.g_i[begin:end], work.ring_v[slot, begin:end], work.ring_i[slot, begin:end], net.v_i[p], net.i_i[p]
        )
    decay_one(g_v, numbers[V_V])
    if net.adaptive[b]:
        copy(g_a, work.begin[low:high])  # which `by_times` needs
        decay_one(g_a, numbers[A_A])


@helper
def decay_one(x, factor):
    """Multiply an array."""
    for j in range(x.size):
        x[j] = flushed(factor * x[j])


@helper
def decay_two(x, y, at_x, at_y, first, second):
    """Copy two arrays, and let the second become ``first*x + second*y``."""
    for j in range(x.size):
        at_x[j] = x[j]
        at_y[j] = y[j]
        y[j] = flushed(second * y[j] + first * x[j])


@inlined
def by_times(net, b, k, slot, work, gradient):
    """Add the derivatives with respect to the time constants of what decays within a step."""
    numbers, low, high, dt, at = net.numbers[b], net.start[b], net.stop[b], net.dt, net.times_at[b]
    tau_m, tau_a, first = numbers[TAU_M], numbers[TAU_A], net.slot[net.receptors[b]]
    v_v = inner(work.ring_v[slot, first : first + high - low], work.v0[k, low:high])
    total = v_v * numbers[V_V] * dt / (tau_m * tau_m)
    for p in range(net.receptors[b], net.receptors[b + 1]):
        begin, end, tau_s = net.slot[p], net.slot[p] + high - low, net.tau_s[p]
        at_v, at_i, i0 = work.ring_v[slot, begin:end], work.ring_i[slot, begin:end], work.i0[k, begin:end]
        v_i, i_i = inner(at_v, i0), inner(at_i, i0)
        total += v_i * by_tau_m(dt, tau_m, tau_s)
        gradient[net.tau_at[p]] += v_i * by_tau_s(dt, tau_m, tau_s) + i_i * net.i_i[p] * dt / (tau_s * tau_s)
    gradient[at + AT_TAU_M] += total
    if net.adaptive[b]:
        at_a = work.begin[low:high]
        gradient[at + AT_TAU_A] += inner(at_a, work.a0[k, low:high]) * numbers[A_A] * dt / (tau_a * tau_a)


@inlined
def drive_again(net, vector, row, k, slot, work, gradient):
    """Add the derivative with respect to tau_m of the part of the input current that v gets in a step."""
    n, at = net.stop[1] - net.start[1], net.at[0]
    g_v, tau_m, total = work.ring_v[slot, net.start[1] : net.stop[1]], net.numbers[1, TAU_M], 0.0
    for i in range(row.size):
        if row[i] != 0.0:
            total += row[i] * inner(g_v, vector[at + i * n : at + (i + 1) * n])
    gradient[net.times_at[1] + AT_TAU_M] -= total * (1.0 - net.numbers[1, V_X]) * net.dt / (tau_m * tau_m)


@inlined
def by_bias(net, b, keep, slot, work, gradient):
    """Add the derivatives with respect to the constant currents into a block."""
    low, first = net.start[b], net.slot[net.receptors[b]]
    g_v = work.ring_v[slot, first : first + net.stop[b] - low]
    vx, tau_m = net.numbers[b, V_X], net.numbers[b, TAU_M]
    for o in range(g_v.size):
        gradient[net.bias_at[b] + o] += vx * g_v[o]
    if keep:
        fall = inner(g_v, work.drive[low : net.stop[b]]) * (1.0 - vx) * net.dt / (tau_m * tau_m)
        gradient[net.times_at[b] + AT_TAU_M] -= fall


@inlined
def by_drives(net, row, g_v, factor, gradient):
    """Add the derivative with respect to the weights of input currents, of which v gets a factor in a step."""
    n, at = g_v.size, net.at[0]
    for i in range(row.size):
        if row[i] != 0.0:
            into = gradient[at + i * n : at + (i + 1) * n]
            for j in range(n):
                into[j] += row[i] * factor * g_v[j]


@inlined
def undo_releases(net, vector, b, k, driven, work, currents, gradient):
    """Go back through the steps of cells of block b that became free in step k."""
    for z in range(work.freed[k], work.freed[k + 1]):
        j = work.r_cell[z]
        if not net.start[b] <= j < net.stop[b]:
            continue
        span = work.r_span[z]
        d_span = undo_way(net, vector, j, (b, k, z, span, work.r_grad[z], driven), work, currents, gradient)
        if work.kind[k, j] & FIRED:  # again within this step
            for x in range(work.first[k], work.first[k + 1]):
                if work.block[x] == b and net.start[b] + work.cell[x] == j:
                    way = b, k, z, span - work.lag[x], work.d_cross[x], driven
                    d_span += undo_way(net, vector, j, way, work, currents, gradient)
        work.d_time[work.r_event[z]] -= d_span


@inlined
def undo_crossings(net, vector, b, k, driven, work, currents, gradient):
    """Go back from the crossings of step k to v, the currents and a at its start."""
    tau_a, kept = net.numbers[b, TAU_A], work.v0.shape[0] > 1  # else time constants do not learn
    for x in range(work.first[k], work.first[k + 1]):
        if work.block[x] != b:
            continue
        j, g, h = net.start[b] + work.cell[x], work.d_cross[x], net.dt - work.lag[x]
        if not work.kind[k, j] & 2:
            undo_way(net, vector, j, (b, k, -1, h, g, driven), work, currents, gradient)
        if net.adaptive[b]:
            faded = exp(-h / tau_a)
            work.g_a[j] -= g * faded
            gradient[net.times_at[b] + AT_TAU_A] -= g * work.a0[k if kept else 0, j] * faded * h / (tau_a * tau_a)


@inlined
def undo_way(net, vector, j, way, work, currents, gradient):
    """Go back from the potential of cell j to when it began to move freely; return the derivative by how long that was.

    `way` is block, step, the release with which it began or -1 for the start of the step, how long it took, the adjoint of
    the potential, and whether there are currents from outside.
    """
    b, k, z, h, g, driven = way
    numbers, m, at, kept = net.numbers[b], j - net.start[b], net.times_at[b], work.v0.shape[0] > 1
    tau_m, fall, before = numbers[TAU_M], exp(-h / numbers[TAU_M]), 0.0
    begin = work.v0[k, j] if kept else 0.0
    if z >= 0:
        begin, before = numbers[V_RESET], net.dt - work.r_span[z]
    else:
        work.g_v[j] += g * fall
    by_h, d_tau_m = -begin / tau_m * fall, begin * h / (tau_m * tau_m) * fall
    for p in range(net.receptors[b], net.receptors[b + 1]):
        tau_s, at_s = net.tau_s[p], net.tau_at[p]
        slow, fast, faded = potential(h, tau_m, tau_s), left(h, tau_s), left(before, tau_s)
        was = work.i0[k, net.slot[p] + m] if kept else 0.0  # else time constants do not learn
        current = work.r_current[z, p - net.receptors[b]] if z >= 0 else was
        by_h += (fast - slow) / tau_m * current + slow * current / tau_s
        work.g_i[net.slot[p] + m] += g * slow * faded
        if kept:
            d_tau_m += by_tau_m(h, tau_m, tau_s) * current
            gradient[at_s] += g * (by_tau_s(h, tau_m, tau_s) * current + slow * was * faded * before / (tau_s * tau_s))
    drive = 0.0
    if net.bias_at[b] >= 0:
        drive = work.drive[j]
        gradient[net.bias_at[b] + m] += g * (1.0 - fall)
    if driven:
        n = net.stop[1] - net.start[1]
        for i in range(currents.shape[1]):
            drive += currents[k, i] * vector[net.at[0] + i * n + m]
            gradient[net.at[0] + i * n + m] += g * (1.0 - fall) * currents[k, i]
    gradient[at + AT_TAU_M] += g * (d_tau_m - drive * fall * h / (tau_m * tau_m))
    return g * (by_h + drive * fall / tau_m)


@helper
def inner(a, b):
    """Return the inner product, as four sums over every fourth element, which the compiler turns into one vector."""
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    whole = a.size & ~3
    for m in range(0, whole, 4):
        s0 += a[m] * b[m]
        s1 += a[m + 1] * b[m + 1]
        s2 += a[m + 2] * b[m + 2]
        s3 += a[m + 3] * b[m + 3]
    for m in range(whole, a.size):
        s0 += a[m] * b[m]
    return (s0 + s1) + (s2 + s3)
