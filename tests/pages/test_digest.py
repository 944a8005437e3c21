"""The digest of a run: the same for any number of threads and pieces, and another one if anything differs."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.pages import digest


def network(weight=30.0):
    cells = bs.Population(200, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=1)
    rule = bs.STDP(w_max=60.0)
    net.connect(cells, cells, bs.FixedIndegree(10), weight=weight, delay=1.5, synapse=bs.Exponential(), plasticity=rule)
    net.stimulate(cells, bs.CurrentInput(450.0))
    return net


def test_it_depends_on_neither_threads_nor_pieces_nor_a_restore(tmp_path, more_partitions):
    net = network()
    whole = bs.Simulation(net, seed=2, threads=1)
    assert len(whole.run(100.0).spikes["cells"]) > digest.BLOCK
    pieces = bs.Simulation(net, seed=2, threads=3)
    for duration in (33.3, 0.1, 66.6):
        pieces.run(duration)
    assert whole.digest() == pieces.digest()
    again = bs.Simulation.load(net, pieces.save(tmp_path / "run.ckpt"), threads=2)
    assert again.digest() == whole.digest()


@pytest.mark.parametrize("what", ["spikes", "state", "weights"])
def test_it_sees_any_difference(monkeypatch, what):
    sim = bs.Simulation(network(), seed=2, threads=1)
    sim.run(50.0)
    before = sim.digest()
    if what == "state":
        sim.state["cells"]["v"][7] = np.nextafter(sim.state["cells"]["v"][7], 0.0)
    elif what == "weights":
        weights = sim.synapses(sim.network.projections[0]).weight
        weights[3] = np.nextafter(weights[3], 0.0)
        sim.set(sim.network.projections[0], w=weights)
    else:
        other = digest.spikes_since_start(sim)
        other[-1, 1] ^= 1
        monkeypatch.setattr(digest, "spikes_since_start", lambda sim: other)
    assert sim.digest() != before


def test_it_needs_all_spikes():
    with pytest.raises(ValueError, match="needs the spikes of all cells; make the Simulation with spikes=True"):
        bs.Simulation(network(), spikes=False).digest()
    sim = bs.Simulation(network(), seed=2)
    sim.run(10.0)
    sim.forget()
    with pytest.raises(ValueError, match="those of earlier times were forgotten"):
        sim.digest()


def test_a_simulation_that_begins_from_a_state_has_one():
    """It is of the spikes since then, for any number of threads."""
    state = bs.Simulation(network(), seed=2).run(20.0).state
    one, two = (bs.Simulation(network(), state=state, threads=threads) for threads in (1, 2))
    one.run(30.0)
    two.run(10.0)
    two.run(20.0)
    assert one.digest() == two.digest()
    one.forget()
    with pytest.raises(ValueError, match="needs the spikes since the simulation began"):
        one.digest()
