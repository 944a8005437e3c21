"""Between two steps of a trained network in the engine: the loop of `forward` without the steps of the cells."""

from brainsim.jit.decorators import inlined, kernel
from brainsim.jit.vmath import flushed
from brainsim.learn.spiking.kernels.forward import NARROW, decay_potential, drive_by, enter_inputs, hold, send
from brainsim.learn.spiking.plan import T_REF, V_TH, V_V, V_X
from brainsim.learn.vectors import copy


@kernel
def between(net, vector, k, at, sample, state, work):
    """Complete step k - 1, and prepare step k; return where the input spikes of the next step begin.

    `at` is where the input spikes from step k on begin. `state` (8, cells) holds v, i, a, lag, fired, span and start of all
    cells of the network, each with one receptor; what arrives at v goes into the last row.
    """
    if k > 0:
        at = complete(net, vector, k - 1, at, sample, state, work)
    prepare(net, vector, k, sample.currents, state, work)
    return at


@inlined
def complete(net, vector, k, at, sample, state, work):
    """Add what arrived in step k to the currents, and send its spikes."""
    slot, t1 = k % work.ring_v.shape[0], (k + 1) * net.dt
    for b in range(1, net.start.size):
        for j in range(net.start[b], net.stop[b]):
            if net.waiting[b]:
                state[1, j] = flushed(net.i_i[net.receptors[b]] * work.i0[0, j])
            state[1, j] = state[1, j] + work.ring_i[slot, j]
            work.ring_v[slot, j] = 0.0
            work.ring_i[slot, j] = 0.0
    work.first[k] = work.ends[0]
    at = enter_inputs(k, net.dt, sample, at, work)
    for b in range(1, net.start.size):
        for j in range(net.start[b], net.stop[b]):
            if net.spiking[b] and state[4, j] > 0.0:
                x, lag = work.ends[0], state[3, j]
                work.block[x], work.cell[x], work.time[x] = b, j - net.start[b], t1 - lag
                work.ends[0] = x + 1
                state[4, j] = 0.0
                if net.waiting[b]:
                    work.release[j] = t1 - lag + net.numbers[b, T_REF]
                    work.last[j] = x
    for x in range(work.first[k], work.ends[0]):
        send(net, vector, x, k, work)
    work.first[k + 1] = work.ends[0]
    return at


@inlined
def prepare(net, vector, k, currents, state, work):
    """Set what the cells need for step k; of those with a refractory time, v at its end."""
    slot, last = k % work.ring_v.shape[0], net.start.size - 1
    work.ends[1] = 0
    if currents.shape[0] > 0:
        drive_by(net, vector, currents[k], work.drive)
    for b in range(1, net.start.size):
        low, high, v_th = net.start[b], net.stop[b], net.numbers[b, V_TH]
        for j in range(low, high):
            work.v0[0, j], work.i0[0, j], work.a0[0, j] = state[0, j], state[1, j], state[2, j]
            state[5, j] = 0.0 if net.on_grid else net.dt
            state[6, j] = min(state[0, j] - state[2, j], v_th - NARROW)
            state[7, j] = work.ring_v[slot, j] if net.factor[b] != 0.0 else 0.0  # else it is the current's, see `derived`
        if net.waiting[b]:
            copy(state[0, low:high], work.v[low:high])
            driven = b == last or (b == 1 and currents.shape[0] > 0)
            v, i, drive, v_i = work.v[low:high], state[1, low:high], work.drive[low:high], net.v_i[net.receptors[b]]
            into, numbers = work.ring_v[slot, low:high], net.numbers[b]
            decay_potential(v, i, into, numbers[V_V], v_i, drive, numbers[V_X], driven)
            hold(net, vector, b, k, 0, driven, work)
            for j in range(low, high):
                state[7, j] = work.v[j]
                state[0, j] = 0.0
                state[1, j] = 0.0
                if work.kind[k, j] == 2:
                    state[6, j] = min(work.begin[j], v_th - NARROW)
                    state[5, j] = 0.0 if net.on_grid else work.span[j]
