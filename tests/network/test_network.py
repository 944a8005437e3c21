"""Networks and inputs: what they hold and what they are called."""

import numpy as np
import pytest
from scipy import sparse

import brainsim as bs
from tests.helpers.mistaken import COND, DELTA, LIF, NOISE, TRAINS, A, B, connect, poisson
from tests.helpers.modules import need


def stimulate(target=A, drive=None, **given):
    net = bs.Network(seed=1)
    net.stimulate(target, bs.CurrentInput(300.0) if drive is None else drive, **given)
    return net.inputs[0]


def test_it_grows_in_order():
    net = bs.Network(seed=3)
    first = net.connect(A, B, bs.AllToAll(), weight=1.0, delay=1.0, synapse=DELTA)
    second = net.connect(A, B, bs.AllToAll(), weight=2.0, delay=1.0, synapse=DELTA)
    named = net.connect(NOISE, A[:3], bs.AllToAll(), weight=1.0, delay=1.0, synapse=DELTA, name="drive")
    net.stimulate(A, bs.CurrentInput(1.0))
    net.stimulate(A, bs.CurrentInput(2.0))
    net.add(TRAINS)
    net.add(A)
    assert net.seed == 3
    assert net.projections == (first, second, named)
    assert [p.name for p in net.projections] == ["a->b", "a->b #2", "drive"]
    assert [s.name for s in net.inputs] == ["CurrentInput->a", "CurrentInput->a #2"]
    assert list(net.populations) == ["a", "b", "noise", "trains"]
    assert net.populations["b"] is B
    assert first.expected == 200
    net.populations.clear()
    assert len(net.populations) == 4


class TestPlasticity:
    def test_a_projection_has_its_rule_and_its_dendritic_delay(self):
        rule = bs.STDP(w_max=2.0)
        assert (connect().plasticity, connect().dendritic_delay) == (None, 0.0)
        wires = connect(plasticity=rule)
        assert (wires.plasticity, wires.dendritic_delay) == (rule, 0.0)
        for given in (0.0, 0.5, 1.5, "all"):
            assert connect(plasticity=rule, dendritic_delay=given).dendritic_delay == given
        short = bs.Clipped(bs.Normal(1.5, 0.5), low=0.3)
        assert connect(plasticity=rule, delay=short, dendritic_delay=0.3).dendritic_delay == 0.3

    def test_it_is_shown(self):
        net = bs.Network(seed=1)
        wires = net.connect(A, B, bs.AllToAll(), weight=0.1, delay=1.0, synapse=DELTA, plasticity=bs.STDP(w_max=2.0))
        assert (
            repr(wires)
            == "Projection('a->b', AllToAll(), Delta(), STDP(w_max=2.0), weight=0.1 mV, delay=1.0 ms, 200 synapses)"
        )
        assert "a->b   AllToAll()   Delta(), STDP(w_max=2.0)   200 synapses" in repr(net)

    def test_weights_within_the_bounds(self):
        pairs = bs.FromArrays([0, 1], [2, 3])
        for weight in (0.0, 1.0, [0.0, 1.0], bs.Uniform(0.0, 1.0), bs.Clipped(bs.Normal(0.5, 0.3), low=0.0, high=1.0)):
            assert connect(rule=pairs, weight=weight, plasticity=bs.STDP()).plasticity == bs.STDP()
        connect(weight=-3.0, plasticity=bs.TsodyksMarkram())  # has no bounds
        drawn = bs.STDP(w_max=bs.Uniform(1.0, 5.0))
        connect(weight=1.0, plasticity=drawn)  # within any bound that may be drawn
        with pytest.raises(ValueError, match=r"connect.weight: must be <= 1, the least that w_max of STDP"):
            connect(weight=3.0, plasticity=drawn)

    def test_any_synapse(self):
        for synapse in (DELTA, COND, bs.Exponential(), bs.AlphaCharge(), bs.NMDA(), bs.GABAB()):
            assert connect(synapse=synapse, plasticity=bs.STDP()).synapse == synapse

    def test_parameters_of_the_listed_pairs(self):
        rule = bs.STDP(a_plus=[0.1, 0.2])
        assert connect(rule=bs.FromArrays([0, 1], [2, 3]), plasticity=rule).plasticity.per_synapse == {"a_plus"}

    def test_two_rules_are_no_repetition(self, recwarn):
        net = bs.Network(seed=1)
        for rule in (None, bs.STDP(), bs.STDP(pairing="nearest"), bs.VogelsSTDP()):
            net.connect(A, B, bs.AllToAll(), weight=0.1, delay=1.0, synapse=DELTA, plasticity=rule)
        assert not recwarn.list
        with pytest.warns(UserWarning, match="already exists"):
            net.connect(A, B, bs.AllToAll(), weight=0.1, delay=1.0, synapse=DELTA, plasticity=bs.STDP())


@pytest.mark.filterwarnings("ignore:Network.connect")  # of connecting twice alike
def test_a_default_name_gives_way_to_an_explicit_one():
    net = bs.Network(seed=1)
    given = {"weight": 1.0, "delay": 1.0, "synapse": DELTA}
    net.connect(A, A, bs.OneToOne(), name="a->b #2", **given)
    net.connect(A, B, bs.AllToAll(), **given)
    assert net.connect(A, B, bs.AllToAll(), **given).name == "a->b #3"


@pytest.mark.filterwarnings("ignore:Network.connect")  # of connecting twice alike
def test_default_names_skip_explicit_ones():
    net = bs.Network(seed=1)
    given = {"weight": 1.0, "delay": 1.0, "synapse": DELTA}

    def connected(pre, post, name=None):
        return net.connect(pre, post, bs.AllToAll(), name=name, **given).name

    assert connected(A, B, "a->b #3") == "a->b #3"
    assert [connected(A, B) for _ in range(4)] == ["a->b", "a->b #2", "a->b #4", "a->b #5"]
    for taken in ("a->b", "a->b #3", "a->b #4"):
        with pytest.raises(ValueError, match=f"a projection or an input is already named '{taken}'"):
            connected(A, B, taken)
    assert connected(A, B, "a->b #6") == "a->b #6"
    assert connected(A, B) == "a->b #7"
    assert connected(A, A, "#3") == "#3"
    assert connected(A, A, "b->a #2") == "b->a #2"
    assert [connected(B, A) for _ in range(2)] == ["b->a", "b->a #3"]
    # a rejected projection takes no number
    for _ in range(3):
        with pytest.raises(ValueError, match="FixedOutdegree"):
            net.connect(A, B, bs.FixedOutdegree(99, multapses=False), **given)
    assert connected(A, B) == "a->b #8"
    # projections and inputs share their names
    net.stimulate(A, bs.CurrentInput(1.0), name="b->a #4")
    assert connected(B, A) == "b->a #5"


@pytest.mark.filterwarnings("ignore:Network.connect")  # of connecting twice alike
def test_thousands_of_projections_have_names_of_their_own():
    net = bs.Network(seed=1)
    given = {"weight": 1.0, "delay": 1.0, "synapse": DELTA}
    names = [net.connect(A, B, bs.OneToOne() if A.n == B.n else bs.AllToAll(), **given).name for _ in range(3000)]
    assert names == ["a->b", *(f"a->b #{k}" for k in range(2, 3001))]


def test_a_rejected_name_leaves_nothing_behind():
    net = bs.Network(seed=1)
    net.add(bs.Population(3, LIF, name="a")[:2].named("part"))
    for other in (bs.Population(5, LIF, name="part"), bs.Population(4, LIF, name="c")[:3].named("part")):
        with pytest.raises(ValueError, match="are named 'part'"):
            net.connect(other, bs.Population(9, LIF, name="d"), bs.AllToAll(), weight=1.0, delay=1.0, synapse=DELTA)
    assert list(net.populations) == ["a"]
    assert net.projections == ()


def test_a_fresh_seed_is_kept():
    assert bs.Network().seed != bs.Network().seed


def test_texts():
    net = bs.Network(seed=1)
    assert repr(net) == "Network(seed=1), empty"
    net.connect(A[:15], A, bs.AllToAll(autapses=False), weight=bs.Normal(1, 2), delay=1.5, synapse=bs.Exponential(tau=2.0))
    net.stimulate(B, bs.PoissonInput(rate=100.0, weight=0.1, synapse=DELTA))
    assert repr(net).splitlines() == [
        "Network(seed=1)",
        "  populations",
        "    a                 20 LIF",
        "    b                 10 LIF",
        "  projections",
        "    a[0:15]->a        AllToAll(autapses=False)   Exponential(tau=2.0)   285 synapses",
        "  inputs",
        "    PoissonInput->b   PoissonInput(rate=100.0, weight=0.1, synapse=Delta())",
    ]
    assert repr(net.projections[0]) == (
        "Projection('a[0:15]->a', AllToAll(autapses=False), Exponential(tau=2.0), weight=Normal(1.0, 2.0) pA, "
        "delay=1.5 ms, 285 synapses)"
    )


@pytest.mark.parametrize(
    ("rule", "shape"),
    [(bs.AllToAll(), (20, 10)), (bs.FromArrays([0, 1], [2, 3]), (2,)), (bs.FromSparse(sparse.eye_array(20, 10)), (10,))],
)
def test_arrays_of_weights_and_delays(rule, shape):
    values = np.ones(shape)
    projection = connect(rule=rule, weight=values, delay=values)
    values[:] = 2.0
    assert np.all(projection.weight == 1.0)
    assert np.all(projection.delay == 1.0)
    assert not projection.weight.flags.writeable


def test_no_pairs_take_empty_lists():
    wires = connect(rule=bs.FromArrays([], []), weight=[], delay=[])
    assert (wires.expected, len(wires.synapses())) == (0, 0)


def test_a_sparse_matrix_brings_its_weights():
    matrix = sparse.csr_array(np.diag(np.arange(1.0, 11.0)))
    assert connect(A[:10], B, bs.FromSparse(matrix), weight=None).weight.tolist() == list(range(1, 11))
    assert connect(A[:10], B, bs.FromSparse(matrix), weight=3).weight == 3.0


@pytest.mark.parametrize("value", [bs.LogNormal(0, 1), bs.values.ExponentialDistribution(2.0), bs.Uniform(0, 1), 0.0])
def test_conductances_at_least_zero(value):
    assert connect(synapse=COND, weight=value).weight == value


def test_sources_can_be_sources():
    assert connect(NOISE + TRAINS, A).pre.n == 10


def test_arrays_of_a_synapse_fit_the_population():
    assert connect(post=B[:4], synapse=bs.Exponential(tau=[1.0] * 10)).post.n == 4
    connect(weight=-3e38, delay=0.01)


def test_two_views_of_one_name():
    net = bs.Network(seed=1)
    net.stimulate(A[:5].named("x"), bs.CurrentInput(1.0))
    net.stimulate(A[:5].named("x"), bs.CurrentInput(2.0))
    net.stimulate(A[:6], bs.CurrentInput(1.0))
    for other in (A[:6].named("x"), B[:5].named("x")):
        with pytest.raises(ValueError, match=r"Network: two different views are named 'x', of 5 and of \d cells"):
            net.connect(A, other, bs.AllToAll(), weight=1.0, delay=1.0, synapse=DELTA)
    for other in (A[:4].named("a"), bs.Population(5, LIF, name="x")[:2]):
        with pytest.raises(ValueError, match="Network: a view and a population are named"):
            net.stimulate(other, bs.CurrentInput(1.0))
    assert (list(net.populations), len(net.inputs), net.projections) == (["a"], 3, ())
    net.stimulate(A.named("a"), bs.CurrentInput(1.0))


def parts(*views):
    net = bs.Network(seed=1)
    for view in views:
        net.stimulate(view, bs.CurrentInput(1.0))
    return net.parts_for_plots()


def test_parts_for_plots():
    exc, inh = A[:15].named("exc"), A[15:].named("inh")
    assert parts(A, inh, exc, exc[:5], A[3:7], B) == {"a": [("exc", 0, 15), ("inh", 15, 20)]}
    assert parts(A[15:], A, A[:15]) == {"a": [("a[0:15]", 0, 15), ("a[15:20]", 15, 20)]}
    for views in ([A[:15]], [A[:15], A[16:]], [A[:15], A[14:]], [A[:15], A[15:], A[:3]], A, [A[::2], A[1::2]], [A + B]):
        assert parts(*views) == {}
    assert parts(exc, B[:5], B[5:]) == {"a": [("exc", 0, 15)], "b": [("b[0:5]", 0, 5), ("b[5:10]", 5, 10)]}
    assert parts(exc, A[:15], A[15:]) == {"a": [("exc", 0, 15)]}
    inner, outer = A[5:9].named("inner"), A[2:15].named("outer")
    assert parts(inner, outer) == {"a": [("outer", 2, 15), ("inner", 5, 9)]}  # by where they begin


class Counter(bs.Neuron):
    """It has no use for a current."""

    equations = "dv/dt = 0"
    v: float = bs.initial(0.0, "mV", "sum of what arrived")


def test_cells_without_a_current_take_events():
    cells, net = bs.Population(3, Counter(), name="cells"), bs.Network(seed=1)
    net.connect(A, cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=DELTA)
    with pytest.raises(ValueError, match="I"):
        net.connect(A, cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=bs.Exponential())


def test_what_acts_without_spikes_is_checked_by_its_own_handler():
    need("couplings")
    net = bs.Network(seed=1)
    assert net.connect(A, A, bs.AllToAll(), weight=0.1, synapse=bs.GapJunction()).delay == 0.0
    with pytest.raises(ValueError, match="GapJunction acts without a delay"):
        net.connect(A, A, bs.AllToAll(), weight=0.1, delay=1.0, synapse=bs.GapJunction())


def test_inputs_can_be_replaced():
    drive = poisson(weight=bs.Normal(0, 1))
    assert drive.replaced(rate=5.0).rate == 5.0
    assert drive.rate == 10.0
    steps = bs.CurrentInput([1.0, 2.0], times=[10, 20])
    assert steps.replaced(amplitude=[3.0, 4.0]).times.tolist() == [10.0, 20.0]
    assert stimulate(A, bs.CurrentInput(np.ones((2, 20)), times=[0, 5])).input.amplitude.shape == (2, 20)
    assert repr(bs.CurrentInput(np.ones(20))) == "CurrentInput(amplitude=<20 values from 1 to 1>)"


def test_errors_are_public():
    assert issubclass(bs.MissingName, KeyError)
    assert issubclass(bs.EquationError, ValueError)
    assert {"MissingName", "EquationError"} <= set(dir(bs))
