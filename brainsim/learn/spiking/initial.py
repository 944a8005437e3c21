"""The initial weights of a network: each layer so that a share of its cells fires."""

import numpy as np

FIRING = 0.4  # share of the cells of a layer that fire in a sample
SAMPLES = 64  # are enough to find out
TRIALS = 10  # of the bisection: 6 % of the weights
MEAN, SPREAD = 7.5, 1.5  # of weights, for one spike: the mean of n falls as 1/n, the spread as 1/sqrt(n)
OUTPUT, RECURRENT = 2.5, 0.3


def initial_vector(plan, machine, rng):
    """Return weights, delays and time constants to begin with.

    Layers are set one after the other: the weights of the first by its inputs, those of the next by the spikes of the one
    before.
    """
    vector = np.zeros(plan.size)
    for (what, block), (where, shape) in plan.slices.items():
        if what not in ("weight", "recurrent", "bias"):
            vector[where] = np.broadcast_to(plan.initial(what, block), shape).ravel()
    rows = np.arange(min(SAMPLES, machine.size), dtype=np.int64)
    drive = input_drive(machine.inputs, rows)
    for b, layer in enumerate(plan.layers, 1):
        weight = plan.of(vector, "weight", b)
        shape = rng.standard_normal(weight.shape)
        if layer.recurrent:
            mean, spread = layer.recurrent_weight or (0.0, RECURRENT / np.sqrt(layer.n))
            plan.of(vector, "recurrent", b)[...] = mean + spread * rng.standard_normal((layer.n, layer.n))
        if layer.weight is not None:
            weight[...] = layer.weight[0] + layer.weight[1] * shape
        elif not layer.spiking:
            weight[...] = OUTPUT / np.sqrt(drive) * shape
        else:
            weight[...] = MEAN / drive + SPREAD / np.sqrt(drive) * shape
            scale_to_fire(plan, machine, vector, b, rows)
        if layer.recurrent and layer.model is not None and layer.recurrent_weight is None:
            plan.of(vector, "recurrent", b)[...] *= np.sqrt(np.mean(weight * weight))
        if layer.spiking and b < len(plan.layers):
            drive = max(counts_of(plan, machine, vector, b, rows).sum(axis=1).mean(), 1.0)
    return vector


def input_drive(inputs, rows):
    """Return the mean number of spikes in a sample, or what stands for it with currents."""
    if inputs.currents.shape[1]:
        return max(float(np.abs(inputs.currents[rows]).sum(axis=2).mean()) * 7.5, 1e-3)
    return max(float(np.diff(inputs.offsets)[rows].mean()), 1.0)


def counts_of(plan, machine, vector, b, rows):
    """Return the spikes of the cells of a layer, (samples, cells)."""
    begin = sum(plan.sizes[1:b])
    return machine.run(vector, rows, learn=False).counts[:, begin : begin + plan.sizes[b]]


def scale_to_fire(plan, machine, vector, b, rows):
    """Multiply the weights onto a layer by a factor with which the wanted share of its cells fires."""
    weight, model = plan.of(vector, "weight", b), plan.layers[b - 1].model is not None
    shape, low, high = weight.copy(), -4.0, 16.0 if model else 4.0  # powers of 2; the unit of a model may be a pA
    for _ in range(2 * TRIALS if model else TRIALS):
        middle = 0.5 * (low + high)
        weight[...] = 2.0**middle * shape
        if (counts_of(plan, machine, vector, b, rows) > 0).mean() < FIRING:
            low = middle
        else:
            high = middle
