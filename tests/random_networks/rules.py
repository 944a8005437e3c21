"""Rules of plasticity for connections that are drawn. They have random numbers of their own, so the rest stays as it is."""

import numpy as np

import brainsim as bs

from .pieces import chance, distribution, one_of

PLASTIC = 0.3  # share of the connections that can learn

TAU = {"above": 0.0}


class Bounded(bs.Plasticity):
    """Pairs, between bounds, with traces that start above 0 and are read before and after they jump."""

    equations = """
        dx/dt = -x/tau_x
        dy/dt = (y_rest - y)/tau_y
    """
    on_pre = "w = w - depression*y; x = x + 1; w = w + 0.1*depression*x"
    on_post = "w = w + potentiation*x; y = 1"
    bounds = ("low", "high")
    tau_x: float = bs.parameter(20.0, "ms", "time constant of x", **TAU)
    tau_y: float = bs.parameter(30.0, "ms", "time constant of y", **TAU)
    y_rest: float = bs.parameter(0.1, "", "limit of y")
    potentiation: float = bs.parameter(0.1, "weight", "change at a spike of the target")
    depression: float = bs.parameter(0.1, "weight", "change at a spike of the source")
    low: float = bs.parameter(0.0, "weight", "lower bound")
    high: float = bs.parameter(1.0, "weight", "upper bound")
    x: float = bs.initial(0.2, "", "trace of the source")
    y: float = bs.initial("2*y_rest", "", "trace of the target")


class Inward(bs.Plasticity):
    """No bounds and two variables of the synapse, one of which both ends assign; the weight tends to what it was."""

    equations = "dz/dt = (z_rest - z)/tau_z"
    on_pre = "z = z*0.9 + 0.1; w = w + size*(z - 0.5)*0.1; c = 1 - c"
    on_post = "w = w*(1 - 0.1*z); z = 0.8*z + 0.05*c"
    amplitude = "w*(0.5 + z)"
    tau_z: float = bs.parameter(10.0, "ms", "time constant of z", **TAU)
    z_rest: float = bs.parameter(0.5, "", "limit of z")
    size: float = bs.parameter(0.1, "weight", "about what weights are")
    z: float = bs.initial(0.7, "", "of the synapse")
    c: float = bs.initial(0.0, "", "of the synapse, constant between spikes")


class Depressing(bs.Plasticity):
    """Short-term depression with facilitation: the weight never changes."""

    equations = """
        du/dt = -u/tau_u
        dx/dt = (1 - x)/tau_x
    """
    on_pre = "u = u + share*(1 - u); r = u*x; x = x - r"
    amplitude = "w*r"
    tau_x: float = bs.parameter(80.0, "ms", "recovery", **TAU)
    tau_u: float = bs.parameter(40.0, "ms", "facilitation", at_least=0.0)
    share: float = bs.parameter(0.5, "", "share of the resources that a first spike uses")
    u: float = bs.initial(0.0, "", "utilization")
    x: float = bs.initial(1.0, "", "resources")
    r: float = bs.initial(0.0, "", "released by the last spike")


def add_plasticity(rng, plan, size_of, free):
    """Let some connections of a plan learn.

    Parameters
    ----------
    rng : Generator
    plan : Plan
    size_of : callable
        Connection -> the largest weight that its targets bear.
    free : bool
        Whether rules may be compiled that differ from those of other networks.
    """
    for given in plan.connections:
        if plan.exact or given.get("storage") == "procedural" or not chance(rng, PLASTIC):
            continue
        given["plasticity"] = rule_of(rng, given, size_of(given), free)
        if chance(rng, 0.6):
            given["dendritic_delay"] = dendritic(rng, plan.dt, given["delay"])


def rule_of(rng, given, size, free):
    """Return a rule with random parameters that fits the weights of a connection."""
    kinds = [Bounded, Inward, Depressing]
    if isinstance(given["weight"], bs.Normal):  # which may be beyond any bound
        kinds.remove(Bounded)
    if given["synapse"].weight_unit in ("nS", ""):  # where a negative weight makes no sense
        kinds.remove(Inward)
    kind, jump = one_of(rng, kinds), 0.2 * size
    own = {
        Bounded: {"potentiation": jump, "depression": jump, "low": min(0.0, 1.2 * size), "high": max(0.0, 1.2 * size)},
        Inward: {"size": abs(size)},
        Depressing: {},
    }[kind]
    values = {name: spec.default * rng.uniform(0.3, 2.0) for name, spec in kind.parameters.items() if chance(rng, 0.5)}
    if kind is Depressing and chance(rng, 0.2):
        values["tau_u"] = 0.0
    values |= own
    if "share" in values:
        values["share"] = min(values["share"], 1.0)
    if free and chance(rng, 0.4):
        name = one_of(rng, [name for name in kind.parameters if name.startswith(("tau", "share", "y_", "z_"))])
        default = kind.parameters[name].default
        shape = given["rule"].value_shape(given["pre"].n, given["post"].n)
        listed = shape is not None and len(shape) == 1 and shape[0] > 0 and chance(rng, 0.5)
        low, high = 0.5 * default, 1.5 * default
        values[name] = rng.uniform(low, high, shape) if listed else distribution(rng, low, high)
    return kind(**values)


def dendritic(rng, dt, delay):
    """Return a dendritic delay: nothing, a step, a part of the shortest delay, all of it, or the whole of each."""
    if isinstance(delay, str):  # which grows with the distance
        delay = float(delay.partition(" ")[0])
    shortest = delay.support[0] if isinstance(delay, bs.values.Distribution) else float(np.min(delay, initial=np.inf))
    shortest = min(shortest, 20.0)
    return one_of(rng, ["all", "all", 0.0, min(dt, shortest), shortest, float(rng.uniform(0.0, shortest))])
