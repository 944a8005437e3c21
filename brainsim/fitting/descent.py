"""Down the slopes of a smooth loss: steps of Gauss and Newton, damped as by Levenberg and Marquardt, from several starts.

The slopes come from cells of the same run beside each start, and all steps that are tried are cells of the next one.
"""

import numpy as np

DAMPING = 10.0 ** np.arange(-4.0, 4.0)  # of the steps that are tried, in units of the curvature
ENOUGH, AT_MOST = 1e-10, 40  # relative fall of the loss in two rounds by which a descent ends; rounds


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
