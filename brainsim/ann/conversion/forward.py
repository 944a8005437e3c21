"""Runs a converted network for many samples: layer by layer, samples shared among threads."""

from typing import NamedTuple

import numpy as np

from brainsim.ann.conversion.encoding import encoded
from brainsim.jit.background import Workers

SAMPLES = 32  # that one thread takes at a time


class Plan(NamedTuple):
    """All that decides what a converted network does: see `brainsim.ann.conversion.convert`."""

    layers: list
    starts: list  # potential of each hidden layer at the start
    encoder: str
    input_scale: float
    sequential: bool
    to_zero: bool
    bias_shift: bool
    lost: float = 0.0  # share of the spikes of hidden cells that never arrive

    def bias(self, place, steps):
        """Return what is added to the potentials of a layer in each of `steps` steps."""
        layer = self.layers[place]
        if not self.bias_shift or layer.theta is None:
            return layer.bias
        return layer.in_bits(layer.bias + layer.theta / (2.0 * steps))

    def drive(self, X, steps):
        """Return what is added to the potentials of the first layer in each step, shape (samples, units)."""
        from brainsim.ann.conversion.kernels import weighted_sums

        layer, bias = self.layers[0], self.bias(0, steps)
        drive = np.empty((len(X), bias.size))
        X = np.ascontiguousarray(X if self.encoder == "current" else np.zeros_like(X))
        weighted_sums(X, *_rows(layer), bias, drive)
        return layer.in_bits(drive)


def run(plan, X, steps, seed, keep):
    """Run all samples and return ``keep(spikes, evidence)`` of all, joined.

    Parameters
    ----------
    plan : Plan
    X : array (samples, inputs)
    steps, seed : int
    keep : function
        Takes the spikes of each hidden layer, uint8 (samples, steps, units), and the evidence (samples, steps, outputs), of
        some samples; returns a list of arrays with a row for each sample.

    Returns
    -------
    list of array
    """
    from brainsim.core.machine import processors

    starts = range(0, len(X), SAMPLES)
    if len(starts) == 1:
        return keep(*_run_some(plan, X, steps, seed, 0))

    def some(start):
        return keep(*_run_some(plan, X[start : start + SAMPLES], steps, seed, start))

    with Workers(min(processors(), len(starts))) as pool:
        jobs = [pool.submit(some, start) for start in starts]
        parts = [job.result() for job in jobs]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def _run_some(plan, X, steps, seed, first):
    from brainsim.ann.conversion import kernels

    reset = kernels.ZERO if plan.to_zero else kernels.SUBTRACT
    spikes = encoded(X, steps, plan.encoder, plan.input_scale, seed)
    held, found = plan.encoder == "latency", []
    for place, layer in enumerate(plan.layers):
        drive = plan.drive(X, steps) if place == 0 else np.tile(plan.bias(place, steps), (len(X), 1))
        units = drive.shape[1]
        if layer.theta is None:
            evidence = np.empty((len(X), steps, units))
            kernels.collect(spikes, held, *_rows(layer), drive, np.empty(units), np.empty(units), evidence)
            return found, evidence
        out = np.empty((len(X), steps, units), dtype=np.uint8)
        if plan.sequential:
            counts = (np.cumsum(spikes, axis=1, dtype=np.int64) if held else spikes).sum(axis=1, dtype=np.int64)
            potential = plan.starts[place] + steps * drive
            kernels.add_spikes(counts, *_rows(layer), potential)
            kernels.fire_in_turn(potential, layer.theta, out)
        else:
            v, current = np.empty(units), np.empty(units)
            kernels.fire(spikes, held, *_rows(layer), drive, layer.theta, plan.starts[place], reset, v, current, out)
        if plan.lost:
            out &= np.random.default_rng([seed, first, place]).random(out.shape) >= plan.lost
        spikes, held = out, False
        found.append(out)
    raise AssertionError("the last layer has no threshold")


def _rows(layer):
    W = layer.weight
    return W.indptr.astype(np.int64), W.indices.astype(np.int32), W.data
