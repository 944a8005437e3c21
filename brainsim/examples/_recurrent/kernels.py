"""The loops of a recurrent network: a chunk of samples forwards through time, and backwards.

All rows of a chunk move together, so each weight is read once in a step for all of them. Products are sums of scaled rows,
four at a time: half as fast as the best BLAS on one thread, but the order of the sums does not depend on threads.
"""

from typing import NamedTuple

import numpy as np

from brainsim.jit.decorators import helper, inlined, kernel
from brainsim.jit.vmath import sigmoid, tanh
from brainsim.learn.vectors import add_scaled, copy, softmax

LAST, MEAN, SEQUENCE = range(3)


class Parameters(NamedTuple):
    """Weights and biases; of gated units, the gates "reset" and "update" and the candidate lie side by side."""

    W: np.ndarray  # (inputs, gates*units)
    U: np.ndarray  # (units, gates*units)
    b: np.ndarray  # (gates*units,)
    c: np.ndarray  # (units,): within the reset of gated units
    V: np.ndarray  # (units, outputs)
    d: np.ndarray  # (outputs,)


class Net(NamedTuple):
    """A network; U and V are also stored transposed, for the way back."""

    gated: int
    loss: int  # LAST, MEAN or SEQUENCE
    weights: Parameters
    U_turned: np.ndarray  # (gates*units, units)
    V_turned: np.ndarray  # (outputs, units)


class Samples(NamedTuple):
    """Sequences, padded with zeros, and what is wanted."""

    X: np.ndarray  # (samples, steps, inputs)
    lengths: np.ndarray  # (samples,)
    label: np.ndarray  # (samples,), or -1
    labels: np.ndarray  # (samples, steps or 0), -1 for none


class SampleRange(NamedTuple):
    """What one call runs: the samples ``chosen[begin:end]``, with `learn` also backwards."""

    chosen: np.ndarray
    begin: int
    end: int
    learn: int


class Out(NamedTuple):
    """What comes out, in the order of `chosen`."""

    losses: np.ndarray  # (n,)
    scores: np.ndarray  # (n, outputs)
    traces: np.ndarray  # (n or 0, steps, outputs)


class Scratch(NamedTuple):
    """The values of a chunk in every step."""

    h: np.ndarray  # (steps + 1, rows, units)
    gates: np.ndarray  # (steps, rows, gates*units): after their functions
    inner: np.ndarray  # (steps, rows, units): what the reset gate multiplies
    out: np.ndarray  # (steps, rows, outputs)
    d_out: np.ndarray
    score: np.ndarray  # (rows, outputs)
    drive: np.ndarray  # (rows, gates*units)
    back: np.ndarray
    d_h: np.ndarray  # (rows, units)
    d_before: np.ndarray


@kernel
def run_chunk(net, samples, chunk, s, out, g):
    """Run the samples of a chunk and fill `out`; with ``chunk.learn``, `g` becomes the sum of the gradients."""
    rows, longest = chunk.end - chunk.begin, 0
    for r in range(rows):
        longest = max(longest, samples.lengths[chunk.chosen[chunk.begin + r]])
    # forwards: h[t + 1] from h[t] and the input of step t, and the outputs out[t] = h[t + 1] @ V + d
    s.h[0] = 0.0
    for t in range(longest):
        step(net, samples, chunk, t, s)
        for r in range(rows):
            copy(net.weights.d, s.out[t, r])
        add_product(s.h[t + 1], net.weights.V, s.out[t], rows)
    # the loss of each row, and d loss/d out for the way back
    for r in range(rows):
        q, n = chunk.begin + r, chunk.chosen[chunk.begin + r]
        out.losses[q] = loss_of(net.loss, samples.label[n], samples.labels[n], samples.lengths[n], longest, r, s)
        copy(s.score[r], out.scores[q])
        if out.traces.shape[0] > 0:
            out.traces[q] = 0.0
            for t in range(samples.lengths[n]):
                copy(s.out[t, r], out.traces[q, t])
    if chunk.learn:
        backwards(net, samples, chunk, longest, s, g)


@inlined
def step(net, samples, chunk, t, s):
    """Compute the units at the end of step t."""
    p, units, rows = net.weights, s.h.shape[2], chunk.end - chunk.begin
    # drive = x @ W + b, and back = h @ U, both for all gates side by side
    for r in range(rows):
        copy(p.b, s.drive[r])
        add_input(samples.X[chunk.chosen[chunk.begin + r], t], p.W, s.drive[r])
        s.back[r] = 0.0
    add_product(s.h[t], p.U, s.back, rows)
    for r in range(rows):
        drive, back, gates, before, after = s.drive[r], s.back[r], s.gates[t, r], s.h[t, r], s.h[t + 1, r]
        if not net.gated:
            # h = tanh(drive + back)
            for j in range(units):
                after[j] = tanh(drive[j] + back[j])
            continue
        inner = s.inner[t, r]
        # r, z = sigmoid(drive + back); the candidate is n = tanh(drive + r*(back + c)); then h = n + z*(h - n)
        for j in range(2 * units):
            gates[j] = sigmoid(drive[j] + back[j])
        for j in range(units):
            inner[j] = back[2 * units + j] + p.c[j]
        for j in range(units):
            gates[2 * units + j] = tanh(drive[2 * units + j] + gates[j] * inner[j])
        for j in range(units):
            after[j] = gates[2 * units + j] + gates[units + j] * (before[j] - gates[2 * units + j])


@inlined
def backwards(net, samples, chunk, longest, s, g):
    """Put the sum of the gradients of a chunk into `g`; `d_out` has the derivatives with respect to the outputs."""
    units, rows = s.h.shape[2], chunk.end - chunk.begin
    for array in (g.W, g.U, g.V):
        array[:] = 0.0
    for array in (g.b, g.c, g.d):
        array[:] = 0.0
    s.d_h[:] = 0.0
    for t in range(longest - 1, -1, -1):
        # from out = h @ V + d: dV = h.T @ d_out, dd = d_out, and h gets d_out @ V.T besides what step t + 1 left in `d_h`
        add_outer(s.h[t + 1], s.d_out[t], g.V, rows)
        for r in range(rows):
            add_scaled(g.d, 1.0, s.d_out[t, r])
        add_product(s.d_out[t], net.V_turned, s.d_h, rows)
        for r in range(rows):
            drive, back, gates, before = s.drive[r], s.back[r], s.gates[t, r], s.h[t, r]
            d_h, d_before, after = s.d_h[r], s.d_before[r], s.h[t + 1, r]
            if net.gated:
                of_gates(units, gates, s.inner[t, r], before, d_h, drive, back, d_before)
                add_scaled(g.c, 1.0, back[2 * units :])
            else:
                # tanh' = 1 - tanh**2
                for j in range(units):
                    drive[j] = d_h[j] * (1.0 - after[j] * after[j])
                copy(drive, back)
                d_before[:] = 0.0
            # from drive = x @ W + b: db = drive, dW = x.T @ drive
            add_scaled(g.b, 1.0, drive)
            x = samples.X[chunk.chosen[chunk.begin + r], t]
            for i in range(x.size):
                if x[i] != 0.0:
                    add_scaled(g.W[i], x[i], drive)
        # from back = h @ U: dU = h.T @ back, and the h before gets back @ U.T
        add_outer(s.h[t], s.back, g.U, rows)
        add_product(s.back, net.U_turned, s.d_before, rows)
        for r in range(rows):
            copy(s.d_before[r], s.d_h[r])


@helper
def of_gates(units, gates, inner, before, d_h, drive, back, d_before):
    """Put derivatives with respect to the drive of the gates into `drive`, and to products with the units into `back`."""
    for j in range(units):
        # h = n + z*(before - n) with n = tanh(drive + r*inner); sigmoid' = s*(1 - s), tanh' = 1 - tanh**2
        update, candidate = gates[units + j], gates[2 * units + j]
        by_candidate = d_h[j] * (1.0 - update) * (1.0 - candidate * candidate)
        by_reset = by_candidate * inner[j] * gates[j] * (1.0 - gates[j])
        by_update = d_h[j] * (before[j] - candidate) * update * (1.0 - update)
        d_before[j] = d_h[j] * update
        drive[j], drive[units + j], drive[2 * units + j] = by_reset, by_update, by_candidate
        back[j], back[units + j], back[2 * units + j] = by_reset, by_update, by_candidate * gates[j]


@inlined
def loss_of(kind, label, labels, length, longest, r, s):
    """Return the loss of row r, and put its derivatives with respect to the outputs into `d_out`."""
    outputs, score = s.out.shape[2], s.score[r]
    for t in range(longest):
        s.d_out[t, r] = 0.0
    if kind == SEQUENCE:
        # the mean cross-entropy of the steps that have a label
        count, total = 0, 0.0
        for t in range(min(length, labels.size)):
            count += labels[t] >= 0
        for t in range(min(length, labels.size)):
            if labels[t] >= 0:
                copy(s.out[t, r], score)
                total += softmax(score, labels[t], s.d_out[t, r]) / count
                for o in range(outputs):
                    s.d_out[t, r, o] /= count
        return total
    # the score is the mean of the outputs from step `first` on, so each of them gets the same share of the derivative
    first = length - 1 if kind == LAST else 0
    score[:] = 0.0
    for t in range(first, length):
        add_scaled(score, 1.0 / (length - first), s.out[t, r])
    if label < 0:
        return 0.0
    loss = softmax(score, label, s.d_out[length - 1, r])
    for o in range(outputs):
        s.d_out[length - 1, r, o] /= length - first
    for t in range(first, length - 1):
        copy(s.d_out[length - 1, r], s.d_out[t, r])
    return loss


@helper
def add_input(x, weights, into):
    """Add the product of an input with weights; most inputs of a code with one 1 are 0."""
    for i in range(x.size):
        if x[i] != 0.0:
            add_scaled(into, x[i], weights[i])


@helper
def add_four(into, factors, x, y, z, w):
    """Add four scaled rows, which reads and writes the sum once instead of four times."""
    a, b, c, d = factors
    for j in range(into.size):
        into[j] += (a * x[j] + b * y[j]) + (c * z[j] + d * w[j])


@helper
def add_product(a, weights, into, rows):
    """Add the matrix product of the first rows of `a` with `weights`."""
    whole = weights.shape[0] & ~3  # four rows of the weights at once, then those that are left
    for k in range(0, whole, 4):
        for r in range(rows):
            factors = a[r, k], a[r, k + 1], a[r, k + 2], a[r, k + 3]
            add_four(into[r], factors, weights[k], weights[k + 1], weights[k + 2], weights[k + 3])
    for k in range(whole, weights.shape[0]):
        for r in range(rows):
            add_scaled(into[r], a[r, k], weights[k])


@helper
def add_outer(a, b, into, rows):
    """Add ``a.T @ b``."""
    whole = rows & ~3
    for k in range(into.shape[0]):
        for r in range(0, whole, 4):
            factors = a[r, k], a[r + 1, k], a[r + 2, k], a[r + 3, k]
            add_four(into[k], factors, b[r], b[r + 1], b[r + 2], b[r + 3])
        for r in range(whole, rows):
            add_scaled(into[k], a[r, k], b[r])
