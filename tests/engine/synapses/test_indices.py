"""Weights and delays as expressions of the indices of the two cells, for every rule, against NumPy."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.mistakes import mistakes

WEIGHT, DELAY = "where(i == j, 0.5, exp(-abs(i - j)/10))", "0.3 + 0.1*j"
CELLS = bs.Population(30, bs.LIF(), name="cells")
RULES = {
    "listed": bs.FromArrays([0, 3, 19, 3], [1, 2, 19, 0]),
    "all": bs.AllToAll(autapses=False),
    "one": bs.OneToOne(),
    "by chance": bs.FixedProbability(0.2),
    "by target": bs.FixedIndegree(4),
    "in total": bs.FixedTotal(50),
}


def network(storage="stored"):
    net = bs.Network(seed=1)
    net.stimulate(CELLS, bs.PoissonInput(rate=9000.0, weight=0.2, synapse=bs.Delta()))
    for name, rule in RULES.items():
        kept = storage if name in ("by chance", "in total") else "stored"
        given = {"weight": WEIGHT, "delay": DELAY, "synapse": bs.Delta(), "storage": kept}
        net.connect(CELLS[10:], CELLS[:20], rule, name=name, **given)
    rule = bs.STDP(w_max=1.0)
    net.connect(CELLS, CELLS, bs.FixedOutdegree(3), weight="1/(1 + i)", delay=1.0, synapse=bs.Delta(), plasticity=rule)
    return net


@pytest.mark.thorough
def test_values_are_those_of_the_expression():
    net = network()
    sim = bs.Simulation(net, seed=2)
    for name in RULES:
        for table in (net.synapses(name), sim.synapses(name)):
            i, j = table.pre, table.post
            assert len(table) > 3
            expected = np.where(i == j, 0.5, np.exp(-np.abs(i - j) / 10.0))
            np.testing.assert_allclose(table.weight, expected, rtol=1e-6)
            np.testing.assert_allclose(table.delay, 0.3 + 0.1 * j)
    table = sim.synapses("cells->cells")
    np.testing.assert_allclose(table.weight, 1.0 / (1.0 + table.pre), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.thorough
def test_spikes_do_not_depend_on_threads_and_storage():
    one, other = (
        bs.simulate(network(*how), 30.0, seed=2, threads=n).spikes["cells"] for n, how in ((1, ()), (3, ["procedural"]))
    )
    assert len(one) > 50
    assert one == other


def test_new_synapses_have_the_values_of_their_pairs():
    sheet = bs.Population(9, bs.LIF(), name="sheet", positions=bs.positions.grid((3, 3), spacing=10.0))
    net = bs.Network(seed=1)
    options = {"delay": "0.5 + 0.1*i", "synapse": bs.Delta()}
    net.connect(sheet, sheet, bs.FromArrays([0, 1], [1, 2]), weight="0.1*d", name="wires", **options)
    sim = bs.Simulation(net, seed=2)
    sim.rewire("wires", remove=[0], pre=[0, 4], post=[8, 3])
    table = sim.synapses("wires")
    np.testing.assert_allclose(table.weight, [0.1 * np.hypot(20.0, 20.0), 1.0, 1.0], rtol=1e-6)
    np.testing.assert_allclose(table.delay, [0.5, 0.6, 0.9])


def connect(pre=CELLS, rule=RULES["all"], weight=0.5, delay=1.0, synapse=bs.Delta(), **given):  # noqa: B008
    return bs.Network(seed=1).connect(pre, pre, rule, weight=weight, delay=delay, synapse=synapse, **given)


test_mistakes = mistakes(
    (lambda: connect(weight="0.5*k"), bs.EquationError, "Network.connect.weight: unknown name 'k'"),
    (lambda: connect(weight="d*i"), ValueError, "Network.connect.weight: must be of the distance d or of the indices"),
    (lambda: connect(weight="d"), ValueError, "Network.connect.weight: needs the positions of 'cells'"),
    (lambda: connect(weight="1/(i - j)", rule=bs.AllToAll()), ValueError, "must be finite, but", "at i = 0, j = 0"),
    (lambda: connect(weight="i - j", synapse=bs.ExponentialConductance()), ValueError, "write 'max(i - j, 0)'"),
    (
        lambda: connect(delay="0.1*j"),
        ValueError,
        "must be > 0 ms, but '0.1*j' is 0 at i = 1, j = 0; write 'max(0.1*j, 0.1)'",
    ),
    (lambda: connect(weight="2*j", plasticity=bs.STDP(w_max=1.0)), ValueError, "Network.connect.weight"),
    (lambda: connect(delay="-1"), ValueError, "Network.connect.delay: must be > 0 ms"),
    (lambda: connect(weight="1e38*i"), ValueError, "Network.connect.weight: must lie within 3e+38 of 0", "got 2.9e+39"),
    (lambda: connect(weight=bs.Uniform(0.0, 1e39)), ValueError, "must lie within 3e+38 of 0", "got 1e+39"),
    (lambda: connect(weight=bs.Normal(-1e39, 1.0)), ValueError, "must lie within 3e+38 of 0", "got -1e+39"),
    (
        lambda: connect(bs.Population(20_000, bs.LIF()), weight="i*j"),
        ValueError,
        "would have to be computed for all 400,000,000 pairs",
        "list the pairs with FromArrays",
    ),
)


@pytest.mark.parametrize(("delay", "source"), [("0.1*i", 0), ("0.5 - 0.1*i", 9)])
def test_new_synapses_whose_expression_gives_no_delay_are_refused(delay, source):
    net = bs.Network(seed=1)
    net.connect(CELLS, CELLS, bs.FromArrays([1, 2], [2, 3]), weight=0.5, delay=delay, synapse=bs.Delta(), name="wires")
    sim = bs.Simulation(net, seed=2)
    with pytest.raises(ValueError, match=r"Simulation.rewire.delay: '.*i': must be > 0 ms \(got"):
        sim.rewire("wires", pre=[source], post=[5])
    assert len(sim.synapses("wires")) == 2


@pytest.mark.parametrize(("cells", "rule"), [(CELLS, bs.FromArrays([], [])), (CELLS[:1], RULES["all"])])
def test_a_rule_without_pairs_takes_any_expression(cells, rule):
    for plasticity in (None, bs.STDP(w_max=0.5, sign=-1)):
        wires = connect(cells, rule, weight="1 + i", delay="1 + j", plasticity=plasticity)
        assert (wires.delay.support, wires.weight.support) == ((1.0, 1.0), (0.0, 0.0))


def test_a_text_without_names_is_a_number():
    assert connect(weight="0.5 + 1").weight == 1.5


def test_pairs_that_are_not_connected_need_no_value():
    assert connect(weight="1/(i - j)").weight.support == (-1.0, 1.0)


@pytest.mark.parametrize("text", ["i", "2*j"])
def test_one_index_alone_is_computed_for_any_number_of_cells(text):
    many = bs.Population(50_000, bs.LIF(), name="many")
    assert connect(many, bs.FixedProbability(1e-6), weight=text).weight.support[0] == 0.0
