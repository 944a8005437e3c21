"""Rules of plasticity for connections that are drawn. They have random numbers of their own, so the rest stays as it is."""

from typing import Any

import numpy as np

import brainsim as bs
from brainsim.features.plasticity.combined import combine as combine_rules
from brainsim.features.plasticity.models.pair import PAIRING, WEIGHT_DEPENDENCE
from brainsim.testing.random_networks.kinds import TOGETHER
from brainsim.testing.random_networks.pieces import chance, distribution, one_of, view

TIRED = bs.TsodyksMarkram(U=0.4, tau_rec=60.0, tau_fac=30.0)
PLASTIC = 0.3  # share of the connections that can learn

TAU: dict[str, Any] = {"above": 0.0}


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


class Rewarded(bs.Plasticity):
    """A modulator that drives the weights, and that both ends read."""

    equations = """
        dx/dt = -x/tau
        dy/dt = -y/tau
        dc/dt = -c/(2*tau)
        dn/dt = (n_rest - n)/tau_n
        dw/dt = c*(n - n_base)
    """
    on_pre = "c = c - 0.02*size*y; x = x + 1"
    on_post = "c = c + 0.02*size*x*(1 + n*tau); y = y + 1"
    on_modulator = "n = 0.9*n + release"
    tau: float = bs.parameter(20.0, "ms", "time constant of traces", **TAU)
    tau_n: float = bs.parameter(30.0, "ms", "time constant of n", **TAU)
    n_rest: float = bs.parameter(0.01, "1/ms", "limit of n")
    n_base: float = bs.parameter(0.03, "1/ms", "level without effect")
    release: float = bs.parameter(0.02, "1/ms", "at a spike")
    size: float = bs.parameter(0.1, "weight", "about what weights are")
    x: float = bs.initial(0.1, "", "trace of the source")
    y: float = bs.initial(0.2, "", "trace of the target")
    c: float = bs.initial(0.0, "weight", "trace of pairs")
    n: float = bs.initial(0.05, "1/ms", "modulator")


class Noisy(bs.Plasticity):
    """Random numbers at both ends and between events."""

    equations = "dx/dt = -x/tau"
    between = "q = q*exp(-elapsed/tau) + 0.1*sqrt(elapsed/tau)*randn()"
    on_pre = "w = w + 0.05*size*(q + rand() - 0.5); q = q + 0.1*binomial(3, 0.5); x = x + 1"
    on_post = "w = w*(1 - 0.1*rand()) + 0.05*size*x; q = 0.5*q"
    amplitude = "w*(1 + 0.1*q)"
    tau: float = bs.parameter(15.0, "ms", "time constant", **TAU)
    size: float = bs.parameter(0.1, "weight", "about what weights are")
    x: float = bs.initial(0.0, "", "trace of the source")
    q: float = bs.initial(0.3, "", "of the synapse")


class Watching(bs.Plasticity):
    """A trace that follows the target's potential, late, and what happens in each step above it."""

    dimensions = False
    equations = """
        dx/dt = -x/tau
        du/dt = (v_post - u)/tau
    """
    on_pre = "w = w + 0.1*size*clip((v_post - u)/10, -1, 1); x = x + 1"
    on_post = "w = w - 0.1*(w - size*x/(1 + x))"
    step_condition = "v_post > u + gap"
    on_step = "w = w + 0.02*size*x*dt/tau"
    late = {"u": "delay_u"}  # noqa: RUF012
    tau: float = bs.parameter(15.0, "ms", "time constant", **TAU)
    gap: float = bs.parameter(1.0, "mV", "from u to what counts as above")
    delay_u: float = bs.parameter(0.0, "ms", "how much later u is read", at_least=0.0)
    size: float = bs.parameter(0.1, "weight", "about what weights are")
    x: float = bs.initial(0.1, "", "trace of the source")
    u: float = bs.initial("v_post", "mV", "follows v")


def add_more(rng, plan, size_of, free):
    """Give some connections that learn a rule with a modulator, random numbers or an eye on the target, or homeostasis.

    This has random numbers of its own too, so what `add_plasticity` draws stays as it was.
    """
    senders = [population for name, population in plan.populations.items() if plan.kinds[name].sends]
    for given in (given for given in plan.connections if "plasticity" in given):
        size = size_of(given)
        if chance(rng, 0.5):
            given["plasticity"] = kind_of(rng, plan, given, size)
        rule = given["plasticity"]
        if rule.plasticity_equations.modulator and chance(rng, 0.8):
            given["modulator"] = view(rng, one_of(rng, senders))
            given["modulator_delay"] = float(plan.dt * rng.integers(1, 12))
        follows = rule.plasticity_equations.computed_weight is not None
        if rule.plasticity_equations.changes_weights and not follows and chance(rng, 0.3):
            given["homeostasis"] = homeostasis(rng, plan.dt, size)
        if chance(rng, 0.3):
            names, (low, high) = kept_per_synapse(rule), (0.1, 0.9)
            name, differs = one_of(rng, names), free and chance(rng, 0.5)
            name = names[plan.seed // TOGETHER % len(names)] if differs else name
            given["initial"] = {name: distribution(rng, low, high) if differs else rng.uniform(low, high)}


def combine(rng, plan, free):
    """Let some connections whose weights change have a rule of what is delivered besides; again with numbers of its own.

    Unless rules may be compiled that differ from those of other networks, it is the same two classes each time.
    """
    for given in (given for given in plan.connections if "plasticity" in given):
        rule, chosen = given["plasticity"], chance(rng, 0.5)
        short = one_of(rng, [TIRED, bs.QuantalRelease(sites=3, U=0.4, tau_rec=40.0)]) if free else TIRED
        if chosen and rule.plasticity_equations.changes_weights and (free or type(rule) is Bounded):
            given["plasticity"] = combine_rules(one_of(rng, [(short, rule), (rule, short)]), "drawn")
            if "initial" in given:
                given["initial"] = {f"{type(rule).__name__}_{name}": value for name, value in given["initial"].items()}


def mirror(rng, plan, free):
    """Give some connections that learn weights of 0 and less; unless others may be compiled, those of one rule.

    Only the reference is compared with such networks, so all others stay as they were.
    """
    for given in (given for given in plan.connections if "plasticity" in given and plan.defined):
        rule, chosen = given["plasticity"], chance(rng, 0.4)
        below = negative(given["weight"]) if given["synapse"].weight_unit not in ("nS", "") else None
        if chosen and below is not None and "sign" in rule._options and rule.sign == 1 and (free or type(rule) is Bounded):
            values = {name: getattr(rule, name) for name in (*rule.parameters, *rule._options)}
            given["plasticity"], given["weight"] = type(rule)(**values | {"sign": -1}), below
            if isinstance(given.get("homeostasis"), bs.Normalisation):
                old = given["homeostasis"]
                given["homeostasis"] = bs.Normalisation(-old.total, every=old.every, by=old.by)


def negative(weight):
    """Return minus a weight that is above 0; None if it is not, or cannot be told."""
    if isinstance(weight, bs.Uniform):
        return bs.Uniform(-weight.high, -weight.low) if weight.low >= 0.0 else None
    if isinstance(weight, float | np.ndarray):
        return -weight if np.min(weight, initial=np.inf) >= 0.0 else None
    return None


def kept_per_synapse(rule):
    """Return the variables of a rule that may begin at other values in each synapse, as plain numbers from 0 to 1."""
    found = rule.plasticity_equations
    following = found.post_traces if found.of_target else ()  # kept once for each target, in mV
    return sorted({*found.pre_traces, *found.post_traces, *found.variables} - {*following, "u", "full", "rho"})


def kind_of(rng, plan, given, size):
    """Return one of the rules that came later."""
    kinds = [
        lambda: Rewarded(size=abs(size)),
        lambda: Noisy(size=abs(size)),
        lambda: bs.QuantalRelease(sites=3, U=0.4, tau_rec=40.0, tau_fac=20.0),
        lambda: calcium(given, size),
    ]
    if given["synapse"].weight_unit in ("nS", ""):  # where a negative weight makes no sense
        kinds = kinds[2:]
    models = [population.model for population, _ in given["post"].parts]
    millivolts = all("v" in model.initials and model.initials["v"].unit == "mV" for model in models)
    if millivolts:
        kinds.append(lambda: Watching(size=size, delay_u=float(plan.dt * rng.integers(0, 5))))
    if size > 0.0 and not isinstance(given["weight"], bs.Normal):  # the bounds of built-in rules begin at 0
        kinds += built_in(rng, plan.dt, size, millivolts)
    return one_of(rng, kinds)()


def calcium(given, size):
    """Return a rule that follows calcium, with weights between those of its stable states if they are not listed."""
    if given["weight"] is None:
        return bs.QuantalRelease(sites=2, U=0.3, tau_rec=30.0)
    given["weight"] = bs.Uniform(*sorted((0.2 * size, size)))
    return bs.CalciumPlasticity(w_0=0.2 * size, tau=500.0)


def built_in(rng, dt, size, millivolts):
    """Return functions that make the built-in rules that change weights between 0 and an upper bound."""
    w_max, jump = 1.2 * size, 0.2 * size
    pair = {"a_plus": 0.1, "a_minus": 0.12, "w_max": w_max, "w_0": size}
    triplet = {"a2_plus": 0.1, "a3_plus": 0.1, "tau_x": 40.0, "tau_y": 50.0, "w_max": w_max, "w_0": size}
    short_term = {"U": 0.4, "tau_rec": 60.0}
    kinds = [
        lambda: bs.STDP(**pair, weight_dependence=one_of(rng, WEIGHT_DEPENDENCE), pairing=one_of(rng, PAIRING)),
        lambda: bs.TripletSTDP(**triplet, pairing=one_of(rng, ["all", "nearest"])),
        lambda: bs.VogelsSTDP(eta=jump, w_max=w_max, rho_0=20.0),
        lambda: bs.DopamineSTDP(c_plus=jump, c_minus=jump, tau_c=40.0, tau_n=20.0, n_base=0.001, w_max=w_max),
        lambda: bs.TsodyksMarkram(**short_term, tau_fac=one_of(rng, [0.0, 30.0]), states=one_of(rng, ["two", "three"])),
    ]
    if millivolts:
        voltage = {"a_ltd": 0.01, "a_ltp": 0.005, "theta_plus": -55.0, "tau_mean": 50.0, "w_0": size, "w_max": w_max}
        voltage["homeostatic"] = chance(rng, 0.5)
        kinds.append(lambda: bs.ClopathSTDP(**voltage, delay_u=float(dt * rng.integers(0, 5))))
    return kinds


def homeostasis(rng, dt, size):
    """Return what multiplies the weights at some intervals of a run."""
    every = float(dt * rng.integers(7, 90))
    if chance(rng, 0.5):
        return bs.Normalisation(3.0 * size, every=every, by=one_of(rng, ["target", "source"]))
    return bs.Scaling(20.0, tau=50.0, beta=0.05, every=every)


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
        given["plasticity"] = rule_of(rng, given, size_of(given), plan.seed // TOGETHER if free else None)
        if chance(rng, 0.6):
            given["dendritic_delay"] = dendritic(rng, plan.dt, given["delay"])


def rule_of(rng, given, size, turn):
    """Return a rule with random parameters that fits the weights of a connection.

    With a number as `turn`, which says of what parameter, one may differ between synapses.
    """
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
    if turn is not None and chance(rng, 0.4):
        names = [name for name in kind.parameters if name.startswith(("tau", "share", "y_", "z_"))]
        name = names[turn % len(names)]
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
