"""Integrate-and-fire cells against closed forms, published firing patterns, stored spike times and LSODA at 1e-10."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import brainsim as bs
from tests.helpers.single_cells import run, steps

DATA = Path(__file__).parents[1] / "data"


class FastAdEx(bs.AdEx):
    method = "euler"


class PublishedIzhikevich(bs.Izhikevich):
    method = "euler"


def spikes_of(model, current, duration, dt=0.1, **given):
    """Return the spike times of a cell for each current."""
    current = np.atleast_1d(current)
    spikes = run(model, duration, dt, n=current.size, current=current, record=[], **given)[1].spikes["cells"]
    return [spikes.times[spikes.ids == cell] for cell in range(current.size)]


def intervals(times, skip=1):
    return np.diff(times)[skip:]


# ---------------------------------------------------------------------------------------------------- closed forms


def test_a_perfect_integrator_counts_its_charge():
    current = np.array([50.0, 300.0, 1000.0])
    for times, amplitude in zip(spikes_of(bs.IF(), current, 1000.0), current, strict=True):
        period = 2.0 + 200.0 * 15.0 / amplitude
        assert np.all(intervals(times) >= period - 1e-9)
        assert np.all(intervals(times) < period + 0.1 + 1e-9)
    assert spikes_of(bs.IF(), -10.0, 100.0)[0].size == 0


def qif_period(cell, current):
    """Time from reset to peak: the integral of dv over the parabola."""
    middle, depth = (cell.v_rest + cell.v_crit) / 2, current - cell.k * (cell.v_crit - cell.v_rest) ** 2 / 4
    turn = [np.arctan(np.sqrt(cell.k / depth) * (v - middle)) for v in (cell.v_reset, cell.v_peak)]
    return cell.t_ref + cell.c_m / np.sqrt(cell.k * depth) * (turn[1] - turn[0])


@pytest.mark.parametrize("t_ref", [0.0, 3.0])
def test_a_quadratic_cell_has_its_period(t_ref):
    cell = bs.QIF(t_ref=t_ref)
    rheobase = cell.k * (cell.v_crit - cell.v_rest) ** 2 / 4
    current = rheobase + np.array([5.0, 20.0, 200.0, 1000.0])
    for times, period in zip(spikes_of(cell, current, 800.0, 0.02), qif_period(cell, current), strict=True):
        assert period - 1e-4 < intervals(times, 0).mean() < period + 0.021
    assert spikes_of(cell, rheobase - 0.5, 500.0)[0].size == 0


def test_the_rate_of_a_quadratic_cell_with_peak_and_reset_far_away():
    cell = bs.QIF(v_peak=2000.0, v_reset=-2000.0)
    current = np.array([100.0, 300.0])
    depth = current - cell.k * (cell.v_crit - cell.v_rest) ** 2 / 4
    for times, rate in zip(spikes_of(cell, current, 500.0, 0.005), np.sqrt(cell.k * depth) / np.pi / cell.c_m, strict=True):
        assert 1 / intervals(times).mean() == pytest.approx(rate, rel=0.015)


def test_rates_grow_with_the_square_root_of_the_distance_from_rheobase():
    """A quadratic cell near its onset: twice the rate needs four times the current beyond rheobase."""
    cell = bs.QIF(v_peak=500.0, v_reset=-500.0)
    beyond = np.array([1.0, 4.0, 16.0])
    current = beyond + cell.k * (cell.v_crit - cell.v_rest) ** 2 / 4
    rates = np.array([1 / intervals(times, 0).mean() for times in spikes_of(cell, current, 2500.0, 0.05)])
    assert np.polyfit(np.log(beyond), np.log(rates), 1)[0] == pytest.approx(0.5, abs=0.01)


def lif_period(cell, current):
    drive = cell.v_rest + current / cell.g_l
    return cell.t_ref + cell.c_m / cell.g_l * np.log((drive - cell.v_reset) / (drive - cell.v_th))


def test_the_exponential_cell_becomes_a_leaky_one():
    """As delta_t goes to 0 its period goes to that of a LIF with the threshold v_th; the way there is monotonous."""
    current, errors = np.array([200.0, 300.0, 600.0]), []
    for delta_t in (1.0, 0.3, 0.1, 0.03, 0.01):
        cell = bs.EIF(delta_t=delta_t)
        periods = np.array([intervals(t).mean() for t in spikes_of(cell, current, 300.0, 0.01)])
        errors.append(np.abs(periods - lif_period(cell, current)).max())
    assert all(b < a for a, b in zip(errors, errors[1:], strict=False))
    assert errors[-1] < 0.2  # v still moves delta_t*log(...) beyond v_th


def test_the_exponential_cell_holds_a_current_up_to_its_rheobase():
    """The curve of the current has its minimum at v_th: rheobase is g_l*(v_th - v_rest - delta_t)."""
    cell = bs.EIF()
    rheobase = cell.g_l * (cell.v_th - cell.v_rest - cell.delta_t)
    below, above = spikes_of(cell, [rheobase - 0.5, rheobase + 0.5], 2000.0)
    assert below.size == 0
    assert above.size > 0


def test_a_theta_cell_is_a_quadratic_one():
    """v = tan(theta/2): the same path below the peak, and the rate of one without limits."""
    quadratic = bs.QIF(c_m=10.0, k=1.0, v_rest=0.0, v_crit=0.0, v_peak=1e3, v_reset=-1e3)
    phase = bs.Theta(tau=10.0, eta=0.0, gain=1.0)
    v = run(quadratic, 26.0, 0.01, current=0.5, initial={"v": -0.5})[0]["v"][:, 0]
    theta = run(phase, 26.0, 0.01, current=0.5, initial={"theta": 2 * np.arctan(-0.5)})[0]["theta"][:, 0]
    assert v.max() > 1.0
    assert np.allclose(np.tan(theta / 2), v, rtol=1e-6, atol=1e-6)


def test_the_rate_of_a_theta_cell():
    eta = np.array([-0.5, -1e-3, 1e-2, 0.3, 4.0])
    spikes = run(bs.Theta(eta=eta), 2000.0, 0.05, n=5, record=[])[1].spikes["cells"]
    times = [spikes.times[spikes.ids == cell] for cell in range(5)]
    assert times[0].size == times[1].size == 0
    for found, drive in zip(times[2:], eta[2:], strict=True):
        assert 1 / intervals(found).mean() == pytest.approx(np.sqrt(drive) / np.pi / 10.0, rel=1e-3)
    rest = run(bs.Theta(eta=-0.5), 500.0)[0]["theta"][-1, 0]
    assert rest == pytest.approx(-2 * np.arctan(np.sqrt(0.5)), abs=1e-6)


def test_a_resonator_turns_and_dies_away_exactly():
    values, result = run(bs.ResonateAndFire(), 50.0, 0.5, initial={"x": 0.9, "v": -0.3})
    assert result.stats["methods"]["cells"] == "exact"
    z = (0.9 - 0.3j) * np.exp((-0.1 + 1j) * np.arange(101) * 0.5)
    assert np.allclose(values["x"][:, 0] + 1j * values["v"][:, 0], z, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("gaps", "sizes", "fires"),
    [
        ([], [0.9], False),
        ([2 * np.pi], [0.9, 0.9], True),  # in its own rhythm: 0.9 + 0.9 exp(-0.63)
        ([np.pi], [0.9, 0.9], False),
        ([np.pi], [0.9, -0.9], True),  # half a turn later only a kick the other way helps
        ([], [-2.0], True),  # after inhibition, on the way back
    ],
)
def test_a_resonator_prefers_its_own_rhythm(gaps, sizes, fires):
    """Kicks of x by short currents, in units of the threshold; a kick of x arrives in v a quarter of a turn later."""
    dt, begin = 0.01, np.concatenate([[1.0], 1.0 + np.cumsum(gaps)])
    times, amplitudes = [], []
    for time, size in zip(np.round(begin, 2), sizes, strict=True):
        times += [time, time + 0.1]
        amplitudes += [size * 200.0 / 0.1 / np.exp(-0.1 * np.pi / 2), 0.0]  # so that the peak of v is its size
    cell = bs.Population(1, bs.ResonateAndFire(), name="cell")
    net = bs.Network(seed=1)
    net.stimulate(cell, bs.CurrentInput(amplitudes, times=times))
    result = bs.simulate(net, 30.0, dt=dt, seed=1, record=[bs.Trace(cell, "v"), bs.Trace(cell, "x")])
    found = steps(result, name="cell")
    assert (found.size > 0) == fires
    if fires:  # reset to i
        assert result.traces["cell", "v"].values[found[0], 0] == 1.0
        assert result.traces["cell", "x"].values[found[0], 0] == 0.0


# ------------------------------------------------------------------------------------------- stored cases and LSODA


def read(name):
    return json.loads((DATA / f"{name}.json").read_text())


@pytest.mark.parametrize("name", ["izhikevich_dc_10", "izhikevich_dc_15"])
def test_izhikevich_cells_give_every_spike(name):
    case = read(name)
    cell = PublishedIzhikevich(**{key: case["params"][key] for key in "abcd"})
    initial = {"v": case["params"]["V_m"], "u": case["params"]["U_m"]}
    times = spikes_of(cell, case["i_e"], case["duration"], case["dt"], initial=initial)[0]
    assert np.array_equal(times, case["spikes"])


def adex(p, model=bs.AdEx):
    return model(
        c_m=p["C_m"],
        g_l=p["g_L"],
        v_rest=p["E_L"],
        v_th=p["V_th"],
        v_reset=p["V_reset"],
        delta_t=p["Delta_T"],
        a=p["a"],
        b=p["b"],
        tau_w=p["tau_w"],
        v_peak=p["V_peak"],
        t_ref=p.get("t_ref", 0.0),
    )


@pytest.mark.parametrize("name", ["adex_dc_800", "adex_dc_1200"])
def test_adex_cells_come_near_the_true_solution(name):
    case = read(name)
    expected = np.array(case["spikes"])
    initial = {"v": case["params"]["V_m"]}
    times = spikes_of(adex(case["params"]), case["i_e"], case["duration"], case["dt"], initial=initial)[0]
    assert times.size == expected.size
    assert abs(times[0] - expected[0]) <= 0.02 + 1e-9
    assert np.abs(times / expected - 1).max() < 1e-3


def test_euler_of_adex_converges_to_the_true_solution():
    case = read("adex_dc_800")
    expected, errors = np.array(case["spikes"]), []
    for dt in (0.1, 0.01):
        times = spikes_of(
            adex(case["params"], FastAdEx), case["i_e"], case["duration"], dt, initial={"v": case["params"]["V_m"]}
        )[0]
        assert times.size == expected.size
        errors.append(np.abs(times / expected - 1).max())
    assert errors[0] < 0.03
    assert errors[1] < errors[0] / 5


def true_adex(cell, current, w, duration):
    """Return v and w every 0.01 ms by LSODA, with resets at the instants of the spikes, and these."""

    def slopes(time, state):
        v = min(state[0], cell.v_peak + 1.0)  # LSODA looks a little beyond the peak
        spike = cell.g_l * cell.delta_t * np.exp((v - cell.v_th) / cell.delta_t)
        return [
            (cell.g_l * (cell.v_rest - v) + spike - state[1] + current) / cell.c_m,
            (cell.a * (v - cell.v_rest) - state[1]) / cell.tau_w,
        ]

    def peak(time, state):
        return state[0] - cell.v_peak

    peak.terminal = True
    grid, time, state, spikes = np.arange(int(duration * 100) + 1) / 100, 0.0, [cell.v_rest, w], []
    values = np.empty((2, grid.size))
    while time < duration:
        part = solve_ivp(
            slopes, (time, duration), state, method="LSODA", rtol=1e-10, atol=1e-10, events=peak, dense_output=True
        )
        inside = (grid >= time) & (grid <= part.t[-1])
        values[:, inside] = part.sol(grid[inside])
        time = part.t[-1]
        if part.status == 1:
            spikes.append(time)
            state = [cell.v_reset, part.y_events[0][0][1] + cell.b]
    return values, np.array(spikes)


def test_adex_against_lsoda():
    """The comparison that NEST makes, with its limits: mean relative differences below 5e-4 of v and 1e-4 of w."""
    cell = bs.AdEx(
        c_m=200.0, g_l=11.0, v_rest=-70.0, v_th=-50.0, v_reset=-58.0, v_peak=0.0, delta_t=2.0, a=3.0, b=0.0, tau_w=300.0
    )
    (v, w), spikes = true_adex(cell, 420.0, 5.0, 20.0)
    values, result = run(cell, 20.0, 0.01, current=420.0, initial={"v": -70.0, "w": 5.0})
    assert np.mean(np.abs(values["v"][:, 0] / v - 1)) < 5e-4
    assert np.mean(np.abs(values["w"][:, 0] / w - 1)) < 1e-4
    assert np.allclose(result.spikes["cells"].times, spikes, rtol=0, atol=0.03)


# ------------------------------------------------------------------------------------------------- firing patterns

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
    """1 where t is within one of the open intervals."""
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
    times = bs.simulate(net, grid.size * dt, dt=dt, seed=1).spikes["cell"].times - dt
    assert times.size == count
    assert times[0] == pytest.approx(first, abs=1e-9)
    if panel.startswith("S"):
        assert np.allclose(times, [94.5, 166.0, 236.0])
    if panel.startswith("P"):
        assert times[-1] == pytest.approx(208.0)  # the second pulse switches it off


def test_a_cell_may_have_a_variable_w_and_synapses_with_weights():
    """The weight of an event is w in a synapse; AdEx has a current of this name, and neither disturbs the other."""
    with_synapse, _ = run(bs.AdEx(b=0.0, a=0.0), 20.0, events=(bs.Exponential(tau=5.0), 100.0, 2.0))
    assert with_synapse["v"].max() > -70.6 + 0.5
    assert np.all(with_synapse["w"] == 0.0)
    with pytest.raises(ValueError, match="Own.w: this name is a word of the language"):
        type("Own", (bs.Synapse,), {"arrival": "g = g + w", "equations": "dg/dt = -g", "w": bs.parameter(1.0, "", "weight")})
