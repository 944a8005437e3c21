"""Gap junctions and gated NMDA receptors against NEST 3.10, with its cells written as equations.

The tables of gap junctions are those of test_hh_psc_alpha_gap and test_hh_cond_beta_gap_traub in its test suite: two cells
with a junction of 20 nS, of which the first gets 200 pA; the potential of the second after these numbers of steps of 0.1 ms.
Those of NMDA receptors were computed by its iaf_bw_2001_exact with gsl_error_tol = 1e-9.
"""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import brainsim as bs

G, CURRENT, END = 20.0, 200.0, 20.0  # nS, pA, ms
STEPS = np.r_[1:16, 117:132, 190:200]
PSC_ALPHA = """
    -69.592 -69.559 -69.507 -69.439 -69.357 -69.264 -69.162 -69.051 -68.933 -68.809 -68.681 -68.548 -68.413 -68.276 -68.136
    -33.771 -24.103 8.7117 62.019 39.042 27.485 18.856 11.201 3.6210 -4.6956 -15.006 -29.464 -49.786 -71.323 -83.787
    -71.023 -70.833 -70.647 -70.466 -70.289 -70.116 -69.948 -69.783 -69.622 -69.464
"""
TRAUB = """
    -60 -59.998 -59.996 -59.992 -59.988 -59.983 -59.977 -59.970 -59.963 -59.955 -59.946 -59.936 -59.926 -59.914 -59.903
    -57.461 -57.436 -57.411 -57.386 -57.361 -57.336 -57.311 -57.286 -57.261 -57.237 -57.212 -57.188 -57.163 -57.139 -57.115
    -55.837 -55.818 -55.799 -55.780 -55.761 -55.742 -55.724 -55.705 -55.686 -55.668
"""


class Mancilla(bs.Neuron):
    """Interneuron of Mancilla et al. (2007), doi:10.1523/JNEUROSCI.2715-06.2007."""

    equations = """
        alpha_m = 540/exprel((75.5 - v)/13.5)
        beta_m = 1.2262*exp(-v/42.248)
        alpha_h = 0.0035*exp(-v/24.186)
        beta_h = 0.0884/exprel(-(51.25 + v)/5.2)
        alpha_n = 0.0322/exprel(-(v + 44)/2.3)
        beta_n = 0.0043*exp(-(v + 44)/34)
        alpha_p = 11.8/exprel((95 - v)/11.8)
        beta_p = 0.025*exp(-v/22.222)

        dv/dt = (4500*m**3*h*(74 - v) + (9*n**4 + 9000*p**2)*(-90 - v) + 10*(-70 - v) + I)/c_m
        dm/dt = alpha_m*(1 - m) - beta_m*m
        dh/dt = alpha_h*(1 - h) - beta_h*h
        dn/dt = alpha_n*(1 - n) - beta_n*n
        dp/dt = alpha_p*(1 - p) - beta_p*p
    """
    dimensions = False
    method = "rk4"
    c_m: float = bs.parameter(40.0, "pF", "capacitance")
    v: float = bs.initial(-69.60401191631222, "mV", "potential")
    m: float = bs.initial("alpha_m/(alpha_m + beta_m)", "", "gate")
    h: float = bs.initial("alpha_h/(alpha_h + beta_h)", "", "gate")
    n: float = bs.initial("alpha_n/(alpha_n + beta_n)", "", "gate")
    p: float = bs.initial("alpha_p/(alpha_p + beta_p)", "", "gate")


class Traub(bs.TraubMiles):
    """As in the package, with one step of the method a step."""

    substeps = 1


def slopes_of_mancilla(y):
    v, m, h, n, p = y
    rates = [
        (40 * (v - 75.5) / (1 - np.exp(-(v - 75.5) / 13.5)), 1.2262 * np.exp(-v / 42.248)),
        (0.0035 * np.exp(-v / 24.186), 0.017 * (51.25 + v) / (1 - np.exp(-(51.25 + v) / 5.2))),
        (0.014 * (v + 44) / (1 - np.exp(-(v + 44) / 2.3)), 0.0043 * np.exp(-(v + 44) / 34)),
        ((v - 95) / (1 - np.exp(-(v - 95) / 11.8)), 0.025 * np.exp(-v / 22.222)),
    ]
    current = 4500 * m**3 * h * (74 - v) + (9 * n**4 + 9000 * p**2) * (-90 - v) + 10 * (-70 - v)
    return current, rates, (m, h, n, p), 40.0


def slopes_of_traub(y):
    v, m, h, n = y
    u = v + 50
    rates = [
        (0.32 * (13 - u) / (np.exp((13 - u) / 4) - 1), 0.28 * (u - 40) / (np.exp((u - 40) / 5) - 1)),
        (0.128 * np.exp((17 - u) / 18), 4 / (1 + np.exp((40 - u) / 5))),
        (0.032 * (15 - u) / (np.exp((15 - u) / 5) - 1), 0.5 * np.exp((10 - u) / 40)),
    ]
    current = 20000 * m**3 * h * (50 - v) + 6000 * n**4 * (-90 - v) + 10 * (-60 - v)
    return current, rates, (m, h, n), 200.0


CASES = {
    "hh_psc_alpha_gap": (Mancilla(), slopes_of_mancilla, -69.60401191631222, PSC_ALPHA, 1e-4, 1e-3),
    "hh_cond_beta_gap_traub": (Traub(v_t=-50.0), slopes_of_traub, -60.0, TRAUB, 1e-5, 0.0),
}


def solution(slopes, v):
    """Return the potential of the second cell at the steps of the tables, and its slope, by SciPy."""
    _, rates, *_ = slopes(np.array([v, *[0.0] * (4 if slopes is slopes_of_mancilla else 3)]))
    start = np.repeat([v, *(alpha / (alpha + beta) for alpha, beta in rates)], 2)

    def f(_, y):
        y = y.reshape(-1, 2)
        current, rates, gates, c_m = slopes(y)
        current = current + [CURRENT, 0.0] + G * (y[0, ::-1] - y[0])
        return np.ravel([current / c_m, *((a * (1 - x) - b * x) for (a, b), x in zip(rates, gates, strict=True))])

    found = solve_ivp(f, (0, END), start, method="DOP853", rtol=1e-12, atol=1e-12, t_eval=STEPS * 0.1).y
    return found[1], np.array([f(0, y)[1] for y in found.T])


def simulated(model, dt, order=2):
    cells = bs.Population(2, model, name="cells")
    net = bs.Network(seed=1)
    net.connect(cells, cells, bs.AllToAll(), weight=G, synapse=bs.GapJunction(order=order))
    net.stimulate(cells[:1], bs.CurrentInput(CURRENT))
    v = bs.simulate(net, END, dt=dt, seed=1, record=bs.Trace(cells[1:], "v", every=0.1)).traces["cells", "v"].values
    return v[STEPS, 0]


@pytest.mark.thorough_but("traub]")
@pytest.mark.parametrize("name", CASES)
def test_the_tables_of_nest(name):
    """The solution has the values of the tables, and simulations approach it with the square of the step.

    NEST's own spike is about a microsecond early, which is 0.4 mV where the potential rises by 500 mV per ms.
    """
    model, slopes, v, table, rel, early = CASES[name]
    (exact, slope), table = solution(slopes, v), np.array(table.split(), float)
    allowed = rel * np.abs(table) + early * np.abs(slope)
    assert table.size == exact.size == 40
    assert np.all(np.abs(exact - table) <= allowed)
    levels = [simulated(model, dt) for dt in (0.004, 0.002, 0.001, 0.0005)]
    assert np.all(np.abs(levels[-1] - table) <= allowed)
    errors = [np.abs(found - exact).max() for found in levels]
    assert all(3.5 < a / b < 4.5 for a, b in zip(errors, errors[1:], strict=False)), errors
    for power in (2, 3, 4):
        levels = [(2**power * b - a) / (2**power - 1) for a, b in zip(levels, levels[1:], strict=False)]
    assert np.abs(levels[0] - exact).max() < 1e-6


PULSES = [10.3, 14.2, 17.2, 19.7, 60.3], [12.3, 30.3]  # ms, spikes of the two sources
TIMES = [12.0, 13.0, 15.0, 18.0, 20.0, 22.0, 25.0, 30.0, 32.0, 35.0, 40.0, 50.0, 60.0, 62.0, 65.0, 70.0, 80.0, 90.0, 100.0]
POTENTIALS = """
    -69.9927033693277 -69.96710233078593 -69.87824915062768 -69.67909548577296 -69.5359412815557 -69.39619866352571
    -69.2042510788521 -68.94860985104214 -68.86530066967146 -68.73576462738575 -68.55945260558475 -68.36519156981375
    -68.31621547253319 -68.31546258526602 -68.28842869418817 -68.24845994666673 -68.24238666720133 -68.30554014061408
    -68.40578205976998
"""
SUMS = """
    3.057594529844333 5.184946944165324 9.71304015943942 13.646606956527773 14.882076591388428 15.409352816170435
    15.338836781369503 14.712372172134096 15.252392011739909 15.831430055420558 15.270611803236436 13.837448179384381
    12.520815885560744 13.308451640239191 14.228409161616664 13.816064174517013 12.529533886497632 11.3374531212581
    10.258554020027976
"""


class Membrane(bs.LI):
    """A leaky cell, by a method of fourth order."""

    method = "rk4"


def receiving(dt, order):
    """Return the potential of a cell that two others reach by NMDA receptors, and the sum over both, at the times."""
    cells = bs.Population(2, bs.LIF(t_ref=0.5), name="cells")
    target = bs.Population(1, Membrane(tau_m=20.0, c_m=500.0, v_rest=-70.0), name="target")
    net = bs.Network(seed=1)
    receptor = bs.GatedNMDA(name="nmda", order=order)
    net.connect(cells, target, bs.AllToAll(), weight=np.array([[12.0], [7.0]]), delay=1.0, synapse=receptor)
    for cell, spikes in enumerate(PULSES):
        edges = np.ravel([[t - dt, t] for t in spikes])
        pulses = np.tile([1e6, 0.0], len(spikes))
        net.stimulate(cells[cell : cell + 1], bs.CurrentInput(pulses, times=edges), name=f"pulses {cell}")
    record = [bs.Trace(target, name, every=0.1) for name in ("v", "nmda.total")]
    result = bs.simulate(net, 101.0, dt=dt, seed=1, record=record)
    assert [result.spikes["cells"].of([k]).times.round(6).tolist() for k in (0, 1)] == [*PULSES]
    at = np.rint(np.array(TIMES) / 0.1).astype(int)
    return [result.traces["target", name].values[at, 0] for name in ("v", "nmda.total")]


def test_gated_nmda_as_in_nest():
    """Two sources, which saturate by the first one's burst: the sum and the potential approach those of NEST."""
    v, total = (np.array(text.split(), float) for text in (POTENTIALS, SUMS))
    for order in (1, 2):
        found = [receiving(dt, order) for dt in (0.1, 0.05, 0.025)]
        errors = [np.abs(potential - v).max() for potential, _ in found]
        assert all(abs(a / b - 2**order) < 0.25 * 2**order for a, b in zip(errors, errors[1:], strict=False)), errors
        assert errors[-1] < (2e-3 if order == 1 else 2e-5)
    sums = [receiving(dt, 1)[1] for dt in (0.1, 0.05)]
    assert np.abs(sums[0] - total).max() < 4.0 * np.abs(sums[1] - total).max() < 4e-3
