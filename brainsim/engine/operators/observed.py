"""How recorders see inputs: the value of an input for each cell, at the point that is being sampled."""

from dataclasses import dataclass

import numpy as np

from brainsim.engine.operators.currents import cells_here, pieces_of
from brainsim.engine.operators.signals import signal_of
from brainsim.engine.operators.windows import window
from brainsim.engine.program import Phase
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.models.inputs import CurrentInput


@dataclass
class Observed:
    """What a recorder needs to sample an input in a partition.

    Attributes
    ----------
    variable, unit : str
        What is sampled: the rate of a `PoissonInput` [Hz], the current of a `CurrentInput` or a `NoiseInput` [pA], the
        potential of a `VoltageClamp` [mV].
    cells : ndarray of int
        The cells in this partition, as indices in the target of the input.
    calls : list
        Calls in the phase SAMPLE that bring `values` up to date, to be made before they are read. They give what holds in
        the step that starts at the point.
    values : ndarray of float64
        Where the values are.
    places : ndarray of int
        The place in `values` of each of the `cells`.
    """

    variable: str
    unit: str
    cells: np.ndarray
    calls: list[tuple[Phase, int, object, Context]]
    values: np.ndarray
    places: np.ndarray


def observed(partition, name):
    """Return the Observed of the input called `name` in a partition."""
    layout = partition.layout
    stimulus = next(s for s in layout.inputs if s.name == name)
    cells, _ = cells_here(partition, stimulus)
    (variable, unit), *_ = stimulus.input.over_time.items()
    options = {"window": window(stimulus, layout.dt), "clipped": variable == "rate", "ahead": True}
    if isinstance(stimulus.input, CurrentInput) and stimulus.input.times is not None:
        return Observed(variable, unit, cells, *_stairs(layout, stimulus, cells))
    signal = signal_of(layout, stimulus, variable, cells, **options)
    return Observed(variable, unit, cells, [signal.call(Phase.SAMPLE)], signal.values, signal.places)


def _stairs(layout, stimulus, cells):
    """Return calls, values and places of a current that is given piece by piece."""
    steps, table = pieces_of(layout, stimulus)
    columns = cells if table.shape[1] > 1 else np.zeros(1)
    context = Context(
        values=np.zeros(columns.size),
        steps=steps,
        table=np.ascontiguousarray(table, np.float64).reshape(-1),
        columns=columns.astype(np.int64),
        width=table.shape[1],
    )
    places = np.arange(cells.size) if table.shape[1] > 1 else np.zeros(cells.size, np.int64)
    return [(Phase.SAMPLE, 0, climb, context)], context["values"], places


@by_address
def climb(stairs_, progress_):
    """Set the values of the piece in which the step lies that starts now."""
    c, p = record_at(stairs_), record_at(progress_)
    values, steps, table, columns = array_of(c.values), array_of(c.steps), array_of(c.table), array_of(c.columns)
    piece = np.searchsorted(steps, p.step, side="right") - 1
    for k in range(values.size):
        values[k] = table[piece * c.width + columns[k]] if piece >= 0 else 0.0
    return 0
