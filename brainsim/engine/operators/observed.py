"""How recorders see inputs, and parameters that change: the value for each cell, at the point that is being sampled."""

from dataclasses import dataclass

import numpy as np

from brainsim.engine.operators.signals import signal_of
from brainsim.engine.operators.varying import signal_of_parameter
from brainsim.engine.operators.windows import cells_here, window
from brainsim.engine.program import Phase
from brainsim.jit.records import Context


@dataclass
class Observed:
    """What a recorder needs to sample an input in a partition; what it is, and its unit, are in ``Input.observed``.

    Attributes
    ----------
    cells : ndarray of int
        The cells in this partition, as indices in the target of the input.
    calls : list
        Calls in the phase SAMPLE that bring `values` up to date, to be made before they are read. They give what holds in
        the step that starts at the point; of a clamp, what held the cell in the step that ends there.
    values : ndarray of float64
        Where the values are.
    places : ndarray of int
        The place in `values` of each of the `cells`.
    """

    cells: np.ndarray
    calls: list[tuple[Phase, int, object, Context]]
    values: np.ndarray
    places: np.ndarray


def of_field(partition, stimulus, clipped=False):
    """Return the Observed of the field that ``Input.observed`` names; `clipped`: values below 0 count as 0."""
    layout, given = partition.layout, stimulus.input
    (name, _), kind = given.observed or (None, None), type(given).__name__
    if name not in given.over_time:
        raise NotImplementedError(
            f"{kind}.observed: {name!r} is not a field that may change in time (over_time); give the operator of {kind} a "
            "method observed(partition, stimulus) that returns an Observed"
        )
    cells, _ = cells_here(partition, stimulus)
    limits = window(stimulus, layout.dt)
    signal = signal_of(layout, stimulus, name, cells, window=limits, clipped=clipped, ahead=True)
    return Observed(cells, [signal.call(Phase.SAMPLE)], signal.values, signal.places)


def observed_parameter(partition, population, name, cells):
    """Return (calls, values, places) of a parameter that may change in time, for some cells of a population."""
    layout = partition.layout
    signal = signal_of_parameter(layout, layout.members[population], name, cells, ahead=True)
    return [signal.call(Phase.SAMPLE)], signal.values, signal.places
