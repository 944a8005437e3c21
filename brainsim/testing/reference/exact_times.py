"""Exact spike times in plain NumPy: each cell goes from event to event by the solution of its equations.

See `docs/semantics.md`.
"""

import ast

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from brainsim.testing.reference.cells import Cells
from brainsim.testing.reference.equations import Scope, evaluate
from brainsim.testing.reference.exact import Exact, expm
from brainsim.testing.reference.numbers import not_covered

PICOSECOND = 1e-9  # ms
SAME = 1e-11  # ms; events less than this apart are one event
LOOKS = 16  # points between two events at which a cell is compared with its threshold
CLOSE = 1e-13  # ms, to which a time is found


class ExactCells(Cells):
    """The cells of a population.

    - `y`: their variables, currents that are held, and 1
    - `until`: the end of refractoriness
    - `fired`: the times of the spikes of each cell
    """

    def prepare(self):
        """Get ready for time 0."""
        not_covered(self.events or self.each_step or self.tables or self.changing, "this cell at exact times")
        self.variables, self.columns = [*self.system.derivatives], [*self.system.derivatives, *self.system.held, ""]
        self.until, self.fired = np.full(self.n, -np.inf), [[] for _ in range(self.n)]
        self.y = np.zeros((self.n, len(self.columns)))
        self.y[:, -1] = 1.0
        for k, name in enumerate(self.variables):
            self.y[:, k] = self.x[name]
        self.find_way()

    def find_way(self):
        """Find the matrices of the equations, of free and of refractory cells."""
        not_covered(self.by_condition, "linear cells that are refractory by a condition at exact times")
        exact, scope = Exact(self.system), Scope(self.known | {"dt": self.dt, "pi": np.pi})
        self.free, self.held_still = (
            np.broadcast_to(exact._matrix(scope, frozen, self.n), (self.n,) + 2 * (len(self.columns),))
            for frozen in ((), self.system.frozen)
        )
        self.whole = expm(self.free * self.dt / LOOKS)

    def gap(self, cells, y):
        """Return how far some cells are beyond the threshold: at it or above, they fire."""
        if self.threshold is None:
            return np.full(len(y), -1.0)
        scope, sign = self._scope(cells, y), 1.0 if isinstance(self.threshold.ops[0], ast.Gt | ast.GtE) else -1.0
        sides = (evaluate(part, scope) for part in (self.threshold.left, self.threshold.comparators[0]))
        return np.broadcast_to(sign * np.subtract(*sides), len(y))

    def _known(self, cells):
        return {name: value[cells] if np.ndim(value) else value for name, value in self.known.items()}

    def _scope(self, cells, y):
        values = {name: y[:, k] for k, name in enumerate(self.columns[:-1])}
        return Scope(self._known(cells) | values | {"pi": np.pi}, self.system.lines)

    def advance(self, begin, end, current, events):
        """Move all cells from one time to another under a current; events: cell -> list of (time, receptor, weight).

        Return (time, cell) of each spike.
        """
        calm = self._hold(current, events) & (self.until <= begin)
        y, every, gaps = self.y, np.arange(self.n), []
        for _ in range(LOOKS):
            gaps.append(self.gap(every, y))
            y = (self.whole @ y[..., None])[..., 0]
        gaps = np.array([*gaps, self.gap(every, y)])
        peak = gaps[1:-1] + np.abs(gaps[2:] - gaps[:-2]) + np.abs(gaps[2:] - 2.0 * gaps[1:-1] + gaps[:-2])
        calm &= (gaps.max(axis=0) < 0.0) & (peak.max(axis=0) < 0.0)
        return self._go_all(calm, y, begin, end, events)

    def _hold(self, current, events):
        """Set the currents of a step, and return the cells without events."""
        for k, name in enumerate(self.system.held):
            self.y[:, len(self.variables) + k] = current if name == "I_ext" else 0.0
        calm = np.ones(self.n, bool)
        calm[[*events]] = False
        return calm

    def _go_all(self, calm, y, begin, end, events):
        """Let calm cells be as y says, take all others from event to event, and return (time, cell) of each spike."""
        spikes = []
        for cell in np.flatnonzero(~calm):
            spikes += [(time, int(cell)) for time in self._go(int(cell), begin, end, events.get(cell, ()))]
        self.y = np.where(calm[:, None], y, self.y)
        return spikes

    def _go(self, cell, begin, end, events):
        """Take one cell from event to event; return its spikes."""
        spikes, now = [], begin
        stops = [(time, 1, receptor, weight) for time, receptor, weight in events] + [(end, 2, 0, 0.0)]
        stops = sorted(stops, key=lambda stop: stop[:2])  # of events at one time, those that were sent first come first
        while stops:
            refractory, first = self.until[cell] > now, stops[0][0]
            ends = refractory and self.until[cell] <= first + SAME
            stop = self.until[cell] if ends else first
            at, y = (self._waiting if refractory else self._crossing)(cell, now, stop)
            self.y[cell], now = y, stop if at is None else at
            if at is not None:
                spikes.append(at)
                self._fire(cell, at)
            elif not ends:  # when it is free again, it may fire before an event acts
                while stops and stops[0][0] <= first + SAME:
                    _, kind, receptor, weight = stops.pop(0)
                    if kind == 1:
                        self._arrive(cell, receptor, weight() if callable(weight) else weight, refractory)
        return spikes

    def _after(self, cell, h, refractory):
        return expm((self.held_still if refractory else self.free)[cell : cell + 1] * h)[0] @ self.y[cell]

    def _waiting(self, cell, now, stop):
        """Return None, since a refractory cell does not fire, and how it is at a time."""
        return None, self._after(cell, stop - now, True)

    def _crossing(self, cell, now, stop):
        """Return when a cell reaches its threshold between two times, None if it does not, and how it is then."""
        only, y, points = np.array([cell]), self.y[cell], []
        if self.gap(only, y[None])[0] >= 0.0:
            return now, y
        part, h = expm(self.free[only] * (stop - now) / LOOKS)[0], (stop - now) / LOOKS
        for _ in range(LOOKS if stop > now else 0):
            points.append(y)
            y = part @ y
        gaps = self.gap(np.full(len(points) + 1, cell), np.array([*points, y]))
        above = np.flatnonzero(gaps >= 0.0)
        high = above[0] * h if above.size else self._peak(cell, gaps, h)
        if high is None:
            return None, y
        low = h * max(np.ceil(high / h - 1e-9) - (1 if above.size else 2), 0.0)
        at = brentq(self._gap_after, low, high, args=(cell,), xtol=CLOSE)
        return now + at, self._after(cell, at, False)

    def _gap_after(self, h, cell):
        return self.gap(np.array([cell]), self._after(cell, h, False)[None])[0]

    def _peak(self, cell, gaps, h):
        """Return when a cell is at its threshold or above it between the points at which it is below, else None."""
        bend = gaps[:-2] + gaps[2:] - 2.0 * gaps[1:-1]
        for k in np.flatnonzero((bend < 0.0) & (gaps[1:-1] >= gaps[:-2]) & (gaps[1:-1] >= gaps[2:])):
            found = minimize_scalar(lambda at: -self._gap_after(at, cell), bounds=(k * h, (k + 2) * h), method="bounded")
            if found.fun <= 0.0:
                return float(found.x)
        return None

    def _fire(self, cell, now):
        """Reset a cell, and let its refractory time begin."""
        scope = self._scope(np.array([cell]), self.y[cell][None])
        for name, tree in self.reset:
            scope.assign(name, evaluate(tree, scope))
            self.y[cell, self.variables.index(name)] = np.broadcast_to(scope[name], 1)[0]
        timed = self.refractory is not None and not self.by_condition
        self.until[cell] = now + (np.broadcast_to(evaluate(self.refractory, scope), 1)[0] if timed else 0.0)
        self.fired[cell].append(now)

    def _arrive(self, cell, receptor, weight, refractory):
        """Add an event, unless it comes to a frozen variable of a refractory cell that loses it."""
        for name, gain in self.arrivals[receptor]:
            not_covered(name == "I", "events in I at exact times")
            if not (refractory and name in self.system.frozen and self.model.arrivals != "kept"):
                factor = evaluate(gain, self._scope(np.array([cell]), self.y[cell][None]))
                self.y[cell, self.variables.index(name)] += np.broadcast_to(factor, 1)[0] * weight
