"""The backward pass with surrogate gradients, and that of e-prop: spikes at the ends of steps, with an invented derivative.

A spike is a step function of ``v - threshold``; its derivative, 0 almost everywhere, is replaced by a bump. The reset is not
differentiated. With e-prop, what a spike causes through synapses onto hidden cells is left out as well: then each synapse
could have computed its gradient forwards in time.
"""

from brainsim.jit.decorators import helper, inlined
from brainsim.jit.references import refer
from brainsim.jit.vmath import exp
from brainsim.learn.spiking.kernels.arrivals import arrival_step, row_of, target_of
from brainsim.learn.spiking.kernels.backward import by_bias, by_drives, by_times, clear_where, drive_again, undo_step
from brainsim.learn.spiking.kernels.gather import gather
from brainsim.learn.spiking.kernels.losses import COUNT
from brainsim.learn.spiking.kernels.net import AT_JUMP, JUMP, TAU_M, V_TH, V_X
from brainsim.learn.spiking.kernels.responses import left, potential
from brainsim.learn.vectors import add_scaled, copy

FAST_SIGMOID, SIGMOID, TRIANGLE, ATAN, GAUSSIAN, BOX = range(6)  # the order of `options.SURROGATES`


@helper
def bump(shape, u):
    """Return the surrogate derivative at a scaled distance u from the threshold; it is 1 at u = 0.

    Zenke & Ganguli (2018), doi:10.1162/neco_a_01086, for the fast sigmoid; Bellec et al. (2018), arXiv:1803.09574, for the
    triangle; Fang et al. (2021), arXiv:2007.05785, for the arctangent.
    """
    x = abs(u)  # each is the derivative of a smooth step, divided by its height
    if shape == FAST_SIGMOID:
        return 1.0 / ((1.0 + x) * (1.0 + x))
    if shape == SIGMOID:
        e = exp(-x)
        return 4.0 * e / ((1.0 + e) * (1.0 + e))
    if shape == TRIANGLE:
        return max(0.0, 1.0 - x)
    if shape == ATAN:
        return 1.0 / (1.0 + x * x)
    if shape == GAUSSIAN:
        return exp(-0.5 * x * x)
    return 1.0 if x < 0.5 else 0.0


@helper
def surrogate_backward(net, vector, currents, local, keep, task, work, gradient):
    """Add the surrogate gradient of one sample, or with `local` that of e-prop, to `gradient`.

    The derivatives with respect to time constants and delays are only found with `keep`, which needs all steps.
    """
    net, task, work = refer(net), refer(task), refer(work)
    work.g_v[:] = 0.0
    work.g_i[:] = 0.0
    work.g_a[:] = 0.0
    last = net.start.size - 1
    for k in range(net.steps - 1, -1, -1):
        # as in `backward`: row `slot` of the rings holds the adjoint at the end of step k for events that were sent earlier
        slot = k % work.ring_v.shape[0]
        for o in range(net.stop[last] - net.start[last]):
            work.g_v[net.start[last] + o] += work.d_trace[k, o]
        for b in range(net.start.size):
            gather(net, vector, b, k, keep, work, gradient)
            for x in range(work.begins[k, b], work.begins[k, b + 1] if keep and net.adaptive[b] else 0):
                # a spike raises a by beta, with its own derivative of 1
                gradient[net.times_at[b] + AT_JUMP] += work.g_a[net.start[b] + work.cell[x]]
        for b in range(1, net.start.size):
            driven = b == 1 and currents.shape[0] > 0
            if net.spiking[b]:
                through_spikes(net, vector, b, k, local, task, work)
            low, high = net.start[b], net.stop[b]
            if net.waiting[b]:
                clear_where(work.g_v[low:high], work.kind[k, low:high])
            undo_step(net, b, slot, work)
            if keep:
                by_times(net, b, k, slot, work, gradient)
                if driven:  # what v gets of a current is 1 - exp(-dt/tau_m) of it
                    drive_again(net, vector, currents[k], k, slot, work, gradient)
            if net.bias_at[b] >= 0:
                by_bias(net, b, keep, slot, work, gradient)
            if driven:
                by_drives(net, currents[k], work.ring_v[slot, low:high], net.numbers[1, V_X], gradient)


@inlined
def through_spikes(net, vector, b, k, local, task, work):
    """Add to the adjoint of v and a what the spikes of a block in step k did, or would have done.

    One loop for each statement, over all cells of the block, so that LLVM vectorises it: 4 times faster than cell by cell.
    """
    end, last, low, high = net.dt * net.steps, net.start.size - 1, net.start[b], net.stop[b]
    slope, value, g_a, v_th = work.slope[low:high], work.worth[low:high], work.g_a[low:high], net.numbers[b, V_TH]
    # `slope`: d spike/dv by the bump; `value`: d loss/d spike, to which everything that a spike does is added
    bumps(task.shape, task.steepness / v_th, work.above[k, low:high], slope)
    if net.waiting[b]:
        for j in range(slope.size):
            # refractory in some part of the step: taken to be unable to fire in it
            slope[j] = 0.0 if work.kind[k, low + j] else slope[j]
    value[:] = 0.0
    # what it does through its targets; e-prop (`local`) keeps only the synapses onto the readout, Bellec et al. (2020),
    # doi:10.1038/s41467-020-17236-y
    for c in range(net.pre.size):
        if net.pre[c] == b and not (local and net.post[c] != last):
            if net.each[c] or net.rows_at[c] >= 0:
                add_worth_each(net, vector, c, k, work)
            else:
                add_worth(net, vector, c, k, work)
    if b == last and task.loss == COUNT:
        add_scaled(value, task.gain * (end - (k + 1) * net.dt) / end, work.d_score)
    if task.rate_cost > 0.0 and b < last:
        for j in range(value.size):
            value[j] += task.rate_cost * (work.counts[low + j] - task.rate_target)
    if net.adaptive[b]:
        # a spike raises a by beta, and a lowers v - a - V_th
        add_scaled(value, net.numbers[b, JUMP], g_a)
        add_products(g_a, -1.0, slope, value)
    add_products(work.g_v[low:high], 1.0, slope, value)


@helper
def bumps(shape, scale, above, into):
    """Put the surrogate derivative of each cell with respect to its distance from the threshold into an array.

    Each shape has a loop of its own: in one loop, LLVM computes all of them for every cell and chooses.
    """
    if shape == FAST_SIGMOID:
        bumps_of(FAST_SIGMOID, scale, above, into)
    elif shape == SIGMOID:
        bumps_of(SIGMOID, scale, above, into)
    elif shape == TRIANGLE:
        bumps_of(TRIANGLE, scale, above, into)
    elif shape == ATAN:
        bumps_of(ATAN, scale, above, into)
    elif shape == GAUSSIAN:
        bumps_of(GAUSSIAN, scale, above, into)
    else:
        bumps_of(BOX, scale, above, into)


@inlined
def bumps_of(shape, scale, above, into):
    """Do what `bumps` does, for a shape that the compiler knows."""
    for j in range(into.size):
        into[j] = scale * bump(shape, scale * above[j])


@helper
def add_products(into, sign, x, y):
    """Add ``sign*x*y``."""
    for j in range(into.size):
        into[j] += sign * x[j] * y[j]


@inlined
def add_worth(net, vector, c, k, work):
    """Add to `work.worth` of the sources of a connection what a spike at the end of step k does through their targets.

    They have the same delay, so arrivals have the same response, and a target of adjoint x adds x times its weights.
    """
    low, first, stop = net.slot[net.receptor[c]], net.start[net.pre[c]], net.stop[net.pre[c]]
    high = low + net.stop[net.post[c]] - net.start[net.post[c]]
    tau_m, tau_s, time = net.numbers[net.post[c], TAU_M], net.tau_s[net.receptor[c]], (k + 1) * net.dt
    delay, into, n = vector[net.delay_at[c]], work.worth[first:stop], stop - first
    step = arrival_step(time + delay, net.dt, k)
    if step < net.steps:
        # a spike at the end of step k; the ring has the adjoint at the end of the step in which it arrives
        r, slot = (step + 1) * net.dt - (time + delay), step % work.ring_v.shape[0]
        slow, fast = potential(r, tau_m, tau_s), left(r, tau_s)
        on_v, on_i = work.ring_v[slot, low:high], work.ring_i[slot, low:high]
        # the weights of a target from all sources lie side by side in `turned`; four targets at once read `into` once
        whole = (high - low) & ~3
        for m in range(0, whole, 4):
            at = net.at[c] + m * n
            add_four(into, slow, fast, on_v[m : m + 4], on_i[m : m + 4], work.turned[at : at + 4 * n])
        for m in range(whole, high - low):
            at = net.at[c] + m * n
            add_scaled(into, slow * on_v[m] + fast * on_i[m], work.turned[at : at + n])


@helper
def add_four(into, slow, fast, on_v, on_i, weights):
    """Add the weights of four targets, one after the other, times ``slow*on_v + fast*on_i``."""
    n = into.size
    a, b = slow * on_v[0] + fast * on_i[0], slow * on_v[1] + fast * on_i[1]
    c, d = slow * on_v[2] + fast * on_i[2], slow * on_v[3] + fast * on_i[3]
    for j in range(n):
        into[j] = (((into[j] + a * weights[j]) + b * weights[n + j]) + c * weights[2 * n + j]) + d * weights[3 * n + j]


@inlined
def add_worth_each(net, vector, c, k, work):
    """Add to `work.worth` as `add_worth` does, for a connection whose synapses are listed, or have delays of their own."""
    low, first, stop, each = net.slot[net.receptor[c]], net.start[net.pre[c]], net.stop[net.pre[c]], net.each[c]
    tau_m, tau_s, time = net.numbers[net.post[c], TAU_M], net.tau_s[net.receptor[c]], (k + 1) * net.dt
    slow, fast, slot, step, known = 0.0, 0.0, 0, net.steps, False
    for j in range(first, stop):
        if work.slope[j] == 0.0:
            continue
        begin, end = row_of(net, c, j - first)
        for s in range(begin, end):
            # synapses with one delay have one response, computed once for the connection
            if each or not known:
                delay, known = vector[net.delay_at[c] + (s if each else 0)], True
                step = arrival_step(time + delay, net.dt, k)
                r, slot = (step + 1) * net.dt - (time + delay), step % work.ring_v.shape[0]
                slow, fast = potential(r, tau_m, tau_s), left(r, tau_s)
            if step < net.steps:
                m = low + target_of(net, c, s, s - begin)
                arrives = slow * work.ring_v[slot, m] + fast * work.ring_i[slot, m]
                work.worth[j] += work.turned[net.at[c] + s] * arrives


@helper
def turn_weights(net, vector, work):
    """Put the weights between cells into `work.turned`: those of listed synapses as they are, others by target."""
    net, work = refer(net), refer(work)
    for c in range(net.pre.size):
        # inputs have no derivative to be passed back to
        if net.pre[c] == 0:
            continue
        if net.each[c] or net.rows_at[c] >= 0:
            for j in range(net.stop[net.pre[c]] - net.start[net.pre[c]]):
                begin, end = row_of(net, c, j)
                copy(vector[net.at[c] + begin : net.at[c] + end], work.turned[net.at[c] + begin : net.at[c] + end])
            continue
        n, targets = net.stop[net.pre[c]] - net.start[net.pre[c]], net.stop[net.post[c]] - net.start[net.post[c]]
        for j in range(n):
            for m in range(targets):
                work.turned[net.at[c] + m * n + j] = vector[net.at[c] + j * targets + m]
