"""NMDA receptors whose gate belongs to the source: its course, saturation, and the sum over sources after a delay."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import brainsim as bs

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
    assert len(sim._run.synapses.couplings.signals) == 1
