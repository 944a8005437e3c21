"""The random numbers of brainsim for what PyNN draws: `NativeRNG`, in place of `NumpyRNG`."""

import numpy as np
from pyNN import random
from scipy import special, stats

from brainsim.core.checks import integer
from brainsim.models.values import Uniform
from brainsim.rng.streams import checked_seed, stream_key
from brainsim.rng.variates import fill


def _clipped(u, mu, sigma, low, high):
    below, above = special.ndtr((low - mu) / sigma), special.ndtr((high - mu) / sigma)
    return np.clip(mu + sigma * special.ndtri(below + (above - below) * u), low, high)


# what distributions make of numbers between 0 and 1: their quantiles, with the parameters that PyNN calls so
QUANTILES = {
    "binomial": lambda u, n, p: stats.binom.ppf(u, n, p),
    "exponential": lambda u, beta: -beta * np.log1p(-u),
    "gamma": lambda u, k, theta: theta * special.gammaincinv(k, u),
    "lognormal": lambda u, mu, sigma: np.exp(mu + sigma * special.ndtri(u)),
    "normal": lambda u, mu, sigma: mu + sigma * special.ndtri(u),
    "normal_clipped": _clipped,
    "normal_clipped_to_boundary": lambda u, mu, sigma, low, high: np.clip(mu + sigma * special.ndtri(u), low, high),
    "poisson": lambda u, lambda_: stats.poisson.ppf(u, lambda_),
    "uniform": lambda u, low, high: low + (high - low) * u,
    "uniform_int": lambda u, low, high: low + np.floor((high - low) * u).astype(int),
    "vonmises": lambda u, mu, kappa: np.remainder(stats.vonmises.ppf(u, kappa, mu) + np.pi, 2.0 * np.pi) - np.pi,
}


class NativeRNG(random.NativeRNG, random.WrappedRNG):
    """Random numbers of brainsim, which are functions of the seed and of how often it was asked.

    Parameters
    ----------
    seed : int, optional
        The same seed gives the same numbers, in the same order; by default a fresh one.
    parallel_safe : bool
        Whether all ranks draw the same numbers, as they must for what decides about the network.
    """

    def __init__(self, seed=None, parallel_safe=True):
        super().__init__(checked_seed(seed, "NativeRNG.seed"), parallel_safe)
        self._calls = 0

    def _next(self, distribution, n, parameters):
        wanted = random.available_distributions[distribution]
        if {*parameters} != {*wanted}:
            raise KeyError(
                f"NativeRNG: {distribution!r} has the parameters {', '.join(wanted)} (got {', '.join(parameters)})"
            )
        return QUANTILES[distribution](self._uniform(n), **parameters)

    def _uniform(self, n):
        """Return n numbers above 0 and below 1."""
        found = np.empty(n)
        fill(found, Uniform(0.0, 1.0).code, stream_key(self.seed, "NativeRNG", str(self._calls)))
        self._calls += 1
        return found + 2.0**-54  # half a step of what is drawn, whose quantile at 0 may be infinite

    def permutation(self, x):
        """Return a random order of a list, or of the numbers below a whole number."""
        x = np.arange(x) if np.ndim(x) == 0 else np.asarray(x)
        return x[np.argsort(self._uniform(len(x)), kind="stable")]

    def choice(self, a, size=1):
        """Return some values of a list, each as likely as the others, and perhaps several times."""
        return np.asarray(a)[self._next("uniform_int", integer(size, "NativeRNG.choice.size"), {"low": 0, "high": len(a)})]

    def uniform(self, low=0.0, high=1.0, size=None):
        """Return numbers that are equally likely between two limits, in an array of any shape."""
        found = self._next("uniform", int(np.prod(size or 1)), {"low": low, "high": high})
        return found.reshape(size) if size is not None else float(found[0])
