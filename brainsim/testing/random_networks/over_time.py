"""Rates and currents that change in time: tables and texts; listed events; and when an input acts.

The texts are few, since each is compiled; the numbers in them are free.
"""

import numpy as np

import brainsim as bs
from brainsim.testing.random_networks.pieces import chance, one_of, view

SHAPES = ("{a}*(1 + sin(2*pi*t/{b}))/2", "{a}*(1 + where(i > {c}, t/{b}, 0))/2", "where(t > {b}, {a}, {a}/9)")


def value(rng, plan, size, n):
    """Return a table or a text whose values are about as large as `size`, for n cells."""
    if chance(rng, 0.5):
        rows, interval = int(rng.integers(1, 6)), plan.dt * int(rng.integers(1, 40))
        return bs.TimedArray(size * rng.random((rows, n) if chance(rng, 0.4) else rows), interval)
    a, b, c = float(size), float(rng.uniform(0.2, 1.0) * plan.steps * plan.dt), int(rng.integers(0, n))
    return one_of(rng, SHAPES).format(a=a, b=b, c=c)


def current(rng, plan, size, n):
    """Return a current of about the size, for n cells."""
    low, high = -0.2 * size, 1.6 * size
    when = window(rng, plan)
    if chance(rng, 0.3):
        return bs.CurrentInput(value(rng, plan, high, n), **when)
    if chance(rng, 0.3):
        return bs.CurrentInput(float(rng.uniform(low, high)), **when)
    if chance(rng, 0.3):
        return bs.CurrentInput(rng.uniform(low, high, n), **when)
    count = int(rng.integers(1, 6))
    times = np.sort(rng.choice(plan.steps + 10, count, replace=False)) * plan.dt
    return bs.CurrentInput(rng.uniform(low, high, (count, n) if chance(rng, 0.5) else count), times=times, **when)


def events(rng, plan, size, n):
    """Return times, cells and weights of listed events, of which few would make a cell fire."""
    k = int(rng.integers(0, 200)) if chance(rng, 0.9) else 0
    steps = rng.integers(1, plan.steps + 20, k).astype(float)
    steps[: k // 4] = one_of(rng, [1, plan.steps, plan.steps - 1])
    steps -= rng.random(k) * (rng.random(k) < one_of(rng, [0.0, 0.3, 1.0]))
    unit = np.sign(size) * 2.0 ** np.round(np.log2(abs(size)) - 2)  # short binary numbers have exact sums
    weights = unit * rng.integers(0, 5, k) if plan.exact else size * rng.random(k)
    weight = weights if chance(rng, 0.7) else float(unit if plan.exact else 0.3 * size)
    return {"times": np.maximum(steps, 1e-3) * plan.dt, "ids": rng.integers(0, n, k), "weight": weight}


def noise(rng, plan, size, n):
    """Return a noise current, white or coloured, of cells that share some of it, all or nothing."""
    sigma = one_of(rng, [0.2 * size, rng.uniform(0.0, 0.3 * size, n), value(rng, plan, 0.2 * size, n)])
    tau = one_of(rng, [None, float(rng.uniform(0.5, 20.0)), rng.uniform(0.5, 20.0, n)])
    shared = one_of(rng, [0.0, 1.0, float(rng.random())])
    return bs.NoiseInput(sigma, mean=0.5 * size, tau=tau, correlation=shared, **window(rng, plan))


def clamp(rng, plan, n):
    """Return a voltage clamp."""
    potential = one_of(rng, [float(rng.uniform(-75.0, -50.0)), rng.uniform(-75.0, -50.0, n), "-70 + where(t > 5, 10, 0)"])
    return bs.VoltageClamp(potential, **window(rng, plan))


def add_conductances(rng, plan):
    """Let some cells have conductances of the time, some of which add up: a tenth of the currents that others have."""
    for name, kind in plan.kinds.items():
        spec = getattr(getattr(kind, "model", None), "initials", {}).get("v")
        able = spec is not None and spec.unit == "mV" and kind.current and not plan.exact and chance(rng, 0.1)
        for number in range(int(rng.integers(1, 4)) if able else 0):
            cells, size = view(rng, plan.populations[name]), 0.1 * kind.size / 50.0  # nS at 50 mV from the reversal
            g = one_of(
                rng, [float(rng.uniform(0.0, size)), rng.uniform(0.0, size, cells.n), value(rng, plan, size, cells.n)]
            )
            what, e_rev = one_of(rng, [("excited", 0.0), ("shunted", -70.0)])
            given = bs.ConductanceInput(g, e_rev, name=what, **window(rng, plan))
            plan.inputs.append({"target": cells, "input": given, "name": f"{what} {name} {number}"})


def window(rng, plan):
    """Return start and stop of an input, of most inputs neither."""
    if chance(rng, 0.7):
        return {}
    first, last = np.sort(rng.choice(plan.steps + 2, 2, replace=False)) * plan.dt
    return one_of(rng, [{"start": float(first)}, {"stop": float(last)}, {"start": float(first), "stop": float(last)}])


def largest(rate):
    """Return about the largest value of a rate."""
    if isinstance(rate, str):
        return float(rate[: rate.index("*")]) if rate[0] != "w" else float(rate.split(",")[1])
    return float(np.max(rate.values if isinstance(rate, bs.TimedArray) else rate))
