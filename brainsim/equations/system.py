"""From the texts of a neuron and of the synapses on it to one checked system of equations.

`CellEquations` and `ReceptorEquations` hold the parsed texts of one class each; `compose` joins a cell with its receptors.
A receptor's names get a prefix (``r0_g``), and the neuron's ``I`` becomes the sum of the receptors' currents and, where a
current is injected, of ``I_ext``.
"""

import ast
import keyword
from dataclasses import dataclass

from brainsim.equations import language as lang
from brainsim.equations.language import EquationError

RESERVED = {"I", "I_ext", "w", "dt", "t", "pi", *lang.FUNCTIONS}
# what the text of a kernel calls by these names; its other names start with an underscore
RESERVED |= {"np", "range", "uniform", "hashed", "mix", "flushed", "relaxation", "square", "cube", "fourth"}
RESERVED |= {"refractory_steps", *keyword.kwlist}
CONSTANTS = {"dt", "pi"}


@dataclass(frozen=True)
class CellEquations:
    """Checked equations of a neuron; trees of `ast`, algebraic lines already put in."""

    derivatives: dict
    threshold: ast.expr | None
    reset: tuple
    uses_current: bool


@dataclass(frozen=True)
class ReceptorEquations:
    """Checked equations of a synapse: what each event adds to which variable (times its weight), and the current."""

    derivatives: dict
    arrivals: tuple
    current: ast.expr | None

    @property
    def direct(self):
        """Whether events are added straight to the receptor's variable, without a buffer of inputs.

        That holds where an event adds w to one variable of the receptor, which no threshold or reset can see: then it is
        the same whether it is added before or after them, and the kernel has no inputs to read and to clear.
        """
        return len(self.arrivals) == 1 and self.arrivals[0][0] in self.derivatives and lang.is_one(self.arrivals[0][1])


@dataclass(frozen=True)
class System:
    """A cell with its receptors.

    Attributes
    ----------
    variables : tuple of str
        State variables in the order of the rows of the state array: the neuron's, then each receptor's.
    derivatives : dict
        Variable -> tree of its time derivative, in variables, parameters, ``dt`` and ``I_ext``.
    arrivals : tuple of tuples
        For each receptor the pairs (variable, gain): an event of weight w adds ``gain*w`` to the variable.
    direct : tuple of bool
        For each receptor whether its events are added straight to its variable; see `ReceptorEquations.direct`.
    threshold, reset
        Tree of the spike condition or None; tuple of (variable, tree), carried out in this order.
    frozen : frozenset
        Variables that stand still while a cell is refractory.
    refractory : str or None
        Name of the parameter that holds the refractory time in ms.
    external_current : bool
        Whether ``I_ext`` occurs: the cells have an injected current.
    """

    variables: tuple
    derivatives: dict
    arrivals: tuple
    direct: tuple
    threshold: ast.expr | None
    reset: tuple
    frozen: frozenset
    refractory: str | None
    external_current: bool

    @property
    def buffered(self):
        """Numbers of the receptors whose events are summed in a buffer of inputs and added by the kernel."""
        return tuple(k for k, direct in enumerate(self.direct) if not direct)


def parse_cell(where, equations, threshold, reset, variables, parameters):
    """Parse and check the texts of a neuron class; `where` names it in messages."""
    known = {*variables, *parameters, *CONSTANTS}
    for name in lang.parse_equations(equations, f"{where}.equations")[0]:
        if name in parameters:
            raise EquationError(f"{where}.{name}", "has an equation, so it is no parameter; declare it by bs.initial(...)")
        if name not in variables:
            hint = f'{name}: float = bs.initial(0.0, "mV", "what it is")'
            raise EquationError(f"{where}.{name}", f"has an equation but no initial value; write in the class: {hint}")
    derivatives, algebraic = _equations(f"{where}.equations", equations, known | {"I"})
    test = None
    if threshold:
        tree = lang.parse_expression(threshold, f"{where}.threshold")
        lang.check_names(tree, known | set(algebraic), f"{where}.threshold")
        test = lang.expanded(tree, algebraic, f"{where}.threshold")
        lang.check_names(test, known, f"{where}.threshold")
        lang.check_kind(test, f"{where}.threshold", condition=True)
    actions = []
    for name, tree in lang.parse_assignments(reset or "", f"{where}.reset"):
        if name not in variables:
            raise EquationError(f"{where}.reset", f"{name!r} is no variable{lang.nearest(name, variables)}")
        lang.check_names(tree, known | set(algebraic), f"{where}.reset")
        tree = lang.expanded(tree, algebraic, f"{where}.reset")
        lang.check_names(tree, known, f"{where}.reset")
        lang.check_kind(tree, f"{where}.reset")
        actions.append((name, tree))
    # a variable without an equation changes in the reset only
    derivatives = {name: derivatives.get(name, lang.ZERO) for name in variables}
    uses_current = any("I" in lang.names_in(tree) for tree in derivatives.values())
    return CellEquations(derivatives, test, tuple(actions), uses_current)


def parse_receptor(where, equations, arrival, current, parameters):
    """Parse and check the texts of a synapse class; its variables are those that have an equation."""
    variables = tuple(lang.parse_equations(equations, f"{where}.equations")[0])
    for name in variables:
        if name in RESERVED or name in parameters:
            message = f"{name!r} is a parameter or a word of the language already"
            raise EquationError(f"{where}.equations", message, f"d{name}/dt")
    known = {*variables, *parameters, *CONSTANTS}
    derivatives, algebraic = _equations(f"{where}.equations", equations, known | {"v"})
    for name, tree in derivatives.items():
        if "v" in lang.names_in(tree) and "v" not in variables:
            raise EquationError(f"{where}.equations", f"d{name}/dt depends on v; only the current may", ast.unparse(tree))
    arrivals = []
    for name, tree in lang.parse_assignments(arrival, f"{where}.arrival"):
        arrivals.append((name, _gain(name, tree, f"{where}.arrival", variables, known)))
    if not arrivals:
        raise EquationError(f"{where}.arrival", "must say what an event of weight w does, e.g. 'g = g + w'")
    tree = None
    if current:
        tree = lang.parse_expression(current, f"{where}.current")
        lang.check_names(tree, known | {"v", *algebraic}, f"{where}.current")
        _refuse_random(tree, f"{where}.current")
        tree = lang.expanded(tree, algebraic, f"{where}.current")
        lang.check_kind(tree, f"{where}.current")
    return ReceptorEquations(derivatives, tuple(arrivals), tree)


def compose(cell, receptors, *, frozen, refractory, external_current, where):
    """Join a neuron's equations with those of the receptors on it.

    Parameters
    ----------
    cell : CellEquations
    receptors : sequence of ReceptorEquations
    frozen : iterable of str
        The neuron's variables that stand still while refractory.
    refractory : str or None
        The parameter that holds the refractory time.
    external_current : bool
        Whether a current is injected into the cells.
    where : str
        The population, for messages.
    """
    currents, arrivals, derivatives = [], [], {}
    for index, receptor in enumerate(receptors):
        names = set(receptor.derivatives)
        prefix = prefixed(index)
        for name, tree in receptor.derivatives.items():
            derivatives[prefix + name] = _rename(tree, prefix, names)
        if receptor.current is not None:
            if "v" in lang.names_in(receptor.current) - names and "v" not in cell.derivatives:
                raise EquationError(where, "a synapse's current depends on 'v', which these cells do not have")
            currents.append(_rename(receptor.current, prefix, names))
        for name, _ in receptor.arrivals:
            if name not in names and name not in cell.derivatives:
                raise EquationError(where, f"a synapse adds to {name!r}, which these cells do not have")
        arrivals.append(tuple((prefix + n if n in names else n, _rename(g, prefix, names)) for n, g in receptor.arrivals))
    if (currents or external_current) and not cell.uses_current:
        raise EquationError(where, "the neuron's equations have no I, so no synaptic or injected current can reach it")
    total = ast.Name("I_ext") if external_current else lang.ZERO
    for tree in currents:
        total = lang.plus(total, tree)
    own = {name: _simplified(lang.substitute(tree, {"I": total})) for name, tree in cell.derivatives.items()}
    return System(
        variables=(*own, *derivatives), derivatives=own | derivatives, arrivals=tuple(arrivals),
        direct=tuple(r.direct for r in receptors), threshold=cell.threshold, reset=cell.reset, frozen=frozenset(frozen),
        refractory=refractory, external_current=external_current,
    )  # fmt: skip


def prefixed(index):
    """Return the prefix of the names of receptor number `index` within a system."""
    return f"r{index}_"


def _equations(where, text, known):
    """Parse equations and put the algebraic lines into the derivatives."""
    derivatives, algebraic = lang.parse_equations(text, where)
    done = {}
    for name, tree in algebraic.items():
        if name in known or name in RESERVED:
            raise EquationError(where, f"{name!r} is a parameter, a variable or a word of the language already")
        lang.check_names(tree, known | set(done), where)
        _refuse_random(tree, where)
        done[name] = lang.expanded(tree, done, where)
    for name, tree in derivatives.items():
        lang.check_names(tree, known | set(done), where)
        _refuse_random(tree, where)
        derivatives[name] = lang.expanded(tree, done, where)
        lang.check_kind(derivatives[name], where)
    return derivatives, done


def _refuse_random(tree, where):
    if "rand" in lang.calls_in(tree):
        raise EquationError(where, "rand() may stand in a threshold or a reset only", ast.unparse(tree))


def _gain(name, tree, where, variables, known):
    """Return the factor of w in ``name = name + factor*w``; events are summed before they act, so no other form holds."""
    lang.check_names(tree, known | {"w", "v", name}, where)
    _refuse_random(tree, where)
    lang.check_kind(tree, where)
    own = lang.linear_in(tree, name)
    weight = own and lang.is_one(own[0]) and lang.linear_in(own[1], "w")
    if not weight or not lang.is_zero(weight[1]) or lang.names_in(weight[0]) & {*variables, name, "v"}:
        raise EquationError(where, f"must be '{name} = {name} + w' or with a constant factor of w", ast.unparse(tree))
    return weight[0]


def _rename(tree, prefix, variables):
    """Prefix a receptor's names, but not the target's ``v`` nor the constants."""
    own = {n: ast.Name(prefix + n) for n in lang.names_in(tree) if n not in CONSTANTS and (n != "v" or n in variables)}
    return lang.substitute(tree, own)


def _simplified(tree):
    """Drop the terms that became zero when ``I`` was put in."""
    if isinstance(tree, ast.BinOp):
        left, right = _simplified(tree.left), _simplified(tree.right)
        if isinstance(tree.op, ast.Add):
            return lang.plus(left, right)
        if isinstance(tree.op, ast.Sub):
            return left if lang.is_zero(right) else ast.BinOp(left, ast.Sub(), right)
        if isinstance(tree.op, ast.Mult):
            return lang.times(left, right)
        if isinstance(tree.op, ast.Div):
            return lang.over(left, right)
        return ast.BinOp(left, tree.op, right)
    return tree
