"""Networks and inputs: what they hold, what they are called, and the mistakes one can make."""

import numpy as np
import pytest
from scipy import sparse

import brainsim as bs

LIF = bs.LIF()
A = bs.Population(20, LIF, name="a")
B = bs.Population(10, LIF, name="b")
NOISE = bs.Population(5, bs.Poisson(rate=8.0), name="noise")
TRAINS = bs.Population(5, bs.SpikeTrains([1.0], [0]), name="trains")
DELTA = bs.Delta()
COND = bs.ExponentialConductance(tau=5.0, e_rev=0.0)


class Theta(bs.Neuron):
    equations = "dx/dt = 1"
    dimensions = False
    threshold = "x >= 10"
    reset = "x = 0"
    x: float = bs.initial(0.0, "mV", "phase")


THETA = bs.Population(10, Theta(), name="c")


def connect(pre=A, post=B, rule=None, **given):
    """Connect in a new network, everything right unless given otherwise."""
    net = bs.Network(seed=1)
    given = {"weight": 0.1, "delay": 1.5, "synapse": DELTA} | given
    try:
        return net.connect(pre, post, bs.FixedIndegree(3) if rule is None else rule, **given)
    except Exception:
        assert net.populations == {}  # a mistake adds nothing
        assert net.projections == ()
        raise


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


@pytest.mark.filterwarnings("ignore:Network.connect")  # of connecting twice alike
def test_a_default_name_gives_way_to_one_that_was_asked_for():
    net = bs.Network(seed=1)
    given = {"weight": 1.0, "delay": 1.0, "synapse": DELTA}
    net.connect(A, A, bs.OneToOne(), name="a->b #2", **given)
    net.connect(A, B, bs.AllToAll(), **given)
    assert net.connect(A, B, bs.AllToAll(), **given).name == "a->b #3"


@pytest.mark.filterwarnings("ignore:Network.connect")  # of connecting twice alike
def test_default_names_count_on_around_those_that_were_asked_for():
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
    # what was refused takes no number
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


def test_a_refused_name_leaves_nothing_behind():
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


def test_a_sparse_matrix_brings_its_weights():
    matrix = sparse.csr_array(np.diag(np.arange(1.0, 11.0)))
    assert connect(A[:10], B, bs.FromSparse(matrix), weight=None).weight.tolist() == list(range(1, 11))
    assert connect(A[:10], B, bs.FromSparse(matrix), weight=3).weight == 3.0


@pytest.mark.parametrize("value", [bs.LogNormal(0, 1), bs.values.Exponential(2.0), bs.Uniform(0, 1), 0.0])
def test_conductances_at_least_zero(value):
    assert connect(synapse=COND, weight=value).weight == value


def test_sources_can_be_sources():
    assert connect(NOISE + TRAINS, A).pre.n == 10


CONNECT = [
    ({"pre": bs.FixedIndegree(3), "rule": A}, TypeError, r"Network.connect.pre: must be .*the order is connect"),
    ({"post": bs.FixedIndegree(3), "rule": B}, TypeError, r"Network.connect.post: .* the order is connect\(pre, post, rule"),
    ({"rule": B}, TypeError, r"Network.connect.rule: must be a rule .* the order is connect"),
    ({"pre": LIF}, TypeError, r"Population\(n, model\)"),
    ({"pre": "exc"}, TypeError, "Network.connect.pre: must be a population or a view of one .got 'exc'"),
    ({"rule": bs.AllToAll}, TypeError, "AllToAll is a class; write AllToAll"),
    ({"rule": 0.1}, TypeError, "Network.connect.rule: must be a rule"),
    ({"rule": bs.FixedIndegree(30, multapses=False)}, ValueError, "FixedIndegree.k: 30 sources are required"),
    ({"rule": bs.OneToOne()}, ValueError, "OneToOne: 'a' has 20 cells but 'b' has 10"),
    ({"synapse": bs.Delta}, TypeError, r"Network.connect.synapse: Delta is a class; write Delta\(\)"),
    ({"synapse": bs.values.Exponential(2.0)}, TypeError, r"is a distribution; the exponential synapse is bs.Exponential"),
    ({"synapse": "delta"}, TypeError, "Network.connect.synapse: must be a synapse"),
    ({"synapse": LIF}, TypeError, "Network.connect.synapse: must be a synapse"),
    ({"weight": None}, TypeError, "Network.connect.weight: must be given, in mV"),
    ({"weight": np.nan}, ValueError, "Network.connect.weight: must be finite"),
    ({"weight": np.inf}, ValueError, "Network.connect.weight: must be finite"),
    ({"weight": bs.Exponential(tau=2.0)}, TypeError, r"is a synapse; .* bs.values.Exponential\(mean\)"),
    ({"weight": "strong"}, TypeError, "Network.connect.weight: must be a number"),
    ({"weight": 1e-11, "synapse": bs.Exponential()}, ValueError, "looks like an SI value.*did you mean 10"),
    ({"weight": np.ones(30)}, ValueError, "samples its pairs, so an array cannot be matched to them"),
    ({"weight": np.ones((10, 20)), "rule": bs.AllToAll()}, ValueError, r"array of shape \(20, 10\) for AllToAll"),
    ({"weight": np.ones(4), "rule": bs.FromArrays([0], [0])}, ValueError, r"array of shape \(1,\)"),
    ({"weight": -1.0, "synapse": COND}, ValueError, "a conductance cannot be negative; for inhibition set e_rev"),
    ({"weight": [[-1.0] * 10] * 20, "rule": bs.AllToAll(), "synapse": COND}, ValueError, "a conductance cannot be negative"),
    ({"weight": bs.Normal(5, 1), "synapse": COND}, ValueError, r"write Clipped\(Normal\(5.0, 1.0\), low=0.0\)"),
    ({"delay": 0.0}, ValueError, r"Network.connect.delay: must be > 0 ms \(got 0.0\)"),
    ({"delay": -1.0}, ValueError, "Network.connect.delay: must be > 0 ms"),
    ({"delay": np.nan}, ValueError, "Network.connect.delay: must be finite"),
    ({"delay": None}, TypeError, "Network.connect.delay: must be a number in ms"),
    ({"delay": np.ones(20)}, ValueError, "Network.connect.delay: .* samples its pairs"),
    ({"delay": bs.Normal(1.5, 0.75)}, ValueError, r"use Clipped\(Normal\(1.5, 0.75\), low=0.1\)"),
    ({"delay": bs.Clipped(bs.Normal(1.5, 0.75), low=-1)}, ValueError, r"use Clipped\(Normal\(1.5, 0.75\), low=0.1\)"),
    ({"delay": bs.Uniform(0, 2)}, ValueError, "Network.connect.delay: must be > 0 ms"),
    ({"post": NOISE}, ValueError, "Network.connect.post: 'noise' is of Poisson, whose cells only send spikes"),
    ({"post": TRAINS[:2]}, ValueError, "'trains' is of SpikeTrains, whose cells only send spikes"),
    ({"post": A + TRAINS}, ValueError, "'trains' is of SpikeTrains"),
    ({"post": bs.Population(20, LIF, name="a")}, ValueError, "two populations are named 'a'"),
    ({"name": 3}, TypeError, "Network.connect.name: must be a name"),
    ({"post": THETA}, bs.EquationError, r"Network.connect.synapse: Delta\(\) onto 'c': a synapse adds to 'v', which"),
    ({"post": B + THETA[:2]}, bs.EquationError, r"Delta\(\) onto 'c'"),
    ({"post": THETA, "synapse": bs.Exponential()}, bs.EquationError, r"Exponential\(\) onto 'c': .* have no I"),
    ({"post": THETA, "synapse": COND}, bs.EquationError, "onto 'c': a synapse's current depends on 'v'"),
    (
        {"post": B[:4], "synapse": bs.Exponential(tau=[1.0] * 4)},
        ValueError,
        r"Exponential.tau: 'b' has 10 cells, but the array has 4 values",
    ),
    ({"weight": 1e39}, ValueError, r"Network.connect.weight: must lie within 3e\+38 of 0, .* \(got 1e\+39\)"),
    ({"weight": [-1e39], "rule": bs.FromArrays([0], [0])}, ValueError, r"must lie within .* \(got -1e\+39\)"),
    ({"delay": 0.0015}, ValueError, r"delay: 0.0015 ms is shorter than 0.01 ms; times are in ms: did you mean 1.5\?"),
    ({"delay": [0.001, 0.002], "rule": bs.FromArrays([0, 1], [0, 1])}, ValueError, "times are in ms: did you mean 2"),
    ({"delay": bs.Uniform(0.001, 0.002)}, ValueError, "times are in ms: did you mean 2"),
]


@pytest.mark.parametrize(("given", "kind", "message"), CONNECT)
def test_connect_mistakes(given, kind, message):
    with pytest.raises(kind, match=message):
        connect(**given)


def poisson(**given):
    return bs.PoissonInput(**({"rate": 10.0, "weight": 0.1, "synapse": DELTA} | given))


STIMULATE = [
    (lambda: stimulate(bs.CurrentInput(1.0), A), TypeError, r"the order is stimulate\(target, input\)"),
    (lambda: stimulate(A, bs.PoissonInput), TypeError, "got the class PoissonInput"),
    (lambda: stimulate(A, bs.Poisson(rate=3.0)), TypeError, "Network.stimulate.input: must be an input"),
    (lambda: stimulate(A, 300.0), TypeError, "Network.stimulate.input: must be an input"),
    (lambda: stimulate(NOISE), ValueError, "'noise' is of Poisson, whose cells only send spikes"),
    (lambda: stimulate(THETA), bs.EquationError, "Network.stimulate.input: a current into 'c': .* have no I"),
    (lambda: stimulate(THETA, poisson()), bs.EquationError, r"stimulate.input: Delta\(\) onto 'c': a synapse adds to"),
    (
        lambda: stimulate(A, poisson(synapse=bs.Exponential(tau=[1.0] * 3))),
        ValueError,
        "Exponential.tau: 'a' has 20 cells, but the array has 3 values",
    ),
    (lambda: stimulate(A, poisson(rate=np.ones(3))), ValueError, "PoissonInput.rate: 3 values do not fit 'a'"),
    (lambda: stimulate(A[:4], poisson(weight=np.ones(3))), ValueError, "PoissonInput.weight: 3 values do not fit"),
    (lambda: stimulate(A, bs.CurrentInput([1.0, 2.0])), ValueError, "CurrentInput.amplitude: 2 values do not fit 'a'"),
    (lambda: stimulate(A, bs.CurrentInput(np.ones((2, 3)), times=[0, 1])), ValueError, "3 values do not fit 'a'"),
    (lambda: poisson(rate=-1.0), ValueError, "PoissonInput.rate: must be >= 0 Hz"),
    (lambda: poisson(rate=np.ones((2, 2))), ValueError, "PoissonInput.rate: must be one number or one per cell"),
    (lambda: poisson(rate=bs.Uniform(0, 1)), TypeError, "PoissonInput.rate: must be a number"),
    (lambda: poisson(synapse=bs.Delta), TypeError, "Delta is a class"),
    (lambda: poisson(weight=-1.0, synapse=COND), ValueError, "PoissonInput.weight: a conductance cannot be negative"),
    (lambda: poisson(weight=np.inf), ValueError, "PoissonInput.weight: must be finite"),
    (lambda: bs.CurrentInput(np.nan), ValueError, "CurrentInput.amplitude: must be finite"),
    (lambda: bs.CurrentInput(3e-10), ValueError, "did you mean 300"),
    (lambda: bs.CurrentInput([1, 2], times=[2, 2]), ValueError, "CurrentInput.times: must increase"),
    (lambda: bs.CurrentInput([1, 2], times=[-1, 2]), ValueError, "CurrentInput.times: must be >= 0"),
    (lambda: bs.CurrentInput([1, 2, 3], times=[1, 2]), ValueError, r"must have the shape \(2,\) or \(2, cells\)"),
    (lambda: bs.Network(seed=-1), ValueError, "Network.seed: must be >= 0"),
    (lambda: bs.Network(seed=1.5), TypeError, "Network.seed: must be a whole number"),
    (lambda: bs.Network(seed=1).add(LIF), TypeError, "Network.add.population: must be a population"),
    (lambda: poisson().replaced(rates=3.0), TypeError, "PoissonInput: has no 'rates'; did you mean 'rate'"),
]


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


@pytest.mark.parametrize(("mistake", "kind", "message"), STIMULATE)
def test_stimulate_mistakes(mistake, kind, message):
    with pytest.raises(kind, match=message):
        mistake()


@pytest.mark.parametrize("twice", ["projection", "input"])
def test_names_are_unique(twice):
    net = bs.Network(seed=1)
    given = {"weight": 1.0, "delay": 1.0, "synapse": DELTA}
    net.connect(A, B, bs.AllToAll(), name="x", **given)
    again = {
        "projection": lambda: net.connect(A, B, bs.AllToAll(), name="x", **given),
        "input": lambda: net.stimulate(A, poisson(), name="x"),
    }
    with pytest.raises(ValueError, match="a projection or an input is already named 'x'"):
        again[twice]()
    assert (len(net.projections), len(net.inputs)) == (1, 0)


def test_two_populations_of_one_name():
    net = bs.Network(seed=1)
    net.add(bs.Population(3, LIF))
    with pytest.raises(ValueError, match="Network: two populations are named 'lif'; give one of them another name"):
        net.add(bs.Population(3, LIF))


def test_inputs_are_frozen_and_can_be_replaced():
    drive = poisson(weight=bs.Normal(0, 1))
    assert drive.replaced(rate=5.0).rate == 5.0
    assert drive.rate == 10.0
    with pytest.raises(AttributeError):
        drive.rate = 3.0
    steps = bs.CurrentInput([1.0, 2.0], times=[10, 20])
    assert steps.replaced(amplitude=[3.0, 4.0]).times.tolist() == [10.0, 20.0]
    assert stimulate(A, bs.CurrentInput(np.ones((2, 20)), times=[0, 5])).input.amplitude.shape == (2, 20)
    assert repr(bs.CurrentInput(np.ones(20))) == "CurrentInput(amplitude=<20 values from 1 to 1>)"


def test_rules_name_the_flags_that_others_take():
    with pytest.raises(TypeError, match="OneToOne.autapses: must be left out; only AllToAll, FixedProbability"):
        bs.OneToOne(autapses=False)
    with pytest.raises(TypeError, match="FixedProbability.multapses: must be left out; only FixedIndegree, FixedOutdegree"):
        bs.FixedProbability(0.1, multapses=False)
    with pytest.raises(TypeError, match="FixedIndegree: has no 'autapse'; did you mean 'autapses'"):
        bs.FixedIndegree(3, autapse=False)


def test_errors_are_public():
    assert issubclass(bs.MissingName, KeyError)
    assert issubclass(bs.EquationError, ValueError)
    assert {"MissingName", "EquationError"} <= set(dir(bs))
