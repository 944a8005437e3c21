"""Neurons with channels against their publications, and against SciPy on the equations written out a second time here.

Published currents are per area: 1 uA/cm2 is 100 pA for the cells of 10,000 um2.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy import exp
from scipy.integrate import solve_ivp

import brainsim as bs
from tests.helpers.equations.single_cells import run

pytestmark = pytest.mark.thorough_but(
    "as_in_the_reference", "[FitzHughNagumo]", "becomes_unstable", "0_and_1[HodgkinHuxley]"
)

DATA = Path(bs.testing.__file__).parent / "data"


def linoid(x):
    """x/(exp(x) - 1)."""
    return x / np.expm1(x)


def moved(alpha, beta, x):
    return alpha * (1 - x) - beta * x


def hodgkin_huxley(t, y, current):
    """In the publication's units, uF/cm2, mS/cm2 and uA/cm2, and with v counted from rest."""
    v, m, h, n = y
    u, current = v + 65.0, current / 100.0
    membrane = current - 120 * m**3 * h * (u - 115) - 36 * n**4 * (u + 12) - 0.3 * (u - 10.613)
    return [
        membrane,
        moved(linoid((25 - u) / 10), 4 * exp(-u / 18), m),
        moved(0.07 * exp(-u / 20), 1 / (exp((30 - u) / 10) + 1), h),
        moved(0.1 * linoid((10 - u) / 10), 0.125 * exp(-u / 80), n),
    ]


def traub_miles(t, y, current):
    v, m, h, n = y
    u, area = v + 63.0, 2e-4  # cm2
    membrane = current * 1e-6 / area - 100 * m**3 * h * (v - 50) - 30 * n**4 * (v + 90) - 0.05 * (v + 60)
    return [
        membrane,
        moved(0.32 * 4 * linoid((13 - u) / 4), 0.28 * 5 * linoid((u - 40) / 5), m),
        moved(0.128 * exp((17 - u) / 18), 4 / (1 + exp((40 - u) / 5)), h),
        moved(0.032 * 5 * linoid((15 - u) / 5), 0.5 * exp((10 - u) / 40), n),
    ]


def wang_buzsaki(t, y, current):
    v, h, n = y
    alpha, beta = linoid(-0.1 * (v + 35)), 4 * exp(-(v + 60) / 18)
    m = alpha / (alpha + beta)
    membrane = current / 100 - 35 * m**3 * h * (v - 55) - 9 * n**4 * (v + 90) - 0.1 * (v + 65)
    return [
        membrane,
        5 * moved(0.07 * exp(-(v + 58) / 20), 1 / (exp(-0.1 * (v + 28)) + 1), h),
        5 * moved(0.1 * linoid(-0.1 * (v + 34)), 0.125 * exp(-(v + 44) / 80), n),
    ]


def connor_stevens(t, y, current):
    v, m, h, n, a, b = y
    membrane = current / 100 - 120 * m**3 * h * (v - 55) - 20 * n**4 * (v + 72) - 47.7 * a**3 * b * (v + 75) - 0.3 * (v + 17)
    a_inf = (0.0761 * exp(0.0314 * (v + 94.22)) / (1 + exp(0.0346 * (v + 1.17)))) ** (1 / 3)
    b_inf = (1 / (1 + exp(0.0688 * (v + 53.3)))) ** 4
    return [
        membrane,
        moved(3.8 * linoid(-0.1 * (v + 29.7)), 15.2 * exp(-0.0556 * (v + 54.7)), m),
        moved(0.266 * exp(-0.05 * (v + 48)), 3.8 / (1 + exp(-0.1 * (v + 18))), h),
        moved(0.2 * linoid(-0.1 * (v + 45.7)), 0.25 * exp(-0.0125 * (v + 55.7)), n),
        (a_inf - a) / (0.3632 + 1.158 / (1 + exp(0.0497 * (v + 55.96)))),
        (b_inf - b) / (1.24 + 2.678 / (1 + exp(0.0624 * (v + 50)))),
    ]


def morris_lecar(t, y, current):
    v, w = y
    m_inf, w_inf = (1 + np.tanh((v + 1.2) / 18)) / 2, (1 + np.tanh((v - 2) / 30)) / 2
    return [
        (current - 4.4 * m_inf * (v - 120) - 8 * w * (v + 84) - 2 * (v + 60)) / 20,
        0.04 * (w_inf - w) * np.cosh((v - 2) / 60),
    ]


def fitzhugh_nagumo(t, y, current):
    v, w = y
    return [v - v**3 / 3 - w + current, 0.08 * (v + 0.7 - 0.8 * w)]


def hindmarsh_rose(t, y, current):
    x, y, z = y
    return [y - x**3 + 3 * x**2 - z + current, 1 - 5 * x**2 - y, 0.006 * (4 * (x + 1.6) - z)]


def test_morris_lecar_as_it_is_published():
    """With tanh and cosh, instead of the exponentials of the model."""
    text = bs.MorrisLecar.equations.replace("sigmoid(2*(v - v_1)/v_2)", "(1 + tanh((v - v_1)/v_2))/2")
    text = text.replace("sigmoid(2*(v - v_3)/v_4)", "(1 + tanh((v - v_3)/v_4))/2")
    text = text.replace("(speed + 1/speed)/2", "cosh((v - v_3)/(2*v_4))").replace("speed = exp((v - v_3)/(2*v_4))", "")
    published = type("Published", (bs.MorrisLecar,), {"equations": text})
    assert text.count("tanh") + text.count("cosh") == 3
    found = [run(kind(), 100.0, 0.1, current=120.0)[0] for kind in (published, bs.MorrisLecar)]
    for name in ("v", "w"):
        np.testing.assert_allclose(found[0][name], found[1][name], rtol=0, atol=1e-9)


# the equations once more, a current that makes it fire, the duration [ms], and the size of v, to which errors are compared
TWINS = {
    "HodgkinHuxley": (hodgkin_huxley, 1000.0, 50.0, 100.0),
    "TraubMiles": (traub_miles, 500.0, 50.0, 100.0),
    "WangBuzsaki": (wang_buzsaki, 200.0, 50.0, 100.0),
    "ConnorStevens": (connor_stevens, 1200.0, 50.0, 100.0),
    "MorrisLecar": (morris_lecar, 120.0, 200.0, 100.0),
    "FitzHughNagumo": (fitzhugh_nagumo, 0.5, 100.0, 2.0),
    "HindmarshRose": (hindmarsh_rose, 2.0, 100.0, 2.0),
}


class FastTraubMiles(bs.TraubMiles):
    """By one step of exponential Euler, as in the benchmark COBAHH."""

    method = "exponential_euler"
    substeps = 1


class AccurateConnorStevens(bs.ConnorStevens):
    """Of fourth order; the model itself is integrated by a method of second order that is stable below -80 mV."""

    method = "rk4"
    substeps = 1


ACCURATE = {"ConnorStevens": AccurateConnorStevens}


def truth(name, values, times):
    """Return v of the equations above from the initial values of a model at t = 0."""
    rhs, current, duration, _ = TWINS[name]
    start = [values[variable][0, 0] for variable in getattr(bs, name).initials]
    solved = solve_ivp(rhs, (0.0, duration), start, args=(current,), method="DOP853", rtol=1e-10, atol=1e-10, t_eval=times)
    return solved.y[0]


@pytest.mark.parametrize("name", TWINS)
def test_paths_are_those_of_the_published_equations(name):
    model = ACCURATE.get(name, getattr(bs, name))()
    _, current, duration, size = TWINS[name]
    values, result = run(model, duration, 0.01, current=current, every=0.5)
    wrong = np.abs(values["v"][:, 0] - truth(name, values, result.traces["cells", "v"].times)).max() / size
    assert result.spikes["cells"].times.size > 0
    assert wrong < 3e-5


def test_exponential_euler_of_traub_miles_comes_to_the_true_path():
    """Half the step, half the error, in the times of spikes."""
    true = run(bs.TraubMiles(), 50.0, 0.01, current=500.0, every=0.5)[1].spikes["cells"].times[-1]
    wrong = [
        run(FastTraubMiles(), 50.0, dt, current=500.0, every=1.0)[1].spikes["cells"].times[-1] - true
        for dt in (0.04, 0.02, 0.01)
    ]
    assert wrong[0] > wrong[1] > wrong[2] > 0
    assert wrong[0] / wrong[2] == pytest.approx(4.0, rel=0.1)


def test_hodgkin_huxley_as_in_the_reference():
    """hh_psc_alpha of NEST 3.10, for which a spike is the maximum of v above 0 mV, outside of 2 ms after the last one."""
    case = json.loads((DATA / "hh_dc_700.json").read_text())

    class AtPeak(bs.HodgkinHuxley):
        equations = (
            bs.HodgkinHuxley.equations
            + """
        slope = g_na*m**3*h*(e_na - v) + g_k*n**4*(e_k - v) + g_l*(e_l - v) + i_dc
        """
        )
        threshold = "v >= v_th and slope < 0"
        refractory = "t_ref"
        frozen = ()
        substeps = 1
        i_dc: float = bs.parameter(case["i_e"], "pA", "constant current")
        t_ref: float = bs.parameter(2.0, "ms", "time without a second maximum")

    values, result = run(AtPeak(e_l=-54.402), case["duration"], case["dt"], current=case["i_e"])
    times, expected = result.spikes["cells"].times, np.array(case["spikes"])
    assert times.size == expected.size == 18
    assert abs(times[0] - expected[0]) <= 0.02 + 1e-9
    assert np.all(np.abs(times[1:] - expected[1:]) <= 1e-3 * expected[1:])
    steps = np.rint(np.array(case["v_t"]) / case["dt"]).astype(int)
    assert np.abs(values["v"][steps, 0] - case["v"]).max() < 1e-3


def test_hodgkin_huxley_rests_and_stays():
    values, result = run(bs.HodgkinHuxley(), 200.0, current=0.0)
    assert result.spikes["cells"].times.size == 0
    assert np.abs(values["v"] + 65.0).max() < 0.01
    assert [values[gate][0, 0].round(4) for gate in "mhn"] == [0.0529, 0.5961, 0.3177]  # Hodgkin & Huxley's rest
    for name in "vmhn":
        assert np.ptp(values[name]) < 0.01, name


def test_hodgkin_huxley_fires_without_end_from_6_26():
    """Rinzel & Miller (1980), doi:10.1016/0025-5564(80)90109-1: cycles are born in a fold at 6.26 uA/cm2."""
    late = counts(bs.HodgkinHuxley(), [200.0, 615.0, 640.0, 1000.0], 1000.0, since=500.0)
    assert late[0] == late[1] == 0
    assert 25 <= late[2] < late[3], "it begins at more than 50 Hz"


def test_hodgkin_huxley_rest_becomes_unstable_at_9_78():
    """Rinzel & Miller (1980): Hopf bifurcation at 9.78 uA/cm2, so what a kick leaves decays below and grows above."""
    currents = np.array([940.0, 960.0, 1000.0, 1020.0])
    slowly = np.append(np.minimum(np.arange(301) / 300, 1.0), [1.0, 1.0])
    kick = np.append(np.zeros(301), [50.0, 0.0])
    amplitude = slowly[:, None] * currents + kick[:, None]
    values = pulses(bs.HodgkinHuxley(), amplitude, np.append(np.arange(301.0), [400.5, 401.5]), 560.0)[1]
    growth = np.log(np.ptp(values[5100:5600], axis=0) / np.ptp(values[4600:5100], axis=0))
    assert np.interp(0.0, growth, currents) == pytest.approx(978.0, abs=4.0)


def test_hodgkin_huxley_oscillations_die_at_154():
    """Rinzel & Miller (1980): at 154.5 uA/cm2 they end in a Hopf bifurcation, their size as the root of what is left."""
    currents = np.array([15_000.0, 15_300.0])
    values, _ = run(bs.HodgkinHuxley(), 400.0, n=2, current=currents, record=["v"])
    squares = np.ptp(values["v"][3000:], axis=0) ** 2
    end = currents[1] + squares[1] * (currents[1] - currents[0]) / (squares[0] - squares[1])
    assert end == pytest.approx(15_450.0, abs=30.0)


def test_hodgkin_huxley_is_refractory():
    """After a spike no pulse of 0.5 ms brings another for 4 ms; then it takes a strong one, and later one as before."""
    sizes = np.array([0.8, 1.1, 2.0, 5.0, 40.0]) * 1400.0
    found = {}
    for gap in (4.0, 10.0, 25.0):
        amplitude = np.vstack([np.full(5, 2100.0), np.zeros(5), sizes, np.zeros(5)])
        found[gap] = pulses(bs.HodgkinHuxley(), amplitude, [1.0, 1.5, 1.0 + gap, 1.5 + gap], 60.0)[0]
    assert found[4.0].tolist() == [1, 1, 1, 1, 1]
    assert found[10.0].tolist() == [1, 1, 1, 2, 2]
    assert found[25.0].tolist() == [1, 2, 2, 2, 2]


def test_hodgkin_huxley_fires_at_anode_break():
    """When a current that held it below rest ends; but not if it held it for 1 ms only, or hardly below."""
    amplitude = -np.array([100.0, 500.0, 1000.0])
    spikes = [
        pulses(bs.HodgkinHuxley(), np.vstack([amplitude, 0 * amplitude]), [10.0, 10.0 + width], 100.0)[0]
        for width in (1.0, 30.0)
    ]
    assert spikes[0].tolist() == [0, 0, 0]
    assert spikes[1].tolist() == [0, 1, 1]


def test_warm_axons_fire_faster():
    """At 16.3 degrees Celsius all rates are three times those at 6.3: its spikes are shorter and come sooner."""
    ends = [run(bs.HodgkinHuxley(phi=phi), 200.0, current=1000.0) for phi in (1.0, 3.0)]
    wide = [np.mean(values["v"][1000:] > -20.0) / result.spikes["cells"].times.size for values, result in ends]
    assert ends[1][1].spikes["cells"].times.size > 1.5 * ends[0][1].spikes["cells"].times.size
    assert wide[1] < 0.6 * wide[0]


@pytest.mark.parametrize("name", ["HodgkinHuxley", "TraubMiles", "WangBuzsaki", "ConnorStevens", "MorrisLecar"])
def test_gates_stay_between_0_and_1(name):
    """Under currents up to five times as strong as one that makes it fire, and some that hold it, at a step of 0.1 ms."""
    model, rng = getattr(bs, name), np.random.default_rng(1)
    gates = [gate for gate in model.initials if gate != "v"]
    current = bs.CurrentInput(rng.uniform(-1.0, 5.0, (200, 20)) * TWINS[name][1], times=np.arange(200.0))
    cells = bs.Population(20, model(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, current)
    result = bs.simulate(net, 200.0, seed=1, record=[bs.Trace(cells, gate) for gate in gates])
    values = np.array([result.traces["cells", gate].values for gate in gates])
    assert np.all((values >= 0.0) & (values <= 1.0))
    assert values.max() - values.min() > 0.5


def test_gates_start_where_they_rest_at_each_cell():
    potentials = np.array([-80.0, -65.0, -41.0])
    values, _ = run(bs.HodgkinHuxley(), 0.2, n=3, current=0.0, initial={"v": potentials})
    for k, v in enumerate(potentials):
        start = [values[name][0, k] for name in "vmhn"]
        assert np.abs(hodgkin_huxley(0.0, start, 0.0)[1:]).max() < 1e-12, v


def rates(model, currents, **options):
    """Return the rate of each cell in Hz, by the mean interval of the last two of three seconds."""
    spikes = run(model, 3000.0, n=len(currents), current=np.array(currents, float), record=[], **options)[1].spikes["cells"]
    times = [spikes.times[(spikes.ids == k) & (spikes.times > 1000.0)] for k in range(len(currents))]
    return np.array([1000.0 / np.diff(t).mean() if t.size > 1 else 0.0 for t in times])


def test_wang_buzsaki_fires_from_the_lowest_rates_to_400_hz():
    """Wang & Buzsaki (1996), figure 1: rates as the root of the current from 0.16 uA/cm2, 400 Hz at 20 uA/cm2."""
    f = rates(bs.WangBuzsaki(), [15.0, 17.0, 18.0, 100.0, 2000.0])
    assert f[0] == 0.0
    assert 0 < f[1] < 7
    begins = 17.0 - f[1] ** 2 / (f[2] ** 2 - f[1] ** 2)
    assert begins == pytest.approx(16.0, abs=0.3)
    assert f[3] == pytest.approx(60.0, abs=2.0)
    assert f[4] == pytest.approx(400.0, rel=0.03)


def test_connor_stevens_fires_slowly_because_of_i_a():
    """Connor, Walter & McKown (1977): with the transient potassium current any low rate, without it a jump."""
    slow, fast = bs.ConnorStevens(), bs.ConnorStevens(g_a=0.0, e_l=-70.0)
    with_it, without = rates(slow, [800.0, 820.0, 850.0, 900.0]), rates(fast, np.arange(700.0, 900.0, 10.0))
    assert with_it[0] == 0.0
    assert 0.0 < with_it[1] < 5.0 < with_it[2] < with_it[3]
    assert without[0] == 0.0
    assert without[without > 0].min() > 60.0


def test_morris_lecar_begins_to_fire_in_two_ways():
    """Rinzel & Ermentrout (1998): at any low rate from 39.96 (a saddle-node on a circle), or at a rate above 0 (Hopf)."""
    first = bs.MorrisLecar(g_ca=4.0, v_3=12.0, v_4=17.4, phi=1 / 15)
    f = rates(first, [39.9, 40.1, 41.0, 44.0])
    assert f[0] == 0.0
    assert 0.0 < f[1] < 2.5
    assert (f[3] / f[2]) ** 2 == pytest.approx((44.0 - 39.96) / (41.0 - 39.96), rel=0.2)
    second = rates(bs.MorrisLecar(), np.arange(80.0, 100.0, 1.0))
    assert second[0] == 0.0
    assert second[second > 0].min() > 8.0


@pytest.mark.parametrize(("low", "high", "grows"), [(92.0, 95.5, 1), (210.5, 213.5, 0)])
def test_morris_lecar_rest_is_unstable_from_94_to_212(low, high, grows):
    """Rinzel & Ermentrout (1998): Hopf bifurcations at 93.9 and 212 uA/cm2."""
    from scipy.optimize import fsolve

    currents = np.array([low, high])
    rest = np.array([fsolve(lambda y, i=i: morris_lecar(0.0, y, i), [-20.0, 0.3]) for i in currents])
    values, _ = run(bs.MorrisLecar(), 300.0, n=2, current=currents, initial={"v": rest[:, 0] + 0.01, "w": rest[:, 1]})
    off = np.abs(values["v"] - rest[:, 0])
    ratio = off[2000:].max(axis=0) / off[:1000].max(axis=0)
    assert ratio[grows] > 1.0 > ratio[1 - grows]


def test_fitzhugh_nagumo_oscillates_where_theory_says():
    """The rest is unstable where ``|v| < sqrt(1 - b/tau)``: for I from 0.3313 to 1.4187."""
    edge = -np.sqrt(1 - 0.8 / 12.5)
    ends = [(v + 0.7) / 0.8 - v + v**3 / 3 for v in (edge, -edge)]
    currents = np.array([ends[0] - 0.003, ends[0] + 0.003, ends[1] - 0.003, ends[1] + 0.003])
    rest = np.array([next(r.real for r in np.roots([1 / 3, 0.0, 0.25, 0.875 - i]) if abs(r.imag) < 1e-9) for i in currents])
    start = {"v": rest + 0.001, "w": (rest + 0.7) / 0.8}
    values, _ = run(bs.FitzHughNagumo(), 400.0, n=4, current=currents, initial=start)
    off = np.abs(values["v"] - rest)
    assert (off[3000:].max(axis=0) > off[:1000].max(axis=0)).tolist() == [False, True, True, False]
    assert np.abs(run(bs.FitzHughNagumo(), 50.0)[0]["v"] - bs.FitzHughNagumo.initials["v"].default).max() < 1e-6, "rests"


def test_hindmarsh_rose_bursts():
    """Hindmarsh & Rose (1984): rest, one burst, bursts without end, chaotic ones, and from 3.3 on single spikes."""
    _, result = run(bs.HindmarshRose(), 4000.0, n=5, current=np.array([0.0, 1.0, 2.0, 3.25, 4.0]), record=[])
    spikes = result.spikes["cells"]
    intervals = [np.diff(spikes.times[spikes.ids == k]) for k in range(5)]
    assert intervals[0].size == 0
    assert 2 <= intervals[1].size < 10
    assert intervals[1].max() < 20.0, "a burst and no more"
    bursts, late = intervals[2][20:], intervals[4][-50:]
    assert np.sum(bursts > 80.0) >= 10
    assert np.ptp(bursts[bursts > 80.0]) < 2.0, "regular"
    assert np.ptp(intervals[3][intervals[3] > 40.0]) > 20.0, "irregular"
    assert np.ptp(late) < 0.2


def counts(model, currents, duration, since=0.0):
    """Return the spikes of one cell for each current, from the time `since` on."""
    spikes = run(model, duration, n=len(currents), current=np.array(currents), record=[])[1].spikes["cells"]
    return np.bincount(spikes.ids[spikes.times > since], minlength=len(currents))


def pulses(model, amplitude, times, duration):
    """Return the number of spikes and the potential of cells under currents of shape (times, cells)."""
    cells = bs.Population(amplitude.shape[1], model, name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(amplitude, times=times))
    result = bs.simulate(net, duration, seed=1, record=bs.Trace(cells, "v"))
    return np.bincount(result.spikes["cells"].ids, minlength=cells.n), result.traces["cells", "v"].values
