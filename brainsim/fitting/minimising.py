"""Ways to minimise: all on one `Generations`, whose losses they ask for."""

from dataclasses import dataclass

import numpy as np

from brainsim.core.checks import warn_user
from brainsim.fitting.descent import descend, descend_growing
from brainsim.fitting.search import grid, search

EQUAL = 1e-12  # losses that differ by less are equal: of spikes many are


@dataclass(frozen=True)
class Plan:
    """How a fit is made: the options of `fit` of these names."""

    method: str
    candidates: int
    starts: int
    generations: int
    points: int
    seed: int


def minimise(generations, plan):
    """Return the best place that a method finds; what was found so far if it is stopped by Ctrl-C."""
    n_free = len(generations.problem.space.free)
    try:
        if plan.method == "grid":
            grid(generations.evaluate, n_free, plan.points, generations.problem.at_once)
        elif plan.method == "gradient":
            descend_growing(generations, plan)
        else:
            search(generations.evaluate, n_free, plan)
        if generations.problem.is_smooth and plan.method != "grid":
            return generations.best[0] if plan.method == "gradient" else _polished(generations)
        return _middle(generations)
    except KeyboardInterrupt:
        if not generations.log:
            raise
        warn_user(f"fit: stopped by Ctrl-C after {len(generations.log)} runs; this is the best that was found")
        return generations.best[0]
    finally:
        generations.write()


def _polished(generations):
    """Return where a descent from the best place so far ends."""
    descend(generations, generations.best[0][None])
    return generations.best[0]


def _middle(generations):
    """Return the best place; the middle of all that are equally good, if that is no worse."""
    best, least = generations.best
    places, losses = generations.all
    equal = places[losses <= least + EQUAL]
    if len(equal) > 1:
        middle = equal.mean(axis=0)
        if generations.evaluate(middle[None])[0] <= least + EQUAL:
            return np.array(middle)
    return best
