"""Slow twins of `bs.learn.EProp`, written from the equations: e-prop forward in time, and backpropagation through time."""

import numpy as np


def run(net, x):
    """Return potentials above threshold, pseudo-derivatives, spikes and readouts of one sample, each (steps, ...)."""
    weights, n = net.weights, net.n_rec
    alpha, rho, kappa = (np.exp(-net.dt / tau) for tau in (net.tau_m, net.tau_a, net.tau_out))
    zeta = 1.0 - alpha if net.normalised else 1.0
    beta = np.where(np.arange(n) < n - net.adaptive, 0.0, net.beta)
    v, a, z, left, y = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(net.n_out)
    slopes, spikes, readouts = [], [], []
    for row in x:
        left = np.maximum(left - 1, 0)
        v = alpha * v + zeta * (row @ weights.input + z @ weights.recurrent) - net.v_th * z
        a = rho * a + z
        above = v - (net.v_th + beta * a)
        slopes.append(np.where(left > 0, 0.0, net.gamma / net.v_th * np.maximum(0.0, 1.0 - np.abs(above) / net.v_th)))
        z = ((above >= 0.0) & (left == 0)).astype(float)
        left = np.where(z > 0, round(net.t_ref / net.dt), left)
        y = kappa * y + (1.0 - kappa) * (z @ weights.output)
        spikes.append(z)
        readouts.append(y)
    return np.array(slopes), np.array(spikes), np.array(readouts), (alpha, zeta, rho, kappa, beta)


def errors(net, readouts, target):
    """Return the loss of one sample and its derivative by the readouts."""
    steps = len(readouts) if net.window is None else round(net.window / net.dt)
    counts = (np.arange(len(readouts)) >= len(readouts) - steps)[:, None]
    if net.task == "regression":
        error = (readouts - target) * counts
        return 0.5 * np.sum(error**2) / (steps if net.average else 1), error / (steps if net.average else 1)
    shares = np.exp(readouts) / np.exp(readouts).sum(axis=1, keepdims=True)
    loss = -np.sum(np.log(shares[:, target]) * counts[:, 0])
    error = (shares - np.eye(net.n_out)[target]) * counts
    return loss / (steps if net.average else 1), error / (steps if net.average else 1)


def push_of_rates(net, spikes, error_steps):
    """Return what the cost of rates adds to the learning signal of each cell in each step."""
    steps = len(spikes)
    cost = net.rate_cost / (error_steps if net.average else 1)
    return cost * (spikes.mean(axis=0) - net.rate_target * net.dt / 1000.0) / steps


def forward_gradients(net, x, target):
    """Return the loss and the gradients by input, recurrent and output weights, as in the paper: traces forward in time."""
    slopes, spikes, readouts, (alpha, zeta, rho, kappa, beta) = run(net, x)
    loss, error = errors(net, readouts, target)
    n_in, n = x.shape[1], net.n_rec
    pre, z, out = np.zeros(n_in + n), np.zeros(n), np.zeros(n)
    trace, smooth, total, gradient = (np.zeros((n_in + n, n)) for _ in range(4))
    by_output = np.zeros((n, net.n_out))
    for t, row in enumerate(x):
        pre = alpha * pre + zeta * np.concatenate([row, z])
        e = slopes[t] * (pre[:, None] - beta * trace)
        trace = rho * trace + e
        smooth = kappa * smooth + (1.0 - kappa) * e
        gradient += (net.weights.feedback @ error[t]) * smooth
        total += e
        z = spikes[t]
        out = kappa * out + (1.0 - kappa) * z
        by_output += np.outer(out, error[t])
    steps = len(x) if net.window is None else round(net.window / net.dt)
    gradient += push_of_rates(net, spikes, steps) * total
    recurrent = gradient[n_in:].copy()
    np.fill_diagonal(recurrent, 0.0)
    return loss, gradient[:n_in], recurrent, by_output


def bptt_gradients(net, x, target, recurrent_credit=True):
    """Return the same by backpropagation through time, with the pseudo-derivative and without credit through the reset.

    Without `recurrent_credit`, what a spike causes through recurrent synapses gets no credit either.
    """
    slopes, spikes, readouts, (alpha, zeta, rho, kappa, beta) = run(net, x)
    loss, error = errors(net, readouts, target)
    weights, n = net.weights, net.n_rec
    steps = len(x) if net.window is None else round(net.window / net.dt)
    push = push_of_rates(net, spikes, steps)
    by_y, by_v, by_a = np.zeros(net.n_out), np.zeros(n), np.zeros(n)  # derivatives by the values of the step after
    by_input, by_recurrent, by_output = np.zeros_like(weights.input), np.zeros((n, n)), np.zeros_like(weights.output)
    for t in range(len(x) - 1, -1, -1):
        by_y = error[t] + kappa * by_y
        by_output += (1.0 - kappa) * np.outer(spikes[t], by_y)
        by_z = (1.0 - kappa) * weights.output @ by_y + push + by_a
        if recurrent_credit:
            by_z = by_z + zeta * weights.recurrent @ by_v
        by_v = alpha * by_v + slopes[t] * by_z
        by_a = rho * by_a - beta * slopes[t] * by_z
        by_input += zeta * np.outer(x[t], by_v)
        if t:
            by_recurrent += zeta * np.outer(spikes[t - 1], by_v)
    np.fill_diagonal(by_recurrent, 0.0)
    return loss, by_input, by_recurrent, by_output
