"""Weights that take few values take two bytes, and change no bit."""

import copy

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.synapses import few_values
from brainsim.engine.synapses.few_values import few_values_of

pytestmark = pytest.mark.usefixtures("more_partitions")


@pytest.fixture
def always(monkeypatch):
    """Let the weights of small networks be kept by their numbers, too."""
    monkeypatch.setattr(few_values, "WORTH", 1)


def contacts(n, size, seed):
    """Return pairs of cells and how many contacts they have, negative for cells that inhibit."""
    rng = np.random.default_rng(seed)
    pre, post = rng.integers(0, n, (2, size))
    return pre, post, np.where(pre % 4 == 0, -1, 1) * np.ceil(rng.lognormal(1.0, 1.0, size))


def network(weight=0.275, more=False, n=200, size=6000):
    """Return a network whose weights are contacts times a weight; with `more`, other projections between its cells, too."""
    pre, post, counts = contacts(n, size, 1)
    cells = bs.Population(n, bs.ShiuLIF(t_ref=np.where(np.arange(n) < 20, 0.0, 2.2)), name="cells")
    net = bs.Network(seed=1)
    net.connect(
        cells,
        cells,
        bs.FromArrays(pre, post),
        weight=weight * counts,
        delay=1.8,
        synapse=bs.Delta(variable="g"),
        name="counted",
    )
    net.stimulate(cells[:20], bs.PoissonInput(rate=150.0, weight=68.75, synapse=bs.Delta()))
    if more:
        pairs = bs.FromArrays(post[:500], pre[:500])
        delays = 0.1 * (1 + np.arange(500) % 30)
        net.connect(cells, cells, pairs, weight=3.0 * counts[:500], delay=delays, synapse=bs.Exponential())
        net.connect(cells, cells, bs.FixedIndegree(3), weight=20.0, delay=2.0, synapse=bs.Exponential())
    return net


def ran(net, threads=1, pieces=1, **options):
    sim = bs.Simulation(net, dt=0.1, seed=2, threads=threads, **options)
    for _ in range(pieces):
        sim.run(120.0 / pieces, progress=False)
    return sim, sim.result()


def check_same(found, wanted):
    assert len(wanted.spikes["cells"]) > 100
    assert found.spikes["cells"] == wanted.spikes["cells"]
    for name, values in wanted.state.variables["cells"].items():
        assert np.array_equal(found.state.variables["cells"][name], values)


@pytest.mark.thorough_only("[True]")
@pytest.mark.parametrize("more", [False, True])
def test_the_bits_are_those_of_weights_in_four_bytes(more, monkeypatch):
    usual, wanted = ran(network(more=more))
    monkeypatch.setattr(few_values, "WORTH", 1)
    few, found = ran(network(more=more), threads=3, pieces=4)
    assert few._run.synapses.store.weights.dtype == np.uint16
    assert usual._run.synapses.store.weights.dtype == np.float32
    check_same(found, wanted)


@pytest.mark.usefixtures("always")
def test_weights_are_read_and_set_and_synapses_come_and_go():
    sim, _ = ran(network())
    table, (pre, post, counts) = sim.synapses("counted"), contacts(200, 6000, 1)
    order = np.lexsort((post, pre))
    assert np.array_equal(table.weight, (0.275 * counts).astype(np.float32)[order].astype(float))
    sim.set("counted", weight=2.0 * table.weight)
    assert np.array_equal(sim.synapses("counted").weight, 2.0 * table.weight)
    sim.rewire("counted", remove=np.arange(100), pre=[3, 4], post=[5, 6], weight=0.1)
    kept = sim.synapses("counted")
    assert len(kept) == len(table) - 98
    assert np.isin(np.float32(0.1), kept.weight)
    again = copy.deepcopy(sim)
    check_same(again.run(50.0), sim.run(50.0))


@pytest.mark.usefixtures("always")
def test_a_weight_of_each_synapse_that_is_set_takes_four_bytes_again(monkeypatch):
    monkeypatch.setattr(few_values, "MOST", 500)
    sim, _ = ran(network())
    sim.set("counted", weight=np.linspace(0.1, 2.0, 6000))
    assert sim._run.synapses.store.weights.dtype == np.float32
    assert np.array_equal(sim.synapses("counted").weight, np.linspace(0.1, 2.0, 6000).astype(np.float32).astype(float))


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    ("options", "few"),
    [
        ({"weight": np.arange(100.0)}, True),
        ({"weight": 2.0}, False),
        ({"weight": bs.Uniform(1.0, 2.0)}, False),
        ({"weight": np.arange(100) / 100.0, "plasticity": bs.STDP()}, False),
    ],
)
def test_which_weights_are_kept_by_their_numbers(options, few):
    cells, net = bs.Population(10, bs.LIF(), name="cells"), bs.Network(seed=1)
    pairs = bs.FromArrays(np.arange(100) // 10, np.arange(100) % 10)
    net.connect(cells, cells, pairs, delay=1.0, synapse=bs.Exponential(), **options)
    assert (few_values_of(net.projections) is not None) == few


@pytest.mark.usefixtures("always")
def test_an_empty_list_behind_a_full_table():
    cells, net, k = bs.Population(256, bs.LIF(), name="cells"), bs.Network(seed=1), np.arange(1 << 16)
    for pairs, weight in ((bs.FromArrays(k // 256, k % 256), 1.0 + k), (bs.FromArrays([], []), np.empty(0))):
        net.connect(cells, cells, pairs, weight=weight, delay=1.0, synapse=bs.Delta())
    found = few_values_of(net.projections)
    assert [found.numbers(projection).size for projection in net.projections] == [1 << 16, 0]


def test_small_networks_keep_their_weights():
    assert few_values_of(network().projections) is None
