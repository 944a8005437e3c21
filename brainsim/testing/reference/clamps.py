"""Voltage clamps, and conductances that are given."""

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


class ConductanceInput(Source):
    """A given conductance: the variable of its receptor is the sum of those that act in the step."""

    def before(self, k, current):
        """Set the variables of all such receptors to 0, if this is the first input of the kind, and add this one."""
        same = [part for part in self.network.inputs if isinstance(part, ConductanceInput)]
        for part in same if same[0] is self else ():
            part._add(0.0, 0.0)
        if self.on(k):
            self._add(1.0, self.value("g", k, at_least_0=True))

    def _add(self, kept, g):
        start, values = 0, np.broadcast_to(g, self.cells.shape)
        for population, ids in self.view.parts:
            cells = self.network.cells[population.name]
            held = cells.x[f"r{cells.receptors.index(self.given.synapse)}_g"]
            held[ids] = kept * held[ids] + values[start : start + len(ids)]
            start += len(ids)
