"""The exact step of what is linear with constant coefficients, as lines and numbers of a kernel."""

import numpy as np

from brainsim.equations import algebra
from brainsim.equations import language as lang
from brainsim.equations.grammar import EquationError, shown
from brainsim.equations.linear import covariance, factor, one_step, reachable

LESS_ONE = "_less_one"  # ends the name of what a variable multiplies itself by in a step, less one
MOST_TERMS = 300  # of the sums of a step: they take 3 s to compile, twice as many 5 s, and 1600 15 s


def linear_part(system, variables, label, keep_all=True):
    """Find the variables whose derivatives are linear with constant coefficients in these variables alone.

    Returns a dict variable -> {name: tree}, the coefficients of each variable, of what is held over a step and of ``""``
    (the constant). Noise must be additive. With ``keep_all=False`` variables that lean on one that is not linear are
    dropped too, until the set stands by itself, and then those that lean on the most others, until an exact step of what is
    left has at most `MOST_TERMS`.
    """
    kept = set(variables)
    while True:
        found = {}
        for name in (n for n in variables if n in kept):
            row = _coefficients(system, name, [*(n for n in variables if n in kept), *system.held], label)
            gains = [system.full(gain, label) for gain in system.noise.get(name, {}).values()]
            if row is not None and not any(lang.names_in(t) & system.varying for t in [*row.values(), *gains]):
                found[name] = row
        if keep_all or set(found) == kept:
            return found if keep_all else _short(system, found)
        kept = set(found)


def count_terms(system, coefficients):
    """Return how many terms the exact step has; each is a number that the kernel reads and multiplies by."""
    return _Matrix(system, coefficients).count_terms()


def _short(system, coefficients):
    """Return the coefficients without those variables that lean on the most others, while the step has too many terms."""
    while (matrix := _Matrix(system, coefficients)).count_terms() > MOST_TERMS:
        most = matrix.reach.sum(axis=1)[: len(coefficients)]
        # what leans on one that is dropped leans on as many and is dropped, too
        coefficients = {name: row for (name, row), n in zip(coefficients.items(), most, strict=True) if n < most.max()}
    return coefficients


def exact_lines(writer, coefficients):
    """Add the lines of the exact step; what the structure says is zero does not appear.

    Returns (compute, normals): the function of the numbers in the lines, and the names of the normal numbers. While a cell
    is refractory and something depends on a variable that stands still then, the system is another one: both are computed,
    and the kernel takes the one that holds.
    """
    system = writer.system
    matrix = _Matrix(system, coefficients)
    places = {}
    for i, name in enumerate(matrix.variables):
        writer.lines.append(f"_{name}_new = flushed({matrix.sum_of(i, 'p', 'l', places)})")
    for i in matrix.leaning:
        name, held = matrix.variables[i], matrix.sum_of(i, "h", "m", places)
        writer.lines.append(f"_{name}_held = flushed({held})")
        writer.lines.append(f"_{name}_new = _{name}_new if _free else _{name}_held")

    def compute(values, dt):
        found = matrix.numbers(values, dt, ())
        if matrix.leaning:
            held = matrix.numbers(values, dt, matrix.frozen)
            found |= {("h" if key[0] == "p" else "m", *key[1:]): value for key, value in held.items()}
        own = {constant: key for constant, key in places.items() if key[0] in "ph" and key[1] == key[2]}
        less_one = {constant + LESS_ONE: found[key] - 1.0 for constant, key in own.items()}
        return {constant: found[key] for constant, key in places.items()} | less_one

    return compute, [f"_z__of_{name}" for name in matrix.noisy]


class _Matrix:
    """The matrix of a linear system: its structure, and its numbers from those of the parameters."""

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
        # variables that share no source of noise are independent; the others are, one after the other, sums of normals
        self.shared = reachable((reached.astype(int) @ reached.T.astype(int)) > 0) if n else reached
        self.noisy = [name for name, row in zip(self.variables, reached, strict=True) if row.any()]
        self.frozen = [i for i, name in enumerate(self.variables) if name in system.frozen and system.refractory is not None]
        self.leaning = [i for i in range(n) if i not in self.frozen and self.reach[i, self.frozen].any()]

    def count_terms(self):
        """Return how many numbers the sums have, of refractory cells too."""
        places = {}
        for i in range(len(self.variables)):
            self.sum_of(i, "p", "l", places)
        for i in self.leaning:
            self.sum_of(i, "h", "m", places)
        return len(places)

    def sum_of(self, i, letter, noise_letter, places):
        """Return the text of variable i after a step, and note in `places` which number each name in it stands for."""
        name, terms = self.variables[i], []
        for j, column in enumerate(self.columns):
            if self.reach[i, j]:
                constant = f"_{letter}__{name}__{column}"
                places[constant] = letter, i, j
                terms.append(f"{constant}*{column}" if column else constant)
        for j, other in enumerate(self.variables[: i + 1]):
            if name in self.noisy and other in self.noisy and self.shared[i, j]:
                constant = f"_{noise_letter}__{name}__{other}"
                places[constant] = noise_letter, i, j
                terms.append(f"{constant}*_z__of_{other}")
        return " + ".join(terms)

    def numbers(self, values, dt, frozen):
        """Return (letter, i, j) -> number; rows of `frozen` stand still."""
        known = values | {"dt": dt, "pi": np.pi}
        size = max([np.size(v) for v in values.values() if np.ndim(v)], default=0)
        shape = (size,) if size else ()
        n, m = len(self.variables), len(self.columns)
        matrix = np.zeros((*shape, m, m))
        for i, row in enumerate(self.coefficients.values()):
            for j, column in enumerate(self.columns):
                if self.structure[i, j] and i not in frozen:
                    matrix[..., i, j] = _finite(row[column], known, self.variables[i])
        found = {("p", i, j): number for (i, j), number in _entries(one_step(matrix, dt), n, m)}
        if self.noisy:
            gains = np.zeros((*shape, n, len(self.sources)))
            for i, row in enumerate(self.gains):
                for noise, gain in row.items():
                    if i not in frozen:
                        gains[..., i, self.sources.index(noise)] = _finite(gain, known, self.variables[i])
            root = factor(covariance(matrix[..., :n, :n], gains, dt))
            found |= {("l", i, j): number for (i, j), number in _entries(root, n, n)}
        return found


def _finite(tree, known, variable):
    """Return the value of a coefficient; raise FloatingPointError where it is none, as after a division by 0."""
    with np.errstate(all="ignore"):
        value = lang.computed(tree, known)
    wrong = ~np.isfinite(np.atleast_1d(value))
    if not wrong.any():
        return value
    at = int(np.flatnonzero(wrong)[0])
    given = {name: np.ravel(known[name]) for name in sorted(lang.names_in(tree))}
    numbers = ", ".join(f"{name} = {values[at if values.size > 1 else 0]:g}" for name, values in given.items())
    text = f"{shown(tree)} in d{variable}/dt is {np.atleast_1d(value)[at]}"
    hint = "is there a division by 0, or the root or logarithm of a negative number?"
    raise FloatingPointError(f"{text}{f' with {numbers}' if numbers else ''}; {hint}")


def _entries(matrix, rows, columns):
    """Go through ((i, j), number) of a matrix, or ((i, j), array of one number a cell) of a stack."""
    for i in range(rows):
        for j in range(columns):
            entry = matrix[..., i, j]
            yield (i, j), entry.copy() if entry.ndim else float(entry)


def _coefficients(system, variable, names, label):
    try:
        rest = system.full(system.derivatives[variable], label)
    except EquationError:  # too large
        return None
    row = {}
    for name in names:
        parts = algebra.linear_in(rest, name)
        if parts is None:
            return None
        row[name], rest = parts
    return row | {"": rest}
