"""Places of cells, and connections that depend on distances. They have random numbers of their own."""

import numpy as np

import brainsim as bs
from brainsim.testing.random_networks.pieces import chance, one_of

PLACED = 0.25  # share of the connections that depend on distances
SIZE = 100.0  # um
MOST_PAIRS = 300_000
MOST_SYNAPSES = 8_000


def positions(rng, n, seed):
    """Return places of n cells, in as many dimensions as all others of the case: at random, on a grid, or on one point."""
    dimensions = 1 + seed % 3
    kind = int(rng.integers(4))
    if kind == 0:
        side = int(np.ceil(n ** (1.0 / dimensions)))
        return bs.positions.grid((side,) * dimensions, spacing=SIZE / side)[:n]
    if kind == 1 and chance(rng, 0.3):
        return np.full((n, dimensions), 7.0)
    return bs.positions.box(n, (SIZE,) * dimensions, seed=int(rng.integers(1000))) + one_of(rng, [0.0, -40.0])


def add_distances(rng, plan, size_of):
    """Let the pairs, weights or delays of some connections depend on distances.

    Parameters
    ----------
    rng : Generator
    plan : Plan
    size_of : callable
        Connection -> the largest weight that its targets bear.
    """
    for given in plan.connections:
        listed = given["rule"].pairs is not None
        if plan.exact or listed or given["pre"].n * given["post"].n > MOST_PAIRS or not chance(rng, PLACED):
            continue
        if chance(rng, 0.7):
            given["rule"] = rule_of(rng, given["pre"], given["post"])
            for name, number in (("weight", size_of(given)), ("delay", 3 * plan.dt)):
                if isinstance(given[name], np.ndarray):
                    given[name] = float(number)
            if given["rule"].by_target:
                given.pop("storage", None)
        if chance(rng, 0.5):
            given["weight"] = f"{float(size_of(given))!r}*exp(-d/{rng.uniform(20.0, 200.0)!r})"
        if chance(rng, 0.5):
            given["delay"] = f"{plan.dt * int(rng.integers(1, 5))!r} + d*{plan.dt * rng.uniform(0.001, 0.3)!r}"


def rule_of(rng, pre, post):
    """Return a rule that fits two views."""
    given = {"autapses": chance(rng, 0.5)}
    if chance(rng, 0.6):
        given["max_distance"] = float(rng.uniform(5.0, 150.0))
    if chance(rng, 0.5):
        period = one_of(rng, [SIZE, 137.0, 0.0])
        # populations lie up to 40 um apart, so that a view of several may span more than these
        span = max(float(np.ptp(view.positions, axis=0).max()) for view in (pre, post))
        given["periodic"] = period if not 0.0 < period <= span else SIZE + 60.0
    share = min(1.0, MOST_SYNAPSES / (pre.n * post.n))
    length = float(rng.uniform(10.0, 200.0))
    text = one_of(rng, [f"{share!r}", f"{share!r}*exp(-d/{length!r})", f"{share!r}/(1 + exp(-dx/{length!r}))"])
    if chance(rng, 0.3):
        # with the cell itself among its sources there is always one, and where all are on one point, all
        given |= {"k": int(rng.integers(0, 4)), "multapses": True, "autapses": True, "max_distance": None}
    return bs.DistanceRule(text, **given)
