"""Values of inputs that may change in time: a number, one per cell, a `TimedArray`, or an expression of the time ``t``."""

import numpy as np

from brainsim.core.checks import check_unit, in_range, nearest, plain, read_only
from brainsim.core.hints import word
from brainsim.equations.expressions.language import compute, names_in
from brainsim.equations.over_time import changes, check_signal, parse_signal
from brainsim.models.timed import TimedArray

PLACES = ("x", "y", "z")  # the position of a cell in an expression [um]
OVER_TIME = "(t)"  # ends the name under which the values of a population hold an expression or a TimedArray


def checked_signal(value, label, unit, at_least=None):
    """Return a value as float, array, TimedArray or text; raise TypeError, ValueError or EquationError.

    Numbers and TimedArrays must be >= `at_least`; expressions are clipped there when they are computed, but one without
    names is a number like any other.
    """
    if isinstance(value, str):
        tree = parse_signal(value, label)
        if not names_in(tree):
            with np.errstate(all="ignore"):
                constant = float(compute(tree, {}))
            in_range(plain(constant, "", label), label, unit, at_least=at_least)
        return value
    if isinstance(value, TimedArray):
        check_unit(value, unit, label)
        in_range(value.values, label, unit, at_least=at_least)
        return value
    if callable(value):
        hint = "an expression of the time t in ms, such as '20*(1 + sin(2*pi*t/100))', or a TimedArray of its values"
        raise TypeError(f"{label}: functions of Python are not called in a run; write {hint}")
    value = read_only(plain(value, unit, label))
    if np.ndim(value) > 1 or np.size(value) == 0:
        hint = "; values over time are a TimedArray" if np.ndim(value) == 2 else ""
        raise ValueError(f"{label}: must be one number or one per cell (got an array of shape {value.shape}){hint}")
    in_range(value, label, unit, at_least=at_least)
    return value


def is_timed(value):
    """Return whether a value is an expression or a TimedArray."""
    return isinstance(value, str | TimedArray)


def changes_in_time(value, label):
    """Return whether a value can differ between two steps."""
    if isinstance(value, TimedArray):
        return len(value.values) > 1
    return isinstance(value, str) and changes(value, label)


def check_text(text, label, unit, view):
    """Raise EquationError unless the cells of a view have all that an expression uses, in units that fit."""
    for population, _ in view.parts:
        model, places = population.model, population.positions
        for name in PLACES[0 if places is None else places.shape[1] :]:
            if name in names_in(parse_signal(text, label)) - {*model.parameters, *model.initials}:
                hint = f"but {population.name!r} has none; give Population(..., positions=...)"
                raise ValueError(f"{label}: {name} is the position of a cell in um along this axis, {hint}")
        _check_text(text, label, unit, model)


def check_texts_of(model):
    """Raise EquationError unless the texts among the parameters of a model are made of its other parameters."""
    for name, spec in model.parameters.items():
        if isinstance(text := getattr(model, name), str):
            _check_text(text, f"{type(model).__name__}.{name}", spec.unit, model)


def _check_text(text, label, unit, model):
    plain_ones = {n: s for n, s in model.parameters.items() if not s.called and not is_timed(getattr(model, n))}
    parameters = {n: "um" for n in PLACES if n not in {*model.parameters, *model.initials}}
    parameters |= {n: s.unit if model.dimensions else None for n, s in plain_ones.items()}
    check_signal(text, label, unit, parameters, dict.fromkeys(model.initials))


def extremes(model):
    """Return the least and the greatest value of each varying parameter that is a TimedArray, of shape (2, cells or 1)."""
    tables = {n: v for n, s in model.parameters.items() if s.varying and isinstance(v := getattr(model, n), TimedArray)}
    return {n: np.array([v.values.min(axis=0), v.values.max(axis=0)]).reshape(2, -1) for n, v in tables.items()}


def check_varying(cls):
    """Raise ValueError if a parameter that may vary is used where the numbers of a kernel are computed before the run."""
    equations = cls.cell_equations
    fixed = [*equations.derivatives.values(), *equations.algebraic.values(), *equations.initials.values()]
    fixed += [equations.refractory] if equations.refractory is not None else []
    used = set().union(*(names_in(tree) for tree in fixed))
    for name, spec in cls.parameters.items():
        if spec.varying and name in used:
            message = "only the threshold, the reset and the events may use a varying parameter; equations read a TimedArray"
            raise ValueError(f"{cls.__name__}.{name}: {message}: give the parameter one as its default and write {name}(t)")


def one_for_all(owner, name):
    """Return whether a parameter that changes in time is the same for all cells of a population."""
    value = getattr(owner, name)
    if not isinstance(value, str):
        return not getattr(value, "per_cell", np.ndim(value) > 0)
    names = names_in(parse_signal(value, name))
    others = [getattr(owner, other) for other in names & owner.parameters.keys()]
    of_cells = {"i", *PLACES} - owner.parameters.keys()
    return not names & of_cells and all(isinstance(other, float) for other in others)


def held_by(owner, name):
    """Return whether a parameter of this instance changes in time and is computed in each step."""
    return owner.parameters[name].varying and is_timed(getattr(owner, name))


def instead_of(model, key):
    """Return what to type instead of a parameter that a model does not have."""
    names = [*model.parameters, *model._options]
    if key in model.initials:
        return f"; it is a variable, which starts where the population says: bs.Population(..., initial={{{key!r}: ...}})"
    said = word(key, names, type(model).__name__) or word(key, names, "Neuron")
    return _window_hint(model, key) or said or nearest(key, names)


def _window_hint(model, key):
    """Return what to type instead of the `start` or `stop` of a source, which only inputs have; empty otherwise."""
    varying = next((name for name, parameter in model.parameters.items() if parameter.varying), None)
    if key not in ("start", "stop") or varying is None:
        return ""
    example = "where(t > 100, 10, 0)" if key == "start" else "where(t < 100, 10, 0)"
    return f"; only inputs have it, a source has a rate that changes in time: {type(model).__name__}({varying}={example!r})"
