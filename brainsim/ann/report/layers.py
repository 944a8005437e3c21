"""What a comparison says about each hidden layer: its size, what it sends, and where its rates and activations part."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LayerReport:
    """How well the rates of one hidden layer follow the activations, root mean squares in units of the threshold.

    Parameters
    ----------
    r2 : float
        Share of the variance of the activations that the rates explain.
    clipped, silent : float
        Share of the activations above the threshold, which a spike in every step cannot express; of the cells that never
        fire for any sample.
    clipping, quantisation : float
        Errors of the layer itself: by what is above the threshold, and by rounding to a whole number of spikes.
    inherited : float
        Error of its input: what the layers before it got wrong, and what units of qcfs round in another number of steps than
        they were trained with.
    unevenness : float
        Error by the order in which spikes arrive: a cell may fire for early ones before others take it back. There is none
        if layers run in turns.
    units, synapses : int
        Its cells, and the weights into them that are not 0.
    spikes, acs : float
        Spikes that a cell sends, and additions that all of the layer's spikes cause at their targets, per inference.
    begin, end : float
        When its spikes count, ``begin < t <= end`` from the onset of the stimulus [ms]: later the deeper it lies.
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

    Parameters
    ----------
    snn : SpikingClassifier
    X : array (samples, inputs)
    steps : int
    counts : list of array (samples, units)
        Spikes of each hidden layer.
    acting : array (samples, inputs)
        In how many steps each input acts; without a column where inputs are currents.
    activations : list of array (samples, units)
        Of the artificial network.
    """
    shift = 0.5 if any(snn.plan.starts) or snn.plan.bias_shift else 0.0  # rounds to the nearest count, or down
    found, windows = [], snn.windows(steps)
    for place, (sent, theta) in enumerate(zip(counts, snn.thresholds, strict=True)):
        expected = _in_turn(snn.plan, place, X, counts[place - 1] if place else acting, steps)
        fanout = np.diff(snn.plan.layers[place + 1].weight.indptr)
        begin, end = windows[place]
        found.append(
            LayerReport(
                **_errors(sent, expected, activations[place], theta, steps, shift),
                silent=float(np.mean(~np.any(sent, axis=0))),
                units=sent.shape[1],
                synapses=int(snn.plan.layers[place].weight.nnz),
                spikes=float(sent.mean()),
                acs=float(np.mean(sent @ fanout)),
                begin=begin,
                end=end,
            )
        )
    return found


def layer_table(reports):
    """Return lines of text, one for each hidden layer."""
    lines = ["           units  synapses  spikes/cell       ACs      R2  clipped  silent   counted at [ms]"]
    for place, one in enumerate(reports, 1):
        lines.append(
            f"layer {place:<3d} {one.units:6,d} {one.synapses:9,d} {one.spikes:12.3f} {one.acs:9,.0f} {one.r2:7.4f}"
            f"{100 * one.clipped:7.2f} % {100 * one.silent:5.1f} %   {one.begin:g} < t <= {one.end:g}"
        )
    return lines


def _in_turn(plan, place, X, before, steps):
    """Return how many spikes the cells of a layer would send if they had summed their whole input before the first."""
    layer = plan.layers[place]
    potential = plan.starts[place] + steps * (plan.drive(X, steps) if place == 0 else plan.bias(place, steps))
    if before.shape[1]:
        potential = potential + before @ layer.weight
    return np.clip(np.floor(potential / layer.theta), 0, steps)


def _errors(counts, expected, h, theta, steps, shift):
    """Return the errors of a layer, by its counts of spikes and those `expected` of its actual input."""
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
