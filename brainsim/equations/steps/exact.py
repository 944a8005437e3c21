"""The exact step of linear equations with constant coefficients, as the statements and numbers of a kernel.

A few variables get a sum each, without the terms that are zero by the structure of the system. The sums of many variables
would take minutes to compile: they become one loop over a matrix (see `Product`).
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError, Tree, shown
from brainsim.equations.statements import formula
from brainsim.equations.steps.linear import covariance, factor, one_step, reachable
from brainsim.equations.steps.step import Product

if TYPE_CHECKING:
    from brainsim.equations.steps.step import Writer
    from brainsim.equations.system import System

LESS_ONE = "_less_one"  # suffix of the factor by which a variable multiplies itself in a step, minus 1
MAX_TERMS = 300  # of sums that are written out: they take 3 s to compile, twice as many 5 s, and 1600 15 s

Coefficients = dict[str, dict[str, Tree]]


def linear_part(system: System, variables: Sequence[str], label: str, keep_all: bool = True) -> Coefficients:
    """Find the variables whose derivatives are linear with constant coefficients in these variables alone.

    Returns a dict variable -> {name: tree} of coefficients. The names are the variables, the values held over a step, and
    ``""`` for the constant. Noise must be additive. With ``keep_all=False`` the result is a system that depends on no
    other variables: variables that depend on one that is not linear are dropped too.
    """
    kept = set(variables)
    while True:
        coefficients = {}
        for name in (n for n in variables if n in kept):
            row = _coefficients(system, name, [*(n for n in variables if n in kept), *system.held], label)
            gains = [system.full(gain, label) for gain in system.noise.get(name, {}).values()]
            if row is not None and not any(lang.names_in(t) & system.varying for t in [*row.values(), *gains]):
                coefficients[name] = row
        if keep_all or set(coefficients) == kept:
            return coefficients
        kept = set(coefficients)


def exact_lines(writer: Writer, coefficients: Coefficients) -> tuple[Propagator, list[str]]:
    """Add the lines of the exact step.

    Returns (compute, normals): what computes the constants in the lines, and the names of the normal numbers.
    While a cell is refractory its frozen variables are clamped, so variables that depend on them follow another system.
    Both are computed, and the kernel selects one of them.
    """
    matrix = _Matrix(writer.system, coefficients)
    entries = {constant: key for terms in matrix.sums.values() for constant, (key, _) in terms.items()}
    if matrix.many:
        writer.product, entries = matrix.product()
    for (i, held), terms in matrix.sums.items():
        name, word = matrix.variables[i], "held" if held else "new"
        if matrix.many:
            total = formula("x + change", x=name, change=change_name(name, held))
        else:
            products = [formula("a*b", a=a, b=b) if b else ast.Name(a) for a, (_, b) in terms.items()]
            total = functools.reduce(lambda a, b: ast.BinOp(a, ast.Add(), b), products)
        writer.add(f"_{name}_{word}", "flushed(total)", total=total)
        if held:
            writer.add(f"_{name}_new", "moved if _free else held", moved=f"_{name}_new", held=f"_{name}_held")
    return Propagator(matrix, entries), [f"_z__of_{name}" for name in matrix.noisy]


def change_name(variable: str, held: bool) -> str:
    """Return the name of the change of a variable in a step, with the frozen variables held or not."""
    return f"_{variable}_{'heldchange' if held else 'change'}"


class Propagator:
    """Computes the constants in the lines of an exact step, and their derivatives; `entries` has (letter, row, column)."""

    def __init__(self, matrix: _Matrix, entries: Mapping[str, tuple[str, int, int]]):
        self._matrix, self._entries = matrix, entries

    def __call__(self, values: dict[str, Any], dt: float) -> dict[str, Any]:
        """Return constant -> number, computed from the parameters."""
        matrix, entries = self._matrix, self._entries
        numbers = matrix.numbers(values, dt, ())
        if matrix.depend_on_frozen:
            held = matrix.numbers(values, dt, matrix.frozen)
            numbers |= {("h" if key[0] == "p" else "m", *key[1:]): value for key, value in held.items()}
        diagonal = {constant: key for constant, key in entries.items() if key[0] in "ph" and key[1] == key[2]}
        less_one = {constant + LESS_ONE: numbers[key] - 1.0 for constant, key in diagonal.items()}
        return {constant: numbers[key] for constant, key in entries.items()} | less_one

    @property
    def terms(self) -> dict[tuple[str, str], str]:
        """Return (variable, column) -> the constant that `rates` computes, of the terms of the equations themselves."""
        columns, rows = self._matrix.columns, self._matrix.coefficients.items()
        found = [(name, column) for name, row in rows for column in columns if not algebra.is_zero(row[column])]
        return {(name, column): f"_a__{name}__{column}" for name, column in found}

    def rates(self, values: dict[str, Any], dt: float) -> dict[str, Any]:
        """Return constant -> number of the terms of the equations [1/ms times the unit of the variable]."""
        matrix, columns = self._matrix.of_cells(values, dt, ()), self._matrix.columns
        entries = dict(_entries(matrix, len(self._matrix.variables), len(columns)))
        place = {name: i for i, name in enumerate(self._matrix.variables)}
        return {constant: entries[place[n], columns.index(column)] for (n, column), constant in self.terms.items()}

    def fastest(self, values: dict[str, Any], dt: float) -> Any:
        """Return the largest rate at which a mode of the equations changes [1/ms], or one for each cell."""
        n = len(self._matrix.variables)
        rates = np.abs(np.linalg.eigvals(self._matrix.of_cells(values, dt, ())[..., :n, :n]))
        return rates.max(axis=-1, initial=0.0)

    def depending(self, name: str) -> dict[tuple[int, int], Tree]:
        """Return (row, column) -> coefficient of the equations, of those that contain a parameter."""
        rows, columns = self._matrix.coefficients.values(), self._matrix.columns
        found = {(i, j): row[column] for i, row in enumerate(rows) for j, column in enumerate(columns)}
        return {key: tree for key, tree in found.items() if name in lang.names_in(tree)}

    def touched(self, by: Mapping[tuple[int, int], Any]) -> set[str]:
        """Return the constants that depend on some coefficients, with no variable frozen."""
        direct = np.zeros(self._matrix.structure.shape, int)
        for i, j in by:
            direct[i, j] = 1
        reach = self._matrix.reach.astype(int)
        reached = reach @ direct @ reach > 0
        return {constant for constant, (i, j) in self._of_step() if reached[i, j]}

    def slopes(self, by: Mapping[tuple[int, int], Tree], values: dict[str, Any], dt: float) -> dict[str, float]:
        """Return constant -> its derivative with respect to a parameter, without noise and with no variable frozen.

        `by` leads from (row, column) to the derivative of that coefficient with respect to the parameter.
        """
        size = len(self._matrix.columns)
        both = np.zeros((2 * size, 2 * size))  # the exponential of [[A, B], [0, A]] has the derivative of exp(A) along B
        both[:size, :size] = both[size:, size:] = self._matrix.filled(values, dt, (), ())
        for (i, j), tree in by.items():
            both[i, size + j] = lang.compute(tree, values | {"dt": dt, "pi": np.pi})
        slope = one_step(both, dt)[:size, size:]
        return {constant: float(slope[i, j]) for constant, (i, j) in self._of_step()}

    def _of_step(self):
        """Return (constant, (row, column)) of the constants of the step itself."""
        found = [(constant, (i, j)) for constant, (letter, i, j) in self._entries.items() if letter == "p"]
        return found + [(constant + LESS_ONE, (i, j)) for constant, (i, j) in found if i == j]


class _Matrix:
    """The matrix of a linear system: its structure, and its numbers computed from the parameters.

    The letter of a constant says which matrix it is from: ``p`` the step, ``l`` the factor of the covariance of the noise;
    ``h`` and ``m`` the same while the frozen variables are clamped.
    """

    def __init__(self, system, coefficients):
        self.coefficients, self.variables = coefficients, list(coefficients)
        self.columns = [*self.variables, "", *system.held]
        n = len(self.variables)
        self.structure = np.zeros((len(self.columns), len(self.columns)), dtype=bool)
        for i, row in enumerate(coefficients.values()):
            self.structure[i] = [not algebra.is_zero(row[name]) for name in self.columns]
        self.reach = reachable(self.structure)
        self.gains = [system.noise.get(name, {}) for name in self.variables]
        self.sources = sorted({noise for gains in self.gains for noise in gains})
        direct = np.array([[noise in gains for noise in self.sources] for gains in self.gains], dtype=int)
        reached = self.reach[:n, :n].astype(int) @ direct.reshape(n, len(self.sources)) > 0
        # variables without a common source of noise are independent; each of the others is a sum of normals, its own and
        # those of the variables before it
        self.shared = reachable((reached.astype(int) @ reached.T.astype(int)) > 0) if n else reached
        self.noisy = [name for name, row in zip(self.variables, reached, strict=True) if row.any()]
        trees = [tree for row in coefficients.values() for tree in row.values()]
        trees += [gain for gains in self.gains for gain in gains.values()]
        self.names = set().union(*map(lang.names_in, trees))
        self.frozen = [i for i, name in enumerate(self.variables) if name in system.frozen and system.refractory is not None]
        self.depend_on_frozen = [i for i in range(n) if i not in self.frozen and self.reach[i, self.frozen].any()]
        # the sum that each variable is after a step, and after a step with the frozen variables clamped:
        # (i, clamped) -> {constant: ((letter, row, column), name of its factor)}
        self.sums = {(i, False): self._sum(i, "p", "l") for i in range(n)}
        self.sums |= {(i, True): self._sum(i, "h", "m") for i in self.depend_on_frozen}
        self.many = sum(len(terms) for terms in self.sums.values()) > MAX_TERMS

    def _sum(self, i, letter, noise_letter):
        """Return constant -> (its place, name of its factor, "" for the constant 1) of variable i."""
        name, terms = self.variables[i], {}
        for j, column in enumerate(self.columns):
            if self.reach[i, j]:
                terms[f"_{letter}__{name}__{column}"] = (letter, i, j), column
        for j, other in enumerate(self.variables[: i + 1]):
            if name in self.noisy and other in self.noisy and self.shared[i, j]:
                terms[f"_{noise_letter}__{name}__{other}"] = (noise_letter, i, j), f"_z__of_{other}"
        return terms

    def product(self):
        """Return the sums as a Product, and constant -> (letter, row, column) of all of its matrix, zeros included."""
        used = {factor for terms in self.sums.values() for _, factor in terms.values()}
        columns = [(j, column) for j, column in enumerate(self.columns) if column in used]
        normals = [(self.variables.index(name), name) for name in self.noisy]
        entries, constants = {}, []
        for places, letters in ((columns, "ph"), (normals, "lm")):
            for j, column in places:
                for i, held in self.sums:
                    constant = f"_{letters[held]}__{self.variables[i]}__{column}"
                    entries[constant] = letters[held], i, j
                    # the step changes a variable by the matrix minus 1, which keeps its digits in single precision
                    constants.append(constant + LESS_ONE * (places is columns and i == j))
        inputs = [column or "1.0" for _, column in columns] + [f"_z__of_{name}" for _, name in normals]
        outputs = [change_name(self.variables[i], held) for i, held in self.sums]
        return Product(tuple(inputs), tuple(outputs), tuple(constants)), entries

    def numbers(self, values, dt, frozen):
        """Return (letter, row, column) -> number; the variables in `frozen` are clamped."""
        n, m = len(self.variables), len(self.columns)
        matrix, known = self.of_cells(values, dt, frozen), values | {"dt": dt, "pi": np.pi}
        shape = matrix.shape[:-2]
        numbers = {("p", i, j): number for (i, j), number in _entries(one_step(matrix, dt), n, m)}
        if self.noisy:
            gains = np.zeros((*shape, n, len(self.sources)))
            for i, row in enumerate(self.gains):
                for noise, gain in row.items():
                    if i not in frozen:
                        gains[..., i, self.sources.index(noise)] = _finite(gain, known, self.variables[i])
            root = factor(covariance(matrix[..., :n, :n], gains, dt))
            numbers |= {("l", i, j): number for (i, j), number in _entries(root, n, n)}
        return numbers

    def of_cells(self, values, dt, frozen):
        """Return the matrix, or a stack with one for each cell if its own parameters differ from cell to cell."""
        values = {name: value for name, value in values.items() if name in self.names}
        size = max([np.size(v) for v in values.values() if np.ndim(v)], default=0)
        return self.filled(values, dt, frozen, (size,) if size else ())

    def filled(self, values, dt, frozen, shape):
        """Return the matrix, or a stack of them of some shape."""
        known, m = values | {"dt": dt, "pi": np.pi}, len(self.columns)
        matrix = np.zeros((*shape, m, m))
        for i, row in enumerate(self.coefficients.values()):
            for j, column in enumerate(self.columns):
                if self.structure[i, j] and i not in frozen:
                    matrix[..., i, j] = _finite(row[column], known, self.variables[i])
        return matrix


def _finite(tree, known, variable):
    """Return the value of a coefficient; raise FloatingPointError if it is not finite, as after a division by 0."""
    with np.errstate(all="ignore"):
        value = lang.compute(tree, known)
    wrong = ~np.isfinite(np.atleast_1d(value))
    if not wrong.any():
        return value
    cell = int(np.flatnonzero(wrong)[0])
    used = {name: np.ravel(known[name]) for name in sorted(lang.names_in(tree))}
    numbers = ", ".join(f"{name} = {values[cell if values.size > 1 else 0]:g}" for name, values in used.items())
    text = f"{shown(tree)} in d{variable}/dt is {np.atleast_1d(value)[cell]}"
    hint = "is there a division by 0, or the root or logarithm of a negative number?"
    raise FloatingPointError(f"{text}{f' with {numbers}' if numbers else ''}; {hint}")


def _entries(matrix, rows, columns):
    """Yield ((i, j), number) of a matrix, or ((i, j), array with one number per cell) of a stack."""
    for i in range(rows):
        for j in range(columns):
            entry = matrix[..., i, j]
            yield (i, j), entry.copy() if entry.ndim else float(entry)


def _coefficients(system, variable, names, label):
    try:
        rest = system.full(system.derivatives[variable], label)
    except EquationError:  # too large
        return None
    row, used = {}, lang.names_in(rest)
    for name in names:
        parts = algebra.linear_in(rest, name) if name in used else (algebra.ZERO, rest)
        if parts is None:
            return None
        row[name], rest = parts
    return row | {"": rest}
