"""Voltage clamps."""

import numpy as np

from brainsim.testing.reference.inputs import Source


class VoltageClamp(Source):
    """A clamp: v has the command when a step begins, and again when it ends; what is clamped does not fire."""

    def before(self, k, current):
        """Set v."""
        if self.on(k):
            self._set(self.value("v", k))

    def after(self, k, fired):
        """Bring v back, and drop spikes."""
        if self.on(k):
            self._set(self.value("v", k))
            for population, ids in self.view.parts:
                fired[population.name][ids] = False

    def _set(self, v):
        start, values = 0, np.broadcast_to(v, self.cells.shape)
        for population, ids in self.view.parts:
            self.network.cells[population.name].x["v"][ids] = values[start : start + len(ids)]
            start += len(ids)
