"""What one neuron computes: published and computed rates, limits, and slopes against finite differences."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erfcx

from brainsim.ann.networks import activations
from brainsim.explore import theory

CELL = {"tau_m": 20.0, "t_ref": 2.0, "v_th": 20.0, "v_reset": 10.0}


def test_rate_without_noise():
    expected = [20.017, 41.715, 63.040, 128.972]
    assert theory.lif_rate([21.0, 25.0, 30.0, 50.0], **CELL) == pytest.approx(expected, rel=1e-3)
    assert theory.lif_rate([-70.0, 19.9, 20.0], **CELL).tolist() == [0.0, 0.0, 0.0]


def test_rate_is_a_relu_far_above_threshold():
    mu = np.array([500.0, 1000.0])
    line = 1000.0 * (mu - 15.0) / (20.0 * 10.0)
    assert theory.lif_rate(mu, **CELL | {"t_ref": 0.0}) == pytest.approx(line, rel=1e-3)
    assert theory.lif_rate(1e6, **CELL) == pytest.approx(1000.0 / 2.0, rel=1e-3)


@pytest.mark.parametrize(
    ("mu", "sigma", "tau_s", "expected"),
    [
        (15, 5, 0, 9.461),
        (20, 5, 0, 27.341),
        (25, 5, 0, 47.217),
        (30, 5, 0, 66.293),
        (15, 2, 0, 0.122),
        (25, 1, 0, 42.017),
        (15, 5, 2, 5.312),
        (20, 5, 2, 21.004),
        (25, 5, 2, 40.758),
    ],
)
def test_rate_with_noise(mu, sigma, tau_s, expected):
    # 0.122 is given in three digits
    assert theory.siegert_rate(mu, sigma, tau_s=tau_s, **CELL) == pytest.approx(expected, rel=1e-3, abs=5e-4)


@pytest.mark.parametrize("mu", [-100.0, -20.0, 5.0, 15.0, 20.0, 40.0, 300.0])
@pytest.mark.parametrize("sigma", [0.5, 3.0, 20.0])
def test_rate_with_noise_is_the_integral(mu, sigma):
    low, high = (10.0 - mu) / sigma, (20.0 - mu) / sigma
    if high > 26:
        assert theory.siegert_rate(mu, sigma, **CELL) == 0.0
        return
    integral = quad(lambda x: erfcx(-x), low, high, epsabs=0.0, epsrel=1e-10, limit=500, points=[max(low, high - 1.0)])[0]
    expected = 1000.0 / (2.0 + 20.0 * np.sqrt(np.pi) * integral)
    assert theory.siegert_rate(mu, sigma, **CELL) == pytest.approx(expected, rel=1e-8)


def test_little_noise_changes_little():
    mu = np.array([22.0, 30.0, 60.0])
    assert theory.siegert_rate(mu, 1e-3, **CELL) == pytest.approx(theory.lif_rate(mu, **CELL), rel=1e-5)
    assert np.array_equal(theory.siegert_rate(mu, 0.0, **CELL), theory.lif_rate(mu, **CELL))
    assert pytest.approx(np.sqrt(2.0) * abs(_zeta_half()), rel=1e-12) == theory.ALPHA


def _zeta_half():
    """Return zeta(1/2) by its alternating series, summed by averages (Euler)."""
    terms = np.cumsum([(-1.0) ** k / np.sqrt(k + 1.0) for k in range(60)])
    while terms.size > 1:
        terms = 0.5 * (terms[1:] + terms[:-1])
    return terms[0] / (1.0 - np.sqrt(2.0))


def test_staircase_counts_spikes():
    rng = np.random.default_rng(1)
    for steps in (1, 4, 16, 64):
        for threshold in (1.0, 0.75):
            drive = rng.integers(-300, 600, 50) / 256.0  # multiples of 2**-8: all sums are exact
            v = np.full(50, 0.5 * threshold)
            counts = np.zeros(50, dtype=int)
            for _ in range(steps):
                v += drive
                counts += v >= threshold
                v -= threshold * (v >= threshold)
            got = theory.if_counts(drive, steps, threshold=threshold, v0=0.5 * threshold)
            assert np.array_equal(got, counts)
            rate = got * threshold / steps
            assert np.abs(rate - np.clip(drive, 0, threshold)).max() <= threshold / (2 * steps)


def test_mistakes_of_the_theory():
    with pytest.raises(ValueError, match=r"lif_rate.v_reset: must be below v_th = 20.0 mV \(got 20.0\)"):
        theory.lif_rate(25.0, v_reset=20.0)
    with pytest.raises(ValueError, match="siegert_rate.sigma: must be >= 0 mV"):
        theory.siegert_rate(25.0, -1.0)
    with pytest.raises(ValueError, match="if_counts.steps"):
        theory.if_counts(0.5, 0)


@pytest.mark.parametrize("name", ["softplus", "sigmoid", "tanh", "softlif", "relu"])
def test_slopes_are_slopes(name):
    value, slope = activations.ACTIVATIONS[name]
    z = np.linspace(-3.0, 3.0, 62)  # without 0, where a ReLU has a corner
    step = 1e-6
    assert slope(z) == pytest.approx((value(z + step) - value(z - step)) / (2 * step), abs=1e-6)
    far = np.array([-1e4, 1e4])
    assert np.isfinite(value(far)).all()
    assert np.isfinite(slope(far)).all()


def test_soft_lif_is_a_lif():
    """nengo's numbers: J = 1.5, 2, 5 fire at 41.715, 63.040, 154.730 Hz with tau 20 ms and t_ref 2 ms."""
    rates = 1000.0 / 20.0 * activations.softlif(np.array([0.5, 1.0, 4.0]), sigma=1e-3)
    assert rates == pytest.approx([41.715, 63.040, 154.730], rel=1e-3)
    soft = activations.softlif(np.array([-0.2, 0.0, 0.2]), sigma=0.1)
    assert (soft > 0).all()


def test_quantised_relu():
    z = np.linspace(-1.0, 3.0, 4001)
    for levels, threshold in ((1, 1.0), (4, 1.5), (8, 0.3)):
        y = activations.qcfs(z, threshold, levels)
        assert np.unique(y).size == levels + 1
        assert np.abs(y - np.clip(z, 0, threshold)).max() <= threshold / (2 * levels) + 1e-12
        counts = theory.if_counts(z, levels, threshold=threshold, v0=0.5 * threshold)
        assert np.array_equal(counts, activations.qcfs_levels(z, threshold, levels))
