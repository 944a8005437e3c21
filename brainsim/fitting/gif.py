"""`bs.fit_gif`: a generalised integrate-and-fire neuron from recordings, by two convex problems in place of a search."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from typing import Any

import numpy as np

from brainsim.core.checks import number
from brainsim.core.hints import answers_calls
from brainsim.fitting import gif_parts
from brainsim.fitting.fitted import Seen
from brainsim.fitting.gif_outcome import GIFFit
from brainsim.fitting.recordings import parts_of, recordings_of

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike


@answers_calls
def fit_gif(
    *,
    current: ArrayLike | Sequence[ArrayLike],
    v: ArrayLike | Sequence[ArrayLike],
    spikes: Any,
    dt: float = 0.1,
    tau_eta: Sequence[float] = (5.0, 20.0, 80.0, 320.0),
    tau_gamma: Sequence[float] = (5.0, 20.0, 80.0, 320.0),
    t_ref: float = 4.0,
    before: float = 5.0,
    lambda_0: float = 1.0,
    skip: float = 0.0,
    hold_out: float = 0.5,
) -> GIFFit:
    """Fit a generalised integrate-and-fire neuron to recordings of potential and spikes, without a search.

    First the leak, the capacitance and the currents after spikes, by linear regression of what v does from one sample to
    the next, away from spikes. Then the threshold, its sharpness and its movements after spikes: with v as the model has it,
    the likelihood of the spikes has one maximum, which Newton's steps find.

    Parameters
    ----------
    current : array, shape (samples,), or list of arrays
        The current that was injected [pA]; a list for several recordings, such as repeats.
    v : array, shape (samples,), or list of arrays
        The recorded potential [mV], as many samples, without what the electrode adds.
    spikes : array, Spikes, or list of arrays
        The times of the spikes [ms], for several recordings a list with one of these for each.
    dt : float
        Interval of the samples [ms].
    tau_eta : sequence of float
        Time constants of the currents after a spike [ms]. A fit finds how large each is; it may be negative.
    tau_gamma : sequence of float
        The same of the threshold.
    t_ref : float
        Refractory time [ms], for which the model holds v at the reset: about the width of a spike.
    before : float
        How long before each spike v is not part of the regression [ms].
    lambda_0 : float
        The rate at the threshold `v_th` [Hz]: a convention, since a threshold is only known with a rate.
    skip, hold_out : float
        As for `fit`: the beginning that is not used [ms], and the last part of each recording that is only scored.

    Returns
    -------
    GIFFit
        Its `model` can be simulated.

    Raises
    ------
    TypeError, ValueError
        If the recordings do not fit each other, or v does not decay between spikes.

    Notes
    -----
    Noise of the recorded potential itself, as of an amplifier, makes the time constant of the membrane too short: then
    smooth `v` before.

    Examples
    --------
    >>> import numpy as np, brainsim as bs
    >>> cell = bs.Population(1, bs.GIF(delta_v=1.0, tau_eta_1=80.0, tau_gamma_1=40.0), name="cell")
    >>> current = np.repeat(np.random.default_rng(1).normal(350.0, 250.0, 2000), 50)
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(cell, bs.CurrentInput(bs.TimedArray(current, dt=0.1)))
    >>> result = bs.simulate(net, 10_000.0, record=[bs.Trace(cell, "v")])
    >>> v, spikes = result.traces["cell", "v"].values[:, 0], result.spikes["cell"]
    >>> fit = bs.fit_gif(current=current, v=v, spikes=spikes, tau_eta=[80.0], tau_gamma=[40.0])
    >>> round(fit.parameters["c_m"], 3), round(fit.parameters["q_eta_1"], 3)
    (200.0, 200.0)

    References
    ----------
    Pozzorini et al. (2015), doi:10.1371/journal.pcbi.1004275; Mensi et al. (2012), doi:10.1152/jn.00408.2011.
    """
    label = "fit_gif"
    recordings = _checked_recordings(current, spikes, v, dt, label)
    dt = recordings[0].dt
    tau_eta, tau_gamma = (
        _checked_taus(some, f"{label}.{name}") for some, name in ((tau_eta, "tau_eta"), (tau_gamma, "tau_gamma"))
    )
    t_ref, before = (
        number(t_ref, f"{label}.t_ref", "ms", at_least=0.0),
        number(before, f"{label}.before", "ms", at_least=0.0),
    )
    lambda_0 = number(lambda_0, f"{label}.lambda_0", "Hz", above=0.0)
    fitted, unseen = parts_of(recordings, skip, hold_out, label)
    taus = {*tau_eta, *tau_gamma}
    trials, others = (
        [gif_parts.trial_of(one, window, taus, t_ref, before) for one, window in zip(recordings, windows, strict=True)]
        for windows in (fitted, unseen)
    )
    if all(np.ptp(one.current[one.smooth]) == 0.0 for one in trials):
        raise ValueError(f"{label}.current: must change between spikes, or the capacitance cannot be known")
    passive = gif_parts.regress(trials, tau_eta)
    if not 0.0 < passive.coefficients[0] < 1.0 or passive.coefficients[1] <= 0.0:
        raise ValueError(
            f"{label}.v: does not move towards rest between spikes, or not with the current; are both of one cell, at "
            f"the same times, in mV and pA?"
        )
    reset, reset_error = _reset_of(trials, t_ref, dt)
    potentials = [gif_parts.potential_of(one, passive.coefficients, tau_eta, reset, t_ref, dt) for one in trials]
    escape = gif_parts.ascend(*gif_parts.design(trials, potentials, tau_gamma))
    if escape.coefficients[0] <= 0.0:
        raise ValueError(f"{label}.spikes: do not come when the potential of the model is high; are they of this recording?")
    unseen_x, unseen_spikes = gif_parts.design(others, potentials, tau_gamma)
    score = gif_parts.bits_with(unseen_x, unseen_spikes, escape.coefficients) if unseen_spikes.any() else float("nan")
    found, errors = _named(passive, escape, tau_eta, tau_gamma, dt, lambda_0)
    found, errors = found | {"v_reset": reset}, errors | {"v_reset": reset_error}
    fixed = {"tau_eta": tau_eta, "tau_gamma": tau_gamma, "lambda_0": lambda_0, "t_ref": t_ref}
    scores = {"explained": passive.explained, "bits": escape.bits, "score": score}
    return GIFFit._of(found, errors, scores, fixed, Seen(recordings, fitted, unseen, dt, 1))


def _checked_recordings(current, spikes, v, dt, label):
    for name, given in (("v", v), ("spikes", spikes)):
        if given is None:
            raise ValueError(f"{label}.{name}: is needed; a fit of spikes alone is bs.fit(bs.GIF(), ...)")
    recordings = recordings_of(current, spikes, v, dt, label)
    for k, one in enumerate(recordings):
        if len(one.trains) != 1:
            raise ValueError(
                f"{label}.spikes: recording {k} has {len(one.trains)} trains and one potential; give each repeat as a "
                "recording of its own: current=[I, I], v=[v1, v2], spikes=[times1, times2]"
            )
    return recordings


def _checked_taus(taus, label):
    found = tuple(number(tau, f"{label}[{k}]", "ms", above=0.0) for k, tau in enumerate(np.atleast_1d(taus).tolist()))
    if len(set(found)) < len(found):
        raise ValueError(f"{label}: must differ (got {list(found)})")
    return found


def _reset_of(trials, t_ref, dt):
    """Return the mean potential at the end of the refractory time, and its standard error."""
    held, values = round(t_ref / dt), []
    for one in trials:
        used = one.at[one.free[one.at]] + held
        values.append(one.v[used[used < one.v.size]])
    values = np.concatenate(values)
    error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else np.nan
    return float(values.mean()), float(error)


def _named(passive, escape, tau_eta, tau_gamma, dt, lambda_0):
    """Return the parameters by name, and their standard errors."""

    def between(coefficients):
        return gif_parts.parameters_of(coefficients, tau_eta, dt)

    def at_spikes(coefficients):
        delta_v = 1.0 / coefficients[0]
        v_th = delta_v * (np.log(0.001 * lambda_0 * dt) - coefficients[1])
        return np.array([v_th, delta_v, *(-delta_v * coefficients[2:])])

    found, errors = {}, {}
    etas, gammas = ([f"{q}_{k + 1}" for k in range(len(taus))] for q, taus in (("q_eta", tau_eta), ("q_gamma", tau_gamma)))
    for names, of, part in (
        (["c_m", "g_l", "v_rest", *etas], between, passive),
        (["v_th", "delta_v", *gammas], at_spikes, escape),
    ):
        found |= zip(names, of(part.coefficients).tolist(), strict=True)
        errors |= zip(names, gif_parts.spread(of, part.coefficients, part.covariance).tolist(), strict=True)
    return found, errors
