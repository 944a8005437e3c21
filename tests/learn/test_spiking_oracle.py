"""The gradient of `bs.learn.SpikingNetwork` compared with its limit, that in continuous time."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.learn.spiking.samples import inputs_of
from tests.learn.oracle import Oracle

pytestmark = pytest.mark.thorough

END = 60.0


def both(seed, dt, t_ref=0.0, recurrent=True, aligned=False):
    """Return the losses and the gradients by input and recurrent weights, of the network and of the oracle."""
    rng = np.random.default_rng(seed)
    given, inner = rng.normal(0.9, 0.6, (6, 12)), recurrent * rng.normal(0.0, 0.3, (12, 12))
    output = rng.normal(0.2, 0.4, (12, 3))
    x = np.sort(rng.uniform(1.0, 30.0, 14)), rng.integers(0, 6, 14)
    x[1][0] = 5
    x = (np.rint(x[0]), x[1]) if aligned else x
    layer = bs.learn.Layer(12, recurrent=True, delay=2.0, recurrent_delay=2.0, v_reset=-0.1, t_ref=t_ref)
    net = bs.learn.SpikingNetwork(layer, readout=bs.learn.Readout(delay=1.0), dt=dt, duration=END, gain=1.0)
    net._begin(inputs_of([x] * 3, "X"), [0, 1, 2], "fit")
    parts = net.parts()
    parts["weight", 0][...], parts["recurrent", 0][...], parts["weight", 1][...] = given, inner, output
    oracle = Oracle(given, inner, output, {"i": 2.0, "r": 2.0, "o": 1.0}, list(zip(*x, strict=True)), 1, END, t_ref)
    loss, found = net.gradients([x], [1])
    wanted = oracle.gradients()
    rows = [found["weight", 0].ravel(), found["recurrent", 0].ravel() * recurrent]
    exact = [np.ravel(wanted["i"]), np.ravel(wanted["r"]) * recurrent]
    return loss, oracle.loss, np.concatenate(rows), np.concatenate(exact)


def cosine(a, b):
    return a @ b / np.sqrt((a @ a) * (b @ b))


@pytest.mark.parametrize("t_ref", [0.0, 3.0])
def test_it_tends_to_the_gradient_in_continuous_time(t_ref):
    for seed in range(2):
        loss, exact_loss, gradient, exact = both(seed, 0.05, t_ref)
        assert loss == pytest.approx(exact_loss, rel=3e-3)
        assert cosine(gradient, exact) > 0.998
        assert np.linalg.norm(gradient) == pytest.approx(np.linalg.norm(exact), rel=0.05)


@pytest.mark.parametrize(("recurrent", "least"), [(False, 0.99), (True, 0.97)])
def test_a_step_of_a_millisecond_is_near_it(recurrent, least):
    cosines = [cosine(*both(seed, 1.0, recurrent=recurrent, aligned=True)[2:]) for seed in range(12)]
    assert np.median(cosines) > least
