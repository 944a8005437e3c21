"""Weights given as an array: those that learn begin with the numbers as they are, within the bounds of their rule."""

import numpy as np
import pytest

import brainsim as bs
from tests.features.plasticity.test_own_rules import IMMOVABLE
from tests.helpers.plasticity.kicked import Kicked

pytestmark = pytest.mark.usefixtures("more_partitions")

RULE = bs.STDP(w_max=1.0)
# with pairs that are listed twice, whose delays tell them apart
PAIRS = bs.FromArrays([2, 0, 2, 2, 1, 0], [0, 1, 0, 1, 2, 0])
DELAYS = np.array([3.0, 1.0, 2.0, 1.5, 0.5, 2.5])


def tables_of(rule, weight, delay=1.0, plasticity=RULE, **options):
    """Return (table, table after a reset, table of the description) of synapses between three cells."""
    cells, net = bs.Population(3, bs.LIF(), name="cells"), bs.Network(seed=1)
    other = {"delay": 1.0, "synapse": bs.Delta()}
    # weights of other synapses lie in the same column
    net.connect(cells, cells, bs.OneToOne(), weight=[0.1, 0.2, 0.3], **other)
    wires = net.connect(cells, cells, rule, weight=weight, **other | {"delay": delay}, plasticity=plasticity, name="wires")
    net.connect(cells, cells, bs.AllToAll(), weight=np.full((3, 3), 0.7), **other, plasticity=RULE)
    sim = bs.Simulation(net, seed=1, progress=False, **options)
    found = sim.synapses(wires)
    sim.set(wires, w=0.5)
    sim.reset()
    return found, sim.synapses(wires), net.synapses(wires)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    ("rule", "delay"), [(bs.OneToOne(), 1.0), (PAIRS, DELAYS), (bs.AllToAll(), 1.0), (bs.AllToAll(autapses=False), 1.0)]
)
def test_they_are_as_they_were_given(rule, delay, threads):
    values = np.random.default_rng(1).random(rule.value_shape(3, 3))
    if rule is PAIRS:
        of = dict(zip(zip(rule.pre, rule.post, DELAYS, strict=True), values, strict=True))
    for table in tables_of(rule, values, delay, threads=threads):
        pre, post = table.pre, table.post
        if rule is PAIRS:
            expected = [of[key] for key in zip(pre, post, table.delay.round(6), strict=True)]
        else:
            expected = values[pre] if values.ndim == 1 else values[pre, post]
        assert len(table) == rule.expected(3, 3, shared=3)
        assert np.array_equal(table.weight, expected)


@pytest.mark.thorough
def test_in_the_precision_of_the_run():
    values = np.random.default_rng(2).random(6)
    single, fixed = values.astype(np.float32), bs.TsodyksMarkram()
    for found in (
        tables_of(PAIRS, values, DELAYS, precision="single")[0],
        tables_of(PAIRS, values, DELAYS, plasticity=fixed)[0],  # does not change them, so they stay in four bytes
    ):
        assert sorted(found.weight) == sorted(single.astype(float))


@pytest.mark.thorough
@pytest.mark.parametrize("w_max", [0.1, 0.15])
def test_at_the_bound_a_power_of_what_is_left_is_a_number(w_max):
    """Rounded to float32, both bounds are less than the weight; and a spike of the target comes first."""
    rule = bs.STDP(w_max=w_max, weight_dependence="gutig", mu=0.5)
    pairs = Kicked(rule, [[20.0, 40.0]], [[10.0, 44.0]], weight=[w_max], model=IMMOVABLE)
    assert pairs.before.weight[0] == w_max
    assert 0.9 * w_max < pairs.run_to(60.0)[0] <= w_max


@pytest.mark.thorough
def test_at_the_bound_in_single_precision():
    """The weight that is kept is above the bound by rounding, and acts as the bound."""
    rule = bs.STDP(w_max=0.15, weight_dependence="gutig", mu=0.5, a_plus=2.0, a_minus=0.0)
    pre, post = np.arange(20.0, 100.0, 20.0), np.arange(24.0, 100.0, 20.0)
    pairs = Kicked(rule, [pre], [post], weight=0.1, model=IMMOVABLE, precision="single")
    assert pairs.run_to(100.0)[0] == float(np.float32(0.15)) > 0.15


def test_sampled_weights_are_within_the_bounds():
    assert float(np.float32(0.15)) > 0.15
    cells, net = bs.Population(20, bs.LIF(), name="cells"), bs.Network(seed=1)
    weight = bs.Uniform(0.15 - 1e-9, 0.15)
    wires = net.connect(
        cells, cells, bs.AllToAll(), weight=weight, delay=1.0, synapse=bs.Delta(), plasticity=bs.STDP(w_max=0.15)
    )
    assert bs.Simulation(net, seed=1, progress=False).synapses(wires).weight.max() == 0.15
