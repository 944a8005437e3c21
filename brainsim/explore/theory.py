"""What a single neuron computes, in closed form: rates of integrate-and-fire cells against their drive.

Potentials are in mV, times in ms, rates in Hz. `mu` is where the membrane potential would settle without a threshold,
``v_rest + I*tau_m/c_m``; `sigma` is the strength of white noise, ``tau_m dv/dt = mu - v + sigma*sqrt(tau_m)*xi``, so that
the free membrane potential has the standard deviation ``sigma/sqrt(2)``.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import dawsn, erfcx

from brainsim.core.checks import in_range, integer, number, plain
from brainsim.core.contexts import default_arithmetic, within

__all__ = ["if_counts", "lif_rate", "siegert_rate"]

ALPHA = 2.0652531522312172  # sqrt(2)*|zeta(1/2)|
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_MAX_BOUND = 26.0  # exp(26**2) is near the largest float64; a threshold this many sigmas away is never reached


@within(default_arithmetic)
def lif_rate(
    mu: ArrayLike, *, tau_m: float = 20.0, t_ref: float = 2.0, v_th: float = 20.0, v_reset: float = 10.0
) -> np.ndarray:
    """Return the firing rate of a leaky integrate-and-fire neuron under a constant drive, without noise.

    ``f = 1/(t_ref + tau_m*log((mu - v_reset)/(mu - v_th)))`` if ``mu > v_th``, else 0.

    For ``mu >> v_th`` and ``t_ref = 0`` it is a straight line, ``(mu - (v_th + v_reset)/2)/(tau_m*(v_th - v_reset))``: an
    affine ReLU. A refractory time makes it level off at ``1/t_ref``.

    Parameters
    ----------
    mu : float or array
        Mean drive [mV].
    tau_m, t_ref : float
        Membrane time constant, > 0, and refractory time, >= 0 [ms].
    v_th, v_reset : float
        Threshold and reset [mV].

    Returns
    -------
    array, of the shape of `mu`
        Rate [Hz].

    Raises
    ------
    ValueError, TypeError
        If a value is not a number or ``v_reset >= v_th``.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.ann.theory.lif_rate([15.0, 21.0, 25.0, 30.0, 50.0]).round(3)
    array([  0.   ,  20.017,  41.715,  63.04 , 128.972])

    References
    ----------
    Gerstner et al. (2014), Neuronal Dynamics, doi:10.1017/CBO9781107447615, section 1.3.
    """
    mu = _check("lif_rate", mu, tau_m, t_ref, v_th, v_reset)
    above = np.maximum(mu, np.nextafter(v_th, np.inf))
    rate = 1000.0 / (t_ref + tau_m * np.log1p((v_th - v_reset) / (above - v_th)))
    return np.where(mu > v_th, rate, 0.0)


@within(default_arithmetic)
def siegert_rate(
    mu: ArrayLike,
    sigma: ArrayLike,
    *,
    tau_m: float = 20.0,
    t_ref: float = 2.0,
    v_th: float = 20.0,
    v_reset: float = 10.0,
    tau_s: float = 0.0,
) -> np.ndarray:
    """Return the firing rate of a leaky integrate-and-fire neuron under a drive with white or slightly coloured noise.

    ``1/f = t_ref + tau_m*sqrt(pi) * integral of erfcx(-x) from (v_reset - mu)/sigma to (v_th - mu)/sigma``

    If a synapse of time constant `tau_s` filters the noise, both bounds move up by ``ALPHA/2*sqrt(tau_s/tau_m)`` with
    ``ALPHA = sqrt(2)*|zeta(1/2)| = 2.0653``, which is the first order in ``sqrt(tau_s/tau_m)``.

    Parameters
    ----------
    mu, sigma : float or array
        Mean drive and noise [mV]; they broadcast. For sigma = 0 the rate is that of `lif_rate`.
    tau_m, t_ref, v_th, v_reset : float
        As for `lif_rate`.
    tau_s : float
        Synaptic time constant [ms], >= 0.

    Returns
    -------
    array
        Rate [Hz].

    Raises
    ------
    ValueError, TypeError
        If a value is not a number, sigma or tau_s is negative, or ``v_reset >= v_th``.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.ann.theory.siegert_rate([15.0, 20.0, 25.0, 30.0], 5.0).round(3)
    array([ 9.461, 27.341, 47.217, 66.293])
    >>> bs.ann.theory.siegert_rate([15.0, 20.0, 25.0], 5.0, tau_s=2.0).round(3)
    array([ 5.312, 21.004, 40.758])

    References
    ----------
    Siegert (1951), doi:10.1103/PhysRev.81.617; Brunel (2000), doi:10.1023/A:1008925309027; Fourcaud & Brunel (2002),
    doi:10.1162/089976602320264015 (synapses); Hahne et al. (2017), doi:10.3389/fninf.2017.00034 (the form with erfcx).
    """
    mu = _check("siegert_rate", mu, tau_m, t_ref, v_th, v_reset)
    sigma = np.asarray(plain(sigma, "mV", "siegert_rate.sigma"))
    in_range(sigma, "siegert_rate.sigma", "mV", at_least=0.0)
    shift = 0.5 * ALPHA * np.sqrt(number(tau_s, "siegert_rate.tau_s", "ms", at_least=0.0) / tau_m)
    mu, sigma = np.broadcast_arrays(mu, sigma)
    noisy = np.where(sigma > 0, sigma, 1.0)
    low, high = (v_reset - mu) / noisy + shift, (v_th - mu) / noisy + shift
    interval = t_ref + tau_m * np.sqrt(np.pi) * (_integral(high) - _integral(low))
    rate = np.where(high > _MAX_BOUND, 0.0, 1000.0 / np.where(high > _MAX_BOUND, 1.0, interval))
    return np.where(sigma > 0, rate, lif_rate(mu, tau_m=tau_m, t_ref=t_ref, v_th=v_th, v_reset=v_reset))


def if_counts(drive: ArrayLike, steps: int, *, threshold: float = 1.0, v0: float = 0.5) -> np.ndarray:
    """Return the number of spikes that an integrate-and-fire neuron sends in `steps` steps of a constant drive: a staircase.

    ``N = clip(floor((v0 + steps*drive)/threshold), 0, steps)``, for a cell that is reset by subtraction and sends at most
    one spike per step. Its mean ``N*threshold/steps`` is a ReLU, clipped at `threshold` and quantised to `steps` levels.
    With ``v0 = threshold/2`` the error is at most half a level.

    Parameters
    ----------
    drive : float or array
        Amount added to the potential in each step.
    steps : int
        Number of steps, >= 1.
    threshold, v0 : float
        Threshold, > 0, and the potential at the start.

    Returns
    -------
    array of int64
        Number of spikes.

    Raises
    ------
    ValueError, TypeError
        If steps is not a whole number >= 1, or threshold is not > 0.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.ann.theory.if_counts([-0.5, 0.0, 0.1, 0.5, 0.9, 2.0], 4)
    array([0, 0, 0, 2, 4, 4])

    References
    ----------
    Rueckauer et al. (2017), doi:10.3389/fnins.2017.00682.
    """
    steps = integer(steps, "if_counts.steps", at_least=1)
    threshold = number(threshold, "if_counts.threshold", above=0.0)
    drive = np.asarray(plain(drive, "", "if_counts.drive"))
    return np.clip(np.floor((v0 + steps * drive) / threshold), 0, steps).astype(np.int64)


def _integral(x):
    """Return the integral of erfcx(-t) from 0 to x, with x capped at `_MAX_BOUND`."""
    x = np.minimum(x, _MAX_BOUND)
    size = np.arcsinh(np.abs(x))[..., None]  # erfcx decays as 1/t: with t = sinh(u) the integrand is flat
    u = 0.5 * size * (_NODES + 1.0)
    decaying = np.sum(0.5 * size * _WEIGHTS * erfcx(np.sinh(u)) * np.cosh(u), axis=-1)
    positive = np.maximum(x, 0.0)
    return np.where(x > 0, 2.0 * np.exp(positive**2) * dawsn(positive) - decaying, -decaying)


def _check(label, mu, tau_m, t_ref, v_th, v_reset) -> np.ndarray:
    """Check all values and return `mu` as an array."""
    number(tau_m, f"{label}.tau_m", "ms", above=0.0)
    number(t_ref, f"{label}.t_ref", "ms", at_least=0.0)
    number(v_reset, f"{label}.v_reset", "mV")
    if number(v_th, f"{label}.v_th", "mV") <= v_reset:
        raise ValueError(f"{label}.v_reset: must be below v_th = {v_th} mV (got {v_reset})")
    return np.asarray(plain(mu, "mV", f"{label}.mu"))
