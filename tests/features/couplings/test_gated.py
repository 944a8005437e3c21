"""NMDA receptors whose gate belongs to the source: its course, saturation, and the sum over sources after a delay."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import brainsim as bs
from tests.helpers.couplings import gates_at_rest, leaky, slopes_of_wang_buzsaki

PULSES = [5.0, 9.0, 12.0, 14.0]


def network(weight=0.2, delay=0.5, targets=3, **given):
    """Return a network of two cells that fire at the pulses, the second at the first one only, and their targets."""
    cells = bs.Population(2, bs.LIF(t_ref=0.5), name="cells")
    target = bs.Population(targets, bs.LI(), name="target")
    net = bs.Network(seed=1)
    receptor = bs.GatedNMDA(name="nmda", **given)
    net.connect(cells, target, bs.AllToAll(), weight=weight, delay=delay, synapse=receptor)
    edges = np.array([[t, t + 0.1] for t in PULSES]).ravel()
    amplitude = np.zeros((edges.size, 2))
    amplitude[::2, 0] = amplitude[0, 1] = 1e5
    net.stimulate(cells, bs.CurrentInput(amplitude, times=edges))
    return net, cells, target


def run(net, cells, target, t=60.0, **options):
    record = [bs.Trace(cells, "nmda.s"), bs.Trace(cells, "nmda.x"), bs.Trace(target, "nmda.total"), bs.Trace(target, "v")]
    return bs.simulate(net, t, seed=1, record=record, **options)


def gate(spikes, t, alpha=0.5, tau_rise=2.0, tau_decay=100.0):
    """Return s at times t, by SciPy from spike to spike."""
    x, s, at, found = 0.0, 0.0, 0.0, np.zeros(t.size)
    for stop, jump in [*((spike, 1.0) for spike in spikes), (t[-1] + 1e-9, 0.0)]:
        inside = (t >= at) & (t < stop)

        def slope(time, y, x=x, at=at):
            return alpha * x * np.exp(-(time - at) / tau_rise) * (1 - y) - y / tau_decay

        solution = solve_ivp(slope, (at, stop), [s], method="DOP853", rtol=1e-11, atol=1e-13, dense_output=True)
        found[inside] = solution.sol(t[inside])[0]
        s, x, at = solution.y[0, -1], x * np.exp(-(stop - at) / tau_rise) + jump, stop
    return found


def test_the_gate_of_a_source():
    result = run(*network())
    spikes = result.spikes["cells"]
    assert [some.size for some in (spikes.of([0]).times, spikes.of([1]).times)] == [4, 1]
    s = result.traces["cells", "nmda.s"]
    for cell in (0, 1):
        expected = gate(spikes.of([cell]).times, s.times)
        assert np.abs(s.values[:, cell] - expected).max() < 2e-4
    late = s.values[-200:, 1]  # when x has decayed
    assert np.allclose(late[1:] / late[:-1], np.exp(-0.1 / 100.0), rtol=1e-6)


def test_a_burst_saturates():
    net, cells, target = network()
    net.stimulate(cells, bs.CurrentInput(3000.0, start=20.0))
    s = run(net, cells, target, t=200.0).traces["cells", "nmda.s"].values
    assert 0.9 < s[-1].max() < 1.0


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("weight", [0.2, [[0.1, 0.2, 0.25], [0.3, 0.15, 0.2]]])
def test_the_sum_over_sources_after_the_delay(order, weight):
    net, cells, target = network(weight=weight, order=order)
    result = run(net, cells, target)
    s, total = result.traces["cells", "nmda.s"].values, result.traces["target", "nmda.total"].values
    weights = net.to_sparse(net.projections[0]).toarray()
    given = s if order == 1 else 0.5 * (s[:-1] + s[1:])
    expected = (given @ weights)[: total.shape[0] - 5]
    assert np.allclose(total[5:][: expected.shape[0]], expected, rtol=1e-6, atol=1e-12)
    assert np.all(total[:5] == 0.0)


def test_the_current_has_the_block():
    net, cells, target = network(weight=5.0)
    record = [bs.Trace(target, name) for name in ("nmda.current", "nmda.total", "v")]
    traces = bs.simulate(net, 30.0, seed=1, record=record).traces
    current, total, v = (traces["target", name].values for name in ("nmda.current", "nmda.total", "v"))
    assert np.allclose(current, total * (0.0 - v) / (1 + np.exp(-0.062 * v) / 3.57), rtol=1e-9)
    assert current.max() > 5.0


def test_sources_that_are_targets_too():
    """Both sides on one population have one name, and targets that do not send have no gate."""
    cells, others = bs.Population(5, bs.LIF(), name="cells"), bs.Population(3, bs.LIF(), name="others")
    net = bs.Network(seed=1)
    nmda = bs.GatedNMDA(name="nmda")
    for targets in (cells, others):
        net.connect(cells, targets, bs.AllToAll(), weight=0.1, delay=0.5, synapse=nmda)
    sim = bs.Simulation(net, seed=1)
    assert [name for name in sim.state["cells"] if name.startswith("nmda")] == ["nmda.total", "nmda.x", "nmda.s"]
    assert [name for name in sim.state["others"] if name.startswith("nmda")] == ["nmda.total"]
    assert len(sim._run.synapses.others.signals) == 1


class Inhibition(bs.Coupling):
    """Of Wang & Buzsaki (1996), doi:10.1523/JNEUROSCI.16-20-06402.1996: v of the source opens the gate."""

    gate = "ds/dt = alpha*sigmoid(v/k)*(1 - s) - beta*s"
    source = "s"
    current = "total*(e_rev - v)"
    weight_unit = "nS"
    alpha: float = bs.parameter(12.0, "1/ms", "rate of opening")
    beta: float = bs.parameter(0.1, "1/ms", "rate of closing")
    k: float = bs.parameter(2.0, "mV", "steepness")
    e_rev: float = bs.parameter(-75.0, "mV", "reversal potential")


def test_a_gate_that_the_potential_of_its_source_opens():
    """Two cells that inhibit each other and fire, against their equations, solved by SciPy."""
    start, g, current, t = np.array([-64.0, -50.0]), 10.0, np.array([120.0, 80.0]), 12.0
    cells = bs.Population(2, bs.WangBuzsaki(), name="cells", initial={"v": start})
    net = bs.Network(seed=1)
    net.connect(cells, cells, bs.AllToAll(autapses=False), weight=g, synapse=Inhibition())
    net.stimulate(cells, bs.CurrentInput(current))

    def slopes(_, y):
        v, h, n, s = y.reshape(4, 2)
        of_cell = slopes_of_wang_buzsaki(v, h, n, current + g * s[::-1] * (-75 - v))
        return np.concatenate([*of_cell, 12 / (1 + np.exp(-v / 2)) * (1 - s) - 0.1 * s])

    y0 = np.concatenate([start, *gates_at_rest(start), np.zeros(2)])
    reference = solve_ivp(slopes, (0, t), y0, method="DOP853", rtol=1e-12, atol=1e-12).y.reshape(4, 2, -1)[[0, 3], :, -1]
    assert reference[1].max() > 0.3
    found = []
    for dt in (0.01, 0.005, 0.0025):
        state = bs.simulate(net, t, dt=dt, seed=1).state.variables["cells"]
        found.append(np.array([state["v"], state["inhibition.s"]]))
    errors = [np.abs(values - reference).max() for values in found]
    assert all(3.3 < a / b < 4.7 for a, b in zip(errors, errors[1:], strict=False)), errors
    assert np.abs((4 * found[2] - found[1]) / 3 - reference).max() < errors[2] / 10


class Jump(bs.Coupling):
    """Spikes add to what the source gives."""

    gate = "dv_of/dt = -rate*v_of"
    spike = "v_of = v_of + 1"
    source = "v_of"
    current = "total"
    weight_unit = "pA"
    rate: float = bs.parameter(0.1, "1/ms", "rate of decay")


@pytest.mark.parametrize(("delay", "ago"), [(0.0, 0), (0.5, 5)])
def test_what_a_spike_changes_is_neither_extrapolated_nor_averaged(delay, ago):
    """A gate jumps at spikes: what its source gives is that after the jump, and with a delay that during the step."""
    cells, target = bs.Population(1, bs.LIF(), name="cells"), leaky(1, "target")
    net = bs.Network(seed=1)
    net.connect(cells, target, bs.AllToAll(), weight=1.0, delay=delay, synapse=Jump())
    net.stimulate(cells, bs.CurrentInput(600.0))
    record = [bs.Trace(cells, "jump.v_of"), bs.Trace(target, "jump.total")]
    result = bs.simulate(net, 60.0, seed=1, record=record)
    given, total = (
        trace.values[:, 0] for trace in (result.traces["cells", "jump.v_of"], result.traces["target", "jump.total"])
    )
    jumped = np.flatnonzero(np.diff(given) > 0.5)
    assert jumped.size == result.spikes["cells"].counts().sum() > 2
    jumped = jumped[jumped + 1 + ago < total.size]
    expected = given[jumped] if ago else given[jumped + 1]
    assert np.allclose(total[jumped + max(1, ago)], expected, rtol=1e-12)


def test_a_variable_of_the_gate_hides_one_of_the_cell():
    class Hidden(Jump):
        gate = "dv/dt = -rate*v"
        spike = "v = v + 1"
        source = "v"

    cells, target = bs.Population(1, bs.LIF(), name="cells"), leaky(1, "target")
    net = bs.Network(seed=1)
    net.connect(cells, target, bs.AllToAll(), weight=1.0, synapse=Hidden())
    total = bs.simulate(net, 5.0, seed=1, record=bs.Trace(target, "hidden.total")).traces["target", "hidden.total"].values
    assert np.all(total == 0.0)
