"""Lists of pairs in the order of the store are its columns, and change no bit."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.synapses import as_listed, few_values
from brainsim.models import packed, pair_lists

pytestmark = pytest.mark.usefixtures("more_partitions")
CELLS = 140_000  # so that the store has four bytes for a target on two threads, too


@pytest.fixture(autouse=True)
def always(monkeypatch):
    """Pack short columns, too."""
    for module in (packed, pair_lists, few_values):
        monkeypatch.setattr(module, "WORTH", 1)


def pairs(by_target=True, size=20_000, n=CELLS):
    """Return pairs sorted by source, and by target as well, or not; some are there twice."""
    rng = np.random.default_rng(1)
    pre, post = np.sort(rng.integers(0, 200, size)), rng.integers(0, n, size)
    order = np.lexsort((post, pre)) if by_target else slice(None)
    return pre, post[order]


def network(pre, post, weight=None, delay=1.8, views=slice(None), more=False):
    cells = bs.Population(CELLS + 100, bs.ShiuLIF(t_ref=2.2), name="cells")
    net, counts = bs.Network(seed=1), np.random.default_rng(2).integers(-5, 9, pre.size)
    weight = 0.9 * counts if weight is None else weight
    cells_ = cells[:CELLS] if views is None else cells[views]
    net.connect(
        cells[:CELLS],
        cells_,
        bs.FromArrays(pre, post),
        weight=weight,
        delay=delay,
        synapse=bs.Delta(variable="g"),
        name="listed",
    )
    if more:
        net.connect(cells, cells, bs.OneToOne(), weight=0.1, delay=1.0, synapse=bs.Delta(variable="g"))
    net.stimulate(cells[:200], bs.PoissonInput(rate=150.0, weight=68.75, synapse=bs.Delta()))
    return net


def is_taken(sim):
    synapses = sim._run.synapses.store
    return synapses.targets is sim.network.projections[0].rule.post


@pytest.mark.parametrize(("room", "taken"), [(0, True), (-1, False)])
def test_a_row_that_no_segment_holds_is_not_taken(monkeypatch, room, taken):
    pre, post = pairs()
    monkeypatch.setattr(as_listed, "MAX_LENGTH", np.bincount(pre).max() + room)
    assert is_taken(bs.Simulation(network(pre, post), dt=0.1, seed=2, threads=1)) == taken


def ran(net, threads):
    sim = bs.Simulation(net, dt=0.1, seed=2, threads=threads)
    sim.run(20.0, progress=False)
    return sim, sim.run(20.0, progress=False)


@pytest.mark.slow_but("2.0]")
@pytest.mark.thorough
@pytest.mark.parametrize("weight", [None, 2.0])
@pytest.mark.parametrize("views", [slice(None), slice(100, None)])
def test_the_bits_are_those_of_a_store_of_its_own(weight, views, monkeypatch):
    net = network(*pairs(), weight=weight, views=views)
    with monkeypatch.context() as patch:
        patch.setattr(as_listed, "find_rows", lambda layout, projections: None)
        usual, wanted = ran(net, 1)
        assert not is_taken(usual)
        table = usual.synapses("listed")
    assert len(wanted.spikes["cells"]) > 300
    for threads in (1, 2):
        sim, found = ran(net, threads)
        assert is_taken(sim)
        assert found.spikes["cells"] == wanted.spikes["cells"]
        for name, values in wanted.state.variables["cells"].items():
            assert np.array_equal(found.state.variables["cells"][name], values)
        again = sim.synapses("listed")
        for column in ("pre", "post", "weight", "delay"):
            assert np.array_equal(getattr(again, column), getattr(table, column)), column


@pytest.mark.thorough_only("[2-options1-False]")
@pytest.mark.parametrize(
    ("threads", "options", "taken"),
    [
        (1, {"by_target": False}, True),
        (2, {"by_target": False}, False),
        (1, {"delay": np.where(np.arange(20_000) % 2, 1.0, 2.0)}, False),
        (1, {"more": True}, False),
        (1, {"views": np.arange(CELLS)[::-1]}, False),
        (1, {"weight": np.random.default_rng(1).random(20_000)}, True),
    ],
)
def test_which_lists_are_taken(threads, options, taken):
    net = network(*pairs(options.pop("by_target", True)), **options)
    sim = bs.Simulation(net, dt=0.1, seed=2, threads=threads)
    assert is_taken(sim) == taken
    listed = sim._run.synapses.store
    assert taken or listed.targets[:20_000].nbytes + listed.weights.nbytes == 6 * 20_000


def test_small_networks_have_a_store_of_their_own():
    """Two bytes a target are faster to read than the four of a list."""
    pre, post = pairs(n=300)
    cells, net = bs.Population(300, bs.ShiuLIF(), name="cells"), bs.Network(seed=1)
    net.connect(cells, cells, bs.FromArrays(pre, post), weight=1.0, delay=1.0, synapse=bs.Delta(variable="g"))
    sim = bs.Simulation(net, dt=0.1, seed=2, threads=1)
    assert sim._run.synapses.store.targets.dtype == np.uint16


def test_what_the_user_may_still_write_to_is_copied():
    pre, post = (ids.astype(np.int32) for ids in pairs())
    view = post.view()
    view.flags.writeable = False
    rule = bs.FromArrays(pre, view)
    assert not np.shares_memory(rule.post, post)
    assert bs.FromArrays(pre, rule.post).post is rule.post
    assert not np.shares_memory(bs.FromArrays(pre[::2], rule.post[::2]).post, rule.post)


@pytest.mark.thorough
def test_weights_are_set_and_synapses_come_and_go():
    net = network(*pairs())
    sim, _ = ran(net, 2)
    table = sim.synapses("listed")
    sim.set("listed", weight=2.0 * table.weight)
    assert np.array_equal(sim.synapses("listed").weight, 2.0 * table.weight)
    assert np.array_equal(net.projections[0].weight, 0.9 * np.random.default_rng(2).integers(-5, 9, 20_000))
    sim.rewire("listed", remove=np.arange(100), pre=[3, 4], post=[5, 6], weight=0.1)
    assert len(sim.synapses("listed")) == 20_000 - 98
    sim.reset()
    assert np.array_equal(sim.synapses("listed").weight, table.weight)
