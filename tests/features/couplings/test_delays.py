"""Delays of couplings that are set, and pairs with a delay that come and go, between two pieces of a run."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.build.layout import Layout
from brainsim.features.couplings.operator import Couplings
from tests.helpers.couplings import Linear, leaky

pytestmark = pytest.mark.usefixtures("more_partitions")
DT, STEPS = 0.1, 60


def build(delay, order=1, n=6):
    units = bs.Population(
        n, Linear(drive=np.linspace(50.0, 300.0, n)), name="units", initial={"r": np.linspace(30.0, 2.0, n)}
    )
    net = bs.Network(seed=2)
    rates = bs.RateConnection(order=order)
    net.connect(units, units, bs.FixedIndegree(2), weight=bs.Uniform(-3.0, 3.0), delay=delay, synapse=rates, name="wires")
    net.connect(units, units[:2], bs.FixedTotal(3), weight=1.0, synapse=rates, name="at once")
    return net


def run(net, *changes, threads=2, record=True):
    """Return the simulation after pieces of STEPS steps, with a change before each of them."""
    cells = net.populations["units"]
    trace = [bs.Trace(cells, name) for name in ("r", "rateconnection.total")]
    sim = bs.Simulation(net, dt=DT, seed=1, threads=threads, record=trace if record else ())
    for change in changes:
        change(sim)
        sim.run(STEPS * DT)
    return sim


def bits(result):
    """Return the bytes of each variable at the end."""
    found = result.state.variables
    return {(name, variable): values.tobytes() for name in found for variable, values in found[name].items()}


def as_it_is(sim):
    """Change nothing."""


def totals(sim, r, table, first, last):
    """Return the sums of the targets from one point of time to another, computed from rates and the table of pairs."""
    at_once = sim.synapses("at once")
    found = np.zeros((last - first, r.shape[1]))
    for step in range(first, last):
        for pairs in (table, at_once):
            ago = np.maximum(step - np.rint(pairs.delay / DT).astype(int), 0)
            np.add.at(found[step - first], pairs.post, pairs.weight * r[ago, pairs.pre])
    return found


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("before", "after"), [(2.0, 0.7), (bs.Uniform(0.2, 2.0), 1.3), (0.5, 0.5)])
def test_delays_that_are_set_before_a_run_are_those_of_another_network(before, after, order):
    first = run(build(after, order), as_it_is)
    second = run(build(before, order), lambda sim: sim.set("wires", delay=after))
    assert np.array_equal(first.result().traces["units", "r"].values, second.result().traces["units", "r"].values)
    assert np.allclose(second.synapses("wires").delay, after)
    second.reset()
    third = run(build(before, order), as_it_is)
    second.run(STEPS * DT)
    assert bits(second.result()) == bits(third.result())


def test_a_longer_delay_before_a_run_also_of_what_acts_at_once():
    first = run(build(3.0), as_it_is)
    second = run(build(0.0), lambda sim: sim.set("wires", delay=3.0))
    assert np.array_equal(first.result().traces["units", "r"].values, second.result().traces["units", "r"].values)


@pytest.mark.parametrize("threads", [1, 3])
def test_from_then_on_targets_get_what_was_given_the_new_delay_ago(threads):
    """Sums before and after, from the recorded rates; a mean over two rates would come with order 2."""
    new = []

    def change(sim):
        delays = np.linspace(0.3, 2.0, len(sim.synapses("wires"))).round(1)
        sim.set("wires", delay=delays)
        new.append(delays)

    net = build(2.0)
    sim = run(net, as_it_is, change, threads=threads)
    r = sim.result().traces["units", "r"].values
    found = sim.result().traces["units", "rateconnection.total"].values
    assert np.allclose(found[:STEPS], totals(sim, r, net.synapses("wires"), 0, STEPS), rtol=1e-10, atol=1e-9)
    table = sim.synapses("wires")
    assert np.allclose(table.delay, new[0])
    assert np.allclose(found[STEPS + 1 :], totals(sim, r, table, STEPS + 1, 2 * STEPS + 1), rtol=1e-10, atol=1e-9)


def test_pairs_with_delays_come_and_go():
    def change(sim):
        table = sim.synapses("wires")
        sim.rewire("wires", remove=table.pre == 1, pre=[0, 1], post=[2, 3], weight=2.5, delay=[0.4, 1.8])

    net = build(bs.Uniform(0.2, 2.0))
    sim = run(net, as_it_is, change)
    r = sim.result().traces["units", "r"].values
    table = sim.synapses("wires")
    assert {0.4, 1.8} <= {*table.delay[table.weight == 2.5].round(1).tolist()}
    found = sim.result().traces["units", "rateconnection.total"].values[STEPS + 1 :]
    assert np.allclose(found, totals(sim, r, table, STEPS + 1, 2 * STEPS + 1), rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("order", [1, 2])
def test_the_same_bits_on_any_threads_and_after_a_checkpoint(tmp_path, order):
    shorter = lambda sim: sim.set("wires", delay=0.6)  # noqa: E731
    first = run(build(2.0, order), as_it_is, shorter, as_it_is, threads=1)
    assert bits(run(build(2.0, order), as_it_is, shorter, as_it_is, threads=3).result()) == bits(first.result())
    sim = run(build(2.0, order), as_it_is, shorter, record=False)
    sim.save(tmp_path / "run.ckpt")
    loaded = bs.Simulation.load(build(2.0, order), tmp_path / "run.ckpt", threads=3)
    loaded.run(STEPS * DT)
    assert bits(loaded.result()) == bits(first.result())


def test_mistakes():
    sim = run(build(0.5), as_it_is, as_it_is)
    for call, message in (
        (lambda: sim.set("wires", delay=0.8), "delay: must be at most 0.5 ms, the longest so far; what 'units' gave"),
        (lambda: sim.rewire("wires", pre=[0], post=[1], delay=0.8), "Simulation.rewire.delay: must be at most 0.5 ms"),
        (lambda: sim.rewire("at once", pre=[0], post=[1], delay=0.4), "all pairs of a coupling have a delay"),
        (lambda: sim.set("wires", delay=0.0), "delay"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    at_once = run(build(0.0), as_it_is)
    with pytest.raises(ValueError, match="delay: must be at most 0, the longest so far"):
        at_once.set("wires", delay=0.3)
    before = sim.synapses("wires")
    sim.run(STEPS * DT)
    assert np.array_equal(sim.synapses("wires").delay, before.delay)
    cells = bs.Population(3, bs.LI(), name="cells")
    net = bs.Network(seed=1)
    gap = net.connect(cells, cells, bs.AllToAll(), weight=0.1, synapse=bs.GapJunction())
    sim = bs.Simulation(net, seed=1)
    for call in (lambda: sim.set(gap, delay=1.0), lambda: sim.rewire(gap, pre=[0], post=[1], delay=1.0)):
        with pytest.raises(ValueError, match="GapJunction acts without a delay"):
            call()


def ring_and_estimate(net):
    sim = bs.Simulation(net, dt=DT, seed=1, threads=1)
    ring = sim._run.partitions[0].shared.common["couplings"].nbytes
    return ring, Couplings.expected_bytes(Layout(net, DT, 1, filled=False))


@pytest.mark.parametrize(
    ("delay", "most"),
    [
        (0.0, 1.0),
        (3.0, 1.0),
        (bs.Uniform(0.1, 200.0), 1.05),
        (bs.Clipped(bs.Normal(20.0, 5.0), low=1.0), 2.0),
        (np.linspace(0.1, 90.0, 300), 1.0),
    ],
    ids=["none", "one", "drawn", "without an upper end", "listed"],
)
def test_the_estimate_knows_the_ring(delay, most):
    """All columns are as deep as the longest delay requires, those of other couplings as well."""
    cells, others, net = leaky(300), leaky(200, "others"), bs.Network(seed=1)
    graded = bs.GradedSynapse()
    net.connect(cells, cells, bs.FromArrays(np.arange(300), np.arange(300)), weight=0.1, delay=delay, synapse=graded)
    net.connect(others, others, bs.FixedIndegree(2), weight=0.1, delay=0.4, synapse=graded)
    ring, estimated = ring_and_estimate(net)
    assert ring <= estimated <= most * ring


def test_the_estimate_knows_what_targets_give_to_a_rule():
    units, outputs = (bs.Population(n, bs.RateUnit(), name=f"of_{n}") for n in (100, 300))
    net = bs.Network(seed=1)
    given = {"synapse": bs.RateConnection(), "plasticity": bs.Oja()}
    net.connect(units, outputs, bs.FixedIndegree(5), weight=0.1, delay=5.0, **given)
    ring, estimated = ring_and_estimate(net)
    assert estimated == ring
