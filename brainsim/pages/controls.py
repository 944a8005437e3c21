"""What the reader of a page can move: `Control` and `Button`."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from brainsim.core.arrays import short_repr
from brainsim.core.checks import integer, known_as, nearest, number
from brainsim.engine.recorders.requests import unit_of
from brainsim.models.packed import has_one

if typing.TYPE_CHECKING:
    from brainsim.engine.simulation.simulation import Simulation
    from brainsim.models.inputs import Input
    from brainsim.network.population import Population, View
    from brainsim.network.projection import Projection

NEARLY = 1e-9  # relative to the range: a value that is so near to the present one is the present one
MOST = 1001  # positions


class Control:
    """A value that the reader of a page moves with a slider: what ``sim.set(target, name=value)`` changes.

    Parameters
    ----------
    target : Input, Population, Projection or str
        As for `Simulation.set`: the input as it was given to `stimulate`, a population or a projection, or the name of one.
    name : str
        What changes, a number now: a field of the input such as ``"rate"``, a parameter of the cells such as ``"tau_m"``, or
        the ``"weight"`` of the projection.
    low, high : float
        The range, in the unit of the value. It contains the present value, at which the page begins.
    steps : int
        Number of positions of the slider; the present value is one more if it is not among them.
    values : sequence of float, optional
        The positions, in place of `low`, `high` and `steps`.
    label : str, optional
        What the page calls it; by default the names of the target and of the value.
    unit : str, optional
        By default that of the value.

    Raises
    ------
    TypeError, ValueError
        If `low` is not below `high`. By `page` if the value does not exist, is not a single number now, or is not within the
        range.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Control("cells", "tau_m", 5.0, 40.0, label="membrane time constant")
    Control('cells', 'tau_m', 5.0, 40.0)
    """

    def __init__(
        self,
        target: Input | Population | Projection | str,
        name: str,
        low: float | None = None,
        high: float | None = None,
        *,
        steps: int = 51,
        values: Sequence[float] | None = None,
        label: str | None = None,
        unit: str | None = None,
    ) -> None:
        if not isinstance(name, str):
            raise TypeError(f"Control.name: must be the name of a value, such as 'rate' (got {name!r})")
        for text, field in ((label, "label"), (unit, "unit")):
            if text is not None and not isinstance(text, str):
                raise TypeError(f"Control.{field}: must be a text (got {text!r})")
        self.target, self.name, self.label, self.unit = target, name, label, unit
        if values is None:
            if low is None or high is None:
                raise TypeError("Control: needs the range, low and high, or values=")
            self.low, self.high = number(low, "Control.low"), number(high, "Control.high")
            if self.low >= self.high:
                raise ValueError(f"Control.high: must be above low = {self.low:g} (got {self.high:g})")
            steps = integer(steps, "Control.steps")
            if not 2 <= steps <= MOST:
                raise ValueError(f"Control.steps: must be 2 to {MOST:,} (got {steps})")
            self.values = np.linspace(self.low, self.high, steps)
        else:
            if low is not None or high is not None:
                raise TypeError("Control: needs the range, low and high, or values=, not both")
            if not isinstance(values, Iterable):
                raise TypeError(f"Control.values: must be a list of numbers, such as [5, 10, 20] (got {values!r})")
            self.values = np.array([number(value, "Control.values") for value in values])
            if not 2 <= self.values.size <= MOST or (np.diff(self.values) <= 0).any():
                raise ValueError(f"Control.values: must be 2 to {MOST:,} numbers that increase (got {short_repr(values)})")
            self.low, self.high = float(self.values[0]), float(self.values[-1])

    def __repr__(self) -> str:
        target = self.target if isinstance(self.target, str) else getattr(self.target, "name", type(self.target).__name__)
        return f"Control({target!r}, {self.name!r}, {self.low!r}, {self.high!r})"


class Button:
    """A button of a page that writes to the state, as ``sim.state`` does between two runs.

    Parameters
    ----------
    label : str
        What the page calls it.
    cells : Population or View
        The cells on which it acts.
    variable : str
        A variable of these cells, such as ``"v"``.
    add, to : float
        What is added to the variable, or what it becomes; one of both.

    Raises
    ------
    TypeError, ValueError
        If both or neither of `add` and `to` are given. By `page` if the cells have no such variable.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> bs.Button("push ten cells", cells[:10], "v", add=10.0)
    Button('push ten cells', cells[0:10], 'v', add=10.0)
    """

    def __init__(
        self, label: str, cells: Population | View, variable: str = "v", *, add: float | None = None, to: float | None = None
    ) -> None:
        if not isinstance(label, str) or not label.strip():
            raise TypeError(f"Button.label: must be a text (got {label!r})")
        if not hasattr(cells, "parts"):
            raise TypeError(f"Button.cells: must be a population or a view, such as cells[:10] (got {cells!r})")
        if (add is None) == (to is None):
            raise TypeError("Button: needs add= or to=, one of both")
        self.label, self.cells, self.variable = label, cells, variable
        self.add = None if add is None else number(add, "Button.add")
        self.to = None if to is None else number(to, "Button.to")

    def __repr__(self) -> str:
        how = f"to={self.to!r}" if self.add is None else f"add={self.add!r}"
        return f"Button({self.label!r}, {self.cells.name}, {self.variable!r}, {how})"

    def press(self, sim: Simulation) -> None:
        """Do in a simulation what the button does on the page."""
        for population, ids in self.cells.parts:
            values = sim.state[population.name][self.variable]
            values[ids] = self.to if self.add is None else values[ids] + self.add


class Bound:
    """A Control of a simulation: `current` is the value now, `values` the positions with it, `initial` its position."""

    def __init__(self, control: Control, sim: Any):
        self.name, self.owner = control.name, f"page: {control!r}"
        self.target, self.shown, self.current, unit = find_value(sim, control, self.owner)
        self.label = control.label or f"{self.shown}: {control.name}"
        self.unit = control.unit if control.unit is not None else unit
        self.help = f"{control.name} of {self.shown}"
        if not control.low <= self.current <= control.high:
            raise ValueError(
                f"{self.owner}: the range must contain the present value, {self.current:g}{_of(self.unit)} "
                f"(got {control.low:g} to {control.high:g})"
            )
        near = np.abs(control.values - self.current) <= NEARLY * (control.high - control.low)
        self.values = np.where(near, self.current, control.values)
        if not near.any():
            self.values = np.sort(np.append(self.values, self.current))
        self.initial = int(np.argmax(self.values == self.current))

    def set(self, sim, value):
        """Set a value in the simulation."""
        try:
            sim.set(self.target, **{self.name: float(value)})
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self.owner}: at {value:g}, {error}") from error

    @property
    def key(self):
        """What tells it from other controls."""
        return self.shown, self.name


def keep_apart(sim, bound):
    """Build the synapses so that a weight that moves is in segments of its own, whose order does not depend on it.

    What arrives at once is added in the order of the weights. Raise ValueError if a weight can pass another one between the
    same cells: a page leaves the order in which it begins. Synapses with plasticity are in segments of another class.
    """
    layout = sim._layout
    plain = [p for p in layout.network.projections if p.plasticity is None and not p.is_coupling]
    projections = {p.name: p for p in plain if has_one(p, "weight")}
    moved = {c.target: c for c in bound if c.name == "weight" and c.target in projections}
    for name, control in moved.items():
        low, high = control.values[[0, -1]]
        for other, p in projections.items():
            values = moved[other].values if other in moved else np.full(2, float(p.weight))
            if other != name and low <= values[-1] and values[0] <= high and _meet(layout, projections[name], p):
                there = f"{values[0]:g}" + (f" to {values[-1]:g}" if other in moved else "")
                raise ValueError(
                    f"{control.owner}: can pass the weight of {other!r}, {there}, from the same cells to the same cells; "
                    "choose a range that does not contain it"
                )
    layout.apart = {name: control.current for name, control in moved.items()}
    if moved:  # to set one of them builds all synapses again
        control = next(iter(moved.values()))
        control.set(sim, control.current)


def _meet(layout, one, other):
    """Return whether synapses of two projections may have both cells in common, and the receptor."""
    sources = np.intersect1d(*(layout.global_indices(p.pre) for p in (one, other)))
    return sources.size and np.intersect1d(*(layout.input_places(p.post, p.synapse)[0] for p in (one, other))).size > 0


class Array:
    """Numbers that a script of a page sets, all of what ``sim.set(target, name=values)`` takes; `values` are there first."""

    def __init__(self, target, name, values):
        self.target, self.name, self.values = target, name, np.asarray(values, dtype=np.float64)
        self.owner = f"page: {name} of {target!r}"

    def set(self, sim, values):
        """Set the numbers in the simulation."""
        sim.set(self.target, **{self.name: values})


def _of(unit):
    return f" {unit}" if unit else ""


def find_value(sim, control, owner):
    """Return what `Simulation.set` takes for the target, its name, the present value, and the unit."""
    layout, target = sim._layout, control.target
    name = target if isinstance(target, str) else getattr(target, "name", None)
    if name in layout.members and (isinstance(target, str) or target is layout.members[name].population):
        model = layout.members[name].population.model
        return name, name, *_of_cells(layout, name, model, control, owner)
    for projection in layout.network.projections:
        if target is projection or (isinstance(target, str) and target == projection.name):
            return projection.name, projection.name, *_of_projection(projection, sim, control, owner)
    pairs = zip(sim._described.inputs, layout.inputs, strict=True)
    found = [(was, now) for was, now in pairs if _is_meant(target, was) or _is_meant(target, now)]
    if found:
        return _of_inputs(found, control, owner)
    views = {population.name for population, _ in getattr(target, "parts", ()) if population is not target}
    if views and views <= layout.members.keys():
        whole = " and ".join(map(repr, sorted(views)))
        raise ValueError(f"{owner}: a control moves all cells of a population; give {whole}, of which these are a view")
    names = [*layout.members, *(p.name for p in layout.network.projections), *(s.name for s in layout.inputs)]
    hint, said = known_as(target, names), repr(target).partition("\n")[0]
    raise ValueError(f"{owner}: {said} is not an input, a population or a projection of this network{hint}")


def bound_button(button, sim, address):
    """Return what the page says of a Button, and its writes; `address` returns the address of a place in the state."""
    owner, layout = f"page: {button!r}", sim._layout
    for population, _ in button.cells.parts:
        layout.check_population(population, owner)
    places = np.sort(layout.state_places(button.cells, button.variable, owner))
    unit = unit_of(layout, button.cells.parts[0][0].name, button.variable)
    name, how = f"{button.variable} of {button.cells.name}", {"add": button.add} if button.to is None else {"to": button.to}
    help_ = f"sets {name} to {button.to:g}{_of(unit)}" if button.add is None else f"adds {button.add:g}{_of(unit)} to {name}"
    runs = np.split(places, np.flatnonzero(np.diff(places) != 1) + 1)
    writes = [{"at": address(int(run[0])), "size": int(run.size), **how} for run in runs if run.size]
    return {"label": button.label, "help": help_}, writes


def _of_cells(layout, name, model, control, owner):
    known = getattr(model, "parameters", {})
    if control.name not in known:
        if control.name in layout.variables(name):
            raise ValueError(f"{owner}: {control.name} is a variable, which changes by itself; a bs.Button writes to it")
        raise ValueError(f"{owner}: {type(model).__name__} has no parameter {control.name!r}{nearest(control.name, known)}")
    return one_number(layout.members[name].values[control.name], owner), known[control.name].unit


def _of_projection(projection, sim, control, owner):
    if control.name != "weight":
        raise ValueError(f"{owner}: of a projection only the weight can be moved (got {control.name!r})")
    if projection.plasticity is not None:
        raise ValueError(f"{owner}: the weights of {projection.name!r} learn, so they are part of the state")
    return one_number(projection.weight, owner), projection.synapse.weight_unit


def _is_meant(target, stimulus):
    return target in (stimulus, stimulus.input) or (isinstance(target, str) and target == stimulus.name)


def _of_inputs(found, control, owner):
    """Return the same for an input, which several cells may have, each with a name; `found` are its (was, now)."""
    shown = " and ".join(was.name for was, _ in found)
    (value, unit), *others = [_of_input(now, control, owner) for _, now in found]
    if any(other != value for other, _ in others):
        raise ValueError(f"{owner}: {shown} have different values now; give the name of one of them")
    return (found[0][0].name if len(found) == 1 else found[0][0].input), shown, value, unit


def _of_input(stimulus, control, owner):
    given = stimulus.input
    known = [field.name for field in fields(given) if field.name not in ("start", "stop", "synapse")]
    if control.name not in known:
        raise ValueError(f"{owner}: {type(given).__name__} has no value {control.name!r}{nearest(control.name, known)}")
    unit = given.over_time.get(control.name, "")
    if not unit and control.name == "weight":
        unit = given.synapse.weight_unit
    return one_number(getattr(given, control.name), owner), unit


def one_number(value, owner):
    """Return a value as a float; raise TypeError unless it is one number."""
    if isinstance(value, int | float | np.number) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return float(value)
    raise TypeError(f"{owner}: must be one number now, which the slider replaces (got {short_repr(value)})")
