"""The backward pass with surrogate gradients, and that of e-prop: spikes at the ends of steps, with an invented derivative.

A spike is a step function of ``v - threshold``; its derivative, 0 almost everywhere, is replaced by a bump. The reset is not
differentiated. With e-prop, what a spike causes through synapses onto hidden cells is left out as well: then each synapse
could have computed its gradient forwards in time.
"""

from brainsim.jit.decorators import helper, inlined
from brainsim.jit.vmath import exp
from brainsim.learn.spiking.kernels.backward import by_bias, by_drives, by_times, gather, inner, undo_step
from brainsim.learn.spiking.kernels.forward import arrival_step
from brainsim.learn.spiking.kernels.losses import COUNT
from brainsim.learn.spiking.kernels.responses import left, potential
from brainsim.learn.spiking.plan import JUMP, TAU_M, TAU_S, V_TH, V_X

FAST_SIGMOID, SIGMOID, TRIANGLE, ATAN, GAUSSIAN, BOX = range(6)
SHAPES = {
    "fast_sigmoid": FAST_SIGMOID,
    "sigmoid": SIGMOID,
    "triangle": TRIANGLE,
    "atan": ATAN,
    "gaussian": GAUSSIAN,
    "box": BOX,
}


@helper
def bump(shape, u):
    """Return the surrogate derivative at a scaled distance u from the threshold; it is 1 at u = 0.

    Zenke & Ganguli (2018), doi:10.1162/neco_a_01086, for the fast sigmoid; Bellec et al. (2018), arXiv:1803.09574, for the
    triangle; Fang et al. (2021), arXiv:2007.05785, for the arctangent.
    """
    x = abs(u)
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


@inlined
def surrogate_backward(net, vector, currents, local, task, work, gradient):
    """Add the surrogate gradient of one sample, or with `local` that of e-prop, to `gradient`; all steps must be kept."""
    work.g_v[:] = 0.0
    work.g_i[:] = 0.0
    work.g_a[:] = 0.0
    last = net.start.size - 1
    for k in range(net.steps - 1, -1, -1):
        slot = k % work.ring_v.shape[0]
        for o in range(net.stop[last] - net.start[last]):
            work.g_v[net.start[last] + o] += work.d_trace[k, o]
        for x in range(work.first[k], work.first[k + 1]):
            gather(net, vector, x, k, work, gradient)
        for b in range(1, net.start.size):
            if net.spiking[b]:
                through_spikes(net, vector, b, k, local, task, work)
            low, high = net.start[b], net.stop[b]
            if net.waiting[b]:
                for j in range(low, high):
                    if work.kind[k, j]:
                        work.g_v[j] = 0.0
            undo_step(net, b, slot, work)
            by_times(net, b, k, slot, work, gradient)
            if b == last:
                by_bias(net, b, 1, slot, work, gradient)
            if b == 1 and currents.shape[0] > 0:
                by_drives(net, currents[k], work.ring_v[slot, low:high], net.numbers[1, V_X], gradient)


@inlined
def through_spikes(net, vector, b, k, local, task, work):
    """Add to the adjoint of v and a what the spikes of a block in step k did, or would have done."""
    end, last, v_th, jump = net.dt * net.steps, net.start.size - 1, net.numbers[b, V_TH], net.numbers[b, JUMP]
    for j in range(net.start[b], net.stop[b]):
        if net.waiting[b] and work.kind[k, j]:
            continue
        slope = task.steepness * bump(task.shape, task.steepness * work.above[k, j] / v_th) / v_th
        if slope == 0.0:
            continue
        value = worth(net, vector, b, j - net.start[b], k, local, work) + jump * work.g_a[j]
        if b == last and task.loss == COUNT:
            value += task.gain * work.d_score[j - net.start[b]] * (end - (k + 1) * net.dt) / end
        if task.rate_cost > 0.0 and b < last:
            value += task.rate_cost * (work.counts[j] - task.rate_target)
        work.g_v[j] += slope * value
        work.g_a[j] -= slope * value


@inlined
def worth(net, vector, b, cell, k, local, work):
    """Return the derivative of the loss by a spike of a cell at the end of step k, through its targets."""
    total, time = 0.0, (k + 1) * net.dt
    for c in range(net.pre.size):
        if net.pre[c] != b or (local and net.post[c] != net.start.size - 1):
            continue
        low, high = net.start[net.post[c]], net.stop[net.post[c]]
        tau_m, tau_s, row = net.numbers[net.post[c], TAU_M], net.numbers[net.post[c], TAU_S], cell * (high - low)
        for m in range(high - low if net.each[c] else 1):
            delay = vector[net.delay_at[c] + (row + m if net.each[c] else 0)]
            step = arrival_step(time + delay, net.dt, k)
            if step < net.steps:
                r, slot, at = (step + 1) * net.dt - (time + delay), step % work.ring_v.shape[0], net.at[c] + row
                if net.each[c]:
                    on_v, on_i = vector[at + m] * work.ring_v[slot, low + m], vector[at + m] * work.ring_i[slot, low + m]
                else:
                    weights = vector[at : at + high - low]
                    on_v, on_i = inner(weights, work.ring_v[slot, low:high]), inner(weights, work.ring_i[slot, low:high])
                total += on_v * potential(r, tau_m, tau_s) + on_i * left(r, tau_s)
    return total
