"""A cell with the synapses on it: one checked system of equations.

`compose` joins the equations of a neuron with those of its receptors. The names of a receptor get a prefix (``r0_g``), and
the neuron's ``I`` becomes the sum of the receptors' currents, plus ``I_ext`` if a current is injected.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence
from dataclasses import dataclass

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import NOW, RANDOM, EquationError, Tree
from brainsim.equations.model_parser import CONSTANTS, NOISE
from brainsim.equations.parsed import CellEquations, ReceptorEquations

CURRENT = "current"  # of a receptor


@dataclass(frozen=True, eq=False)
class System:
    """A cell with its receptors; assignments are pairs (variable, tree), in order.

    - `variables`: in the order of the rows of the state array: those of the neuron, then those of each receptor
    - `derivatives`: without noise, in variables, parameters, algebraic lines, ``dt``, ``t``, ``I_ext`` and values of tables
    - `algebraic`: name -> tree of the lines that change in time; each needs only the lines before it
    - `noise`: variable -> {name: gain}, ``dx = f dt + gain dW`` with a Wiener process for each name
    - `arrivals`: for each receptor the pairs (variable, gain); an event of weight w adds ``gain*w`` to the variable
    - `direct`: for each receptor, whether its events are added directly to its variable; see `ReceptorEquations.direct`
    - `each_step`: assignments at the end of each step, before the threshold and the events are tested
    - `frozen`: variables that are clamped while a cell is refractory; `kept`: whether events are added to them meanwhile
    - `refractory`: the refractory time in ms, or the condition that keeps a cell refractory
    - `external_current`: whether the cells have an injected current, ``I_ext``
    - `substeps`: number of steps of the method in one dt
    - `spikes`: how many spikes a cell sends if the threshold holds, None for one
    - `curves`: parameters that are functions given by points, which equations call
    - `pulses`: the variables that events which add to I act on, as a system of their own; None without such events
    """

    variables: tuple[str, ...]
    derivatives: dict[str, Tree]
    algebraic: dict[str, Tree]
    noise: dict[str, dict[str, Tree]]
    arrivals: tuple
    direct: tuple[bool, ...]
    threshold: Tree | None
    reset: tuple
    events: tuple
    each_step: tuple
    frozen: frozenset[str]
    kept: bool
    refractory: Tree | None
    external_current: bool
    tables: tuple[str, ...]
    substeps: int
    spikes: Tree | None = None
    pulses: System | None = None
    curves: tuple[str, ...] = ()

    @property
    def buffered(self) -> tuple[int, ...]:
        """Indices of the receptors whose events are summed in a buffer of inputs and added by the kernel."""
        return tuple(k for k, direct in enumerate(self.direct) if not direct)

    @property
    def held(self) -> tuple[str, ...]:
        """Names that are constant within a step and change between steps: the injected current and values of tables."""
        return ("I_ext", *(name + NOW for name in self.tables))

    @functools.cached_property
    def varying(self) -> frozenset[str]:
        """Names whose values change in time."""
        return frozenset({*self.variables, *self.algebraic, *self.held, "t"})

    @property
    def fixed_time(self) -> bool:
        """Whether there is a refractory time that does not change in time."""
        return self.refractory is not None and not lang.is_condition(self.refractory) and not self.changes(self.refractory)

    def changes(self, tree: Tree) -> bool:
        """Return whether the value of a tree changes in time."""
        return bool(lang.names_in(tree) & self.varying or lang.calls_in(tree) & RANDOM)

    def full(self, tree: Tree, label: str, about: str | None = None) -> Tree:
        """Return a tree with the algebraic lines substituted: all of them, or those that depend on the name `about`."""
        lines = self.algebraic if about is None else {n: t for n, t in self.algebraic.items() if about in self._needs[n]}
        return lang.resolve(tree, lines, label)

    def gap(self, label: str, message: str) -> Tree:
        """Return the distance to the threshold, > 0 beyond it; raise EquationError if it is not one comparison."""
        test: Tree = self.threshold
        if not (isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Gt | ast.GtE | ast.Lt | ast.LtE)):
            raise EquationError(label, f"{message} one comparison, such as 'v >= v_th'", ast.unparse(test))
        left, right = test.left, test.comparators[0]
        if isinstance(test.ops[0], ast.Lt | ast.LtE):
            left, right = right, left
        return self.full(ast.BinOp(left, ast.Sub(), right), label)

    @functools.cached_property
    def _needs(self):
        """Algebraic line -> the variables on which it depends, directly or through other lines."""
        needs, variables = {}, {*self.variables}
        for name, tree in self.algebraic.items():
            direct = lang.names_in(tree)
            needs[name] = (direct & variables).union(*(needs[n] for n in direct if n in needs))
        return needs


def compose(cell: CellEquations, receptors: Sequence[ReceptorEquations], *, external_current: bool, label: str) -> System:
    """Join the equations of a neuron with those of the receptors on it."""
    currents, arrivals = [], []
    derivatives: dict[str, Tree] = {}
    lines: dict[str, Tree] = {}
    tables, curves, reset = [*sorted(cell.tables)], [*sorted(cell.curves)], [*cell.reset]
    for index, receptor in enumerate(receptors):
        names = {*receptor.derivatives, *receptor.algebraic}
        prefix = prefix_of(index)
        derivatives |= {prefix + n: add_prefix(tree, prefix, names) for n, tree in receptor.derivatives.items()}
        lines |= {prefix + n: add_prefix(tree, prefix, names) for n, tree in receptor.algebraic.items()}
        tables += [prefix + name for name in sorted(receptor.tables)]
        curves += [prefix + name for name in sorted(receptor.curves)]
        uses = [receptor.current, *receptor.algebraic.values()] if receptor.current is not None else []
        of_gate = [] if receptor.arrivals else [*receptor.derivatives.values(), *receptor.algebraic.values()]
        if any("v" in lang.names_in(tree) - names for tree in uses + of_gate) and "v" not in cell.derivatives:
            what = "the gate" if of_gate else "a synapse's current"
            raise EquationError(label, f"{what} depends on 'v', which these cells do not have")
        currents += [add_prefix(tree, prefix, names) for tree in uses[:1]]
        for name, _ in receptor.arrivals:
            if name not in names and name not in cell.derivatives and name != "I":
                raise EquationError(label, f"a synapse adds to {name!r}, which these cells do not have")
        _check_jumps(cell, receptor, label)
        arrivals.append(tuple((prefix + n if n in names else n, add_prefix(g, prefix, names)) for n, g in receptor.arrivals))
        if receptor.spike and cell.threshold is None:
            raise EquationError(label, "spikes of the source act on the gate, but these cells never spike")
        reset += [(prefix + n, add_prefix(tree, prefix, names)) for n, tree in receptor.spike]
    if (currents or external_current) and not cell.uses_current:
        raise EquationError(label, "the neuron's equations have no I, so no synaptic or injected current can reach it")
    of_cell, algebraic = _with_current(cell, currents, external_current)
    derivatives, algebraic = _fold(of_cell | derivatives, lines | algebraic, tables, label)
    drift, noise = _noise_apart(derivatives)
    return System(
        variables=tuple(drift),
        derivatives=drift,
        algebraic=algebraic,
        noise=noise,
        arrivals=tuple(arrivals),
        direct=tuple(r.direct for r in receptors),
        threshold=cell.threshold,
        reset=tuple(reset),
        events=cell.events,
        each_step=cell.each_step,
        frozen=cell.frozen,
        kept=cell.kept,
        refractory=cell.refractory,
        external_current=external_current,
        tables=tuple(tables),
        substeps=cell.substeps,
        spikes=cell.spikes,
        curves=tuple(curves),
    )


def _check_jumps(cell, receptor, label):
    """Raise EquationError if an event adds to a variable of the cell a quantity in another unit."""
    for name, jump in receptor.jumps.items():
        dimension = cell.units.get(name)
        if dimension is not None and not dimension.fits(jump):
            unit = str(receptor.weight * dimension * jump**-1)
            hint = f"write weight_unit = {'' if unit == '1' else unit!r} in the class of the synapse, or within Delta()"
            message = f"a synapse adds to {name!r}, which is {dimension.phrase}, but what it adds is {jump.phrase}"
            raise EquationError(label, f"{message}; {hint}")


def prefix_of(index: int) -> str:
    """Return the prefix of the names of the receptor with this index within a system."""
    return f"r{index}_"


def _with_current(cell, currents, external_current):
    """Substitute the sum of all currents for I, or make it a line ``I = ...`` if I occurs more than once."""
    total = ast.Name("I_ext") if external_current else algebra.ZERO
    for tree in currents:
        total = algebra.plus(total, tree)
    trees = [*cell.derivatives.values(), *cell.algebraic.values()]
    occurrences = sum(isinstance(n, ast.Name) and n.id == "I" for tree in trees for n in ast.walk(tree))
    if occurrences > 1 and not isinstance(total, ast.Constant | ast.Name):
        return dict(cell.derivatives), {"I": total, **cell.algebraic}

    def with_total(tree):
        return algebra.simplify(lang.substitute(tree, {"I": total}))

    return {n: with_total(t) for n, t in cell.derivatives.items()}, {n: with_total(t) for n, t in cell.algebraic.items()}


def _fold(derivatives, algebraic, tables, label):
    """Substitute the algebraic lines that never change in time, so that they are computed once with the constants."""
    varying = {*derivatives, "I_ext", "t", *(name + NOW for name in tables)}
    fixed, lines = {}, {}
    for name, tree in algebraic.items():
        tree = lang.expand(tree, fixed, label)
        names = lang.names_in(tree)
        if names & varying or names & lines.keys():
            lines[name] = tree
        else:
            fixed[name] = tree
    return {name: lang.expand(tree, fixed, label) for name, tree in derivatives.items()}, lines


def _noise_apart(derivatives):
    """Split each derivative into the part without noise and the gain of each noise; `xi` is a separate noise in each."""
    drift, noise = {}, {}
    for name, tree in derivatives.items():
        for xi in sorted(n for n in lang.names_in(tree) if NOISE.fullmatch(bare(n))):
            gain, tree = algebra.linear_in(tree, xi)
            noise.setdefault(name, {})[name if bare(xi) == "xi" else xi] = gain
        drift[name] = tree
    return drift, noise


def bare(name: str) -> str:
    """Return a name without the prefix of a receptor."""
    head, _, tail = name.partition("_")
    return tail if head[:1] == "r" and head[1:].isdigit() else name


def add_prefix(tree, prefix, variables):
    """Add a prefix to the names of a receptor, except for the target's ``v``, the time and the constants."""
    common = {*CONSTANTS, "t"}
    names = {n: ast.Name(prefix + n) for n in lang.names_in(tree) if n not in common and (n != "v" or n in variables)}
    return lang.substitute(tree, names)


def lines_of(
    cell: CellEquations, receptors: Sequence[ReceptorEquations], labels: Sequence[str], external_current: bool
) -> dict[str, Tree]:
    """Return the trees of all lines and currents, in the names of the composed `System`, of variables and parameters.

    A kernel computes them at each step and forgets them; recorders compute them again from what they have sampled. The keys
    are the user's names: ``"alpha_m"``, ``"nmda.block"`` with the receptor's name from `labels`; ``"nmda.current"``, what
    the receptor sends into the cell; ``"I"``, the sum of all currents; ``"I_ext"``, the injected one.
    """
    total: Tree = ast.Name("I_ext") if external_current else algebra.ZERO
    injected, named, lines = total, {}, {}
    for index, (receptor, label) in enumerate(zip(receptors, labels, strict=True)):
        prefix, names = prefix_of(index), {*receptor.derivatives, *receptor.algebraic}
        for name, tree in receptor.algebraic.items():
            lines[prefix + name] = named[f"{label}.{name}"] = add_prefix(tree, prefix, names)
        if receptor.current is not None:
            current = add_prefix(receptor.current, prefix, names)
            total = algebra.plus(total, current)
            named.setdefault(f"{label}.{CURRENT}", current)
    for name, tree in cell.algebraic.items():
        lines[name] = named[name] = lang.substitute(tree, {"I": total})
    if cell.uses_current:
        named.setdefault("I", total)
        named.setdefault("I_ext", injected)
    return {name: lang.resolve(tree, lines, name) for name, tree in named.items()}
