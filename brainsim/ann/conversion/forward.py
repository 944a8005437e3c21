"""Runs a converted network for many samples: layer by layer, with the samples divided among threads.

A sample becomes input as currents, as random spikes, or as one spike of each input whose time encodes its size.
"""

import hashlib
from typing import NamedTuple

import numpy as np

from brainsim.ann.conversion import kernels
from brainsim.ann.conversion.thresholds import CellLayer
from brainsim.core.machine import processors
from brainsim.encode.code import latency_steps, random_steps
from brainsim.learn.batches import Runner
from brainsim.rng.streams import stream_key

ENCODERS = ("current", "poisson", "latency")
CHUNK = 32  # samples that a thread takes at a time
COUNTED = 64  # samples whose input spikes are in memory at the same time


class Conversion(NamedTuple):
    """Layers and options of a converted network: see `brainsim.ann.conversion.convert`."""

    layers: list[CellLayer]
    starts: list[float]  # potential of each hidden layer at the start
    encoder: str
    input_scale: float
    sequential: bool
    to_zero: bool
    bias_shift: bool
    lost: float = 0.0  # share of the spikes of hidden cells that never arrive
    losses: tuple[int, ...] = ()  # which spikes these are

    def bias(self, index: int, steps: int) -> np.ndarray:
        """Return the amounts added to the potentials of a layer in each of `steps` steps."""
        layer = self.layers[index]
        if not self.bias_shift or layer.theta is None:
            return layer.bias
        return layer.in_bits(layer.bias + layer.theta / (2.0 * steps))

    def drive(self, X: np.ndarray, steps: int) -> np.ndarray:
        """Return the amounts added to the potentials of the first layer in each step, shape (samples, units)."""
        layer, bias = self.layers[0], self.bias(0, steps)
        drive = np.empty((len(X), bias.size))
        X = np.ascontiguousarray(X if self.encoder == "current" else np.zeros_like(X))
        kernels.weighted_sums(X, *_rows(layer), bias, drive)
        return layer.in_bits(drive)


def run(plan, X, steps, seed, keep):
    """Run all samples (samples, inputs) and return ``keep(spikes, evidence)``, a list of arrays, joined over the samples.

    `keep` takes the spikes of each hidden layer, uint8 (samples, steps, units), and the evidence, (samples, steps, outputs),
    of some samples, and returns a list of arrays with a row for each sample.
    """
    starts = range(0, len(X), CHUNK)
    if len(starts) == 1:
        return keep(*_run_chunk(plan, X, steps, seed, 0))

    def chunk(start):
        return keep(*_run_chunk(plan, X[start : start + CHUNK], steps, seed, start))

    with Runner(min(processors(), len(starts))) as runner:
        parts = list(runner.in_turn(chunk, starts))
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def _run_chunk(plan, X, steps, seed, start):
    """Return the spikes of each hidden layer and the evidence for samples `start` and following, layer by layer."""
    reset = kernels.ZERO if plan.to_zero else kernels.SUBTRACT
    spikes = encode(X, steps, plan.encoder, plan.input_scale, seed)
    held, hidden = plan.encoder == "latency", []
    for k, layer in enumerate(plan.layers):
        drive = plan.drive(X, steps) if k == 0 else np.tile(plan.bias(k, steps), (len(X), 1))
        units = drive.shape[1]
        if layer.theta is None:
            evidence = np.empty((len(X), steps, units))
            kernels.collect(spikes, held, kernels.Rows(*_rows(layer)), drive, np.empty(units), np.empty(units), evidence)
            return hidden, evidence
        out = np.empty((len(X), steps, units), dtype=np.uint8)
        if plan.sequential:
            counts = (np.cumsum(spikes, axis=1, dtype=np.int64) if held else spikes).sum(axis=1, dtype=np.int64)
            potential = plan.starts[k] + steps * drive
            kernels.add_spikes(counts, *_rows(layer), potential)
            kernels.fire_in_turn(potential, layer.theta, out)
        else:
            v, current = np.empty(units), np.empty(units)
            rows, cell = kernels.Rows(*_rows(layer)), kernels.LayerCells(layer.theta, plan.starts[k], reset)
            kernels.fire(spikes, held, rows, drive, cell, v, current, out)
        if plan.lost:
            out &= np.random.default_rng([*plan.losses, start, k]).random(out.shape) >= plan.lost
        spikes, held = out, False
        hidden.append(out)
    raise AssertionError("the last layer has no threshold")


def _rows(layer):
    W = layer.weight
    return W.indptr.astype(np.int64), W.indices.astype(np.int32), W.data


def encode(X, steps, encoder, scale, seed):
    """Return the spikes of the inputs, uint8 of shape (samples, steps, inputs).

    Parameters
    ----------
    X : array (samples, inputs)
        Not negative.
    steps : int
    encoder : {"current", "poisson", "latency"}
        ``"poisson"``: in each step with the probability ``x/scale``, by random numbers that depend only on the sample and
        the seed. ``"latency"``: once, at step ``steps - round(steps*x/scale)``; not at all if that is ``steps``.
        ``"current"``: never; shape (samples, steps, 0).
    scale : float
        The input that gives a spike in every step; larger ones are clipped.
    seed : int

    Examples
    --------
    >>> encode(np.array([[0.0, 0.5, 1.0]]), 4, "latency", 1.0, 0)[0].T
    array([[0, 0, 0, 0],
           [0, 0, 1, 0],
           [1, 0, 0, 0]], dtype=uint8)
    """
    if encoder == "current":
        return np.zeros((len(X), steps, 0), dtype=np.uint8)
    share = np.minimum(X / scale, 1.0)
    if encoder == "latency":
        first = latency_steps(share, steps)
        return (np.arange(steps)[None, :, None] == first[:, None, :]).astype(np.uint8)
    spikes = np.empty((len(X), steps, X.shape[1]), dtype=np.uint8)
    for of_sample, x, p in zip(spikes, X, share, strict=True):
        content = hashlib.blake2b(np.ascontiguousarray(x).tobytes(), digest_size=8).hexdigest()
        of_sample[...] = random_steps(p, steps, stream_key(seed, "encode", "sample", content))
    return spikes


def count_inputs(X, steps, encoder, scale, seed):
    """Return how many spikes each input sends, and in how many steps each acts, both int64 (samples, inputs).

    The second number is larger if a spike is the onset of a current. The spikes themselves, which may take gigabytes, are
    made for some samples at a time.

    Examples
    --------
    >>> [counts.tolist() for counts in count_inputs(np.array([[0.0, 0.5, 1.0]]), 4, "latency", 1.0, 0)]
    [[[0, 1, 1]], [[0, 2, 4]]]
    """
    sent = np.empty((len(X), 0 if encoder == "current" else X.shape[1]), dtype=np.int64)
    acting = np.empty_like(sent)
    remaining = np.arange(steps, 0, -1)  # steps for which a current flows if it starts at each step
    for start in range(0, len(X), COUNTED):
        some = slice(start, start + COUNTED)
        spikes = encode(X[some], steps, encoder, scale, seed)
        sent[some] = spikes.sum(axis=1, dtype=np.int64)
        acting[some] = np.einsum("sti,t->si", spikes, remaining) if encoder == "latency" else sent[some]
    return sent, acting
