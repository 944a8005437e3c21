"""Rate connections and graded synapses: linear networks have exact solutions, and a delay shifts what a target gets."""

import numpy as np
import pytest
from scipy.linalg import expm

import brainsim as bs
from tests.helpers.couplings import Linear, leaky


class Noisy(Linear):
    """A linear rate with white noise: alone, its variance is sigma**2/2."""

    equations = "dr/dt = (slope*(I + drive) - r)/tau + sigma/sqrt(tau)*xi"
    sigma: float = bs.parameter(2.0, "Hz", "size of the noise", at_least=0.0)


def end(net, t, dt, name="units"):
    return bs.simulate(net, t, dt=dt, seed=1).state.variables[name]["r"].copy()


def test_a_linear_network_against_the_matrix_exponential():
    n, t, rng = 6, 12.0, np.random.default_rng(3)
    weights, start = rng.normal(0.0, 4.0, (n, n)), rng.uniform(0.0, 50.0, n)
    levels = []
    for dt in (0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625):
        units = bs.Population(n, Linear(drive=30.0), name="units", initial={"r": start})
        net = bs.Network(seed=1)
        net.connect(units, units, bs.AllToAll(), weight=weights.astype(np.float32), synapse=bs.RateConnection())
        levels.append(end(net, t, dt))
    matrix = (0.1 * weights.astype(np.float32).astype(float).T - np.eye(n)) / 10.0
    rest = -np.linalg.solve(matrix, np.full(n, 0.1 * 30.0 / 10.0))
    expected = rest + expm(matrix * t) @ (start - rest)
    errors = [np.abs(found - expected).max() for found in levels]
    assert all(3.7 < a / b < 4.3 for a, b in zip(errors[:4], errors[1:4], strict=False)), errors
    for power in range(2, 7):
        levels = [(2**power * b - a) / (2**power - 1) for a, b in zip(levels, levels[1:], strict=False)]
    assert np.abs(levels[0] - expected).max() < 1e-10


@pytest.mark.parametrize("gain", ["linear", "threshold-linear", "sigmoid", "20*tanh(r/r_max)*r_max/r_max"])
def test_gains(gain):
    """Two units, of which one gives: the current is the gain of its rate."""

    class Plain(bs.RateConnection):
        dimensions = False

    units = bs.Population(2, Linear(drive=400.0), name="units", initial={"r": [35.0, 0.0]})
    net = bs.Network(seed=1)
    connection = Plain(gain=gain, r_min=12.0, r_half=38.0, order=1, name="from")
    net.connect(units[:1], units[1:], bs.OneToOne(), weight=2.0, synapse=connection)
    traces = bs.simulate(net, 10.0, seed=1, record=[bs.Trace(units, "r"), bs.Trace(units[1:], "from.current")]).traces
    r, current = traces["units", "r"].values[:, 0], traces["units", "from.current"].values[:, 0]
    expected = {
        "linear": r,
        "threshold-linear": np.maximum(r - 12.0, 0.0),
        "sigmoid": 100.0 / (1.0 + np.exp(-(r - 38.0) / 10.0)),
    }.get(gain, 20.0 * np.tanh(r / 100.0))
    assert np.ptp(expected) > 0.5
    assert np.allclose(current, 2.0 * expected, rtol=1e-12)


def test_delayed_is_shifted():
    steps, found = 7, {}
    for delay in (0.0, 0.1 * steps):
        units = bs.Population(3, Noisy(drive=[80.0, 0.0, 0.0]), name="units")
        net = bs.Network(seed=1)
        connection = bs.RateConnection(order=1)
        net.connect(units[:1], units[1:2], bs.OneToOne(), weight=5.0, delay=delay, synapse=connection)
        record = bs.Trace(units, "rateconnection.total")
        found[delay] = bs.simulate(net, 40.0, seed=3, record=record).traces["units", "rateconnection.total"].values[:, 1]
    at_once, later = found.values()
    assert np.abs(at_once).max() > 10.0
    assert np.array_equal(later[steps:], at_once[:-steps])
    assert np.all(later[:steps] == 0.0)


def test_a_delayed_network_is_of_second_order():
    """A unit that inhibits itself 2 ms later, against the solution by steps of its delay, on a fine grid."""

    def run(dt, order):
        units = bs.Population(1, Linear(), name="units", initial={"r": 40.0})
        net = bs.Network(seed=1)
        net.connect(units, units, bs.AllToAll(), weight=-25.0, delay=2.0, synapse=bs.RateConnection(order=order))
        return end(net, 30.0, dt)[0]

    fine = (4.0 * run(0.005, 2) - run(0.01, 2)) / 3.0
    for order in (1, 2):
        errors = [abs(run(dt, order) - fine) for dt in (0.1, 0.05)]
        assert abs(errors[0] / errors[1] - 2**order) < 0.2 * 2**order, errors


def test_mean_and_variance_of_noisy_units_with_a_loop():
    """A loop of gain J: the mean is mu/(1 - J), the variance sigma**2/(2 (1 - J))."""
    gain, n = 0.5, 400
    units = bs.Population(n, Noisy(drive=100.0), name="units", initial={"r": 20.0})
    net = bs.Network(seed=1)
    net.connect(units, units, bs.OneToOne(), weight=gain / 0.1, synapse=bs.RateConnection())
    r = bs.simulate(net, 2000.0, seed=2, record=bs.Trace(units, "r", every=100.0, start=200.0)).traces["units", "r"].values
    assert r.mean() == pytest.approx(10.0 / (1 - gain), rel=0.02)
    assert r.var() == pytest.approx(2.0**2 / 2 / (1 - gain), rel=0.05)


def assert_mean_and_deviation(values, mean, deviation):
    """Check both within four standard errors."""
    assert abs(values.mean() - mean) < 4.0 * deviation / np.sqrt(values.size)
    assert abs(values.std() - deviation) < 4.0 * deviation / np.sqrt(2.0 * values.size)


def test_input_noise_acts_on_units_with_a_loop():
    """A loop of gain 1/2 doubles the slope and the time constant; noise that is correlated over 5 ms is filtered."""
    units = bs.Population(10_000, Linear(drive=100.0), name="units", initial={"r": 20.0})
    net = bs.Network(seed=1)
    net.connect(units, units, bs.OneToOne(), weight=5.0, synapse=bs.RateConnection())
    net.stimulate(units, bs.NoiseInput(50.0, tau=5.0))
    assert_mean_and_deviation(end(net, 200.0, 0.1), 20.0, 0.2 * 50.0 * np.sqrt(5.0 / (5.0 + 20.0)))


@pytest.mark.parametrize(("tau", "filtered"), [(None, 1.0 / (2.0 * 10.0)), (5.0, 5.0 / (5.0 + 10.0))])
def test_noise_on_a_single_rate_unit(tau, filtered):
    """Small noise around the middle of the gain, where its slope is ``r_max/(4*i_slope)``, is filtered by tau = 10 ms."""
    units = bs.Population(10_000, bs.RateUnit(), name="units", initial={"r": 50.0})
    net = bs.Network(seed=1)
    net.stimulate(units, bs.NoiseInput(2.0, mean=200.0, tau=tau))
    assert_mean_and_deviation(end(net, 100.0, 0.1), 50.0, 100.0 / (4.0 * 50.0) * 2.0 * np.sqrt(filtered))


class TestGraded:
    def test_kinetics_follow_the_sum(self):
        """The source is held: the conductance relaxes to the weight times what it gives."""
        source, target = leaky(2, "source", initial={"v": [-50.0, -46.0]}), leaky(1, "target")
        net = bs.Network(seed=1)
        graded = bs.GradedSynapse(tau=4.0, e_rev=0.0, name="graded")
        net.connect(source, target, bs.AllToAll(), weight=3.0, synapse=graded)
        net.stimulate(source, bs.VoltageClamp([-50.0, -46.0]))
        record = [bs.Trace(target, name) for name in ("graded.g", "graded.current", "v")]
        traces = bs.simulate(net, 20.0, seed=1, record=record).traces
        g, current, v = (traces["target", name].values[:, 0] for name in ("graded.g", "graded.current", "v"))
        full = 3.0 * (0.5 + 1 / (1 + np.exp(-1.0)))
        assert np.allclose(g, full * (1 - np.exp(-np.arange(201) * 0.1 / 4.0)), rtol=1e-9)
        assert np.allclose(current, g * (0.0 - v))
        assert v[-1] > -60.0

    def test_any_function_of_the_source(self):
        source, target = leaky(1, "source", initial={"v": -40.0}), leaky(1, "target")
        net = bs.Network(seed=1)
        graded = bs.GradedSynapse(source="clip((v - v_half)/v_slope, 0, 1)", v_half=-60.0, v_slope=40.0, order=1, name="g")
        net.connect(source, target, bs.AllToAll(), weight=2.0, synapse=graded)
        assert (
            bs.simulate(net, 1.0, seed=1, record=bs.Trace(target, "g.total")).traces["target", "g.total"].values[0, 0] == 1.0
        )
