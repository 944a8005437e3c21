"""The same damage to all bodies of a network: cells or units, weights, inputs, messages, thresholds and layers.

All but lost messages are changes of weights or inputs, so that each body gets the same: a silenced unit has no weights to
other layers, and a threshold that is higher by a factor is the same as input weights that are lower by it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy import sparse

from brainsim.ann.conversion.forward import run
from brainsim.ann.conversion.thresholds import scale_layers
from brainsim.ann.report.pair import as_currents
from brainsim.ann.report.rows import ARTIFICIAL, LEARNED, SPIKING, Row, combined
from brainsim.core.checks import in_range, integer, nearest, plain

LEAST = 0.1  # of what a threshold drifts to, in units of what it was


class DamageKind(NamedTuple):
    """A kind of damage: its axis in pictures, its usual levels, whether it is random and done to those that learned."""

    label: str
    levels: tuple[float, ...]
    is_random: bool = True
    of_learned: bool = True


DAMAGES = {
    "silenced": DamageKind("share of hidden cells or units silenced", (0.0, 0.1, 0.2, 0.4, 0.6, 0.8)),
    "lost": DamageKind("share of messages lost", (0.0, 0.1, 0.2, 0.4, 0.6, 0.8), of_learned=False),
    "deleted": DamageKind("share of weights or synapses deleted", (0.0, 0.1, 0.2, 0.4, 0.6, 0.8)),
    "weights": DamageKind("noise on weights, relative", (0.0, 0.1, 0.2, 0.4, 0.8, 1.6)),
    "bits": DamageKind("bits of a weight", (8.0, 6.0, 5.0, 4.0, 3.0, 2.0), is_random=False),
    "inputs": DamageKind("noise on inputs / largest input", (0.0, 0.1, 0.2, 0.3, 0.4, 0.6)),
    "thresholds": DamageKind("drift of thresholds, relative", (0.0, 0.1, 0.2, 0.4, 0.8)),
    "layers": DamageKind("hidden layers used", (), is_random=False, of_learned=False),
}


def wanted_damage(damage, repeats):
    """Return kind -> levels as an array, and the number of repetitions, checked."""
    repeats = integer(repeats, "bodies.repeats", at_least=1)
    if damage in (False, None):
        return {}, repeats
    chosen = DAMAGES if damage is True else damage
    if not isinstance(chosen, Mapping):
        chosen = dict.fromkeys([damage] if isinstance(damage, str) else damage)
    found = {}
    for kind, levels in chosen.items():
        if kind not in DAMAGES:
            raise ValueError(f"bodies.damage: there is no {kind!r}{nearest(kind, DAMAGES)}; there are {', '.join(DAMAGES)}")
        levels = DAMAGES[kind].levels if levels is None or isinstance(levels, DamageKind) else levels
        levels = np.atleast_1d(np.asarray(plain(levels, "", f"bodies.damage: {kind}")))
        in_range(levels, f"bodies.damage: {kind}", at_least=2.0 if kind == "bits" else 0.0)
        if kind != "layers" and not levels.size:
            raise ValueError(f"bodies.damage: {kind} must have one level or more")
        if kind in ("silenced", "lost", "deleted"):
            in_range(levels, f"bodies.damage: {kind}", at_most=1.0)
        found[kind] = levels
    return found, repeats


def damage_rows(pairs, wanted, repeats, steps, calibs, seed):
    """Return the rows of all bodies under each damage, means over networks and repetitions.

    Each network, repetition and level has its own random numbers by the seed, and the bodies of a network have the same.
    """
    rows = []
    for kind, levels in wanted.items():
        if kind == "layers":
            levels = np.arange(1.0, len(pairs[0].snn.plan.layers))
        for k, level in enumerate(levels):
            times = repeats if DAMAGES[kind].is_random and level else 1
            found = {}
            for network, (pair, calib) in enumerate(zip(pairs, calibs, strict=True)):
                for repeat in range(times):
                    for row in _under(pair, kind, float(level), (seed, network, repeat, k), steps, calib):
                        found.setdefault(row.body, []).append(row)
            rows += [combined(same, len(pairs[0].y)) for same in found.values()]
    return rows


def _under(pair, kind, level, draw, steps, calib):
    """Yield a row for each body of a network; `draw` (seed, network, repetition, level) tells random numbers apart."""
    snn, X = pair.snn, pair.X
    size = float(np.abs(X).max())
    trained = _kept_layers(snn.trained, int(level), calib) if kind == "layers" else snn.trained
    if kind not in ("inputs", "lost", "layers"):
        weights, biases = damaged(trained.weights, trained.biases, kind, level, np.random.default_rng([*draw, 1]))
        trained = replace(trained, weights=weights, biases=biases)
    if kind == "inputs":
        X = X + level * size * np.random.default_rng([*draw, 2]).standard_normal(X.shape)
        X = X if snn.plan.encoder == "current" else np.maximum(X, 0.0)
    lost = level if kind == "lost" else 0.0
    rng = np.random.default_rng([*draw, 3])

    def sent(z, layer):
        h = trained.activate(z, layer)
        return h * (rng.random(z.shape) >= lost) if lost else h

    yield _row(ARTIFICIAL, kind, level, trained.predict(X, sent), pair)
    scale = None if snn.plan.encoder == "current" else snn.plan.input_scale
    layers = scale_layers(trained, snn.thresholds[: len(trained.weights) - 1], scale)
    plan = snn.plan._replace(layers=layers, lost=lost, losses=draw)
    output = run(plan, X, steps, draw[0], lambda _, evidence: [evidence[:, -1]])[0]
    yield _row(SPIKING, kind, level, snn.classes_[output.argmax(axis=1)], pair)._replace(steps=steps)
    if pair.learned is not None and DAMAGES[kind].of_learned:
        yield _row(LEARNED, kind, level, _of_learned(pair.learned, X, kind, level, draw), pair)


def _row(body, kind, level, found, pair):
    """Return a row; the answers that it agrees with are those of the whole artificial network."""
    agreement = np.mean(found == pair.answers[ARTIFICIAL])
    return Row(body, damage=kind, level=level, accuracy=np.mean(found == pair.y), agreement=agreement)


def damaged(weights, biases, kind, level, rng):
    """Return the weights, arrays (inputs, outputs) or sparse, and biases of layers after a damage.

    Examples
    --------
    >>> W, b = damaged([np.eye(2), np.array([[1.0, 0.3], [0.5, -1.0]])], [np.zeros(2)] * 2, "bits", 2, None)
    >>> W[1]
    array([[ 1.,  0.],
           [ 0., -1.]])
    """
    weights, biases, last = list(weights), list(biases), len(weights) - 1
    for k, W in enumerate(weights):
        if kind == "weights":
            weights[k] = _each(W, lambda values: values * (1.0 + level * rng.standard_normal(values.shape)))
        elif kind == "deleted":
            weights[k] = _each(W, lambda values: values * (rng.random(values.shape) >= level))
        elif kind == "bits":
            weights[k] = _each(W, lambda values: _in_levels(values, int(level)))
        elif kind == "silenced" and k:
            weights[k] = _scaled(W, rows=rng.permutation(W.shape[0]) >= round(level * W.shape[0]))
        elif kind == "thresholds" and k < last:
            factor = 1.0 / np.maximum(1.0 + level * rng.standard_normal(W.shape[1]), LEAST)
            weights[k], biases[k] = _scaled(W, columns=factor), biases[k] * factor
    return weights, biases


def _each(W, change):
    """Return weights after a change of each; the zeros of a sparse array, where there is no synapse, stay 0."""
    if sparse.issparse(W):
        return sparse.csr_array((change(W.data), W.indices, W.indptr), shape=W.shape)
    return change(W)


def _in_levels(values, bits):
    unit = np.abs(values).max(initial=0.0) / (2.0 ** (bits - 1) - 1.0)
    return np.round(values / unit) * unit if unit else values


def _scaled(W, rows=None, columns=None):
    if sparse.issparse(W):
        by = sparse.diags_array(np.asarray(rows if columns is None else columns, dtype=np.float64))
        return sparse.csr_array(by @ W if columns is None else W @ by)
    return W * (np.asarray(rows)[:, None] if columns is None else columns)


def _kept_layers(trained, depth, calib):
    """Return a network of the first `depth` hidden layers, whose outputs are fitted to those of the whole one."""
    if depth == len(trained.weights) - 1:
        return trained
    outputs = trained.activations(calib)
    h = np.hstack([outputs[depth - 1], np.ones((len(calib), 1))])
    readout = np.linalg.lstsq(h, outputs[-1], rcond=1e-6)[0]
    weights, biases = [*trained.weights[:depth], readout[:-1]], [*trained.biases[:depth], readout[-1]]
    return replace(trained, weights=weights, biases=biases, thresholds=trained.thresholds[:depth])


def _of_learned(net, X, kind, level, draw):
    """Return the answers of a network that learned in spikes, under the same damage; afterwards it is as before."""
    parts = net.parts()
    own = [parts["weight", k] for k in range(len(net.hidden) + 1)]
    kept = [W.copy() for W in own]
    biases = [np.zeros(W.shape[1]) for W in own]
    try:
        if kind != "inputs":
            changed, _ = damaged(kept, biases, kind, level, np.random.default_rng([*draw, 1]))
            for W, new in zip(own, changed, strict=True):
                W[...] = new
        return net.predict(as_currents(X, round(net.duration_ / net.dt)))
    finally:
        for W, old in zip(own, kept, strict=True):
            W[...] = old
