"""A cell by scipy: DOP853 at 1e-11 between the spikes, which are looked for at the multiples of dt, as the engine does."""

import numpy as np
from scipy.integrate import solve_ivp

WINDOW = 200  # steps that are integrated at a time


def solved(slopes, fires, reset, start, duration, dt, *, t_ref=0.0, frozen=()):
    """Return the values at all multiples of dt, shape (steps + 1, variables), and the steps of the spikes.

    Parameters
    ----------
    slopes : callable
        State, shape (variables,) -> its derivative [per ms].
    fires : callable
        State and step -> whether there is a spike.
    reset : callable
        State at a spike -> state after it.
    start : sequence
        State at t = 0.
    duration, dt, t_ref : float
        [ms]
    frozen : sequence of int
        Variables that are held fixed while refractory.
    """
    steps, wait, moves = round(duration / dt), round(t_ref / dt), np.ones(len(start))
    moves[list(frozen)] = 0.0
    values, spikes, at = np.empty((steps + 1, len(start))), [], 0
    values[0] = start
    while at < steps:
        stop = min(at + WINDOW, steps)
        part = _free(slopes, values[at], stop - at, dt)
        found = next((k for k, state in enumerate(part[1:], 1) if fires(state, at + k)), None)
        stop = at + found if found else stop
        values[at + 1 : stop + 1] = part[1 : stop - at + 1]
        at = stop
        if found:
            spikes.append(at)
            values[at] = reset(values[at])
            stop = min(at + wait, steps)
            values[at : stop + 1] = _free(lambda state: moves * slopes(state), values[at], stop - at, dt)
            at = stop
    return values, np.array(spikes)


def _free(slopes, state, steps, dt):
    """Return the values at the next `steps` multiples of dt without a spike, after those at the first."""
    if not steps:
        return state[None]
    grid = np.arange(steps + 1) * dt
    options = {"method": "DOP853", "rtol": 1e-11, "atol": 1e-11, "t_eval": grid}
    return solve_ivp(lambda t, y: np.asarray(slopes(y)), (0.0, grid[-1]), state, **options).y.T
