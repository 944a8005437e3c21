"""Mistakes in projections: their ends, synapses, weights and delays, plasticity, and rules of the distance."""

import numpy as np

import brainsim as bs
from tests.helpers.mistaken import (
    COND,
    DELTA,
    LEAKY,
    LIF,
    LINE,
    NOISE,
    PHASES,
    TRAINS,
    A,
    B,
    Rule,
    cells,
    connect,
    near,
    placed,
    plastic,
)
from tests.helpers.mistakes import mistakes

test_ends_of_projections = mistakes(
    (lambda: connect(bs.FixedIndegree(3), B, A), TypeError, "Network.connect.pre: must be ", "the order is connect"),
    (
        lambda: connect(A, bs.FixedIndegree(3), B),
        TypeError,
        "Network.connect.post: ",
        " the order is connect(pre, post, rule",
    ),
    (lambda: connect(rule=B), TypeError, "Network.connect.rule: must be a rule ", " the order is connect"),
    (lambda: connect(LIF), TypeError, "Population(n, model)"),
    (lambda: connect("exc"), TypeError, "Network.connect.pre: must be a population or a view of one (got 'exc'"),
    (lambda: connect(rule=bs.AllToAll), TypeError, "AllToAll is a class; write AllToAll"),
    (lambda: connect(rule=0.1), TypeError, "Network.connect.rule: must be a rule"),
    (
        lambda: connect(rule=bs.FixedIndegree(30, multapses=False)),
        ValueError,
        "FixedIndegree.k: 30 sources are required",
        "multapses=True",
    ),
    (lambda: connect(A, NOISE), ValueError, "Network.connect.post: 'noise' is of Poisson, whose cells only send spikes"),
    (lambda: connect(A, TRAINS[:2]), ValueError, "'trains' is of SpikeTrains, whose cells only send spikes"),
    (lambda: connect(A, A + TRAINS), ValueError, "'trains' is of SpikeTrains"),
    (lambda: connect(A, cells(20, name="a")), ValueError, "two populations are named 'a'"),
    (
        lambda: connect(LEAKY),
        ValueError,
        "Network.connect.pre",
        "'leaky' is of LI",
        "no threshold",
        "threshold = 'v >= v_th'",
        "bs.RateConnection()",
    ),
    (lambda: connect(A + cells(model=bs.RateUnit(), name="r")), ValueError, "'r' is of RateUnit", "never spike"),
    (lambda: connect(name=3), TypeError, "Network.connect.name: must be a name"),
)

test_synapses_of_projections = mistakes(
    (lambda: connect(synapse=bs.Delta), TypeError, "Network.connect.synapse: Delta is a class; write Delta()"),
    (
        lambda: connect(synapse=bs.values.ExponentialDistribution(2.0)),
        TypeError,
        "is a distribution; the exponential synapse is bs.Exponential",
    ),
    (lambda: connect(synapse="delta"), TypeError, "Network.connect.synapse: must be a synapse"),
    (lambda: connect(synapse=LIF), TypeError, "Network.connect.synapse: must be a synapse"),
    (
        lambda: connect(A, PHASES),
        bs.EquationError,
        "Network.connect.synapse: Delta() onto 'c': a synapse adds to 'v', which",
    ),
    (lambda: connect(A, B + PHASES[:2]), bs.EquationError, "Delta() onto 'c'"),
    (lambda: connect(A, PHASES, synapse=bs.Exponential()), bs.EquationError, "Exponential() onto 'c': ", " have no I"),
    (lambda: connect(A, PHASES, synapse=COND), bs.EquationError, "onto 'c': a synapse's current depends on 'v'"),
    (
        lambda: connect(A, B[:4], synapse=bs.Exponential(tau=[1.0] * 4)),
        ValueError,
        "Exponential.tau: 'b' has 10 cells, but the array has 4 values",
    ),
)

test_weights = mistakes(
    (lambda: connect(synapse=None), TypeError, "Network.connect.synapse: missing", "synapse=bs.Delta() (mV), bs.Exp"),
    (lambda: connect(weight=None), TypeError, "Network.connect.weight: missing; give weight=..., in mV"),
    (lambda: connect(weight=np.nan), ValueError, "Network.connect.weight: must be finite", "nan"),
    (lambda: connect(weight=np.inf), ValueError, "Network.connect.weight: must be finite", "inf"),
    (lambda: connect(weight=[1.0] * 9 + [np.nan], rule=bs.OneToOne(), pre=A[:10]), ValueError, "finite", "nan"),
    (
        lambda: connect(weight=bs.Exponential(tau=2.0)),
        TypeError,
        "is a synapse; ",
        " bs.values.ExponentialDistribution(mean)",
    ),
    (lambda: connect(weight="strong"), bs.EquationError, "weight: unknown name 'strong'; available: d, i, j, pi"),
    (lambda: connect(weight=1e-11, synapse=bs.Exponential()), ValueError, "pA", "looks like an SI value", "did you mean 10"),
    (lambda: connect(weight=6e-9, synapse=COND), ValueError, "nS", "did you mean 6"),
    (lambda: connect(weight=np.ones(30)), ValueError, "samples its pairs, so an array cannot be matched to them"),
    (
        lambda: connect(weight=np.ones((10, 20)), rule=bs.AllToAll()),
        ValueError,
        "array of shape (20, 10) for AllToAll",
        "(10, 20)",
    ),
    (lambda: connect(weight=np.ones(4), rule=bs.FromArrays([0], [0])), ValueError, "array of shape (1,)"),
    (
        lambda: connect(weight=-1.0, synapse=COND),
        ValueError,
        "a conductance cannot be negative; for inhibition set e_rev",
        "-1.0",
    ),
    (
        lambda: connect(weight=[[-1.0] * 10] * 20, rule=bs.AllToAll(), synapse=COND),
        ValueError,
        "a conductance cannot be negative",
    ),
    (lambda: connect(weight=bs.Normal(5, 1), synapse=COND), ValueError, "write Clipped(Normal(5.0, 1.0), low=0)"),
    (lambda: connect(weight=1e39), ValueError, "Network.connect.weight: must lie within 3e+38 of 0, ", " (got 1e+39)"),
    (lambda: connect(weight=[-1e39], rule=bs.FromArrays([0], [0])), ValueError, "must lie within ", " (got -1e+39)"),
)

test_delays = mistakes(
    (lambda: connect(delay=0.0), ValueError, "Network.connect.delay: must be > 0 ms (got 0.0)"),
    (lambda: connect(delay=np.nan), ValueError, "Network.connect.delay: must be finite"),
    (lambda: connect(delay=None), TypeError, "Network.connect.delay: missing; give delay=1.5 (ms)"),
    (lambda: connect(delay=np.ones(20)), ValueError, "Network.connect.delay: ", " samples its pairs"),
    (lambda: connect(delay=bs.Normal(1.5, 0.75)), ValueError, "use Clipped(Normal(1.5, 0.75), low=0.1)"),
    (lambda: connect(delay=bs.Clipped(bs.Normal(1.5, 0.75), low=-1)), ValueError, "use Clipped(Normal(1.5, 0.75), low=0.1)"),
    (lambda: connect(delay=bs.Uniform(0, 2)), ValueError, "Network.connect.delay: must be > 0 ms"),
    (
        lambda: connect(delay=0.0015),
        ValueError,
        "delay: 0.0015 ms is shorter than 0.01 ms; times are in ms: did you mean 1.5?",
    ),
    (
        lambda: connect(delay=[0.001, 0.002], rule=bs.FromArrays([0, 1], [0, 1])),
        ValueError,
        "times are in ms: did you mean 2",
    ),
    (lambda: connect(delay=bs.Uniform(0.001, 0.002)), ValueError, "times are in ms: did you mean 2"),
)


NORMAL, PAIRS = bs.Normal(0.5, 0.1), bs.FromArrays([0, 1, 2], [0, 1, 2])

test_plasticity = mistakes(
    (lambda: plastic(plasticity=bs.STDP), TypeError, "Network.connect.plasticity: STDP is a class; write STDP()"),
    (
        lambda: plastic(plasticity="STDP"),
        TypeError,
        "connect.plasticity: must be a rule of plasticity such as STDP() (got 'S",
    ),
    (lambda: plastic(plasticity=DELTA), TypeError, "Network.connect.plasticity: must be a rule of plasticity", "Delta()"),
    (
        lambda: plastic(rule=bs.STDP()),
        TypeError,
        "Network.connect.rule: must be a rule such as FixedIndegree(100)",
        "STDP()",
    ),
    (lambda: plastic(storage="procedural", rule=bs.AllToAll()), ValueError, "keep no changes; write storage='stored'"),
    (lambda: plastic(post=NOISE), ValueError, "Network.connect.post: 'noise' is of Poisson, whose cells only send spikes"),
    (lambda: plastic(weight=2.0), ValueError, "connect.weight: must be <= w_max = 1, the bound of STDP() (got 2)"),
    (
        lambda: plastic(weight=-0.1),
        ValueError,
        "connect.weight: must be >= 0, the bound of STDP() (got -0.1); for weights of 0 and less write STDP(sign=-1), which",
    ),
    (
        lambda: plastic(weight=0.1, plasticity=bs.STDP(sign=-1)),
        ValueError,
        "connect.weight: must be <= 0, the bound of STDP(sign=-1) (got 0.1)",
    ),
    (
        lambda: plastic(weight=-2, plasticity=bs.STDP(sign=-1)),
        ValueError,
        "connect.weight: must be >= -w_max = -1, the bound of STDP(sign=-1) (got -2)",
    ),
    (lambda: bs.STDP(w_max=-2.0), ValueError, "STDP.w_max: must be > 0; for weights of 0 and less write w_max=2, sign=-1"),
    (lambda: bs.STDP(sign=0), ValueError, "STDP.sign: must be 1 or -1 (got 0)"),
    (lambda: plastic(rule=PAIRS, weight=[0.1, 0.2, 1.2]), ValueError, "must be <= w_max = 1", "(got 1.2)"),
    (lambda: plastic(weight=NORMAL), ValueError, "must be >= 0", "can be beyond it; write Clipped(Normal(0.5, 0.1), low=0)"),
    (lambda: plastic(weight=bs.Uniform(0.0, 2.0)), ValueError, "w_max = 1", "write Clipped(Uniform(0.0, 2.0), high=1)"),
    (lambda: plastic(plasticity=Rule(low=0.6)), ValueError, "must be >= low = 0.6, the bound of Rule(low=0.6) (got 0.5)"),
    (lambda: plastic(rule=PAIRS, plasticity=Rule(high=[1.0, 0.4, 1.0])), ValueError, "must be <= high = 0.4", "(got 0.5)"),
    (
        lambda: plastic(plasticity=Rule(high=[1.0, 2.0])),
        ValueError,
        "Rule.high: must be one number or a distribution",
        "lists",
    ),
    (lambda: plastic(rule=PAIRS, plasticity=Rule(high=[1.0, 2.0])), ValueError, "Rule.high", "array of shape (3,)", "(2,)"),
    (lambda: Rule(low=1.0), ValueError, "Rule.bounds: the lower bound of w, low = 1, must be below the upper one, high = 1"),
    (lambda: bs.QuantalRelease(sites=1e10), ValueError, "QuantalRelease: sites <= 1e9 must hold (sites = 1e+10)"),
    (
        lambda: bs.QuantalRelease(sites=bs.Uniform(1, 5)),
        ValueError,
        "QuantalRelease.sites: sites == floor(sites) must hold, which values of Uniform(1.0, 5.0) do not meet",
    ),
    (
        lambda: bs.TsodyksMarkram(U=bs.Uniform(0.5, 1.5)),
        ValueError,
        "TsodyksMarkram.U: U <= 1 must hold for all values of Uniform(0.5, 1.5); write Clipped(Uniform(0.5, 1.5), low=",
    ),
    (
        lambda: plastic(plasticity=bs.STDP(w_max=bs.Uniform(0.1, 0.4))),
        ValueError,
        "connect.weight: must be <= 0.1, the least that w_max of STDP(w_max=Uniform(0.1, 0.4)) can be (got 0.5)",
    ),
    (
        lambda: plastic(weight=bs.Uniform(0.0, 0.3), plasticity=bs.STDP(w_max=bs.Uniform(0.1, 0.4))),
        ValueError,
        "the least that w_max of",
        "can be, but Uniform(0.0, 0.3) can be beyond it; write Clipped(Uniform(0.0, 0.3), high=0.1)",
    ),
    (
        lambda: plastic(plasticity=bs.STDP(a_plus=NORMAL)),
        ValueError,
        "STDP.a_plus: must be >= 0, but Normal(0.5, 0.1) can be less",
    ),
    (lambda: plastic(dendritic_delay=-0.1), ValueError, "Network.connect.dendritic_delay: must be >= 0 ms (got -0.1)"),
    (lambda: plastic(dendritic_delay=1.6), ValueError, "must be at most the shortest delay, 1.5 ms", "(got 1.6)", "'all'"),
    (lambda: plastic(delay=bs.Uniform(1, 2), dendritic_delay=1.1), ValueError, "the shortest delay, 1 ms", "(got 1.1)"),
    (lambda: plastic(rule=PAIRS, delay=[2.0, 0.3, 1.0], dendritic_delay=0.4), ValueError, "the shortest delay, 0.3 ms"),
    (lambda: plastic(dendritic_delay="whole"), ValueError, "dendritic_delay: must be a number in ms or 'all' (got 'whole')"),
    (lambda: plastic(dendritic_delay=[0.1]), TypeError, "Network.connect.dendritic_delay: must be one number in ms"),
    (lambda: plastic(dendritic_delay=bs.Uniform(0, 1)), TypeError, "Network.connect.dendritic_delay: must be a number"),
    (
        lambda: connect(dendritic_delay=0.0),
        ValueError,
        "dendritic_delay: matters only for plasticity; leave it out, or give",
    ),
)


test_positions = mistakes(
    (
        lambda: cells(3, positions=[[1.0, 2.0]]),
        ValueError,
        "Population.positions: must have the shape (3, dimensions)",
        "(1, 2)",
    ),
    (lambda: cells(2, positions=np.zeros((2, 4))), ValueError, "with 1 to 3 coordinates"),
    (lambda: cells(2, positions=[[0.0], [np.nan]]), ValueError, "Population.positions: must be finite (got nan)"),
    (lambda: cells(2, positions="grid"), TypeError, "Population.positions: must be a number in um (got 'grid')"),
    (lambda: bs.positions.grid((2, 2, 2, 2)), ValueError, "grid.shape: must have 1 to 3 axes (got 4)"),
    (lambda: bs.positions.grid((2, 2.5)), TypeError, "grid.shape: must be a whole number (got 2.5)"),
    (lambda: bs.positions.grid((2, 2), spacing=0.0), ValueError, "grid.spacing: must be > 0 um (got 0.0)"),
    (
        lambda: bs.positions.grid((2, 2), spacing=(1.0, 2.0, 3.0)),
        ValueError,
        "grid.spacing: must be a number, or one for each",
    ),
    (lambda: bs.positions.box(0, 10.0, seed=1), ValueError, "box.n: must be >= 1 (got 0)"),
    (lambda: bs.positions.ball(5, -1.0, seed=1), ValueError, "ball.radius: must be > 0 um (got -1.0)"),
    (lambda: bs.positions.ball(5, 1.0, seed=-1), ValueError, "ball.seed: must be >= 0 (got -1)"),
)

test_names = mistakes(
    (lambda: cells(2, names=["a"]), ValueError, "Population.names: must be a text for each of 2 cells (got shape (1,))"),
    (
        lambda: cells(2, names=[["a", "b"]]),
        ValueError,
        "Population.names: must be a text for each of 2 cells (got shape (1, 2))",
    ),
    (
        lambda: cells(10**6, names=["b" * 10**6] + ["a"] * (10**6 - 1)),  # an array of 4 TB
        ValueError,
        "Population.names: each must have at most 255 characters, since all take as much memory (got 1,000,000 in 'bbb",
    ),
    (lambda: cells(2, names=[1.5, 2.5]), TypeError, "Population.names: must be texts, one for each cell (got [1.5, 2.5])"),
    (lambda: cells(2, names=["a", None]), TypeError, "Population.names: must be texts, one for each cell (got ['a', None])"),
    (lambda: cells(2, names="ab"), ValueError, "Population.names: must be a text for each of 2 cells (got shape ())"),
)

RANDOM = bs.Population(100, bs.LIF(), name="random", positions=bs.positions.box(100, 100.0, seed=1)[:, [0, 0]])
TWICE = bs.Population(2, bs.LIF(), name="twice", positions=[[10.0, 20.0], [70.0, 80.0]])
WRAPS = bs.DistanceRule(0.5, periodic=50.0)
SELF = bs.DistanceRule(0.5, autapses=True)

test_distance_rules = mistakes(
    (lambda: placed(pre=A), ValueError, "DistanceRule: needs the positions of 'a'; make it with Population(..., positions="),
    (lambda: placed(post=LINE), ValueError, "DistanceRule: the positions must have the same dimensions (got [1, 2])"),
    (lambda: bs.DistanceRule("exp(-r)"), bs.EquationError, "DistanceRule.p: unknown name 'r'; available: d, dx, dy, dz, pi"),
    (
        lambda: bs.DistanceRule("rand()*d"),
        bs.EquationError,
        "DistanceRule.p: cannot use rand(): it is a function of the two cells",
    ),
    (lambda: bs.DistanceRule("d < 10"), bs.EquationError, "a comparison is not a number; write where(comparison, 1, 0)"),
    (lambda: bs.DistanceRule("exp(-d"), bs.EquationError, "DistanceRule.p"),
    (
        lambda: bs.DistanceRule("where(abs(i - j) < 3, 1, 0)"),
        bs.EquationError,
        "DistanceRule.p: 'i' cannot be used: it is an expression of the distance d.",
        "write bs.IndexRule, such as bs.IndexRule('abs(i - j) < 3')",
    ),
    (lambda: bs.DistanceRule(-0.1), ValueError, "DistanceRule.p: must be >= 0 (got -0.1)"),
    (lambda: bs.DistanceRule("0.1", max_distance=0.0), ValueError, "DistanceRule.max_distance: must be > 0 um (got 0.0)"),
    (lambda: bs.DistanceRule("0.1", periodic=-5.0), ValueError, "DistanceRule.periodic: must be >= 0 um (got -5.0)"),
    (lambda: bs.DistanceRule("0.1", multapses=True), ValueError, "DistanceRule.multapses: only if k is given"),
    (lambda: bs.DistanceRule("0.1", k=2.5), TypeError, "DistanceRule.k: must be a whole number (got 2.5)"),
    (lambda: bs.DistanceRule("0.1", autapses=1), TypeError, "DistanceRule.autapses: must be True or False (got 1)"),
    (
        lambda: bs.DistanceRule("0.1", max_dist=5.0),
        TypeError,
        "DistanceRule: has no 'max_dist'; did you mean 'max_distance'?",
    ),
    (lambda: bs.DistanceRule.gaussian(0.5, sigma=0.0), ValueError, "gaussian.sigma: must be > 0 um (got 0.0)"),
    (lambda: near("2*exp(-d/10)"), ValueError, "DistanceRule.p: must be between 0 and 1", "is 2 at d = 0 um"),
    (lambda: near("1 - d/20"), ValueError, "DistanceRule.p: must be between 0 and 1", "'1 - d/20' is -"),
    (
        lambda: near("1/d", k=3, autapses=True),
        ValueError,
        "DistanceRule.p: must be finite and not negative",
        "'1/d' is inf at d = 0 um",
    ),
    (lambda: near("where(dz > 0, 1, 0)"), ValueError, "DistanceRule.p: uses dz, but the positions have 2 dimensions"),
    (
        lambda: near("0.1", periodic=30.0),
        ValueError,
        "DistanceRule.periodic: must be greater than 40 um, which the cells span along x (got 30)",
        "a grid of 5 with spacing 10 has the period 50",
    ),
    (
        lambda: near("0.1", periodic=(0.0, 40.0)),
        ValueError,
        "must be greater than 40 um, which the cells span along y (got 40)",
    ),
    (
        lambda: placed(pre=RANDOM, rule=WRAPS),
        ValueError,
        "(got 50); give the size of the space in which the cells were placed",
    ),
    (lambda: placed(post=RANDOM, rule=WRAPS), ValueError, "DistanceRule.periodic: must be greater than 9"),
    (lambda: bs.DistanceRule(None), TypeError, "DistanceRule.p: must be a number, or an expression of the distance d"),
    (lambda: near("0.1", periodic=(1.0, 2.0, 3.0)), ValueError, "DistanceRule.periodic: must have a period for each of 2"),
    (lambda: placed(weight="0.1*exp(-x)"), bs.EquationError, "weight: unknown name 'x'; available: d, i, j, pi"),
    (
        lambda: placed(weight="0.1/d", rule=SELF),
        ValueError,
        "Network.connect.weight: must be finite, but '0.1/d' is inf at d = 0 um; write max(d, 1) instead of d",
    ),
    (lambda: placed(weight="1 - d", synapse=COND), ValueError, "a conductance cannot be negative", "write 'max(1 - d, 0)'"),
    (lambda: placed(weight="1 + d", plasticity=bs.STDP(w_max=2.0)), ValueError, "write 'min(1 + d, 2)'"),
    (
        lambda: placed(delay="d/300", rule=SELF),
        ValueError,
        "Network.connect.delay: must be > 0 ms, but 'd/300' is 0 at d = 0 um; write 'max(d/300, 0.1)'",
    ),
    (lambda: placed(delay="d/300", post=TWICE), ValueError, "'d/300' is 0 at d = 0 um; write 'max(d/300, 0.1)'"),
    (lambda: placed(delay="1 - d/10"), ValueError, "'1 - d/10' is -1 at d = 20 um; write 'max(1 - d/10, 0.1)'"),
    (lambda: connect(A, B, weight="d"), ValueError, "Network.connect.weight: needs the positions of 'a'"),
    (lambda: placed(rule=bs.DistanceRule(0.5, k=2), storage="procedural"), ValueError, "each target samples its sources"),
    (lambda: placed(weight=np.ones(3)), ValueError, "samples its pairs, so an array cannot be matched"),
)
