"""Exact spike times of cells whose equations are not linear: they move by Runge-Kutta in parts of a step that fit.

See `docs/semantics.md`.
"""

from dataclasses import replace

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from brainsim.testing.reference.exact import Exact, Impossible, Moment
from brainsim.testing.reference.exact_times import CLOSE, SAME, ExactCells
from brainsim.testing.reference.methods import RungeKutta

ERROR, LEAST_ERROR = 0.01, 1e-13  # of a part, as a share of each variable, with a dt of 1 ms, and however small dt is
SMALL = 1e-3  # a variable that is smaller counts as this


def cells_of(*given):
    """Return the cells of a population: those with linear equations move exactly, all others in parts."""
    cells = ExactCells(*given)
    try:
        Exact(cells.system)
    except Impossible:
        cells = CurvedCells(*given)
    return cells


class CurvedCells(ExactCells):
    """The cells of a population.

    - `longest`: the longest part of a step [ms]; `most`: how long the next one of a cell may be
    - `below`: cells that do not fire until they have been below their threshold
    """

    def find_way(self):
        """Find the longest part."""
        self.longest = self.most = self.dt / self.model.substeps
        self.below = np.zeros(self.n, bool)

    def advance(self, begin, end, current, events):
        """Move all cells as `ExactCells`: those to which nothing happens in equal parts."""
        free = self.until <= begin
        calm = self._hold(current, events) & (free | (self.until > end + SAME))
        y, every, h = self.y, np.arange(self.n), self.longest
        for part in range(self.model.substeps):
            new, accurate, *slopes = self._part(every, y, begin + part * h, h, free)
            before, after = self.gap(every, y), self.gap(every, new)
            calm &= accurate & (~free | ((before < 0.0) & (after < 0.0) & ~self._may_rise(before, after, *slopes, h)))
            y = new
        self.below &= ~calm
        return self._go_all(calm, y, begin, end, events)

    def _part(self, cells, y, t, h, free):
        """Return some cells after a part of a step, whether it is accurate, and how their gaps change at both ends."""
        system, n = replace(self.system, known=self._known(cells)), len(self.variables)
        held = {name: y[:, n + k] for k, name in enumerate(self.system.held)}
        x, moment, method = dict(zip(self.variables, y.T[:n], strict=True)), Moment(t, h, held, free), RungeKutta(system)
        stages = method.stages(x, moment)
        new = {name: moment.unless_frozen(system, name, value, x[name]) for name, value in method(x, moment, {}).items()}
        stages.append(method.slopes(new, moment, t + h)[0])
        slopes, after = np.zeros((5, *y.shape)), y.copy()
        for k, name in enumerate(self.variables):
            after[:, k] = new[name]
            slopes[:, :, k] = [moment.unless_frozen(system, name, stage[name], 0.0) for stage in stages]
        error = np.abs(slopes[3] - slopes[4]) * h / 6.0
        share = max(ERROR * self.dt**4, LEAST_ERROR)
        accurate = (error <= share * np.maximum(np.maximum(np.abs(y), np.abs(after)), SMALL)).all(axis=1)
        gaps = [self.gap(cells, at + slope) - self.gap(cells, at) for at, slope in ((y, slopes[0]), (after, slopes[4]))]
        return after, accurate | (h < 1e-12 * self.dt), *gaps

    @staticmethod
    def _may_rise(before, after, first, last, h):
        """Return whether a cell that ends below its threshold may have reached it: its gap has risen and fallen."""
        return (first > 0.0) & (last < 0.0) & (before + first * (after - before - last * h) / (first - last) >= 0.0)

    def _go(self, cell, begin, end, events):
        self.most = self.longest
        return super()._go(cell, begin, end, events)

    def _waiting(self, cell, now, stop):
        return self._in_parts(cell, now, stop, False)

    def _crossing(self, cell, now, stop):
        """Return when a cell reaches its threshold between two times, None if it does not, and how it is then."""
        if not self.below[cell] and self.gap(np.array([cell]), self.y[cell][None])[0] >= 0.0:
            return now, self.y[cell]
        return self._in_parts(cell, now, stop, True)

    def _in_parts(self, cell, now, stop, free):
        only, y, free = np.array([cell]), self.y[cell][None], np.array([free])
        while stop > now:
            whole = stop - now <= self.most * (1.0 + 1e-12)
            h = stop - now if whole else self.most
            new, accurate, first, last = self._part(only, y, now, h, free)
            before, after = self.gap(only, y)[0], self.gap(only, new)[0]
            if not accurate[0] or (self.below[cell] and after >= 0.0 and before + first[0] * h < 0.0):
                self.most = 0.5 * h
                continue
            self.most = min(2.0 * self.most, self.longest)
            if free[0] and not self.below[cell]:
                high = h if after >= 0.0 else self._peak_of(only, y, now, h, (before, after, first[0], last[0]))
                if high is not None:
                    at = brentq(self._gap_at, 0.0, high, args=(only, y, now), xtol=CLOSE)
                    return now + at, self._part(only, y, now, at, free)[0][0]
            self.below[cell] &= after >= 0.0
            y, now = new, stop if whole else now + h
        return None, y[0]

    def _gap_at(self, at, only, y, now):
        return self.gap(only, self._part(only, y, now, at, np.array([True]))[0])[0]

    def _peak_of(self, only, y, now, h, gaps):
        """Return when a cell that ends below its threshold is at it or above it, None if it is not."""
        if not self._may_rise(*gaps, h):
            return None
        found = minimize_scalar(lambda at: -self._gap_at(at, only, y, now), bounds=(0.0, h), method="bounded")
        return found.x if found.fun <= 0.0 else None

    def _fire(self, cell, now):
        """Reset a cell; one that is refractory as long as it is at its threshold, or is reset to it, must fall below it."""
        super()._fire(cell, now)
        at_it = self.gap(np.array([cell]), self.y[cell][None])[0] >= 0.0
        self.below[cell] = self.by_condition or (self.until[cell] == now and at_it)
