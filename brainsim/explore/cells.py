"""Cells of one model, each with a current of its own: what every view of single cells runs."""

import warnings

import numpy as np

from brainsim.core.checks import SI_SLIP, nearest, plain
from brainsim.engine.simulate import simulate
from brainsim.equations import language as lang
from brainsim.equations.grammar import RANDOM
from brainsim.equations.model_parser import NOISE
from brainsim.models.base import Neuron
from brainsim.models.inputs import CurrentInput
from brainsim.network.network import Network
from brainsim.network.population import Population
from brainsim.network.probes import Trace

NAME = "cells"
LADDER = np.array([0.0, *(step * 10.0**power for power in range(-1, 4) for step in (1.0, 2.0, 5.0))])  # pA
ONSET, LENGTH = 20.0, 200.0  # ms, of a step of current under which a cell is looked at
SPIKES = 4  # in the step, as many as tell how a cell goes on
ROUNDING = 1e-6  # steps: a time on the grid is not k*dt to the last bit
SETTLE, MOST_SETTLES = 500.0, 8  # ms, and how often at most, that a cell is left alone until it rests
AT_REST = 1e-4  # change in that time, of the whole way that a variable has gone: it rests


def checked_model(model, where, current=True):
    """Return `model` if it is a neuron with one number for each parameter and, if `current`, with a current ``I``."""
    if isinstance(model, type) and issubclass(model, Neuron):
        raise TypeError(f"{where}.model: {model.__name__} is a class; write {model.__name__}()")
    if not isinstance(model, Neuron):
        raise TypeError(f"{where}.model: must be a neuron such as bs.LIF() (got {model!r})")
    check_one_number(model, where)
    if current and not model.cell_equations.uses_current:
        name = type(model).__name__
        raise ValueError(f"{where}: {name} has no current I in its equations, so no current can be injected")
    return model


def check_one_number(model, where):
    """Raise ValueError where a parameter of a model is not one number, the same in all cells."""
    for key, spec in model.parameters.items():
        value = getattr(model, key)
        if not spec.timed and not isinstance(value, float):
            name = f"{type(model).__name__}.{key}"
            raise ValueError(f"{where}: {name} must be one number, the same in all cells (got {value!r})")


def checked_variable(model, variable, where):
    """Return the name of a variable of the model."""
    if variable not in model.initials:
        raise ValueError(f"{where}: {type(model).__name__} has no variable {variable!r}{nearest(variable, model.initials)}")
    return variable


def checked_currents(currents, where):
    """Return currents as an array of one dimension, one of each cell."""
    currents = np.atleast_1d(plain(currents, "pA", where))
    if currents.ndim != 1 or currents.size == 0:
        raise ValueError(f"{where}: must be one current or a list of them (got an array of shape {currents.shape})")
    return currents


def is_random(model):
    """Return whether the equations of a model hold noise or random numbers."""
    cell = model.cell_equations
    if any(NOISE.fullmatch(name) for tree in cell.derivatives.values() for name in lang.names_in(tree)):
        return True
    actions = [*cell.reset, *(action for _, effects in cell.events for action in effects)]
    trees = [cell.threshold, cell.refractory, *(test for test, _ in cell.events), *(tree for _, tree in actions)]
    return any(lang.calls_in(tree) & RANDOM for tree in trees if tree is not None)


def run_cells(model, duration, dt, *, current=None, n=1, variables=(), initial=None, seed=1):
    """Return the Result of `n` cells of a model, each under its current, with traces of the variables of all of them.

    Parameters
    ----------
    model : Neuron
    duration, dt : float
        [ms]
    current : CurrentInput, optional
    n : int
    variables : sequence of str
    initial : dict, optional
        As for `Population`.
    seed : int
    """
    cells = Population(n, model, name=NAME, initial=initial)
    net = Network(seed=seed)
    net.add(cells)
    if current is not None:
        net.stimulate(cells, current)
    record = [Trace(cells, variable) for variable in variables]
    return simulate(net, duration, dt=dt, seed=seed, record=record, progress=False)


def steps_of_current(levels, times):
    """Return the `CurrentInput` with the currents `levels`, shape (times, cells), from each of the times on."""
    return CurrentInput(np.asarray(levels), times=times)


def settled(model, dt, *, seed=1):
    """Return how a cell is when it has been left alone for so long that it rests, and the rate at which it then fires [Hz].

    The first is variable -> value, for `initial` of another run: a model need not start at rest. One that never rests, since
    it is noisy or fires by itself, is left alone for `MOST_SETTLES` times `SETTLE` ms; one whose values run away has None,
    and starts as the model says.
    """
    names, state, way = tuple(model.initials), None, None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says of dt is said by the run that is drawn
        for _ in range(MOST_SETTLES):
            result = run_cells(model, SETTLE, dt, variables=names, initial=state, seed=seed)
            values = np.array([result.traces[NAME, name].values[:, 0] for name in names])
            if not np.isfinite(values).all():
                return None, 0.0
            span = np.ptp(values, axis=1)
            way = span if way is None else np.maximum(way, span)
            state = {name: _told(value, model.initials[name].unit) for name, value in zip(names, values[:, -1], strict=True)}
            if not len(result.spikes[NAME]) and np.all(np.abs(values[:, -1] - values[:, 0]) <= AT_REST * way):
                break
    return state, result.spikes[NAME].rate()


def _told(value, unit):
    """Return a value as it may be given to a population: one so small that it would be taken for a slip of units is 0."""
    return 0.0 if abs(value) < SI_SLIP.get(unit, 0.0) else float(value)


def climb(model, dt, *, variables=(), initial=None):
    """Return the Result of cells under steps to the currents of `LADDER`, and which is the first that goes on firing.

    It is None where none fires in the step, or the model has no threshold or no current ``I``. `initial` is as for
    `Population`.
    """
    cell = model.cell_equations
    if cell.threshold is None or not cell.uses_current:
        return None
    levels = np.array([np.zeros(LADDER.size), LADDER])
    drive = steps_of_current(levels, [0.0, ONSET])
    options = {"current": drive, "n": LADDER.size, "variables": variables, "initial": initial}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the highest may be beyond what the model is made for
        result = run_cells(model, ONSET + LENGTH, dt, **options)
    counts = result.spikes[NAME].counts()
    counts -= counts[0]  # some fire by themselves
    for enough in (SPIKES, 2, 1):
        if np.any(counts >= enough):
            return result, int(np.argmax(counts >= enough))
    return None


def steps_with(times, dt):
    """Return the number k of the step that holds each time, which is in ((k - 1)*dt, k*dt]."""
    return np.maximum(np.ceil(np.asarray(times) / dt - ROUNDING).astype(int), 1)
