"""What Brian2 does in a step besides moving cells and testing thresholds, in the order of its schedule.

Brian2's order within a step is: what is called before the cells move, such as monitors of variables and sums; the cells; the
thresholds; synapses, which see the spikes of the step; resets. The operator calls the first before the cells move, and the
others when the spikes of the step are known, before the point of time is complete. So an event reaches a cell after its
threshold was tested, one at a cell that fires before it is reset, and a delay may be 0.
"""

import numpy as np

import brainsim as bs
from brainsim.engine.loop.program import CONTINUE, EVENTS_FULL, Operator, Phase
from brainsim.engine.operators.registry import register_operator
from brainsim.jit.decorators import load_source
from brainsim.jit.records import Context, by_address, record_at
from brainsim.rng.streams import stream_key

NOWHERE = 1 << 40  # the number of the first cell of what sends no spikes


class Planned(bs.Network):
    """A network with what else happens in its steps: `plan` is a `plan.Plan`, `places` what it keeps in the state."""

    def __init__(self, plan, seed):
        super().__init__(seed=seed)
        self.plan, self.places = plan, {}


@register_operator
class PlannedCode(Operator):
    """The functions of a `Planned` network."""

    def __init__(self, partition):
        self._partition = partition
        network, layout = partition.layout.network, partition.layout
        plan = network.plan
        for population, cells in plan.cells.items():
            for variable, name in cells.states.items():
                network.places[variable], _ = partition.variable(population, name)
        calls = []
        for code in plan.codes:
            fields = {name: self._array(network, variable) for name, variable in code.arrays.items()}
            key = np.uint64(stream_key(partition.seed, "kernel", code.name))
            first = 0 if code.population is None else NOWHERE
            if code.population in layout.members:
                first = layout.members[code.population].first
            numbers = {"start": plan.start, "period": code.period, "dt": plan.dt, "first": int(first), "key": key}
            context = Context(**fields, **code.scalars, **code.extra, **numbers)
            phase = Phase.BEFORE_UPDATE if code.early else Phase.EMITTED
            calls.append((phase, 0, load_source(code.text).run, context))
            code.context = context
            if code.growing:
                calls.append((Phase.BEGIN_SLICE, 0, has_room, context))
        super().__init__(calls)

    def make_room(self, status):
        """Make room for what is noted at spikes, wherever there may be too little for a step."""
        if status != EVENTS_FULL:
            return False
        for code in self._partition.layout.network.plan.codes:
            context = code.context
            if code.growing and context["room"] - context["used"] < context["high"] - context["low"]:
                for name in code.growing:
                    context[name] = np.concatenate([context[name], np.zeros_like(context[name])])
                context["room"] = 2 * context["room"]
        return True

    @classmethod
    def build(cls, partition):
        """Return the operator if the network has a plan."""
        return cls(partition) if isinstance(partition.layout.network, Planned) else None

    @classmethod
    def max_slice(cls, layout):
        """Return 1: synapses act in the step of the spike."""
        return 1 if isinstance(layout.network, Planned) else super().max_slice(layout)

    def _array(self, network, variable):
        if isinstance(variable, np.ndarray):
            return variable
        if variable in network.places:
            return network.places[variable]
        values = variable.get_value()
        return values.view(np.int8) if values.dtype == np.bool_ else values


@by_address
def has_room(noted_, progress_):
    """Return EVENTS_FULL unless there is room for what all cells may add in a step."""
    noted = record_at(noted_)
    return CONTINUE if noted.room - noted.used >= noted.high - noted.low else EVENTS_FULL
