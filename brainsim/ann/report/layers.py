"""What a comparison reports about each layer: sizes, operations, and how far rates differ from activations."""

import numpy as np

from brainsim.ann.report.rows import ARTIFICIAL, SPIKING, Row


def fanouts(snn):
    """Return the number of targets of each input, and of each cell of each hidden layer."""
    return [np.diff(layer.weight.indptr).astype(np.float64) for layer in snn.plan.layers]


def artificial_rows(snn, X, activations):
    """Return a row for the inputs and one for each hidden layer of the artificial network."""
    rows = []
    for k, (h, fanout) in enumerate(zip([X, *activations[:-1]], fanouts(snn), strict=True)):
        own = {} if k == 0 else {"synapses": float(snn.plan.layers[k - 1].weight.nnz)}
        macs, active = float(np.mean((h != 0) @ fanout)), float(np.mean(h != 0))
        rows.append(Row(ARTIFICIAL, layer=k, macs=macs, active=active, units=h.shape[1], **own))
    return rows


def spiking_rows(snn, X, steps, sent, acting, activations):
    """Return a row for the inputs and one for each hidden layer of the spiking network.

    `sent` are the spikes of the inputs (without columns if these are currents) and of each hidden layer, and `activations`
    those of the artificial network, arrays (samples, units); `acting` (samples, inputs) says in how many steps each input
    acts.
    """
    inputs, *counts = sent
    first, *others = fanouts(snn)
    if inputs.shape[1]:
        spikes = {"acs": float(np.mean(inputs @ first)), "spikes": float(inputs.sum(axis=1).mean())}
    else:
        spikes = {"macs": float(np.mean((X != 0) @ first))}  # constant currents: once, not in each step
    rows = [Row(SPIKING, steps=steps, layer=0, units=X.shape[1], **spikes)]
    bounds = snn.bounds(X, steps) if snn.bounded else [np.array(np.nan)] * len(counts)
    for k, (count, theta) in enumerate(zip(counts, snn.thresholds, strict=True)):
        expected = _in_turn(snn.plan, k, X, counts[k - 1] if k else acting, steps)
        rates, (begin, end) = theta * count / steps, snn.windows(steps)[k]
        rows.append(
            Row(
                SPIKING,
                steps=steps,
                layer=k + 1,
                units=count.shape[1],
                synapses=float(snn.plan.layers[k].weight.nnz),
                active=float(np.mean(np.any(count, axis=0))),
                spikes=float(count.sum(axis=1).mean()),
                acs=float(np.mean(count @ others[k])),
                correlation=correlation(rates, activations[k]),
                error=float(np.abs(rates - activations[k]).max() / theta),
                bound=float(bounds[k].max() / theta),
                begin=begin,
                end=end,
                **_errors(snn, count, expected, activations[k], theta, steps),
            )
        )
    return rows


def correlation(a, b):
    """Return the correlation of two arrays, NaN if one of them is constant."""
    a, b = a.ravel() - a.mean(), b.ravel() - b.mean()
    size = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / size) if size else np.nan


def _in_turn(plan, k, X, before, steps):
    """Return the spike counts of a layer whose cells sum their whole input before they fire."""
    layer = plan.layers[k]
    potential = plan.starts[k] + steps * (plan.drive(X, steps) if k == 0 else plan.bias(k, steps))
    if before.shape[1]:
        potential = potential + before @ layer.weight
    return np.clip(np.floor(potential / layer.theta), 0, steps)


def _errors(snn, counts, expected, h, theta, steps):
    """Return the errors of a layer from its spike counts and the counts `expected` for its actual input."""
    shift = 0.5 if any(snn.plan.starts) or snn.plan.bias_shift else 0.0  # rounds to the nearest count, or down
    unit, clipped = theta / steps, np.minimum(h, theta)
    levels = np.clip(np.floor(h / unit + shift), 0, steps)

    def size(error):
        return float(np.sqrt(np.mean(error**2)) / theta)

    return {
        "clipping": size(clipped - h),
        "quantisation": size(unit * levels - clipped),
        "inherited": size(unit * (expected - levels)),
        "unevenness": size(unit * (counts - expected)),
    }
