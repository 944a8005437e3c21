"""LIF cells under white and coloured noise fire at the rates of Siegert (1951) and Brunel and Sergi (1998)."""

import numpy as np
import pytest

import brainsim as bs

pytestmark = pytest.mark.thorough_but("white_noise")

CELL = {"tau_m": 20.0, "c_m": 200.0, "v_rest": 0.0, "v_th": 20.0, "v_reset": 10.0, "t_ref": 2.0}
LATE = 0.5826  # |zeta(1/2)|/sqrt(2 pi): a walk that is looked at once a step crosses this many of its steps later


class NoisyLIF(bs.LIF):
    """LIF with white noise of the strength sigma: without a threshold v has the standard deviation sigma/sqrt(2)."""

    equations = "dv/dt = (v_rest - v)/tau_m + I/c_m + sigma*sqrt(1/tau_m)*xi"
    sigma: float = bs.parameter(5.0, "mV", "strength of the noise", at_least=0.0)


class ColouredLIF(NoisyLIF):
    """The same noise through a synapse with the time constant tau_s."""

    equations = """
        dv/dt = (v_rest - v)/tau_m + I/c_m + sigma*sqrt(1/tau_m)*y
        dy/dt = -y/tau_s + 1/tau_s*xi
    """
    tau_s: float = bs.parameter(2.0, "ms", "time constant of the synapse", above=0.0)
    y: float = bs.initial(0.0, "1/sqrt(ms)", "noise")


def rates(kind, mu, sigma, cells, duration, dt, **given):
    """Return the rate after 200 ms for each pair of drive and noise [mV], and how many spikes it is from."""
    mu, sigma = np.repeat([mu, sigma], cells, axis=1)
    step = sigma * np.sqrt(dt / CELL["tau_m"]) if kind is NoisyLIF else 0.0 * sigma
    model = kind(**CELL | {"v_th": CELL["v_th"] - LATE * step, "sigma": sigma})
    population = bs.Population(mu.size, model, name="cells")
    net = bs.Network(seed=1)
    net.stimulate(population, bs.CurrentInput(mu * CELL["c_m"] / CELL["tau_m"]))
    result = bs.simulate(net, duration, dt=dt, seed=2, progress=False)
    spikes = result.spikes["cells"]
    assert result.stats["methods"]["cells"] == "exact"
    counts = np.bincount(spikes.ids[spikes.times > 200.0] // cells, minlength=mu.size // cells)
    return 1000.0 * counts / (cells * (duration - 200.0)), counts


def test_rates_under_white_noise():
    """The published table, in simulation: within 3 %."""
    found, counts = rates(NoisyLIF, [15.0, 20.0, 25.0, 30.0, 25.0], [5.0, 5.0, 5.0, 5.0, 1.0], 100, 3200.0, 0.05)
    assert counts.min() > 2500
    assert found == pytest.approx([9.461, 27.341, 47.217, 66.293, 42.017], rel=0.03)


def test_rates_of_rare_crossings():
    """5 mV below threshold with 2 mV of noise: a spike in eight seconds, published in three digits; the rest is chance."""
    found, counts = rates(NoisyLIF, [15.0], [2.0], 3000, 5200.0, 0.1)
    assert found[0] == pytest.approx(0.122, rel=0.03 + 3 / np.sqrt(counts[0]))


def test_rates_under_coloured_noise():
    """To first order in sqrt(tau_s/tau_m) the synapse lifts threshold and reset; a walk with a velocity is not late."""
    found, counts = rates(ColouredLIF, [15.0, 20.0, 25.0], [5.0, 5.0, 5.0], 200, 4200.0, 0.05)
    assert counts.min() > 4000
    assert found == pytest.approx([5.312, 21.004, 40.758], rel=0.03)
