"""Parameters that are sampled meet the conditions of their rule, or the first synapse in which they do not is named."""

import re

import numpy as np
import pytest

import brainsim as bs
from brainsim.features.plasticity.rule_code import write_rule
from brainsim.rng.streams import stream_key
from brainsim.rng.variates import fill


class Ordered(bs.Plasticity):
    """A rule with two conditions on parameters that may all be sampled."""

    on_pre = "w = w + a*(slow - fast)/slow"
    bounds = ("low", "high")
    conditions = ("fast < slow",)
    fast: bs.values.Value = bs.parameter(1.0, "ms", "the shorter time", above=0.0)
    slow: bs.values.Value = bs.parameter(5.0, "ms", "the longer time", above=0.0)
    a: bs.values.Value = bs.parameter(0.1, "weight", "change")
    low: bs.values.Value = bs.parameter(0.0, "weight", "lower bound")
    high: bs.values.Value = bs.parameter(1.0, "weight", "upper bound")


def network(rule):
    cells, net = bs.Population(20, bs.LIF(), name="cells"), bs.Network(seed=1)
    options = {"weight": 0.5, "delay": bs.Uniform(1.0, 3.0), "synapse": bs.Delta(), "name": "wires"}
    net.connect(cells, cells, bs.FixedIndegree(5), plasticity=rule, **options)
    return net


def simulation(rule):
    return bs.Simulation(network(rule), seed=1, threads=1)


def test_distributions_that_overlap_are_allowed_if_their_values_meet_the_condition():
    sim = simulation(Ordered(fast=bs.Uniform(0.1, 2.0), slow=bs.Uniform(1.99, 9.0)))
    assert np.all(sim.synapses("wires").weight == 0.5)


def test_the_synapse_is_named():
    """It is one whose own values, sampled by its index in the table, break the condition."""
    values, net = {"fast": bs.Uniform(1.0, 5.0), "slow": bs.Uniform(2.0, 4.0)}, network(Ordered())
    with pytest.raises(ValueError, match="wires: Ordered: fast < slow must hold, which its distributions do not") as caught:
        bs.Simulation(network(Ordered(**values)), seed=1, threads=1)
    *ends, fast, slow = re.search(r"synapse (\d+) -> (\d+): fast = ([\d.]+), slow = ([\d.]+)", str(caught.value)).groups()
    table, sampled = net.synapses("wires"), {name: np.empty(100) for name in values}
    for name, value in values.items():
        fill(sampled[name], value.code, stream_key(1, "plasticity", "wires", name))
    here = np.flatnonzero((table.pre == int(ends[0])) & (table.post == int(ends[1])))
    found = [(sampled["fast"][k], sampled["slow"][k]) for k in here]
    assert any(np.allclose((float(fast), float(slow)), pair, rtol=1e-5) and pair[0] >= pair[1] for pair in found)


def test_a_condition_on_one_distribution_is_checked_when_the_rule_is_made():
    with pytest.raises(ValueError, match="Ordered.fast: fast < slow must hold for all values of Uniform"):
        Ordered(fast=bs.Uniform(1.0, 6.0))
    Ordered(fast=bs.Uniform(1.0, 4.0))


@pytest.mark.thorough
def test_new_synapses_stay_within_the_narrowest_bound():
    sim = simulation(bs.STDP(w_max=bs.Uniform(0.6, 0.9)))
    with pytest.raises(ValueError, match="w must be at most 0.6, by the bounds of the rule .got 0.7"):
        sim.rewire("wires", pre=[0], post=[1], weight=0.7)


def test_bounds_that_differ_between_synapses_are_read_before_a_rounded_weight_is_brought_back_within_them():
    """In single precision a weight may lie beyond its bound: a kernel that read the bound later did not compile."""
    code = write_rule(Ordered.plasticity_equations, frozenset({"high"}), single=True)
    lines, column = code.text.splitlines(), f"column_{code.number['high']}[k]"
    reads = [
        k for k, line in enumerate(lines) if line.strip().startswith("w__ = greater(lesser(np.float64(weights[k]), high__)")
    ]
    assert reads
    assert all(lines[k - 1].strip() == f"high__ = np.float64({column})" for k in reads)
