"""Recurrent networks that learn, each synapse against the slow twin: ties, many delays, autapses, multapses, views."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.plasticity import learning_rules as own
from tests.helpers.plasticity.plastic_networks import differences, parameters_of

pytestmark = pytest.mark.usefixtures("more_partitions")

CLOSE = 1e-12
DELTA, AMPA = bs.Delta(), bs.Exponential(tau=2.0)


def network(rule, *, dt=0.5, synapse=DELTA, delay=None, dendritic=0.0, wiring=None, weight=None):
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
        synapse=synapse,
        plasticity=rule,
        name="loop",
    )
    net.stimulate(cells, bs.PoissonInput(rate=1500.0, weight=8.0, synapse=DELTA), name="drive")
    return net, loop


def check(net, loop, durations=(150.0, 0.5, 99.5), *, dt=0.5, threads=1, parameters=None, least=100, **options):
    """Run a network in pieces, and compare with the twin after each."""
    sim = bs.Simulation(net, dt=dt, seed=5, threads=threads, progress=False, **options)
    before = sim.synapses(loop)
    for duration in durations:
        sim.run(duration)
        given = parameters or parameters_of(sim, loop)
        found = differences(loop, sim.result(), before, sim.synapses(loop), parameters=given)
        assert max(found.values()) < CLOSE, (sim.time, found)
    assert len(sim.result().spikes["cells"]) > least
    return sim, before


@pytest.mark.parametrize("dendritic", [0.0, 0.5, 1.0, "all"])
@pytest.mark.parametrize("rule", own.RULES)
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


def test_several_rules_in_one_network():
    net, loop = network(own.Rich(), dendritic="all")
    cells, sources = net.populations["cells"], net.populations["sources"]
    others = [
        net.connect(
            cells, cells, bs.FixedIndegree(4), weight=-0.4, delay=1.0, synapse=DELTA, plasticity=own.Pairs(a=0.01, b=0.0)
        ),
        net.connect(sources, cells, bs.FixedIndegree(4), weight=20.0, delay=3.0, synapse=AMPA, plasticity=own.Depressing()),
        net.connect(
            sources, cells, bs.FixedIndegree(4), weight=20.0, delay=3.0, synapse=AMPA, plasticity=own.Depressing(tau=50.0)
        ),
    ]
    net.connect(cells, cells, bs.FixedIndegree(4), weight=0.4, delay=2.0, synapse=DELTA)
    sim = bs.Simulation(net, dt=0.5, seed=5, threads=2)
    before = [sim.synapses(one) for one in (loop, *others)]
    result = sim.run(300.0)
    for one, table in zip((loop, *others), before, strict=True):
        assert max(differences(one, result, table, sim.synapses(one)).values()) < CLOSE


def test_interpolated_spikes_count_at_the_end_of_their_step():
    class Interpolated(bs.LIF):
        interpolate = True

    cells = bs.Population(20, Interpolated(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=3)
    rule = bs.FixedIndegree(8)
    loop = net.connect(cells, cells, rule, weight=20.0, delay=1.0, synapse=AMPA, plasticity=own.Rich(top=50.0))
    net.stimulate(cells, bs.CurrentInput(np.linspace(300.0, 700.0, 20)))
    check(net, loop, (200.0,), dt=0.1, least=50)


class Random(own.Pairs):
    """Random numbers at both ends, which do not depend on what else happens."""

    on_pre = "w = w - a*y*rand(); x = x + 1"
    on_post = "w = w + b*x*(1 + 0.1*randn()); w = w + 0.01*b*binomial(3, 0.5); y = y + 1"


class Between(own.Pairs):
    """A variable that changes between events in its own way, at random, and enters w."""

    between = "q = q + 0.1*sqrt(elapsed/tau_x)*randn(); far = elapsed/tau_y; q = q/(1 + far) + 0.1*binomial(5, min(far, 1))"
    on_pre = "w = w - a*y*q; q = q*0.9 + 0.05*rand(); x = x + 1"
    on_post = "w = w + b*x*q; q = q + 0.1*rand(); y = y + 1"
    q: float = bs.initial(0.5, "", "of the synapse")


class Driven(own.Pairs):
    """A modulator with a limit that drives the weights, and that both ends read."""

    equations = """
        dx/dt = -x/tau_x
        dy/dt = -y/tau_y
        dc/dt = -c/tau_y
        dn/dt = (n_rest - n)/tau_n
        dw/dt = c*(2*n - n_base)
    """
    on_pre = "c = c - a*y*(1 + tau_x*n); x = x + 1"
    on_post = "c = c + b*x; w = w + 0.1*b*n*tau_x; y = y + 1"
    on_modulator = "n = 0.9*n + release"
    bounds = ("-50", "50")
    dimensions = False
    tau_n: float = bs.parameter(30.0, "ms", "time constant", above=0.0)
    n_rest: float = bs.parameter(0.01, "1/ms", "limit of n")
    n_base: float = bs.parameter(0.03, "1/ms", "level without effect")
    release: float = bs.parameter(0.02, "1/ms", "at a spike")
    c: float = bs.initial(0.1, "weight", "trace of pairs")
    n: float = bs.initial(0.05, "1/ms", "modulator")


OTHERS = {
    "random": Random(),
    "between": Between(),
    "driven": Driven(),
    "vesicles": bs.QuantalRelease(sites=4, tau_rec=50.0, tau_fac=30.0),
    "calcium": bs.CalciumPlasticity(w_0=0.5, b=3.0, tau=2000.0),  # w begins between w_0 and b*w_0
    "reward": bs.DopamineSTDP(w_max=100.0, n_base=0.01),
}


@pytest.mark.parametrize("dendritic", [0.0, 1.0, "all"])
@pytest.mark.parametrize("name", OTHERS)
def test_random_between_and_modulated_rules(name, dendritic):
    """The twin has the same random numbers; what happens between events is random, so it is read once."""
    net, loop = network(OTHERS[name], dendritic=dendritic)
    sources = net.populations["sources"]
    if loop.plasticity.plasticity_equations.modulator:
        given = {n: getattr(loop, n) for n in ("weight", "delay", "synapse", "plasticity", "dendritic_delay", "name")}
        new = bs.Network(seed=net.seed)
        loop = new.connect(loop.pre, loop.post, loop.rule, **given, modulator=sources[2:4], modulator_delay=1.5)
        new.stimulate(net.inputs[0].target, net.inputs[0].input, name="drive")
        net = new
    sim, before = check(net, loop, (150.0,), threads=2, least=50)
    after = sim.synapses(loop)
    moved = after.weight != before.weight if name != "vesicles" else after.columns["full"] != 4
    assert np.mean(moved) > 0.3


@pytest.fixture
def many_sweeps(monkeypatch):
    """Let all synapses catch up every 64 steps, and tables of exponentials be as short."""
    for name in ("synapses.kinds.plastic", "plasticity.part"):
        monkeypatch.setattr(f"brainsim.engine.{name}.PERIOD", 64)


@pytest.mark.parametrize("rule", own.RULES)
@pytest.mark.parametrize("dendritic", [0.0, 1.0, "all"])
@pytest.mark.usefixtures("many_sweeps")
def test_synapses_that_catch_up_often_are_those_of_the_twin(rule, dendritic):
    check(*network(rule(), dendritic=dendritic), (75.0, 70.5), least=50)
    check(*network(rule(), dendritic=dendritic, delay=bs.Uniform(1.0, 70.0)), (75.0, 70.5), least=50)
