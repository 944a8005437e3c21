"""Projections of all cells to all with one weight: nothing is stored of them, and the bits are those of the store."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.build.layout import Layout
from brainsim.engine.simulation.settings import timing_of
from brainsim.engine.synapses import ranges
from brainsim.engine.synapses import store as store_module
from brainsim.engine.synapses.ranges import find_ranges

pytestmark = pytest.mark.usefixtures("more_partitions")

DIRECT, BUFFERED = bs.Exponential(tau=5.0), bs.Delta()


def network(synapse=DIRECT, autapses=True, mixed=False):
    """Return two populations, between parts of which there are ranges; `mixed` with listed synapses on some receptors."""
    a, b = bs.Population(50, bs.LIF(), name="a"), bs.Population(33, bs.LIF(tau_m=bs.Uniform(9.0, 11.0)), name="b")
    net, rule, size = bs.Network(seed=1), bs.AllToAll(autapses=autapses), 2.37 if synapse is DIRECT else 0.0237
    net.connect(a, a[10:], rule, weight=size, delay=1.5, synapse=synapse, name="part")
    net.connect(a + b, b, rule, weight=-0.7 * size, delay=0.3, synapse=synapse, name="joined")
    net.connect(b, a[::-1], rule, weight=0.3 * size, delay=1.5, synapse=synapse, name="reversed")
    net.connect(b, a[5:12] + b[3:9], rule, weight=0.31 * size, delay=1.5, synapse=synapse, name="two pieces")
    if mixed:
        net.connect(b, a, bs.FixedProbability(0.3), weight=0.7 * size, delay=1.5, synapse=synapse, name="shared")
        drawn = {"weight": bs.Uniform(0.0, size), "delay": bs.Uniform(0.3, 2.0)}
        net.connect(a, b, bs.FixedProbability(0.3), **drawn, synapse=synapse, name="drawn")
    net.stimulate(a + b, bs.PoissonInput(rate=4000.0, weight=0.3, synapse=bs.Delta()))
    return net


@pytest.mark.parametrize("longest", [1, 3, 4, 5, 100])
def test_no_range_is_longer_than_a_segment_can_be(monkeypatch, longest):
    monkeypatch.setattr(ranges, "MAX_LENGTH", longest)
    places, parts = np.array([4, 5, 6, 7, 8, 9, 12, 13, 14, 15]), np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    start, stop, part = ranges._runs(places[::-1], parts[::-1])
    assert (stop - start).max() == min(longest, 4)
    covered = [(place, p) for a, b, p in zip(start, stop, part, strict=True) for place in range(a, b)]
    assert covered == list(zip(places, parts, strict=True))


def ran(net, threads=1, pieces=1, **options):
    sim = bs.Simulation(net, seed=2, threads=threads, **options)
    for _ in range(pieces):
        sim.run(120.0 / pieces, progress=False)
    return sim, sim.result()


def check_same(found, wanted):
    assert len(wanted.spikes["a"]) > 50
    for name in "ab":
        assert np.array_equal(found.spikes[name].times, wanted.spikes[name].times)
        assert np.array_equal(found.spikes[name].ids, wanted.spikes[name].ids)
        for variable in wanted.state[name]:
            assert np.array_equal(found.state[name][variable], wanted.state[name][variable])


@pytest.fixture
def stored(monkeypatch):
    """Return what runs a network whose synapses are all stored."""

    def run(net, **options):
        with monkeypatch.context() as context:
            context.setattr(store_module, "find_ranges", lambda layout, projections: set())
            sim, result = ran(net, **options)
        assert sim._run.synapses.store.targets.size == sim.n_synapses
        return result

    return run


@pytest.mark.thorough_only("[direct-single]")
@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize(
    "given",
    [{}, {"autapses": False}, {"synapse": BUFFERED}, {"mixed": True}, {"mixed": True, "autapses": False}],
    ids=lambda given: ", ".join(given) or "direct",
)
def test_the_bits_are_those_of_the_store(given, precision, stored):
    wanted = stored(network(**given), precision=precision)
    for threads, pieces in ((1, 3), (2, 1), (3, 2), (4, 1)):
        sim, found = ran(network(**given), threads, pieces, precision=precision)
        assert sim._run.synapses.store.in_ranges > 0
        check_same(found, wanted)


def test_nothing_is_stored():
    for threads in (1, 3):
        for autapses in (True, False):
            sim, _ = ran(network(autapses=autapses), threads)
            store = sim._run.synapses.store
            assert store.in_ranges == sim.n_synapses > 0
            assert store.targets.size == store.weights.size == 0


def test_a_source_with_other_synapses_of_one_weight_onto_the_receptor_keeps_all_in_the_store():
    """Their order among those with equal delays follows from their weights."""
    net = network(mixed=True)
    found = {projection.name for projection in find_ranges(Layout(net, 0.1, 1, filled=False), net.projections)}
    assert found == {"part"}  # b has listed synapses onto a, so those of "two pieces" are listed, which go to b, too
    assert not find_ranges(Layout(net, 0.1, 1, filled=False, timing=timing_of(True)), net.projections)


@pytest.mark.parametrize("targets", [slice(0, 40, 2), [1, 2, 5]], ids=str)
def test_targets_that_are_scattered_are_listed(targets):
    cells, net = bs.Population(50, bs.LIF(), name="cells"), bs.Network(seed=1)
    projection = net.connect(cells, cells[targets], bs.AllToAll(), weight=1.0, delay=1.0, synapse=DIRECT)
    assert not find_ranges(Layout(net, 0.1, 1, filled=False), [projection])


def test_a_few_sources_let_many_cells_rest():
    """A kick for all cells, now and then, is listed: in between, cells at rest are not visited."""
    cells, net = bs.Population(3000, bs.LIF(), name="cells"), bs.Network(seed=1)
    kick = bs.Population(3, bs.SpikeTrains([1.0, 1.0, 1.0], [0, 1, 2]), name="kick")
    few = net.connect(kick, cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=DIRECT)
    many = net.connect(cells, cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=DIRECT)
    assert find_ranges(Layout(net, 0.1, 1, filled=False), [few, many]) == {many}
    assert find_ranges(Layout(net, 0.1, 2, filled=False), [few, many]) == {few, many}  # fewer than are worth a look


def test_they_are_read_set_and_rewired_like_others(monkeypatch):
    def change(threads):
        sim, _ = ran(network(autapses=False), threads)
        table = sim.synapses("part")
        assert len(table) == 50 * 40 - 40
        assert not np.any(table.pre == table.post + 10)
        assert np.all(table.weight == 2.37)
        weights = np.where(table.pre == 3, 0.0, table.weight)
        sim.set("part", weight=weights)  # one by one, so they are stored from now on
        kept = sim._run.synapses.store.in_ranges
        assert np.array_equal(sim.synapses("part").weight, np.float32(weights))
        sim.run(50.0, progress=False)
        sim.rewire("joined", remove=np.arange(5))
        assert len(sim.synapses("joined")) == 83 * 33 - 33 - 5
        sim.run(50.0, progress=False)
        return kept, sim.n_synapses, sim.result()

    kept, number, found = change(2)
    assert kept == number + 5 - (50 * 40 - 40)
    monkeypatch.setattr(store_module, "find_ranges", lambda layout, projections: set())
    nothing, _, wanted = change(1)
    assert nothing == 0
    check_same(found, wanted)


@pytest.mark.parametrize("threads", [(1, 3), (4, 2)], ids=str)
def test_a_run_continues_from_a_saved_state_with_spikes_under_way(threads, tmp_path):
    wanted = ran(network(autapses=False))[1]
    first = bs.Simulation(network(autapses=False), seed=2, threads=threads[0])
    first.run(70.0, progress=False)
    first.save(tmp_path / "half.ckpt")
    second = bs.Simulation.load(network(autapses=False), tmp_path / "half.ckpt", threads=threads[1])
    second.run(50.0, progress=False)
    check_same(second.result(), wanted)


@pytest.mark.thorough_only("[None]")
@pytest.mark.parametrize("homeostasis", [None, bs.Normalisation(total=60.0, every=20.0)], ids=str)
def test_synapses_that_learn_are_told_from_ranges(homeostasis, monkeypatch):
    """A range says where its targets are in the state, which may be a number that is in the block of others."""

    def learned(threads):
        net = network()
        a = net.populations["a"]
        net.connect(
            *(a, a, bs.FixedIndegree(12)),
            name="plastic",
            weight=bs.Uniform(2.0, 8.0),
            delay=1.5,
            synapse=DIRECT,
            plasticity=bs.STDP(w_max=20.0, a_plus=0.1, a_minus=0.1),
            homeostasis=homeostasis,
        )
        sim, result = ran(net, threads, pieces=2)
        ranges = sim._run.synapses.store.in_ranges
        return ranges, sim.synapses("plastic"), sim.rewire("plastic", remove=[0, 5]), sim.synapses("plastic"), result

    ranges, *found = learned(2)
    assert ranges > 0
    monkeypatch.setattr(store_module, "find_ranges", lambda layout, projections: set())
    nothing, *wanted = learned(1)
    assert nothing == 0
    for one, other in ((found[0], wanted[0]), (found[2], wanted[2])):
        for column in ("pre", "post", "weight", "delay"):
            assert np.array_equal(getattr(one, column), getattr(other, column)), column
    assert np.std(found[0].weight) > 0.5
    check_same(found[3], wanted[3])
