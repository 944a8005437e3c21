"""One time step as statements, and the writer of right-hand sides."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import RANDOM, Tree
from brainsim.equations.expressions.lower import lower, number
from brainsim.equations.statements import Assign, formula, select_needed

if TYPE_CHECKING:
    from brainsim.equations.system import System


@dataclass(frozen=True)
class Product:
    """The changes of many variables in a step, each a sum over the same values: a matrix times a column.

    `inputs` names values at the start of the step in the kernel: variables, ``"1.0"``, values held over the step, and normal
    numbers. `constants` names the entries of the matrix, column by column.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: tuple[str, ...]


@dataclass(eq=False)
class Step:
    """One time step of a system.

    - `lines`: statements that compute ``_x_new`` for every variable x
    - `normals`: names in the lines that stand for standard normal numbers, sampled for each cell in each step
    - `compute`: ``compute(values, dt)`` -> constants in the lines, each a float or an array with one number per cell
    - `constants`: those of these constants that are expressions -> their trees; `computes`: what computes the others
    - `product`: what the kernel computes before the lines, or None
    - `order`: for smooth solutions without noise; 0 if the method is exact
    - `strong`, `weak`: orders with noise, of single paths and of means over many; 0 if exact, None without noise
    - `interpretation`: of noise whose size depends on a variable, ``"Ito"`` or ``"Stratonovich"``; "" if there is none
    """

    method: str
    lines: list[Assign] = field(default_factory=list)
    normals: list[str] = field(default_factory=list)
    compute: Callable = lambda values, dt: {}
    constants: dict[str, Tree] = field(default_factory=dict)
    computes: tuple[Callable, ...] = ()
    product: Product | None = None
    order: int = 0
    strong: float | None = None
    weak: float | None = None
    interpretation: str = ""

    @property
    def written_by(self) -> Callable[..., Any] | None:
        """What writes the kernel, with the arguments of `codegen.write_kernel`; None for this function itself."""
        return None


class Writer:
    """Writes right-hand sides as statements; expressions that do not change in time are computed once, outside the kernel.

    Division by such a constant becomes multiplication by its inverse: a division takes as long as eight multiplications, and
    a compiler that must keep the last bit may not replace it.
    """

    def __init__(self, system: System):
        self.system = system
        self.lines: list[Assign] = []
        self.product: Product | None = None
        self._constants: dict[str, tuple[int, Tree]] = {}

    def add(self, name: str, value: Tree | str, **parts: Tree | str) -> None:
        """Add a statement; a value that is text is a `formula`."""
        self.lines.append(Assign(name, formula(value, **parts) if isinstance(value, str) else value))

    def right_sides(
        self, sides: Mapping[Any, Tree], at: Mapping[str, str] | None = None, stage: str = ""
    ) -> dict[Any, Tree]:
        """Add the algebraic lines on which some trees depend, and return each tree as kernels compute it.

        `at` leads from a name to its name in this stage of the step. `stage` is the suffix of the names of the algebraic
        lines, a different one for each stage.
        """
        names = {name: ast.Name(new) for name, new in (at or {}).items()}
        for name in self._needed(sides.values()):
            new = f"_{name}_{stage}" if stage else name
            self.add(new, self._lower(self.system.algebraic[name], names))
            names[name] = ast.Name(new)
        return {key: self._lower(tree, names) for key, tree in sides.items()}

    def step(self, method: str, computes: Iterable[Callable] = (), **properties: Any) -> Step:
        """Return the Step of those lines that it needs; `computes` are functions that compute further constants."""
        constants, computes = {f"_k{k}": tree for k, tree in self._constants.values()}, tuple(computes)

        def compute(values, dt):
            known = values | {"dt": dt, "pi": np.pi}
            numbers = {name: 0.0 + lang.compute(tree, known) for name, tree in constants.items()}
            for function in computes:
                numbers |= function(values, dt)
            return numbers

        made: dict[str, Any] = {"compute": compute, "constants": constants, "computes": computes, "product": self.product}
        lines = select_needed(self.lines, {f"_{name}_new" for name in self.system.variables})
        return Step(method, lines, **made, **properties)

    def _lower(self, tree, names):
        return lower(lang.substitute(self._reduce(tree), names))

    def _needed(self, sides):
        """Return the names of the algebraic lines on which trees depend, in the order of the system."""
        algebraic = self.system.algebraic
        needed = set().union(*(lang.names_in(tree) for tree in sides), ()) & algebraic.keys()
        for name in reversed(algebraic):
            if name in needed:
                needed |= lang.names_in(algebraic[name]) & algebraic.keys()
        return [name for name in algebraic if name in needed]

    def _reduce(self, tree):
        """Return the tree with its constant parts replaced by names ``_k0, _k1, ...``."""
        varying = self.system.varying
        named = isinstance(tree, ast.Name) and (tree.id in varying or tree.id in self.system.curves)
        if isinstance(tree, ast.Constant) or named:
            return tree
        if not lang.names_in(tree) & varying and not lang.calls_in(tree) & RANDOM:
            if lang.is_condition(tree):  # its value is 0 or 1, and only a comparison can be joined to others by '&'
                return ast.Compare(self._name(tree), [ast.NotEq()], [algebra.ZERO])
            return self._name(tree)
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div) and not lang.names_in(tree.right) & varying:
            return ast.BinOp(self._reduce(tree.left), ast.Mult(), self._name(algebra.over(algebra.ONE, tree.right)))
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Pow) and number(tree.right) is not None:
            return ast.BinOp(self._reduce(tree.left), tree.op, tree.right)  # with a literal exponent it becomes a product
        return lang.rebuild(tree, self._reduce)

    def _name(self, tree):
        k, _ = self._constants.setdefault(ast.unparse(tree), (len(self._constants), tree))
        return ast.Name(f"_k{k}")
