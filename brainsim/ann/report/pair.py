"""One trained network in all of its bodies, on the same samples: answers, rows, and early answers."""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from brainsim.ann.conversion.convert import SpikingClassifier
from brainsim.ann.conversion.forward import count_inputs, run
from brainsim.ann.networks.activations import qcfs, relu
from brainsim.ann.report.layers import artificial_rows, spiking_rows
from brainsim.ann.report.rows import ARTIFICIAL, LEARNED, RATES, SPIKING, Row, with_energy
from brainsim.learn.spiking.network import SpikingNetwork

UNCHANGED = 0.99  # share of calibration samples whose early answer must be the same as the late one
TRIED = 41  # margins or thresholds, of which the smallest that is large enough is taken
EPOCHS, RATE, FALL = 40, 4e-3, 0.95  # of networks that learn in spikes


@dataclass(frozen=True, eq=False)
class Pair:
    """A network in all of its bodies, on the same samples; `bodies` makes it.

    Parameters
    ----------
    snn : SpikingClassifier
        The converted network; its `trained` is the artificial one.
    X, y : array
        Samples on which no body was trained, and their labels.
    T : tuple of int
        Numbers of steps.
    answers : dict of str to array
        By body: labels of the samples, for "rates" and "spiking" with a row for each T.
    rows : list of Row
        Of this network.
    decided : dict of str to array
        By way of answering early, "margin" and "first spike": the step of each answer. Empty without calibration data, or
        if layers run in turns.
    learned : SpikingNetwork or None
        The network that learned in spikes.
    """

    snn: SpikingClassifier
    X: np.ndarray
    y: np.ndarray
    T: tuple[int, ...]
    answers: dict[str, np.ndarray]
    rows: list[Row]
    decided: dict[str, np.ndarray] = field(default_factory=dict)
    learned: SpikingNetwork | None = None


def measured(snn, X, y, T, calib, seed):
    """Return a `Pair` without a network that learned in spikes."""
    activations, classes = snn.trained.activations(X), snn.classes_
    own = classes[activations[-1].argmax(axis=1)]
    layers = artificial_rows(snn, X, activations)
    macs, units = sum(row.macs for row in layers), sum(row.units for row in layers[1:])
    outputs = classes.size - snn.trained.spare
    words = macs + np.mean(np.count_nonzero(X, axis=1)) + 2.0 * units + outputs
    row = _of_answers(ARTIFICIAL, own, y, own)._replace(macs=macs, words=words, units=units)
    rows = [with_energy(row._replace(footprint=4.0 * stored_numbers(snn))), *layers]
    answers = {ARTIFICIAL: own, RATES: [], SPIKING: []}
    for steps in T:
        rates = snn.trained.predict(X, lambda z, layer, steps=steps: qcfs(relu(z), snn.thresholds[layer], steps))
        spiking, of_steps = _spiking(snn, X, y, steps, seed, activations, own)
        rows += [_of_answers(RATES, rates, y, own)._replace(steps=steps), *of_steps]
        answers[RATES].append(rates)
        answers[SPIKING].append(spiking)
    pair = Pair(snn, X, y, T, {body: np.array(found) for body, found in answers.items()}, rows)
    if calib is not None and not snn.plan.sequential:
        _answer_early(pair, own, calib, T[-1], seed)
    return pair


def stored_numbers(snn):
    """Return the number of weights and biases in memory, without those of an output that is always 0."""
    W, spare = snn.trained.weights, snn.trained.spare
    weights = sum(one.nnz if sparse.issparse(one) else one.size for one in W) - W[-1].shape[0] * spare
    return weights + sum(b.size for b in snn.trained.biases) - spare


def _of_answers(body, found, y, own):
    return Row(body, accuracy=np.mean(found == y), agreement=np.mean(found == own))


def _spiking(snn, X, y, steps, seed, activations, own):
    """Return the answers of the spiking network after so many steps, and its rows."""
    *counts, output = run(
        snn.plan,
        X,
        steps,
        seed,
        lambda spikes, evidence: [*(layer.sum(axis=1, dtype=np.int64) for layer in spikes), evidence[:, -1]],
    )
    inputs, acting = count_inputs(X, steps, snn.plan.encoder, snn.plan.input_scale, seed)
    layers = spiking_rows(snn, X, steps, [inputs, *counts], acting, activations)
    found = snn.classes_[output.argmax(axis=1)]
    spikes, acs = (float(np.nansum([getattr(row, name) for row in layers])) for name in ("spikes", "acs"))
    macs, units = float(np.nan_to_num(layers[0].macs)), sum(row.units for row in layers[1:])
    updates = steps * (units + output.shape[1] - snn.trained.spare)
    given = 0.0 if inputs.shape[1] else np.mean(np.count_nonzero(X, axis=1))
    row = _of_answers(SPIKING, found, y, own)._replace(
        steps=steps,
        time=snn.duration(steps),
        spikes=spikes,
        macs=macs,
        acs=acs,
        words=macs + acs + given + 2.0 * spikes + 2.0 * updates,
        footprint=4.0 * (stored_numbers(snn) + updates / steps),
        units=units,
    )
    return found, [with_energy(row), *layers]


def _answer_early(pair, own, calib, steps, seed):
    """Add rows of answers that come as early as they can without changing more than 1 % of those for calibration samples."""
    snn = pair.snn
    known, tested = (_courses(snn, samples, steps, seed) for samples in (calib, pair.X))
    delay = snn.duration(steps) - steps
    for way, (leader, size) in {"margin": (0, 1), "first spike": (0, 2)}.items():
        late = known[leader][:, -1]
        for least in np.quantile(known[size], np.linspace(0.0, 1.0, TRIED)):
            if np.mean(_at(known[leader], _first(known[size] >= least)) == late) >= UNCHANGED:
                break
        step = _first(tested[size] >= least)
        found = snn.classes_[_at(tested[leader], step)]
        pair.decided[way] = step + 1
        row = _of_answers(SPIKING, found, pair.y, own)
        pair.rows.append(row._replace(answer=way, steps=float(np.mean(step + 1)), time=float(np.mean(step + 1 + delay))))


def _courses(snn, X, steps, seed):
    """Return the leading class after each step, by how much it leads, and its evidence, arrays (samples, steps).

    The evidence, which is larger by the number of classes, is kept for a few samples at a time only.
    """

    def keep(_, evidence):
        two = np.partition(evidence, -2, axis=2)[:, :, -2:]
        sizes = two[:, :, 1] - two[:, :, 0], two[:, :, 1]
        return [evidence.argmax(axis=2).astype(np.int16), *(size.astype(np.float32) for size in sizes)]

    return run(snn.plan, X, steps, seed, keep)


def _first(reached):
    """Return the first step at which `reached` is True, or the last step if it never is."""
    return np.where(reached.any(axis=1), reached.argmax(axis=1), reached.shape[1] - 1)


def _at(values, step):
    return values[np.arange(len(step)), step]


def learn_in_spikes(pair, calib, labels, steps, seed):
    """Return a pair with a spiking network of the same size that learned from the same samples, and its rows.

    A sample is a constant current in each of the steps, as it is for the converted network.
    """
    hidden = pair.snn.plan.layers[:-1]
    if any(layer.weight.nnz < 0.5 * np.prod(layer.weight.shape) for layer in hidden):
        raise ValueError(
            "bodies.labels: a network that learns in spikes has fully connected layers, and this one has others; leave "
            "labels out"
        )
    net = SpikingNetwork(
        [layer.bias.size for layer in hidden],
        duration=float(steps),
        learning_rate=RATE,
        decay=FALL,
        epochs=EPOCHS,
        validation=0.0,
        seed=seed,
    ).fit(as_currents(calib, steps), labels)
    found, layers = net.predict(X := as_currents(pair.X, steps)), _learned_rows(net, net.counts(X), steps)
    given = np.mean(np.count_nonzero(pair.X, axis=1))
    spikes, acs, units = (sum(getattr(row, name) for row in layers) for name in ("spikes", "acs", "units"))
    state = 2.0 * (units + net.classes_.size)  # potentials and currents
    macs, updates, weights = given * layers[0].units, steps * state, sum(part.size for part in net.parts().values())
    row = _of_answers(LEARNED, found, pair.y, pair.answers[ARTIFICIAL])._replace(
        steps=steps,
        time=float(steps),
        spikes=spikes,
        macs=macs,
        acs=acs,
        words=macs + acs + given + 2.0 * spikes + 2.0 * updates,
        footprint=4.0 * (weights + state),
        units=units,
    )
    return replace(pair, answers=pair.answers | {LEARNED: found}, rows=[*pair.rows, with_energy(row), *layers], learned=net)


def _learned_rows(net, counts, steps):
    """Return the rows of the hidden layers of a network that learned in spikes."""
    rows, parts = [], net.parts()
    for k in range(len(net.hidden)):
        spikes = float(counts[k].sum(axis=1).mean())
        rows.append(
            Row(
                LEARNED,
                steps=steps,
                layer=k + 1,
                units=counts[k].shape[1],
                synapses=parts["weight", k].size,
                active=float(np.mean(np.any(counts[k], axis=0))),
                spikes=spikes,
                acs=spikes * parts["weight", k + 1].shape[1],
            )
        )
    return rows


def as_currents(X, steps):
    """Return samples as constant currents, (samples, steps, inputs)."""
    return np.repeat(np.asarray(X)[:, None, :], steps, axis=1)
