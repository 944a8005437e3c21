"""`Simulation.synapses`: what is simulated is read back, for each rule and way of storage, with any number of threads."""

import dataclasses
import re

import numpy as np
import pytest
from scipy import sparse

import brainsim as bs
from brainsim.build.layout import Layout
from brainsim.core.checks import MissingName
from brainsim.engine.synapses.delays import ticks_of
from brainsim.engine.synapses.kinds.kind import PER_SYNAPSE, SHARED

pytestmark = pytest.mark.usefixtures("more_partitions")

AMPA, DELTA = bs.Exponential(tau=2.0), bs.Delta()
WEIGHT, DELAY = bs.Normal(8.0, 2.0), bs.Uniform(0.5, 4.0)
SAMPLED = [
    bs.AllToAll(autapses=False),
    bs.OneToOne(),
    bs.FixedProbability(0.1),
    bs.FixedOutdegree(9),
    bs.FixedOutdegree(9, multapses=False, autapses=False),
    bs.FixedTotal(2000),
    bs.FixedTotal(2000, multapses=False),
]
RNG = np.random.default_rng(1)
LISTED = bs.FromArrays(RNG.integers(0, 150, 900), RNG.integers(0, 150, 900))
MATRIX = sparse.csr_array(np.where(RNG.random((150, 150)) < 0.05, RNG.integers(1, 99, (150, 150)) / 8, 0.0))
RULES = [*SAMPLED, bs.FixedIndegree(9), bs.FixedIndegree(9, multapses=False, autapses=False), LISTED]
ids = lambda rule: f"{type(rule).__name__}" if rule is LISTED else repr(rule)  # noqa: E731


def network(rule, weight=WEIGHT, delay=DELAY, synapse=AMPA, **options):
    """Return cells that are driven so that they fire and excite each other."""
    cells = bs.Population(150, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=4)
    net.connect(cells, cells, rule, weight=weight, delay=delay, synapse=synapse, name="loop", **options)
    net.stimulate(cells, bs.PoissonInput(rate=6000.0, weight=40.0, synapse=AMPA))
    return net


def table(net, threads=1, name="loop", **options):
    return bs.Simulation(net, seed=1, threads=threads, **options).synapses(name)


def equal(one, other):
    """Return whether two tables are the same to the bit."""
    columns = [(getattr(one, name), getattr(other, name)) for name in ("pre", "post", "weight", "delay")]
    return (one.n_pre, one.n_post) == (other.n_pre, other.n_post) and all(
        a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in columns
    )


# -- what is read back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_a_table_is_sorted_and_within_its_cells(rule):
    found = table(network(rule))
    assert len(found) == found.pre.size == found.post.size == found.weight.size == found.delay.size > 100
    assert (found.n_pre, found.n_post) == (150, 150)
    assert [column.dtype for column in (found.pre, found.post, found.weight, found.delay)] == [np.int64] * 2 + [
        np.float64
    ] * 2
    assert np.array_equal(np.lexsort((found.post, found.pre)), np.arange(len(found)))
    assert 0 <= min(found.pre.min(), found.post.min()) <= max(found.pre.max(), found.post.max()) < 150
    assert np.array_equal(found.delay, np.rint(found.delay / 0.1) * 0.1)
    assert found.delay.min() >= 0.5
    assert found.delay.max() <= 4.0
    assert np.array_equal(found.weight, found.weight.astype(np.float32))
    assert found.columns == {}


@pytest.mark.parametrize("rule", SAMPLED, ids=ids)
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_it_is_the_same_for_stored_and_procedural_synapses(rule, threads):
    stored, procedural = network(rule), network(rule, storage="procedural")
    assert equal(table(procedural, threads), table(stored))


@pytest.mark.parametrize("storage", ["stored", "procedural"])
def test_one_weight_and_one_delay_are_those_that_were_given(storage):
    found = table(network(bs.FixedTotal(700), weight=0.1, delay=1.3, storage=storage), 2)
    assert len(found) == 700
    assert set(found.weight) == {0.1}  # not rounded to float32
    assert set(found.delay) == {13 * 0.1}


@pytest.mark.parametrize("synapse", [AMPA, DELTA], ids=["direct", "buffered"])
def test_lists_and_matrices_come_back_as_they_were(synapse):
    weight, delay = RNG.integers(1, 99, 900) / 8, RNG.integers(1, 300, 900) * 0.1
    order = np.lexsort((LISTED.post, LISTED.pre))
    found = table(network(LISTED, weight, delay, synapse), 3)
    # synapses between the same two cells are sorted by delay
    order = np.lexsort((np.rint(delay / 0.1), LISTED.post, LISTED.pre))
    for column, given in ((found.pre, LISTED.pre), (found.post, LISTED.post), (found.weight, weight)):
        assert np.array_equal(column, given[order])
    np.testing.assert_allclose(found.delay, delay[order], rtol=1e-14)
    found = table(network(bs.FromSparse(MATRIX), None, 2.0, synapse), 2)
    assert len(found) == MATRIX.nnz
    assert (found.matrix() != MATRIX).nnz == 0


def test_each_of_several_lists_reaches_its_own_targets():
    sources = bs.Population(3, bs.SpikeTrains([1.0, 1.0, 1.0], [0, 1, 2]), name="sources")
    cells, net, expected = bs.Population(4, bs.LIF(), name="cells"), bs.Network(seed=1), np.zeros(4)
    for weight, pre, post in ((1.0, [0, 1, 1], [2, 0, 1]), (2.0, [0, 2, 2], [3, 1, 3]), (4.0, [1], [3])):
        net.connect(sources, cells, bs.FromArrays(pre, post), weight=weight, delay=1.0, synapse=DELTA, name=f"of {weight}")
        np.add.at(expected, post, weight)
    v = bs.simulate(net, 2.0, seed=1, threads=1, record=bs.Trace(cells, "v")).traces["cells", "v"].values
    np.testing.assert_allclose(v[-1] - v[0], expected, rtol=1e-12)


def test_what_the_rules_say_holds():
    assert np.array_equal(table(network(bs.OneToOne())).pre, np.arange(150))
    assert np.array_equal(table(network(bs.OneToOne())).post, np.arange(150))
    pairs = table(network(bs.AllToAll(autapses=False))).matrix("delay").toarray() > 0
    assert np.array_equal(pairs, ~np.eye(150, dtype=bool))
    assert set(np.bincount(table(network(bs.FixedIndegree(9))).post)) == {9}
    assert set(np.bincount(table(network(bs.FixedOutdegree(9))).pre)) == {9}


@pytest.mark.parametrize(
    "rule", [bs.FixedProbability(0.0), bs.FixedTotal(0), bs.FixedIndegree(0), bs.FromArrays([], [])], ids=repr
)
def test_no_synapse_is_an_empty_table(rule):
    found = table(network(rule), 2)
    assert len(found) == 0
    assert found.matrix().shape == (150, 150)
    assert found.matrix().nnz == 0


def test_indices_are_those_of_the_views():
    """Views in another order, of several populations, and a part of one."""
    a, b = bs.Population(60, bs.LIF(), name="a"), bs.Population(40, bs.LIF(tau_m=11.0), name="b")
    pre, post = a[10:30][::-1] + b[[7, 3]], b[::-1] + a[[5, 1, 50]]
    weight = np.arange(22.0 * 43).reshape(22, 43)
    for threads in (1, 3):
        net = bs.Network(seed=1)
        net.connect(pre, post, bs.AllToAll(), weight=weight, delay=weight / 10 + 0.1, synapse=AMPA, name="loop")
        found = table(net, threads)
        assert (found.n_pre, found.n_post) == (22, 43)
        assert np.array_equal(found.matrix().toarray(), weight)
        np.testing.assert_allclose(found.matrix("delay").toarray(), weight / 10 + 0.1, rtol=1e-12)


def test_delays_are_those_that_are_simulated():
    """Rounded to the time step, and each spike arrives after what the table says."""
    n = 20
    times = np.arange(1.0, n + 1) * 40
    sources = bs.Population(n, bs.SpikeTrains(times, np.arange(n)), name="sources")
    cells = bs.Population(n, bs.LIF(), name="cells")
    net = bs.Network(seed=2)
    net.connect(sources, cells, bs.OneToOne(), weight=100.0, delay=bs.Uniform(0.3, 30.0), synapse=DELTA, name="loop")
    for dt in (0.1, 0.25):
        sim = bs.Simulation(net, dt=dt, seed=1, threads=2)
        arrived = sim.run(1000.0).spikes["cells"]
        assert np.array_equal(arrived.ids, np.arange(n))
        np.testing.assert_allclose(arrived.times - times, sim.synapses("loop").delay, atol=1e-9)


def test_a_step_has_the_delays_that_are_nearest_to_it():
    cells, net = bs.Population(3, bs.LIF(), name="cells"), bs.Network(seed=1)
    delay = bs.Uniform(1.0, 1.5)
    projection = net.connect(cells, cells, bs.AllToAll(), weight=1.0, delay=delay, synapse=DELTA)
    limits, chances = ticks_of(projection, Layout(net, 0.1, 1, filled=False))
    assert limits == (10, 15)
    np.testing.assert_allclose(chances, [0.1, 0.2, 0.2, 0.2, 0.2, 0.1])


# -- the store itself ------------------------------------------------------------------------------------------------------


def many():
    """Projections of all sorts in one store: weights each and shared, one delay and many, direct and buffered, listed."""
    a, b = bs.Population(90, bs.LIF(), name="a"), bs.Population(70, bs.LIF(tau_m=bs.Uniform(9.0, 11.0)), name="b")
    net = bs.Network(seed=1)
    given = {"weight": bs.Uniform(3.0, 4.0), "delay": bs.Uniform(1.0, 2.0)}
    net.connect(a, b, bs.FixedIndegree(7), weight=0.5, delay=1.5, synapse=DELTA, name="shared, buffered")
    net.connect(b, b, bs.FixedIndegree(5), weight=-0.25, delay=1.5, synapse=DELTA, name="another weight")
    net.connect(a, b, bs.FixedTotal(400), weight=0.5, delay=1.5, synapse=DELTA, name="the same weight and delay")
    net.connect(
        b, a + b, bs.FixedProbability(0.3), weight=2.0, delay=bs.Uniform(0.1, 9.0), synapse=AMPA, name="shared, direct"
    )
    net.connect(b, a[::-1], bs.AllToAll(), weight=np.arange(6300.0).reshape(70, 90), delay=0.3, synapse=AMPA, name="a table")
    net.connect(a, a, bs.FixedTotal(333), **given, synapse=DELTA, name="each, buffered")
    net.connect(a[20:50], b[10:40][::-1], bs.OneToOne(), **given, synapse=AMPA, name="each, direct")
    net.connect(
        a + b, a, bs.FromArrays([0, 159, 159, 3], [8, 8, 8, 9]), weight=[1.0, 2.0, 3.0, 4.0], delay=0.1, synapse=AMPA
    )
    net.connect(a, b, bs.FixedOutdegree(0), weight=1.0, delay=0.1, synapse=DELTA, name="none")
    return net


def decoded(sim):
    """Return all synapses of the store, as rows of (source, place in the state, weight, steps until they are delivered)."""
    store, partitions = sim._run.synapses.store, sim.threads
    start, tag, length = store.piece >> 27, store.piece >> 23 & 15, store.piece & 0x7FFFFF
    assert length.min() > 0
    segment = np.repeat(np.arange(length.size), length)
    place = start[segment] + np.arange(segment.size) - np.repeat(np.cumsum(length) - length, length)
    # each synapse is in one segment, and those with a weight each come first
    assert np.array_equal(np.sort(place), np.arange(store.targets.size))
    assert np.array_equal(place < store.weights.size, tag[segment] == PER_SYNAPSE)
    assert set(tag) == {PER_SYNAPSE, SHARED}
    weight = store.weight[segment]
    assert np.array_equal(np.isnan(weight), tag[segment] == PER_SYNAPSE)
    own = place < store.weights.size
    weight[own] = store.weights[place[own]]
    source, part = np.divmod(np.repeat(np.arange(store.first.size - 1), np.diff(store.first))[segment], partitions)
    target = store.targets[place].astype(np.int64) + store.base[part]
    return np.array([source, target, weight, store.delay[segment]])


@pytest.mark.thorough_only("[2]")
@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_the_store_holds_the_union_of_the_tables(threads):
    net = many()
    sim = bs.Simulation(net, seed=1, threads=threads)
    rows = []
    for projection in net.projections:
        found, layout = sim.synapses(projection), sim._layout
        source = layout.global_indices(projection.pre)[found.pre]
        place, part = layout.input_places(projection.post, projection.synapse)
        # what is added to the state directly is filed a step longer, since it is added after the cells have moved
        steps = np.rint(found.delay / 0.1) + projection.synapse.receptor_equations.direct
        rows.append([source, place[found.post], found.weight, steps])
    union, held = np.concatenate(rows, axis=1), decoded(sim)
    assert union.shape[1] == sim.n_synapses == held.shape[1] > 8000
    assert np.array_equal(union[:, np.lexsort(union)], held[:, np.lexsort(held)])


# -- back into a network ---------------------------------------------------------------------------------------------------


def spikes_of(net, threads=2):
    spikes = bs.simulate(net, 150.0, seed=3, threads=threads).spikes["cells"]
    assert len(spikes) > 300
    return spikes


@pytest.mark.parametrize("rule", RULES, ids=ids)
@pytest.mark.parametrize("storage", ["stored", "procedural"])
def test_a_network_of_the_table_fires_alike(rule, storage):
    if storage == "procedural" and rule not in SAMPLED:
        pytest.skip("only stored")
    net = network(rule, storage=storage)
    found = table(net, 3)
    again = network(bs.FromArrays(found.pre, found.post), found.weight, found.delay)
    expected = spikes_of(net)
    assert spikes_of(again, 1) == spikes_of(again, 3) == expected
    silent = network(bs.FromArrays([0], [0]), 0.0, 1.0)
    assert spikes_of(silent) != expected  # the synapses matter
    assert equal(table(again, 2), found)


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if not getattr(rule, "multapses", False) and rule is not LISTED], ids=repr
)
def test_a_network_of_the_matrix_fires_alike(rule):
    net = network(rule, delay=1.5)
    matrix = table(net).matrix()
    assert matrix.nnz == table(net).pre.size
    again = network(bs.FromSparse(matrix), None, 1.5)
    assert spikes_of(again) == spikes_of(net)
    assert equal(table(again), table(net))


# -- the call and what it returns ------------------------------------------------------------------------------------------


def test_a_projection_or_its_name_before_and_after_runs():
    net = network(bs.FixedTotal(2000))
    sim = bs.Simulation(net, seed=3, threads=2)
    first = sim.synapses(net.projections[0])
    assert equal(sim.synapses("loop"), first)
    sim.run(50.0)
    assert equal(sim.synapses("loop"), first)
    sim.run(100.0)
    assert sim.result().spikes["cells"] == spikes_of(net)
    sim.reset()
    assert equal(sim.synapses("loop"), first)


def test_they_depend_on_the_seed_of_the_network_only():
    net = network(bs.FixedTotal(2000))
    one, other = (bs.Simulation(net, seed=seed, precision=p) for seed, p in ((1, "double"), (2, "single")))
    assert equal(one.synapses("loop"), other.synapses("loop"))


def test_values_of_a_matrix():
    found = table(network(bs.FixedTotal(9000), weight=bs.Normal(1.0, 0.1)))
    dense = np.zeros((150, 150))
    np.add.at(dense, (found.pre, found.post), found.weight)
    np.testing.assert_allclose(found.matrix().toarray(), dense, rtol=1e-12)
    assert np.bincount(found.pre * 150 + found.post).max() > 1
    np.testing.assert_allclose(found.matrix("delay").sum(), found.delay.sum(), rtol=1e-12)
    with pytest.raises(MissingName, match=r"SynapseTable.matrix: no values named 'wieght'; did you mean 'weight'"):
        found.matrix("wieght")


def test_a_table_cannot_be_given_other_arrays():
    found = table(network(bs.OneToOne()))
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.weight = np.zeros(150)


@pytest.mark.parametrize(
    "name", ["lop", "", "cells", 0, None, [1], bs.Delta(), bs.Population(3, bs.LIF(), name="loop")], ids=repr
)
def test_a_projection_that_is_not_there(name):
    sim = bs.Simulation(network(bs.OneToOne()), seed=1)
    with pytest.raises(MissingName, match=r"Simulation.synapses: no projection .* in this network"):
        sim.synapses(name)


def test_a_name_that_is_nearly_right():
    with pytest.raises(
        MissingName, match=r"Simulation.synapses: no projection 'lop' in this network; did you mean 'loop'\?"
    ):
        bs.Simulation(network(bs.OneToOne()), seed=1).synapses("lop")


def test_a_projection_of_another_network_though_of_the_same_name():
    sim = bs.Simulation(network(bs.OneToOne()), seed=1)
    message = (
        r"Simulation.synapses: no projection Projection\('loop', .*\) in this network; the 'loop' that was given belongs "
    )
    message += "to another network; give its name$"
    with pytest.raises(MissingName) as caught:
        sim.synapses(network(bs.OneToOne()).projections[0])
    assert re.search(message, str(caught.value))


def test_a_projection_that_was_added_later():
    net = network(bs.OneToOne())
    sim = bs.Simulation(net, seed=1)
    cells = net.populations["cells"]
    later = net.connect(cells, cells, bs.OneToOne(), weight=1.0, delay=1.0, synapse=DELTA, name="later")
    for one in (later, "later"):
        with pytest.raises(MissingName, match=r"no projection .*'later'.* in this network"):
            sim.synapses(one)


def test_delays_that_are_rounded_are_not_complained_about_again(recwarn):
    net = network(bs.OneToOne(), delay=1.234)
    with pytest.warns(UserWarning, match="is not a multiple of dt"):
        sim = bs.Simulation(net, seed=1)
    recwarn.clear()
    assert set(sim.synapses("loop").delay) == {12 * 0.1}
    assert not recwarn.list


class Twice(bs.Exponential):
    """Its events raise two variables."""

    equations = """
        di/dt = (h - i)/tau
        dh/dt = -h/tau
    """
    arrival = "i = i + w; h = h + w"


class Doubled(bs.Exponential):
    """An event adds more than its weight."""

    arrival = "i = i + 2*w"


@pytest.mark.parametrize(("synapse", "direct"), [(AMPA, True), (DELTA, False), (Twice(), False), (Doubled(), False)])
def test_events_are_added_directly_to_one_variable_or_put_by(synapse, direct):
    """To one that nothing but the synapse reads; what arrives is the same."""
    assert synapse.receptor_equations.direct is direct
    cell, source, net = bs.Population(1, bs.LI(), name="cell"), bs.Population(1, bs.SpikeTrains([[1.0]])), bs.Network(seed=1)
    net.connect(source, cell, bs.AllToAll(), weight=3.0, delay=1.0, synapse=synapse)
    variables = bs.simulate(net, 2.0, seed=1, progress=False).state.variables["cell"]
    label = type(synapse).__name__.lower()
    expected = {"exponential": {"i": 3.0}, "twice": {"i": 3.0, "h": 3.0}, "doubled": {"i": 6.0}, "delta": {}}[label]
    assert {name: variables[f"{label}.{name}"][0] for name in expected} == expected
    assert variables["v"][0] == pytest.approx(-62.0 if synapse is DELTA else -65.0)
