"""Conductances over time: in each step the variable of the receptor is what the inputs give, added up."""

import numpy as np

from brainsim.engine.loop.program import Operator, Phase
from brainsim.engine.operators.signals import signal_of
from brainsim.engine.operators.windows import cells_here, window
from brainsim.features.clamps.conductance import ConductanceInput
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.jit.vmath import cast_like


class Conductances(Operator):
    """The given conductances of the cells of a partition."""

    depends_on = "inputs"
    inputs = (ConductanceInput,)

    def __init__(self, partition, inputs):
        self._signals, adding, every = [], [], [np.empty(0, np.int64)]
        for stimulus in inputs:
            layout, (mine, _) = partition.layout, cells_here(partition, stimulus)
            on, off = window(stimulus, layout.dt)
            signal = signal_of(layout, stimulus, "g", mine, each=True, window=(on, off))
            places = layout.input_slots(stimulus.target, stimulus.input.synapse, partition.number)[mine].astype(np.int64)
            context = Context(on=on, off=off, values=signal.values, places=places, state=partition.shared.state)
            self._signals.append(signal)
            adding.append((Phase.BEFORE_UPDATE, 0, add_conductances, context))
            every.append(places)
        places = np.unique(np.concatenate(every))
        clearing = (Phase.BEFORE_UPDATE, 0, clear_conductances, Context(places=places, state=partition.shared.state))
        super().__init__([*(s.call(Phase.BEFORE_UPDATE) for s in self._signals), clearing, *adding], self._signals)

    @classmethod
    def expected_bytes(cls, layout):
        """Return the bytes of a value and two places of each cell."""
        return sum(24.0 * stimulus.target.n for stimulus in cls.own_inputs(layout))


@by_address
def clear_conductances(given_, progress_):
    """Forget the conductances of the step before."""
    given = record_at(given_)
    places, state = array_of(given.places), array_of(given.state)
    for k in range(places.size):
        state[places[k]] = cast_like(0.0, state[places[k]])
    return 0


@by_address
def add_conductances(given_, progress_):
    """Add the conductances of the step that starts now."""
    given, p = record_at(given_), record_at(progress_)
    if given.on <= p.step < given.off:
        values, places, state = array_of(given.values), array_of(given.places), array_of(given.state)
        for k in range(places.size):
            state[places[k]] += cast_like(values[k], state[places[k]])
    return 0
