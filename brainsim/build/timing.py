"""How time is counted: here cells fire at the ends of steps, and a delay is a whole number of steps."""

from typing import ClassVar

import numpy as np

from brainsim.build.constants import whole_steps

CLOSE = 1e-9  # steps: times that are nearer to the grid differ from it by rounding


class OnGrid:
    """Spikes at the points of the grid; a feature may derive another way to count time.

    - `within_steps`: whether spikes have times within their steps, so that lists of spikes have another column.
    - `delay_type`: of the delays of synapses, which are counted in ticks.
    - `prints`: parts of a network's fingerprint, by which a State is matched to it.
    """

    within_steps = False
    delay_type: type[np.integer] = np.uint16
    prints: ClassVar[dict[str, bool]] = {}

    def ticks(self, dt):
        """Return how many ticks a step has."""
        return 1

    def of_cells(self, system, step, name):
        """Return the System and the Step of a population, from those on the grid."""
        return system, step

    def nearest(self, times, dt):
        """Return the steps at whose ends, or within which, spikes at some times are."""
        return np.rint(times / dt)

    def list_spikes(self, trains, dt, label):
        """Return (steps, cells, lags) of listed spikes, sorted.

        The lags [ms] are how long before the end of its step each spike is; None here, where all are moved to the grid.
        """
        times = trains.times if trains.on_a_grid else dt * np.rint(trains.times / dt)
        steps = np.atleast_1d(whole_steps(times, dt, label)).astype(np.int64)
        order = np.lexsort((trains.ids, steps))
        return steps[order], trains.ids[order], None

    def check(self, layout):
        """Raise ValueError if something in a network cannot have such times."""


def steps_around(times, dt):
    """Return the steps in which times are, each of which has its end but not its beginning."""
    nearest, above = np.rint(times / dt), np.ceil(times / dt)
    return np.where(np.abs(times / dt - nearest) < CLOSE, nearest, above).astype(np.int64)


ON_GRID = OnGrid()
