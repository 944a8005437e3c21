"""What spikes do to their targets when they arrive: for all events of a block in a step at once, or all synapses of one.

The responses of synapses that have the same delay are kept, since the backward pass needs them again.
"""

from brainsim.jit.decorators import helper, inlined
from brainsim.learn.spiking.kernels.net import TAU_M
from brainsim.learn.spiking.kernels.responses import fast_of, padded, slow_of


@helper
def arrival_step(time, dt, k):
    """Return the step in which something arrives that was sent in step k: a later one."""
    return max(int(time / dt), k + 1)


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
def respond(net, c, times, more, k, steps, slow, fast):
    """Put into arrays in which steps something arrives by connection c at ``times + more``, and the responses to it."""
    # `times` are times of events and `more` their delay, or delays of synapses and `more` the time of the event
    tau_m, tau_s = net.numbers[net.post[c], TAU_M], net.tau_s[net.receptor[c]]
    fill_responses(times, more, k, net.dt, (net.factor[net.post[c]], tau_m, tau_s), (steps, slow, fast))


@helper
def fill_responses(times, more, k, dt, target, into):
    """Compute the steps and responses of `respond`; without a branch, so that it is vectorised."""
    (factor, tau_m, tau_s), (steps, slow, fast) = target, into
    for x in range(times.size):
        time = times[x] + more
        step = arrival_step(time, dt, k)
        r = (step + 1) * dt - time
        # until the end of that step v gets w*slow, and w*fast is left of the current: `responses`
        steps[x], slow[x], fast[x] = step, slow_of(factor, dt, r, tau_m, tau_s), fast_of(factor, dt, r, tau_s)


@inlined
def respond_on_grid(net, time, c, k, work):
    """Return the step in which something arrives at a time by connection c, and the responses to it.

    What is sent at the ends of steps has, but for rounding, the same responses in each step, so they are kept.
    """
    step, known = arrival_step(time, net.dt, k), work.known[c]
    r = (step + 1) * net.dt - time
    if r != known[0]:  # which is NaN at first
        tau_m, tau_s, factor = net.numbers[net.post[c], TAU_M], net.tau_s[net.receptor[c]], net.factor[net.post[c]]
        known[0], known[1], known[2] = r, slow_of(factor, net.dt, r, tau_m, tau_s), fast_of(factor, net.dt, r, tau_s)
    return step, known[1], known[2]


@inlined
def send(net, vector, b, k, slot, work):
    """Add what the events of block b in step k do to their targets at the steps in which they arrive."""
    # events lie by step and block: those of this block in this step are from `begin` to `end`
    begin, end = work.begins[k, b], work.begins[k, b + 1]
    if begin == end:
        return
    for c in range(net.pre.size):
        if net.pre[c] != b:
            continue
        if net.each[c]:
            for x in range(begin, end):
                send_each(net, vector, c, x, k, slot, work)
        else:
            send_alike(net, vector, c, begin, end, k, slot, work)


@inlined
def send_alike(net, vector, c, begin, end, k, slot, work):
    """Send the events of a block by a connection whose synapses have the same delay."""
    # `sent_...` have one row for each such connection of a block, and a column for each event of the network: an event
    # belongs to one block, so connections from different blocks use the same rows
    place = net.place[c]
    steps, slow, fast = work.sent_step[place], work.sent_slow[place], work.sent_fast[place]
    stop = begin + padded(end - begin)
    # `stop` may be beyond the events, up to a whole vector: what is computed there is overwritten by the next ones
    into = steps[begin:stop], slow[begin:stop], fast[begin:stop]
    if net.on_grid and work.time[begin] == work.time[end - 1]:
        # sorted, so all are at the end of step k; only inputs of step 0 may also be at its start
        into[0][:], into[1][:], into[2][:] = respond_on_grid(net, work.time[begin] + vector[net.delay_at[c]], c, k, work)
    else:
        respond(net, c, work.time[begin:stop], vector[net.delay_at[c]], k, into[0], into[1], into[2])
    low, start, rows, exact = net.slot[net.receptor[c]], net.start[net.post[c]], work.ring_v.shape[0], net.exact[net.post[c]]
    at, listed, targets_at = net.at[c], net.rows_at[c] >= 0, net.targets_at[c]
    for x in range(begin, end):
        # it arrives after the end of the sample
        if steps[x] >= net.steps:
            continue
        first, stop = row_of(net, c, work.cell[x])
        n, weights, to = stop - first, vector[at + first : at + stop], slot + steps[x] - k
        # the row of the ring for that step; a delay is never longer than the ring
        to -= rows if to >= rows else 0
        # `exact`: cells that fire within a step also need what negative weights do, see `crossing.near_of`
        if listed:
            targets = net.targets[targets_at + first : targets_at + stop]
            scatter(work.ring_v[to], low, targets, slow[x], weights)
            scatter(work.ring_i[to], low, targets, fast[x], weights)
            if exact:
                scatter_negative(work.ring_down[to], start, targets, slow[x], weights)
            continue
        into_v, into_i = work.ring_v[to, low : low + n], work.ring_i[to, low : low + n]
        if exact:
            add_all(into_v, into_i, work.ring_down[to, start : start + n], slow[x], fast[x], weights)
        else:
            add_both(into_v, into_i, slow[x], fast[x], weights)


@helper
def add_all(into_v, into_i, down, slow, fast, weights):
    """Add weights times two factors, and to the third array the negative ones alone, times the first."""
    for m in range(into_v.size):
        part = slow * weights[m]
        into_v[m] += part
        into_i[m] += fast * weights[m]
        down[m] += min(part, 0.0)


@helper
def add_both(into_v, into_i, slow, fast, weights):
    """Add weights times two factors."""
    for m in range(into_v.size):
        into_v[m] += slow * weights[m]
        into_i[m] += fast * weights[m]


@helper
def scatter(into, low, targets, factor, weights):
    """Add ``factor*weights`` to the targets of listed synapses."""
    for m in range(targets.size):
        into[low + targets[m]] += factor * weights[m]


@helper
def scatter_negative(into, low, targets, factor, weights):
    """Add ``factor*weights`` to the targets of listed synapses if they are negative."""
    for m in range(targets.size):
        into[low + targets[m]] += factor * min(weights[m], 0.0)


@inlined
def send_each(net, vector, c, x, k, slot, work):
    """Send event x by a connection whose synapses have delays of their own."""
    begin, end = row_of(net, c, work.cell[x])
    low, start, exact = net.slot[net.receptor[c]], net.start[net.post[c]], net.exact[net.post[c]]
    at, rows, n = net.at[c], work.ring_v.shape[0], end - begin
    # one number for each synapse of this source, kept for this event only: `gather` computes them again
    steps, slow, fast = work.row_step[:n], work.row_slow[:n], work.row_fast[:n]
    respond(net, c, vector[net.delay_at[c] + begin : net.delay_at[c] + end], work.time[x], k, steps, slow, fast)
    for m in range(n):
        if steps[m] < net.steps:
            w, target, to = vector[at + begin + m], target_of(net, c, begin + m, m), slot + steps[m] - k
            to -= rows if to >= rows else 0
            work.ring_v[to, low + target] += slow[m] * w
            work.ring_i[to, low + target] += fast[m] * w
            if exact:
                work.ring_down[to, start + target] += slow[m] * min(w, 0.0)
