"""Noise currents compared with theory: variance, correlation time, spectrum, correlation of cells; and their bits."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.mistakes import mistakes
from tests.helpers.statistics import within

N = 1000


def simulation(noise, dt=0.1, n=N, threads=1, seed=3, **given):
    """Return a simulation of cells that do nothing but integrate the current."""
    cells = bs.Population(n, bs.IF(c_m=1.0, v_th=1e12), name="cells", initial={"v": 0.0})
    net = bs.Network(seed=1)
    net.stimulate(cells, noise, name="noise")
    return bs.Simulation(net, dt=dt, seed=seed, record=bs.Trace(cells, "v"), threads=threads, **given)


def current(noise, duration=20.0, pieces=1, dt=0.1, **given):
    """Return the current in each step, shape (steps, cells)."""
    sim = simulation(noise, dt, **given)
    for _ in range(pieces):
        sim.run(duration / pieces)
    return np.diff(sim.result().traces["cells", "v"].values, axis=0) / dt


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_white_noise_has_the_same_effect_at_any_dt(dt):
    x = current(bs.NoiseInput(30.0, mean=7.0), 20.0, dt=dt)
    total = x.sum(axis=0) * dt / 20.0  # the average over 20 ms
    sd = 30.0 * np.sqrt(1.0 / 20.0)
    assert within(total.mean(), 7.0, sd**2 / N)
    assert within(total.var(), sd**2, 2 * sd**4 / N)
    z = (x - 7.0) / (30.0 / np.sqrt(dt))
    assert within((z**2).mean(), 1.0, 2.0 / z.size)
    assert within((z[1:] * z[:-1]).sum(), 0.0, z[1:].size)
    assert within((z[:, 1:] * z[:, :-1]).sum(), 0.0, z[:, 1:].size)
    # the spectrum is flat: each half of it has half of the power
    power = np.abs(np.fft.rfft(z, axis=0)[1:-1]) ** 2
    halves = np.array_split(power, 2)
    for half in halves if len(power) > 1 else []:
        assert within(half.mean(), len(z), len(z) ** 2 / half.size)


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_ornstein_uhlenbeck_is_exact_at_any_dt(dt):
    tau, sigma = 4.0, 25.0
    z = (current(bs.NoiseInput(sigma, mean=-3.0, tau=tau), 10.0, dt=dt) + 3.0) / sigma
    for k in (0, len(z) // 2, len(z) - 1):  # stationary from the first step on
        assert within(z[k].mean(), 0.0, 1.0 / N)
        assert within((z[k] ** 2).mean(), 1.0, 2.0 / N)
    for lag in (1.0, 2.0, 5.0):
        steps, rho = round(lag / dt), np.exp(-lag / tau)
        products = z[steps] * z[0]
        assert within(products.mean(), rho, (1 + rho**2) / N)
    # what is new in each step is white
    a = np.exp(-dt / tau)
    fresh = (z[1:] - a * z[:-1]) / np.sqrt(1 - a * a)
    assert within((fresh**2).mean(), 1.0, 2.0 / fresh.size)
    assert within((fresh[1:] * fresh[:-1]).sum(), 0.0, fresh[1:].size)


@pytest.mark.parametrize("tau", [None, 3.0])
@pytest.mark.parametrize("c", [0.0, 0.3, 1.0])
def test_cells_have_the_correlation_that_is_asked_for(tau, c):
    x = current(bs.NoiseInput(10.0, tau=tau, correlation=c), 300.0, n=60)[:: 100 if tau else 1]
    z = x / x.std()
    if c == 1.0:
        assert np.allclose(x, x[:, :1], atol=1e-6)
        return
    # the mean over cells has the variance c + (1 - c)/n, in units of that of a cell
    expected = c + (1 - c) / 60
    assert within(z.mean(axis=1).var(), expected, 3 * expected**2 / len(z))


def test_the_membrane_fluctuates_as_the_docstring_says():
    cells = bs.Population(2000, bs.LIF(tau_m=20.0, c_m=200.0, v_th=1e6), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.NoiseInput(100.0))
    v = bs.simulate(net, 200.0, seed=2).state.variables["cells"]["v"]
    expected = 100.0 * np.sqrt(20.0 * 1.0 / 2) / 200.0
    assert within(v.var(), expected**2, 2 * expected**4 / 2000)


def test_set_keeps_the_process_and_reset_starts_it_again():
    sim = simulation(bs.NoiseInput(10.0, tau=50.0), n=200)
    sim.run(0.1)
    before = sim.state["cells"]["v"].copy() / 0.1
    sim.set("noise", sigma=20.0, mean=5.0)
    sim.run(0.1)
    after = (sim.state["cells"]["v"] / 0.1 - before - 5.0) / 2.0
    assert np.corrcoef(before, after)[0, 1] > 0.99
    sim.reset()
    sim.run(0.1)
    assert np.array_equal(sim.state["cells"]["v"] / 0.1, before)


def test_set_of_another_input_lets_the_process_go_on():
    def potentials(changes):
        cells = bs.Population(20, bs.IF(c_m=1.0, v_th=1e12), name="cells", initial={"v": 0.0})
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.NoiseInput(10.0, tau=50.0), name="noise")
        net.stimulate(cells, bs.CurrentInput(0.0), name="other")
        sim = bs.Simulation(net, seed=3)
        sim.run(5.0)
        if changes:
            sim.set("other", amplitude=[0.0] * 20)
        return sim.run(5.0).state.variables["cells"]["v"]

    assert np.array_equal(potentials(changes=True), potentials(changes=False))


def test_inputs_of_other_names_and_seeds_are_independent():
    cells = bs.Population(N, bs.IF(c_m=1.0, v_th=1e12), name="cells", initial={"v": 0.0})
    found = []
    for name, seed in [("a", 1), ("b", 1), ("a", 2)]:
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.NoiseInput(1.0, tau=5.0), name=name)
        found.append(bs.simulate(net, 0.1, seed=seed).state.variables["cells"]["v"] / 0.1)
    for a, b in [(0, 1), (0, 2), (1, 2)]:
        assert within((found[a] * found[b]).sum(), 0.0, N)


def stimulated(**given):
    net = bs.Network(seed=1)
    net.stimulate(bs.Population(10, bs.LIF(), name="cells"), bs.NoiseInput(**{"sigma": 1.0} | given))
    return net


test_mistakes = mistakes(
    (lambda: bs.NoiseInput(-1.0), ValueError, "NoiseInput.sigma: must be >= 0 pA (got -1.0)"),
    (lambda: bs.NoiseInput(1.0, tau=0.0), ValueError, "NoiseInput.tau: must be > 0 ms (got 0.0)"),
    (lambda: bs.NoiseInput(1.0, tau=np.ones((2, 2))), ValueError, "NoiseInput.tau: must be one number or one per cell"),
    (lambda: bs.NoiseInput(1.0, correlation=1.5), ValueError, "NoiseInput.correlation: must be <= 1 (got 1.5)"),
    (lambda: bs.NoiseInput(1.0, tua=2.0), TypeError, "tua"),
    (lambda: bs.NoiseInput(1e-12), ValueError, "NoiseInput.sigma", "did you mean 1?"),
    (lambda: stimulated(tau=np.ones(3)), ValueError, "NoiseInput.tau: 3 values do not fit 'cells'"),
    (lambda: stimulated(sigma="u"), bs.EquationError, "NoiseInput.sigma: unknown name 'u'"),
    (lambda: stimulated(mean="v_th"), bs.EquationError, "NoiseInput.mean: must be in pA, but this is in mV"),
    (lambda: stimulated(stop=0.0), ValueError, "NoiseInput.stop: must be > 0 ms"),
    (
        lambda: bs.Network().stimulate(bs.Population(2, bs.Poisson(), name="p"), bs.NoiseInput(1.0)),
        ValueError,
        "whose cells only send spikes",
    ),
)
