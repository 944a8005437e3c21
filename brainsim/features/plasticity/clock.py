"""In what a rule of plasticity counts time: in steps of dt, or in parts of a picosecond if spikes have exact times.

Whole numbers make sums and comparisons exact: a spike that arrives after its delay has one time, however it is computed. A
part is 4e-12 ms, far less than what weights notice, and an int64 counts nine hours of them.
"""

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.core.checks import option

PARTS = 256  # of a tick of `Layout`, if spikes have exact times
# what is that near counts as one time: `precise.frame.SAME` is 3 parts, and both times are rounded
TIE = 8
MOST = 0.9 * 2**63  # units; a chunk of a run is shorter than what is left
# synapses that are brought up to a point of time have seen the spikes of their targets that are TIE before this much later:
# those of the point, and none of the next step, which may come a part later
AFTER = TIE + 1


class Clock:
    """The units of time of the rules of a layout.

    - `exact`: whether spikes have times within their steps.
    - `per_tick`, `per_step`: units of time in a tick, in which delays are counted, and in a step of dt.
    - `unit`: its length [ms].
    - `after`: how much later than a point of time synapses are brought up to it.
    """

    def __init__(self, layout):
        self.exact, self._tick = layout.within_steps, layout.tick
        self.per_tick = PARTS if layout.within_steps else 1
        self.per_step = self.per_tick * layout.ticks
        self.unit = layout.dt / self.per_step
        self.after = AFTER if layout.within_steps else 1

    def units(self, time, label):
        """Return a time [ms], whose name is `label`, in units."""
        return int(whole_steps(time, self._tick, label)) * self.per_tick

    def of_delays(self, delays):
        """Return delays [ms] in units."""
        return np.rint(delays / self._tick).astype(np.int64) * self.per_tick

    def check(self, step):
        """Raise OverflowError if a step is so late that times may soon be too large to be counted."""
        if step > (limit := int(MOST / self.per_step)):
            hours = limit * self.per_step * self.unit / 3.6e6
            raise OverflowError(f"{option('precise')}: rules of plasticity know exact times for {hours:.2g} hours at most")
