"""How recorders see inputs, and parameters that change: the value for each cell, at the point that is being sampled."""

from dataclasses import dataclass

import numpy as np

from brainsim.engine.operators.currents import cells_here, pieces_of
from brainsim.engine.operators.noise import numbers
from brainsim.engine.operators.signals import signal_of
from brainsim.engine.operators.varying import signal_of_parameter
from brainsim.engine.operators.windows import window
from brainsim.engine.program import Phase
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.models.clamp import VoltageClamp
from brainsim.models.inputs import CurrentInput
from brainsim.models.noise import NoiseInput


@dataclass
class Observed:
    """What a recorder needs to sample an input in a partition.

    Attributes
    ----------
    variable, unit : str
        What is sampled: the ``rate`` of a `PoissonInput` [Hz], the ``amplitude`` of a `CurrentInput`, the ``current`` of a
        `NoiseInput` or of a `VoltageClamp` [pA].
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
    variable, unit = stimulus.input.observed
    if isinstance(stimulus.input, VoltageClamp):
        current = partition.observable[name].context["current"]
        return Observed(variable, unit, cells, [], current, np.arange(cells.size))
    if isinstance(stimulus.input, NoiseInput):
        return Observed(variable, unit, cells, *_noise(layout, stimulus, cells, partition.observable[name]))
    options = {"window": window(stimulus, layout.dt), "clipped": variable == "rate", "ahead": True}
    if isinstance(stimulus.input, CurrentInput) and stimulus.input.times is not None:
        return Observed(variable, unit, cells, *_stairs(layout, stimulus, cells))
    signal = signal_of(layout, stimulus, variable, cells, **options)
    return Observed(variable, unit, cells, [signal.call(Phase.SAMPLE)], signal.values, signal.places)


def observed_parameter(partition, population, name, cells):
    """Return (calls, values, places) of a parameter that may change in time, for some cells of a population."""
    layout = partition.layout
    signal = signal_of_parameter(layout, layout.members[population], name, cells, ahead=True)
    return [signal.call(Phase.SAMPLE)], signal.values, signal.places


def _noise(layout, stimulus, cells, process):
    """Return calls, values and places of a noise current."""
    options = {"window": window(stimulus, layout.dt), "ahead": True, "each": True}
    mean, sigma = (signal_of(layout, stimulus, n, cells, clipped=n == "sigma", **options) for n in ("mean", "sigma"))
    names = ("on", "off", "key", "own", "common", "scale", "stored", "ids", "state")
    values = np.zeros(cells.size)
    shared = {name: process.context[name] for name in names} | {"key": np.uint64(process.context["key"])}
    context = Context(values=values, mean=mean.values, sigma=sigma.values, **shared)
    calls = [mean.call(Phase.SAMPLE), sigma.call(Phase.SAMPLE), (Phase.SAMPLE, 0, show_noise, context)]
    return calls, values, np.arange(cells.size)


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


@by_address
def show_noise(noise_, progress_):
    """Write the noise current of the step that starts now."""
    noise, p = record_at(noise_), record_at(progress_)
    values, mean, sigma, state = array_of(noise.values), array_of(noise.mean), array_of(noise.sigma), array_of(noise.state)
    if not noise.on <= p.step < noise.off:
        values[:] = 0.0
        return 0
    if not noise.stored:
        numbers(noise, p.step, array_of(noise.ids), values)
    for k in range(values.size):
        values[k] = mean[k] + sigma[k] * (state[k] if noise.stored else noise.scale * values[k])
    return 0
