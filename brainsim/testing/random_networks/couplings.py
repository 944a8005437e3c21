"""Couplings in random networks: some networks have one, between cells whose kernels are few.

A coupling adds a receptor to the kernel of its cells, so that each pair of kind and coupling compiles; the kinds here are
the simplest ones of `kinds.EVERYDAY`. It has random numbers of its own, so the rest of a network stays as it was.
"""

import numpy as np

import brainsim as bs
from brainsim.testing.random_networks import pieces
from brainsim.testing.random_networks.pieces import chance, one_of

SHARE = 0.8  # of the networks that could have one
PLAIN = {(bs.LIF, (bs.Delta,)), (bs.LIF, ()), (bs.LI, (bs.Exponential,))}
COUPLINGS = (bs.GapJunction, bs.GradedSynapse, bs.GatedNMDA)


class Drifting(bs.RatePlasticity):
    """A rule for weights of `Potentials`, with a variable of the target."""

    equations = """
        dw/dt = eta*(pre*(post - mean) - w/tau)
        dmean/dt = (post - mean)/tau
    """
    bounds = ("0", "w_max")
    source_unit = "mV"
    dimensions = False
    eta: float = bs.parameter(1e-4, "weight/ms/mV**2", "rate of learning")
    tau: float = bs.parameter(5.0, "ms", "time constant", above=0.0)
    w_max: float = bs.parameter(0.5, "weight", "upper bound")
    mean: float = bs.initial(-60.0, "mV", "mean potential")


class Potentials(bs.RateConnection):
    """A connection that transmits a potential."""

    source_unit = "mV"
    weight_unit = "nS"
    top: float = bs.parameter(80.0, "mV", "scale of the sigmoid")


def add(rng, plan):
    """Add a coupling to some networks."""
    names = [name for name, kind in plan.kinds.items() if (kind.model, kind.receptors) in PLAIN and not kind.arrays]
    if plan.exact or not names or not chance(rng, SHARE):
        return
    made = coupling(rng)
    senders = [name for name in names if plan.kinds[name].sends] if isinstance(made, bs.GatedNMDA) else names
    if not senders:
        return
    pre, post = (plan.populations[one_of(rng, some)] for some in (senders, names))
    pre, post = (view if chance(rng, 0.5) else pieces.view(rng, view) for view in (pre, post))
    if made.symmetric and pre.parts[0][0] is post.parts[0][0]:
        post = pre
    rule, listed = rule_of(rng, pre, post, made)
    size = 0.4 / max(1.0, rule.expected_between(pre, post) / max(pre.n, post.n))  # of a cell all together [nS]
    weight = bs.Uniform(0.2 * size, size) if chance(rng, 0.5) and not isinstance(rule, bs.AllToAll) else size
    delay = one_of(rng, [None, plan.dt * int(rng.integers(1, 9)), bs.Uniform(plan.dt, 9 * plan.dt)])
    if listed and isinstance(weight, bs.Uniform):
        weight = rng.uniform(0.2 * size, size, rule.pairs)
    given = {"pre": pre, "post": post, "rule": rule, "synapse": made, "weight": weight, "name": "coupling"}
    if made.delayed is not False:
        given["delay"] = plan.dt if made.delayed and delay is None else delay
    if isinstance(made, Potentials) and chance(rng, 0.5):
        given["plasticity"] = Drifting(tau=one_of(rng, [5.0, 50.0]))
    plan.connections.append(given | {"delay": given.get("delay")})


def coupling(rng):
    """Return a coupling."""
    kind, order = one_of(rng, [bs.GapJunction, *COUPLINGS, Potentials]), int(rng.integers(1, 3))
    if kind is bs.GapJunction:
        return bs.GapJunction(order=order, rectifying=chance(rng, 0.3))
    if kind is Potentials:
        return Potentials(variable="v", gain=one_of(rng, ["linear", "top*sigmoid(r/top)"]), order=order, name="given")
    return kind(order=order)


def rule_of(rng, pre, post, made):
    """Return a rule of connection, and whether it lists pairs: those of junctions once."""
    k = int(rng.integers(1, 6))
    if chance(rng, 0.25):
        return bs.AllToAll(autapses=chance(rng, 0.5)), False
    if chance(rng, 0.25):
        n = int(rng.integers(0, 30))
        a, b = rng.integers(0, pre.n, n), rng.integers(0, post.n, n)
        if made.symmetric and post is pre:
            a, b = np.minimum(a, b), np.maximum(a, b)
        return bs.FromArrays(a, b), True
    return one_of(rng, [bs.FixedProbability(0.2), bs.FixedIndegree(k), bs.FixedTotal(4 * k), bs.FixedOutdegree(k)]), False
