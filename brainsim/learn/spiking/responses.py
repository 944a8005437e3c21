"""What an event does to a cell some time later: the responses of current and potential, and their derivatives.

An event of weight w that arrived r ms ago has left a current ``w*exp(-r/tau_s)`` and a potential ``w*potential(r)`` with
``tau_m dV/dt = -V + I``.
"""

from brainsim.jit.decorators import helper
from brainsim.jit.vmath import exp, relaxation

CLOSE = 1e-4  # relative distance of two time constants below which derivatives are interpolated


@helper
def left(r, tau_s):
    """Return what is left of a current."""
    return exp(-r / tau_s)


@helper
def potential(r, tau_m, tau_s):
    """Return the potential: ``tau_s/(tau_m - tau_s)*(exp(-r/tau_m) - exp(-r/tau_s))``, also for equal time constants."""
    x = r / tau_m
    return x * exp(-x) * relaxation(r * (1.0 / tau_s - 1.0 / tau_m))


@helper
def by_tau_m(r, tau_m, tau_s):
    """Return the derivative of `potential` by tau_m."""
    near = CLOSE * tau_m
    if abs(tau_m - tau_s) >= near:
        return _by_tau_m(r, tau_m, tau_s)
    part = 0.5 * (1.0 + (tau_s - tau_m) / near)  # the formula divides by the distance
    return (1.0 - part) * _by_tau_m(r, tau_m, tau_m - near) + part * _by_tau_m(r, tau_m, tau_m + near)


@helper
def by_tau_s(r, tau_m, tau_s):
    """Return the derivative of `potential` by tau_s."""
    near = CLOSE * tau_m
    if abs(tau_m - tau_s) >= near:
        return _by_tau_s(r, tau_m, tau_s)
    part = 0.5 * (1.0 + (tau_s - tau_m) / near)
    return (1.0 - part) * _by_tau_s(r, tau_m, tau_m - near) + part * _by_tau_s(r, tau_m, tau_m + near)


@helper
def _by_tau_m(r, tau_m, tau_s):
    gap, slow, fast = tau_m - tau_s, exp(-r / tau_m), exp(-r / tau_s)
    return -tau_s / (gap * gap) * (slow - fast) + tau_s / gap * slow * r / (tau_m * tau_m)


@helper
def _by_tau_s(r, tau_m, tau_s):
    gap, slow, fast = tau_m - tau_s, exp(-r / tau_m), exp(-r / tau_s)
    return tau_m / (gap * gap) * (slow - fast) - fast * r / (gap * tau_s)
