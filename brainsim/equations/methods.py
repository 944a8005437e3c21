"""Integration methods: from a system of equations to one time step, as lines of a kernel and the constants in them.

Each method is a function ``method(system, where) -> Step``. In the lines ``x`` is the value of variable x at the start of
the step and ``x_new`` its value at the end, before the events that arrive at the end are added.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from brainsim.equations import language as lang
from brainsim.equations.language import EquationError
from brainsim.equations.linear import one_step, reachable
from brainsim.numbers.checks import nearest


@dataclass
class Step:
    """One time step of a system.

    Attributes
    ----------
    method : str
        Name of the method.
    lines : list of str
        Statements that compute ``_x_new`` for every variable x.
    constants : list of str
        Names in the lines that stand for numbers: the method's own and the parameters.
    compute : callable
        ``compute(values, dt) -> dict``: the method's own constants, each a float or an array with one number per cell, from
        the parameters in `values`.
    order : int
        Order of the method for smooth solutions; 0 where it is exact.
    """

    method: str
    lines: list = field(default_factory=list)
    constants: list = field(default_factory=list)
    compute: Callable = lambda values, dt: {}
    order: int = 0


def exact(system, where):
    """Return the exact step of a linear system with constant coefficients; raise EquationError if it is none."""
    coefficients = linear_part(system, system.variables)
    for name in system.variables:
        if name not in coefficients:
            raise EquationError(
                where,
                f"method 'exact' needs equations that are linear with constant coefficients, but d{name}/dt is not; "
                "write method = 'exponential_euler' in the neuron's class",
                f"d{name}/dt = {ast.unparse(system.derivatives[name])}",
            )
    return _exact_step("exact", coefficients)


def exponential_euler(system, where):
    """Return a step that solves each equation exactly with all other variables held.

    ``x(t+dt) = x + (rest + slope*x) dt phi(-slope*dt)`` with ``dx/dt = slope*x + rest`` and ``phi(z) = (1 - exp(-z))/z``.
    Variables that form a linear system of their own (conductances, synaptic currents) are solved exactly first, and the
    others see their mean over the step, which makes the step second order in them. Terms that are not linear in x, as the
    current of an NMDA receptor is in v, count to the rest with the x of the start of the step: first order in these.
    """
    coefficients = linear_part(system, system.variables, keep_all=False)
    step = _exact_step("exponential_euler", coefficients)
    shared = _Shared(system)
    middle = {name: ast.Name(f"_{name}_mid") for name in coefficients}
    step.lines += [f"_{name}_mid = 0.5*({name} + _{name}_new)" for name in coefficients]
    for name in system.variables:
        if name in coefficients:
            continue
        parts = lang.linear_terms(lang.substitute(system.derivatives[name], middle), name)
        if lang.is_zero(parts[0]) and name in lang.names_in(parts[1]):
            raise EquationError(
                where,
                f"method 'exponential_euler' needs a term of d{name}/dt that is linear in {name}; write method = 'euler'",
                f"d{name}/dt = {ast.unparse(system.derivatives[name])}",
            )
        slope, rest = (lang.render(shared.reduced(tree)) for tree in parts)
        step.lines += [f"_{name}_slope = {slope}"]
        moved = f"{name} + ({rest} + _{name}_slope*{name})*dt*relaxation(-_{name}_slope*dt)"
        step.lines += [f"_{name}_new = flushed({moved})"]
    step.order = 1 if len(coefficients) < len(system.variables) else 0
    return shared.added_to(step)


def euler(system, where):
    """Return the forward Euler step, all derivatives from the old values: ``x(t+dt) = x + dt f(x)``."""
    shared = _Shared(system)
    derivatives = {n: lang.render(shared.reduced(system.derivatives[n])) for n in system.variables}
    lines = [f"_{n}_new = flushed({n} + dt*{derivative})" for n, derivative in derivatives.items()]
    return shared.added_to(Step("euler", lines, order=1))


def auto(system, where):
    """Return the step of the first of `exact`, `exponential_euler` and `euler` that can integrate the system."""
    for method in (exact, exponential_euler):
        try:
            return method(system, where)
        except EquationError:
            continue
    return euler(system, where)


METHODS = {"auto": auto, "exact": exact, "exponential_euler": exponential_euler, "euler": euler}


def method_named(name, where):
    """Return the method called `name`; raise ValueError with the nearest one otherwise."""
    if name not in METHODS:
        raise ValueError(f"{where}.method: unknown method {name!r}{nearest(name, METHODS)}")
    return METHODS[name]


def linear_part(system, variables, keep_all=True):
    """Find the variables whose derivatives are linear with constant coefficients in these variables alone.

    Returns a dict variable -> {name: tree}, the coefficients of each variable, of ``I_ext`` and of ``""`` (the constant).
    With ``keep_all=False`` variables that lean on one that is not linear are dropped too, until the set stands by itself.
    """
    kept = set(variables)
    while True:
        found = {}
        for name in (n for n in variables if n in kept):
            row = _coefficients(system.derivatives[name], [*(n for n in variables if n in kept), "I_ext"])
            if row is not None and not any(lang.names_in(t) & {*system.variables, "I_ext"} for t in row.values()):
                found[name] = row
        if keep_all or set(found) == kept:
            return found
        kept = set(found)


def _coefficients(tree, names):
    row, rest = {}, tree
    for name in names:
        parts = lang.linear_in(rest, name)
        if parts is None:
            return None
        row[name], rest = parts
    return row | {"": rest}


class _Shared:
    """What of an equation holds no variable and so is one number (a cell): computed once instead of in each step.

    Division by such a number becomes multiplication by its inverse: a division takes as long as eight multiplications, and
    a compiler that must keep the last bit may not do this by itself.
    """

    def __init__(self, system):
        self._varying = {*system.variables, *(f"_{name}_mid" for name in system.variables), "I_ext"}
        self._numbers = {}

    def reduced(self, tree):
        """Return the tree with names ``_k0, _k1, ...`` for its constant parts."""
        if isinstance(tree, ast.Constant) or (isinstance(tree, ast.Name) and tree.id in self._varying):
            return tree
        if not lang.names_in(tree) & self._varying and "rand" not in lang.calls_in(tree):
            return self._named(tree)
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div) and not lang.names_in(tree.right) & self._varying:
            return ast.BinOp(self.reduced(tree.left), ast.Mult(), self._named(lang.over(lang.ONE, tree.right)))
        return lang.rebuilt(tree, self.reduced)

    def added_to(self, step):
        """Return the step with these numbers among its constants."""
        inner, trees = step.compute, {f"_k{number}": tree for number, tree in enumerate(self._numbers.values())}
        step.constants = [*step.constants, *trees, "dt"]

        def compute(values, dt):
            known = values | {"dt": dt, "pi": np.pi}
            return inner(values, dt) | {name: 0.0 + lang.evaluate(tree, known) for name, tree in trees.items()}

        step.compute = compute
        return step

    def _named(self, tree):
        key = ast.unparse(tree)
        self._numbers.setdefault(key, tree)
        return ast.Name(f"_k{list(self._numbers).index(key)}")


def _exact_step(method, coefficients):
    """Build lines and constants from the coefficients; what the structure says is zero does not appear."""
    variables = list(coefficients)
    columns = [*variables, "", "I_ext"]
    structure = np.zeros((len(columns), len(columns)), dtype=bool)
    for i, row in enumerate(coefficients.values()):
        structure[i] = [not lang.is_zero(row[name]) for name in columns]
    reach = reachable(structure)
    step, places = Step(method), {}
    for i, name in enumerate(variables):
        terms = []
        for j, column in enumerate(columns):
            if reach[i, j]:
                constant = f"_p_{name}__{column}"
                places[constant] = (i, j)
                terms.append(f"{constant}*{column}" if column else constant)
        step.lines.append(f"_{name}_new = flushed({' + '.join(terms)})")
    step.constants = list(places)

    def compute(values, dt):
        size = max([np.size(v) for v in values.values() if np.ndim(v)], default=0)
        matrix = np.zeros((size, len(columns), len(columns)) if size else (len(columns), len(columns)))
        for i, row in enumerate(coefficients.values()):
            for j, column in enumerate(columns):
                if structure[i, j]:
                    matrix[..., i, j] = lang.evaluate(row[column], values | {"dt": dt, "pi": np.pi})
        exponential = one_step(matrix, dt)
        return {c: (exponential[:, i, j].copy() if size else float(exponential[i, j])) for c, (i, j) in places.items()}

    step.compute = compute
    return step
