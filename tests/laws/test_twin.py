"""The engine against the slow twin in reference.py: plain loops that share nothing with it but the time grid."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.reference import simulate_lif

pytestmark = pytest.mark.usefixtures("more_partitions")

N, STEPS, DT = 20, 1000, 0.1
PARAMS = {"tau_m": 20.0, "c_m": 200.0, "v_rest": -60.0, "v_th": -50.0, "v_reset": -62.0, "t_ref": 1.5}
SYNAPSES = {
    ("delta", 0.0): bs.Delta(),
    ("exponential", 3.0): bs.Exponential(tau=3.0),
    ("exponential", 20.0): bs.Exponential(tau=20.0, name="slow"),  # tau equals tau_m
    ("alpha", 1.5): bs.Alpha(tau=1.5),
}
KINDS = list(SYNAPSES)
# largest weight of each kind, so that a few events together reach the threshold: mV, pA, pA, pA
SIZES = {KINDS[0]: 2.0, KINDS[1]: 120.0, KINDS[2]: 24.0, KINDS[3]: 120.0}


def drawn_case(seed, n=N, kinds=KINDS, synapses=160, events=40):
    """A random case: connections and events as the twin takes them, voltages at the start, and currents."""
    rng = np.random.default_rng(seed)

    def weight(kind):
        # a multiple of 1/8 is exact in float32, in which the engine keeps weights; one in four inhibits
        return float(np.round(8 * SIZES[kind] * rng.uniform(0.2, 1.0)) / 8 * rng.choice([1, 1, 1, -1]))

    def chosen():
        return kinds[rng.integers(len(kinds))]

    connections = []
    for _ in range(synapses):
        kind = chosen()
        source, target = (int(k) for k in rng.integers(0, n, 2))
        connections.append((source, target, weight(kind), int(rng.integers(1, 31)), *kind))
    arriving = []
    for _ in range(events):
        kind = chosen()
        arriving.append((int(rng.integers(2, STEPS)), int(rng.integers(n)), weight(kind), *kind))
    # currents on both sides of the rheobase of 100 pA
    return connections, arriving, rng.uniform(-62.0, -50.0, n), rng.uniform(60.0, 140.0, n)


def connect(net, cells, connections):
    """Wire what the twin calls connections, one projection for each kind of synapse."""
    for kind, synapse in SYNAPSES.items():
        mine = [c for c in connections if c[4:] == kind]
        if mine:
            pre, post, weight, delay = (np.array(column) for column in list(zip(*mine, strict=True))[:4])
            net.connect(cells, cells, bs.FromArrays(pre, post), weight=weight, delay=delay * DT, synapse=synapse)


def send(net, cells, events):
    """Send what the twin calls events: each has a source of its own that fires one step before the event acts."""
    events = sorted(events)
    train = bs.SpikeTrains([(e[0] - 1) * DT for e in events], np.arange(len(events)))
    sources = bs.Population(len(events), train, name="events")
    for kind, synapse in SYNAPSES.items():
        mine = [k for k, e in enumerate(events) if e[3:] == kind]
        if mine:
            rule = bs.FromArrays(mine, [events[k][1] for k in mine])
            net.connect(sources, cells, rule, weight=[events[k][2] for k in mine], delay=DT, synapse=synapse)


def simulate(populations, currents, connections, events, threads=2):
    """Run the engine on one population or on several, whose cells are counted through; returns steps, cells and v."""
    net = bs.Network(seed=1)
    cells = populations[0]
    for more in populations[1:]:
        cells = cells + more
    net.stimulate(cells, bs.CurrentInput(currents))
    connect(net, cells, connections)
    if events:
        send(net, cells, events)
    result = bs.simulate(net, STEPS * DT, dt=DT, seed=1, threads=threads, record=[bs.Trace(p, "v") for p in populations])
    firsts = np.cumsum([0, *(p.n for p in populations)])
    spikes = [
        (round(t / DT), int(first + i))
        for p, first in zip(populations, firsts, strict=False)
        for t, i in zip(result.spikes[p].times, result.spikes[p].ids, strict=True)
    ]
    return sorted(spikes), np.hstack([result.traces[p.name, "v"].values for p in populations])


def twin_of_each_cell(params, spikes, connections, events, v0, currents):
    """Run the twin on each cell by itself, with its own parameters, and with what the spikes of all cells send to it.

    Every event comes at least a step after its spike, so spikes that pass this are the one solution of the network.
    """
    found, columns = [], []
    for cell in range(len(v0)):
        arriving = [(e[0], 0, *e[2:]) for e in events if e[1] == cell]
        arriving += [
            (step + c[3], 0, c[2], *c[4:]) for step, source in spikes for c in connections if c[0] == source and c[1] == cell
        ]
        own, v = simulate_lif(
            1, params[cell], [], STEPS, DT, v0=v0[cell : cell + 1], i_ext=currents[cell : cell + 1], events=arriving
        )
        found += [(step, cell) for step, _ in own]
        columns.append(v)
    return sorted(found), np.hstack(columns)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_random_networks_of_mixed_synapses_spike_for_spike(seed):
    connections, events, v0, currents = drawn_case(seed)
    spikes, v = simulate_lif(N, PARAMS, connections, STEPS, DT, v0=v0, i_ext=currents, events=events)
    cells = bs.Population(N, bs.LIF(**PARAMS), name="cells", initial={"v": v0})
    ours, trace = simulate([cells], currents, connections, events, threads=1 + seed % 3)
    assert len(spikes) > N  # the case says something
    assert ours == spikes
    assert np.abs(trace - np.array(v)).max() < 1e-9


@pytest.mark.parametrize("kind", KINDS, ids=["delta", "exponential", "equal_tau", "alpha"])
def test_random_networks_of_one_synapse_spike_for_spike(kind):
    connections, events, v0, currents = drawn_case(11, n=8, kinds=[kind], synapses=40, events=20)
    spikes, v = simulate_lif(8, PARAMS, connections, STEPS, DT, v0=v0, i_ext=currents, events=events)
    cells = bs.Population(8, bs.LIF(**PARAMS), name="cells", initial={"v": v0})
    ours, trace = simulate([cells], currents, connections, events)
    assert len(spikes) > 8
    assert ours == spikes
    assert np.abs(trace - np.array(v)).max() < 1e-9


def test_without_a_refractory_time():
    params = PARAMS | {"t_ref": 0.0}
    connections, events, v0, currents = drawn_case(12, n=8, synapses=40, events=20)
    spikes, v = simulate_lif(8, params, connections, STEPS, DT, v0=v0, i_ext=2 * currents, events=events)
    cells = bs.Population(8, bs.LIF(**params), name="cells", initial={"v": v0})
    ours, trace = simulate([cells], 2 * currents, connections, events)
    assert ours == spikes
    assert np.abs(trace - np.array(v)).max() < 1e-9


def test_two_populations_with_different_parameters():
    fast = PARAMS | {"tau_m": 10.0, "c_m": 100.0, "v_th": -52.0, "v_reset": -60.0, "t_ref": 0.7}
    connections, events, v0, currents = drawn_case(5)
    first = bs.Population(12, bs.LIF(**PARAMS), name="slow", initial={"v": v0[:12]})
    second = bs.Population(8, bs.LIF(**fast), name="fast", initial={"v": v0[12:]})
    ours, trace = simulate([first, second], currents, connections, events)
    spikes, v = twin_of_each_cell([PARAMS] * 12 + [fast] * 8, ours, connections, events, v0, currents)
    assert min(np.bincount([cell >= 12 for _, cell in ours])) > 10
    assert ours == spikes
    assert np.abs(trace - v).max() < 1e-9


def test_parameters_that_differ_from_cell_to_cell():
    rng = np.random.default_rng(6)
    arrays = {
        "tau_m": rng.uniform(8.0, 25.0, N),
        "c_m": rng.uniform(150.0, 250.0, N),
        "v_rest": rng.uniform(-62.0, -58.0, N),
        "v_th": rng.uniform(-52.0, -49.0, N),
        "v_reset": rng.uniform(-66.0, -60.0, N),
        "t_ref": rng.integers(0, 40, N) * DT,
    }
    connections, events, v0, currents = drawn_case(6)
    # some cells begin above their threshold: they fire in the first step
    cells = bs.Population(N, bs.LIF(**arrays), name="cells", initial={"v": v0})
    ours, trace = simulate([cells], 1.5 * currents, connections, events)
    params = [{key: float(values[cell]) for key, values in arrays.items()} for cell in range(N)]
    spikes, v = twin_of_each_cell(params, ours, connections, events, v0, 1.5 * currents)
    assert len(ours) > N
    assert ours == spikes
    assert np.abs(trace - v).max() < 1e-9
