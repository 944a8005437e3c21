"""Listed events: each is added where a spike that arrives at its time is."""

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.engine.loop.program import Operator, Phase
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.jit.vmath import cast_like
from brainsim.models.events import EventInput


class Events(Operator):
    """The listed events at the cells of a partition."""

    depends_on = "inputs"
    inputs = (EventInput,)

    def __init__(self, partition, inputs):
        calls = []
        for stimulus in inputs:
            layout, given = partition.layout, stimulus.input
            _, direct = layout.receptor(stimulus.target.parts[0][0].name, given.synapse)
            places = layout.input_slots(stimulus.target, given.synapse, partition.number)[given.ids]
            steps = np.maximum(whole_steps(given.times, layout.dt, f"{stimulus.name}.times").astype(np.int64), 1)
            order = np.argsort(steps, kind="stable")
            order = order[places[order] >= 0]
            context = Context(
                state=partition.shared.state,
                steps=steps[order],
                places=places[order],
                weights=np.broadcast_to(given.weight, steps.shape)[order].astype(np.float64),
                ahead=int(not direct),  # what goes through a buffer is added by the kernel, at the end of the next step
                cursor=0,
            )
            calls.append((Phase.AFTER_UPDATE if direct else Phase.BEFORE_UPDATE, 0, add_events, context))
        super().__init__(calls)
        self.reset(partition.progress["step"])

    def reset(self, step):
        """Go to `step`: what is listed until then has been added."""
        for *_, context in self._calls:
            context["cursor"] = np.searchsorted(context["steps"], step, side="right")

    def continuing(self):
        """Return how many of the listed events have been added."""
        return [(context, ("cursor",)) for *_, context in self._calls]


@by_address
def add_events(events_, progress_):
    """Add the events that act at the point just reached, or at the end of the step that begins."""
    c, p = record_at(events_), record_at(progress_)
    state, steps, places, weights = array_of(c.state), array_of(c.steps), array_of(c.places), array_of(c.weights)
    k, now = c.cursor, p.step + c.ahead
    while k < steps.size and steps[k] <= now:
        at = np.int64(places[k])
        state[at] += cast_like(weights[k], state[at])
        k += 1
    c.cursor = k
    return 0
