"""Runs: the spikes are those of the same network written for brainsim, however the run is cut and whatever is added."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import brainsim as bs


def spikes(cells):
    return [train.magnitude.tolist() for train in cells.get_data("spikes").segments[-1].spiketrains]


def signal(cells, name):
    return cells.get_data(name).segments[-1].filter(name=name)[0].magnitude


@pytest.mark.thorough
def test_the_spikes_of_brainsim(sim):
    start = np.linspace(-65.0, -50.0, 30)
    cells = sim.Population(
        30, sim.IF_curr_exp(cm=0.25, i_offset=0.3, tau_refrac=2.0, tau_syn_I=8.0), initial_values={"v": start}
    )
    pairs = [(i, (7 * i + k) % 30) for i in range(30) for k in (1, 3)]
    weights = {pair: -0.01 * (1 + k % 5) for k, pair in enumerate(pairs)}
    rows = [(*pair, weights[pair], 1.5) for pair in pairs]
    sim.Projection(cells, cells, sim.FromListConnector(rows), sim.StaticSynapse(), receptor_type="inhibitory")
    kick = sim.DCSource(amplitude=0.2, start=20.0, stop=40.0)
    cells[:3].inject(kick)
    cells.record(["spikes", "v"])
    sim.run(100.0)

    lif = bs.LIF(c_m=250.0, tau_m=20.0, v_rest=-65.0, v_th=-50.0, v_reset=-65.0, t_ref=2.0)
    same = bs.Population(30, lif, name="cells", initial={"v": start})
    net = bs.Network(seed=1)
    net.stimulate(same, bs.CurrentInput(300.0))
    net.stimulate(same[:3], bs.CurrentInput(200.0, start=20.0, stop=40.0))
    pre, post = np.array(pairs).T
    synapse = bs.Exponential(tau=8.0)
    net.connect(
        same, same, bs.FromArrays(pre, post), weight=[1000.0 * weights[p] for p in pairs], delay=1.5, synapse=synapse
    )
    result = bs.simulate(net, 100.0, seed=1, record=bs.Trace(same, "v"))
    assert spikes(cells) == [result.spikes["cells"].times[result.spikes["cells"].ids == k].tolist() for k in range(30)]
    assert_allclose(signal(cells, "v"), result.traces["cells", "v"].values, atol=1e-9)
    assert cells.get_spike_counts() == {int(cell): n for cell, n in zip(cells, result.spikes["cells"].counts(), strict=True)}


def pair_of_cells(sim, **kind):
    """Return a source of five spikes, a cell, and the projection between them."""
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0, 10.0, 15.02, 30.0, 60.0]))
    cell = sim.Population(1, sim.IF_curr_exp(v_thresh=0.0))
    wire = sim.Projection(source, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=2.0, delay=1.0))
    source.record("spikes")
    cell.record(["v", "isyn_exc"])
    return source, cell, wire


def test_a_run_can_be_cut_and_begun_again(sim):
    source, cell, _ = pair_of_cells(sim)
    sim.run(80.0)
    whole, current = signal(cell, "v"), signal(cell, "isyn_exc")
    assert spikes(source) == [[5.0, 10.0, 15.02, 30.0, 60.0]]  # as they were given, also off the grid
    assert whole.shape == (801, 1)
    assert current[59:62, 0].tolist() == pytest.approx([0.0, 2.0, 2.0 * np.exp(-0.02)])
    sim.reset()
    sim.run_until(33.3)
    sim.run(46.7)
    block = cell.get_data()
    assert [segment.name for segment in block.segments] == ["segment000", "segment001"]
    assert_array_equal(signal(cell, "v"), whole)
    with pytest.raises(ValueError, match="in the past"):
        sim.run_until(10.0)
    with pytest.raises(ValueError, match="run: must be finite"):
        sim.run(np.nan)


def test_what_is_added_between_two_runs_changes_nothing_else(sim):
    _, cell, _ = pair_of_cells(sim)
    sim.run(80.0)
    whole = signal(cell, "v")
    sim.setup(timestep=0.1)
    source, cell, _ = pair_of_cells(sim)
    sim.run(30.5)  # a spike is under way
    other = sim.Population(2, sim.IF_curr_exp(v_thresh=0.0), initial_values={"v": -60.0})
    sim.Projection(source, other, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0, delay=2.0))
    other.record("v")
    sim.run(49.5)
    assert_array_equal(signal(cell, "v"), whole)
    late = signal(other, "v")
    assert late.shape == (496, 2)
    assert late[0, 0] == -60.0
    assert late[15, 0] < late[14, 0]
    assert late[17, 0] > late[16, 0]


def test_values_are_changed_between_two_runs(sim):
    source, cell, wire = pair_of_cells(sim)
    sim.run(20.0)
    source.set(spike_times=[22.0])
    wire[0].weight = 4.0
    sim.run(10.0)
    current = signal(cell, "isyn_exc")[:, 0]
    assert current[230] - current[229] * np.exp(-0.02) == pytest.approx(4.0)
    wire.set(delay=3.0)
    source.set(spike_times=[31.0])
    cell.set(tau_syn_E=10.0)
    sim.run(10.0)
    current = signal(cell, "isyn_exc")[:, 0]
    assert current[340] - current[339] * np.exp(-0.01) == pytest.approx(4.0)
    assert spikes(source) == [[5.0, 10.0, 15.02, 22.0, 31.0]]


def test_pieces_of_a_recording(sim):
    source, cell, _ = pair_of_cells(sim)
    sim.run(10.0)
    first = cell.get_data("v", clear=True).segments[0].analogsignals[0]
    sim.run(10.0)
    second = cell.get_data("v", clear=True).segments[0].analogsignals[0]
    assert (first.t_start, second.t_start, second.t_stop - second.sampling_period) == (0.0, 10.0, 20.0)
    assert first.shape == second.shape == (101, 1)
    assert first[-1] == second[0]
    assert spikes(source) == [[5.0, 10.0, 15.02]]


def test_weights_reach_their_synapses(sim):
    """Connections keep their order, while those of brainsim are sorted by source, target and delay."""
    source = sim.Population(3, sim.SpikeSourceArray(spike_times=[50.0]))
    some, others = sim.Population(2, sim.IF_curr_exp()), sim.Population(2, sim.IF_curr_exp())
    rows = [(2, 3, 1.0, 2.0), (0, 1, 2.0, 3.0), (2, 0, 3.0, 1.0), (0, 1, 4.0, 1.0), (1, 2, 5.0, 1.5)]
    wires = sim.Projection(source, some + others, sim.FromListConnector(rows), sim.StaticSynapse())
    sim.run(1.0)
    wires.set(weight=np.arange(12.0).reshape(3, 4))
    one = next(c for c in wires if (c.postsynaptic_index, c.delay) == (1, 3.0))
    one.weight = 7.0
    sim.run(1.0)
    simulation = sim.simulator.state.simulation
    tables = [simulation.synapses(projection) for projection in simulation.network.projections]
    found = [
        sorted(zip(table.pre, table.post, table.weight / 1000.0, table.delay.round(9), strict=True)) for table in tables
    ]
    assert found == [[(0, 1, 1.0, 1.0), (0, 1, 7.0, 3.0), (2, 0, 8.0, 1.0)], [(1, 0, 6.0, 1.5), (2, 1, 11.0, 2.0)]]
