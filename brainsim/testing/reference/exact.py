"""A cell with its receptors as one system of equations, and the exact step of it where it is linear."""

from dataclasses import dataclass

import numpy as np

from brainsim.testing.reference.equations import Scope, evaluate, linear_in, names_in, renamed


def expm(matrices):
    """Return the exponential of each matrix (cells, n, n): a series of a small part of it, doubled up to the whole."""
    doublings = max(0, int(np.ceil(np.log2(max(1e-300, np.abs(matrices).sum(axis=-1).max(initial=0.0))))) + 3)
    part, result, one = matrices / 2.0**doublings, 0.0, np.eye(matrices.shape[-1])
    for k in range(14, 0, -1):
        result = part @ (one + result) / k
    for _ in range(doublings):
        result = 2.0 * result + result @ result
    return one + result


class Impossible(Exception):  # noqa: N818 - another method is taken
    """A method that cannot integrate these equations."""


@dataclass
class System:
    """A cell with its receptors.

    - `derivatives`: variable -> tree, without noise; `lines`: name -> tree of the other lines; `frozen`: variables
    - `noise`: variable -> {noise: tree of what it is multiplied by}
    - `held`: names whose value is constant within a step: the injected current, and tables
    - `known`: name -> value of the parameters, numbers or arrays
    """

    derivatives: dict
    lines: dict
    noise: dict
    held: tuple
    known: dict
    frozen: tuple

    def full(self, tree, about=None):
        """Return a tree with the lines put in, all or those that depend on one name."""
        while names := {n for n in names_in(tree) & self.lines.keys() if about is None or self.depends(n, about)}:
            tree = renamed(tree, {name: self.lines[name] for name in names})
        return tree

    def depends(self, line, name):
        """Return whether a line depends on a name."""
        return name in (used := names_in(self.lines[line])) or any(self.depends(n, name) for n in used & self.lines.keys())

    def varying(self):
        """Return the names whose values change in time."""
        return {*self.derivatives, *self.lines, *self.held, "t"}

    def noises(self):
        """Return the names of all noises."""
        return list(dict.fromkeys(noise for gains in self.noise.values() for noise in gains))

    def multiplicative(self, name):
        """Return whether the noise of a variable depends on variables."""
        return any(names_in(self.full(gain)) & self.derivatives.keys() for gain in self.noise.get(name, {}).values())


@dataclass
class Moment:
    """What is known at a step: its beginning `t` and length `dt` [ms], `held` values, and which cells are `free`."""

    t: float
    dt: float
    held: dict
    free: np.ndarray

    def scope(self, system, x, t=None):
        """Return the Scope of variables at a time within the step."""
        values = system.known | self.held | x | {"t": self.t if t is None else t, "dt": self.dt, "pi": np.pi}
        return Scope(values, system.lines)

    def unless_frozen(self, system, name, new, old):
        """Return a variable that has moved, unless it is frozen."""
        return np.where(self.free, new, old) if name in system.frozen else new


class Exact:
    """The exact step of linear equations with constant coefficients: a matrix exponential, and noise of its covariance."""

    def __init__(self, system, partly=False):
        self.system, self.rows = system, self._linear_part(system, partly)
        if not partly and len(self.rows) < len(system.derivatives):
            raise Impossible
        self.variables = [*self.rows]
        self.columns = [*self.variables, *system.held, ""]
        reached = {name: self._sources(name) for name in self.variables}
        self.noises = [name for name in self.variables if reached[name]]
        self._matrices = {}

    def _linear_part(self, system, partly):
        """Return variable -> {column: tree}; if `partly`, of those that depend on none that is not linear."""
        kept = [*system.derivatives]
        while True:
            rows = {name: row for name in kept if (row := self.row(system, name, kept)) is not None}
            if not partly or len(rows) == len(kept):
                return rows
            kept = [*rows]

    @staticmethod
    def row(system, name, kept):
        """Return column -> coefficient of an equation, "" for the constant; None if it is not linear."""
        rest, row = system.full(system.derivatives[name]), {}
        for column in [*kept, *system.held]:
            parts = (None, None) if rest is None else linear_in(rest, column)
            if parts is None:
                return None
            row[column], rest = parts
        row[""] = rest
        trees = [tree for tree in row.values() if tree is not None]
        trees += [system.full(gain) for gain in system.noise.get(name, {}).values()]
        return None if any(names_in(tree) & system.varying() for tree in trees) else row

    def _sources(self, name, seen=()):
        """Return the noises that reach a variable, by way of others too."""
        found = {*self.system.noise.get(name, {})}
        for other in self.variables:
            if other not in (*seen, name) and self.rows[name][other] is not None:
                found |= self._sources(other, (*seen, name))
        return found

    def _matrix(self, scope, clamped, n):
        """Return the matrices (cells, rows, columns) of the equations; those of `clamped` variables are 0."""
        size = len(self.columns)
        matrix = np.zeros((n, size, size))
        for i, name in enumerate(self.variables):
            for j, column in enumerate(self.columns):
                if self.rows[name][column] is not None and name not in clamped:
                    matrix[:, i, j] = evaluate(self.rows[name][column], scope)
        return matrix

    def _root_of_noise(self, scope, matrix, clamped, dt):
        """Return L with ``L L' = integral of exp(A s) G G' exp(A' s)`` over a step, Van Loan (1978)."""
        n, k = len(self.variables), len(self.system.noises())
        gains = np.zeros((len(matrix), n, k))
        for i, name in enumerate(self.variables):
            for noise, gain in self.system.noise.get(name, {}).items() if name not in clamped else ():
                gains[:, i, self.system.noises().index(noise)] = evaluate(gain, scope)
        parts = max(0, int(np.ceil(np.log2(max(1e-9, np.abs(matrix).sum(axis=-1).max() * dt)))))
        a, g = matrix[:, :n, :n], gains @ gains.swapaxes(1, 2)
        block = np.block([[-a, g], [np.zeros_like(a), a.swapaxes(1, 2)]])
        whole = expm(block * dt / 2.0**parts)
        step = whole[:, n:, n:].swapaxes(1, 2)
        covariance = step @ whole[:, :n, n:]
        for _ in range(parts):  # of two steps in a row
            covariance, step = covariance + step @ covariance @ step.swapaxes(1, 2), step @ step
        return lower_root(covariance)

    def _numbers(self, moment, clamped):
        """Return the matrix of a step, and L: one for all cells if they have the same parameters."""
        key = (moment.dt, clamped)
        if key not in self._matrices:
            used = [self.system.known[n] for n in self._names() if n in self.system.known]
            n = max([1, *(np.size(value) for value in used)])
            scope = Scope(self.system.known | {"dt": moment.dt, "pi": np.pi})
            matrix = self._matrix(scope, clamped, n)
            root = self._root_of_noise(scope, matrix, clamped, moment.dt) if self.noises else None
            self._matrices[key] = expm(matrix * moment.dt), root
        return self._matrices[key]

    def _names(self):
        trees = [tree for row in self.rows.values() for tree in row.values() if tree is not None]
        trees += [gain for name in self.variables for gain in self.system.noise.get(name, {}).values()]
        return set().union(*(names_in(tree) for tree in trees)) if trees else set()

    def __call__(self, x, moment, z):
        """Return all variables after a step; those that depend on frozen ones follow other equations while these are."""
        held = {name: np.broadcast_to(moment.held[name], moment.free.shape) for name in self.system.held}
        column = [*(x[name] for name in self.variables), *held.values(), np.ones(moment.free.shape)]
        column = np.array(np.broadcast_arrays(*column)).T[..., None]

        def moved(clamped):
            step, root = self._numbers(moment, clamped)
            new = (step @ column)[..., 0]
            if self.noises:
                normals = [z.get(name, np.zeros(moment.free.shape)) for name in self.variables]
                new[:, : len(self.variables)] += (root @ np.array(normals).T[..., None])[..., 0]
            return new

        new = moved(())
        if not moment.free.all() and self.system.frozen:
            new = np.where(moment.free[:, None], new, moved(self.system.frozen))
        return {name: new[:, k] for k, name in enumerate(self.variables)}


def lower_root(covariance):
    """Return the lower triangular root of covariances (cells, n, n), which may be singular."""
    root = np.zeros_like(covariance)
    for j in range(covariance.shape[-1]):
        left = covariance[:, j, j] - (root[:, j, :j] ** 2).sum(axis=-1)
        root[:, j, j] = np.sqrt(np.where(left > 1e-13 * covariance[:, j, j], left, 0.0))
        for i in range(j + 1, covariance.shape[-1]):
            rest = covariance[:, i, j] - (root[:, i, :j] * root[:, j, :j]).sum(axis=-1)
            root[:, i, j] = np.where(root[:, j, j] > 0.0, rest / np.where(root[:, j, j] > 0.0, root[:, j, j], 1.0), 0.0)
    return root


def linear_equations(system):
    """Return the variables whose equations are linear with constant coefficients, whatever they depend on."""
    return [name for name in system.derivatives if Exact.row(system, name, [*system.derivatives]) is not None]
