"""Gradients of networks that learn, compared with differences of the loss."""

import numpy as np
import pytest

SMALLEST = 1e-5  # part of the loss by which an element changes it that is compared: below it is rounding
# differences of the fourth order, on both sides of a value or on one, where a kink is on the other: place -> factor
STENCILS = [
    {-2: 1 / 12, -1: -2 / 3, 1: 2 / 3, 2: -1 / 12},
    *({0: -25 / 12 * s, s: 4 * s, 2 * s: -3 * s, 3 * s: 4 / 3 * s, 4 * s: -s / 4} for s in (1, -1)),
]


class Runs:
    """Runs of samples with the present values of what learns."""

    def __init__(self, net, X, y):
        self.net, inputs = net, net._inputs(X, "X")
        self.runner = net._runner(inputs, net._targets(y, len(inputs), "y"))
        self.rows = np.arange(len(inputs))

    def run(self):
        """Return (mean loss, spikes of each cell in each sample)."""
        with self.runner as runner:
            batch = runner.run(self.net._vector, self.rows, learn=False)
        return float(batch.loss.mean()), batch.counts.copy()


def assert_gradients(net, X, y, per_part, without=()):
    """Compare the gradient with differences of the loss, for some elements of each other part; return how many."""
    loss, gradients = net.gradients(X, y)
    runs = Runs(net, X, y)
    same, counts = runs.run()
    assert loss == pytest.approx(same, rel=1e-13)
    rng, skipped, compared = np.random.default_rng(2), 0, 0
    for key, part in net.parts().items():
        if key in without:
            continue
        gradient, flat = np.atleast_1d(gradients[key]).ravel(), part.reshape(-1)
        size, unit = np.abs(gradient).max(), np.sqrt(np.mean(flat * flat)) or 1.0
        for k in rng.permutation(flat.size)[:per_part]:
            limit = 1e-6 * max(abs(gradient[k]), 1e-3 * size, SMALLEST * loss / unit)
            found = by_differences(runs, flat, k, unit, counts, gradient[k], limit)
            skipped, compared = skipped + (not found), compared + 1
            assert not found or min(found) < 1.0, (key, k, gradient[k], found)
    assert skipped <= 0.05 * compared
    return compared


def by_differences(runs, flat, k, unit, counts, wanted, limit, steps=(1e-5, 1e-4, 1e-6, 1e-3, 1e-7)):
    """Return the distances of differences of the loss by one element from `wanted` in limits, up to one below 1.

    There is none where a spike appears or vanishes. The loss is smooth up to the next value at which a spike crosses a point
    of the grid, where it has a kink, and is rounded; so a step may be too long or too short, and there are several.
    """
    centre, found = flat[k], []
    for step in steps:
        for stencil in STENCILS:
            difference = 0.0
            for place, factor in stencil.items():
                flat[k] = centre + place * step * unit
                loss, now = runs.run()
                difference += factor * loss / (step * unit) if np.array_equal(now, counts) else np.nan
            flat[k] = centre
            if np.isfinite(difference):
                found.append(abs(difference - wanted) / limit)
                if found[-1] < 1.0:
                    return found
    return found
