"""What the events of a step did to their targets, on the way back: the gradients of weights, delays and time constants.

An arrival changes v and i of its target at the end of the step, and the adjoints of these are in the rings. In a step in
which the target fired, or became free, it also changes v at that moment. Since that is linear in what it does until the end
of the step, so that no exponential function is needed for each pair, it counts as an addition to the adjoints at the end.
"""

from brainsim.jit.decorators import helper, inlined
from brainsim.jit.vmath import exp
from brainsim.learn.spiking.kernels.arrivals import respond, row_of, target_of
from brainsim.learn.spiking.kernels.net import AT_SLOW, AT_TAU_M, TAU_M
from brainsim.learn.spiking.kernels.responses import by_tau_m, by_tau_s, change_of, faded_of, left, padded, potential

STEEP = 700.0  # of -log: nothing is left of what decays longer


@inlined
def gather(net, vector, b, k, timed, work, gradient):
    """Add what the events of block b in step k did to the gradients, and to the derivatives by their times if `timed`."""
    begin, end = work.begins[k, b], work.begins[k, b + 1]
    if begin == end:
        return
    for c in range(net.pre.size):
        if net.pre[c] != b:
            continue
        for x in range(begin, end):
            if net.each[c]:
                gather_each(net, vector, c, x, k, timed, work, gradient)
            # it arrives after the end of the sample
            elif work.sent_step[net.place[c], x] >= net.steps:
                continue
            elif net.rows_at[c] >= 0:
                gather_listed(net, vector, c, x, timed, work, gradient)
            else:
                gather_dense(net, vector, c, x, timed, work, gradient)


@inlined
def gather_dense(net, vector, c, x, timed, work, gradient):
    """Add what event x did by a connection of all to all, whose synapses have the same delay."""
    b, low, place, delay_at = net.post[c], net.slot[net.receptor[c]], net.place[c], net.delay_at[c]
    step, slow, fast = work.sent_step[place, x], work.sent_slow[place, x], work.sent_fast[place, x]
    n = net.stop[b] - net.start[b]
    row, r = net.at[c] + work.cell[x] * n, (step + 1) * net.dt - (work.time[x] + vector[delay_at])
    slot = step % work.ring_v.shape[0]
    # at the end of the step of arrival, v has got w*slow and i has got w*fast: d loss/dw = slow*g_v + fast*g_i, and `on_v`,
    # `on_i`, the sums of w*g_v and of w*g_i, are all that the derivative by the time of arrival needs
    g_v, g_i = work.ring_v[slot, low : low + n], work.ring_i[slot, low : low + n]
    into, weights, on_v, on_i = gradient[row : row + n], vector[row : row + n], 0.0, 0.0
    # Stage 1: all targets, as if none had fired or become free
    add_weighted(into, slow, g_v, fast, g_i)
    if timed:
        on_v, on_i = inner_two(weights, g_v, g_i)
        by_constants(net, c, r, (slow, fast), (on_v, on_i), work, gradient)
    # Stage 2: targets that became free in this step, and targets that fired, get their additions. They are few, so they are
    # looked up in the lists of the step; `more_...` count as further adjoints at its end.
    for z in range(work.freed[step], work.freed[step + 1]):
        m = work.r_cell[z] - net.start[b]
        if 0 <= m < n:
            more_v, more_i = of_release(net, c, z, r, weights[m], work, gradient)
            into[m] += slow * more_v + fast * more_i
            on_v, on_i = on_v + weights[m] * more_v, on_i + weights[m] * more_i
    for y in range(work.begins[step, b], work.begins[step, b + 1] if net.exact[b] else 0):
        m = work.cell[y]
        more_v, more_i = of_spike(net, c, y, r, weights[m], work, gradient)
        into[m] += slow * more_v + fast * more_i
        on_v, on_i = on_v + weights[m] * more_v, on_i + weights[m] * more_i
    if timed:
        by_time(net, c, x, delay_at, (slow, fast), (on_v, on_i), work, gradient)


@inlined
def gather_listed(net, vector, c, x, timed, work, gradient):
    """Add what event x did by a connection whose synapses are listed and have the same delay."""
    b, low, place, delay_at = net.post[c], net.slot[net.receptor[c]], net.place[c], net.delay_at[c]
    step, slow, fast = work.sent_step[place, x], work.sent_slow[place, x], work.sent_fast[place, x]
    first, watched = net.start[b], net.waiting[b] or net.exact[b]
    slot, r = step % work.ring_v.shape[0], (step + 1) * net.dt - (work.time[x] + vector[delay_at])
    on_v, on_i, within_v, within_i = 0.0, 0.0, 0.0, 0.0
    begin, end = row_of(net, c, work.cell[x])
    for s in range(begin, end):
        w, m = vector[net.at[c] + s], net.targets[net.targets_at[c] + s]
        g_v, g_i = work.ring_v[slot, low + m], work.ring_i[slot, low + m]
        on_v, on_i = on_v + w * g_v, on_i + w * g_i
        # 2 or more: freed, fired or both in this step
        if watched and work.kind[step, first + m] > 1:
            more_v, more_i = within(net, c, step, m, r, w, work, gradient)
            g_v, g_i, within_v, within_i = g_v + more_v, g_i + more_i, within_v + w * more_v, within_i + w * more_i
        gradient[net.at[c] + s] += slow * g_v + fast * g_i
    if timed:
        # without the additions, whose own derivatives by time constants `by_moment` has added
        by_constants(net, c, r, (slow, fast), (on_v, on_i), work, gradient)
        by_time(net, c, x, delay_at, (slow, fast), (on_v + within_v, on_i + within_i), work, gradient)


@inlined
def gather_each(net, vector, c, x, k, timed, work, gradient):
    """Add what event x did by a connection whose synapses have delays of their own."""
    b, low = net.post[c], net.slot[net.receptor[c]]
    begin, end = row_of(net, c, work.cell[x])
    first, n, watched = net.start[b], end - begin, net.waiting[b] or net.exact[b]
    steps, slow, fast = work.row_step[:n], work.row_slow[:n], work.row_fast[:n]
    respond(net, c, vector[net.delay_at[c] + begin : net.delay_at[c] + end], work.time[x], k, steps, slow, fast)
    for q in range(n):
        step, s = steps[q], begin + q
        if step >= net.steps:
            continue
        w, m, delay_at = vector[net.at[c] + s], target_of(net, c, s, q), net.delay_at[c] + s
        slot, r = step % work.ring_v.shape[0], (step + 1) * net.dt - (work.time[x] + vector[delay_at])
        g_v, g_i = work.ring_v[slot, low + m], work.ring_i[slot, low + m]
        # as in `gather_dense`, synapse by synapse; time constants before the additions, whose derivatives `by_moment` adds
        if timed:
            by_constants(net, c, r, (slow[q], fast[q]), (w * g_v, w * g_i), work, gradient)
        if watched and work.kind[step, first + m] > 1:
            more_v, more_i = within(net, c, step, m, r, w, work, gradient)
            g_v, g_i = g_v + more_v, g_i + more_i
        gradient[net.at[c] + s] += slow[q] * g_v + fast[q] * g_i
        if timed:
            by_time(net, c, x, delay_at, (slow[q], fast[q]), (w * g_v, w * g_i), work, gradient)


@inlined
def by_time(net, c, x, delay_at, response, on, work, gradient):
    """Add the derivatives by the time of event x and by a delay, given what v and i get, times their adjoints."""
    (slow, fast), (on_v, on_i) = response, on
    tau_m, tau_s = net.numbers[net.post[c], TAU_M], net.tau_s[net.receptor[c]]
    # the time of arrival is time + delay, and r is the end of the step minus that: both have the same derivative, -d/dr
    change = change_of(net.factor[net.post[c]], net.dt, slow, fast, on_v, on_i, tau_m, tau_s)  # by r
    gradient[delay_at] -= change
    work.d_time[x] -= change


@inlined
def by_constants(net, c, r, response, on, work, gradient):
    """Add the derivatives by the time constants of the targets, if they learn: only then is the state of each step kept."""
    b, p, (slow, fast), (on_v, on_i) = net.post[c], net.receptor[c], response, on
    if work.v0.shape[0] == 1 or on_v == on_i == 0.0:
        return
    # v gets w*factor*potential(r), and w*exp(-r/tau_s) is left of the current, whose derivative by tau_s has r/tau_s**2 more
    factor, tau_m, tau_s = net.factor[b], net.numbers[b, TAU_M], net.tau_s[p]
    gradient[net.times_at[b] + AT_TAU_M] += factor * on_v * by_tau_m(r, tau_m, tau_s)
    faded = on_i * faded_of(factor, fast) * r / (tau_s * tau_s)
    gradient[net.tau_at[p]] += factor * on_v * by_tau_s(r, tau_m, tau_s) + faded
    if net.ahead[b] != 0:
        gradient[net.times_at[b] + AT_SLOW] += on_v * slow


@inlined
def within(net, c, step, m, r, w, work, gradient):
    """Return the additions for an arrival r ms before the end of a step in which cell m of a block fired or became free."""
    # a cell may become free and fire in one step: each adds to the adjoints of v and i at its end
    more_v, more_i, b = 0.0, 0.0, net.post[c]
    for z in range(work.freed[step], work.freed[step + 1]):
        if work.r_cell[z] == net.start[b] + m:
            by_v, by_i = of_release(net, c, z, r, w, work, gradient)
            more_v, more_i = more_v + by_v, more_i + by_i
    for y in range(work.begins[step, b], work.begins[step, b + 1] if net.exact[b] else 0):
        if work.cell[y] == m:
            by_v, by_i = of_spike(net, c, y, r, w, work, gradient)
            more_v, more_i = more_v + by_v, more_i + by_i
    return more_v, more_i


@inlined
def of_release(net, c, z, r, w, work, gradient):
    """Return the additions for an arrival at a cell that became free: by the potential at the end of its step."""
    by_moment(net, c, r, w, work.r_grad[z], (work.r_span[z], 0.0), work, gradient)
    # What came before the release acts through its current only: v(t1) gets w*exp(-(r - span)/tau_s)*potential(span), which
    # is `r_late` times `fast`. The adjoint of v in the ring is 0 for such a cell (`seal`), so `r_grad` is all that others
    # add.
    late = r > work.r_span[z]
    return 0.0 if late else work.r_grad[z], work.r_late[z, net.receptor[c] - net.receptors[net.post[c]]] if late else 0.0


@inlined
def of_spike(net, c, y, r, w, work, gradient):
    """Return the additions for an arrival at a cell that fired: by the potential at the crossing, event y."""
    p = net.receptor[c] - net.receptors[net.post[c]]
    # it came after the crossing
    if r <= work.lag[y]:
        return 0.0, 0.0
    by_moment(net, c, r, w, work.d_cross[y], (work.over[y], work.lag[y]), work, gradient)
    # it came before the release in the same step: through its current only, as in `of_release`
    if work.over[y] < net.dt and r > work.over[y]:
        return 0.0, work.back_late[y, p]
    return work.back_v[y], work.back_i[y, p]


@inlined
def by_moment(net, c, r, w, g, when, work, gradient):
    """Add the derivatives by time constants of the potential, of adjoint g, `lag` ms before the end of a step.

    `when` has `span` and `lag`: the cell began to move freely `span` ms before the end. The synapse has the weight w.
    """
    if work.v0.shape[0] == 1:
        return
    span, lag = when
    tau_m, tau_s, at_s = net.numbers[net.post[c], TAU_M], net.tau_s[net.receptor[c]], net.tau_at[net.receptor[c]]
    # v gets w*potential(r - lag); what came while the cell was refractory left w*exp(-(r - span)/tau_s) of current to act
    if r <= span:
        gradient[net.times_at[net.post[c]] + AT_TAU_M] += g * w * by_tau_m(r - lag, tau_m, tau_s)
        gradient[at_s] += g * w * by_tau_s(r - lag, tau_m, tau_s)
    else:
        part = potential(span - lag, tau_m, tau_s) * left(r - span, tau_s)
        gradient[at_s] += g * w * part * (r - span) / (tau_s * tau_s)


@inlined
def prepare_release(net, b, z, g, work):
    """Note what `of_release` returns for arrivals while the cell was not yet free; g is the adjoint of v."""
    tau_m, first, span = net.numbers[b, TAU_M], net.receptors[b], work.r_span[z]
    work.r_grad[z] = g
    for p in range(first, net.receptors[b + 1]):
        work.r_late[z, p - first] = g * potential(span, tau_m, net.tau_s[p]) * grown(span, net.tau_s[p])


@inlined
def prepare_spikes(net, b, k, work):
    """Note how the cells that fired in step k moved from its start to the crossing, and from there to its end."""
    begin, first, tau_m = work.begins[k, b], net.receptors[b], net.numbers[b, TAU_M]
    stop = begin + padded(work.begins[k, b + 1] - begin)
    lag, fall, fall_before = work.lag[begin:stop], work.after_v[begin:stop], work.before_v[begin:stop]
    for p in range(first, net.receptors[b + 1]):
        fill_after(lag, tau_m, net.tau_s[p], fall, work.after_i[p - first, begin:stop])
        fill_before(lag, net.dt, tau_m, net.tau_s[p], fall_before, work.before_i[p - first, begin:stop])


@helper
def fill_after(lag, tau_m, tau_s, fall, slow):
    """Note how cells moved after the crossing; `slow` is what v got of what the current has become."""
    for y in range(lag.size):
        fall[y] = exp(-lag[y] / tau_m)
        slow[y] = potential(lag[y], tau_m, tau_s) * grown(lag[y], tau_s)


@helper
def fill_before(lag, dt, tau_m, tau_s, fall, slow):
    """Note how cells moved before the crossing; `slow` is what v got of the current."""
    for y in range(lag.size):
        fall[y], slow[y] = exp((lag[y] - dt) / tau_m), potential(dt - lag[y], tau_m, tau_s)


@inlined
def prepare_spike(net, b, y, g, work):
    """Note what `of_spike` returns; g is the adjoint of v at the crossing.

    What an arrival did to v at the crossing follows from what it did until the end of the step, backwards in time.
    """
    # An arrival added w*potential(r - lag) to v at the crossing. Moved on to the end of the step without another arrival,
    # potential(r) = exp(-lag/tau_m)*potential(r - lag) + potential(lag)*exp(-(r - lag)/tau_s). Solved for the first, it is
    # (slow - potential(lag)*exp(lag/tau_s)*fast)/exp(-lag/tau_m): linear in slow and fast, with `back_v` and `back_i`.
    first, lag, span, on_v = net.receptors[b], work.lag[y], work.over[y], g / work.after_v[y]
    work.d_cross[y], work.back_v[y] = g, on_v
    for p in range(first, net.receptors[b + 1]):
        work.back_i[y, p - first] = -on_v * work.after_i[p - first, y]
        if span < net.dt:
            part = potential(span - lag, net.numbers[b, TAU_M], net.tau_s[p])
            work.back_late[y, p - first] = g * part * grown(span, net.tau_s[p])


@helper
def grown(span, tau_s):
    """Return how many times as large a current was some time before."""
    return exp(span / tau_s) if span < STEEP * tau_s else 0.0


@helper
def add_weighted(into, first, x, second, y):
    """Add ``first*x + second*y``."""
    for m in range(into.size):
        into[m] += first * x[m] + second * y[m]


@helper
def inner_two(a, x, y):
    """Return the inner products of an array with two others.

    Each is four sums over every fourth element, which the compiler turns into one vector.
    """
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    t0, t1, t2, t3 = 0.0, 0.0, 0.0, 0.0
    whole = a.size & ~3
    for m in range(0, whole, 4):
        s0 += a[m] * x[m]
        s1 += a[m + 1] * x[m + 1]
        s2 += a[m + 2] * x[m + 2]
        s3 += a[m + 3] * x[m + 3]
        t0 += a[m] * y[m]
        t1 += a[m + 1] * y[m + 1]
        t2 += a[m + 2] * y[m + 2]
        t3 += a[m + 3] * y[m + 3]
    for m in range(whole, a.size):
        s0 += a[m] * x[m]
        t0 += a[m] * y[m]
    return (s0 + s1) + (s2 + s3), (t0 + t1) + (t2 + t3)
