"""The exact step of what is linear with constant coefficients, as lines and numbers of a kernel."""

import numpy as np

from brainsim.equations import language as lang
from brainsim.equations import trees
from brainsim.equations.grammar import EquationError
from brainsim.equations.linear import covariance, factor, one_step, reachable


def linear_part(system, variables, where, keep_all=True):
    """Find the variables whose derivatives are linear with constant coefficients in these variables alone.

    Returns a dict variable -> {name: tree}, the coefficients of each variable, of what is held over a step and of ``""``
    (the constant). Noise must be additive. With ``keep_all=False`` variables that lean on one that is not linear are
    dropped too, until the set stands by itself.
    """
    kept = set(variables)
    while True:
        found = {}
        for name in (n for n in variables if n in kept):
            row = _coefficients(system, name, [*(n for n in variables if n in kept), *system.held], where)
            gains = [system.full(gain, where) for gain in system.noise.get(name, {}).values()]
            if row is not None and not any(lang.names_in(t) & system.varying for t in [*row.values(), *gains]):
                found[name] = row
        if keep_all or set(found) == kept:
            return found
        kept = set(found)


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
    frozen = [i for i, name in enumerate(matrix.variables) if name in system.frozen and system.refractory is not None]
    leaning = [i for i in range(len(matrix.variables)) if i not in frozen and matrix.reach[i, frozen].any()]
    for i in leaning:
        name, held = matrix.variables[i], matrix.sum_of(i, "h", "m", places)
        writer.lines.append(f"_{name}_held = flushed({held})")
        writer.lines.append(f"_{name}_new = _{name}_new if _free else _{name}_held")

    def compute(values, dt):
        found = matrix.numbers(values, dt, ())
        if leaning:
            held = matrix.numbers(values, dt, frozen)
            found |= {("h" if key[0] == "p" else "m", *key[1:]): value for key, value in held.items()}
        return {constant: found[key] for constant, key in places.items()}

    return compute, [f"_z__{name}" for name in matrix.noisy]


class _Matrix:
    """The matrix of a linear system: its structure, and its numbers from those of the parameters."""

    def __init__(self, system, coefficients):
        self.coefficients, self.variables = coefficients, list(coefficients)
        self.columns = [*self.variables, "", *system.held]
        n = len(self.variables)
        self.structure = np.zeros((len(self.columns), len(self.columns)), dtype=bool)
        for i, row in enumerate(coefficients.values()):
            self.structure[i] = [not trees.is_zero(row[name]) for name in self.columns]
        self.reach = reachable(self.structure)
        self.gains = [system.noise.get(name, {}) for name in self.variables]
        self.sources = sorted({noise for gains in self.gains for noise in gains})
        direct = np.array([[noise in gains for noise in self.sources] for gains in self.gains], dtype=int)
        reached = self.reach[:n, :n].astype(int) @ direct.reshape(n, len(self.sources)) > 0
        # variables that share no source of noise are independent; the others are, one after the other, sums of normals
        self.shared = reachable((reached.astype(int) @ reached.T.astype(int)) > 0) if n else reached
        self.noisy = [name for name, row in zip(self.variables, reached, strict=True) if row.any()]

    def sum_of(self, i, letter, noise_letter, places):
        """Return the text of variable i after a step, and note in `places` which number each name in it stands for."""
        name, terms = self.variables[i], []
        for j, column in enumerate(self.columns):
            if self.reach[i, j]:
                constant = f"_{letter}_{name}__{column}"
                places[constant] = letter, i, j
                terms.append(f"{constant}*{column}" if column else constant)
        for j, other in enumerate(self.variables[: i + 1]):
            if name in self.noisy and other in self.noisy and self.shared[i, j]:
                constant = f"_{noise_letter}_{name}__{other}"
                places[constant] = noise_letter, i, j
                terms.append(f"{constant}*_z__{other}")
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
                    matrix[..., i, j] = lang.evaluate(row[column], known)
        found = {("p", i, j): number for (i, j), number in _entries(one_step(matrix, dt), n, m)}
        if self.noisy:
            gains = np.zeros((*shape, n, len(self.sources)))
            for i, row in enumerate(self.gains):
                for noise, gain in row.items():
                    if i not in frozen:
                        gains[..., i, self.sources.index(noise)] = lang.evaluate(gain, known)
            root = factor(covariance(matrix[..., :n, :n], gains, dt))
            found |= {("l", i, j): number for (i, j), number in _entries(root, n, n)}
        return found


def _entries(matrix, rows, columns):
    """Go through ((i, j), number) of a matrix, or ((i, j), array of one number a cell) of a stack."""
    for i in range(rows):
        for j in range(columns):
            entry = matrix[..., i, j]
            yield (i, j), entry.copy() if entry.ndim else float(entry)


def _coefficients(system, variable, names, where):
    try:
        rest = system.full(system.derivatives[variable], where)
    except EquationError:  # too large
        return None
    row = {}
    for name in names:
        parts = trees.linear_in(rest, name)
        if parts is None:
            return None
        row[name], rest = parts
    return row | {"": rest}
