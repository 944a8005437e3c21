"""Integrate-and-fire cells against closed forms, stored spike times and LSODA at 1e-10."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import brainsim as bs
from tests.helpers.equations.own_models import FastAdEx, PublishedIzhikevich
from tests.helpers.equations.single_cells import intervals, run, spikes_of, steps

pytestmark = pytest.mark.thorough_but("perfect", "has_its_period", "izhikevich_cells", "adex_cells", "turns_and_dies")

DATA = Path(bs.testing.__file__).parent / "data"


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


def test_a_cell_may_have_a_variable_w_and_synapses_with_weights():
    """The weight of an event is w in a synapse; AdEx has a current of this name, and neither disturbs the other."""
    with_synapse, _ = run(bs.AdEx(b=0.0, a=0.0), 20.0, events=(bs.Exponential(tau=5.0), 100.0, 2.0))
    assert with_synapse["v"].max() > -70.6 + 0.5
    assert np.all(with_synapse["w"] == 0.0)
    with pytest.raises(ValueError, match="Own.w: this name is reserved in equations"):
        type("Own", (bs.Synapse,), {"arrival": "g = g + w", "equations": "dg/dt = -g", "w": bs.parameter(1.0, "", "weight")})
