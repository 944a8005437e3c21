"""What a comparison reports about each hidden layer: size, spikes, and how far its rates differ from its activations."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LayerReport:
    """How well the rates of one hidden layer follow its activations; errors are root mean squares in thresholds.

    Parameters
    ----------
    r2 : float
        Share of the variance of the activations that the rates explain.
    clipped, silent : float
        Share of the activations above the threshold, which even a spike in every step cannot express; share of the cells
        that never fire for any sample.
    clipping, quantisation : float
        Errors of the layer itself: from activations above the threshold, and from rounding to a whole number of spikes.
    inherited : float
        Error of its input: the errors of the layers before it, and the rounding of qcfs units to another number of steps
        than that of their training.
    unevenness : float
        Error from the order in which spikes arrive: a cell may fire for early spikes that later ones would have cancelled.
        It is 0 if layers run in turns.
    units, synapses : int
        Its cells, and the weights into them that are not 0.
    spikes, acs : float
        Spikes per cell, and additions that all spikes of the layer cause at their targets, per inference.
    begin, end : float
        When its spikes count, ``begin < t <= end`` from stimulus onset [ms]; later in deeper layers.
    """

    r2: float
    clipped: float
    silent: float
    clipping: float
    quantisation: float
    inherited: float
    unevenness: float
    units: int
    synapses: int
    spikes: float
    acs: float
    begin: float
    end: float


def layer_reports(snn, X, steps, counts, acting, activations):
    """Return a `LayerReport` for each hidden layer.

    `counts` are its spikes and `activations` those of the artificial network, arrays (samples, units); `acting` (samples,
    inputs) says in how many steps each input acts, and has no columns if inputs are currents.
    """
    shift = 0.5 if any(snn.plan.starts) or snn.plan.bias_shift else 0.0  # rounds to the nearest count, or down
    reports, windows = [], snn.windows(steps)
    for k, (sent, theta) in enumerate(zip(counts, snn.thresholds, strict=True)):
        expected = _in_turn(snn.plan, k, X, counts[k - 1] if k else acting, steps)
        fanout = np.diff(snn.plan.layers[k + 1].weight.indptr)
        start, stop = windows[k]
        reports.append(
            LayerReport(
                **_errors(sent, expected, activations[k], theta, steps, shift),
                silent=float(np.mean(~np.any(sent, axis=0))),
                units=sent.shape[1],
                synapses=int(snn.plan.layers[k].weight.nnz),
                spikes=float(sent.mean()),
                acs=float(np.mean(sent @ fanout)),
                begin=start,
                end=stop,
            )
        )
    return reports


def layer_table(reports):
    """Return lines of text, one for each hidden layer."""
    lines = ["           units  synapses  spikes/cell       ACs      R2  clipped  silent   counted at [ms]"]
    for k, layer in enumerate(reports, 1):
        lines.append(
            f"layer {k:<3d} {layer.units:6,d} {layer.synapses:9,d} {layer.spikes:12.3f} {layer.acs:9,.0f} {layer.r2:7.4f}"
            f"{100 * layer.clipped:7.2f} % {100 * layer.silent:5.1f} %   {layer.begin:g} < t <= {layer.end:g}"
        )
    return lines


def _in_turn(plan, k, X, before, steps):
    """Return the spike counts of a layer whose cells sum their whole input before they fire."""
    layer = plan.layers[k]
    potential = plan.starts[k] + steps * (plan.drive(X, steps) if k == 0 else plan.bias(k, steps))
    if before.shape[1]:
        potential = potential + before @ layer.weight
    return np.clip(np.floor(potential / layer.theta), 0, steps)


def _errors(counts, expected, h, theta, steps, shift):
    """Return the errors of a layer from its spike counts and the counts `expected` for its actual input."""
    unit = theta / steps
    clipped = np.minimum(h, theta)
    levels = np.clip(np.floor(h / unit + shift), 0, steps)

    def size(error):
        return float(np.sqrt(np.mean(error**2)) / theta)

    spread = np.sum((h - h.mean()) ** 2)
    return {
        "r2": float(1.0 - np.sum((unit * counts - h) ** 2) / max(spread, 1e-300)),
        "clipped": float(np.mean(h > theta)),
        "clipping": size(clipped - h),
        "quantisation": size(unit * levels - clipped),
        "inherited": size(unit * (expected - levels)),
        "unevenness": size(unit * (counts - expected)),
    }
