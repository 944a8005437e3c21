"""Memory: the estimate against what is built, refusal, and networks that leave nothing behind."""

import gc
import re
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

import brainsim as bs
from brainsim.build.constants import parameter_of_one
from brainsim.build.layout import Layout
from brainsim.engine.operators.arrivals import Arrivals
from brainsim.engine.simulation import simulation
from brainsim.engine.simulation.settings import most_bytes
from brainsim.features.estimates import memory as estimate
from tests.helpers.records import arrays_of

pytestmark = pytest.mark.usefixtures("more_partitions")

DRAWN = bs.Clipped(bs.Normal(1.5, 0.75), low=0.1)


def network(n=2000, k=200, weight=0.1, delay=1.5, rule=None, storage="stored", plasticity=None):
    cells = bs.Population(n, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.connect(
        cells,
        cells,
        rule or bs.FixedTotal(n * k),
        weight=weight,
        delay=delay,
        synapse=bs.Exponential(),
        storage=storage,
        plasticity=plasticity,
    )
    return net


KINDS = {
    "one weight": {},
    "a weight each": {"weight": bs.Normal(1.0, 0.1)},
    "drawn delays": {"delay": DRAWN},
    "both": {"weight": bs.Normal(1.0, 0.1), "delay": DRAWN},
    "by target": {"rule": bs.FixedIndegree(200), "delay": DRAWN},
    "learning": {"plasticity": bs.STDP(), "delay": DRAWN},
    "learning, a weight each": {"plasticity": bs.TripletSTDP(), "weight": bs.Uniform(0.1, 0.2)},
    "learning, with a variable": {"plasticity": bs.STDP(pairing="presynaptic")},
    "learning, a bound each": {"plasticity": bs.STDP(w_max=bs.Uniform(0.3, 0.4))},
    "vesicles": {"plasticity": bs.QuantalRelease(U=bs.Uniform(0.3, 0.4))},
    "depressing": {"plasticity": bs.TsodyksMarkram()},
}


OTHERS = {
    "lists": {"rule": bs.FromArrays(*np.indices((20, 20)).reshape(2, -1))},
    "procedural": {"storage": "procedural", "rule": bs.FixedProbability(0.1)},
    "late": {"delay": bs.Clipped(bs.Normal(500.0, 300.0), low=0.1)},
}


@pytest.mark.parametrize("kind", KINDS | OTHERS)
@pytest.mark.parametrize("size", [(20, 2), (2000, 200)])
def test_the_limit_beyond_which_memory_is_estimated_is_above_the_estimate(kind, size):
    """A network below the limit is not estimated before it is built."""
    net = network(*size, **(KINDS | OTHERS)[kind])
    assert most_bytes(net, 0.1) > net.estimate().peak


@pytest.mark.parametrize("coupling", [bs.GapJunction(), bs.GatedNMDA()])
@pytest.mark.parametrize("n", [5, 200])
def test_the_limit_holds_for_couplings(coupling, n):
    cells = bs.Population(n, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    delay = None if isinstance(coupling, bs.GapJunction) else bs.Uniform(1.0, 900.0)
    net.connect(cells, cells, bs.FixedProbability(0.5), weight=0.1, delay=delay, synapse=coupling)
    assert most_bytes(net, 0.1) > net.estimate().peak


@pytest.mark.slow_but("one weight]", "learning]", "both]", "vesicles]")
@pytest.mark.thorough_but("-one weight]")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_kept_is_what_was_estimated(kind, threads):
    net = network(**KINDS[kind])
    stats = bs.simulate(net, 0.1, threads=threads).stats
    estimate = net.estimate(0.1, threads)
    kept = sum(size for name, _, size in estimate.rows if not name[0].isdigit())
    assert estimate.synapses == stats["synapses"]
    assert kept == pytest.approx(stats["synapse_bytes"], rel=0.15)
    more = {"rule": bs.FixedIndegree(2000)} if kind == "by target" else {}
    large = network(n=20_000, k=2000, **(KINDS[kind] | more)).estimate(0.1, threads)
    assert large.kept <= large.peak <= 1.5 * large.kept


@pytest.mark.thorough
@pytest.mark.parametrize("delay", [1.5, DRAWN], ids=["one delay", "drawn delays"])
@pytest.mark.parametrize("rule", [bs.STDP(), bs.STDP(pairing="nearest"), bs.TripletSTDP(), bs.VogelsSTDP()], ids=repr)
def test_a_synapse_that_learns_takes_twelve_bytes_besides_segments(rule, delay):
    """Its weight and its target; the estimate knows it, as do the arrays of a simulation that has run."""
    net = network(weight=bs.Uniform(0.1, 0.2), plasticity=rule, delay=delay)
    (_, synapses, size), (name, _, segments), *_ = net.estimate(0.1).rows
    assert name == "segments of rows"
    assert 8 * synapses < size <= 12 * synapses
    sim = bs.Simulation(net, seed=1, threads=1)
    sim.run(5.0)
    (kind,), store = sim._run.synapses.kinds, sim._run.synapses.store
    kept = store.targets.nbytes + sum(column.nbytes for column in kind.columns().values())
    assert kept <= 12 * sim.n_synapses
    assert size == pytest.approx(kept, rel=0.01)
    assert segments == pytest.approx(store.nbytes - store.targets.nbytes, rel=0.15)


def test_variables_that_would_be_traces_are_also_kept_as_they_were():
    """A time constant of each synapse makes variables of traces; of those, a synapse keeps the value before a spike, too."""
    net = network(n=50, k=5, weight=bs.Uniform(0.1, 0.2), plasticity=bs.STDP(tau_plus=bs.Uniform(15.0, 25.0)))
    (_, synapses, size), *_ = net.estimate(0.1).rows
    built = bs.Simulation(net, seed=1, threads=1)._run.synapses
    kept = built.kinds[0].nbytes + built.store.targets.nbytes
    assert (synapses, size) == (250, kept)


@pytest.mark.parametrize(
    ("given", "median"),
    [
        (bs.Uniform(9.0, 12.0), 10.5),
        (bs.values.ExponentialDistribution(5.0), 5.0 * np.log(2.0)),
        (bs.Normal(-65.0, 2.0), -65.0),
    ],
)
def test_one_cell_stands_for_all_with_the_median_of_a_distribution(given, median):
    assert parameter_of_one(bs.LIF(v_rest=given), "v_rest") == pytest.approx([median])


def test_each_place_of_the_state_belongs_to_one_variable_of_one_cell():
    net = bs.Network(seed=1)
    for name, model, n in (("a", bs.LIF(), 5), ("b", bs.AdEx(), 4), ("c", bs.LIF(), 7), ("d", bs.Izhikevich(), 3)):
        net.add(bs.Population(n, model, name=name))
    layout = Layout(net, 0.1, 1)
    rows = [layout.state_row(name, variable, "here") for name in layout.members for variable in layout.variables(name)]
    places = np.concatenate([np.arange(at, at + n) for at, n in rows])
    assert sorted(places.tolist()) == list(range(layout.n_state))


def test_the_table_names_every_part():
    text = repr(network().estimate())
    for part in ("cells->cells", "400,000", "800 kB", "segments of rows", "2,000 cells", "peak of building"):
        assert part in text


def test_a_procedural_network_of_billions_of_synapses_fits():
    net = network(n=100_000, rule=bs.FixedProbability(0.5), storage="procedural")
    assert net.estimate().synapses == 5e9
    assert net.estimate().kept < 2e9


def test_procedural_projections_share_what_rows_take_by_their_synapses():
    cells, net = bs.Population(1_000, bs.LIF(), name="cells"), bs.Network(seed=1)
    for name, p in (("few", 0.1), ("many", 0.3)):
        given = {"weight": 0.1, "delay": 1.5, "synapse": bs.Delta(), "storage": "procedural"}
        net.connect(cells, cells, bs.FixedProbability(p), **given, name=name)
    sizes = {name: size for name, _, size in net.estimate().rows}
    assert sizes["many"] == pytest.approx(3.0 * sizes["few"])
    assert sizes["few"] > 100.0


def test_too_large_a_network_is_refused_before_it_is_built(monkeypatch):
    monkeypatch.setattr(simulation, "WORTH_AN_ESTIMATE", 0)
    monkeypatch.setattr(estimate, "free_memory", lambda: 1_000_000)
    with pytest.raises(MemoryError, match=r"400,000 synapses need .* only 1 MB are free.*storage='procedural'.*estimate"):
        bs.Simulation(network(), seed=1)


def mixed():
    """Several groups, receptors that act at once and over a buffer, views in another order, listed spikes."""

    class Fast(bs.LIF):
        method = "euler"

    exp, slow, delta = bs.Exponential(tau=2.0), bs.Exponential(tau=9.0), bs.Delta()
    a, b = bs.Population(3000, bs.LIF(), name="a"), bs.Population(500, bs.LIF(tau_m=bs.Uniform(9.0, 11.0)), name="b")
    c, d = bs.Population(70, Fast(), name="c"), bs.Population(900, bs.LIF(tau_m=33.0), name="d")
    train = bs.Population(20, bs.SpikeTrains([1.0], [3]), name="train")
    net = bs.Network(seed=1)
    ends = [(a[::-1], exp), (a[:100] + d, slow), (b, delta), (c, exp), (c, delta), (d[3:40], exp), (b[7], exp)]
    for post, synapse in ends:
        net.connect(train, post, bs.FixedTotal(100), weight=0.1, delay=1.5, synapse=synapse)
    net.connect(d, d[100:], bs.FixedTotal(100), weight=0.1, delay=1.5, synapse=delta)
    net.connect(a, a, bs.FixedTotal(100), weight=0.1, delay=1.5, synapse=exp)
    net.stimulate(d, bs.PoissonInput(rate=1.0, weight=1.0, synapse=slow))
    net.stimulate(c, bs.CurrentInput(1.0))
    return net


@pytest.mark.parametrize("partitions", [1, 2, 3, 40])
def test_places_are_known_before_the_numbers_of_the_cells(partitions):
    net = mixed()
    layout, filled = (Layout(net, 0.1, partitions, filled=filled) for filled in (False, True))
    assert (layout.n_numbers, layout.input_at) == (filled.n_numbers, filled.input_at)
    assert [group.kernel.text for group in layout.groups if group.kernel] == [
        g.kernel.text for g in filled.groups if g.kernel
    ]
    for projection in net.projections:
        count, low, high = layout.reached(projection.post, projection.synapse)
        at, part = filled.input_places(projection.post, projection.synapse)
        assert np.array_equal(count, np.bincount(part, minlength=partitions))
        for k in range(partitions):
            here = at[part == k]
            assert (low[k] <= high[k]) == (here.size > 0)
            assert here.size == 0 or (low[k], high[k]) == (here.min(), here.max())


def two_receptors(n, rule=None):
    cells = bs.Population(n, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    for tau in (2.0, 5.0):
        net.connect(cells, cells, rule or bs.FixedTotal(1000), weight=0.1, delay=1.5, synapse=bs.Exponential(tau=tau))
    return net


@pytest.mark.thorough_but("[small]")
@pytest.mark.parametrize(
    ("net", "threads", "size"),
    [
        (lambda: two_receptors(30_000), 1, 2),
        (lambda: two_receptors(40_000), 1, 4),  # two rows of the state are further apart than 16 bits reach
        (lambda: two_receptors(50_000), 2, 4),  # also in half of them: rows go through all partitions
        (lambda: network(n=100_000, rule=bs.FixedTotal(1000)), 1, 4),
        (lambda: network(n=100_000, rule=bs.FixedTotal(1000)), 2, 2),
        (lambda: network(n=100_000, rule=bs.FixedIndegree(1)), 2, 4),  # targets wait under their number
    ],
    ids=["small", "two rows", "two rows in two", "large", "halves", "by target"],
)
def test_bytes_of_a_target_are_those_of_the_store(net, threads, size):
    net = net()
    assert bs.Simulation(net, seed=1, threads=threads)._run.synapses.store.targets.itemsize == size
    assert estimate.bytes_of_target(net.projections, Layout(net, 0.1, threads, filled=False)) == size


def several_weights(n=600, k=80):
    parts = [bs.Population(n, bs.LIF(), name=name) for name in "abc"]
    net = bs.Network(seed=1)
    weights, names = (0.1, 0.2, bs.Normal(1.0, 0.1), 0.1), ("a->a", "a->b", "a->c", "a->a again")
    for weight, post, name in zip(weights, (*parts, parts[0]), names, strict=True):
        net.connect(parts[0], post, bs.FixedTotal(n * k), weight=weight, delay=DRAWN, synapse=bs.Exponential(), name=name)
    net.connect(parts[1], parts[2], bs.OneToOne(), weight=0.1, delay=DRAWN, synapse=bs.Delta())
    net.connect(parts[2], parts[1], bs.FixedOutdegree(3), weight=0.1, delay=DRAWN, synapse=bs.Delta())
    return net


LISTED = np.round(np.random.default_rng(1).uniform(1.0, 9.0, (100, 100)), 1)
SEGMENTS = {
    "delays of up to 9000 steps": lambda: network(n=500, delay=bs.Uniform(1.0, 900.0)),
    "a long tail": lambda: network(n=500, delay=bs.Clipped(bs.LogNormal(4.0, 1.0), low=0.1)),
    "one long delay": lambda: network(n=500, delay=150.0),
    "listed delays": lambda: network(n=100, rule=bs.AllToAll(), delay=LISTED),
    "several weights": several_weights,
}


@pytest.mark.thorough_only("[delays of up", "[a long tail-1]")
@pytest.mark.parametrize("threads", [1, 3, 16])
@pytest.mark.parametrize("kind", SEGMENTS)
def test_segments_are_as_many_as_estimated(kind, threads):
    net = SEGMENTS[kind]()
    found = bs.Simulation(net, seed=1, threads=threads)._run.synapses.store.piece.size
    stored = {p: p.expected for p in net.projections}
    assert estimate.expected_segments(stored, Layout(net, 0.1, threads, filled=False)) == pytest.approx(found, rel=0.03)


@pytest.mark.thorough
@pytest.mark.parametrize("threads", [1, 4])
def test_pools_are_as_large_as_estimated(threads):
    """Sources that fire at the 10 Hz for which the room is estimated."""
    n, rng = 20_000, np.random.default_rng(1)
    times, ids = np.round(np.sort(rng.uniform(0.1, 100.0, n)), 1), rng.integers(0, n, n)
    sources = bs.Population(n, bs.SpikeTrains(times, ids), name="sources")
    cells = bs.Population(n, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.connect(
        sources,
        cells,
        bs.FixedProbability(0.02),
        weight=bs.Normal(1.0, 0.1),
        delay=DRAWN,
        synapse=bs.Exponential(),
        storage="procedural",
    )
    sim = bs.Simulation(net, seed=1, threads=threads)
    sim.run(100.0)
    pools = [arrays_of(partition.operator(Arrivals).pool) for partition in sim._run.partitions]
    size = sum({id(array): array.nbytes for pool in pools for array in pool.values()}.values())
    assert size == pytest.approx(net.estimate(0.1, threads).rows[0][-1], rel=0.15)
    # what is sampled from is there once, what is under way in each
    for shared in ("plans", "interval", "first", "entries", "counts", "place", "part", "accept", "other", "laws"):
        assert all(pool[shared] is pools[0][shared] for pool in pools)
    assert len({id(pool["targets"]) for pool in pools}) == threads


def test_an_empty_network_needs_nothing():
    estimate = bs.Network(seed=1).estimate(0.1, 4)
    assert (estimate.kept, estimate.synapses) == (0, 0)


ADVICE = {
    "what can be drawn again": (
        {},
        1,
        [r"storage='procedural'\) keeps none of the synapses of 'cells->cells' \(800 kB\)"],
        ["FixedTotal", "threads="],
    ),
    "targets that draw": (
        {"rule": bs.FixedIndegree(200)},
        1,
        [r"FixedTotal\(200 \* post.n\) instead of FixedIndegree\(200\) allows storage="],
        ["keeps none"],
    ),
    "lists": (
        {"n": 100, "rule": bs.AllToAll(), "weight": np.ones((100, 100))},
        1,
        ["fewer cells or synapses"],
        ["procedural"],
    ),
    "threads": ({"delay": DRAWN}, 16, [r"threads=1 needs \d+", "larger dt, or one delay", r"estimate\(0.1, 16\)"], []),
    "weights": ({"weight": bs.Normal(1.0, 0.1)}, 1, ["one weight per projection saves 4 bytes a synapse"], ["larger dt"]),
    "cells": ({"n": 100_000, "rule": bs.OneToOne()}, 1, ["precision='single' takes half of the state"], []),
}


def test_single_precision_halves_the_state():
    from brainsim.features.resting.operator import Resting

    double, single = (network(n=100_000, rule=bs.OneToOne()).estimate(precision=kind) for kind in ("double", "single"))
    kinds = np.float64, np.float32
    layouts = [Layout(network(n=100_000, rule=bs.OneToOne()), 0.1, 1, kind, filled=False) for kind in kinds]
    resting = [Resting.expected_bytes(layout) for layout in layouts]
    # of the state, of that of the result, and of the copies of cells that may be at rest
    assert double.kept - single.kept == 8 * layouts[0].n_numbers + resting[0] - resting[1]
    with pytest.raises(ValueError, match=r"Network.estimate.precision: must be 'double' or 'single' \(got 'half'\)"):
        network().estimate(precision="half")


@pytest.mark.thorough
def test_what_fits_in_single_precision_is_not_refused(monkeypatch):
    net, cells = bs.Network(seed=1), bs.Population(10_000, bs.LIF(), name="cells")
    for tau in range(1, 20):  # enough variables for the state to be most of it
        net.stimulate(cells, bs.PoissonInput(rate=1.0, weight=1.0, synapse=bs.Exponential(tau=float(tau))))
    double, single = (net.estimate(precision=kind).peak for kind in ("double", "single"))
    assert single < 0.7 * double
    monkeypatch.setattr(simulation, "WORTH_AN_ESTIMATE", 0)
    monkeypatch.setattr(estimate, "free_memory", lambda: (double + single) // 2)
    with pytest.raises(MemoryError, match="precision='single'"):
        bs.Simulation(net, seed=1, threads=1)
    bs.Simulation(net, seed=1, threads=1, precision="single")
    monkeypatch.setattr(simulation, "WORTH_AN_ESTIMATE", 0)
    monkeypatch.setattr(estimate, "free_memory", lambda: 1000)
    with pytest.raises(MemoryError, match=r"estimate\(0.1, 1, 'single'\)") as refused:
        bs.Simulation(net, seed=1, threads=1, precision="single")
    assert "precision='single' takes" not in str(refused.value)


@pytest.mark.parametrize("kind", ADVICE)
def test_a_refusal_says_what_helps_here(kind, monkeypatch):
    monkeypatch.setattr(simulation, "WORTH_AN_ESTIMATE", 0)
    monkeypatch.setattr(estimate, "free_memory", lambda: 1000)
    given, threads, said, unsaid = ADVICE[kind]
    with pytest.raises(MemoryError) as refused:
        bs.Simulation(network(**given), seed=1, threads=threads)
    for text in said:
        assert re.search(text, str(refused.value)), refused.value
    for text in unsaid:
        assert text not in str(refused.value)


PEAK = """
import resource, sys, brainsim as bs

def build(k):
    rule = {rule}
    cells = bs.Population(3000, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.connect(cells, cells, rule, weight={weight}, synapse=bs.Exponential(), delay={delay}, plasticity={plasticity})
    return bs.Simulation(net, seed=1, threads=2)

build(10)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
size = build(5000)._run.synapses.nbytes
print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / size)
"""
DRAW = "bs.Clipped(bs.Normal(1.5, 0.75), low=0.1)"


@pytest.mark.slow_but("0.1, 0.2", "1.5-None")
@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != "linux", reason="getrusage counts kilobytes")
@pytest.mark.parametrize(
    ("rule", "weight", "delay", "plasticity"),
    [
        ("bs.FixedIndegree(k)", "bs.Normal(1.0, 0.1)", "1.5", "None"),
        ("bs.FixedIndegree(k)", "bs.Normal(1.0, 0.1)", DRAW, "None"),
        ("bs.FixedProbability(k / 6000)", "0.1", "1.5", "None"),
        ("bs.FixedTotal(3000 * k)", "bs.Normal(1.0, 0.1)", DRAW, "None"),
        ("bs.FixedTotal(3000 * k)", "bs.Uniform(0.1, 0.2)", DRAW, "bs.STDP()"),
    ],
)
def test_the_peak_of_building_is_little_more_than_the_store(rule, weight, delay, plasticity):
    code = PEAK.format(rule=rule, weight=weight, delay=delay, plasticity=plasticity)
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert float(out) < 1.5


@pytest.mark.thorough
def test_networks_in_one_process_leave_no_memory_behind():
    """NumPy tells tracemalloc of its arrays. The resident memory would not do: the C library keeps freed blocks at will."""

    def run(seed):
        cells = bs.Population(4000 + 100 * seed, bs.LIF(tau_m=10.0 + seed), name=f"cells{seed}")
        net = bs.Network(seed=seed)
        net.connect(cells, cells, bs.FixedTotal(300_000), weight=bs.Normal(1.0, 0.1), synapse=bs.Exponential(), delay=DRAWN)
        net.stimulate(cells, bs.PoissonInput(rate=5000.0, weight=100.0, synapse=bs.Exponential()))
        bs.simulate(net, 20.0, seed=1, threads=2, record=[bs.Trace(cells[:5], "v")])
        gc.collect()

    run(0)  # compiles
    tracemalloc.start()
    try:
        run(1)
        before, _ = tracemalloc.get_traced_memory()
        for seed in range(2, 5):
            run(seed)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before > 2.4e6  # the synapses of one network are seen
    assert after - before < 0.3e6


def test_a_simulation_frees_its_synapses():
    import weakref

    sim = bs.Simulation(network(), seed=1)
    targets = weakref.ref(sim._run.synapses.store.targets)
    del sim
    gc.collect()
    assert targets() is None


def test_the_profile_of_a_piece_is_its_own_and_adds_up_to_its_run():
    net = network(n=4000)
    net.stimulate(net.populations["cells"], bs.PoissonInput(rate=5000.0, weight=100.0, synapse=bs.Exponential()))
    sim = bs.Simulation(net, seed=1, threads=2, profile=True)
    pieces = [sim.run(length).stats for length in (200.0, 200.0, 10.0)]
    for piece in pieces:
        assert set(piece["profile"]) == {"update", "drive", "delivery", "routing", "waiting", "rest"}
        assert min(piece["profile"].values()) >= 0.0
        assert 0.0 < sum(piece["profile"].values()) <= piece["run"]
    assert sum(pieces[0]["profile"].values()) > 0.5 * pieces[0]["run"]
    assert pieces[0]["profile"]["delivery"] > 0.0
    whole = sim.result().stats["profile"]
    for part, seconds in whole.items():
        assert seconds == pytest.approx(sum(piece["profile"][part] for piece in pieces), rel=1e-9)
    assert "profile" not in bs.simulate(net, 1.0).stats
