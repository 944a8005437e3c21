"""Networks that learn give the same bits in whichever way they are run: spikes, states, weights, variables of synapses."""

import copy

import numpy as np
import pytest

import brainsim as bs
from tests.engine.plasticity.test_networks import check, network
from tests.helpers.plasticity import learning_rules as own
from tests.random_networks import bits

pytestmark = pytest.mark.usefixtures("more_partitions")

DELTA, AMPA = bs.Delta(), bs.Exponential(tau=2.0)
TOTAL = 120.0
LOOPS = ("rich", "centred", "depressing", "pairs")


def build():
    """Return a network with several plastic projections, also between the same cells, beside static ones."""
    cells = bs.Population(150, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    inputs = bs.Population(80, bs.Poisson(rate=40.0), name="inputs")
    net = bs.Network(seed=7)
    exc, inh = cells[:120], cells[120:]
    random = {"weight": bs.Uniform(0.2, 1.0), "delay": bs.Uniform(0.3, 5.0)}
    net.connect(
        exc, cells, bs.FixedIndegree(12), **random, synapse=DELTA, plasticity=own.Rich(), dendritic_delay=0.2, name="rich"
    )
    net.connect(
        inputs,
        exc,
        bs.FixedProbability(0.1),
        weight=0.5,
        delay=1.5,
        synapse=DELTA,
        plasticity=own.Centred(a=0.01, b=0.02),
        dendritic_delay="all",
        name="centred",
    )
    net.connect(
        inputs,
        cells,
        bs.FixedOutdegree(9),
        weight=60.0,
        delay=2.0,
        synapse=AMPA,
        plasticity=own.Depressing(),
        name="depressing",
    )
    net.connect(
        inh,
        exc,
        bs.FixedTotal(900),
        weight=-0.6,
        delay=0.3,
        synapse=DELTA,
        plasticity=own.Pairs(a=0.01, b=0.0),
        name="pairs",
    )
    net.connect(exc, cells, bs.FixedIndegree(5), weight=0.3, delay=1.0, synapse=DELTA)
    net.stimulate(cells, bs.PoissonInput(rate=5000.0, weight=0.8, synapse=DELTA), name="drive")
    return net


def simulation(net=None, *, threads=1, traces=True, **options):
    net = net or build()
    record = [bs.Trace(net.populations["cells"][:5], "v", every=0.5)] if traces else []
    given = {"record": record, "threads": threads, "progress": False} | options
    return bs.Simulation(net, **(given if "state" in given else {"seed": 11} | given))


def synapses(sim):
    """Return all that is kept of synapses, as arrays by name."""
    found = {}
    for name in LOOPS:
        table = sim.synapses(name)
        arrays = {key: getattr(table, key) for key in ("pre", "post", "weight", "delay")} | table.columns
        found |= {("synapses", name, key): values for key, values in arrays.items()}
    return found


def all_of(sim, result=None):
    """Return everything that a simulation has computed, as arrays by name."""
    result = result or sim.result()
    return bits.of_result(result) | synapses(sim)


@pytest.fixture(scope="module")
def whole():
    sim = simulation()
    before = synapses(sim)
    sim.run(TOTAL)
    found = all_of(sim)
    # it is alive, and it learns
    assert 500 < len(sim.result().spikes["cells"]) < 10_000
    for name in ("rich", "centred", "pairs"):
        assert np.mean(found["synapses", name, "weight"] != before["synapses", name, "weight"]) > 0.5
    return found


def without_traces(found):
    return {key: values for key, values in found.items() if key[0] != "trace"}


@pytest.mark.parametrize("threads", [2, 3, 4])
def test_any_number_of_threads(whole, threads):
    sim = simulation(threads=threads)
    sim.run(TOTAL)
    assert bits.differences(all_of(sim), whole) == []


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("read", [False, True], ids=["unread", "read"])
@pytest.mark.parametrize("pieces", [[60.0, 60.0], [0.1, 33.3, 0.1, 0.1, 46.4, 40.0], [10.0] * 12], ids=len)
def test_any_cutting_and_reading_of_the_run(whole, pieces, read, threads):
    sim = simulation(threads=threads)
    for piece in pieces:
        sim.run(piece)
        if read:
            synapses(sim)
            sim.result()
    assert bits.differences(all_of(sim), whole) == []


def test_with_and_without_recording(whole):
    sim = simulation(traces=False, threads=2)
    sim.run(TOTAL)
    assert bits.differences(all_of(sim), without_traces(whole)) == []
    sim = simulation(traces=False, spikes=False)
    sim.run(TOTAL)
    kept = {key: values for key, values in without_traces(whole).items() if key[0] != "spikes"}
    assert bits.differences(all_of(sim), kept) == []


@pytest.mark.parametrize(("first", "threads"), [(60.0, (1, 1)), (59.9, (2, 1)), (0.1, (1, 3)), (119.9, (3, 4))])
def test_saved_to_a_file_and_gone_on_from_there(whole, tmp_path, first, threads):
    begun = simulation(threads=threads[0])
    begun.run(first)
    middle = synapses(begun)
    begun.result().save(tmp_path / "begun.npz")
    state = bs.Result.load(tmp_path / "begun.npz").state
    rest = simulation(build(), threads=threads[1], state=state)
    assert bits.differences(synapses(rest), middle) == []
    rest.run(round(TOTAL - first, 1))
    found, late = all_of(rest), rest.result().start + 0.05
    state_of = lambda found: {key: v for key, v in found.items() if key[0] not in ("spikes", "trace")}  # noqa: E731
    assert bits.differences(state_of(found), state_of(whole)) == []
    times = whole["spikes", "cells", "times"]
    assert found["spikes", "cells", "times"].tobytes() == times[times > late].tobytes()
    rest.reset()
    assert bits.differences(synapses(rest), middle) == []
    rest.run(round(TOTAL - first, 1))
    assert bits.differences(all_of(rest), found) == []


def test_restored_twice(whole):
    state = simulation(threads=2)
    state.run(20.0)
    sim = simulation(threads=3, state=state.result().state)
    sim.run(0.1)
    sim = simulation(threads=1, state=sim.result().state)
    sim.run(99.9)
    assert bits.differences(synapses(sim), {key: v for key, v in whole.items() if key[0] == "synapses"}) == []


@pytest.mark.parametrize("threads", [1, 2])
def test_a_copy_and_its_original_go_on_alike(whole, threads):
    sim = simulation(threads=threads)
    sim.run(50.0)
    fork = copy.deepcopy(sim)
    middle = synapses(sim)
    fork.run(TOTAL - 50.0)
    assert bits.differences(all_of(fork), whole) == []
    # the original has weights of its own
    assert bits.differences(synapses(sim), middle) == []
    sim.run(TOTAL - 50.0)
    assert bits.differences(all_of(sim), whole) == []


@pytest.mark.parametrize("threads", [1, 3])
def test_a_reset_starts_again(whole, threads):
    sim = simulation(threads=threads)
    begin = synapses(sim)
    sim.run(70.0)
    sim.set("rich", w=0.7)
    sim.set("centred", learning=False)
    sim.run(10.0)
    sim.reset()
    assert bits.differences(synapses(sim), begin) == []
    sim.run(TOTAL)
    assert bits.differences(all_of(sim), whole) == []


def changed(threads, pieces):
    """Return what comes out if weights are written and frozen half-way."""
    sim = simulation(threads=threads)
    for piece in pieces[0]:
        sim.run(piece)
    sim.set("rich", w=0.5)
    sim.set("centred", learning=False)
    sim.set("pairs", w=-np.arange(900.0) / 900)
    for piece in pieces[1]:
        sim.run(piece)
    sim.set("centred", learning=True)
    sim.set("rich", learning=False)
    for piece in pieces[2]:
        sim.run(piece)
    return all_of(sim)


def test_changes_half_way_do_not_hang_on_threads_or_pieces(whole):
    one = changed(1, ([40.0], [40.0], [40.0]))
    assert bits.differences(one, whole) != []
    assert bits.differences(changed(3, ([13.3, 26.7], [0.1, 39.9], [40.0])), one) == []


def test_single_precision():
    found = []
    for threads in (1, 3):
        sim = simulation(threads=threads, precision="single")
        sim.run(TOTAL)
        found.append(all_of(sim))
    assert bits.differences(*found) == []
    assert np.array_equal(found[0]["synapses", "rich", "weight"], found[0]["synapses", "rich", "weight"].astype(np.float32))


@pytest.fixture
def many_sweeps(monkeypatch):
    """Let all synapses catch up every 64 steps, and tables of exponentials be as short."""
    for name in ("code", "part", "log"):
        monkeypatch.setattr(f"brainsim.engine.plasticity.{name}.PERIOD", 64, raising=False)
    monkeypatch.setattr("brainsim.engine.synapses.kinds.plastic.PERIOD", 64, raising=False)


@pytest.mark.parametrize("rule", own.RULES)
@pytest.mark.parametrize("dendritic", [0.0, 1.0, "all"])
@pytest.mark.usefixtures("many_sweeps")
def test_synapses_that_catch_up_often_are_those_of_the_twin(rule, dendritic):
    check(*network(rule(), dendritic=dendritic), (75.0, 70.5), least=50)
    check(*network(rule(), dendritic=dendritic, delay=bs.Uniform(1.0, 70.0)), (75.0, 70.5), least=50)
