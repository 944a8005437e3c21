"""Down the slopes of a smooth loss: steps of Gauss and Newton, damped as by Levenberg and Marquardt, from several starts.

The slopes come from cells of the same run beside each start, and all steps that are tried are cells of the next one.
"""

import numpy as np

from brainsim.fitting.search import begins, spread_out

DAMPING = 10.0 ** np.array([-10, -8, *range(-6, 4)])  # of the steps that are tried, in units of the curvature
ENOUGH, AT_MOST = 1e-10, 40  # relative fall of the loss in two rounds by which a descent ends; rounds
SHORTEST = 1 / 16  # of a recording: the beginning in which descents begin
SLOWEST = 1 / 16  # by which the beginning grows at least
FAR, NEAR = 10.0, 2.0  # times the least loss: what is so much worse is another minimum, or is still near the same


def descend_growing(generations, plan):
    """Descend in a short beginning of each recording, then in more of it from where that led, until it is all.

    The loss of a long trace with spikes has many minima, as one spike too many or too few spoils what comes after it; that
    of its beginning has few. Half as many places are kept each time, and candidates that are spread out take their place
    where they are better: a beginning in which nothing happens says nothing. Cells that are forced to fire when the
    recording did have no such minima.
    """
    problem = generations.problem
    candidates = spread_out(plan.candidates, len(problem.space.free), np.random.default_rng(plan.seed))
    places, starts, worst, part = candidates, plan.starts, np.inf, 1.0 if problem.is_forced(problem.kind) else SHORTEST
    while part < 1.0:
        own = generations.of_beginning(part)
        found, losses = descend(own, _chosen(own, places, starts, worst))
        places, starts, worst = np.concatenate([candidates, found]), max(starts // 2, 2), FAR
        part = _further(generations, part, found, losses.min())
    descend(generations, _chosen(generations, places, starts, worst))


def _chosen(generations, places, starts, worst):
    """Return good places that are far from each other, whose losses are at most `worst` times the least."""
    losses = generations.evaluate(places)
    good = losses <= worst * losses.min()
    return places[good][begins(places[good], losses[good], starts)]


def _further(generations, part, places, least):
    """Return which part comes next: twice as much, or less if the places that were found are not near a minimum of that."""
    step = part
    while step > SLOWEST * part and generations.of_beginning(part + step).evaluate(places).min() > NEAR * least:
        step /= 2.0
    return min(part + step, 1.0)


def descend(generations, places, fixed=()):
    """Return where descents from some places end, and their losses; shape (starts, free).

    `fixed` are the indices of parameters that stay where they are.
    """
    places, moves = places.copy(), np.setdiff1d(np.arange(places.shape[1]), fixed)
    losses = generations.evaluate(places)
    calm = np.zeros(len(places), int)
    for _ in range(AT_MOST):
        going = np.flatnonzero(calm < 2)
        if not going.size:
            break
        gradient, hessian, _ = generations.problem.curvature(places[going])
        tried = np.array([_steps(*one, moves) for one in zip(places[going], gradient, hessian, strict=True)])
        found = generations.evaluate(tried.reshape(-1, places.shape[1])).reshape(going.size, DAMPING.size)
        for j, k in enumerate(going):
            best = int(np.argmin(found[j]))
            calm[k] = calm[k] + 1 if found[j, best] >= losses[k] * (1.0 - ENOUGH) else 0
            if found[j, best] < losses[k]:
                places[k], losses[k] = tried[j, best], found[j, best]
    return places, losses


def _steps(place, gradient, hessian, moves):
    """Return the places that are tried from one, shape (dampings, free), all within the bounds."""
    inward = ~(((place <= 0.0) & (gradient > 0.0)) | ((place >= 1.0) & (gradient < 0.0)))
    free = moves[inward[moves]]
    tried = np.repeat(place[None], DAMPING.size, axis=0)
    if free.size:
        curved = hessian[np.ix_(free, free)]
        scale = np.maximum(np.diag(curved), 1e-12 * max(np.diag(curved).max(), 1e-300))
        for k, damping in enumerate(DAMPING):
            step = np.linalg.solve(curved + damping * np.diag(scale), -gradient[free])
            tried[k, free] = np.clip(place[free] + step, 0.0, 1.0)
    return tried
