"""What is minimised: the loss of one sample, and its derivatives with respect to trace and spike times of the readout."""

from brainsim.jit.decorators import helper
from brainsim.jit.references import refer
from brainsim.jit.vmath import exp
from brainsim.learn.spiking.kernels.net import V_TH
from brainsim.learn.vectors import softmax

MEAN, MAX, FIRST, COUNT, LABELS, VALUES, SPIKES = range(7)
NAMES = {"mean": MEAN, "max": MAX, "first": FIRST, "count": COUNT, "labels": LABELS, "values": VALUES, "spikes": SPIKES}
PUSH = 0.1  # of the potential of the right output at the end of a sample in which it should have fired, but did not
STRONG_PUSH, NEAR = 1.0, 0.5  # of outputs with wanted spikes; spikes more than 0.7 tau apart are not near


@helper
def loss_of(net, task, label, labels, values, wanted, work):
    """Return the loss of a sample, and put its derivatives into `work`, where `forward` has left the trace.

    `label` is the class, -1 for none; `labels` (steps,) the class of each step, -1 for none, and `values` (steps, outputs)
    the wanted trace, both of length 0 if they are not used; `wanted` are times and cells of wanted spikes.
    """
    net, task, work = refer(net), refer(task), refer(work)
    work.d_trace[:] = 0.0
    work.score[:] = 0.0
    for x in range(work.ends[0]):
        work.d_time[x] = 0.0
    if task.loss == LABELS:
        return of_labels(task, labels, work)
    if task.loss == VALUES:
        return of_values(values, work)
    if task.loss == SPIKES:
        return of_spikes(net, task, wanted[0], wanted[1], work)
    if task.loss == FIRST:
        return of_first(net, task, label, work)
    # the others are the cross-entropy of scores: a weighted mean of the trace, its maximum, or counts of spikes
    if task.loss == MEAN:
        for k in range(work.trace.shape[0]):
            for o in range(work.score.size):
                work.score[o] += task.gain * task.weights[k] * work.trace[k, o]
    elif task.loss == MAX:
        for o in range(work.score.size):
            work.score[o] = task.gain * work.trace[highest(work.trace, o), o]
    else:
        counted(net, task, work)
    return of_scores(net, task, label, work)


@helper
def of_scores(net, task, label, work):
    """Return the cross-entropy of the scores, and pass its derivative on."""
    work.d_score[:] = 0.0
    if label < 0:
        return 0.0
    loss, steps, last = softmax(work.score, label, work.d_score), work.trace.shape[0], net.start.size - 1
    for o in range(work.score.size):
        # the mean passes it to all steps by their weights, the maximum to the step in which it was
        g = work.d_score[o] * task.gain
        if task.loss == MEAN:
            for k in range(steps):
                work.d_trace[k, o] = g * task.weights[k]
        elif task.loss == MAX:
            work.d_trace[highest(work.trace, o), o] = g
    if task.loss == COUNT:
        for x in range(work.ends[0]):
            if work.block[x] == last:
                # a spike that is one ms later counts less by gain/end, see `counted`
                work.d_time[x] = -task.gain * work.d_score[work.cell[x]] / (net.dt * steps)
    return loss


@helper
def highest(trace, o):
    """Return the step in which the potential of a readout is largest."""
    best = 0
    for k in range(1, trace.shape[0]):
        if trace[k, o] > trace[best, o]:
            best = k
    return best


@helper
def counted(net, task, work):
    """Put the number of spikes so far, averaged over the sample, into the scores: unlike the number it is continuous."""
    end, last = net.dt * net.steps, net.start.size - 1
    for x in range(work.ends[0]):
        if work.block[x] == last:
            work.score[work.cell[x]] += task.gain * (end - work.time[x]) / end


@helper
def of_first(net, task, label, work):
    """Return the loss of the first spikes: cross-entropy of ``exp(-t/tau)``, and a little for a late spike of the label.

    The scores are ``-t/tau``. A readout that does not fire counts as if it fired at the end.
    """
    end, last = net.dt * net.steps, net.start.size - 1
    for o in range(work.score.size):
        # as if it fired at the end
        work.score[o] = -end / task.tau_first
    for x in range(work.ends[0] - 1, -1, -1):
        if work.block[x] == last:  # the earliest stays
            work.score[work.cell[x]] = max(work.score[work.cell[x]], -work.time[x] / task.tau_first)
    if label < 0:
        return 0.0
    loss = softmax(work.score, label, work.d_score)
    time = -work.score[label] * task.tau_first
    # grows with the time of the right output's first spike, also if the others are later still
    loss += task.late * (exp(time / task.tau_late) - 1.0)
    for x in range(work.ends[0]):
        if work.block[x] == last and -work.time[x] / task.tau_first == work.score[work.cell[x]]:
            work.d_time[x] = -work.d_score[work.cell[x]] / task.tau_first
            if work.cell[x] == label:
                work.d_time[x] += task.late / task.tau_late * exp(time / task.tau_late)
    if work.counts[net.start[last] + label] == 0:
        # no spike, no derivative by its time: raise its potential instead
        work.d_trace[net.steps - 1, label] = -PUSH
    return loss


@helper
def of_labels(task, labels, work):
    """Return the mean cross-entropy of the steps that have a label."""
    total, count = 0.0, 0
    for k in range(labels.size):
        count += labels[k] >= 0
    for k in range(labels.size):
        if labels[k] >= 0:
            for o in range(work.score.size):
                work.score[o] = task.gain * work.trace[k, o]
            # `softmax` leaves d loss/d score; the score is gain*trace, and the mean is over `count` steps
            total += softmax(work.score, labels[k], work.d_trace[k]) / count
            for o in range(work.score.size):
                work.d_trace[k, o] *= task.gain / count
    return total


@helper
def of_values(values, work):
    """Return half the mean squared distance of the trace from the values that are not NaN."""
    total, size = 0.0, 0
    for k in range(values.shape[0]):
        for o in range(values.shape[1]):
            # NaN, which stands for no wanted value, differs from itself
            size += values[k, o] == values[k, o]
    for k in range(values.shape[0]):
        for o in range(values.shape[1]):
            if values[k, o] == values[k, o]:
                distance = work.trace[k, o] - values[k, o]
                total += 0.5 * distance * distance / size
                work.d_trace[k, o] = distance / size
    return total


@helper
def of_spikes(net, task, times, cells, work):
    """Return the distance of the spikes of the outputs from wanted ones: van Rossum (2001), doi:10.1162/089976601300014321.

    Each spike is followed by ``exp(-t/tau)``; the distance is the integral of the squared difference, times ``1/tau``.
    Where a spike is missing, the potential is moved up, and down before one far from all wanted ones: no derivative does it.
    """
    # Products of two exponential traces integrate to exp(-|t - u|/tau)/2 (times 1/tau), so the distance is half the sum over
    # all pairs of spikes, plus half of that over all pairs of wanted spikes, minus the sum over pairs of one and the other.
    tau, total, n = task.tau_first, 0.0, list_outputs(net, work)
    push = STRONG_PUSH / net.numbers[net.start.size - 1, V_TH]
    for k in range(n):
        # `d_cross` holds numbers of events until the way back needs it
        x, closest = int(work.d_cross[k]), 0.0
        for other in range(n):
            y = int(work.d_cross[other])
            if work.cell[y] == work.cell[x]:
                near = exp(-abs(work.time[x] - work.time[y]) / tau)
                total += 0.5 * near
                work.d_time[x] -= sign_of(work.time[x] - work.time[y]) * near / tau
        for q in range(times.size):
            if cells[q] == work.cell[x]:
                near = exp(-abs(work.time[x] - times[q]) / tau)
                total, closest = total - near, max(closest, near)
                work.d_time[x] += sign_of(work.time[x] - times[q]) * near / tau
        if closest < NEAR:
            work.d_trace[max(int(work.time[x] / net.dt) - 1, 0), work.cell[x]] += push
    for q in range(times.size):
        closest = 0.0
        for p in range(times.size):
            if cells[p] == cells[q]:
                total += 0.5 * exp(-abs(times[p] - times[q]) / tau)
        for k in range(n):
            x = int(work.d_cross[k])
            closest = max(closest, exp(-abs(work.time[x] - times[q]) / tau) if work.cell[x] == cells[q] else 0.0)
        if closest < NEAR:
            work.d_trace[min(int(times[q] / net.dt), net.steps - 1), cells[q]] -= push
    return total


@helper
def list_outputs(net, work):
    """Put the events of the outputs into an array that is free before the way back; return how many there are."""
    n = 0
    for x in range(work.ends[0]):
        if work.block[x] == net.start.size - 1:
            work.d_cross[n] = x
            n += 1
    return n


@helper
def sign_of(x):
    """Return -1, 0 or 1."""
    return 1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0)
