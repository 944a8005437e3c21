"""Traces that are kept once for a cell, recorded as each synapse reads them: against sums over the spikes."""

import numpy as np
import pytest

import brainsim as bs
from tests.features.plasticity.test_recorded_weights import bits, network

pytestmark = pytest.mark.usefixtures("more_partitions")

SYNAPSES = [(bs.Delta(), 0.7), (bs.Exponential(tau=3.0), "all")]
TAU = 20.0


def recorded(rule, names, synapse, dendritic, threads=2, duration=100.0, **options):
    """Return times, name -> values, the table of the synapses, and the times of spikes of each cell."""
    net, wires = network(rule, synapse, dendritic)
    record = [bs.WeightTrace(wires, name, synapses=None, every=0.5, **options) for name in names]
    result = bs.simulate(net, duration, seed=5, threads=threads, record=record)
    traces = {name: result.weights[wires, name] for name in names}
    return traces[names[0]].times, traces, wires.synapses(), result.spikes["cells"].per_cell()


def summed(times, spikes, late, including):
    """Return the sum of exp(-(t - s - late)/tau) over the spikes s that have come by t, those at t itself if `including`."""
    lags = times[:, None] - spikes[None] - late
    come = lags > (-1e-6 if including else 1e-6)
    return np.where(come, np.exp(-np.where(come, lags, 0.0) / TAU), 0.0).sum(axis=1)


@pytest.mark.parametrize(("synapse", "dendritic"), SYNAPSES)
def test_traces_of_pairs(synapse, dendritic):
    times, traces, table, spikes = recorded(bs.STDP(tau_plus=TAU, tau_minus=TAU, w_max=1.0), ["x", "y"], synapse, dendritic)
    assert sum(map(len, spikes)) > 50
    for k, (pre, post, delay) in enumerate(zip(table.pre, table.post, table.delay, strict=True)):
        back = 2.0 * (delay if dendritic == "all" else dendritic)
        x, y = summed(times, spikes[pre], delay, True), summed(times, spikes[post], back, False)
        np.testing.assert_allclose(traces["x"].values[:, k], x, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(traces["y"].values[:, k], y, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("threads", [1, 3])
def test_every_synapse_reads_the_trace_of_its_target(threads):
    """There are more synapses than targets, and each thread has some of the targets."""
    net, times = bs.Network(seed=1), np.linspace(5.0, 35.0, 7)
    cells = bs.Population(7, bs.LIF(), name="cells")
    kicks = bs.Population(7, bs.SpikeTrains([[time] for time in times]), name="kicks")
    net.connect(kicks, cells, bs.OneToOne(), weight=30.0, delay=1.0, synapse=bs.Delta())
    rule = bs.STDP(tau_minus=TAU, w_max=1.0)
    wires = net.connect(cells, cells, bs.AllToAll(), weight=0.1, delay=1.0, synapse=bs.Delta(), plasticity=rule)
    sim = bs.Simulation(net, seed=1, threads=threads)
    spikes = sim.run(50.0).spikes["cells"].per_cell()
    assert [len(one) for one in spikes] == [1] * 7
    table = sim.synapses(wires, traces=True)
    assert len(table.post) == 49
    expected = np.exp(-(50.0 - np.concatenate(spikes)) / TAU)
    np.testing.assert_allclose(table.columns["y"], expected[table.post], rtol=1e-9)


@pytest.mark.thorough
@pytest.mark.parametrize(("synapse", "dendritic"), SYNAPSES)
@pytest.mark.parametrize("tau_fac", [0.0, 60.0])
def test_short_term_plasticity(synapse, dendritic, tau_fac):
    rule = bs.TsodyksMarkram(U=0.3, tau_rec=80.0, tau_fac=tau_fac)
    times, traces, table, spikes = recorded(rule, ["x", "u"], synapse, dendritic)
    for k, (pre, delay) in enumerate(zip(table.pre, table.delay, strict=True)):
        x, u, then, steps = 1.0, 0.0, 0.0, [(t, 1) for t in times] + [(s + delay, 0) for s in spikes[pre]]
        found = {"x": [], "u": []}
        for now, sample in sorted((round(t, 6), sample) for t, sample in steps):
            x = 1.0 + (x - 1.0) * np.exp(-(now - then) / 80.0)
            u = u * np.exp(-(now - then) / tau_fac) if tau_fac else u * (now == then)
            then = now
            if sample:
                found["x"].append(x)
                found["u"].append(u)
            else:
                u += 0.3 * (1.0 - u)
                x -= u * x
        for name, values in found.items():
            np.testing.assert_allclose(traces[name].values[:, k], values, rtol=1e-9, atol=1e-12)


@pytest.mark.thorough
def test_dopamine():
    net, reward = bs.Network(seed=1), bs.Population(1, bs.SpikeTrains([[10.0, 30.0]]), name="reward")
    cells = bs.Population(5, bs.LIF(), name="cells")
    options = {"weight": 1.0, "delay": 1.0, "synapse": bs.Delta(), "plasticity": bs.DopamineSTDP()}
    wires = net.connect(cells, cells, bs.AllToAll(), modulator=reward, **options)
    sim = bs.Simulation(net, seed=1, record=bs.WeightTrace(wires, "n", synapses=[0, 7], every=5.0))
    got = sim.run(50.0).weights[wires, "n"]
    came = got.times[:, None] - np.array([11.0, 31.0])  # 1 ms after the spikes
    expected = 0.005 * np.where(came >= 0.0, np.exp(-np.maximum(came, 0.0) / 200.0), 0.0).sum(axis=1)
    np.testing.assert_allclose(got.values, np.repeat(expected[:, None], 2, axis=1), rtol=1e-9)
    assert got.unit == "1/ms"
    assert np.all(sim.synapses(wires, traces=True).columns["n"] == sim.modulator(wires))


RULES = {
    "short": bs.TsodyksMarkram(tau_fac=30.0),
    "pairs": bs.STDP(w_max=1.0, a_plus=0.05),
    "triplets": bs.TripletSTDP(w_max=1.0),
    "reward": bs.DopamineSTDP(w_max=1.0),
}


@pytest.mark.thorough_only("[triplets]")
@pytest.mark.parametrize("name", RULES)
def test_it_is_what_is_read_between_pieces_and_no_bit_changes(name):
    net, wires = network(RULES[name], dendritic=0.5)
    sim = bs.Simulation(net, seed=5, threads=1)
    shared = [v for v in sim.synapses(wires, traces=True).columns if v not in sim.synapses(wires).columns]
    assert shared
    tables = []
    for _ in range(3):
        sim.run(20.0)
        tables.append(sim.synapses(wires, traces=True))
    plain = bits(bs.simulate(net, 60.0, seed=5, threads=1))
    record = [bs.WeightTrace(wires, v, synapses=[5, 3, 200], every=20.0, bins=[-1.0, 0.1, 0.5, 9.0]) for v in shared]
    for threads in (1, 3):
        result = bs.simulate(net, 60.0, seed=5, threads=threads, record=record)
        assert bits(result) == plain
        for v in shared:
            got, columns = result.weights[wires, v], [table.columns[v] for table in tables]
            np.testing.assert_array_equal(got.values[1:], [column[[5, 3, 200]] for column in columns])
            np.testing.assert_array_equal(got.counts[1:], [np.histogram(column, got.edges)[0] for column in columns])


@pytest.mark.thorough
def test_voltage():
    """A trace that follows the potential of the target begins with it, and is read late."""
    cells, net = (
        bs.Population(5, bs.ClopathAdEx(), name="cells", initial={"v": bs.Uniform(-75.0, -65.0)}),
        bs.Network(seed=1),
    )
    net.stimulate(cells, bs.PoissonInput(rate=2500.0, weight=2.0, synapse=bs.Delta()))
    options = {"weight": 0.5, "delay": 1.5, "synapse": bs.Delta(), "plasticity": bs.ClopathSTDP(delay_u=1.0)}
    wires = net.connect(cells, cells, bs.AllToAll(), dendritic_delay=0.5, **options)
    record = [bs.WeightTrace(wires, "u_minus", synapses=None, every=0.1), bs.Trace(cells, "v")]
    result = bs.simulate(net, 30.0, seed=2, record=record)
    v, got = result.traces["cells", "v"].values, result.weights[wires, "u_minus"]
    follower = [v[0]]
    for now in v[:-1]:
        follower.append(now + (follower[-1] - now) * np.exp(-0.1 / 10.0))
    late = np.maximum(np.arange(len(v)) - 20, 0)  # 1 ms on the dendrite, there and back, and 1 ms
    np.testing.assert_allclose(got.values, np.array(follower)[late][:, got.post], rtol=1e-9)


def test_an_unknown_name():
    net, wires = network(RULES["short"])
    with pytest.raises(ValueError, match="TsodyksMarkram has no variable 'z'; available: w, x, u, r"):
        bs.Simulation(net, seed=1, record=bs.WeightTrace(wires, "z"))
