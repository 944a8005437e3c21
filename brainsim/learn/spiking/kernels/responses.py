"""What an event does to a cell some time later: the responses of current and potential, and their derivatives.

An event of weight w that arrived r ms ago has left a current ``w*exp(-r/tau_s)`` and a potential ``w*potential(r)`` with
``tau_m dV/dt = -V + I``.
"""

from brainsim.jit.decorators import helper
from brainsim.jit.vmath import exp, relaxation

NEAR_0 = 1e-2  # below it a series has an error below 1e-12, and the formula loses digits
CLOSE = 1e-4  # relative distance of two time constants below which derivatives are interpolated


@helper
def left(r, tau_s):
    """Return what is left of a current."""
    return exp(-r / tau_s)


@helper
def potential(r, tau_m, tau_s):
    """Return the potential: ``tau_s/(tau_m - tau_s)*(exp(-r/tau_m) - exp(-r/tau_s))``, also for equal time constants."""
    # with z = r*(1/tau_s - 1/tau_m), exp(-r/tau_s) is exp(-x)*exp(-z), and tau_s/(tau_m - tau_s)*z is x: so nothing is
    # divided by the distance of the time constants, which may be 0
    x = r / tau_m
    return x * exp(-x) * relaxation(r * (1.0 / tau_s - 1.0 / tau_m))


@helper
def both(r, fall, rate_m, rate_s):
    """Return the potential and what is left of the current, given the inverse time constants and ``fall = exp(-r/tau_m)``.

    One exponential function serves both.
    """
    # exp(-r/tau_s) = fall*exp(-z), and exp(-z) = 1 - z*relaxation(z)
    z = r * (rate_s - rate_m)
    mean = relaxation(z)
    return r * rate_m * fall * mean, fall * (1.0 - z * mean)


@helper
def padded(n):
    """Return how many elements a loop over n should take: whole vectors, since those that are left over take longer."""
    return n if n < 3 else (n + 7) & ~7


@helper
def slow_of(factor, dt, r, tau_m, tau_s):
    """Return what an event adds to the first of the two: the potential, or with a factor 0 the current before the step."""
    return r / dt if factor == 0.0 else factor * potential(r, tau_m, tau_s)


@helper
def fast_of(factor, dt, r, tau_s):
    """Return what an event adds to the second: the current at the end of the step."""
    return 1.0 - r / dt if factor == 0.0 else left(r, tau_s)


@helper
def change_of(factor, dt, slow, fast, on_slow, on_fast, tau_m, tau_s):
    """Return the derivative with respect to r of both together, with their weights."""
    # with a factor of 0 both are linear in r, see `slow_of` and `fast_of`; else ``d potential/dr = (left -
    # potential)/tau_m``, from the equation of the membrane, and ``d left/dr = -left/tau_s``
    if factor == 0.0:
        return (on_slow - on_fast) / dt
    return on_slow * (factor * fast - slow) / tau_m - on_fast * fast / tau_s


@helper
def faded_of(factor, fast):
    """Return the part of the second that decays with tau_s."""
    return 0.0 if factor == 0.0 else fast


@helper
def relaxation_slope(z):
    """Return the derivative of ``relaxation(z) = (1 - exp(-z))/z``."""
    if abs(z) < NEAR_0:
        # the Taylor series around 0; the formula below subtracts two numbers that are nearly equal there
        return -0.5 + z * (1.0 / 3.0 - z * (0.125 - z * (1.0 / 30.0 - z / 144.0)))
    return (exp(-z) - relaxation(z)) / z


@helper
def by_tau_m(r, tau_m, tau_s):
    """Return the derivative of `potential` with respect to tau_m."""
    near = CLOSE * tau_m
    if abs(tau_m - tau_s) >= near:
        return _by_tau_m(r, tau_m, tau_s)
    part = 0.5 * (1.0 + (tau_s - tau_m) / near)  # the formula divides by the distance
    return (1.0 - part) * _by_tau_m(r, tau_m, tau_m - near) + part * _by_tau_m(r, tau_m, tau_m + near)


@helper
def by_tau_s(r, tau_m, tau_s):
    """Return the derivative of `potential` with respect to tau_s."""
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
