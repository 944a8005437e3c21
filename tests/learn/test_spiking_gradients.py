"""The exact gradient of `bs.learn.SpikingNetwork` against differences, and its forward pass against a slow twin."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.learn.spiking.samples import inputs_of
from tests.learn.spiking_nets import KINDS, assert_gradients, network
from tests.learn.twin import Twin


@pytest.mark.parametrize("kind", [name for name in KINDS if name != "equal times"])
@pytest.mark.parametrize("sample", [0, 3])
def test_forward_equals_the_twin(kind, sample):
    net, X, _ = network(**KINDS[kind])
    parts = {(what, b + 1): part for (what, b), part in net.parts().items()}
    currents = X[sample] if KINDS[kind].get("currents") else None
    events = [] if currents is not None else sorted(zip(*X[sample], strict=True))
    layers = net.training_.layout.blocks
    twin = Twin(layers, parts, events, net.dt, net.training_.layout.steps, currents)
    np.testing.assert_allclose(net.potentials(X)[sample], twin.trace, rtol=0, atol=1e-12)
    activity = list(net.activity(X, sample).values())
    for b, spikes in enumerate(activity[1:]):
        wanted = sorted(twin.spikes[b])
        assert spikes.ids.tolist() == [cell for _, cell in wanted]
        np.testing.assert_allclose(spikes.times, [time for time, _ in wanted], rtol=0, atol=1e-11)
    assert len(activity[1]) > 8
    if KINDS[kind].get("t_ref"):
        assert twin.releases > 10


@pytest.mark.slow_only("[equal", "[labels]", "[max", "[values]")
@pytest.mark.thorough_but("[fine]")
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_equal_differences(kind):
    assert_gradients(*network(seed=1, **KINDS[kind]))


def test_the_mean_over_samples_is_that_of_each_alone():
    net, X, y = network(seed=3, **KINDS["all"])
    whole = net.gradients(X, y).parts
    alone = [net.gradients(X[k : k + 1], y[k : k + 1]).parts for k in range(4)]
    for key, gradient in whole.items():
        np.testing.assert_allclose(gradient, sum(part[key] for part in alone) / 4, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("kind", ["recurrent", "all", "fine"])
def test_without_the_history_of_each_step_weights_have_the_same_gradient(kind):
    net, X, y = network(seed=2, **KINDS[kind])
    inputs = net._inputs(X, "X")
    with net._runner(inputs, net._targets(y, len(inputs), "y")) as runner:
        short, whole = (runner.run(net._vector, np.arange(4), True, history=history).gradient for history in (False, True))
    weights = [part for part in net.training_.layout.parts if part.key[0] in ("weight", "recurrent", "bias")]
    assert len(weights) == 5
    for part in weights:
        assert np.array_equal(part.of(short), part.of(whole))


def test_a_delay_of_all_synapses_is_as_the_same_delay_of_each():
    def of(*delays):
        settings = {"tau_a": 60.0, "beta": 0.2, "t_ref": 2.7, "v_reset": -0.1, "weight": (1.3, 0.6)}
        layer = bs.learn.Layer(8, recurrent=True, delay=delays[0], recurrent_delay=delays[1], **settings)
        readout = bs.learn.Readout(delay=delays[2])
        net = bs.learn.SpikingNetwork(layer, readout=readout, dt=1.0, duration=60.0, floor=0.0, validation=0.0, seed=1)
        rng = np.random.default_rng(1)
        X, y = rng.uniform(0.0, 30.0, (4, 5)), np.array([0, 1, 2, 1])
        net._begin(inputs_of(X, "X"), y, "fit")
        for key in (("weight", 0), ("recurrent", 0), ("weight", 1)):
            net.parts()[key][...] = rng.normal(7.0 if key == ("weight", 0) else 0.5, 1.0, net.parts()[key].shape)
        return net.gradients(X, y), sum(map(len, net.activity(X, 0).values()))

    (one, spikes), (each, same) = of(1.7, 2.2, 1.4), of(np.full((5, 8), 1.7), np.full((8, 8), 2.2), np.full((8, 3), 1.4))
    assert spikes == same > 15
    assert one.loss == pytest.approx(each.loss, rel=1e-12)
    for key, gradient in one.parts.items():
        other = each.parts[key] if each.parts[key].shape == gradient.shape else each.parts[key].sum()
        np.testing.assert_allclose(gradient, other, rtol=1e-9, atol=1e-11)


def test_the_floor_limits_the_gradient_only():
    free, X, y = network(seed=4)
    limited, *_ = network(seed=4, floor=10.0)
    a, b = free.gradients(X, y), limited.gradients(X, y)
    assert a.loss == b.loss
    assert np.abs(b.parts["weight", 0]).max() < 0.5 * np.abs(a.parts["weight", 0]).max()
    assert np.array_equal(a.parts["weight", 2], b.parts["weight", 2])  # the readout does not fire


def test_a_cell_far_above_its_threshold_fires_in_each_step():
    net, X, y = network(seed=5)
    net.parts()["weight", 0][...] = 400.0
    counts = net.activity(X, 0)["hidden0"].counts()
    assert counts.max() > 20
    assert all(np.isfinite(part).all() for part in net.gradients(X, y).parts.values())


class TestSurrogate:
    """Surrogate gradients against the derivative in forward mode, in which tangents go along with time."""

    @pytest.mark.parametrize("shape", ["fast_sigmoid", "sigmoid", "triangle", "atan", "gaussian", "box"])
    @pytest.mark.parametrize("method", ["surrogate", "eprop"])
    def test_equals_tangents(self, shape, method):
        net, x, label = small_on_grid(shape, method)
        gradients = net.gradients([x], [label]).parts
        rng = np.random.default_rng(1)
        for what in ("weight", "recurrent"):
            direction = rng.normal(size=gradients[what, 0].shape)
            expected = tangent(net, x, label, shape, what, direction, local=method == "eprop")
            assert np.sum(gradients[what, 0] * direction) == pytest.approx(expected, rel=1e-9)
            assert abs(expected) > 1e-4

    @pytest.mark.parametrize("method", ["surrogate", "eprop"])
    @pytest.mark.parametrize("each", [False, True], ids=["one delay", "a delay each"])
    def test_weights_alone_have_the_same_gradient_with_less_work(self, method, each):
        """Without derivatives by time constants and delays, with one delay for all synapses or one for each."""
        net, x, label = small_on_grid("sigmoid", method, each)
        expected = small_on_grid("sigmoid", method)[0].gradients([x], [label]).parts
        targets = net._targets([label], 1, "y")
        with net._runner(net._inputs([x], "X"), targets) as runner:
            gradient = runner.run(net._vector, np.arange(1), learn=True).gradient
        found = net._layout.shown(gradient)
        for key in (("weight", 0), ("recurrent", 0), ("weight", 1), ("bias", 1)):
            np.testing.assert_allclose(found[key], expected[key], rtol=1e-12, atol=1e-15)
            assert np.abs(found[key]).max() > 1e-4
        assert not found["tau_m", 0]

    @pytest.mark.parametrize("method", ["surrogate", "eprop"])
    def test_the_time_constant_of_cells_that_get_currents(self, method):
        layer = bs.learn.Layer(5, weight=(1.6, 0.6), t_ref=0.0)
        net = bs.learn.SpikingNetwork(
            layer, gradient=method, surrogate="sigmoid", steepness=1.5, duration=40.0, gain=20.0, seed=1, validation=0.0
        )
        x = np.random.default_rng(5).uniform(0.0, 1.2, (40, 4))
        net._begin(inputs_of(np.array([x, x]), "X"), [0, 1], "fit")
        expected = tangent_of_tau_m(net, x, 1)
        assert abs(expected) > 1e-4
        assert net.gradients(x[None], [1]).parts["tau_m", 0] == pytest.approx(expected, rel=1e-9)

    def test_eprop_leaves_something_out(self):
        net, x, label = small_on_grid("triangle", "surrogate")
        other, *_ = small_on_grid("triangle", "eprop")
        whole, local = (n.gradients([x], [label]).parts for n in (net, other))
        assert np.array_equal(whole["weight", 1], local["weight", 1])
        a, b = whole["recurrent", 0].ravel(), local["recurrent", 0].ravel()
        assert 0.3 < a @ b / np.sqrt((a @ a) * (b @ b)) < 0.999


def small_on_grid(shape, method, each=False):
    layer = bs.learn.Layer(
        7,
        recurrent=True,
        beta=0.15,
        t_ref=2.0,
        delay=np.full((4, 7), 2.0) if each else 2.0,
        recurrent_delay=np.full((7, 7), 3.0) if each else 3.0,
        weight=(1.2, 0.6),
        recurrent_weight=(0.1, 0.4),
    )
    net = bs.learn.SpikingNetwork(
        layer, gradient=method, surrogate=shape, steepness=1.5, duration=40.0, gain=20.0, seed=1, validation=0.0
    )
    rng = np.random.default_rng(3)
    x = np.sort(np.rint(rng.uniform(1.0, 25.0, 14))), rng.integers(0, 4, 14)
    x[1][0] = 3
    net._begin(inputs_of([x, x], "X"), [0, 1], "fit")
    return net, x, 1


BUMPS = {
    "fast_sigmoid": lambda u: 1.0 / (1.0 + abs(u)) ** 2,
    "sigmoid": lambda u: 1.0 / np.cosh(0.5 * u) ** 2,
    "triangle": lambda u: np.maximum(0.0, 1.0 - abs(u)),
    "atan": lambda u: 1.0 / (1.0 + u * u),
    "gaussian": lambda u: np.exp(-0.5 * u * u),
    "box": lambda u: (abs(u) < 0.5).astype(float),
}


def tangent(net, x, label, shape, what, direction, local):
    """Return the derivative of the loss along a direction, by tangents of all variables of the network on the grid."""
    parts, layer, steps = net.parts(), net.hidden[0], 40
    a, b = np.exp(-1.0 / layer.tau_m), np.exp(-1.0 / layer.tau_s)
    c, rho = layer.tau_s / (layer.tau_m - layer.tau_s) * (a - b), np.exp(-1.0 / layer.tau_a)
    given = np.zeros((steps + 9, 4))
    for time, unit in zip(*x, strict=True):
        given[int(time) + 2, unit] += 1.0
    v, i, up, dv, di, dup, held = (np.zeros(7) for _ in range(7))
    s, ds = np.zeros((steps + 9, 7)), np.zeros((steps + 9, 7))
    out, d_out = np.zeros((2, 2)), np.zeros((2, 2))  # v and i of the readouts
    score, d_score = np.zeros(2), np.zeros(2)
    d_weight = {"weight": 0.0, "recurrent": 0.0} | {what: direction}
    for k in range(steps):  # what arrives at t_k is there from the start of the step
        own = s[k - 3] if k >= 3 else np.zeros(7)
        own_d = ds[k - 3] if k >= 3 and not local else np.zeros(7)
        i = i + given[k] @ parts["weight", 0] + own @ parts["recurrent", 0]
        di = di + given[k] @ (0.0 * parts["weight", 0] + d_weight["weight"]) + own_d @ parts["recurrent", 0]
        di = di + own @ (0.0 * parts["recurrent", 0] + d_weight["recurrent"])
        late, d_late = (s[k - 1], ds[k - 1]) if k >= 1 else (np.zeros(7), np.zeros(7))
        out[1] += late @ parts["weight", 1]
        d_out[1] += d_late @ parts["weight", 1]
        v, dv, i, di, up, dup = a * v + c * i, a * dv + c * di, b * i, b * di, rho * up, rho * dup
        free = held == 0
        v, dv, held = np.where(free, v, 0.0), np.where(free, dv, 0.0), np.maximum(held - 1, 0)
        slope = 1.5 * BUMPS[shape](1.5 * (v - up - 1.0)) * free
        fired = (v >= 1.0 + up) & free
        s[k + 1], ds[k + 1] = fired, slope * (dv - dup)
        v, up, dup = np.where(fired, 0.0, v), up + layer.beta * fired, dup + layer.beta * ds[k + 1]
        held = np.where(fired, 2, held)
        out, d_out = (np.array([a * z[0] + c * z[1], b * z[1]]) for z in (out, d_out))
        score, d_score = score + 20.0 * out[0] / steps, d_score + 20.0 * d_out[0] / steps
    share = np.exp(score) / np.exp(score).sum()
    share[label] -= 1.0
    return share @ d_score


def tangent_of_tau_m(net, currents, label):
    """Return the derivative of the loss by tau_m of hidden cells that get currents, by tangents of all variables."""
    parts, layer, steps = net.parts(), net.hidden[0], 40
    a, b = np.exp(-1.0 / layer.tau_m), np.exp(-1.0 / layer.tau_s)
    c, d_a = layer.tau_s / (layer.tau_m - layer.tau_s) * (a - b), np.exp(-1.0 / layer.tau_m) / layer.tau_m**2
    v, dv, s, ds = np.zeros(5), np.zeros(5), np.zeros((steps + 2, 5)), np.zeros((steps + 2, 5))
    out, d_out, score, d_score = np.zeros((2, 2)), np.zeros((2, 2)), np.zeros(2), np.zeros(2)
    for k in range(steps):  # a spike at the end of step k arrives a millisecond later, at the start of step k + 2
        out[1] += s[k] @ parts["weight", 1]
        d_out[1] += ds[k] @ parts["weight", 1]
        drive = currents[k] @ parts["weight", 0]
        v, dv = a * v + (1.0 - a) * drive, a * dv + d_a * (v - drive)
        s[k + 2], ds[k + 2] = v >= 1.0, 1.5 * BUMPS["sigmoid"](1.5 * (v - 1.0)) * dv
        v = v - (v >= 1.0)  # cells without a refractory time keep what is above the threshold
        out, d_out = (np.array([a * z[0] + c * z[1], b * z[1]]) for z in (out, d_out))
        score, d_score = score + 20.0 * out[0] / steps, d_score + 20.0 * d_out[0] / steps
    assert s.sum() > 5
    share = np.exp(score) / np.exp(score).sum()
    share[label] -= 1.0
    return share @ d_score
