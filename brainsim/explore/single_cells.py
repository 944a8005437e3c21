"""Cells of one model, each with its own current: what every view of single cells runs."""

import ast
import warnings

import numpy as np

from brainsim.core.checks import SI_SLIP, nearest, option, plain
from brainsim.core.docstrings import explain_by
from brainsim.engine.simulation.simulate import simulate
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import RANDOM
from brainsim.equations.model_parser import NOISE
from brainsim.models.base import Neuron
from brainsim.models.inputs import CurrentInput
from brainsim.network.network import Network
from brainsim.network.population import Population
from brainsim.network.probes import Trace
from brainsim.rng.streams import checked_seed

NAME = "cells"
LADDER = np.array([0.0, *(step * 10.0**power for power in range(-1, 4) for step in (1.0, 2.0, 5.0))])  # pA
ONSET, LENGTH = 20.0, 200.0  # ms: start and length of the test step of current
SPIKES = 4  # spikes in the step by which a cell counts as firing repetitively
ROUNDING = 1e-6  # steps: a time on the grid is not k*dt to the last bit
SETTLE, MAX_SETTLES = 500.0, 8  # ms of one run without input, and the largest number of them, until a cell rests
AT_REST = 1e-4  # a cell rests if its variables change by less in one such run, relative to their whole range so far

RUN = {  # arguments that functions of `bs.explore` explain alike
    "model": "model : Neuron\n    With a current ``I`` and one number per parameter.",
    "dt": "dt : float\n    Time step [ms].",
    "initial": "initial : dict, optional\n    Values at t = 0 that replace those of the model, as for `Population`.",
    "seed": "seed : int\n    Of the noise.",
}
RAISES = """Raises
------
ValueError, TypeError
    If the model has no current ``I``, or a parameter that is not the same in all cells."""
explained = explain_by(RUN, RAISES)


def check_model(model, label, current=True):
    """Return `model` if it is a neuron with one number per parameter and, if `current`, with a current ``I``."""
    if isinstance(model, type) and issubclass(model, Neuron):
        raise TypeError(f"{label}.model: {model.__name__} is a class; write {model.__name__}()")
    if not isinstance(model, Neuron):
        raise TypeError(f"{label}.model: must be a neuron such as bs.LIF() (got {model!r})")
    check_one_number(model, label)
    if current and not model.cell_equations.uses_current:
        name = type(model).__name__
        raise ValueError(f"{label}: {name} has no current I in its equations, so no current can be injected")
    return model


def check_one_number(model, label):
    """Raise ValueError if a parameter of a model is not one number, the same in all cells."""
    for key, spec in model.parameters.items():
        value = getattr(model, key)
        if not spec.called and not isinstance(value, float):
            name = f"{type(model).__name__}.{key}"
            raise ValueError(f"{label}: {name} must be one number, the same in all cells (got {value!r})")


def check_variable(model, variable, label):
    """Return `variable` if the model has a variable of this name."""
    if variable not in model.initials:
        raise ValueError(f"{label}: {type(model).__name__} has no variable {variable!r}{nearest(variable, model.initials)}")
    return variable


def check_currents(currents, label) -> np.ndarray:
    """Return currents as an array of one dimension, one for each cell."""
    currents = np.atleast_1d(plain(currents, "pA", label))
    if currents.ndim != 1 or currents.size == 0:
        raise ValueError(f"{label}: must be one current or a list of them (got an array of shape {currents.shape})")
    return currents


def is_random(model):
    """Return whether the equations of a model contain noise or random numbers."""
    cell = model.cell_equations
    if any(NOISE.fullmatch(name) for tree in cell.derivatives.values() for name in lang.names_in(tree)):
        return True
    actions = [*cell.reset, *cell.each_step, *(action for _, effects in cell.events for action in effects)]
    trees = [cell.threshold, cell.refractory, *(test for test, _ in cell.events), *(tree for _, tree in actions)]
    return any(lang.calls_in(tree) & RANDOM for tree in trees if tree is not None)


def limit_of(model):
    """Return the tree that v is compared with for a spike; None if the threshold is not a comparison with v."""
    tree = model.cell_equations.threshold
    compares = isinstance(tree, ast.Compare) and isinstance(tree.left, ast.Name) and tree.left.id == "v"
    return tree.comparators[0] if compares else None


def current_unit(model):
    """Return the unit of the current: none if the units of the equations are not checked, and no capacitance takes pA."""
    return "pA" if model.dimensions or any(spec.unit == "pF" for spec in model.parameters.values()) else ""


def run_cells(model, duration, dt, *, inputs=(), n=1, variables=(), initial=None, seed=1):
    """Return the Result of `n` cells of a model under some inputs, with traces of `variables` in all cells."""
    cells = Population(n, model, name=NAME, initial=initial)
    net = Network(seed=checked_seed(seed, option("seed")))
    net.add(cells)
    for stimulus in inputs:
        net.stimulate(cells, stimulus)
    record = [Trace(cells, variable) for variable in variables]
    return simulate(net, duration, dt=dt, seed=seed, record=record, progress=False)


def steps_of_current(levels, times):
    """Return the `CurrentInput` that switches to the currents `levels`, shape (times, cells), at each of the times."""
    return CurrentInput(np.asarray(levels), times=times)


def resting_state(model, dt, *, seed=1):
    """Return the state of a cell after it has settled without input, and the rate at which it then fires [Hz].

    The state is variable -> value, for `initial` of another run: a model need not start at rest. A cell that never rests,
    because it is noisy or fires without input, runs for `MAX_SETTLES` times `SETTLE` ms. If its values diverge, the state is
    None, and other runs start from the model's initial values.
    """
    names, state, span = tuple(model.initials), None, None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings about dt come from the run that is drawn
        for _ in range(MAX_SETTLES):
            result = run_cells(model, SETTLE, dt, variables=names, initial=state, seed=seed)
            values = np.array([result.traces[NAME, name].values[:, 0] for name in names])
            if not np.isfinite(values).all():
                return None, 0.0
            moved = np.ptp(values, axis=1)
            span = moved if span is None else np.maximum(span, moved)
            last = zip(names, values[:, -1], strict=True)
            state = {name: _as_initial(value, model.initials[name].unit) for name, value in last}
            if not len(result.spikes[NAME]) and np.all(np.abs(values[:, -1] - values[:, 0]) <= AT_REST * span):
                break
    return state, result.spikes[NAME].rate()


def _as_initial(value, unit):
    """Return a value that a population accepts: 0 for one so small that it would be taken for a mistake in units."""
    return 0.0 if abs(value) < SI_SLIP.get(unit, (0.0, 0.0))[1] else float(value)


def find_firing_current(model, dt, *, variables=(), initial=None):
    """Return the Result of cells under steps to the currents of `LADDER`, and the index of the first that keeps firing.

    Return None if no cell fires in the step, or if the model has no threshold or no current ``I``. `initial` is as for
    `Population`.
    """
    cell = model.cell_equations
    if cell.threshold is None or not cell.uses_current:
        return None
    levels = np.array([np.zeros(LADDER.size), LADDER])
    drive = steps_of_current(levels, [0.0, ONSET])
    options = {"inputs": [drive], "n": LADDER.size, "variables": variables, "initial": initial}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the highest currents may be beyond the range of the model
        result = run_cells(model, ONSET + LENGTH, dt, **options)
    counts = result.spikes[NAME].counts()
    counts -= counts[0]  # some cells fire without a current
    for enough in (SPIKES, 2, 1):
        if np.any(counts >= enough):
            return result, int(np.argmax(counts >= enough))
    return None


def steps_with(times, dt):
    """Return the index k of the step in which each time lies: in ((k - 1)*dt, k*dt]."""
    return np.maximum(np.ceil(np.asarray(times) / dt - ROUNDING).astype(int), 1)
