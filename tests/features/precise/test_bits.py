"""Exact spike times are the same to the bit for any number of threads, in pieces, and after a restore."""

import copy

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.runs import precise, ranked
from tests.helpers.runs.precise import DURATION, network

pytestmark = pytest.mark.usefixtures("more_partitions")


def described():
    """Return a network and what is recorded of it."""
    net = network()
    return net, [bs.Trace(net.populations[name], "v", every=every) for name, every in (("linear", 0.1), ("others", 5.0))]


def simulation(**options):
    net, record = described()
    return bs.Simulation(net, **({"seed": 2, "precise": True, "threads": 1, "record": record} | options))


def differences(result, other):
    """Return what differs between two results."""
    found = [name for name in result.spikes if result.spikes[name] != other.spikes[name]]
    for name, variables in result.state.variables.items():
        found += [(name, v) for v, values in variables.items() if not np.array_equal(values, other.state.variables[name][v])]
    for name, values in result.state.extra.items():
        found += [] if np.array_equal(values, other.state.extra[name]) else [name]
    return found


@pytest.fixture(scope="module")
def whole():
    result = simulation().run(DURATION)
    spikes = result.spikes
    assert min(len(spikes["linear"]), len(spikes["others"])) > 100
    between = spikes["linear"].times / 0.1
    assert np.mean(np.abs(between - np.rint(between)) > 1e-6) > 0.9
    assert len(result.state.extra["lags of spikes"]) > 10
    return result


@pytest.mark.thorough
@pytest.mark.parametrize("threads", [2, 3, 4])
def test_threads(whole, threads):
    assert differences(whole, simulation(threads=threads).run(DURATION)) == []


@pytest.mark.parametrize(("ranks", "threads", "pieces"), [(2, 2, 3), (3, 1, 1)])
def test_ranks(ranks, threads, pieces):
    ranked.mpi_or_skip()
    expected = precise.ran(1, 1, ranks=None)
    assert ranked.on_ranks(ranks, "precise:ran", threads, pieces) == expected


@pytest.mark.thorough
def test_synapses_are_removed(whole):
    ranked.mpi_or_skip()
    expected = precise.rewired(1, ranks=None)
    assert expected["linear"] != precise.hashes(whole)["linear"]
    assert ranked.on_ranks(2, "precise:rewired", 2) == expected


def test_a_state_continues_on_another_number_of_ranks(tmp_path):
    ranked.mpi_or_skip()
    on_one, on_two = tmp_path / "one.npz", tmp_path / "two.npz"
    assert ranked.on_ranks(2, "precise:saved", on_two, 1) == precise.saved(on_one, 2, ranks=None)
    expected = precise.continued(on_one, 1, ranks=None)
    assert ranked.on_ranks(3, "precise:continued", on_two, 1) == expected


@pytest.mark.thorough
def test_pieces(whole):
    sim, done = simulation(threads=2), 0.0
    for piece in (0.1, 0.2, 7.4, 12.3, 0.1, 25.9, 14.0):
        sim.run(piece)
        done += piece
    assert round(done, 6) == DURATION
    assert differences(whole, sim.result()) == []


@pytest.mark.parametrize("first", [0.1, 23.4])
def test_a_state(whole, first):
    begun = simulation().run(first)
    rest = simulation(state=begun.state, seed=None, threads=3).run(DURATION - first)
    assert [each for each in differences(whole, rest) if each not in whole.spikes] == []
    for name, spikes in whole.spikes.items():
        later = spikes.times > first
        assert np.array_equal(rest.spikes[name].times, spikes.times[later])
        assert np.array_equal(rest.spikes[name].ids, spikes.ids[later])


def test_a_checkpoint_a_copy_and_a_reset(whole, tmp_path):
    sim = simulation()
    sim.run(31.7)
    other, (net, record) = copy.deepcopy(sim), described()
    loaded = bs.Simulation.load(net, sim.save(tmp_path / "run.ckpt"), threads=2, record=record)
    for each in (sim, other, loaded):
        each.run(DURATION - 31.7)
        assert differences(whole, each.result()) == []
    sim.reset()
    sim.run(DURATION)
    assert differences(whole, sim.result()) == []


def test_a_network_that_grows_keeps_what_is_under_way(whole):
    """New cells come before others in the numbering, but send nothing."""
    sim = simulation()
    sim.run(31.7)
    net = sim.network
    new = bs.Population(5, bs.LIF(t_ref=1.23), name="new")
    net.connect(net.populations["linear"], new, bs.FixedIndegree(3), weight=0.1, delay=0.7, synapse=bs.Exponential(tau=2.0))
    net.connect(net.populations["linear"], new, bs.FixedIndegree(3), weight=0.1, delay=0.7, synapse=bs.Delta())
    net.stimulate(new, bs.CurrentInput(0.0))
    grown = sim.continue_with(net)
    rest = grown.run(DURATION - 31.7)
    for name, spikes in whole.spikes.items():
        later = spikes.times > 31.7
        assert np.array_equal(rest.spikes[name].times, spikes.times[later])
        assert np.array_equal(rest.spikes[name].ids, spikes.ids[later])


def test_a_file_holds_the_times(whole, tmp_path):
    net = network()
    result = bs.simulate(net, DURATION, seed=2, precise=True, to=tmp_path / "run.npz")
    for name, spikes in bs.Result.load(tmp_path / "run.npz").spikes.items():
        assert spikes == whole.spikes[name] == result.spikes[name]


@pytest.mark.thorough
def test_a_rate_that_is_set_acts_at_once():
    cells, net = bs.Population(50, bs.LIF(), name="cells"), bs.Network(seed=1)
    drive = bs.PoissonInput(rate=0.0, weight=20.0, synapse=bs.Delta())
    net.stimulate(cells, drive)
    sim = bs.Simulation(net, seed=1, precise=True)
    assert len(sim.run(50.0).spikes["cells"]) == 0
    sim.set(drive, rate=100.0)
    counts = len(sim.run(50.0).spikes["cells"])
    assert counts > 150
    one, two = (copy.deepcopy(sim) for _ in range(2))
    two.set(drive, rate=100.0)  # the same: nothing changes
    assert one.run(50.0).spikes == two.run(50.0).spikes


@pytest.mark.thorough
def test_an_interrupted_run_can_be_reset(whole):
    """A cell that would fire twice in a step ends the run; what was under way is forgotten."""
    cell, net = bs.Population(1, bs.LIF(t_ref=0.0), name="cell"), bs.Network(seed=1)
    current = bs.CurrentInput(400.0)
    net.stimulate(cell, current)
    sim = bs.Simulation(net, dt=0.5, seed=1, precise=True)
    first = sim.run(50.0).spikes["cell"]
    sim.set(current, amplitude=1e5)
    with pytest.raises(ValueError, match=r"Simulation.dt: cell 0 of 'cell' fires twice within dt = 0.5 ms"):
        sim.run(50.0)
    sim.reset()
    assert sim.run(50.0).spikes["cell"] == first
