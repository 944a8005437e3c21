"""Firing patterns of AdEx cells (Naud et al. 2008) and of Izhikevich cells (2004)."""

import contextlib

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.equations.own_models import FastAdEx, PublishedIzhikevich
from tests.helpers.equations.single_cells import intervals, spikes_of

pytestmark = pytest.mark.thorough_but("tonic[euler]", "[A tonic]", "[G class 1]", "adapting")

# Naud et al. (2008): c_m, g_l, v_rest, a, tau_w, b, v_reset, current; v_th = -50 mV, delta_t = 2 mV
NAUD = {
    "tonic": (200, 10, -70, 2, 30, 0, -58, 500),
    "adapting": (200, 12, -70, 2, 300, 60, -58, 500),
    "initial burst": (130, 18, -58, 4, 150, 120, -50, 400),
    "regular bursting": (200, 10, -58, 2, 120, 100, -46, 210),
    "delayed accelerating": (200, 12, -70, -10, 300, 0, -58, 300),
    "delayed regular bursting": (100, 10, -65, -10, 90, 30, -47, 110),
    "transient": (100, 10, -65, 10, 90, 100, -47, 180),
    "irregular": (100, 12, -60, -11, 130, 30, -48, 160),
}


def bursts(times, gap=20.0):
    """Return how many spikes each burst has, the first and the last one left out."""
    starts = np.flatnonzero(np.diff(times, prepend=-np.inf) > gap)
    return np.diff(starts)[1:]


@pytest.fixture(scope="module", params=[FastAdEx, bs.AdEx], ids=["euler", "rk4"])
def naud(request):
    values = np.array(list(NAUD.values()), float).T
    names = ("c_m", "g_l", "v_rest", "a", "tau_w", "b", "v_reset")
    cells = request.param(v_th=-50.0, delta_t=2.0, v_peak=0.0, **dict(zip(names, values, strict=False)))
    return dict(zip(NAUD, spikes_of(cells, values[-1], 1500.0), strict=True))


def test_adex_tonic(naud):
    isi = intervals(naud["tonic"])
    assert naud["tonic"][0] < 20.0
    assert isi[-1] / isi[0] == pytest.approx(1.0, abs=0.1)
    assert isi[20:].std() / isi[20:].mean() < 0.01


def test_adex_adapting(naud):
    isi = intervals(naud["adapting"], 0)
    assert isi[-1] > 4 * isi[0]
    assert np.all(np.diff(isi[:7]) > 0)
    assert isi[-5:].std() / isi[-5:].mean() < 0.01


def test_adex_initial_burst(naud):
    isi = intervals(naud["initial burst"], 0)
    assert np.all(isi[:2] < 10.0)
    assert np.all(isi[3:] > 40.0)
    assert isi[4:].std() / isi[4:].mean() < 0.01


def test_adex_regular_bursting(naud):
    assert np.all(bursts(naud["regular bursting"]) == 2)
    assert bursts(naud["regular bursting"]).size >= 7


def test_adex_delayed_accelerating(naud):
    isi = intervals(naud["delayed accelerating"], 0)
    assert naud["delayed accelerating"][0] > 30.0
    assert np.all(np.diff(isi[:20]) < 0)
    assert isi[-1] < isi[0] / 2


def test_adex_delayed_regular_bursting(naud):
    times = naud["delayed regular bursting"]
    assert times[0] > 50.0
    assert bursts(times).size > 10
    assert np.all(np.abs(bursts(times) - 4) <= 1)


def test_adex_transient(naud):
    assert naud["transient"].size == 1


def test_adex_irregular(naud):
    isi = intervals(naud["irregular"])
    assert 0.4 < isi.std() / isi.mean() < 1.0
    assert isi.size > 50


class Published(PublishedIzhikevich):
    """As the script of Izhikevich (2004): v first, then u with the new v."""

    equations = """
        slope = 0.04*v**2 + 5*v + 140 - u + I
        dv/dt = slope
        du/dt = a*(b*(v + dt*slope) - u)
    """
    threshold = "v > v_peak"


class OtherParabola(Published):
    equations = Published.equations.replace("5*v + 140", "4.1*v + 108")


class Accommodating(Published):
    equations = Published.equations.replace("a*(b*(v + dt*slope) - u)", "a*b*(v + dt*slope + 65)")


def pulse(t, *edges):
    """1 if t is within one of the open intervals."""
    return sum((t > a) & (t < b) for a, b in edges).astype(float)


ELEVENTH = 100 / 11
# panel: model, (a, b, c, d), v0, dt, duration, current(t), spikes, first spike
PANELS = {
    "A tonic": (Published, (0.02, 0.2, -65, 6), -70, 0.25, 100, lambda t: 14 * (t > 10), 5, 13.0),
    "B phasic": (Published, (0.02, 0.25, -65, 6), -64, 0.25, 200, lambda t: 0.5 * (t > 20), 1, 43.75),
    "C tonic bursting": (Published, (0.02, 0.2, -50, 2), -70, 0.25, 220, lambda t: 15 * (t > 22), 28, 25.0),
    "D phasic bursting": (Published, (0.02, 0.25, -55, 0.05), -64, 0.2, 200, lambda t: 0.6 * (t > 20), 6, 39.0),
    "E mixed mode": (Published, (0.02, 0.2, -55, 4), -70, 0.25, 160, lambda t: 10 * (t > 16), 6, 20.0),
    "F adapting": (Published, (0.01, 0.2, -65, 8), -70, 0.25, 85, lambda t: 30 * (t > 8.5), 6, 10.25),
    "G class 1": (OtherParabola, (0.02, -0.1, -55, 6), -60, 0.25, 300, lambda t: 0.075 * (t - 30) * (t > 30), 10, 84.5),
    "H class 2": (Published, (0.2, 0.26, -65, 0), -64, 0.25, 300, lambda t: -0.5 + 0.015 * (t - 30) * (t > 30), 14, 105.75),
    "I latency": (Published, (0.02, 0.2, -65, 6), -70, 0.2, 100, lambda t: 7.04 * pulse(t, (10, 13)), 1, 26.6),
    "J oscillations": (Published, (0.05, 0.26, -60, 0), -62, 0.25, 200, lambda t: 2 * pulse(t, (20, 25)), 1, 26.5),
    "K resonator": (
        Published,
        (0.1, 0.26, -60, -1),
        -62,
        0.25,
        400,
        lambda t: 0.65 * pulse(t, (40, 44), (60, 64), (280, 284), (320, 324)),
        1,
        338.0,
    ),
    "L integrator": (
        OtherParabola,
        (0.02, -0.1, -55, 6),
        -60,
        0.25,
        100,
        lambda t: 9 * pulse(t, (ELEVENTH, ELEVENTH + 2), (ELEVENTH + 5, ELEVENTH + 7), (70, 72), (80, 82)),
        1,
        20.0,
    ),
    "M rebound": (Published, (0.03, 0.25, -60, 4), -64, 0.2, 200, lambda t: -15 * pulse(t, (20, 25)), 1, 68.0),
    "N rebound burst": (Published, (0.03, 0.25, -52, 0), -64, 0.2, 200, lambda t: -15 * pulse(t, (20, 25)), 7, 68.0),
    "O threshold variability": (
        Published,
        (0.03, 0.25, -60, 4),
        -64,
        0.25,
        100,
        lambda t: pulse(t, (10, 15), (80, 85)) - 6 * pulse(t, (70, 75)),
        1,
        93.25,
    ),
    "P bistability": (
        Published,
        (0.1, 0.26, -60, 0),
        -61,
        0.25,
        300,
        lambda t: 0.24 + pulse(t, (37.5, 42.5), (216, 221)),
        5,
        45.25,
    ),
    "Q after-depolarisation": (Published, (1, 0.2, -60, -21), -70, 0.1, 50, lambda t: 20 * (np.abs(t - 10) < 1), 1, 11.3),
    "R accommodation": (
        Accommodating,
        (0.02, 1, -55, 4),
        -65,
        0.5,
        400,
        lambda t: t / 25 * (t < 200) + (t - 300) / 12.5 * 4 * ((t >= 300) & (t < 312.5)),
        1,
        311.5,
    ),
    "S inhibition": (
        Published,
        (-0.02, -1, -60, 8),
        -63.8,
        0.5,
        350,
        lambda t: np.where((t < 50) | (t > 250), 80, 75),
        3,
        94.5,
    ),
    "T inhibition, bursts": (
        Published,
        (-0.026, -1, -45, -2),
        -63.8,
        0.5,
        350,
        lambda t: np.where((t < 50) | (t > 250), 80, 75),
        12,
        86.5,
    ),
}


@pytest.mark.parametrize("panel", PANELS)
def test_izhikevich_shows_all_twenty_patterns(panel):
    """Counts and first spikes of the published script at its steps; it dates a spike by the start of the step."""
    kind, (a, b, c, d), v0, dt, duration, current, count, first = PANELS[panel]
    grid = np.arange(round(duration / dt) + 1) * dt
    u0 = -16.0 if kind is Accommodating else b * v0
    cell = bs.Population(1, kind(a=a, b=b, c=c, d=d), name="cell", initial={"v": float(v0), "u": u0})
    net = bs.Network(seed=1)
    net.stimulate(cell, bs.CurrentInput(current(grid) * 1.0, times=grid))
    # methods are compared without the current, and then v falls from -63.8 mV by 40 mV in the first step
    coarse = pytest.warns(UserWarning, match="'euler' is too coarse") if panel[0] in "ST" else contextlib.nullcontext()
    with coarse:
        times = bs.simulate(net, grid.size * dt, dt=dt, seed=1).spikes["cell"].times - dt
    assert times.size == count
    assert times[0] == pytest.approx(first, abs=1e-9)
    if panel.startswith("S"):
        assert np.allclose(times, [94.5, 166.0, 236.0])
    if panel.startswith("P"):
        assert times[-1] == pytest.approx(208.0)  # the second pulse switches it off
