"""Mistakes in couplings: sources that cannot give, units, delays, lists that are not symmetric, and texts of own classes."""

import numpy as np
from scipy.sparse import csr_array

import brainsim as bs
from tests.helpers.couplings import leaky
from tests.helpers.mistakes import mistakes

A, B = leaky(4, "a"), leaky(3, "b")
SPIKES = bs.Population(3, bs.SpikeTrains([1.0, 2.0], [0, 1]), name="spikes")
NOISE, UNITS = bs.Population(3, bs.Poisson(rate=5.0), name="noise"), bs.Population(3, bs.RateUnit(), name="units")
LIF = bs.Population(3, bs.LIF(), name="lif")
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
    (lambda: connect(A, LIF[:2], bs.OneToOne()), ValueError, "OneToOne"),
    (lambda: connect(A, A, synapse=bs.GapJunction), TypeError, "GapJunction is a class; write GapJunction()"),
)

test_values = mistakes(
    (lambda: connect(weight=-1.0), ValueError, "a conductance cannot be negative"),
    (lambda: connect(weight=None), TypeError, "Network.connect.weight: missing; give weight=..., in nS"),
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
    (lambda: connect(LIF, LIF, plasticity=bs.STDP(w_max=2.0)), ValueError, "connections by GapJunction cannot have one"),
    (lambda: run(weight=900.0), ValueError, "a: the weights of GapJunction onto a cell add up to 1.35 c_m/dt", "order=1"),
    (
        lambda: bs.PoissonInput(rate=5.0, weight=1.0, synapse=GAP),
        TypeError,
        "PoissonInput.synapse: GapJunction acts without spikes",
    ),
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
    (lambda: own(current="total*v"), ValueError, "a current into a cell is"),
    (lambda: own(pair="w*x*v"), ValueError, "Own.pair", "'total'"),
    (lambda: own(pair="w*y"), ValueError, "unknown name 'y'"),
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
