"""Where the loss is least: on a grid, or by CMA-ES from several starts whose candidates run together."""

import itertools

import numpy as np

from brainsim.core.doors import optional

SPREAD = 0.2  # of the first candidates around a start, as a part of the bounds
FLAT, PATIENCE = 1e-9, 15  # a start has ended if its best loss falls by less than this in as many generations


def grid(evaluate, n_free, points, at_once):
    """Evaluate all points of a grid with as many values of each parameter, the bounds among them, some at once."""
    axes = [np.linspace(0.0, 1.0, points)] * n_free
    places = np.array(list(itertools.product(*axes)))
    for first in range(0, len(places), at_once):
        evaluate(places[first : first + at_once])


def spread_out(n, n_free, rng):
    """Return n points that fill the unit cube, shape (n, free): a Latin hypercube."""
    return (np.argsort(rng.random((n_free, n)), axis=1).T + rng.random((n, n_free))) / n


def search(evaluate, n_free, plan):
    """Search by CMA-ES: the first generation fills the bounds, its best points are where the starts begin.

    Hansen (2016), arXiv:1604.00772, as in the package cmaes.
    """
    cmaes = optional("cmaes", "fit.method: 'search'")
    rng = np.random.default_rng(plan.seed)
    places = spread_out(plan.candidates, n_free, rng)
    losses = evaluate(places)
    each = max(plan.candidates // plan.starts, 4 + int(3 * np.log(n_free)))
    runs = [
        cmaes.CMA(
            mean=places[k].copy(),
            sigma=SPREAD,
            bounds=np.tile([0.0, 1.0], (n_free, 1)),
            seed=int(rng.integers(2**31)),
            population_size=each,
        )
        for k in begins(places, losses, plan.starts)
    ]
    best = [[] for _ in runs]
    for _ in range(plan.generations - 1):
        going = [k for k, run in enumerate(runs) if not _has_ended(run, best[k])]
        if not going:
            break
        asked = [[runs[k].ask() for _ in range(each)] for k in going]
        found = evaluate(np.concatenate(asked)).reshape(len(going), each)
        for k, some, values in zip(going, asked, found, strict=True):
            runs[k].tell(list(zip(some, values.tolist(), strict=True)))
            best[k].append(min([*best[k][-1:], values.min()]))


def begins(places, losses, starts):
    """Return which points the starts begin at: good ones that are far from each other."""
    chosen = []
    for k in np.argsort(losses, kind="stable"):
        distance = min((np.abs(places[k] - places[j]).max() for j in chosen), default=1.0)
        if distance > 0.5 / starts:
            chosen.append(int(k))
        if len(chosen) == starts:
            break
    return chosen


def _has_ended(run, best):
    """Return whether a start has ended: its candidates are all the same, or its best loss no longer falls."""
    if len(best) > PATIENCE and best[-PATIENCE] - best[-1] <= FLAT * abs(best[-PATIENCE]):
        return True
    return run.should_stop()
