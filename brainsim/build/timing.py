"""How time is counted: here cells fire at the ends of steps, and a delay is a whole number of steps."""

from typing import ClassVar

import numpy as np


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

    def check(self, layout):
        """Raise ValueError if something in a network cannot have such times."""


ON_GRID = OnGrid()
