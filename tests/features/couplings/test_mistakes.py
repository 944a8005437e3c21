"""Mistakes in couplings: sources that cannot give, units, delays, lists that are not symmetric, and texts of own classes."""

import numpy as np
import pytest
from scipy.sparse import csr_array

import brainsim as bs
from tests.helpers.couplings import leaky
from tests.helpers.mistakes import mistakes

A, B = leaky(4, "a"), leaky(3, "b")
SPIKES = bs.Population(3, bs.SpikeTrains([1.0, 2.0], [0, 1]), name="spikes")
NOISE, UNITS = bs.Population(3, bs.Poisson(rate=5.0), name="noise"), bs.Population(3, bs.RateUnit(), name="units")
LIF = bs.Population(3, bs.LIF(), name="lif")
WANG_BUZSAKI = bs.Population(3, bs.WangBuzsaki(), name="channels")
TAU = bs.parameter(5.0, "ms", "time constant", above=0.0)
GAP, RATE = bs.GapJunction(), bs.RateConnection()


def connect(pre=A, post=A, rule=None, weight=1.0, **given):
    rule = bs.AllToAll() if rule is None else rule
    return bs.Network(seed=1).connect(pre, post, rule, weight=weight, **({"synapse": GAP} | given))


def run(*given, dt=0.1, **more):
    return bs.Simulation(_network(*given, **more), dt=dt, seed=1)


def _network(*given, **more):
    projection, net = connect(*given, **more), bs.Network(seed=1)
    net.connect(projection.pre, projection.post, projection.rule, weight=projection.weight, synapse=projection.synapse)
    return net


def own(**texts):
    return type("Own", (bs.Coupling,), {"source": "v", "source_unit": "mV", "current": "total", "weight_unit": "nS"} | texts)


def listed(pre, post, weight=1.0, cells=A):
    return connect(cells, cells, bs.FromArrays(pre, post), weight)


test_ends = mistakes(
    (
        lambda: connect(SPIKES, A),
        ValueError,
        "Network.connect.synapse: GapJunction acts through variables of its sources, but 'spikes' is of SpikeTrains",
        "bs.Exponential()",
    ),
    (lambda: connect(NOISE, A), ValueError, "'noise' is of Poisson, whose cells only send spikes"),
    (lambda: connect(A, NOISE), ValueError, "Network.connect.post: 'noise' is of Poisson"),
    (lambda: connect(UNITS, UNITS), ValueError, "GapJunction() of 'units': unknown name 'v'"),
    (lambda: connect(A, A, synapse=RATE), ValueError, "of 'a'", "unknown name 'r'"),
    (lambda: connect(UNITS, A, synapse=bs.GradedSynapse()), ValueError, "of 'units'", "unknown name 'v'"),
    (lambda: connect(A, A, synapse=bs.RateConnection(variable="v")), ValueError, "what a source gives is", "mV"),
    (lambda: connect(A, A, synapse=bs.GradedSynapse(source="v")), ValueError, "what a source gives", "mV"),
    (lambda: connect(A, A, synapse=bs.GatedNMDA(), delay=0.5), ValueError, "these cells never spike"),
    (
        lambda: connect(UNITS, A, synapse=own(gate="ds/dt = (v - s)/tau", source="s", tau=TAU)()),
        ValueError,
        "of 'units'",
        "the gate depends on 'v', which these cells do not have",
    ),
    (lambda: connect(A, LIF[:2], bs.OneToOne()), ValueError, "OneToOne"),
    (lambda: connect(A, A, synapse=bs.GapJunction), TypeError, "GapJunction is a class; write GapJunction()"),
)

test_values = mistakes(
    (lambda: connect(weight=-1.0), ValueError, "a conductance cannot be negative"),
    (lambda: connect(weight=None), TypeError, "Network.connect.weight: missing; give weight=..., in nS"),
    (lambda: connect(weight="1 nS"), ValueError, "Network.connect.weight: numbers are in nS; write 1 without a unit"),
    (
        lambda: connect(UNITS, UNITS, synapse=RATE, delay="1.5 ms"),
        ValueError,
        "Network.connect.delay: numbers are in ms; write 1.5 without a unit (got '1.5 ms')",
    ),
    (lambda: connect(delay=1.0), ValueError, "Network.connect.delay: GapJunction acts without a delay; leave it out"),
    (
        lambda: connect(LIF, LIF, synapse=bs.GatedNMDA()),
        TypeError,
        "Network.connect.delay: missing; GatedNMDA needs the time from a spike",
    ),
    (lambda: connect(LIF, LIF, synapse=bs.GatedNMDA(), delay=0.0), ValueError, "Network.connect.delay: must be > 0 ms"),
    (lambda: connect(UNITS, UNITS, synapse=RATE, delay=-1.0), ValueError, "Network.connect.delay"),
    (lambda: connect(UNITS, UNITS, synapse=RATE, delay=1e-4), ValueError, "times are in ms: did you mean 0.1?"),
    (lambda: connect(storage="procedural"), ValueError, "connections by GapJunction must be 'stored'"),
    (
        lambda: run(weight=900.0),
        ValueError,
        "a: the weights of GapJunction onto a cell add up to 1.35 c_m/dt",
        "the method 'exact' they must stay below 1.10",
        "or GapJunction(order=1)",
    ),
    (
        lambda: run(WANG_BUZSAKI, WANG_BUZSAKI, weight=8000.0, synapse=bs.GapJunction(order=1)),
        ValueError,
        "add up to 16 c_m/dt; with order=1 and the method 'rk4' they must stay below 2.79",
    ),
    (
        lambda: run(weight=1e6, synapse=bs.GapJunction(rectifying=True)),
        ValueError,
        "c_m/dt; with order=2 they must stay below 0.67, or currents grow",
    ),
    (
        lambda: bs.PoissonInput(rate=5.0, weight=1.0, synapse=GAP),
        TypeError,
        "PoissonInput.synapse: GapJunction acts without spikes",
    ),
)


class Plain(bs.Oja):
    """A rule for whatever cells give."""

    dimensions = False


def rule(**texts):
    return type("Own", (bs.RatePlasticity,), {"equations": "dw/dt = eta*pre*post", "eta": ETA} | texts)


ETA = bs.parameter(1e-6, "weight/ms/Hz**2", "rate of learning")
RATES, OJA = {"pre": UNITS, "post": UNITS, "synapse": RATE}, bs.Oja()
test_rules = mistakes(
    (
        lambda: connect(LIF, LIF, plasticity=bs.STDP(w_max=2.0)),
        ValueError,
        "Network.connect.plasticity: connections by GapJunction cannot have one that acts at spikes",
        "bs.Oja(), bs.BCM()",
    ),
    (
        lambda: connect(**RATES, plasticity=(bs.TsodyksMarkram(), bs.STDP())),
        ValueError,
        "RateConnection cannot have one that",
    ),
    (lambda: connect(**RATES, plasticity=bs.Oja), TypeError, "Network.connect.plasticity: Oja is a class; write Oja()"),
    (
        lambda: connect(plasticity=OJA),
        ValueError,
        "the weights of GapJunction cannot change by Oja, since a pair acts in both",
    ),
    (
        lambda: connect(LIF, LIF, synapse=bs.GatedNMDA(), delay=0.5, plasticity=OJA),
        ValueError,
        "the weights of GatedNMDA cannot change by Oja, since what a source gives is its gate",
    ),
    (
        lambda: connect(synapse=own(pair="w*max(x, 0)")(), plasticity=OJA),
        ValueError,
        "Own cannot change by Oja, since what a pair adds is not the weight times",
    ),
    (
        lambda: connect(synapse=own(current="total - weights*v")(), plasticity=OJA),
        ValueError,
        "Own cannot change by Oja, since the sum of the weights enters",
    ),
    (
        lambda: connect(synapse=own()(), plasticity=OJA),
        ValueError,
        "Oja is for sources that give Hz, and those of Own give mV",
        "dimensions = False",
    ),
    (
        lambda: connect(synapse=own()(), plasticity=Plain()),
        ValueError,
        "weights of Own are conductances; give Plain the bound 0",
    ),
    (
        lambda: connect(UNITS, A, synapse=RATE, plasticity=OJA),
        ValueError,
        "Oja needs what the target itself gives, 'a'",
        "unknown name 'r'",
    ),
    (
        lambda: bs.Network(seed=1).connect(
            LIF, LIF, bs.AllToAll(), weight=1.0, delay=1.0, synapse=bs.Delta(), plasticity=OJA
        ),
        ValueError,
        "Network.connect.plasticity: Oja acts on couplings, such as bs.RateConnection()",
    ),
    (lambda: connect(**RATES, initial={"x": 1.0}), ValueError, "Network.connect.initial: is for variables of a rule"),
    (lambda: connect(**RATES, plasticity=OJA, initial={"x": 1.0}), ValueError, "Oja has no variable 'x'"),
    (lambda: connect(**RATES, plasticity=bs.BCM(), initial={"w": 1.0}), ValueError, "the weight begins with connect("),
    (lambda: connect(**RATES, plasticity=bs.BCM(), initial={"theta": [1.0]}), TypeError, "Network.connect.initial['theta']"),
    (lambda: connect(**RATES, dendritic_delay=1.0), ValueError, "Network.connect.dendritic_delay: is for synapses"),
    (lambda: connect(**RATES, homeostasis=bs.Scaling(5.0)), ValueError, "Network.connect.homeostasis: is for synapses"),
    (
        lambda: connect(**RATES, weight=-1.0, plasticity=rule(bounds=("0", ""))()),
        ValueError,
        "Network.connect.weight: must be >= 0, the bound of Own()",
    ),
)

test_classes_of_rules = mistakes(
    (lambda: bs.RatePlasticity(), TypeError, "RatePlasticity: has no text that changes w"),
    (lambda: bs.Oja(eta=[1.0, 2.0]), TypeError, "Oja.eta: must be one number for all pairs"),
    (lambda: bs.Oja(eta=bs.Uniform(0.0, 1.0)), TypeError, "Oja.eta: must be one number for all pairs"),
    (lambda: bs.BCM(tau=0.0), ValueError, "BCM.tau: must be > 0"),
    (
        lambda: rule(
            equations="dx/dt = -0.1*x/tau", x=bs.initial(0.0, "", "a variable"), tau=bs.parameter(1.0, "ms", "time")
        ),
        ValueError,
        "must say how the weight changes: dw/dt = eta*pre*post",
    ),
    (lambda: rule(equations="dw/dt = eta*pre*y"), ValueError, "Own.equations: unknown name 'y'"),
    (lambda: rule(equations="dw/dt = eta*pre"), ValueError, "Own.equations", "dw/dt"),
    (lambda: rule(equations="dw/dt = eta*pre*post + xi"), ValueError, "Own.equations"),
    (lambda: rule(equations="dw/dt = eta*pre*post*rand()"), ValueError, "rand() is allowed only in"),
    (lambda: rule(x=bs.initial(0.0, "", "a variable")), ValueError, "Own.x: has no equation"),
    (
        lambda: rule(equations="dw/dt = eta*pre*post\ndx/dt = pre", x=bs.initial(0.0, "", "a variable"), dimensions=False),
        ValueError,
        "dx/dt depends on 'pre'; variables of such a rule are kept once for each target",
    ),
    (lambda: rule(pre=bs.parameter(1.0, "Hz", "something")), ValueError, "Own.pre: this name has a meaning in rules"),
    (lambda: rule(bounds="0"), TypeError, "Own.bounds: must be a pair of strings"),
    (lambda: rule(bounds=("0", "pre")), ValueError, "Own.bounds: unknown name 'pre'"),
    (lambda: rule(bounds=("3", "eta")), ValueError, "Own.bounds"),
    (
        lambda: rule(bounds=("0", "w_max"), w_max=bs.parameter(1.0, "weight", "upper bound"))(w_max=-1.0),
        ValueError,
        "Own.bounds: the lower bound of w, 0 = 0, must be below the upper one, w_max = -1",
    ),
    (lambda: rule(on_pre="w = 1"), TypeError, "Own.on_pre: is an attribute of bs.Plasticity"),
    (lambda: rule(bound=("0", "")), TypeError, "Own.bound: no such attribute of a model; did you mean 'bounds'?"),
)

test_lists_of_junctions = mistakes(
    (lambda: listed([0, 1], [1, 0], [1.0, 2.0]), ValueError, "between 'a' and 'a' are not symmetric", "different weights"),
    (lambda: listed([0, 1, 2], [1, 0, 3]), ValueError, "some pairs are listed in both orders, others in one"),
    (
        lambda: connect(A, A, bs.FromSparse(csr_array(np.triu(np.arange(16.0).reshape(4, 4)) + np.eye(4, k=-1))), None),
        ValueError,
        "are not symmetric",
    ),
    (
        lambda: connect(A, A, bs.AllToAll(), np.arange(16.0).reshape(4, 4)),
        ValueError,
        "Network.connect.weight: GapJunction has one weight for both directions",
    ),
)

test_classes = mistakes(
    (lambda: bs.GapJunction(5.0), TypeError, "parameters are given by name"),
    (lambda: bs.GapJunction(order=3), ValueError, "GapJunction.order: must be 1 or 2 (got 3)"),
    (lambda: bs.GapJunction(rectifying=1), TypeError, "GapJunction.rectifying"),
    (lambda: bs.GapJunction(name="a b"), ValueError, "GapJunction.name: must be a word"),
    (lambda: bs.GapJunction(g=5.0), TypeError, "GapJunction: unknown parameter 'g'"),
    (lambda: bs.RateConnection(gain="linar"), ValueError, "unknown gain 'linar'; did you mean 'linear'?"),
    (lambda: bs.RateConnection(gain=3), TypeError, "RateConnection.gain: must be 'linear'"),
    (lambda: bs.GradedSynapse(source="v >= 3"), ValueError, "a comparison is not a number"),
    (lambda: bs.GradedSynapse(v_half=[1.0, 2.0]), TypeError, "GradedSynapse.v_half: must be one number, since sources use"),
    (lambda: own(source="")(), TypeError, "Own has no source"),
    (lambda: own(current="")(), TypeError, "Own has no current; write in the class: current = 'total'"),
    (lambda: own(symmetric="yes"), TypeError, "Own.symmetric: must be True or False (got 'yes')"),
    (lambda: own(source_unit="mVV"), ValueError, "Own.source_unit: unknown unit 'mVV'; did you mean 'mV'?"),
    (lambda: own(weight_unit="nSS"), ValueError, "Own.weight_unit: unknown unit 'nSS'; did you mean 'nS'?"),
    (lambda: own(order=3)(), ValueError, "Own.order: must be 1 or 2 (got 3)"),
    (
        lambda: type("Own", (bs.Synapse,), {"equations": "dg/dt = -g/tau", "arrival": "g = g + w", "tau": TAU})(),
        TypeError,
        "Own: has no current, so events do nothing; write in the class: current = 'g'",
    ),
    (lambda: own(current="total*v"), ValueError, "a current into a cell is"),
    (lambda: own(pair="w*x*v"), ValueError, "Own.pair", "'total'"),
    (lambda: connect(synapse=own(pair="w*x + 0*y")()), ValueError, "'y' is not a variable of the target", "gives is x"),
    (lambda: own(pair="w*total"), ValueError, "'total' is not known of a pair, which reads x, w, side and variables"),
    (lambda: own(spike="s = s + 1"), TypeError, "Own.spike: acts on variables of the gate"),
    (lambda: own(gate="ds/dt = -s/tau"), ValueError, "unknown name 'tau'"),
    (
        lambda: own(gate="ds/dt = -rate*s", spike="x = x + 1", rate=bs.parameter(1.0, "1/ms", "rate of decay")),
        ValueError,
        "Own.spike",
        "'x' is not a variable of the gate",
    ),
    (lambda: own(delayed=3), TypeError, "Own.delayed: must be True, False, or None"),
    (lambda: own(total=bs.parameter(1.0, "", "something")), ValueError, "Own.total: this name has a meaning in couplings"),
    (lambda: own(v=bs.initial(1.0, "mV", "something")), TypeError, "Own.v: variables of a coupling start at 0"),
    (lambda: own(curent="v"), TypeError, "Own.curent"),
    (lambda: own(threshold="v > 3"), TypeError, "Own.threshold: is an attribute of bs.Neuron"),
)


def test_a_source_without_its_unit():
    texts = {"source": "v", "current": "weights*v - total", "weight_unit": "nS"}
    with pytest.raises(
        bs.EquationError, match=r"(?s)Own.current: .*'total' is in nS.*Own.source_unit: is not given, so .*'mV'"
    ):
        type("Own", (bs.Coupling,), texts)
    assert type("Own", (bs.Coupling,), texts | {"source_unit": "mV"})
