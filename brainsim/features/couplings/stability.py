"""The conductance up to which currents of gap junctions, which are held over a step, do not grow from step to step.

With the conductances g of a cell, ``z = sum(g)*dt/c_m``, and what others give held at x, a method takes v to
``left*v + (1 - left)*x``, in which ``left`` is what it makes of ``exp(-z)``. Two cells that differ by d, with x as it is at
the beginning of the step, then differ by ``(2*left - 1)*d``; with x extrapolated, the roots of
``m**2 - (2.5*left - 1.5)*m - 0.5*(1 - left)`` say how d changes. The first does not grow for ``0 <= left <= 1``, the second
for ``1/3 <= left <= 1``. No network of junctions is worse than two cells. A rectifying junction holds all of its current,
which is what Euler's method does with that of others.
"""

import functools
import math

import numpy as np

LEAST = {1: 0.0, 2: 1.0 / 3.0}  # of what is left, by the order
TERMS = {"euler": 1, "euler_maruyama": 1, "milstein": 1, "heun": 2, "rk4": 4}  # of exp(-z); other methods have them all
LOOKED_AT = np.arange(0.001, 10.0, 0.001)


def check_stable(member, coupling, total, dt):
    """Raise ValueError if currents of gap junctions whose weights add up to a `total` for each cell would grow."""
    capacity = member.values.get("c_m")
    if capacity is None or member.population.model.parameters["c_m"].unit != "pF":
        return
    method, substeps = (member.step.method, member.system.substeps) if coupling.summed else ("euler", 1)
    worst = float(np.max(total * dt / capacity, initial=0.0))
    limits = {order: limit(method, order, substeps) for order in LEAST}
    if worst >= limits[coupling.order]:
        kind = type(coupling).__name__
        given = f"order={coupling.order}" + (f" and the method {method!r}" if coupling.summed else "")
        other = f", or {kind}(order=1)" if worst < limits[1] else ""
        raise ValueError(
            f"{member.population.name}: the weights of {kind} onto a cell add up to {worst:.3g} c_m/dt; with {given} "
            f"they must stay below {limits[coupling.order]:.2f}, or currents grow in each step: take a smaller dt{other}"
        )


@functools.cache
def limit(method, order, substeps=1):
    """Return the lowest ``sum(g)*dt/c_m`` at which currents grow, infinity if there is none."""
    z = LOOKED_AT / substeps
    powers = (-z) ** np.arange(TERMS.get(method, 0) + 1)[:, None]
    # the Taylor series of exp(-z) as far as the method has it, once for each part of the step
    left = powers.T @ [1.0 / math.factorial(k) for k in range(len(powers))] if method in TERMS else np.exp(-z)
    left = left**substeps
    bad = (left < LEAST[order]) | (left > 1.0)
    return float(LOOKED_AT[np.argmax(bad)]) if bad.any() else math.inf
