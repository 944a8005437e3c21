"""A cell with the synapses on it: one checked system of equations.

`compose` joins the equations of a neuron with those of its receptors. A receptor's names get a prefix (``r0_g``), and the
neuron's ``I`` becomes the sum of the receptors' currents and, where a current is injected, of ``I_ext``.
"""

import ast
import functools
from dataclasses import dataclass, replace

from brainsim.equations import algebra
from brainsim.equations import language as lang
from brainsim.equations.crossing import crossing_lines
from brainsim.equations.grammar import NOW, EquationError
from brainsim.equations.model_parser import CONSTANTS, NOISE


@dataclass(frozen=True)
class System:
    """A cell with its receptors.

    Attributes
    ----------
    variables : tuple of str
        State variables in the order of the rows of the state array: the neuron's, then each receptor's.
    derivatives : dict
        Variable -> tree of its time derivative without noise, in variables, parameters, algebraic lines, ``dt``, ``t``,
        ``I_ext`` and what tables hold now.
    algebraic : dict
        Name -> tree of the lines that change in time, in an order in which each needs only those before it.
    noise : dict
        Variable -> {name: gain}: ``dx = f dt + gain dW`` with a Wiener process for each name.
    arrivals : tuple of tuples
        For each receptor the pairs (variable, gain): an event of weight w adds ``gain*w`` to the variable.
    direct : tuple of bool
        For each receptor whether its events are added straight to its variable; see `ReceptorEquations.direct`.
    threshold, reset, events
        Tree of the spike condition or None; tuple of (variable, tree), carried out in this order; other events.
    frozen : frozenset
        Variables that stand still while a cell is refractory.
    refractory : tree or None
        The refractory time in ms, or the condition that keeps a cell refractory.
    external_current : bool
        Whether ``I_ext`` occurs: the cells have an injected current.
    tables : tuple of str
        TimedArrays.
    substeps : int
        Into how many steps of the method dt is divided.
    crossing : tuple of str
        Lines that compute when within the step the threshold was crossed; none where spikes have the time of its end.
    """

    variables: tuple
    derivatives: dict
    algebraic: dict
    noise: dict
    arrivals: tuple
    direct: tuple
    threshold: ast.expr | None
    reset: tuple
    events: tuple
    frozen: frozenset
    refractory: ast.expr | None
    external_current: bool
    tables: tuple
    substeps: int
    crossing: tuple = ()

    @property
    def buffered(self):
        """Numbers of the receptors whose events are summed in a buffer of inputs and added by the kernel."""
        return tuple(k for k, direct in enumerate(self.direct) if not direct)

    @property
    def held(self):
        """What stands still over a step and changes between steps: the injected current and what tables hold."""
        return ("I_ext", *(name + NOW for name in self.tables))

    @functools.cached_property
    def varying(self):
        """Names that are not the same number all the time."""
        return frozenset({*self.variables, *self.algebraic, *self.held, "t"})

    @property
    def fixed_time(self):
        """Whether the refractory time is the same number all the time."""
        return self.refractory is not None and not lang.is_condition(self.refractory) and not self.changes(self.refractory)

    def changes(self, tree):
        """Return whether the value of a tree changes in time."""
        return bool(lang.names_in(tree) & self.varying or lang.calls_in(tree) & {"rand", "randn"})

    def full(self, tree, label, about=None):
        """Return a tree with the algebraic lines put in: all of them, or those that depend on the name `about`."""
        lines = self.algebraic if about is None else {n: t for n, t in self.algebraic.items() if about in self._needs[n]}
        while lang.names_in(tree) & lines.keys():
            tree = lang.expanded(tree, lines, label)
        return tree

    @functools.cached_property
    def _needs(self):
        """Algebraic line -> the variables it depends on, also through other lines."""
        needs, variables = {}, {*self.variables}
        for name, tree in self.algebraic.items():
            direct = lang.names_in(tree)
            needs[name] = (direct & variables).union(*(needs[n] for n in direct if n in needs))
        return needs


def compose(cell, receptors, *, external_current, label):
    """Join a neuron's equations with those of the receptors on it.

    Parameters
    ----------
    cell : CellEquations
    receptors : sequence of ReceptorEquations
    external_current : bool
        Whether a current is injected into the cells.
    label : str
        The population, for messages.
    """
    currents, arrivals, derivatives, lines = [], [], {}, {}
    tables = [*sorted(cell.tables)]
    for index, receptor in enumerate(receptors):
        names = {*receptor.derivatives, *receptor.algebraic}
        prefix = prefixed(index)
        derivatives |= {prefix + n: _rename(tree, prefix, names) for n, tree in receptor.derivatives.items()}
        lines |= {prefix + n: _rename(tree, prefix, names) for n, tree in receptor.algebraic.items()}
        tables += [prefix + name for name in sorted(receptor.tables)]
        uses = [receptor.current, *receptor.algebraic.values()] if receptor.current is not None else []
        if any("v" in lang.names_in(tree) - names for tree in uses) and "v" not in cell.derivatives:
            raise EquationError(label, "a synapse's current depends on 'v', which these cells do not have")
        currents += [_rename(tree, prefix, names) for tree in uses[:1]]
        for name, _ in receptor.arrivals:
            if name not in names and name not in cell.derivatives:
                raise EquationError(label, f"a synapse adds to {name!r}, which these cells do not have")
        _check_jumps(cell, receptor, label)
        arrivals.append(tuple((prefix + n if n in names else n, _rename(g, prefix, names)) for n, g in receptor.arrivals))
    if (currents or external_current) and not cell.uses_current:
        raise EquationError(label, "the neuron's equations have no I, so no synaptic or injected current can reach it")
    own, algebraic = _with_current(cell, currents, external_current)
    derivatives, algebraic = _folded(own | derivatives, lines | algebraic, tables, label)
    drift, noise = _noise_apart(derivatives)
    system = System(
        variables=tuple(drift),
        derivatives=drift,
        algebraic=algebraic,
        noise=noise,
        arrivals=tuple(arrivals),
        direct=tuple(r.direct for r in receptors),
        threshold=cell.threshold,
        reset=cell.reset,
        events=cell.events,
        frozen=cell.frozen,
        refractory=cell.refractory,
        external_current=external_current,
        tables=tuple(tables),
        substeps=cell.substeps,
    )
    return replace(system, crossing=tuple(crossing_lines(system, label))) if cell.interpolate else system


def _check_jumps(cell, receptor, label):
    """Raise EquationError where an event adds to a variable of the cell what is of another unit."""
    for name, jump in receptor.jumps.items():
        own = cell.units.get(name)
        if own is not None and not own.fits(jump):
            unit = str(receptor.weight * own * jump**-1)
            hint = f"in a class derived from the synapse write weight_unit = {'' if unit == '1' else unit!r}"
            message = f"a synapse adds to {name!r}, which is {own.phrase}, but what it adds is {jump.phrase}"
            raise EquationError(label, f"{message}; {hint}")


def prefixed(index):
    """Return the prefix of the names of receptor number `index` within a system."""
    return f"r{index}_"


def _with_current(cell, currents, external_current):
    """Put the sum of all currents in for I; where I occurs more than once, it becomes a line of its own."""
    total = ast.Name("I_ext") if external_current else algebra.ZERO
    for tree in currents:
        total = algebra.plus(total, tree)
    everywhere = [*cell.derivatives.values(), *cell.algebraic.values()]
    places = sum(isinstance(n, ast.Name) and n.id == "I" for tree in everywhere for n in ast.walk(tree))
    if places > 1 and not isinstance(total, ast.Constant | ast.Name):
        return dict(cell.derivatives), {"I": total, **cell.algebraic}

    def put_in(tree):
        return algebra.simplified(lang.substitute(tree, {"I": total}))

    return {n: put_in(t) for n, t in cell.derivatives.items()}, {n: put_in(t) for n, t in cell.algebraic.items()}


def _folded(derivatives, algebraic, tables, label):
    """Put in the algebraic lines that never change in time, so that they are computed once with the constants."""
    varying = {*derivatives, "I_ext", "t", *(name + NOW for name in tables)}
    fixed, lines = {}, {}
    for name, tree in algebraic.items():
        tree = lang.expanded(tree, fixed, label)
        names = lang.names_in(tree)
        if names & varying or names & lines.keys():
            lines[name] = tree
        else:
            fixed[name] = tree
    return {name: lang.expanded(tree, fixed, label) for name, tree in derivatives.items()}, lines


def _noise_apart(derivatives):
    """Split each derivative into what is without noise and the gain of each noise; `xi` is one of its own for each."""
    drift, noise = {}, {}
    for name, tree in derivatives.items():
        for xi in sorted(n for n in lang.names_in(tree) if NOISE.fullmatch(bare(n))):
            gain, tree = algebra.linear_in(tree, xi)
            noise.setdefault(name, {})[name if bare(xi) == "xi" else xi] = gain
        drift[name] = tree
    return drift, noise


def bare(name):
    """Return a name without the prefix of a receptor."""
    head, _, tail = name.partition("_")
    return tail if head[:1] == "r" and head[1:].isdigit() else name


def _rename(tree, prefix, variables):
    """Prefix a receptor's names, but not the target's ``v``, the time nor the constants."""
    kept = {*CONSTANTS, "t"}
    own = {n: ast.Name(prefix + n) for n in lang.names_in(tree) if n not in kept and (n != "v" or n in variables)}
    return lang.substitute(tree, own)
