"""The loops of learning: one sample of a network trained by e-prop, and units that learn sample by sample.

The gradient of e-prop is a sum over time of a learning signal times an eligibility trace that the readout's filter has
smoothed. Filtering is linear, so the same sum comes out if the signal is filtered instead, backwards in time: then no
synapse needs a smoothed trace, and a step whose pseudo-derivative is 0 costs nothing.
"""

from typing import NamedTuple

import numpy as np

from brainsim.jit.decorators import helper, kernel
from brainsim.learn.vectors import add_scaled, softmax


class Cells(NamedTuple):
    """What the cells of a network have in common; decays are factors in a step."""

    alpha: float  # decay of v
    zeta: float  # factor of the input
    rho: float  # decay of the adaptation
    kappa: float  # decay of the readout
    v_th: float
    beta: np.ndarray  # rise of the threshold of each cell at a spike
    height: float  # of the pseudo-derivative at threshold
    t_ref: int  # steps


class Activity(NamedTuple):
    """What a network does in one sample, step by step."""

    spikes: np.ndarray  # uint8 (steps, cells)
    slope: np.ndarray  # pseudo-derivatives, (steps, cells)
    readout: np.ndarray  # (steps, outputs)


class Goal(NamedTuple):
    """What is minimised."""

    classify: bool
    window: int | None  # steps at the end of a sample in which errors count
    average: bool  # over the window
    rate_cost: float
    rate_target: float  # spikes per step


def run(x, weights, cells):
    """Return the `Activity` of one sample (steps, inputs): spikes, pseudo-derivatives and readouts."""
    steps, (n, outputs) = len(x), weights.output.shape
    activity = Activity(np.empty((steps, n), np.uint8), np.empty((steps, n)), np.empty((steps, outputs)))
    forward(x, weights, cells, np.empty((4, n)), activity)
    return activity


def gradients(x, target, weights, cells, goal):
    """Return the loss of one sample x (steps, inputs), and the gradients of the input, recurrent and output weights.

    `target` is an array (steps, outputs), or the label for a classification.
    """
    activity = run(x, weights, cells)
    steps, (n, outputs), n_in = len(x), weights.output.shape, x.shape[1]
    first, error = steps - (goal.window or steps), np.empty((steps, outputs))
    loss = (cross_entropy if goal.classify else squared_error)(activity.readout, target, first, error)
    rates = activity.spikes.sum(axis=0) / steps
    push = goal.rate_cost * (rates - goal.rate_target) / steps
    scratch = np.empty((steps, n_in + n)), np.empty((n, steps)), np.empty(n_in + n)
    to_cells, to_outputs = np.empty((n, n_in + n)), np.empty((n, outputs))
    gradient(x, weights, cells, activity, error, push, scratch, (to_cells, to_outputs))
    np.fill_diagonal(to_cells[:, n_in:], 0.0)  # no synapse onto itself
    scale = 1.0 / (steps - first) if goal.average else 1.0
    return scale * loss, scale * to_cells[:, :n_in].T, scale * to_cells[:, n_in:].T, scale * to_outputs


@kernel
def forward(x, weights, cells, state, activity):
    """Run one sample x (steps, inputs) and fill `activity`.

    `state` (4, cells) is scratch: v, adaptation, refractory steps left, and the input of a step.
    """
    spikes, slope, readout = activity
    v, a, left, drive = state[0], state[1], state[2], state[3]
    state[:] = 0.0
    for t in range(x.shape[0]):
        drive[:] = 0.0
        for i in range(x.shape[1]):
            if x[t, i] != 0.0:
                add_scaled(drive, x[t, i], weights.input[i])
        for j in range(v.size):
            if t > 0 and spikes[t - 1, j]:
                add_scaled(drive, 1.0, weights.recurrent[j])
        for j in range(v.size):
            fired = 1.0 if t > 0 and spikes[t - 1, j] else 0.0
            v[j] = cells.alpha * v[j] + cells.zeta * drive[j] - cells.v_th * fired
            a[j] = cells.rho * a[j] + fired
            left[j] = max(left[j] - 1.0, 0.0)
            above = v[j] - (cells.v_th + cells.beta[j] * a[j])
            slope[t, j] = cells.height * max(0.0, 1.0 - abs(above) / cells.v_th) if left[j] == 0.0 else 0.0
            spikes[t, j] = left[j] == 0.0 and above >= 0.0
            if spikes[t, j]:
                left[j] = cells.t_ref
        read_out(readout, t, spikes[t], weights.output, cells.kappa)


@helper
def read_out(readout, t, spikes, weights, kappa):
    """Put the leaky sum of weighted spikes into row t."""
    y = readout[t]
    y[:] = 0.0
    for j in range(spikes.size):
        if spikes[j]:
            add_scaled(y, 1.0 - kappa, weights[j])
    if t > 0:
        add_scaled(y, kappa, readout[t - 1])


@kernel
def squared_error(readout, target, first, error):
    """Return half the sum of squared errors from step `first` on; `error` gets the derivative."""
    loss = 0.0
    for t in range(readout.shape[0]):
        for k in range(readout.shape[1]):
            error[t, k] = readout[t, k] - target[t, k] if t >= first else 0.0
            loss += 0.5 * error[t, k] * error[t, k]
    return loss


@kernel
def cross_entropy(readout, label, first, error):
    """Return the sum of ``-log(probability of the label)`` from step `first` on; `error` gets the derivative."""
    loss = 0.0
    for t in range(readout.shape[0]):
        if t < first:
            error[t, :] = 0.0
        else:
            loss += softmax(readout[t], label, error[t])
    return loss


@kernel
def gradient(x, weights, cells, activity, error, push, scratch, into):
    """Put the e-prop gradient of one sample into `into`, after `forward` has filled `activity`.

    `error` (steps, outputs), the derivative of the loss with respect to the readout, is overwritten. `push` (cells,) is
    what the regularisation of rates adds to the learning signal in each step. `scratch` holds arrays (steps, inputs +
    cells), (cells, steps) and (inputs + cells,); `into` arrays (cells, inputs + cells) for the input and recurrent weights,
    and (cells, outputs).
    """
    pre, signal, trace = scratch
    filter_backwards(error, cells.kappa)
    filter_spikes(x, activity.spikes, cells, pre)
    for j in range(signal.shape[0]):
        for t in range(signal.shape[1]):
            total = push[j]
            for k in range(error.shape[1]):
                total += weights.feedback[j, k] * error[t, k]
            signal[j, t] = total
    for j in range(signal.shape[0]):
        into[0][j, :] = 0.0
        into[1][j, :] = 0.0
        correlate(activity.slope[:, j], signal[j], pre, cells.rho, cells.beta[j], trace, into[0][j])
        for t in range(signal.shape[1]):
            if activity.spikes[t, j]:
                add_scaled(into[1][j], 1.0, error[t])


@helper
def filter_backwards(error, kappa):
    """Replace errors by ``(1 - kappa)*sum over s >= t of kappa**(s - t)*error[s]``: all that a spike at t contributes to."""
    for t in range(error.shape[0] - 1, -1, -1):
        for k in range(error.shape[1]):
            error[t, k] *= 1.0 - kappa
            if t + 1 < error.shape[0]:
                error[t, k] += kappa * error[t + 1, k]


@helper
def filter_spikes(x, spikes, cells, pre):
    """Put the input and the spikes of the step before, smoothed as the membrane does it, into `pre`."""
    n = x.shape[1]
    for t in range(x.shape[0]):
        for i in range(n):
            pre[t, i] = cells.zeta * x[t, i] + (cells.alpha * pre[t - 1, i] if t > 0 else 0.0)
        for j in range(spikes.shape[1]):
            pre[t, n + j] = cells.alpha * pre[t - 1, n + j] + cells.zeta * spikes[t - 1, j] if t > 0 else 0.0


@helper
def correlate(slope, signal, pre, rho, beta, trace, into):
    """Add up signal times eligibility trace for all synapses of one cell.

    ``e = slope*(pre - beta*trace)``, then ``trace = rho*trace + e``: the trace tells how much past spikes have raised the
    threshold. Where the slope is 0 the trace only decays, which is made up for at the next step where it is not.
    """
    trace[:] = 0.0
    decay = 1.0
    for t in range(slope.size):
        p = slope[t]
        if p == 0.0:
            decay *= rho
            continue
        if beta == 0.0:
            add_scaled(into, p * signal[t], pre[t])
            continue
        for i in range(into.size):
            past = decay * trace[i]
            e = p * (pre[t, i] - beta * past)
            trace[i] = rho * past + e
            into[i] += signal[t] * e
        decay = 1.0


@kernel
def oja(X, w, rate):
    """Let a unit learn by Oja's rule, row by row of X."""
    for s in range(X.shape[0]):
        y = inner(X[s], w)
        for i in range(w.size):
            w[i] += rate * y * (X[s, i] - y * w[i])


@kernel
def bcm(X, w, rate, share, threshold):
    """Let a unit learn by the BCM rule, row by row of X; return its threshold, which moves by `share` of the way."""
    for s in range(X.shape[0]):
        y = inner(X[s], w)
        add_scaled(w, rate * y * (y - threshold), X[s])
        threshold += share * (y * y - threshold)
    return threshold


@kernel
def bcm_mean(X, w, rate, y, change):
    """Let a unit take the mean step of the BCM rule over all rows; return the mean square of its responses before it."""
    total = 0.0
    for s in range(X.shape[0]):
        y[s] = inner(X[s], w)
        total += y[s] * y[s]
    threshold = total / X.shape[0]
    change[:] = 0.0
    for s in range(X.shape[0]):
        add_scaled(change, y[s] * (y[s] - threshold), X[s])
    add_scaled(w, rate / X.shape[0], change)
    return threshold


@helper
def inner(a, b):
    """Return the inner product of two vectors, added up in order."""
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total
