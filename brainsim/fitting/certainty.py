"""How sure a fit is: from the curvature of the loss under a named noise model."""

from dataclasses import dataclass

import numpy as np

WIDE, ALIKE = 0.25, 0.95  # of the bounds, the standard deviation of what is hardly known; a correlation of what is alike
FLAT = 1e-6  # curvature that cannot be told from none: a standard deviation of 1,000 times the bounds
NORMAL = 1.959963984540054  # standard deviations of an interval of 95 %


@dataclass(frozen=True)
class Certainty:
    """Where the true parameters are, as a covariance of places, and the noise by which this is known."""

    noise: str
    covariance: np.ndarray

    @property
    def deviations(self):
        """The standard deviation of each place."""
        return np.sqrt(np.diag(self.covariance))

    def intervals(self, space, place):
        """Return name -> (low, high) of 95 %, not beyond the bounds; also of what is tied."""
        width, found = NORMAL * self.deviations, {}
        low, high = np.clip(place - width, 0.0, 1.0), np.clip(place + width, 0.0, 1.0)
        for k, one in enumerate(space.free):
            found[one.name] = (float(one.value(low[k])), float(one.value(high[k])))
        if space.tied:
            beside = np.clip(np.concatenate([place + 1e-5 * np.eye(place.size), place - 1e-5 * np.eye(place.size)]), 0, 1)
            spans, values = np.diag(beside[: place.size] - beside[place.size :]), space.values(beside)
            for name in space.tied:
                slopes = (values[name][: place.size] - values[name][place.size :]) / spans
                half = NORMAL * float(np.sqrt(slopes @ self.covariance @ slopes))
                value = float(space.values(place[None])[name][0])
                found[name] = (value - half, value + half)
        return found

    def indistinct(self, space):
        """Return what cannot be told apart or is hardly known, in words."""
        sure = self.deviations
        scale = np.maximum(sure, 1e-300)
        correlation = self.covariance / scale[:, None] / scale
        found, pairs = [], set()
        for j in range(sure.size):
            for k in range(j):
                if abs(correlation[j, k]) > ALIKE:
                    kept = "difference" if correlation[j, k] > 0 else "sum"
                    pairs |= {j, k}
                    found.append(
                        f"{space.names[k]} and {space.names[j]} can hardly be told apart: what is known is a {kept} of both "
                        f"(correlation {correlation[j, k]:.3f})"
                    )
        found += [f"{space.names[k]} is hardly known" for k in np.flatnonzero(sure > WIDE) if k not in pairs]
        return found


def certainty_of(problem, place):
    """Return the Certainty at the best place of a smooth loss."""
    _, hessian, correlation = problem.curvature(place[None])
    if problem.loss == "likelihood":
        return Certainty("escape noise of the threshold", inverse(hessian[0]))
    losses = problem.run(place[None], problem.kind)
    n = sum(loss.weight for loss in losses)
    variance = float(sum(loss.total[0] for loss in losses)) / max(n - place.size, 1)
    noise, more = f"Gaussian residual of v, {np.sqrt(variance):.3g} mV", 1.0
    if correlation > 3.0 / np.sqrt(n):
        noise += f", of which each has the correlation {correlation:.2g} with the one before"
        more = (1.0 + correlation) / max(1.0 - correlation, 1.0 / n)
    return Certainty(noise, more * variance * inverse(hessian[0]))


def log_likelihood(problem, place, parameters):
    """Return the logarithm of the likelihood of parameters, shape (n, free), but for a constant; -inf beyond the bounds."""
    if not problem.is_smooth:
        raise ValueError(
            f"Fit.log_likelihood: needs the loss 'trace' or 'likelihood', with a noise model (got {problem.loss!r})"
        )
    values, free = np.atleast_2d(np.asarray(parameters, float)), problem.space.free
    if values.shape[1] != len(free):
        raise ValueError(f"Fit.log_likelihood.parameters: must have {len(free)} columns (got the shape {values.shape})")
    inside = np.all([(one.low <= values[:, k]) & (values[:, k] <= one.high) for k, one in enumerate(free)], axis=0)
    found = np.full(len(values), -np.inf)
    if inside.any():
        places = np.stack([one.place(values[inside, k]) for k, one in enumerate(free)], axis=1)
        losses = problem.run(places, problem.kind)
        found[inside] = -np.add.reduce([loss.total for loss in losses])
        if problem.loss == "trace":
            found[inside] /= 2.0 * problem.losses(place[None])[0]
    return found


def inverse(hessian):
    """Return the covariance of a curvature; very wide where there is none."""
    values, vectors = np.linalg.eigh(hessian)
    return (vectors / np.maximum(values, FLAT)) @ vectors.T
