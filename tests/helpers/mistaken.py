"""What the tables of mistakes in networks describe: small populations, and calls in which all else is right."""

import numpy as np

import brainsim as bs

N = 100
LIF, DELTA, COND = bs.LIF(), bs.Delta(), bs.ExponentialConductance(tau=5.0, e_rev=0.0)
CELLS = bs.Population(N, LIF, name="cells")
A, B = bs.Population(20, LIF, name="a"), bs.Population(10, LIF, name="b")
NOISE = bs.Population(5, bs.Poisson(rate=8.0), name="noise")
TRAINS = bs.Population(5, bs.SpikeTrains([1.0], [0]), name="trains")
LEAKY = bs.Population(10, bs.LI(), name="leaky")


class Phase(bs.Neuron):
    """A cell with neither v nor I."""

    equations = "dx/dt = 1"
    dimensions = False
    threshold = "x >= 10"
    reset = "x = 0"
    x: float = bs.initial(0.0, "mV", "phase")


class Rule(bs.Plasticity):
    """A rule with two bounds, one of which may be drawn."""

    on_pre = "w = w - step"
    bounds = ("low", "high")
    step: float = bs.parameter(0.1, "weight", "change", at_least=0.0)
    low: bs.values.Value = bs.parameter(0.0, "weight", "lower bound")
    high: bs.values.Value = bs.parameter(1.0, "weight", "upper bound")


def plastic(**given):
    """Connect with a rule of plasticity."""
    connect(**{"plasticity": bs.STDP(), "weight": 0.5} | given)


PHASES = bs.Population(10, Phase(), name="c")
SHEET = bs.Population(25, LIF, name="sheet", positions=bs.positions.grid((5, 5), spacing=10.0))
LINE = bs.Population(5, LIF, name="line", positions=np.arange(5.0))
NEAR = bs.DistanceRule.box(0.5, 20.0)


def near(text, **given):
    """Connect cells of a sheet with a probability that depends on the distance."""
    connect(SHEET, SHEET, bs.DistanceRule(text, **given))


def placed(pre=SHEET, post=SHEET, rule=NEAR, **given):
    connect(pre, post, rule, **given)


def connect(pre=A, post=B, rule=None, **given):
    """Connect in a new network, everything right unless given otherwise; a mistake adds nothing."""
    net = bs.Network(seed=1)
    given = {"weight": 0.1, "delay": 1.5, "synapse": DELTA} | given
    try:
        return net.connect(pre, post, bs.FixedIndegree(3) if rule is None else rule, **given)
    except Exception:
        assert net.populations == {}
        assert net.projections == ()
        raise


CURRENT, AMPA = bs.CurrentInput(1.0), bs.Exponential(name="ampa")


def stimulate(target, drive, name=None):
    bs.Network(seed=1).stimulate(target, drive, name=name)


def poisson(**given):
    return bs.PoissonInput(**({"rate": 10.0, "weight": 0.1, "synapse": DELTA} | given))


def cells(n=10, model=LIF, **given):
    return bs.Population(n, model, **given)
