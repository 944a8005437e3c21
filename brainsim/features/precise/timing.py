"""How time is counted with exact spike times: spikes are within steps, and delays in picoseconds."""

import numpy as np

from brainsim.build.timing import OnGrid, steps_around
from brainsim.core.arrays import times_of
from brainsim.engine.simulation.settings import PRECISE
from brainsim.features.precise.equations.step import make_precise
from brainsim.features.precise.refused import check_precise

PICOSECOND = 1e-9  # ms


class ExactTimes(OnGrid):
    """Cells fire when they cross the threshold; a tick is about a picosecond, so that a step has a whole number of them."""

    within_steps, delay_type = True, np.int64
    prints = {PRECISE: True}

    def ticks(self, dt):
        """Return how many ticks a step has."""
        return max(1, round(dt / PICOSECOND))

    def of_cells(self, system, step, name):
        """Return the System and the Step of a population, from those on the grid."""
        return make_precise(system, name)

    def nearest(self, times, dt):
        """Return the steps in which times are, each of which has its end but not its beginning."""
        return steps_around(times, dt)

    def list_spikes(self, trains, dt, label):
        """Return (steps, cells, lags) of listed spikes, sorted by time."""
        steps = self.nearest(trains.times, dt)
        lags = np.maximum(times_of(steps, dt) - trains.times, 0.0)
        order = np.lexsort((trains.ids, -lags, steps))
        return steps[order], trains.ids[order], lags[order]

    def check(self, layout):
        """Raise ValueError if something in a network cannot have exact times."""
        check_precise(layout)
