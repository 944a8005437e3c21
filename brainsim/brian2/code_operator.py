"""What Brian2 does in a step besides moving cells and testing thresholds, in the order of its schedule.

Brian2's order within a step is: what is called before the cells move, such as monitors of variables and sums; the cells; the
thresholds; synapses, which see the spikes of the step; resets. The operator calls the first before the cells move, and the
others when the spikes of the step are known, before the point of time is complete. So an event reaches a cell after its
threshold was tested, one at a cell that fires before it is reset, and a delay may be 0.
"""

import numpy as np

import brainsim as bs
from brainsim.engine.loop.program import Operator, Phase
from brainsim.engine.operators.registry import register_operator
from brainsim.jit.decorators import load_source
from brainsim.jit.records import Context
from brainsim.rng.streams import stream_key


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
            first = layout.members[code.population].first if code.population in layout.members else 1 << 40
            numbers = {"start": plan.start, "period": code.period, "dt": plan.dt, "first": int(first), "key": key}
            context = Context(**fields, **code.scalars, **code.extra, **numbers)
            phase = Phase.BEFORE_UPDATE if code.early else Phase.EMITTED
            calls.append((phase, 0, load_source(code.text).run, context))
        super().__init__(calls)

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
