"""Delays in ticks, see `Layout`: their limits, and how likely each is if they are sampled."""

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.models.distribution import is_of_pairs
from brainsim.models.packed import as_kept, distinct
from brainsim.models.values import Distribution
from brainsim.network.arguments import MAX_DELAY, check_delay

MAX_TABLE = 4096  # delays in a table at most
MAX_TAIL = 1e-12  # what a table of delays may leave out at its end
CERTAIN = 30.0  # delays beyond the longest that are expected: the chance that there is none is 1e-13


def ticks_of(projection, layout):
    """Return (shortest and longest delay in ticks, the chances of those in between or None); check them against dt."""
    delay, name = distinct(as_kept(projection, "delay")), f"{projection.name}.delay"
    dt, tick = layout.dt, layout.tick
    check_delay(projection, dt)
    if not isinstance(delay, Distribution):
        if np.min(delay, initial=np.inf) < dt * (1 - 1e-9):
            raise ValueError(f"{name}: must be at least dt = {dt:g} ms (got {np.min(delay):g} ms)")
        ticks = np.atleast_1d(whole_steps(delay, tick, name))
        return ((int(ticks.min()), int(ticks.max())) if ticks.size else (layout.ticks, layout.ticks)), np.ones(1)
    if is_of_pairs(delay):
        return _ticks_of_pairs(delay, layout, name), None
    low, high = delay.support
    if low < (0.5 * dt if layout.ticks == 1 else dt * (1 - 1e-9)):
        raise ValueError(f"{name}: {delay} can be shorter than dt = {dt:g} ms; write Clipped({delay}, low={dt:g})")
    first = max(layout.ticks, round(low / tick))
    chances = _chances(delay, tick, first)
    if chances is None:
        beyond = 1.0 - delay.mass(-np.inf, (MAX_DELAY + 0.5) * dt)
        if beyond * projection.expected > CERTAIN:
            reject_delay(projection, dt)
        last = int(np.ceil(high / tick)) if np.isfinite(high) else MAX_DELAY * layout.ticks
        return (first, last), None
    return (first, first + chances.size - 1), chances / chances.sum()


def reject_delay(projection, dt):
    """Raise ValueError: a sampled delay is longer than the calendar."""
    raise ValueError(
        f"{projection.name}.delay: {projection.delay} gives delays of more than {MAX_DELAY} steps of dt; write Clipped(..., "
        f"high={MAX_DELAY * dt:g})"
    )


def _ticks_of_pairs(delay, layout, name):
    """Return the limits; a step more or less may occur, between the distances at which they were looked for."""
    (low, high), dt, step = delay.support, layout.dt, layout.ticks
    if low < dt * (1 - 1e-9):
        raise ValueError(f"{name}: must be at least dt = {dt:g} ms, but {delay} can be {low:g} ms")
    return max(step, round(low / layout.tick) - step), round(high / layout.tick) + step


def _chances(delay, dt, first):
    """Return the chances of `first`, `first` + 1, ... ticks of `dt` ms, or None if they are too many for a table."""
    size = 64
    while size <= MAX_TABLE:
        if delay.mass(-np.inf, (first + size - 0.5) * dt) > 1.0 - MAX_TAIL:
            edges = (first + np.arange(size + 1) - 0.5) * dt
            edges[0] = -np.inf
            chances = np.array([delay.mass(start, stop) for start, stop in zip(edges[:-1], edges[1:], strict=True)])
            return np.trim_zeros(chances, "b")
        size *= 2
    return None
