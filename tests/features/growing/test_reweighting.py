"""Weights of projections without plasticity that are set during a run: they act, and all else stays as it was."""

import numpy as np
import pytest

import brainsim as bs
from tests.features.plasticity.test_recorded_weights import bits as spikes_and_state

pytestmark = pytest.mark.usefixtures("more_partitions")


def network(weight=0.2, **options):
    """Return a driven network, its recurrent projection, and that of the inhibitory cells."""
    cells = bs.Population(60, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=3)
    net.stimulate(cells, bs.PoissonInput(rate=20_000.0, weight=0.15, synapse=bs.Delta()))
    wires = net.connect(
        cells[:50], cells, bs.FixedIndegree(8), weight=weight, delay=1.5, synapse=bs.Delta(), name="wires", **options
    )
    net.connect(cells[50:], cells, bs.FixedIndegree(4), weight=-0.4, delay=bs.Uniform(1.0, 2.0), synapse=bs.Delta())
    return net, wires


@pytest.mark.parametrize("threads", [1, 3])
def test_a_weight_that_is_set_at_the_start_is_that_of_the_description(threads):
    net, wires = network(0.2)
    sim = bs.Simulation(net, seed=5, threads=threads)
    sim.set(wires, weight=0.5)
    assert spikes_and_state(sim.run(40.0)) == spikes_and_state(bs.simulate(network(0.5)[0], 40.0, seed=5))
    assert set(sim.synapses("wires").weight) == {0.5}


def test_each_synapse_gets_its_own_weight_also_if_they_shared_one():
    net, wires = network(0.2)
    sim = bs.Simulation(net, seed=5, threads=2)
    sim.run(10.0)
    table = sim.synapses(wires)
    wanted = np.linspace(0.0, 0.4, len(table))
    sim.set("wires", weight=wanted)
    after = sim.synapses(wires)
    assert np.array_equal(after.pre, table.pre)
    assert np.array_equal(after.post, table.post)
    assert np.array_equal(after.weight, wanted.astype(np.float32))
    first = sim.synapses("cells[50:60]->cells")
    assert np.array_equal(first.weight, bs.Simulation(net, seed=5).synapses("cells[50:60]->cells").weight)
    sim.set(wires, weight=0.1)
    assert set(sim.synapses(wires).weight) == {0.1}


def test_weights_act_from_now_on():
    net, wires = network(0.2)
    sim = bs.Simulation(net, seed=5)
    rates = [sim.run(200.0).spikes["cells"].rate()]
    for weight in (1.0, 0.0):
        sim.set(wires, weight=weight)
        rates.append(sim.run(200.0).spikes["cells"].rate())
    assert rates[1] > 1.2 * rates[0]
    assert rates[2] < rates[0]


def test_one_word_for_synapses_that_learn_as_well():
    net, wires = network(0.2, plasticity=bs.STDP(w_max=1.0))
    sim = bs.Simulation(net, seed=5)
    sim.set(wires, weight=0.7)
    assert set(sim.synapses(wires).weight) == {0.7}


def test_mistakes():
    net, wires = network(0.2)
    again = net.connect(
        *[net.populations["cells"]] * 2,
        bs.FixedTotal(9),
        weight=0.1,
        delay=1.0,
        synapse=bs.Delta(),
        storage="procedural",
        name="again",
    )
    sim = bs.Simulation(net, seed=5)
    for values, error, message in [
        ({"delay": 0.04}, ValueError, "projection 'wires': delay: must be >= 0.1 ms"),
        ({"delay": [1.0, 2.0]}, ValueError, r"delay must be a number or an array of 480 numbers.*got shape \(2,\)"),
        ({"delay": 1e9}, ValueError, "wires.delay: must be at most 6500 ms"),
        ({"w": 0.5}, ValueError, "projection 'wires': cannot set 'w', only weight and delay; without plasticity"),
        ({"weight": [0.1, 0.2]}, ValueError, r"weight must be a number or an array of 480 numbers.*got shape \(2,\)"),
        ({"weight": np.nan}, ValueError, "projection 'wires': weight: must be"),
        ({"weight": bs.Uniform(0.0, 1.0)}, TypeError, "weight must be a number or an array"),
        ({"weight": "big"}, TypeError, "projection 'wires': weight"),
        ({}, ValueError, "projection 'wires': nothing to set; give weight="),
    ]:
        with pytest.raises(error, match=message):
            sim.set(wires, **values)
    with pytest.raises(ValueError, match="'again' is procedural"):
        sim.set(again, weight=0.2)
    assert set(sim.synapses(wires).weight) == {0.2}


@pytest.mark.parametrize("threads", [1, 3])
def test_a_delay_that_is_set_while_nothing_is_under_way_is_that_of_the_description(threads, tmp_path):
    def delayed(delay):
        source = bs.Population(5, bs.SpikeTrains([10.0, 11.0, 30.0], [0, 1, 2]), name="source")
        cells = network()[0].populations["cells"]
        net = bs.Network(seed=3)
        wires = net.connect(source, cells, bs.FixedIndegree(2), weight=20.0, delay=delay, synapse=bs.Delta(), name="wires")
        return net, wires

    net, wires = delayed(1.5)
    sim, other = bs.Simulation(net, seed=5, threads=threads), delayed(4.0)[0]
    for _ in range(2):
        sim.set(wires, delay=4.0)
        assert spikes_and_state(sim.run(20.0)) == spikes_and_state(bs.simulate(other, 20.0, seed=5))
        sim.reset()
        assert set(sim.synapses("wires").delay) == {1.5}
    sim.run(11.5)
    with pytest.raises(ValueError, match="'wires': delays can be set .* sent 0.5 ms ago would be lost"):
        sim.set(wires, delay=4.0)
    sim.run(8.5)
    delays = np.rint(np.linspace(10.0, 50.0, 120)) / 10.0
    sim.set(wires, delay=delays, weight=25.0)
    again = bs.Simulation.load(net, sim.save(tmp_path / "run.ckpt"))
    np.testing.assert_allclose(np.sort(again.synapses("wires").delay), delays)
    assert sim.run(20.0).spikes == again.run(20.0).spikes
    assert len(sim.result().spikes["cells"]) > 0


def test_weights_that_were_learned_are_kept_over_a_reset():
    net, wires = network(0.2, plasticity=bs.STDP(w_max=1.0))
    sim = bs.Simulation(net, seed=5)
    sim.run(40.0)
    learned = sim.synapses(wires).weight
    sim.reset()
    assert set(sim.synapses(wires).weight) == {0.2}
    sim.set(wires, weight=learned)
    assert np.ptp(learned) > 0.0
    assert np.array_equal(sim.synapses(wires).weight, learned)
