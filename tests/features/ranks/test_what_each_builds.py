"""What each rank of an MPI run builds: together the network as one process builds it. No MPI is needed for that."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.build.layout import Layout
from brainsim.build.own import cells_here, state_here
from brainsim.engine.synapses.projections import GlobalIndices, Plan, make_room_for_counts
from brainsim.engine.synapses.readback import _table
from brainsim.engine.synapses.store import Passes, Store, count_synapses
from brainsim.examples import microcircuit
from brainsim.jit.background import Workers
from tests.helpers.layouts import layouts

RULES = {
    "AllToAll": bs.AllToAll(autapses=False),
    "OneToOne": bs.OneToOne(),
    "FixedProbability": bs.FixedProbability(0.1),
    "FixedOutdegree": bs.FixedOutdegree(7, multapses=False),
    "FixedTotal": bs.FixedTotal(900),
    "FixedIndegree": bs.FixedIndegree(6),
    "FixedIndegree without multapses": bs.FixedIndegree(6, multapses=False, autapses=False),
    "DistanceRule": bs.DistanceRule.gaussian(0.5, sigma=100.0),
    "DistanceRule by target": bs.DistanceRule.gaussian(0.5, sigma=100.0, k=6),
    "FromArrays": bs.FromArrays(np.arange(300) * 7 % 120, np.arange(300) * 11 % 120),
}


VALUES = {
    "sampled": (bs.Normal(1.0, 0.2), bs.Uniform(0.3, 4.0)),
    "numbers": (2.0, 1.5),
    "of the distance": ("exp(-d/100)", "0.5 + d/300"),
}


def wired(rule, weight, delay):
    cells = bs.Population(120, bs.LIF(), name="cells", positions=bs.positions.grid((10, 12), spacing=30.0))
    net = bs.Network(seed=3)
    net.connect(cells, cells, rule, weight=weight, delay=delay, synapse=bs.Exponential())
    return net


def table_of(layout):
    plan = Plan(layout, layout.network.projections[0], GlobalIndices(layout))
    counts = make_room_for_counts([plan])
    with Workers(2) as pool:
        count_synapses([plan], pool, 2, Passes())
        store = Store(layout, [plan], counts, pool, 2, Passes())
    return _table(store, layout, plan.projection, (0, store.targets.size), {}), store


CASES = [(name, "sampled") for name in RULES]
CASES += [("FixedProbability", "numbers"), ("DistanceRule", "of the distance"), ("FixedIndegree", "of the distance")]


@pytest.mark.slow_but("[FixedProbability", "[DistanceRule-of the distance", "[AllToAll")
@pytest.mark.thorough_but("[FixedProbability")
@pytest.mark.parametrize(("name", "values"), CASES)
def test_the_synapses_of_all_ranks_are_those_of_one_process(name, values):
    net = wired(RULES[name], *VALUES[values])
    whole, _ = table_of(Layout(net, 0.1, 1))
    parts = [table_of(layout) for layout in layouts(net, 3, 2)]
    assert sum(len(part) for part, _ in parts) == len(whole)
    pre, post, weight, delay = (
        np.concatenate([getattr(part, field) for part, _ in parts]) for field in ("pre", "post", "weight", "delay")
    )
    order = np.argsort(pre * 120 + post, kind="stable")
    for ours, theirs in ((pre, whole.pre), (post, whole.post), (weight, whole.weight), (delay, whole.delay)):
        assert np.array_equal(ours[order], theirs)
    # each holds its own ones only
    assert all(part_store.targets.size == len(part) for part, part_store in parts)


def test_every_number_of_the_state_is_on_one_rank():
    net = wired(bs.FixedProbability(0.1), 1.0, 1.5)
    net.connect(
        bs.Population(77, bs.AdEx(), name="others"),
        net.populations["cells"],
        bs.FixedOutdegree(2),
        weight=1.0,
        delay=1.0,
        synapse=bs.Delta(),
    )
    found = layouts(net, 3, 2)
    for here, size in ((state_here, found[0].n_numbers), (cells_here, found[0].n_cells)):
        seen = np.zeros(size, int)
        for layout in found:
            for some in here(layout):
                seen[some] += 1
        # between the buffers of two ranks there may be room for whole cache lines
        assert seen.max() == 1
        assert here is state_here or seen.min() == 1
    variables = np.zeros(found[0].n_state, int)
    for layout in found:
        for some in state_here(layout):
            variables[some] += 1
    assert variables.min() == 1


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_divide_the_memory_of_the_microcircuit(ranks):
    net = microcircuit.build(scale=0.1)[0]
    alone, each = net.estimate(), net.estimate(ranks=ranks)
    assert alone.kept / ranks < each.kept < 1.1 * alone.kept / ranks
    assert each.synapses == pytest.approx(alone.synapses / ranks, rel=0.02)
    assert f"each of {ranks} ranks" in repr(each)
    assert each.cost.total("Ethernet") > each.cost.total("one machine") > 0.0
    assert "a simulated second at 5 Hz takes about" in repr(each)
    assert "(Ethernet), if two ranks exchange spikes in 0.5, 3 and 30 us" in repr(each)
    assert "exchange spikes" not in repr(alone)


def test_fewer_seconds_on_more_threads():
    net = microcircuit.build(scale=0.1)[0]
    one, two = net.estimate(ranks=1).cost, net.estimate(ranks=1, threads=2).cost
    assert two.work < 0.7 * one.work
    assert one.slices == two.slices == 10_000 / 2
    assert net.estimate(ranks=1, rate=10.0).cost.work > one.work


def test_a_number_of_ranks_must_be_a_number():
    net = wired(bs.FixedProbability(0.1), 1.0, 1.5)
    with pytest.raises(ValueError, match=r"Network.estimate.ranks: must be >= 1"):
        net.estimate(ranks=0)


def test_what_couplings_give_costs_ranks_time():
    """Each number takes 3 ns in each step, once for all projections that read it; the sums are divided among the ranks."""
    cells, works = bs.Population(10_000, bs.LIF(), name="cells"), []
    for number in (1, 2):
        net = bs.Network(seed=1)
        for k in range(number):
            net.connect(cells, cells, bs.AllToAll(), weight=1e-5, synapse=bs.GapJunction(), name=f"gap {k}")
        works.append([net.estimate(ranks=ranks, rate=1e-6).cost.work for ranks in (1, 2)])
    for alone, divided in works:
        assert divided - alone / 2 == pytest.approx(10_000 * 10_000 * 3e-9)
