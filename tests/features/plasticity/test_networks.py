"""Recurrent networks that learn, each synapse against the slow twin: ties, many delays, autapses, multapses, views."""

import itertools

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.plasticity import learning_rules as own
from tests.helpers.plasticity.plastic_networks import differences, parameters_of

pytestmark = [pytest.mark.thorough_but("Pairs-0.0"), pytest.mark.usefixtures("more_partitions")]

CLOSE = 1e-12
DELTA, AMPA = bs.Delta(), bs.Exponential(tau=2.0)


def network(rule, *, dt=0.5, delay=None, dendritic=0.0, wiring=None, weight=None):
    """Return cells that fire often and sources; the plastic projection onto the cells from both; dt decides the ties."""
    sources = bs.Population(15, bs.Poisson(rate=60.0), name="sources")
    cells = bs.Population(12, bs.LIF(t_ref=1.0), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=3)
    loop = net.connect(
        sources[::-1] + cells,
        cells[[3, 1, 7, 0, 5, 11, 2]],
        bs.FixedTotal(250) if wiring is None else wiring,
        weight=bs.Uniform(0.5, 1.5) if weight is None else weight,
        delay=bs.Uniform(2 * dt, 8.0) if delay is None else delay,
        dendritic_delay=dendritic,
        synapse=DELTA,
        plasticity=rule,
        name="loop",
    )
    net.stimulate(cells, bs.PoissonInput(rate=1500.0, weight=8.0, synapse=DELTA), name="drive")
    return net, loop


def check(net, loop, durations=(150.0, 0.5, 99.5), *, dt=0.5, parameters=None, least=100):
    """Run a network in pieces, and compare with the twin after each."""
    sim = bs.Simulation(net, dt=dt, seed=5, threads=1, progress=False)
    before = sim.synapses(loop)
    for duration in durations:
        sim.run(duration)
        given = parameters or parameters_of(sim, loop)
        found = differences(loop, sim.result(), before, sim.synapses(loop), parameters=given)
        assert max(found.values()) < CLOSE, (sim.time, found)
    assert len(sim.result().spikes["cells"]) > least
    return sim, before


@pytest.mark.slow_but("[Triplets-")
@pytest.mark.parametrize(("rule", "dendritic"), list(zip(own.RULES, itertools.cycle([0.0, 0.5, "all"]))))
def test_each_rule(rule, dendritic):
    net, loop = network(rule(), dendritic=dendritic)
    sim, before = check(net, loop)
    pairs = list(zip(before.pre, before.post, strict=True))
    assert len(set(pairs)) < len(pairs), "multapses"
    ids = [3, 1, 7, 0, 5, 11, 2]
    assert any(i >= 15 and i - 15 == ids[j] for i, j in pairs), "autapses"
    if rule not in (own.Depressing, own.ShortTerm):
        assert np.mean(sim.synapses(loop).weight != before.weight) > 0.9


def test_spikes_of_both_ends_often_meet_at_a_synapse():
    """So the tests above are about ties too."""
    net, loop = network(own.Counting(), dt=1.0)
    sim = bs.Simulation(net, dt=1.0, seed=5)
    before, result = sim.synapses(loop), sim.run(400.0)
    cells = [3, 1, 7, 0, 5, 11, 2]
    met = 0
    for k in range(len(before)):
        i = before.pre[k]
        spikes = result.spikes["sources" if i < 15 else "cells"]
        pre = spikes.times[spikes.ids == (14 - i if i < 15 else i - 15)] + before.delay[k]
        spikes = result.spikes["cells"]
        met += np.isin(np.rint(pre), np.rint(spikes.times[spikes.ids == cells[before.post[k]]])).sum()
    assert met > 100


@pytest.mark.slow_but("[a]", "[top]")
@pytest.mark.parametrize("name", ["tau_x", "a", "x_rest", "tau_z", "b", "tau", "top"])
def test_parameters_that_differ_between_synapses(name):
    """A trace whose parameter differs becomes a variable of the synapse; the rule stays the same."""
    rng, pairs = np.random.default_rng(2), 120
    rule = own.Pairs if name == "tau_x" else own.Rich
    value = getattr(rule(), name) * rng.uniform(0.7, 1.3, pairs)
    ends = np.sort(rng.integers(0, 27 * 7, pairs))
    wiring = bs.FromArrays(ends // 7, ends % 7)
    net, loop = network(rule(**{name: value}), wiring=wiring, delay=2.0, weight=0.9)
    check(net, loop, parameters={name: value})


@pytest.fixture
def many_sweeps(monkeypatch):
    """Let all synapses catch up every 64 steps, and tables of exponentials be as short."""
    for name in ("synapses.kinds.plastic", "plasticity.part"):
        monkeypatch.setattr(f"brainsim.engine.{name}.PERIOD", 64)


@pytest.mark.parametrize(("rule", "dendritic"), [(own.Pairs, 0.0), (own.Rich, "all")])
@pytest.mark.usefixtures("many_sweeps")
def test_synapses_that_catch_up_often_are_those_of_the_twin(rule, dendritic):
    check(*network(rule(), dendritic=dendritic), (75.0, 70.5), least=50)
    check(*network(rule(), dendritic=dendritic, delay=bs.Uniform(1.0, 70.0)), (75.0, 70.5), least=50)
