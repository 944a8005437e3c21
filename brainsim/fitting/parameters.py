"""What is free in a fit: parameters with bounds, those that follow from them, and points of the unit cube."""

import ast
import operator
from dataclasses import dataclass, field

import numpy as np

from brainsim.core.checks import nearest, number, plain

MEASURED = {"series_resistance": "MOhm", "junction_potential": "mV"}  # of the recording, not of the model
OPERATIONS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


@dataclass(frozen=True)
class Free:
    """A free parameter: a name, its bounds and unit, and whether it is searched by its logarithm."""

    name: str
    low: float
    high: float
    log: bool
    unit: str

    def value(self, x):
        """Return the value at a place between 0 (the lower bound) and 1."""
        if self.log:
            return self.low * (self.high / self.low) ** x
        return self.low + (self.high - self.low) * x

    def place(self, value):
        """Return where a value is between its bounds."""
        if self.log:
            return np.log(value / self.low) / np.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def slope(self, x):
        """Return the derivative of the value by the place."""
        return self.value(x) * np.log(self.high / self.low) if self.log else np.full_like(x, self.high - self.low)


@dataclass(frozen=True)
class Space:
    """All that is free, what is tied to it, and the model whose other parameters are fixed."""

    model: object
    free: list
    tied: dict = field(default_factory=dict)
    measured: dict = field(default_factory=dict)
    noise: dict = field(default_factory=dict)

    @property
    def names(self):
        """The names of what is free, in their order."""
        return [one.name for one in self.free]

    def values(self, places):
        """Return name -> array (candidates,) of all that points of the unit cube, shape (candidates, free), say."""
        found = {one.name: one.value(places[:, k]) for k, one in enumerate(self.free)}
        for name, text in self.tied.items():
            known = {key: value for key in names_in(text) if (value := found.get(key, self.fixed(key))) is not None}
            found[name] = np.broadcast_to(evaluate(text, known), len(places)).astype(float)
        return found

    def fixed(self, name):
        """Return the value that a name has if it is not free."""
        return {**self.noise, **self.measured}.get(name, getattr(self.model, name, None))

    def models(self, values):
        """Return a model with a value for each cell of what is not fixed; `values` are name -> array."""
        given = {name: value for name, value in values.items() if name in self.model.parameters}
        return changed(self.model, given)

    def model_at(self, place):
        """Return the model at one point."""
        values = self.values(place[None])
        return changed(self.model, {n: float(v[0]) for n, v in values.items() if n in self.model.parameters})

    def of_recording(self, values, name):
        """Return a number or an array with a value of the measurement for each candidate."""
        return values.get(name, {**self.noise, **self.measured}[name])


def changed(model, given):
    """Return a model with other values of some parameters."""
    return type(model)(**{**{name: getattr(model, name) for name in model.parameters}, **given})


def space_of(model, free, tied, measured, noise, label):
    """Return the Space that the arguments of `fit` describe, after checks."""
    if not isinstance(free, dict) or not free:
        raise TypeError(
            f"{label}.free: must be a dict of parameter -> bounds, such as {{'tau_m': (5.0, 50.0)}} (got {free!r})"
        )
    tied = dict(tied or {})
    used = {name for text in tied.values() for name in names_in(text, f"{label}.tied")}
    known = {*model.parameters, *MEASURED, *noise}
    for name in [*free, *tied]:
        if name not in known and not (name in free and name in used):
            kind = type(model).__name__
            raise ValueError(
                f"{label}.{'free' if name in free else 'tied'}: {kind} has no parameter {name!r}{nearest(name, known)}"
            )
    for name in free:
        if name in tied:
            raise ValueError(f"{label}.tied: {name!r} is free as well; it is either free or tied")
    for name in used - {*free}:
        if name not in known:
            raise ValueError(
                f"{label}.tied: {name!r} is neither free nor a parameter of {type(model).__name__}{nearest(name, known)}"
            )
    found = [_free(name, bounds, model, f"{label}.free[{name!r}]") for name, bounds in free.items()]
    measured = {name: number(value, f"{label}.{name}", MEASURED[name]) for name, value in measured.items()}
    return Space(model, found, tied, measured, noise)


def _free(name, bounds, model, label):
    kind = bounds[2] if isinstance(bounds, list | tuple) and len(bounds) == 3 else "linear"
    if not isinstance(bounds, list | tuple) or len(bounds) not in (2, 3) or kind not in ("linear", "log"):
        raise ValueError(
            f"{label}: must be (lower, upper), or (lower, upper, 'log') for a search by the logarithm (got {bounds!r})"
        )
    unit = model.parameters[name].unit if name in model.parameters else MEASURED.get(name, "")
    low, high = (float(plain(bound, unit, label)) for bound in bounds[:2])
    if not low < high:
        swap = f"; write ({high:g}, {low:g})" if high < low else ""
        raise ValueError(f"{label}: the lower bound must be below the upper one (got {low:g} and {high:g}){swap}")
    if kind == "log" and low <= 0.0:
        raise ValueError(f"{label}: bounds must be > 0 for a search by the logarithm (got {low:g})")
    if name in model.parameters:
        for bound in (low, high):
            try:
                changed(model, {name: bound})
            except ValueError as error:
                others = (other for other in model.parameters if other != name)
                if name in str(error) and not any(f".{other}" in str(error) for other in others):
                    raise ValueError(f"{label}: a bound is not allowed: {error}") from None
    return Free(name, low, high, kind == "log", unit)


def names_in(text, label="fit.tied"):
    """Return the names in an expression such as ``"0.3*g_na"``."""
    try:
        tree = ast.parse(str(text), mode="eval")
    except SyntaxError:
        raise ValueError(f"{label}: {text!r} is not an expression such as '0.3*g_na'") from None
    return [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]


def evaluate(text, known):
    """Return the value of an expression of sums, products and powers of names."""

    def value(node):
        if isinstance(node, ast.Constant):
            return float(node.value)
        if isinstance(node, ast.Name):
            return known[node.id]
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
            return OPERATIONS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATIONS:
            return OPERATIONS[type(node.op)](value(node.operand))
        raise ValueError(f"fit.tied: {text!r} must be made of numbers, names, + - * / and **")

    return value(ast.parse(str(text), mode="eval").body)
