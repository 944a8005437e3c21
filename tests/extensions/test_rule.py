"""A rule of connection from outside, which draws its pairs, and one with a wiring of its own."""

import dataclasses

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.synapses import sampling
from brainsim.engine.synapses.wiring import Wiring, register_wiring
from brainsim.testing import check_rule


@dataclasses.dataclass(frozen=True, repr=False)
class SmallWorld(bs.Rule):
    """Each cell to its k next neighbours on a ring, of which a share p is replaced by any cells; Watts & Strogatz (1998)."""

    k: int
    p: float
    _: dataclasses.KW_ONLY
    autapses: bool = True
    multapses: bool = True

    def draw(self, n_pre, n_post, seed):
        rng, pre = np.random.default_rng(seed), np.repeat(np.arange(n_pre), self.k)
        near = (pre + np.tile(np.arange(1, self.k + 1), n_pre)) % n_post
        return pre, np.where(rng.random(pre.size) < self.p, rng.integers(n_post, size=pre.size), near)

    def expected(self, n_pre, n_post, shared=0):
        return float(n_pre * self.k)


@dataclasses.dataclass(frozen=True, repr=False)
class Drawn(bs.Rule):
    """Returns what it is given."""

    pairs_: object

    def draw(self, n_pre, n_post, seed):
        return self.pairs_

    def expected(self, n_pre, n_post, shared=0):
        return 1.0


def connected(rule, **options):
    cells, net = bs.Population(20, bs.LIF(), name="cells"), bs.Network(seed=1)
    given = {"weight": 0.5, "delay": 1.5, "synapse": bs.Delta()} | options
    return net, net.connect(cells, cells, rule, **given)


def test_a_rule_that_draws_its_pairs():
    rule = SmallWorld(4, 0.1)
    assert repr(rule) == "SmallWorld(4, 0.1)"
    assert rule == SmallWorld(4, 0.1)
    check_rule(rule)
    check_rule(SmallWorld(3, 1.0), sizes=(50, 30))
    net, wires = connected(rule)
    assert wires.expected == 80
    assert {name: size for name, _, size in net.estimate().rows}["cells->cells"] == 80 * 2
    table = bs.Simulation(net, seed=1).synapses(wires)
    near = (table.post - table.pre) % 20
    assert 60 < np.sum((near >= 1) & (near <= 4)) < 80


def test_pairs_of_plastic_synapses_can_be_drawn_and_rewired():
    net, wires = connected(SmallWorld(4, 0.1), plasticity=bs.STDP(), weight=bs.Uniform(0.2, 0.8))
    sim = bs.Simulation(net, seed=1)
    sim.run(20.0)
    sim.rewire(wires, remove=sim.synapses(wires).pre == 0, pre=[1], post=[2])
    assert len(sim.synapses(wires)) == 77


@pytest.mark.parametrize(
    ("pairs", "kind", "message"),
    [
        (3, TypeError, r"Drawn.draw: must return two arrays, the indices of both cells of each pair \(got 3\)"),
        (([0, 1], [0]), ValueError, r"Drawn.draw: must return as many sources as targets \(got 2 and 1\)"),
        (([0], [20]), ValueError, "Drawn.draw: 20 is beyond 'cells', whose 20 cells are 0 to 19"),
        (([-1], [0]), ValueError, "Drawn.draw"),
        (([0.5], [0]), (TypeError, ValueError), "Drawn.draw"),
    ],
)
def test_mistakes_in_what_is_drawn(pairs, kind, message):
    net, _ = connected(Drawn(pairs))
    with pytest.raises(kind, match=message):
        bs.Simulation(net, seed=1)


def test_mistakes_in_rules():
    with pytest.raises(ValueError, match="lists of pairs, weights or delays cannot be sampled again; use 'stored'"):
        connected(SmallWorld(4, 0.1), storage="procedural")
    with pytest.raises(ValueError, match=r"SmallWorld\(4, 0.1\) samples its pairs, so an array cannot be matched to them"):
        connected(SmallWorld(4, 0.1), weight=np.ones(80))
    unknown = type("Unknown", (bs.Rule,), {"expected": lambda self, *ends: 1.0})
    net, _ = connected(dataclasses.dataclass(frozen=True)(unknown)())
    with pytest.raises(TypeError, match="Unknown: does not say which pairs it connects; give the class a method draw"):
        bs.Simulation(net, seed=1)


@dataclasses.dataclass(frozen=True, repr=False)
class Alternating(bs.Rule):
    """Even sources to k targets each, which are sampled row by row; odd ones to none."""

    k: int
    _: dataclasses.KW_ONLY
    autapses: bool = True
    multapses: bool = True

    def expected(self, n_pre, n_post, shared=0):
        return float(self.k * ((n_pre + 1) // 2))


class EverySecond(Wiring):
    """Counts synapses of every second source."""

    rules, way = (Alternating,), sampling.REPLACING

    def count(self, start, stop, counts):
        counts[::2] = self.rule.k


@pytest.mark.usefixtures("unregistered")
def test_a_wiring_for_rows_that_are_sampled_in_threads():
    register_wiring(EverySecond)
    check_rule(Alternating(5))
    net, wires = connected(Alternating(5), storage="procedural", weight=bs.Uniform(0.1, 0.5))
    assert set(bs.Simulation(net, seed=1).synapses(wires).pre) == set(range(0, 20, 2))
