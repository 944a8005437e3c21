"""Gradients of e-prop, and the weights after some updates, against a twin that has eligibility traces."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.learn.spiking.samples import inputs_of
from tests.learn.eprop_twin import BUMPS, Cells, Synapses, Twin, error_of

INPUTS, HIDDEN, CLASSES, SAMPLES, DT, STEPS = 4, 7, 3, 3, 0.5, 90
LAYERS = {
    "plain": {},
    "recurrent": {"recurrent": True},
    "adaptive": {"recurrent": True, "beta": 0.2},
    "refractory": {"recurrent": True, "t_ref": 3.0},
    "all": {"recurrent": True, "t_ref": 1.5, "beta": 0.2, "v_reset": -0.3, "v_th": 0.9},
    "a delay each": {"recurrent": True, "t_ref": 1.5, "beta": 0.2, "each": True},
    "currents": {"recurrent": True, "t_ref": 1.5, "beta": 0.2, "currents": True},
}
FEEDBACK, LOSSES = ("symmetric", "random", "adaptive"), ("mean", "labels", "values")
OPTIONS = {"gradient": "eprop", "dt": DT, "duration": STEPS * DT, "batch": SAMPLES}
OPTIONS |= dict.fromkeys(("validation", "wake", "clip"), 0.0)
LAYER_PARTS = [("weight", 0), ("recurrent", 0), ("weight", 1), ("bias", 1)]


def data(rng, loss, currents=False):
    """Return samples, and what is wanted of them: values around 0, classes, or labels of steps."""
    X = [(np.sort(rng.uniform(0.0, 0.8 * STEPS * DT, 60)), rng.integers(0, INPUTS, 60)) for _ in range(SAMPLES)]
    X[0][1][0] = INPUTS - 1  # so that the number of inputs is known
    X[0][0][:20] = np.rint(X[0][0][:20])  # on the grid
    if currents:
        X = rng.normal(1.5, 3.0, (SAMPLES, STEPS, INPUTS))
    values = rng.normal(size=(SAMPLES, STEPS, CLASSES))
    values[0, 20:40, 1] = np.nan
    labels = rng.integers(-1, CLASSES, (SAMPLES, STEPS))
    return X, {"mean": np.arange(SAMPLES) % CLASSES, "labels": labels, "values": values}[loss]


def each_of(n, **values):
    """Return arrays of a number for each of n cells."""
    return {name: np.full(n, value) for name, value in values.items()}


def all_to_all(weight, tau_s, delay, given=False):
    """Return the columns of dense synapses."""
    pre, post = np.indices(weight.shape).reshape(2, -1)
    return [
        np.full(pre.size, given),
        pre,
        post,
        weight.ravel().copy(),
        *np.broadcast_arrays(tau_s, np.ravel(delay), pre)[:2],
    ]


def joined(*parts):
    """Return synapses from the columns of several parts."""
    return Synapses(*map(np.concatenate, zip(*parts, strict=True)))


def layers(kind="all", loss="mean", seed=1, **options):
    """Return a network of layers, its twin, and data."""
    rng, given = np.random.default_rng(seed), dict(LAYERS[kind])
    each, currents = given.pop("each", False), given.pop("currents", False)

    def delays(pre, post):
        return rng.integers(2, 9, (pre, post)) * DT if each else 1.5

    own = {"delay": delays(INPUTS, HIDDEN), "recurrent_delay": delays(HIDDEN, HIDDEN)}
    layer = bs.learn.Layer(HIDDEN, tau_a=40.0, weight=(0.4, 0.4), recurrent_weight=(0.1, 0.5), **own, **given)
    readout = bs.learn.Readout(tau_m=13.0, tau_s=3.0, delay=delays(HIDDEN, CLASSES), weight=(0.2, 0.5))
    X, y = data(rng, loss, currents)
    named = {"loss": "mean" if loss == "mean" else "sequence", "seed": seed, "gain": 3.0}
    net = bs.learn.SpikingNetwork(layer, readout=readout, **OPTIONS | named | options)
    net._begin(inputs_of(X, "X"), y, "fit")
    parts = net.parts()
    parts["bias", 1][...] = rng.normal(size=CLASSES)
    into = [all_to_all(parts["weight", 0], layer.tau_s, layer.delay, True)]
    into += [all_to_all(parts["recurrent", 0], layer.tau_s, layer.recurrent_delay)] if layer.recurrent else []
    out = joined(all_to_all(parts["weight", 1], readout.tau_s, readout.delay))
    cells = each_of(HIDDEN, tau_m=layer.tau_m, gain=1.0, start=0.0, rest=0.0, v_th=layer.v_th, v_reset=layer.v_reset)
    cells |= each_of(HIDDEN, held=round(layer.t_ref / DT), tau_a=layer.tau_a, beta=layer.beta, scale=layer.v_th)
    last = each_of(CLASSES, tau_m=readout.tau_m, gain=1.0, start=0.0) | {"rest": parts["bias", 1].copy()}
    return net, Twin(Cells(**cells), Cells(**last), joined(*into), out, DT, STEPS, **shared(net)), X, y


def shared(net):
    """Return the numbers that a network and its twin share."""
    return {name: getattr(net, name) for name in ("surrogate", "steepness", "rate_cost", "rate_target")}


def graph(loss="mean", seed=1, **options):
    """Return a trainer of a sparse graph with two hidden populations and two receptors, its twin, and data."""
    rng, net, of_b = (
        np.random.default_rng(seed),
        bs.Network(seed=seed),
        {"tau_m": 15.0, "c_m": 120.0, "v_th": -53.0, "beta": 2.0},
    )
    source = bs.Population(INPUTS, bs.SpikeTrains([], []), name="source")
    a = bs.Population(8, bs.LIF(t_ref=2.0, v_reset=-67.0), name="a")
    b = bs.Population(6, bs.learn.AdaptingLIF(**of_b, t_ref=0.0, tau_a=40.0), name="b", initial={"v": -60.0})
    out = bs.Population(CLASSES, bs.LI(tau_m=13.0), name="out")
    fast, slow = bs.Exponential(tau=4.0), bs.Exponential(tau=9.0, name="slow")
    wires = [(source, a, 0.7, 200.0, fast), (source, b, 0.5, 60.0, slow), (a, a, 0.4, 30.0, slow), (a, b, 0.5, 60.0, fast)]
    wires += [(b, a, 0.5, -40.0, fast), (a, out, 0.8, 30.0, slow), (b, out, 0.9, 20.0, fast)]
    for pre, post, p, mean, synapse in wires:
        delay = bs.Uniform(0.5, 4.0) if pre is b else 1.5
        net.connect(pre, post, bs.FixedProbability(p), weight=bs.Normal(mean, 40.0), delay=delay, synapse=synapse)
    net.stimulate(b, bs.CurrentInput(10.0))
    X, y = data(rng, loss)
    named = {"loss": "mean" if loss == "mean" else "sequence", "seed": seed}
    trainer = bs.learn.Trainer(net, out, **OPTIONS | named | options)
    y = y + -60.0 if loss == "values" else y
    trainer._begin(trainer._as_inputs(X, "X"), y, "fit")
    parts, first = {"into": [], "out": []}, {"source": 0, "a": 0, "b": a.n, "out": 0}
    for p in net.projections:
        table, (pre, post) = p.synapses(DT), p.name.split("->")
        ends = table.pre + first[pre], table.post + first[post]
        same = np.full(table.pre.size, pre == "source"), np.full(table.pre.size, p.synapse.tau)
        weight = trainer.parts()["weight", p.name].copy()
        parts["out" if post == "out" else "into"].append((same[0], *ends, weight, same[1], table.delay))
    names = ("tau_m", "gain", "start", "rest", "v_th", "v_reset", "held", "tau_a", "beta", "scale")
    rows = [(20.0, 0.1, -65.0, -65.0, -50.0, -67.0, 4, 1.0, 0.0, 17.0)] * a.n
    rows += [(15.0, 0.125, -60.0, -65.0 + 0.125 * 10.0, -53.0, -65.0, 0, 40.0, 2.0, 12.0)] * b.n
    cells = Cells(**dict(zip(names, map(np.array, zip(*rows, strict=True)), strict=True)))
    last = Cells(**each_of(CLASSES, tau_m=13.0, gain=13.0 / 200.0, start=-65.0, rest=-65.0))
    twin = Twin(cells, last, joined(*parts["into"]), joined(*parts["out"]), DT, STEPS, **shared(trainer))
    return trainer, twin, X, y


def flat(net, parts):
    """Return gradients or weights of a network in the order of its twin: into cells, onto the readout, bias."""
    if isinstance(net, bs.learn.Trainer):
        kinds = [[part for (_, name), part in parts.items() if name.endswith("->out") == last] for last in (False, True)]
    else:
        kinds = [[parts[key] for key in (("weight", 0), ("recurrent", 0)) if key in parts]]
        kinds += [[parts["weight", 1]], [parts["bias", 1]]]
    return [np.concatenate([np.ravel(part) for part in kind]) for kind in kinds]


def all_gradients_of(net, twin, X, y):
    """Return the mean gradients of the twin."""
    loss, total = net._sequence() or "mean", [0.0] * 4
    for x, wanted in zip(X, y, strict=True):
        events, currents = ([], x) if isinstance(x, np.ndarray) else (list(zip(*x, strict=True)), None)
        found = twin.gradients(events, lambda potentials, w=wanted: error_of(loss, potentials, w, net.gain), currents)
        total = [a + b / len(X) for a, b in zip(total, found, strict=True)]
    return total


def gradients_of(net, twin, X, y):
    """Return those by weights, and by the bias of layers."""
    return all_gradients_of(net, twin, X, y)[: 2 if isinstance(net, bs.learn.Trainer) else 3]


def assert_same(found, wanted, within=1e-10):
    """Compare arrays to rounding, relative to their largest element."""
    for one, other in zip(found, wanted, strict=True):
        assert np.abs(other).max() > 0.0
        np.testing.assert_allclose(one, other, rtol=within, atol=within * np.abs(other).max())


def assert_same_gradients(net, twin, X, y):
    """Compare gradients of a batch, where cells and their surrogate derivatives say something."""
    if net.feedback != "symmetric":
        twin.feedback = net.training_.feedback.weights.copy()
    assert_same(flat(net, net.gradients(X, y).parts), gradients_of(net, twin, X, y))


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_layers(kind, loss):
    net, twin, X, y = layers(kind, loss, rate_cost=1e-3)
    assert_same_gradients(net, twin, X, y)
    assert np.count_nonzero(net._run(X, "X").counts.sum(axis=0)) > HIDDEN // 2


@pytest.mark.parametrize("kind", ["adaptive", "all", "currents"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_rise_of_the_threshold(kind, loss):
    net, twin, X, y = layers(kind, loss, rate_cost=1e-3)
    by_beta = all_gradients_of(net, twin, X, y)[3]
    assert np.count_nonzero(by_beta) > 3
    np.testing.assert_allclose(net.gradients(X, y).parts["beta", 0], by_beta.sum(), rtol=1e-10)


@pytest.mark.parametrize("surrogate", BUMPS)
@pytest.mark.parametrize("feedback", FEEDBACK)
def test_surrogates_and_feedback(surrogate, feedback):
    assert_same_gradients(*layers(surrogate=surrogate, feedback=feedback, steepness=1.3))


@pytest.mark.parametrize("feedback", FEEDBACK)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_sparse_graph_with_two_hidden_populations(loss, feedback):
    net, twin, X, y = graph(loss, feedback=feedback, rate_cost=1e-3)
    assert_same_gradients(net, twin, X, y)
    assert np.count_nonzero(net._run(X, "X").counts.sum(axis=0)) > 9


@pytest.mark.parametrize("feedback", FEEDBACK)
@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
@pytest.mark.parametrize("made", [layers, graph])
def test_weights_after_four_batches(made, feedback, optimiser):
    net, twin, X, y = made(loss="values", feedback=feedback, optimiser=optimiser, learning_rate=0.02)
    if feedback != "symmetric":
        twin.feedback = net.training_.feedback.weights.copy()
    of_parts = {key: np.full(np.shape(part), np.sqrt(np.mean(part * part))) for key, part in net.parts().items()}
    sizes = flat(net, of_parts) if made is graph else [1.0, 1.0, 1.0]
    means, squares = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
    for k in range(1, 5):
        before = twin.out.weight.copy()
        own = [twin.into.weight, twin.out.weight, twin.readout.rest]
        for n, gradient in enumerate(gradients_of(net, twin, X, y)):
            step = gradient
            if optimiser == "adam":  # Kingma & Ba (2015), algorithm 1 with the order of computation of section 2
                means[n], squares[n] = 0.9 * means[n] + 0.1 * gradient, 0.999 * squares[n] + 0.001 * gradient**2
                step = np.sqrt(1.0 - 0.999**k) / (1.0 - 0.9**k) * means[n] / (np.sqrt(squares[n]) + 1e-8)
            own[n] -= 0.02 * sizes[n] * step
        for weight in own[:2]:
            weight[:] = weight.astype(np.float32)  # which a simulation keeps
        if feedback == "adaptive":
            twin.let_feedback_follow(before)
            twin.out.weight[:] = twin.out.weight.astype(np.float32)
            own[1] = twin.out.weight
    net.partial_fit(X, y, 4)
    assert_same(flat(net, net.parts()), own[: 2 if made is graph else 3])
    if feedback != "symmetric":
        assert_same([net.training_.feedback.weights], [twin.feedback])
