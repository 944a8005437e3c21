"""Given conductances: beside events onto the same receptor, beside theory, and in every way of running."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.features.clamps.conductance import HeldConductance

HODGKIN = bs.HodgkinHuxley()


def network(*inputs, model=None, n=4):
    cells, net = bs.Population(n, model or bs.LIF(), name="cells"), bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(np.linspace(100.0, 400.0, n)))
    for k, given in enumerate(inputs):
        net.stimulate(cells, given, name=f"given {k}")
    return net


@pytest.mark.parametrize("model", [bs.LIF(), pytest.param(HODGKIN, marks=pytest.mark.thorough)], ids=["LIF", "HH"])
def test_it_is_a_conductance_that_events_have_set(model):
    """To the bit: what events add to a variable that does not decay is what the input gives."""
    net, e_rev = network(model=model), -20.0
    receptor = HeldConductance(e_rev=e_rev, name="conductance")
    times, ids = np.repeat([10.0, 30.0], 4), np.tile(np.arange(4), 2)
    given = bs.EventInput(times=times, ids=ids, weight=np.repeat([8.0, 4.0], 4), synapse=receptor)
    net.stimulate(net.populations["cells"], given)
    held = network(
        bs.ConductanceInput(8.0, e_rev, start=10.0, stop=30.0), bs.ConductanceInput("8 + 4", e_rev, start=30.0), model=model
    )
    one, two = (bs.Simulation(each, seed=1, threads=1) for each in (net, held))
    spikes = [sim.run(60.0).spikes["cells"] for sim in (one, two)]
    assert spikes[0] == spikes[1]
    assert spikes[0].counts().min() > 0
    assert np.array_equal(one.state["cells"]["v"], two.state["cells"]["v"])


@pytest.mark.parametrize("g", [0.0, 2.0, 30.0])
def test_potential_and_time_constant_follow_theory(g):
    """A leaky cell with a conductance of its own, g_l = c_m/tau_m, relaxes to the weighted mean with c_m/(g_l + g)."""
    cell = bs.LIF(v_th=1e3)
    cells, net = bs.Population(1, cell, name="cells", initial={"v": -65.0}), bs.Network(seed=1)
    net.stimulate(cells, bs.ConductanceInput(g, e_rev=0.0))
    result = bs.simulate(net, 30.0, dt=0.01, record=bs.Trace(cells, "v"))
    leak, trace = cell.c_m / cell.tau_m, result.traces["cells", "v"]
    rest = (leak * cell.v_rest + g * 0.0) / (leak + g)
    expected = rest + (-65.0 - rest) * np.exp(-trace.times * (leak + g) / cell.c_m)
    np.testing.assert_allclose(trace.values[:, 0], expected, atol=2e-3)


def test_several_add_up_and_each_cell_may_have_its_own():
    waves = bs.TimedArray(np.random.default_rng(1).uniform(0.0, 5.0, (40, 4)), dt=1.0)
    net = network(
        bs.ConductanceInput(waves, 0.0),
        bs.ConductanceInput("2*i - 1", 0.0, start=5.0, stop=12.0),
        bs.ConductanceInput(np.arange(4.0), 0.0),
        bs.ConductanceInput(3.0, -70.0, name="other"),
    )
    record = [bs.Trace(net.populations["cells"], name) for name in ("conductance.g", "other.g", "conductance.current", "v")]
    traces = bs.simulate(net, 30.0, record=record).traces
    g, v = traces["cells", "conductance.g"].values[1:], traces["cells", "v"].values
    steps = np.arange(300)
    second = np.clip(2.0 * np.arange(4) - 1.0, 0.0, None) * ((steps >= 50) & (steps < 120))[:, None]
    np.testing.assert_allclose(g, waves.values[steps // 10] + second + np.arange(4.0), rtol=1e-15)
    assert (traces["cells", "other.g"].values[1:] == 3.0).all()
    np.testing.assert_allclose(traces["cells", "conductance.current"].values[1:], -g * v[1:], rtol=1e-12)


def test_pieces_threads_and_states_have_the_bits_of_the_whole(more_partitions):
    net = network(
        bs.ConductanceInput("5 + 5*sin(t/3)", -75.0), bs.ConductanceInput(4.0, 0.0, start=11.0, stop=23.4, name="late"), n=50
    )
    whole = bs.Simulation(net, seed=1, threads=1)
    whole.run(40.0)
    for threads in (1, 2):
        sim = bs.Simulation(net, seed=1, threads=threads)
        sim.run(7.3)
        sim.run(12.7)
        later = bs.Simulation(net, seed=1, state=sim.run(3.0).state, threads=threads)
        later.run(17.0)
        assert np.array_equal(later.state["cells"]["v"], whole.state["cells"]["v"])


def test_it_can_be_set_in_a_run():
    net = network(bs.ConductanceInput(5.0, 0.0))
    sim = bs.Simulation(net, seed=1, record=bs.Trace(net.populations["cells"], "conductance.g"))
    sim.run(5.0)
    sim.set("given 0", g=7.0)
    assert np.unique(sim.run(5.0).traces["cells", "conductance.g"].values[1:]).tolist() == [7.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bs.ConductanceInput(-1.0, 0.0), r"ConductanceInput.g: must be >= 0 nS \(got -1"),
        (lambda: network(bs.ConductanceInput("v", 0.0)), "it is a variable of the cells: an input depends on the time t"),
        (lambda: bs.ConductanceInput(1.0, "rest"), "ConductanceInput.e_rev: must be a number"),
        (lambda: bs.ConductanceInput(1.0, 0.0, start=5.0, stop=5.0), "ConductanceInput.stop: must be > 5 ms"),
        (lambda: network(bs.ConductanceInput(np.ones(3), 0.0)), "3 values do not fit 'cells', which has 4 cells"),
        (lambda: network(bs.ConductanceInput(1.0, 0.0), model=bs.Poisson(rate=5.0)), "Poisson"),
        (lambda: bs.simulate(network(bs.ConductanceInput(1.0, 0.0)), 1.0, precise=True), "precise"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()
