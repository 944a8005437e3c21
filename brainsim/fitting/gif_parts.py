"""The two convex problems of a GIF: what v does between spikes, a linear regression, and the threshold, a likelihood."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

ENOUGH = 1e-10  # by which an ascent of Newton's must raise the mean log-likelihood to go on
MOST_STEPS = 100


@dataclass(frozen=True, eq=False)
class Trial:
    """One recording on the grid of its samples, and which of them are used.

    Attributes
    ----------
    current, v : arrays, shape (samples,)
        As they were recorded [pA, mV].
    at : array of int
        Samples of the spikes.
    since : list of arrays
        For each time constant, the sum over the spikes so far of ``exp(-(t - t_spike)/tau)``.
    free : array of bool
        Samples at which the cell may spike: neither before the window, nor refractory.
    smooth : array of bool
        Samples at which v is compared with the next one: within the window and not near a spike.
    """

    current: np.ndarray
    v: np.ndarray
    at: np.ndarray
    since: dict
    free: np.ndarray
    smooth: np.ndarray


def trial_of(recording, window, taus, t_ref, before):
    """Return the Trial of a recording within a window (start, stop) [ms]."""
    n, dt = recording.current.size, recording.dt
    at = np.unique(np.round(recording.trains[0] / dt).astype(int))
    at = at[at < n]
    spikes = np.zeros(n)
    spikes[at] = 1.0
    since = {tau: lfilter([1.0], [1.0, -np.exp(-dt / tau)], spikes) for tau in taus}
    held, early = round(t_ref / dt), round(before / dt)
    inside = np.zeros(n, bool)
    inside[round(window[0] / dt) : round(window[1] / dt)] = True
    inside[0] = False
    free, smooth = inside.copy(), inside.copy()
    smooth[-1] = False
    for k in at:
        free[k + 1 : k + held + 1] = False
        smooth[max(k - early, 0) : k + held] = False
    return Trial(recording.current, recording.v, at, since, free, smooth)


@dataclass(frozen=True)
class Passive:
    """What v does between spikes: ``v[n + 1] = decay*v[n] + drive*I[n] + offset - sum(pulls*eta[n])``."""

    coefficients: np.ndarray
    covariance: np.ndarray
    explained: float


def regress(trials, tau_eta):
    """Return the Passive of least squared errors of the next sample of v."""
    rows, following = [], []
    for one in trials:
        use = np.flatnonzero(one.smooth)
        rows.append(
            np.column_stack([one.v[use], one.current[use], np.ones(use.size), *(-one.since[tau][use] for tau in tau_eta)])
        )
        following.append(one.v[use + 1])
    x, y = np.concatenate(rows), np.concatenate(following)
    scale = np.maximum(np.abs(x).max(axis=0), 1e-300)
    x = x / scale
    gram = x.T @ x
    found = np.linalg.lstsq(x, y, rcond=None)[0]
    rest = y - x @ found
    variance = rest @ rest / max(y.size - found.size, 1)
    moved = y - np.concatenate([some[:, 0] for some in rows])
    explained = 1.0 - (rest @ rest) / max(np.sum((moved - moved.mean()) ** 2), 1e-300)
    return Passive(found / scale, variance * np.linalg.pinv(gram) / scale / scale[:, None], float(explained))


def parameters_of(coefficients, tau_eta, dt):
    """Return (c_m, g_l, v_rest, q_eta...) of the coefficients of a `Passive`, by exact integration of a step."""
    decay, drive, offset, *pulls = coefficients
    tau_m = -dt / np.log(decay)
    g_l = (1.0 - decay) / drive
    c_m = g_l * tau_m
    found = [c_m, g_l, offset / (1.0 - decay)]
    for pull, tau in zip(pulls, tau_eta, strict=True):
        found.append(pull * c_m / _response(dt, tau, tau_m))
    return np.array(found)


def _response(dt, tau, tau_m):
    """Return the integral over a step of a decaying current, as the membrane has it at the end [ms]."""
    if abs(tau - tau_m) < 1e-9 * tau:
        return dt * np.exp(-dt / tau_m)
    return (np.exp(-dt / tau) - np.exp(-dt / tau_m)) / (1.0 / tau_m - 1.0 / tau)


def potential_of(trial, coefficients, tau_eta, v_reset, t_ref, dt):
    """Return v as the model has it if it spikes when the cell did; at a spike the value before the reset."""
    decay, drive, offset, *pulls = coefficients
    pushed = drive * trial.current + offset
    for pull, tau in zip(pulls, tau_eta, strict=True):
        pushed = pushed - pull * trial.since[tau]
    n, held = trial.current.size, round(t_ref / dt)
    v = np.full(n, v_reset)
    start, first = 0, trial.v[0]
    for end in [*trial.at, n - 1]:
        if end > start:
            moved, _ = lfilter([1.0], [1.0, -decay], pushed[start:end], zi=[decay * first])
            v[start + 1 : end + 1] = moved
        if start == 0:
            v[0] = first
        start, first = min(end + held, n - 1), v_reset
    return v


@dataclass(frozen=True)
class Escape:
    """The log of the rate per step, linear in v and the traces of the spikes, and how likely the spikes are with it."""

    coefficients: np.ndarray
    covariance: np.ndarray
    bits: float


def design(trials, potentials, tau_gamma):
    """Return what the log of the rate is linear in, at all free samples, and which of them have a spike."""
    rows, spikes = [], []
    for one, v in zip(trials, potentials, strict=True):
        use, fired = np.flatnonzero(one.free), np.zeros(v.size, bool)
        fired[one.at] = True
        past = (one.since[tau] - fired for tau in tau_gamma)  # a spike raises the threshold after its own test
        rows.append(np.column_stack([v[use], np.ones(use.size), *(trace[use] for trace in past)]))
        spikes.append(fired[use])
    return np.concatenate(rows), np.concatenate(spikes)


def ascend(x, spikes):
    """Return the Escape of highest likelihood: concave in its coefficients, so Newton's steps find the one maximum."""
    centre, scale = np.zeros(x.shape[1]), np.maximum(x.std(axis=0), 1e-12)
    centre[0], scale[1] = x[:, 0].mean(), 1.0
    z = (x - centre) / scale
    theta = np.zeros(x.shape[1])
    theta[1] = np.log(-np.log1p(-spikes.mean()))
    value, slope, curvature = _likelihood(z, spikes, theta)
    for _ in range(MOST_STEPS):
        step, size = np.linalg.solve(curvature, slope), 1.0
        while size > 1e-6 and not _likelihood(z, spikes, theta + size * step)[0] > value:
            size /= 2.0
        reached, *more = _likelihood(z, spikes, theta + size * step)
        if not reached > value:
            break
        gain, theta, value = reached - value, theta + size * step, reached
        slope, curvature = more
        if gain < ENOUGH * spikes.size:
            break
    back = np.diag(1.0 / scale)
    back[1] -= centre / scale
    return Escape(back @ theta, back @ np.linalg.pinv(curvature) @ back.T, bits_of(value, spikes))


def _likelihood(z, spikes, theta):
    """Return the log-likelihood of spikes with the probability ``1 - exp(-exp(z @ theta))``, its slope, -curvature."""
    rate = np.exp(np.minimum(z @ theta, 500.0))
    fired = rate[spikes]
    odds = fired / np.expm1(np.minimum(fired, 500.0))  # of no spike, times the rate
    value = np.log(-np.expm1(-fired)).sum() - rate[~spikes].sum()
    first, second = -rate, rate.copy()
    first[spikes] = odds
    second[spikes] = odds * (fired / -np.expm1(-np.minimum(fired, 500.0)) - 1.0)
    return value, z.T @ first, (z * second[:, None]).T @ z


def bits_of(value, spikes):
    """Return by how many bits per spike a log-likelihood is above that of a Poisson process of the same rate."""
    n, mean = spikes.sum(), spikes.mean()
    constant = n * np.log(mean) + (spikes.size - n) * np.log1p(-mean)
    return float((value - constant) / n / np.log(2.0))


def bits_with(x, spikes, coefficients):
    """Return the bits per spike of coefficients that were found on other data."""
    return bits_of(_likelihood(x, spikes, coefficients)[0], spikes)


def spread(function, at, covariance):
    """Return the standard deviations of a function of coefficients, from its slopes."""
    at = np.asarray(at, float)
    steps = 1e-6 * np.maximum(np.abs(at), 1e-9)
    slopes = [(function(at + step) - function(at - step)) / 2.0 for step in np.diag(steps)]
    jacobian = np.array(slopes).T / steps
    return np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", jacobian, covariance, jacobian), 0.0))
