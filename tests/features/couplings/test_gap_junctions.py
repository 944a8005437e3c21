"""Gap junctions against the matrix exponential and against the coupled equations, solved by SciPy; and their lists."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.sparse import csr_array

import brainsim as bs
from brainsim.features.couplings import pairs
from brainsim.features.couplings.stability import limit
from tests.helpers.couplings import gates_at_rest, leaky, slopes_of_wang_buzsaki


def linear_solution(junctions, n, v0, t, g_l=10.0, c_m=200.0, rest=-65.0):
    """Return the potentials at t of leaky cells with these junctions (i, j, g)."""
    matrix = -np.eye(n) * g_l
    for i, j, g in junctions:
        for a, b in ((i, j), (j, i)):
            matrix[a, a] -= g
            matrix[a, b] += g
    return rest + expm(matrix * t / c_m) @ (v0 - rest)


JUNCTIONS = [(0, 1, 8.0), (2, 1, 3.0), (0, 3, 12.0), (3, 4, 5.0)]


def coupled(order, n=5, **options):
    cells = leaky(n, initial={"v": np.linspace(-80.0, -20.0, n)})
    net = bs.Network(seed=1)
    pre, post, weight = (np.array(column) for column in zip(*JUNCTIONS, strict=True))
    junction = bs.GapJunction(order=order, **options)
    net.connect(cells, cells, bs.FromArrays(pre, post), weight=weight, synapse=junction, name="gap")
    return net, cells


def error(order, dt, t=6.0):
    net, cells = coupled(order)
    v = bs.simulate(net, t, dt=dt, seed=1).state.variables["cells"]["v"]
    return np.abs(v - linear_solution(JUNCTIONS, 5, np.linspace(-80.0, -20.0, 5), t)).max()


@pytest.mark.parametrize("order", [1, 2])
def test_the_order_is_what_the_docstring_says(order):
    """The cells are exact, so what is left is the error of the coupling."""
    errors = [error(order, dt) for dt in (0.1, 0.05, 0.025)]
    ratios = [a / b for a, b in zip(errors, errors[1:], strict=False)]
    assert all(abs(ratio - 2**order) < 0.15 * 2**order for ratio in ratios), ratios
    assert errors[0] < (0.2 if order == 1 else 0.01)


def test_richardson_extrapolation():
    """Three levels remove the terms of second and third order."""
    reference = linear_solution(JUNCTIONS, 5, np.linspace(-80.0, -20.0, 5), 6.0)
    levels = []
    for dt in (0.1, 0.05, 0.025, 0.0125, 0.00625):
        net, _ = coupled(2)
        levels.append(bs.simulate(net, 6.0, dt=dt, seed=1).state.variables["cells"]["v"])
    for power in (2, 3, 4, 5):
        levels = [(2**power * b - a) / (2**power - 1) for a, b in zip(levels, levels[1:], strict=False)]
    assert np.abs(levels[0] - reference).max() < 1e-9


def test_currents_of_both_ends_are_opposite():
    net, cells = coupled(1)
    record = [bs.Trace(cells, "gapjunction.current"), bs.Trace(cells, "v")]
    traces = bs.simulate(net, 5.0, seed=1, record=record).traces
    current, v = traces["cells", "gapjunction.current"].values, traces["cells", "v"].values
    assert traces["cells", "gapjunction.current"].unit == "pA"
    expected = np.zeros_like(v)
    for i, j, g in JUNCTIONS:
        expected[:, i] += g * (v[:, j] - v[:, i])
        expected[:, j] += g * (v[:, i] - v[:, j])
    assert np.allclose(current, expected, rtol=1e-5, atol=1e-9)
    assert np.abs(current.sum(axis=1)).max() < 1e-3
    assert np.abs(current[0]).max() > 100.0


def test_two_cells_with_channels_against_their_equations():
    """WangBuzsaki, by a method of fourth order: the coupling decides the order, and extrapolation comes close to SciPy."""
    start, g, current, t = np.array([-64.0, -50.0]), 5.0, np.array([120.0, 80.0]), 8.0
    cells = bs.Population(2, bs.WangBuzsaki(), name="cells", initial={"v": start})
    net = bs.Network(seed=1)
    net.connect(cells, cells, bs.AllToAll(), weight=g, synapse=bs.GapJunction())
    net.stimulate(cells, bs.CurrentInput(current))

    def slopes(_, y):
        v, h, n = y.reshape(3, 2)
        return np.concatenate(slopes_of_wang_buzsaki(v, h, n, current + g * (v[::-1] - v)))

    y0 = np.concatenate([start, *gates_at_rest(start)])
    reference = solve_ivp(slopes, (0, t), y0, method="DOP853", rtol=1e-12, atol=1e-12).y[:2, -1]
    levels = [bs.simulate(net, t, dt=dt, seed=1).state.variables["cells"]["v"] for dt in (0.02, 0.01, 0.005, 0.0025)]
    errors = [np.abs(v - reference).max() for v in levels]
    assert 3.3 < errors[1] / errors[2] < 4.7
    assert 3.3 < errors[2] / errors[3] < 4.7
    for power in (2, 3, 4):
        levels = [(2**power * b - a) / (2**power - 1) for a, b in zip(levels, levels[1:], strict=False)]
    assert np.abs(levels[0] - reference).max() < 1e-6


def test_one_sum_is_the_sum_of_the_pairs():
    """All pairs with one weight are one sum; the same pairs in a list are added one by one."""
    values = {}
    for way in ("all", "list"):
        cells = leaky(40, initial={"v": np.linspace(-80.0, -20.0, 40)})
        net = bs.Network(seed=1)
        rule = bs.AllToAll() if way == "all" else bs.FromArrays(*np.triu_indices(40, 1))
        net.connect(cells, cells, rule, weight=0.3, synapse=bs.GapJunction())
        sim = bs.Simulation(net, seed=1)
        values[way] = sim.run(5.0).state.variables["cells"]["v"]
        assert sim.n_synapses == 40 * 39 // 2
        assert (sim._run.synapses.nbytes < 2_000) == (way == "all")
    assert np.allclose(values["all"], values["list"], rtol=1e-12, atol=0)


def test_two_populations():
    a, b = leaky(3, "a", initial={"v": -40.0}), leaky(2, "b", initial={"v": -90.0})
    for weight in (2.0, np.full((3, 2), 2.0)):
        net = bs.Network(seed=1)
        gap = net.connect(a, b, bs.AllToAll(), weight=weight, synapse=bs.GapJunction())
        assert len(gap.synapses()) == gap.expected == 6
        result = bs.simulate(net, 6.0, dt=0.01, seed=1)
        junctions = [(i, 3 + j, 2.0) for i in range(3) for j in range(2)]
        expected = linear_solution(junctions, 5, np.array([-40.0] * 3 + [-90.0] * 2), 6.0)
        found = np.concatenate([result.state.variables[name]["v"] for name in "ab"])
        assert np.allclose(found, expected, atol=1e-4)


class TestLists:
    def test_each_pair_is_sampled_once(self):
        cells = leaky(400)
        net = bs.Network(seed=1)
        gap = net.connect(cells, cells, bs.FixedProbability(0.1), weight=bs.Uniform(1.0, 2.0), synapse=bs.GapJunction())
        table = gap.synapses()
        assert np.all(table.pre < table.post)
        assert abs(len(table) - 0.1 * 400 * 399 / 2) < 4 * np.sqrt(0.09 * 400 * 399 / 2)
        assert gap.expected == pytest.approx(0.1 * 400 * 399 / 2)
        assert np.all(table.delay == 0.0)
        sim = bs.Simulation(net, seed=1)
        assert np.array_equal(sim.synapses(gap).weight, table.weight)
        into = np.bincount(np.r_[table.pre, table.post], np.r_[table.weight, table.weight], 400)
        assert np.allclose(sim._layout.members["cells"].sums["r0_weights"], into)

    def test_a_symmetric_matrix_and_its_half_are_the_same(self):
        half = np.zeros((6, 6))
        half[[0, 1, 4], [3, 2, 5]] = 1.0, 2.0, 3.0
        tables = []
        for matrix in (half, half.T, half + half.T):
            cells = leaky(6)
            gap = bs.Network(seed=1).connect(cells, cells, bs.FromSparse(csr_array(matrix)), synapse=bs.GapJunction())
            dense = gap.synapses().matrix().toarray()
            tables.append(dense + dense.T)
        assert all(np.array_equal(table, half + half.T) for table in tables)

    def test_a_cell_has_no_junction_with_itself(self):
        cells = leaky(4)
        gap = bs.Network(seed=1).connect(
            cells, cells, bs.FromArrays([0, 2, 1], [0, 3, 1]), weight=1.0, synapse=bs.GapJunction()
        )
        assert gap.synapses().pre.tolist() == [2]


def test_a_rectifying_junction_conducts_one_way():
    for order, expected in ((1, [-50.0, 50.0, 0.0, 0.0]), (2, [-50.0, 50.0, 0.0, 0.0])):
        cells = leaky(4, initial={"v": [-60.0, -70.0, -70.0, -60.0]})
        net = bs.Network(seed=1)
        junction = bs.GapJunction(rectifying=True, order=order, name="gap")
        net.connect(cells, cells, bs.FromArrays([0, 2], [1, 3]), weight=5.0, synapse=junction)
        traces = bs.simulate(net, 1.0, seed=1, record=bs.Trace(cells, "gap.current")).traces
        assert traces["cells", "gap.current"].values[0].tolist() == expected


def test_the_current_of_a_step_ago_is_extrapolated_except_over_a_reset():
    """A cell that fires all the time: the sum of its partner is its potential now and before, but not before a reset."""
    cells = bs.Population(2, bs.LIF(t_ref=1.0), name="cells", initial={"v": [-55.0, -65.0]})
    net = bs.Network(seed=1)
    net.connect(cells, cells, bs.AllToAll(), weight=1.0, synapse=bs.GapJunction(name="gap"))
    net.stimulate(cells[:1], bs.CurrentInput(600.0))
    result = bs.simulate(net, 30.0, seed=1, record=[bs.Trace(cells, "v"), bs.Trace(cells, "gap.total")])
    v, total = (result.traces["cells", name].values for name in ("v", "gap.total"))
    expected = 1.5 * v[1:, 0] - 0.5 * v[:-1, 0]
    fired = np.rint(result.spikes["cells"].of([0]).times / 0.1).astype(int) - 1
    assert fired.size > 2
    expected[fired] = v[fired + 1, 0]
    assert np.allclose(total[1:, 1], expected, rtol=1e-12)


class Slow(bs.LI):
    """A leak that is negligible: two cells are then only what a junction makes of them."""

    tau_m: float = bs.parameter(1e9, "ms", "membrane time constant", above=0.0)


def test_the_limits_are_those_of_the_docstring():
    known = {"exact": [np.inf, np.log(3.0)], "euler": [1.0, 2 / 3], "heun": [2.0, 2.0], "rk4": [2.7853, 1.1399]}
    for method, limits in known.items():
        assert [limit(method, order) for order in (1, 2)] == pytest.approx(limits, abs=2e-3)


@pytest.mark.parametrize("method", ["exact", "euler", "heun", "rk4", "exponential_euler"])
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("substeps", [1, 2])
def test_currents_grow_only_beyond_the_limit(monkeypatch, method, order, substeps):
    """Two cells, just below the limit of each method and above it, where the check is left out."""
    most = limit(method, order, substeps)
    monkeypatch.setattr(pairs, "check_stable", lambda *_: None)
    model = type("Cell", (Slow,), {"method": method, "substeps": substeps})
    for share, grows in ((0.98, False), (1.02, True)) if np.isfinite(most) else ((1e9, False),):
        cells = bs.Population(2, model(), name="cells", initial={"v": [-60.0, -70.0]})
        net = bs.Network(seed=1)
        weight = share * min(most, 1e9) * 200.0 / 0.1
        net.connect(cells, cells, bs.AllToAll(), weight=weight, synapse=bs.GapJunction(order=order))
        v = bs.simulate(net, 200.0, seed=1).state.variables["cells"]["v"]
        assert (abs(v[0] - v[1]) > 11.0) == grows


@pytest.mark.parametrize("order", [1, 2])
def test_a_rectifying_junction_that_always_conducts_is_as_stable_as_eulers_method(monkeypatch, order):
    """A current keeps one cell above the other one."""
    monkeypatch.setattr(pairs, "check_stable", lambda *_: None)
    changes = []
    for share in (0.9, 1.1):
        cells = bs.Population(2, Slow(), name="cells", initial={"v": -60.0})
        net = bs.Network(seed=1)
        weight = share * limit("euler", order) * 200.0 / 0.1
        junction = bs.GapJunction(rectifying=True, order=order)
        net.connect(cells, cells, bs.FromArrays([0], [1]), weight=weight, synapse=junction)
        net.stimulate(cells, bs.CurrentInput([1000.0, -1000.0]))
        v = bs.simulate(net, 100.0, seed=1, record=bs.Trace(cells, "v")).traces["cells", "v"].values
        changes.append(np.abs(np.diff(v[-20:, 0] - v[-20:, 1])).max())
    assert changes[0] < 1e-3 < 0.1 < changes[1]


def test_a_class_has_defaults_of_its_own():
    class OneWay(bs.GapJunction):
        rectifying = True
        order = 1

    class Threshold(bs.RateConnection):
        gain, variable = "threshold-linear", "x"

    assert OneWay().texts() == bs.GapJunction(rectifying=True).texts() != OneWay(rectifying=False).texts()
    assert (OneWay().order, OneWay(order=2).order) == (1, 2)
    assert Threshold().texts()["source"] == "max(x - r_min, 0)"
    assert Threshold(gain="linear", variable="r").texts()["source"] == "r"


@pytest.mark.thorough
@pytest.mark.parametrize(("order", "dt", "slower"), [(2, 0.001, 0.005), (2, 0.0025, 0.029), (1, 0.001, 0.093)])
def test_strong_junctions_slow_a_spike_as_the_docstring_says(order, dt, slower):
    piece, radius = 0.05, 0.0238  # cm: an axon of squid
    along = np.pi * radius**2 / (35.4 * piece) / (2.0 * np.pi * radius * piece) * 1e5  # nS, for 10,000 um2
    axon = bs.Population(200, bs.HodgkinHuxley(phi=3.0 ** ((18.5 - 6.3) / 10.0)), name="axon")
    net, first = bs.Network(seed=1), np.arange(199)
    net.connect(axon, axon, bs.FromArrays(first, first + 1), weight=along, synapse=bs.GapJunction(order=order))
    net.stimulate(axon[:10], bs.CurrentInput([30_000.0, 0.0], times=[0.0, 0.3]))
    arrival = [times[0] for times in bs.simulate(net, 5.0, dt=dt, seed=1).spikes["axon"].per_cell()[50:151:100]]
    speed = 100 * piece * 10.0 / (arrival[1] - arrival[0])  # m/s; 18.69 with small steps
    assert 1.0 - speed / 18.693 == pytest.approx(slower, abs=0.001)
