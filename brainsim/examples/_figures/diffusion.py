"""Drift-diffusion: a choice between two options by an accumulator, the choices made in trials, and a fit to them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class DriftDiffusion:
    """An accumulator of noisy evidence between two bounds: ``dx = k c dt + dW`` from 0 until x is `bound` or ``-bound``.

    `k` is the drift per evidence c, in units of the noise [1/sqrt(ms)], `bound` is in sqrt(ms), and `t_0` is the time in
    addition to the accumulation [ms].

    Examples
    --------
    >>> machine = DriftDiffusion(k=0.6, bound=20.0, t_0=50.0)
    >>> machine.accuracy(np.array([0.0, 0.1])).round(2), machine.time(np.array([0.0, 0.1])).round()
    (array([0.5 , 0.92]), array([450., 328.]))

    References
    ----------
    Ratcliff (1978), doi:10.1037/0033-295X.85.2.59; in this form Palmer, Huk & Shadlen (2005), doi:10.1167/5.5.1.
    """

    k: float
    bound: float
    t_0: float

    def accuracy(self, evidence):
        """Return the probability of the right choice, ``1/(1 + exp(-2 k |c| bound))``."""
        return 1.0 / (1.0 + np.exp(-2.0 * self.k * self.bound * np.abs(evidence)))

    def time(self, evidence):
        """Return the mean time to the choice [ms], ``t_0 + bound/(k |c|) tanh(k |c| bound)``."""
        x = np.maximum(self.k * self.bound * np.abs(evidence), 1e-6)  # tanh(x)/x tends to 1
        return self.t_0 + self.bound**2 * np.tanh(x) / x


@dataclass(frozen=True, eq=False)
class Choices:
    """Choices in trials with several levels of evidence, from 0 to 1, for the first of two options.

    `chosen` (levels, trials) is +1 for the first option, -1 for the second, 0 for none in time; `times` (levels, trials) are
    from the onset of the evidence to the choice [ms], NaN if there is none.

    Examples
    --------
    >>> choices = Choices(np.array([0.5]), np.array([[1, 1, -1, 0]]), np.array([[100.0, 120.0, 200.0, np.nan]]))
    >>> choices.accuracy.round(2), choices.time, choices.undecided
    (array([0.67]), array([140.]), 0.25)
    """

    evidence: np.ndarray
    chosen: np.ndarray
    times: np.ndarray

    @property
    def made(self):
        """Number of choices made, shape (levels,)."""
        return (self.chosen != 0).sum(axis=1)

    @property
    def undecided(self):
        """Share of trials without a choice."""
        return float((self.chosen == 0).mean())

    @property
    def accuracy(self):
        """Share of the first option among the choices, shape (levels,); NaN if none was made."""
        with np.errstate(invalid="ignore"):
            return (self.chosen > 0).sum(axis=1) / self.made

    @property
    def accuracy_error(self):
        """Standard error of `accuracy` with one more choice of each option (Laplace), so never 0."""
        p = ((self.chosen > 0).sum(axis=1) + 1) / (self.made + 2)
        return np.sqrt(p * (1.0 - p) / (self.made + 2))

    @property
    def time(self):
        """Mean time of the choices [ms], shape (levels,); NaN if none was made."""
        with np.errstate(invalid="ignore"):
            return np.nansum(self.times, axis=1) / self.made

    @property
    def time_error(self):
        """Standard error of `time` [ms], shape (levels,)."""
        with np.errstate(invalid="ignore"):
            square = np.nansum((self.times - self.time[:, None]) ** 2, axis=1) / self.made
            return np.sqrt(square / self.made)


def fit_choices(choices):
    """Return the `DriftDiffusion` fitted to accuracy and time of choices together, by least squares over standard errors.

    It has three parameters for both curves. Return None if a level has fewer than two choices.

    Examples
    --------
    >>> rng, truth, c = np.random.default_rng(1), DriftDiffusion(k=0.6, bound=20.0, t_0=50.0), np.array([0.0, 0.1, 0.2, 0.5])
    >>> chosen = np.where(rng.random((4, 1000)) < truth.accuracy(c)[:, None], 1, -1)
    >>> fit = fit_choices(Choices(c, chosen, truth.time(c)[:, None] + rng.normal(0.0, 50.0, (4, 1000))))
    >>> round(fit.k, 1), round(fit.bound), round(fit.t_0, -1)
    (0.6, 20, 50.0)
    """
    from scipy.optimize import least_squares

    if choices.made.min() < 2:
        return None
    error = np.maximum(choices.time_error, 0.1)  # ms: even equal times are known only to a time step

    def residuals(logs):
        machine = DriftDiffusion(*np.exp(logs))
        return np.concatenate(
            [
                (machine.accuracy(choices.evidence) - choices.accuracy) / choices.accuracy_error,
                (machine.time(choices.evidence) - choices.time) / error,
            ]
        )

    longest, shortest = choices.time.max(), choices.time.min()
    starts = [np.log([k, np.sqrt(longest), 0.5 * shortest]) for k in (0.1, 0.3, 1.0)]
    best = min((least_squares(residuals, start) for start in starts), key=lambda fit: fit.cost)
    return DriftDiffusion(*(float(value) for value in np.exp(best.x)))


def explained_share(measured, predicted):
    """Return R2, the share of the variance of `measured` that `predicted` explains.

    Examples
    --------
    >>> explained_share(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
    0.5
    """
    return float(1.0 - np.sum((measured - predicted) ** 2) / np.sum((measured - np.mean(measured)) ** 2))
