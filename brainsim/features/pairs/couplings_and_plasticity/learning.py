"""The weights of a coupling that a rule changes: a kind of synapses whose pairs are sorted by target."""

import numpy as np

from brainsim.build.own import each_from_its_rank
from brainsim.core.checks import nearest, true_or_false
from brainsim.engine.loop.faults import FaultNumber, Watch, first
from brainsim.engine.states.given import take_array
from brainsim.engine.synapses.kinds.kind import CALLED, SynapseKind
from brainsim.engine.synapses.readback import Selected, initial_weights
from brainsim.features.plasticity.change import check_bounds, checked_column
from brainsim.jit.records import Context


class SelectedPairs(Selected):
    """Some pairs, to be read as they are now."""

    def __init__(self, kind, ids):
        self.kind, self.places = kind, kind.block.order[ids]
        self.pre, self.post = kind.block.pre[self.places], kind.block.post[self.places]

    def read(self, name):
        """Return the weights of the pairs, or a variable of their targets."""
        return self.kind.weights[self.places] if name == "w" else self.kind.traces[name][self.post]


class Learning(SynapseKind):
    """The weights of the pairs of one projection, and the variables of its targets; on ranks, of the targets of this one.

    Weights are float64 in single precision, too: a step adds so little that float32 would often stay as it is.

    - `weights`: of each pair, in the order of its PairsByTarget.
    - `traces`: variable of the rule -> array of its value for each target; on ranks, those of other ranks' targets stay.
    - `own`: the column of the ring in which each target leaves what it gives itself.
    - `pace`: an array of dt, or of 0 if the weights stay as they are.
    - `faults`: of each partition, the first pair whose weight is not finite, -1 for none, and the step.
    - `touched`: whether anything may differ from the start.
    """

    tag, called, keeps_weights, changes_weights = CALLED, False, True, True
    reader = SelectedPairs

    def __init__(self, block, weights, own):
        super().__init__(block)
        self.rule, self.weights, self.own = block.projection.plasticity, weights.astype(np.float64), own
        self.traces = {name: np.full(own.size, value) for name, value in self.rule.begin().items()}
        self.pace, self.touched = np.array([block.layout.dt]), False
        self.faults = np.full((len(block.layout.own), 2), -1)

    @classmethod
    def takes(cls, projection):
        """Return whether a projection is a coupling with a rule."""
        return projection.is_coupling and projection.plasticity is not None

    @classmethod
    def units(cls, projection):
        """Return the units of the weight, and of the variables of the rule."""
        rule, unit = projection.plasticity, projection.synapse.weight_unit
        return {"w": unit} | {name: spec.unit.replace("weight", unit) for name, spec in rule.initials.items()}

    def columns(self):
        """Return the weights."""
        return {"w": self.weights}

    def traces_now(self, table):
        """Return the variables of the targets of the pairs in a SynapseTable; on ranks all must call this."""
        ranks = self.block.layout.ranks
        return {name: self._of_all(ranks.everywhere(values))[table.post] for name, values in self.traces.items()}

    def _of_all(self, found):
        """Return the variable of each target, of the arrays of all ranks that `found` lists."""
        return each_from_its_rank(found, self.block.layout, self.block.projection)

    def check(self):
        """Return the Fault of the first weight that is not finite, None if all are; and forget it."""
        if (self.faults[:, 0] < 0).all():
            return None
        found = [self.watch(Context(fault=fault)).fault() for fault in self.faults]
        self.faults[:] = -1
        return first(found)

    def watch(self, context):
        """Return how Python and a page notice a weight that is not finite, in the ``fault`` of a record."""
        pre, post = (FaultNumber("fault", table=ends) for ends in (self.block.pre, self.block.post))
        text = (
            *(f"{self.block.projection.name}: by {self.rule} the weight from ", pre, " to ", post),
            *(" is no longer a finite number at t = ", FaultNumber("fault", self.block.layout.dt, element=1)),
            " ms; learn more slowly, or take a smaller dt",
        )
        return Watch(context, "fault", text, FaultNumber("fault", 2, element=1), (post, pre))

    def set(self, values):
        """Set weights, variables of the targets, or whether the weights change."""
        label = f"Simulation.set: projection {self.block.projection.name!r}"
        if "delay" in values:
            raise ValueError(f"{label}: delays of a coupling whose weights learn cannot be set")
        if "weight" in values and "w" not in values:
            values = {"w" if name == "weight" else name: value for name, value in values.items()}
        ids, n = self.block.in_table
        known, sizes = ["w", *self.traces, "learning"], {"w": n} | dict.fromkeys(self.traces, self.own.size)
        for name in values:
            if name not in known:
                raise ValueError(f"{label}: cannot set {name!r}{nearest(name, known)}")
        true_or_false(values.get("learning", True), f"{label}: learning")
        of = {"w": "in the order of sim.synapses(projection)"}
        columns = {
            name: checked_column(name, value, sizes[name], label, of.get(name, "one for each target"))
            for name, value in values.items()
            if name != "learning"
        }
        check_bounds(columns.get("w", np.empty(0)), self.rule.limits(), label)
        self.touched = True
        for name, column in columns.items():
            if name == "w":
                self.weights[self.block.order] = column[ids] if np.ndim(column) else column
            else:
                self.traces[name][:] = column
        if "learning" in values:
            self.pace[0] = self.block.layout.dt if values["learning"] else 0.0

    def check_new(self, weights, label):
        """Raise ValueError unless weights are within the bounds of the rule."""
        check_bounds(weights, self.rule.limits(), label)

    def reset(self):
        """Go back to the start, in place."""
        if not self.touched:
            return
        self.touched, self.weights[:] = False, initial_weights(self)
        for name, value in self.rule.begin().items():
            self.traces[name][:] = value
        self.pace[0] = self.block.layout.dt

    def copy(self):
        """Return an independent kind with the same pairs."""
        new = super().copy()
        new.traces = {name: values.copy() for name, values in self.traces.items()}
        return new

    def saved(self):
        """Return the variables of the targets, and whether the weights change."""
        return {"learning": self.pace / self.block.layout.dt} | {n: values.copy() for n, values in self.traces.items()}

    def saved_by_all(self, ranks):
        """Return what `saved` returns, of all ranks, on rank 0."""
        found = {name: ranks.gather(values) for name, values in self.saved().items()}
        if ranks.rank:
            return {}
        return {name: self._of_all(values) if name in self.traces else values[0] for name, values in found.items()}

    def load(self, extra, label):
        """Take over what `saved` returned."""
        self.touched = True
        for name, values in self.traces.items():
            values[:] = take_array(extra, f"{label}{name}", np.dtype(np.float64), values.size)
        learning = take_array(extra, f"{label}learning", np.dtype(np.float64), 1)
        self.pace[0] = self.block.layout.dt if learning[0] else 0.0
