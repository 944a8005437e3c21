"""The estimate knows what is stored of a projection and what traces take, and what cannot fit is refused."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.build.layout import Layout
from brainsim.engine.synapses import few_values
from brainsim.features.estimates import memory
from brainsim.models import packed, pair_lists
from tests.helpers.small_networks import connected, population

pytestmark = pytest.mark.usefixtures("more_partitions")


def estimated(sim):
    """Return name -> bytes of the synapses of each projection."""
    return {name: size for name, _, size in memory.estimate_layout(sim._layout).rows}


@pytest.fixture
def short_columns_are_packed(monkeypatch):
    for module in (packed, pair_lists, few_values):
        monkeypatch.setattr(module, "WORTH", 1)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("autapses", [True, False])
def test_nothing_is_stored_of_ranges(threads, autapses):
    a, b, net = bs.Population(50, bs.LIF(), name="a"), bs.Population(33, bs.LIF(), name="b"), bs.Network(seed=1)
    for pre, post in ((a, a[10:]), (a + b, b), (b, a[::-1])):
        net.connect(pre, post, bs.AllToAll(autapses=autapses), weight=2.0, delay=1.5, synapse=bs.Exponential())
    sim = bs.Simulation(net, seed=2, threads=threads)
    store = sim._run.synapses.store
    assert store.in_ranges == sim.n_synapses == round(net.estimate(0.1, threads).synapses)
    found = memory.expected_segments({p: p.expected for p in net.projections}, Layout(net, 0.1, threads, filled=False))
    assert store.piece.size <= found <= 1.1 * store.piece.size
    sizes = estimated(sim)
    assert [sizes[projection.name] for projection in net.projections] == [0, 0, 0]


@pytest.mark.usefixtures("short_columns_are_packed")
@pytest.mark.parametrize("by_source", [True, False])
def test_a_list_that_is_the_store_takes_no_more(by_source):
    rng = np.random.default_rng(1)
    cells, net = bs.Population(140_000, bs.LIF(), name="cells"), bs.Network(seed=1)  # so targets take four bytes
    pre, post = np.sort(rng.integers(0, 200, 20_000)), rng.integers(0, cells.n, 20_000)
    pairs = bs.FromArrays(*((pre, post) if by_source else (post, pre)))
    weight = 0.9 * rng.integers(-5, 9, 20_000)
    net.connect(cells, cells, pairs, weight=weight, delay=1.8, synapse=bs.Delta(), name="listed")
    sim = bs.Simulation(net, seed=2, threads=1)
    assert (sim._run.synapses.store.targets is pairs.post) == by_source
    assert estimated(sim)["listed"] == (0 if by_source else 6 * 20_000)


@pytest.mark.usefixtures("short_columns_are_packed")
def test_weights_of_few_values_take_two_bytes():
    rng = np.random.default_rng(1)
    cells, net = bs.Population(200, bs.LIF(), name="cells"), bs.Network(seed=1)
    pairs, weight = bs.FromArrays(*rng.integers(0, 200, (2, 40_000))), 0.275 * np.ceil(rng.lognormal(1.0, 1.0, 40_000))
    net.connect(cells, cells, pairs, weight=weight, delay=1.8, synapse=bs.Delta(), name="counted")
    sim = bs.Simulation(net, seed=2, threads=1)
    store = sim._run.synapses.store
    assert estimated(sim)["counted"] == store.targets.nbytes + store.weights.nbytes == 4 * 40_000


def cells_with_current(n):
    cells, net = bs.Population(n, bs.LIF(), name="cells"), bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(500.0))
    return cells, net


def test_traces_that_cannot_fit_are_refused_before_the_run(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 1_000_000_000)
    cells, net = cells_with_current(12_500)
    with pytest.raises(MemoryError, match=r"Trace: cells.v of 12,500 cells every 0.1 ms takes 100 GB in 100000 ms"):
        bs.simulate(net, 100_000.0, record=[bs.Trace(cells, "v")])


def test_traces_are_counted():
    cells, net = cells_with_current(1000)
    trace = bs.Trace(cells[:500], "v", every=1.0)
    more = net.estimate(duration=10_000.0, record=[trace])
    assert more.kept - net.estimate().kept == pytest.approx(8 * 10_000 * 501, rel=0.001)
    assert "Trace(cells[0:500], 'v', every=1.0)" in repr(more)


def test_a_network_that_does_not_fit_is_refused_before_it_starts(monkeypatch):
    net = connected(population(1_000_000), bs.AllToAll(), weight=bs.Uniform(0.5, 1.5))
    monkeypatch.setattr("brainsim.build.layout.Layout.fill", lambda layout: pytest.fail("began to build"))
    with pytest.raises(MemoryError) as caught:
        bs.simulate(net, 1.0)
    text = str(caught.value)
    assert "1,000,000,000,000 synapses" in text
    assert " TB " in text
    assert "free" in text
