"""What the rules really wire: synapses are read back from a simulation and counted."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.synapses import segments
from tests.helpers.wiring import DELTA, cells, equal, pairs_of, read, wired

pytestmark = pytest.mark.usefixtures("more_partitions")

FLAGS = [(True, True), (True, False), (False, True), (False, False)]
flags = pytest.mark.parametrize(("autapses", "multapses"), FLAGS)


def check_flags(s, autapses, multapses):
    """Where a flag is off there is no such synapse; the cases here are so dense that there are some where it is on."""
    assert np.any(s.pre == s.post) == autapses
    assert (len(pairs_of(s)) < s.pre.size) == multapses


# counts


@flags
@pytest.mark.parametrize(
    ("rule", "n", "end"), [(bs.FixedIndegree, 25, "post"), (bs.FixedOutdegree, 25, "pre"), (bs.FixedTotal, 1500, None)]
)
def test_numbers_of_synapses_are_exact(rule, n, end, autapses, multapses):
    one = cells(60)
    s = wired(rule(n, autapses=autapses, multapses=multapses), one, one)
    assert s.pre.size == 1500
    if end is not None:
        assert np.array_equal(np.bincount(getattr(s, end), minlength=60), np.full(60, 25))
    check_flags(s, autapses, multapses)


@pytest.mark.parametrize("autapses", [True, False])
def test_all_to_all_is_complete(autapses):
    one = cells(30)
    s = wired(bs.AllToAll(autapses=autapses), one, one)
    assert s.pre.size == 900 - 30 * (not autapses)
    assert pairs_of(s) == {(i, j) for i in range(30) for j in range(30) if autapses or i != j}


FULL = [
    bs.FixedIndegree(59, autapses=False, multapses=False),
    bs.FixedOutdegree(59, autapses=False, multapses=False),
    bs.FixedTotal(60 * 59, autapses=False, multapses=False),
    bs.FixedProbability(1.0, autapses=False),
]
EMPTY = [bs.FixedIndegree(0), bs.FixedOutdegree(0), bs.FixedTotal(0), bs.FixedProbability(0.0), bs.FromArrays([], [])]


@pytest.mark.parametrize("rule", FULL, ids=repr)
def test_as_many_as_there_are_is_all_to_all(rule):
    one = cells(60)
    assert equal(wired(rule, one, one), wired(bs.AllToAll(autapses=False), one, one))


@pytest.mark.parametrize("rule", EMPTY, ids=repr)
def test_nothing_is_wired_where_nothing_is_asked_for(rule):
    one = cells(20)
    assert wired(rule, one, one).pre.size == 0


@pytest.mark.parametrize("multapses", [True, False])
def test_two_overlapping_views_without_autapses(multapses):
    # the cells 20 to 29 are in both, in another order; whoever is its own neighbour is left out
    one = cells(50)
    pre, post = one[:30], one[20:][np.random.default_rng(1).permutation(30)]
    for rule in (
        bs.FixedIndegree(20, autapses=False, multapses=multapses),
        bs.FixedOutdegree(20, autapses=False, multapses=multapses),
        bs.FixedTotal(600, autapses=False, multapses=multapses),
        bs.FixedProbability(0.7, autapses=False),
        bs.AllToAll(autapses=False),
    ):
        s = wired(rule, pre, post)
        assert not np.any(s.pre == s.post)
        assert s.pre.max() < 30
        assert s.post.min() >= 20
        assert set(s.pre) == set(range(30))
        assert set(s.post) == set(range(20, 50))
        if not multapses:
            assert len(pairs_of(s)) == s.pre.size
    assert s.pre.size == 900 - 10


def test_one_to_one_goes_by_the_order_of_the_views():
    a, b = cells(40, "a"), cells(30, "b")
    pre, post = a[[5, 3, 39, 0]], b[::-1][:4]
    s = wired(bs.OneToOne(), pre, post, weight=[1.0, 2.0, 3.0, 4.0], delay=[0.1, 0.2, 0.3, 0.4])
    expected = {(5, 29, 1.0, 1), (3, 28, 2.0, 2), (39, 27, 3.0, 3), (0, 26, 4.0, 4)}
    assert set(zip(*(column.tolist() for column in s), strict=True)) == expected


@pytest.mark.parametrize("synapse", [DELTA, bs.Exponential()], ids=["buffered", "direct"])
def test_weights_of_all_pairs_belong_to_them(synapse):
    a, b = cells(30, "a"), cells(20, "b")
    dense = np.random.default_rng(4).integers(-9, 9, (30, 20)) / 2
    s = wired(bs.AllToAll(), a, b, weight=dense, synapse=synapse)
    assert np.array_equal(s.weight, dense[s.pre, s.post])
    s = wired(bs.AllToAll(autapses=False), a, a, weight=np.arange(900.0).reshape(30, 30), synapse=synapse)
    assert np.array_equal(s.weight, 30.0 * s.pre + s.post)


def test_rows_longer_than_a_segment_are_cut_into_as_many_as_there_is_room_for(monkeypatch):
    """Segments of at most 7 synapses, not 16 million: each class, partition, delay and shared weight has its own."""
    monkeypatch.setattr(segments, "MAX_LENGTH", 7)
    rng = np.random.default_rng(1)
    for synapses in (0, 1, 6, 7, 8, 14, 60, 61, 500, 5000):
        room = segments.max_segments(np.array([synapses]), partitions=2, classes=2, delays=5, origins=3)[0]
        for spread in (1, 2, 30, 60):
            runs = np.bincount(rng.integers(0, spread, synapses), minlength=60)
            assert (-(-runs // 7)).sum() <= room


@pytest.mark.thorough
def test_a_source_with_more_synapses_than_a_segment_holds():
    """All have one delay and weight; it takes 1 GB."""
    n = int(segments.MAX_LENGTH) + 9
    one = wired(bs.FixedOutdegree(n), cells(1, "a"), cells(3, "b"), threads=1)
    assert one.pre.size == n
    assert np.array_equal(np.unique(one.post), np.arange(3))


# the same wiring, whatever else there is


def beside_others(before=(), after=()):
    """The synapses of one projection in a network with others, given as (source name, target name)."""
    net = bs.Network(seed=7)
    populations = {name: cells(size, name) for name, size in {"a": 100, "b": 80, "x": 33, "y": 50, "renamed": 50}.items()}
    given = {"weight": bs.Normal(1.0, 0.2), "delay": bs.Uniform(0.5, 4.0)}

    def more(pairs):
        for pre, post in pairs:
            net.connect(populations[pre], populations[post], bs.FixedProbability(0.2), synapse=DELTA, **given)

    more(before)
    net.connect(populations["a"], populations["b"], bs.FixedTotal(900), synapse=DELTA, name="chosen", **given)
    more(after)
    return read(net, "chosen")


def test_wiring_does_not_change_when_populations_are_added_or_renamed():
    alone = beside_others()
    assert alone.pre.size == 900
    assert equal(beside_others(before=[("x", "b"), ("y", "x")]), alone)
    assert equal(beside_others(after=[("y", "b"), ("b", "x")]), alone)
    assert equal(beside_others(before=[("renamed", "b")], after=[("b", "a")]), alone)


def test_wiring_depends_on_seed_and_name():
    one = cells(100)
    rule = bs.FixedTotal(500)
    assert equal(wired(rule, one, one), wired(rule, one, one))
    assert not equal(wired(rule, one, one), wired(rule, one, one, seed=2))
    net = bs.Network(seed=1)
    net.connect(one, one, rule, weight=0.5, delay=1.5, synapse=DELTA, name="another")
    assert not equal(read(net), wired(rule, one, one))


def test_wiring_is_the_same_in_a_second_build_and_at_another_time_step():
    one = cells(100)
    net = bs.Network(seed=1)
    net.connect(one, one, bs.FixedIndegree(9), weight=bs.Uniform(0.0, 1.0), delay=bs.Uniform(1.0, 3.0), synapse=DELTA)
    first, finer = read(net), read(net, dt=0.025)
    assert equal(read(net), first)
    # sorted by delay within a pair, so pairs and weights of multapses may change places
    assert np.array_equal(finer.pre, first.pre)
    assert np.array_equal(finer.post, first.post)
    assert np.array_equal(np.sort(finer.weight), np.sort(first.weight))
