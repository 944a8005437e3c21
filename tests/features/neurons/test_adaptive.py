"""Cells whose past spikes change the next, against scipy between spikes, rates in closed form, and statistics of escape."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import kstest

import brainsim as bs
from tests.helpers.equations.on_grid import solved
from tests.helpers.equations.single_cells import run, steps

pytestmark = pytest.mark.thorough_but("test_alif_path", "gif_escapes", "mat2_path")

FAR = 1.95  # a Kolmogorov-Smirnov distance times sqrt(n) is beyond this once in a thousand cases


def agree(values, expected, names, atol=1e-8):
    for column, name in enumerate(names):
        np.testing.assert_allclose(values[name][:, 0], expected[:, column], rtol=0, atol=atol, err_msg=name)


def summed(spikes, steps_, dt, tau):
    """Return what a unit added at each spike, dying with tau, is at each step."""
    k = np.arange(steps_ + 1)[:, None]
    return np.where(k >= spikes, np.exp(-np.maximum(k - spikes, 0) * dt / tau), 0.0).sum(axis=1)


# ------------------------------------------------------------------------------------------------------------ ALIF

ALIF_CURRENT = np.array([160.0, 250.0, 400.0, 800.0])


@pytest.fixture(scope="module")
def alif():
    return run(bs.ALIF(), 1500.0, n=4, current=ALIF_CURRENT)


def test_alif_path_and_spikes(alif):
    """Between spikes it is the solution of its equations; v loses 15 mV at each, so that what is above is not lost."""
    expected, fired = solved(
        lambda y: [(-65.0 - y[0]) / 20.0 + 250.0 / 200.0, -y[1] / 200.0],
        lambda y, k: y[0] >= -50.0 + 1.7 * y[1],
        lambda y: [y[0] - 15.0, y[1] + 1.0],
        [-65.0, 0.0],
        1500.0,
        0.1,
        t_ref=2.0,
    )
    assert np.array_equal(steps(alif[1], 1), fired)
    assert fired.size > 10
    agree({name: v[:, 1:2] for name, v in alif[0].items()}, expected, ("v", "a"))


def test_alif_threshold_is_the_sum_over_its_spikes(alif):
    values, result = alif
    for cell in range(4):
        a = summed(steps(result, cell), 15_000, 0.1, 200.0)
        np.testing.assert_allclose(values["a"][:, cell], a, rtol=0, atol=1e-10)


def alif_period(cell, current):
    """The period T that keeps itself: a before a spike is 1/(exp(T/tau_a) - 1), and v goes from v_rest + beta*a on to it."""
    top = current * cell.tau_m / cell.c_m  # above v_rest

    def late(period):
        lift = cell.beta / np.expm1(period / cell.tau_a)
        return top + (lift - top) * np.exp(-period / cell.tau_m) - (cell.v_th - cell.v_rest + lift)

    return brentq(late, 1e-3, 1e5)


def test_alif_fires_at_the_rate_that_keeps_itself(alif):
    for cell, current in enumerate(ALIF_CURRENT):
        period = alif_period(bs.ALIF(), current)
        late = np.diff(steps(alif[1], cell) * 0.1)[-4:]
        assert late.mean() == pytest.approx(period, abs=0.1)  # spikes lie on the grid
        assert np.diff(steps(alif[1], cell))[0] * 0.1 < period - 1.0  # it began faster


def test_alif_without_beta_is_a_lif_that_loses_what_its_threshold_is_above_rest():
    cell = bs.ALIF(beta=0.0, t_ref=0.0)
    fired = steps(run(cell, 400.0, 0.01, current=300.0, record=[])[1]) * 0.01
    assert np.diff(fired).mean() == pytest.approx(20.0 * np.log(30.0 / 15.0), abs=0.01)


# ---------------------------------------------------------------------------------------------------------- SFALIF


def sfalif(current, duration, dt, **changed):
    p = {"q_sfa": 14.48, "q_rr": 3214.0} | changed
    return solved(
        lambda y: [((28.95 + y[1] + y[2]) * (-70.0 - y[0]) + current) / 289.5, -y[1] / 110.0, -y[2] / 1.97],
        lambda y, k: y[0] >= -57.0,
        lambda y: [-70.0, y[1] + p["q_sfa"], y[2] + p["q_rr"]],
        [-70.0, 0.0, 0.0],
        duration,
        dt,
        t_ref=0.5,
        frozen=[0],
    )


def test_sfalif_path_and_spikes():
    """Conductances decay while v is clamped. They are exact; v follows them to second order, and so do the spikes."""
    values, result = run(bs.SFALIF(), 150.0, 0.02, current=1000.0)
    expected, fired = sfalif(1000.0, 150.0, 0.02)
    assert fired.size >= 5
    assert np.abs(steps(result) - fired).max() <= 1
    until = fired[1]  # before a spike may fall into the next step
    values = {name: v[:until] for name, v in values.items()}
    agree(values, expected[:until, :1], ("v",), 0.02)
    agree(values, expected[:until, 1:], ("g_sfa", "g_rr"), 1e-8)


def test_sfalif_converges_in_its_second_order():
    """v in the recovery from the first spike, where g_rr is a hundred times the leak and more: a quarter for half the dt."""
    errors = []
    for dt in (0.05, 0.025):
        values, result = run(bs.SFALIF(), 40.0, dt, current=700.0)
        expected, fired = sfalif(700.0, 40.0, dt)
        first = steps(result)[0]
        assert first == fired[0]
        recovery = slice(first, first + round(15.0 / dt))
        errors.append(np.abs(values["v"][recovery, 0] - expected[recovery, 0]).max())
    assert errors[0] / errors[1] == pytest.approx(4.0, abs=0.4)


def test_sfalif_adapts_and_is_relatively_refractory():
    """g_sfa lengthens the intervals, most the late ones; g_rr keeps the first one long, and the late ones as they were."""
    cells = bs.SFALIF(q_sfa=[14.48, 0.0, 0.0], q_rr=[0.0, 3214.0, 0.0])
    result = run(cells, 600.0, n=3, current=1500.0, record=[])[1]
    adapts, recovers, plain = (np.diff(steps(result, cell) * 0.1) for cell in range(3))
    assert np.ptp(plain) < 0.11
    period = 0.5 + 10.0 * np.log(1500.0 / (1500.0 - 28.95 * 13.0))
    assert plain.mean() == pytest.approx(period, abs=0.1)
    assert np.ptp(recovers) < 0.11
    assert recovers[0] > plain[0] + 3 * 1.97  # until 3,214 nS are as little as the leak, 4.7 time constants pass
    assert adapts[0] < plain[0] + 0.5 < adapts[-1]
    assert np.all(np.diff(adapts[:5]) >= 0.0)
    assert adapts[-1] > 2.0 * adapts[0]


# ------------------------------------------------------------------------------------------------------------- GIF

CLAMPED = {"q_eta_1": 0.0, "q_gamma_1": 0.0, "t_ref": 0.0}  # with v_reset = v_rest: v is clamped
ABOVE = np.array([-0.5, 0.0, 1.0, 2.0, 2.5])  # of v over the threshold [mV]


def test_gif_escapes_at_its_rate():
    """A clamped cell: lambda_0*exp((v - v_th)/delta_v), in a step with the probability 1 - exp(-rate*dt)."""
    v = np.repeat(-48.0 + ABOVE, 200)
    cells = bs.GIF(v_rest=v, v_reset=v, lambda_0=2.0, **CLAMPED)
    spikes = run(cells, 4000.0, n=v.size, record=[])[1].spikes["cells"]
    counts = np.bincount(spikes.ids, minlength=v.size).reshape(ABOVE.size, -1)
    chance = -np.expm1(-0.002 * np.exp(ABOVE / 0.5) * 0.1)
    mean, variance = 40_000 * chance, 40_000 * chance * (1 - chance)
    assert np.all(np.abs(counts.mean(axis=1) - mean) < 4 * np.sqrt(variance / 200))
    assert counts.var(axis=1) == pytest.approx(variance, rel=6 * np.sqrt(2 / 200))
    fastest = np.concatenate([np.diff(spikes.times[spikes.ids == cell]) for cell in range(800, 1000)])
    waits = np.rint(fastest / 0.1)  # geometric: the chance of one longer than k steps is (1 - p)**k
    longer = np.array([(waits > k).mean() for k in (10, 30, 90)])
    expected = (1 - chance[-1]) ** np.array([10, 30, 90])
    assert np.all(np.abs(longer - expected) < 4 * np.sqrt(expected * (1 - expected) / waits.size))


def test_gif_intervals_are_those_of_its_hazard():
    """Without adaptation it is a renewal process: v recovers from the reset, the hazard with it, after the dead time."""
    cell = bs.GIF(q_eta_1=0.0, q_gamma_1=0.0, lambda_0=10.0, delta_v=2.0)
    spikes = run(cell, 3000.0, n=300, current=170.0, record=[])[1].spikes["cells"]
    free = np.arange(1, 20_000) * 0.1  # [ms], after the dead time
    v = -48.0 + (-50.0 + 48.0) * np.exp(-free / 20.0)  # to v_rest + 170 pA/10 nS, which is v_th
    survives = np.exp(-np.cumsum(0.1 * 0.01 * np.exp((v + 48.0) / 2.0)))
    trains = [spikes.times[spikes.ids == cell] for cell in range(300)]
    intervals = np.concatenate([np.diff(train)[train[:-1] < 1500.0] for train in trains])  # the late ones may have no end
    waits = np.rint(intervals / 0.1).astype(int) - 41  # steps beyond the 40 of being clamped and the one it takes
    assert waits.min() >= 0
    assert survives[15_000] < 1e-5
    mean = 4.0 + 0.1 * (1 + survives.sum())
    assert spikes.rate() == pytest.approx(1000.0 / mean, rel=0.03)
    assert intervals.mean() == pytest.approx(mean, abs=4 * intervals.std() / np.sqrt(intervals.size))
    found = np.array([(waits > k).mean() for k in range(4000)])
    assert np.abs(found - survives[:4000]).max() < FAR / np.sqrt(waits.size)


def test_gif_threshold_delays_the_next_spike():
    """From gamma_1 = 10 mV on, which dies: the time of the first spike has the survivor exp(-sum of the hazard)."""
    cell = bs.GIF(v_rest=-47.0, v_reset=-47.0, delta_v=2.0, lambda_0=20.0, tau_gamma_1=30.0, **CLAMPED)
    spikes = run(cell, 400.0, n=2000, record=[], initial={"gamma_1": 10.0})[1].spikes["cells"]
    _, first = np.unique(spikes.ids, return_index=True)
    assert first.size > 1990
    grid = np.arange(1, 4001) * 0.1
    hazard = 0.020 * np.exp((1.0 - 10.0 * np.exp(-grid / 30.0)) / 2.0)
    fired = -np.expm1(-np.cumsum(0.1 * hazard))
    jitter = np.random.default_rng(1).uniform(0.0, 0.1, first.size)  # a distribution without steps for the test
    test = kstest(spikes.times[first] - jitter, lambda t: np.interp(t, np.r_[0.0, grid], np.r_[0.0, fired]))
    assert test.statistic < FAR / np.sqrt(first.size)
    assert np.interp(30.0, grid, fired) < 0.5 * -np.expm1(-30.0 * 0.020 * np.exp(0.5))  # far fewer than without


def test_gif_traces_are_sums_over_its_spikes():
    cell = bs.GIF(q_eta_2=-30.0, q_gamma_2=3.0, v_rest=-60.0)
    values, result = run(cell, 400.0, current=500.0)
    fired = steps(result)
    assert fired.size >= 4
    sizes = {"eta_1": (200.0, 100.0), "eta_2": (-30.0, 10.0), "gamma_1": (10.0, 100.0), "gamma_2": (3.0, 10.0)}
    for name, (size, tau) in sizes.items():
        np.testing.assert_allclose(values[name][:, 0], size * summed(fired, 4000, 0.1, tau), rtol=0, atol=1e-9, err_msg=name)
    expected, _ = solved(
        lambda y: [(10.0 * (-60.0 - y[0]) - y[1] - y[2] + 500.0) / 200.0, -y[1] / 100.0, -y[2] / 10.0],
        lambda y, k: k in fired,
        lambda y: [-50.0, y[1] + 200.0, y[2] - 30.0],
        [-60.0, 0.0, 0.0],
        400.0,
        0.1,
        t_ref=4.0,
        frozen=[0],
    )
    agree(values, expected, ("v", "eta_1", "eta_2"))


# ------------------------------------------------------------------------------------------------------------ MAT2

# alpha_1, alpha_2, omega [mV]: regular, intrinsically bursting, fast, chattering
CLASSES = {"RS": (37.0, 2.0, 19.0), "IB": (1.7, 2.0, 26.0), "FS": (10.0, 0.002, 11.0), "CH": (-0.5, 0.4, 26.0)}


@pytest.fixture(scope="module")
def mat2():
    alpha_1, alpha_2, omega = np.array(list(CLASSES.values())).T
    return run(bs.MAT2(alpha_1=alpha_1, alpha_2=alpha_2, v_th=-70.0 + omega), 1000.0, n=4, current=600.0)


@pytest.fixture(scope="module")
def mat2_intervals(mat2):
    return {name: np.diff(steps(mat2[1], cell) * 0.1) for cell, name in enumerate(CLASSES)}


def test_mat2_path_and_spikes(mat2):
    """v knows nothing of spikes; the threshold is omega and two sums over them."""
    values, result = mat2
    grid = np.arange(10_001) * 0.1
    for cell, (alpha_1, alpha_2, omega) in enumerate(CLASSES.values()):
        fired = steps(result, cell)
        v, h_1 = -70.0 - 30.0 * np.expm1(-grid / 5.0), alpha_1 * summed(fired, 10_000, 0.1, 10.0)
        h_2 = alpha_2 * summed(fired, 10_000, 0.1, 200.0)
        for name, expected in (("v", v), ("h_1", h_1), ("h_2", h_2)):
            np.testing.assert_allclose(values[name][:, cell], expected, rtol=0, atol=1e-9, err_msg=name)
        before = fired[1:] - 1  # where it might have fired a step earlier, it was refractory
        free = before - fired[:-1] > 20
        height = v[before] + 70.0 - omega - h_1[before] - h_2[before]
        assert np.all(height[free] < 0.0)
        assert np.diff(fired).min() > 20


def test_mat2_regular_spiking_adapts(mat2_intervals):
    isi = mat2_intervals["RS"]
    assert np.all(np.diff(isi[:6]) > 0.0)
    assert isi[-1] > 2 * isi[0]
    assert np.ptp(isi[-5:]) < 0.3


def test_mat2_intrinsic_bursting_begins_with_a_burst(mat2_intervals):
    isi = mat2_intervals["IB"]
    assert np.all(isi[:2] < 20.0)
    assert np.all(isi[3:] > 60.0)
    assert np.ptp(isi[4:]) < 0.3


def test_mat2_fast_spiking_does_not_adapt(mat2_intervals):
    """Its slow part is nothing: after a few spikes in tau_1 it keeps a high rate to the end."""
    isi = mat2_intervals["FS"]
    assert np.ptp(isi[8:]) < 0.11
    assert 1000.0 / isi[8:].mean() > 3 * 1000.0 / mat2_intervals["RS"][8:].mean()


def test_mat2_chattering_bursts_again_and_again(mat2_intervals):
    isi = mat2_intervals["CH"]
    assert np.all((isi < 3.0) | (isi > 40.0))
    ends = np.flatnonzero(isi > 40.0)
    assert ends.size >= 10
    assert np.all(np.diff(ends) == 3)  # three spikes each
    assert ends[0] > 10  # after a long first one
