"""One time step as lines of a kernel, and the writing of right-hand sides into it."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from brainsim.equations import algebra
from brainsim.equations import language as lang
from brainsim.equations.grammar import RANDOM
from brainsim.equations.render import number, render


@dataclass
class Step:
    """One time step of a system.

    Attributes
    ----------
    method : str
        Name of the method.
    lines : list of str
        Statements ``name = expression`` that compute ``_x_new`` for every variable x.
    normals : list of str
        Names in the lines that stand for standard normal numbers, each drawn anew for each cell and step.
    compute : callable
        ``compute(values, dt) -> dict``: the numbers of the lines that are the method's own, each a float or an array with
        one number per cell, from the parameters in `values`.
    order : int
        Order of the method for smooth solutions without noise; 0 where it is exact.
    strong, weak : float or None
        Orders for solutions with noise: of the paths, and of means over many; 0 where exact, None where there is no noise.
    interpretation : str
        How noise is meant whose size depends on a variable, ``"Ito"`` or ``"Stratonovich"``; "" where that is all one.
    """

    method: str
    lines: list = field(default_factory=list)
    normals: list = field(default_factory=list)
    compute: Callable = lambda values, dt: {}
    order: int = 0
    strong: float | None = None
    weak: float | None = None
    interpretation: str = ""


class Writer:
    """Writes right-hand sides as lines; what holds nothing that changes in time is computed once, outside the kernel.

    Division by such a number becomes multiplication by its inverse: a division takes as long as eight multiplications, and
    a compiler that must keep the last bit may not do this by itself.
    """

    def __init__(self, system):
        self.system, self.lines, self._numbers = system, [], {}

    def right_sides(self, sides, at=None, stage=""):
        """Add the algebraic lines that some trees lean on, and return the text of each tree.

        Parameters
        ----------
        sides : dict
            Anything -> tree.
        at : dict, optional
            Name -> the name it has in this stage of the step.
        stage : str
            What the names of the algebraic lines end with: each stage has its own.
        """
        at = {name: ast.Name(new) for name, new in (at or {}).items()}
        for name in self._needed(sides.values()):
            own = f"_{name}_{stage}" if stage else name
            self.lines.append(f"{own} = {self._text(self.system.algebraic[name], at)}")
            at[name] = ast.Name(own)
        return {key: self._text(tree, at) for key, tree in sides.items()}

    def step(self, method, computes=(), **about):
        """Return the Step of the lines written so far; `computes` are functions of further numbers."""
        numbers = {f"_k{number}": tree for number, tree in self._numbers.values()}

        def compute(values, dt):
            known = values | {"dt": dt, "pi": np.pi}
            found = {name: 0.0 + lang.computed(tree, known) for name, tree in numbers.items()}
            for function in computes:
                found |= function(values, dt)
            return found

        return Step(method, self.lines, compute=compute, **about)

    def _text(self, tree, at):
        return render(lang.substitute(self._reduced(tree), at))

    def _needed(self, sides):
        """Return the names of the algebraic lines that trees lean on, in the order of the system."""
        algebraic = self.system.algebraic
        found = set().union(*(lang.names_in(tree) for tree in sides), ()) & algebraic.keys()
        for name in reversed(algebraic):
            if name in found:
                found |= lang.names_in(algebraic[name]) & algebraic.keys()
        return [name for name in algebraic if name in found]

    def _reduced(self, tree):
        """Return the tree with names ``_k0, _k1, ...`` for its constant parts."""
        varying = self.system.varying
        if isinstance(tree, ast.Constant) or (isinstance(tree, ast.Name) and tree.id in varying):
            return tree
        if not lang.names_in(tree) & varying and not lang.calls_in(tree) & RANDOM:
            if lang.is_condition(tree):  # its number is 0 or 1, and only a comparison can be joined with others by '&'
                return ast.Compare(self._named(tree), [ast.NotEq()], [algebra.ZERO])
            return self._named(tree)
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div) and not lang.names_in(tree.right) & varying:
            return ast.BinOp(self._reduced(tree.left), ast.Mult(), self._named(algebra.over(algebra.ONE, tree.right)))
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Pow) and number(tree.right) is not None:
            return ast.BinOp(self._reduced(tree.left), tree.op, tree.right)  # with its exponent written out it is a product
        return lang.rebuilt(tree, self._reduced)

    def _named(self, tree):
        number, _ = self._numbers.setdefault(ast.unparse(tree), (len(self._numbers), tree))
        return ast.Name(f"_k{number}")
