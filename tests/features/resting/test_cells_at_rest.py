"""A run in which cells at rest are not visited has the bits of one that visits all of them."""

from unittest import mock

import numpy as np
import pytest

import brainsim as bs
from brainsim.features.resting import operator, slices
from brainsim.features.resting.operator import Resting
from brainsim.jit.records import call
from brainsim.testing.random_networks import bits, pieces
from tests.helpers.resting import every_cell_is_visited, every_cell_may_rest

pytestmark = pytest.mark.usefixtures("more_partitions")

# models with the synapses that drive them, and the weight of an event that is felt but seldom makes a cell fire
KINDS = (
    (bs.ShiuLIF, bs.Delta(variable="g"), 12.0),
    (bs.LIF, bs.Exponential(tau=5.0), 90.0),
    (bs.LIF, bs.Delta(), 4.0),
    (bs.LIF, bs.ExponentialConductance(tau=5.0, e_rev=0.0), 2.0),
    (bs.AdEx, bs.Exponential(tau=5.0), 200.0),
    (bs.Izhikevich, bs.Delta(), 6.0),
    (bs.ALIF, bs.Exponential(tau=5.0), 90.0),  # whose threshold moves
)
SEEDS, USUAL, THOROUGH = 200, 2, 3  # the usual ones in double precision only, which compiles for half of the time


def drawn(seed):
    """Return a network that is mostly silent, what is recorded of it, and the lengths of the pieces of a run [ms]."""
    rng = np.random.default_rng([seed, 77])
    chosen = [KINDS[int(k)] for k in rng.integers(0, len(KINDS) if seed >= USUAL else 2, int(rng.integers(1, 4)))]
    net, populations = bs.Network(seed=seed), []
    for number, (model, synapse, weight) in enumerate(chosen):
        n = int(rng.integers(40, 700))
        given = {"t_ref": np.where(rng.random(n) < 0.1, 0.0, 2.2)} if model is bs.ShiuLIF and pieces.chance(rng, 0.5) else {}
        cells = bs.Population(n, model(**given), name=f"cells {number}")
        net.add(cells)
        populations.append((cells, synapse, weight))
    for pre, _, _ in populations:
        for whole, synapse, weight in populations:
            post = pieces.view(rng, whole) if pieces.chance(rng, 0.4) else whole
            edges = int(rng.integers(0, 8) * pre.n)
            ends = rng.integers(0, pre.n, edges), rng.integers(0, post.n, edges)
            weights = weight * np.ceil(rng.lognormal(0.0, 0.7, edges))
            if not isinstance(synapse, bs.ExponentialConductance):
                weights *= np.where(rng.random(pre.n) < 0.7, 1.0, -1.0)[ends[0]]
            delay = 0.1 * int(rng.integers(1, 25)) if pieces.chance(rng, 0.6) else 0.1 * rng.integers(1, 60, edges)
            shared = pieces.chance(rng, 0.2)
            net.connect(pre, post, bs.FromArrays(*ends), weight=weight if shared else weights, delay=delay, synapse=synapse)
    record = []
    for cells, synapse, weight in populations:
        few = cells[np.sort(rng.choice(cells.n, 5, replace=False))]
        net.stimulate(few, bs.PoissonInput(rate=float(rng.uniform(20.0, 400.0)), weight=6.0 * weight, synapse=synapse))
        if pieces.chance(rng, 0.3):
            net.stimulate(few[:2], bs.CurrentInput(np.array([0.0, 300.0, 0.0]), times=np.array([0.0, 20.0, 30.0])))
        if pieces.chance(rng, 0.6):
            record.append(bs.Trace(cells[rng.choice(cells.n, 3, replace=False)], "v"))
    source = bs.Population(3, bs.SpikeTrains([[5.0, 40.0], [12.0], [12.1, 60.0]]), name="source")
    cells, synapse, weight = populations[0]
    net.connect(source, cells, bs.FixedOutdegree(4), weight=20.0 * weight, delay=1.5, synapse=synapse)
    return net, record, [0.1 * int(rng.integers(1, 700)) for _ in range(3)]


def run(seed, threads=1, precision="double"):
    """Return the results of the pieces of a run, and how many cells were ever in a slot."""
    net, record, pieces_ = drawn(seed)
    sim = bs.Simulation(net, dt=0.1, seed=seed + 1, threads=threads, precision=precision, record=record, progress=False)
    found = {}
    for k, duration in enumerate(pieces_):
        found |= {(k, *name): values for name, values in bits.of_result(sim.run(round(duration, 1))).items()}
    return found, sim


def resting(sim):
    """Return the operators of a simulation that let cells rest."""
    return [one for part in sim._run.partitions if (one := part.operator(Resting)) and one._stretches]


def check(seed):
    for precision in ("double",) if seed < USUAL else ("double", "single"):
        with every_cell_is_visited():
            expected, _ = run(seed, precision=precision)
        with every_cell_may_rest():
            found, sim = run(seed, 1 + seed % 3, precision)
        assert resting(sim)
        assert bits.differences(found, expected) == []


def marked(seed):
    marks = () if seed < USUAL else pytest.mark.thorough if seed < THOROUGH else pytest.mark.slow
    return pytest.param(seed, marks=marks)


@pytest.mark.parametrize("seed", [marked(seed) for seed in range(SEEDS)])
def test_random_sparse_networks(seed):
    check(seed)


def brain(n=3000, kind=bs.ShiuLIF, **given):
    """Return a network of few active cells among many, and its population."""
    rng = np.random.default_rng(5)
    pre, post = rng.integers(0, n, (2, 10 * n))
    cells = bs.Population(n, kind(**given), name="cells")
    net = bs.Network(seed=1)
    weight = 0.275 * np.ceil(rng.lognormal(1.0, 1.0, pre.size))
    net.connect(cells, cells, bs.FromArrays(pre, post), weight=weight, delay=1.8, synapse=bs.Delta(variable="g"))
    net.stimulate(cells[:10], bs.PoissonInput(rate=150.0, weight=68.75, synapse=bs.Delta()))
    return net, cells


@pytest.mark.thorough
def test_a_mostly_silent_network_visits_few_cells():
    """Without any option, and at its usual limits; but the last chunk may be a few steps on a busy machine."""
    net, cells = brain()
    sim = bs.Simulation(net, dt=0.1, seed=2, threads=1)
    with mock.patch.object(operator, "SHORTEST", 1):
        sim.run(100.0)
    (one,) = resting(sim)
    (stretch,) = one._stretches
    assert one.on
    assert 0 < stretch.context["count"] < cells.n / 3
    assert stretch.context["lane_steps"] < 0.1 * one._steps * cells.n


def test_a_network_whose_cells_are_all_driven_visits_all():
    net, cells = brain()
    net.stimulate(cells, bs.PoissonInput(rate=10.0, weight=1.0, synapse=bs.Delta()))
    sim = bs.Simulation(net, dt=0.1, seed=2, threads=1)
    sim.run(60.0)
    assert resting(sim) == []


@pytest.mark.thorough
def test_a_busy_network_visits_all():
    """Spikes reach most cells in each slice; whether this is still so is looked at ever more rarely."""
    net = bs.Network(seed=1)
    cells = bs.Population(3000, bs.LIF(v_rest=-49.0), name="cells", initial={"v": bs.Uniform(-60.0, -50.0)})
    net.connect(cells, cells, bs.FixedIndegree(60), weight=1.0, delay=1.5, synapse=bs.Exponential(tau=5.0))
    sim = bs.Simulation(net, dt=0.1, seed=2, threads=1)
    for _ in range(8):
        sim.run(20.0)
    (one,) = resting(sim)
    assert not one.on
    assert one._pause > 2


def of_both(make, act=lambda sim: None, pieces_=(30.0, 40.0), threads=1):
    """Compare a run in pieces, with `act` between them, with one that visits all cells."""
    found = []
    for context in (every_cell_is_visited, every_cell_may_rest):
        with context():
            sim = bs.Simulation(make(), dt=0.1, seed=2, threads=threads)
            for duration in pieces_:
                sim.run(duration)
                assert bool(resting(sim)) == (context is every_cell_may_rest)
                act(sim)
            found.append(bits.of_result(sim.result()))
    assert bits.differences(found[1], found[0]) == []
    return found[0]


@pytest.mark.thorough
def test_a_rest_that_is_not_a_fixed_point_of_the_rounded_step():
    """The potential of some cells creeps away from `v_rest` by rounding, which is not taken for rest."""
    rng = np.random.default_rng(0)
    given = {"v_rest": rng.uniform(-80.0, -50.0, 2000), "tau_m": rng.uniform(3.0, 40.0, 2000)}

    def make():
        net = bs.Network(seed=1)
        cells = bs.Population(2000, bs.ShiuLIF(v_th=0.0, v_reset=-60.0, **given), name="cells")
        net.connect(cells, cells, bs.FixedTotal(50), weight=1.0, delay=1.8, synapse=bs.Delta(variable="g"))
        return net

    end = of_both(make)["state", "cells", "v"]
    assert (end != given["v_rest"]).mean() > 0.05


@pytest.mark.thorough_only("[-0.0]", "[1e-260]")
@pytest.mark.parametrize("g", [-0.0, 1e-260, -1e-249, 1e-300])
def test_numbers_that_are_flushed(g):
    """Tiny drives become 0 in the step in which they would for cells that are visited; -0.0 becomes 0.0."""

    def make():
        net = bs.Network(seed=1)
        start = np.full(500, g)
        start[::2] = np.geomspace(1e-240, 1.0, 250)
        cells = bs.Population(500, bs.ShiuLIF(tau_g=0.4), name="cells", initial={"g": start})
        net.connect(cells, cells, bs.FixedTotal(500), weight=1.0, delay=1.8, synapse=bs.Delta(variable="g"))
        return net

    for duration in (0.1, 0.3, 5.0, 150.0):
        of_both(make, pieces_=(duration, 60.0))


@pytest.mark.filterwarnings("ignore:ShiuLIF.tau_g")
@pytest.mark.thorough_only("[1e-05]")
@pytest.mark.parametrize("tau", [0.002, 1e-5])
def test_drives_that_underflow_within_a_few_steps(tau):
    """A negative one would end at -0.0."""

    def make():
        net = bs.Network(seed=1)
        start = -np.geomspace(1e-300, 1.0, 500)
        cells = bs.Population(500, bs.ShiuLIF(tau_g=tau), name="cells", initial={"g": start})
        net.connect(cells, cells, bs.FixedTotal(500), weight=1.0, delay=1.8, synapse=bs.Delta(variable="g"))
        return net

    for duration in (0.3, 0.6, 1.2):
        of_both(make, pieces_=(duration,))


@pytest.mark.thorough
def test_potentials_that_are_flushed():
    """Without a constant in its equation, a potential decays to tiny numbers, too."""

    def make():
        net = bs.Network(seed=1)
        start = np.geomspace(1e-240, 1.0, 500)
        model = bs.ShiuLIF(tau_m=0.2, tau_g=0.4, v_rest=0.0, v_reset=0.0, v_th=10.0)
        cells = bs.Population(500, model, name="cells", initial={"v": start})
        net.connect(cells, cells, bs.FixedTotal(500), weight=1.0, delay=1.8, synapse=bs.Delta(variable="g"))
        return net

    end = of_both(make, pieces_=(5.0, 60.0, 100.0))["state", "cells", "v"]
    assert (end == 0.0).all()


def test_the_order_of_simultaneous_spikes():
    """What many cells send in one step is added up in the order of the cells, driven or not, in slots or new in them."""

    def make():
        rng = np.random.default_rng(3)
        net = bs.Network(seed=1)
        cells = bs.Population(600, bs.ShiuLIF(), name="cells")
        starts = bs.Population(1, bs.SpikeTrains([[3.0, 20.0, 40.0]]), name="starts")
        fired = rng.permutation(600)[:300]
        ends = np.zeros(300, int), fired
        net.connect(starts, cells, bs.FromArrays(*ends), weight=700.0, delay=1.0, synapse=bs.Delta(variable="g"))
        pairs = rng.integers(0, 600, 6000), rng.integers(0, 40, 6000)
        weight = rng.normal(0.0, 0.3, 6000) * 10.0 ** rng.uniform(-9.0, 0.0, 6000)  # else sums of float32 are exact
        net.connect(cells, cells, bs.FromArrays(*pairs), weight=weight, delay=1.8, synapse=bs.Delta(variable="g"))
        net.stimulate(cells[fired[:20]], bs.PoissonInput(rate=1.0, weight=0.1, synapse=bs.Delta()))
        return net

    for duration in (6.3, 23.4):  # just after the sums have arrived: later, decays round them to the same numbers
        spikes = of_both(make, pieces_=(duration,))["spikes", "cells", "times"]
        assert np.unique(spikes, return_counts=True)[1].max() > 200


def test_what_a_user_writes_and_sets_acts():
    """Cells at rest that are moved, woken or given other parameters between two pieces."""

    def act(sim):
        sim.state["cells"]["v"][[7, 1400]] = [-40.0, -48.0]
        sim.state["cells"]["g"][900:950] = 30.0
        sim.set("cells", v_rest=-53.0)

    spikes = of_both(lambda: brain()[0], act, (20.0, 20.0, 30.0))["spikes", "cells", "ids"]
    assert 7 in spikes


@pytest.mark.thorough
def test_what_a_model_assigns_in_each_step_acts():
    """A limit of g, also while nothing reaches a cell."""
    limited = type("Limited", (bs.ShiuLIF,), {"each_step": "g = min(g, 0.5)", "dimensions": False})
    greatest = {}
    for kind in (limited, bs.ShiuLIF):
        of_both(
            lambda kind=kind: brain(kind=kind)[0],
            lambda sim, kind=kind: greatest.update({kind: sim.state["cells"]["g"].max()}),
        )
    assert 0.25 < greatest[limited] <= 0.5 < greatest[bs.ShiuLIF]


def test_a_run_that_failed_can_be_reset():
    """Half-way through a chunk, cells are in slots and lanes; none of that is left."""
    with every_cell_may_rest():
        sim = bs.Simulation(brain()[0], dt=0.1, seed=2, threads=1)
        expected = bits.of_result(sim.run(40.0))
        sim.reset()
        (partition,) = sim._run.partitions
        partition.progress["stop"] = partition.progress["step"] + 300
        (one,) = resting(sim)
        one.take_note()
        (stretch,) = one._stretches
        assert stretch.in_slices
        stretch.context["listed"][:100], stretch.context["found"][0] = np.arange(500, 600), 100
        call(
            slices.turn.address(stretch.context.kind, partition.progress.kind),
            stretch.context.address,
            partition.progress.address,
        )
        assert stretch.context["lanes_used"] > 100
        sim.reset()
        assert bits.differences(bits.of_result(sim.run(40.0)), expected) == []


class Jump(bs.Alpha):
    """Acts on another variable of the same equations as its base."""

    arrival = "i = i + w"


@pytest.mark.thorough_only("[part0]")
@pytest.mark.parametrize("part", [slice(400, None), slice(1, None, 2), slice(250, 260)])
def test_only_some_cells_are_targets(part):
    """The first cells of a stretch, or all of one of its populations, get no events."""

    def make():
        net, rng = bs.Network(seed=1), np.random.default_rng(2)
        populations = [bs.Population(500, bs.ShiuLIF(), name=name) for name in ("one", "two", "three")]
        source = bs.Population(5, bs.SpikeTrains(np.arange(1.0, 60.0), rng.integers(0, 5, 59)), name="source")
        drive = bs.Delta(variable="g")
        for post in (populations[0][part], populations[2][part]):
            net.connect(source, post, bs.FixedOutdegree(5), weight=300.0, delay=1.5, synapse=drive)
        net.connect(populations[0], populations[2], bs.FixedTotal(4000), weight=5.0, delay=1.8, synapse=drive)
        net.add(populations[1])
        return net

    for threads in (1, 3):
        of_both(make, threads=threads)


@pytest.mark.thorough
def test_one_kernel_for_synapses_that_act_on_different_variables():
    def make():
        net = bs.Network(seed=1)
        one, two = (bs.Population(400, bs.LIF(), name=name) for name in ("one", "two"))
        source = bs.Population(5, bs.SpikeTrains(np.arange(1.0, 60.0), np.arange(59) % 5), name="source")
        net.connect(one, one, bs.FixedTotal(10), weight=1.0, delay=1.5, synapse=bs.Alpha(tau=2.0))
        net.connect(source, two, bs.FixedOutdegree(50), weight=3000.0, delay=1.5, synapse=Jump(tau=2.0))
        return net

    assert of_both(make)["spikes", "two", "ids"].size


@pytest.mark.slow
@pytest.mark.thorough
def test_cells_with_many_receptors():
    """Of which the kernel makes one step at a time."""

    def make():
        net = bs.Network(seed=1)
        cells = bs.Population(300, bs.LIF(), name="cells")
        for k in range(20):
            net.connect(cells, cells, bs.FixedTotal(100), weight=100.0, delay=1.5, synapse=bs.Exponential(tau=3.0 + k))
        net.stimulate(cells[:5], bs.PoissonInput(rate=500.0, weight=1000.0, synapse=bs.Exponential(tau=3.0)))
        return net

    of_both(make)


@pytest.mark.thorough_only("[0.3]")
@pytest.mark.parametrize("delay", [0.3, 1.8])
def test_all_events_go_to_one_buffer_of_cells_that_differ(delay):
    """Cells that are reached are advanced by slices; some of them fire in one, and some are reached while they wait."""

    def make():
        net, rng = bs.Network(seed=1), np.random.default_rng(4)
        given = {"tau_m": rng.uniform(5.0, 30.0, 700), "v_th": rng.uniform(-50.0, -40.0, 700)}
        cells = bs.Population(700, bs.ShiuLIF(t_ref=0.1 * rng.integers(0, 50, 700), **given), name="cells")
        ends, weight = rng.integers(0, 700, (2, 5000)), rng.normal(10.0, 30.0, 5000)
        net.connect(cells, cells, bs.FromArrays(*ends), weight=weight, delay=delay, synapse=bs.Delta(variable="g"))
        net.stimulate(cells[5:80], bs.PoissonInput(rate=20.0, weight=68.75, synapse=bs.Delta()))
        return net

    found = []

    def act(sim):
        for one in resting(sim):
            (stretch,) = one._stretches
            found.append(stretch.in_slices)
            stretch.context["most_entered"] = 2000  # it begins to count again after a few slices

    for threads in (1, 2):
        spikes = of_both(make, act, (7.7, 60.0, 0.5), threads)["spikes", "cells", "ids"]
        assert np.unique(spikes).size > 100
    assert found
    assert all(found)
