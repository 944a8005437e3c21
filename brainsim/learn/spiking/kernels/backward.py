"""The backward pass of one sample: the adjoint of `forward`, exact to rounding.

The adjoint of v and i runs backwards through the same steps. A spike matters through the time at which it arrives at its
targets and through the reset; the derivative of that time is ``1/(slope of v at the crossing)``. Only spikes, and what they
meet on arrival, have to be remembered. As the step becomes short, this is EventProp: Wunderlich & Pehle (2021),
doi:10.1038/s41598-021-91786-z; with delays Meszaros, Knight & Nowotny (2025), arXiv:2501.07331.
"""

from brainsim.jit.decorators import helper
from brainsim.jit.intrinsics import call_address
from brainsim.jit.references import refer
from brainsim.jit.vmath import exp, flushed
from brainsim.learn.spiking.kernels.crossing import FIRED
from brainsim.learn.spiking.kernels.gather import gather, prepare_release, prepare_spike, prepare_spikes
from brainsim.learn.spiking.kernels.net import A_A, AT_JUMP, AT_TAU_A, AT_TAU_M, JUMP, TAU_A, TAU_M, V_RESET, V_TH, V_V, V_X
from brainsim.learn.spiking.kernels.responses import by_tau_m, by_tau_s, left, potential
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
        # in row `slot` of the rings stands, from the end of this step on, the adjoint at the end of step k: what events that
        # were sent earlier, which come later on this way back, look up in `gather`
        slot = k % work.ring_v.shape[0]
        for o in range(net.stop[last] - net.start[last]):
            work.g_v[net.start[last] + o] += work.d_trace[k, o]
        # Stage 1: events of step k. Their arrivals are in later steps, which are done; now their times have all they will
        # get.
        for b in range(net.start.size):
            # when an input came depends on nothing that learns, unless delays or time constants do
            gather(net, vector, b, k, b > 0 or keep or net.timed, work, gradient)
            if net.exact[b] and work.begins[k, b] < work.begins[k, b + 1]:
                prepare_spikes(net, b, k, work)
                for x in range(work.begins[k, b], work.begins[k, b + 1]):
                    undo_spike(net, b, x, rate_cost, rate_target, work, gradient)
        # Stage 2: the step itself, and in it the ways to releases and crossings
        for b in range(1, net.start.size):
            low, high = net.start[b], net.stop[b]
            driven = b == 1 and currents.shape[0] > 0
            if net.ahead[b] != 0:
                # derived kernels go back through the spikes and the step of their block, and leave the adjoint of its input
                # current in `d_drive`
                work.moment[0], work.moment[1], work.moment[2] = k, slot, k == net.steps - 1
                call_address(net.back[b], (work.cells[b], work.cells[b]))
                if driven:
                    by_drives(net, currents[k], work.d_drive[low:high], 1.0, gradient)
                if net.bias_at[b] >= 0:
                    add_scaled(gradient[net.bias_at[b] : net.bias_at[b] + high - low], 1.0, work.d_drive[low:high])
                continue
            if net.waiting[b]:
                seal(net, b, k, work)
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


@helper
def undo_spike(net, b, x, rate_cost, rate_target, work, gradient):
    """Go back through the reset and the crossing of event x: change the adjoint of v and a at the end of its step."""
    numbers, j = net.numbers[b], net.start[b] + work.cell[x]
    tau_m, tau_a, lag, level, at = numbers[TAU_M], numbers[TAU_A], work.lag[x], work.level[x], net.times_at[b]
    fall, growth, g_v, g_a = work.after_v[x], exp(lag / tau_a) if net.adaptive[b] else 1.0, work.g_v[j], work.g_a[j]
    # `d_lag` becomes the derivative of the loss by lag, with v and a at the end of the step as functions of it. The spike is
    # at t1 - lag, and a(t1) = a + beta*exp(-lag/tau_a); `growth` is exp(lag/tau_a), `fall` is exp(-lag/tau_m).
    d_lag = -work.d_time[x] - g_a * numbers[JUMP] / (tau_a * growth)
    if net.adaptive[b]:
        gradient[at + AT_JUMP] += g_a / growth
        gradient[at + AT_TAU_A] += g_a * numbers[JUMP] / growth * lag / (tau_a * tau_a)
    # a refractory cell ends the step at V_reset, whatever was before; its release is undone as an event, in `undo_releases`
    if net.waiting[b]:
        g_v = 0.0
    else:
        # v(t1) = v - height*fall, where the height of the jump is V_th + a at the spike - V_reset
        height = numbers[V_TH] + level * growth - numbers[V_RESET]
        d_lag += g_v * fall * (height / tau_m - level * growth / tau_a)
        g_a -= g_v * growth * fall
        gradient[at + AT_TAU_M] -= g_v * height * fall * lag / (tau_m * tau_m)
        gradient[at + AT_TAU_A] += g_v * fall * level * growth * lag / (tau_a * tau_a)
    # the cell reaches its threshold the earlier the higher v is, by 1/slope; not if it began the step there
    # d lag = dv/slope: EventProp's jump of the adjoint at a spike, doi:10.1038/s41598-021-91786-z; `rise` is slope*dt
    g = d_lag * net.dt / max(work.rise[x], net.floor) if work.rise[x] > 0.0 else 0.0
    prepare_spike(net, b, x, g, work)
    if rate_cost > 0.0:  # counts have no derivative; this moves v at the spikes that there are
        g_v += rate_cost * (work.counts[j] - rate_target) / numbers[V_TH] if b < net.start.size - 1 else 0.0
    work.g_v[j], work.g_a[j] = g_v, g_a


@helper
def seal(net, b, k, work):
    """Keep the adjoint of v of cells that became free in step k, and set it to 0 where v did not move freely."""
    low, high = net.start[b], net.stop[b]
    for z in range(work.freed[k], work.freed[k + 1]):
        if low <= work.r_cell[z] < high:
            prepare_release(net, b, z, work.g_v[work.r_cell[z]], work)
    clear_where(work.g_v[low:high], work.kind[k, low:high])


@helper
def clear_where(values, kinds):
    """Set the values of cells to 0 that are refractory in some part of a step."""
    for j in range(values.size):
        values[j] = 0.0 if kinds[j] & 3 else values[j]


@helper
def undo_step(net, b, slot, work):
    """Go back through a step of the cells of a block, and leave the adjoint at its end where events look for it."""
    numbers, low, high = net.numbers[b], net.start[b], net.stop[b]
    g_v, g_a = work.g_v[low:high], work.g_a[low:high]
    for p in range(net.receptors[b], net.receptors[b + 1]):
        begin, end = net.slot[p], net.slot[p] + high - low
        # adjoint of v' = v_v*v + v_i*i, i' = i_i*i: g_i becomes i_i*g_i + v_i*g_v, and then g_v becomes v_v*g_v
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


@helper
def by_times(net, b, k, slot, work, gradient):
    """Add the derivatives with respect to the time constants of what decays within a step."""
    numbers, low, high, dt, at = net.numbers[b], net.start[b], net.stop[b], net.dt, net.times_at[b]
    tau_m, tau_a, first = numbers[TAU_M], numbers[TAU_A], net.slot[net.receptors[b]]
    # d exp(-dt/tau)/dtau = exp(-dt/tau)*dt/tau**2, for v, a and each current; and d potential(dt)/dtau
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


@helper
def drive_again(net, vector, row, k, slot, work, gradient):
    """Add the derivative with respect to tau_m of the part of the input current that v gets in a step."""
    n, at = net.stop[1] - net.start[1], net.at[0]
    g_v, tau_m, total = work.ring_v[slot, net.start[1] : net.stop[1]], net.numbers[1, TAU_M], 0.0
    for i in range(row.size):
        if row[i] != 0.0:
            # v gets (1 - exp(-dt/tau_m))*drive
            total += row[i] * inner(g_v, vector[at + i * n : at + (i + 1) * n])
    gradient[net.times_at[1] + AT_TAU_M] -= total * (1.0 - net.numbers[1, V_X]) * net.dt / (tau_m * tau_m)


@helper
def by_bias(net, b, keep, slot, work, gradient):
    """Add the derivatives with respect to the constant currents into a block."""
    low, first = net.start[b], net.slot[net.receptors[b]]
    g_v = work.ring_v[slot, first : first + net.stop[b] - low]
    # in a step v gets (1 - exp(-dt/tau_m))*bias, of which `vx` is the factor
    vx, tau_m = net.numbers[b, V_X], net.numbers[b, TAU_M]
    for o in range(g_v.size):
        gradient[net.bias_at[b] + o] += vx * g_v[o]
    if keep:
        # the derivative of that factor by tau_m is -exp(-dt/tau_m)*dt/tau_m**2
        fall = inner(g_v, work.drive[low : net.stop[b]]) * (1.0 - vx) * net.dt / (tau_m * tau_m)
        gradient[net.times_at[b] + AT_TAU_M] -= fall


@helper
def by_drives(net, row, g_v, factor, gradient):
    """Add the derivative with respect to the weights of input currents, of which v gets a factor in a step."""
    n, at = g_v.size, net.at[0]
    for i in range(row.size):
        if row[i] != 0.0:
            into = gradient[at + i * n : at + (i + 1) * n]
            for j in range(n):
                into[j] += row[i] * factor * g_v[j]


@helper
def undo_releases(net, vector, b, k, driven, work, currents, gradient):
    """Go back through the steps of cells of block b that became free in step k."""
    for z in range(work.freed[k], work.freed[k + 1]):
        j = work.r_cell[z]
        if not net.start[b] <= j < net.stop[b]:
            continue
        # from the release to the end of the step, and if the cell fired before that, also from the release to the crossing
        span = work.r_span[z]
        d_span = undo_way(net, vector, j, (b, k, z, -1, span, work.r_grad[z], driven), work, currents, gradient)
        if work.kind[k, j] & FIRED:  # again within this step
            for x in range(work.begins[k, b], work.begins[k, b + 1]):
                if net.start[b] + work.cell[x] == j:
                    way = b, k, z, x, span - work.lag[x], work.d_cross[x], driven
                    d_span += undo_way(net, vector, j, way, work, currents, gradient)
        # it is free t_ref after the spike: the later the spike, the shorter the span
        work.d_time[work.r_event[z]] -= d_span


@helper
def undo_crossings(net, vector, b, k, driven, work, currents, gradient):
    """Go back from the crossings of step k to v, the currents and a at its start."""
    tau_a, kept = net.numbers[b, TAU_A], work.v0.shape[0] > 1  # else time constants do not learn
    for x in range(work.begins[k, b], work.begins[k, b + 1]):
        j, g, h = net.start[b] + work.cell[x], work.d_cross[x], net.dt - work.lag[x]
        # a cell that was freed in this step has its way to the crossing done in `undo_releases`
        if not work.kind[k, j] & 2:
            undo_way(net, vector, j, (b, k, -1, x, h, g, driven), work, currents, gradient)
        if net.adaptive[b]:
            faded = exp(-h / tau_a)
            # a cell fires when v - a reaches V_th, so a at the crossing has the adjoint of v with the other sign
            work.g_a[j] -= g * faded
            gradient[net.times_at[b] + AT_TAU_A] -= g * work.a0[k if kept else 0, j] * faded * h / (tau_a * tau_a)


@helper
def undo_way(net, vector, j, way, work, currents, gradient):
    """Go back from the potential of cell j to when it began to move freely; return the derivative by how long that was.

    `way` is block, step, the release with which it began, or -1 for the start of the step and the spike with which it ended,
    how long it took, the adjoint of the potential, and whether there are currents from outside.
    """
    b, k, z, x, h, g, driven = way
    numbers, m, at, kept = net.numbers[b], j - net.start[b], net.times_at[b], work.v0.shape[0] > 1
    # from a release at V_reset, `before` ms after the start of the step; else from the start, of which `prepare_spikes`
    # knows
    tau_m, before, begin = numbers[TAU_M], 0.0, work.v0[k, j] if kept else 0.0
    if z >= 0:
        fall, begin, before = exp(-h / tau_m), numbers[V_RESET], net.dt - work.r_span[z]
    else:
        fall = work.before_v[x]
        work.g_v[j] += g * fall
    # v = begin*exp(-h/tau_m) + sum(potential(h)*I) + (1 - exp(-h/tau_m))*drive; `by_h` and `d_tau_m` are its derivatives
    by_h, d_tau_m = -begin / tau_m * fall, begin * h / (tau_m * tau_m) * fall
    for p in range(net.receptors[b], net.receptors[b + 1]):
        tau_s, at_s = net.tau_s[p], net.tau_at[p]
        slow, faded = work.before_i[p - net.receptors[b], x], 1.0
        if z >= 0:
            slow, faded = potential(h, tau_m, tau_s), left(before, tau_s)
        was = work.i0[k, net.slot[p] + m] if kept else 0.0  # else time constants do not learn
        current = work.r_current[z, p - net.receptors[b]] if z >= 0 else was
        # the second part: a longer way begins earlier, when less of I had decayed
        by_h += (left(h, tau_s) - slow) / tau_m * current + slow * current / tau_s
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
