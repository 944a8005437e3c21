"""The texts of a rule for couplings, checked: how the weight of a pair changes in time by what its two cells give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from brainsim.equations.diagnostics import check_left_sides
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions import units
from brainsim.equations.expressions.grammar import EquationError, Tree
from brainsim.equations.model_parser import NOISE, Reader
from brainsim.equations.parsed import Declared
from brainsim.features.couplings.equations import POST, PRE, WEIGHT

OF_TARGET = "variables of such a rule are kept once for each target: they may follow post, parameters and each other"


@dataclass(frozen=True, eq=False)  # each class of rules has its own
class RateEquations:
    """Checked equations of a rule for couplings, as trees of `ast`.

    - `change`: dw/dt
    - `traces`: variable, which is kept once for each target -> its derivative
    - `bounds`: the lower and the upper limit of w, None for none
    - `initials`: variable -> tree of its initial value, if that is an expression
    """

    change: Tree
    traces: dict[str, Tree]
    bounds: tuple[Tree | None, Tree | None]
    initials: dict[str, Tree]

    @property
    def names(self) -> set[str]:
        """All names in the equations and the bounds."""
        trees = [self.change, *self.traces.values(), *(tree for tree in self.bounds if tree is not None)]
        return set().union(*map(lang.names_in, trees))


def parse_rates(
    label: str, declared: Declared, *, equations: str, bounds: tuple[str, str], source_unit: str, initials: Mapping[str, Any]
) -> RateEquations:
    """Parse and check the texts of a rule; `label` is its name in messages."""
    for name in (PRE, POST):
        if name in declared.parameters or name in declared.variables:
            raise ValueError(f"{label}.{name}: this name has a meaning in rules for couplings; choose another")
    reader, where = Reader(label, declared, units.WEIGHT), f"{label}.equations"
    reader.known -= {"dt"}
    given = units.unit(source_unit, f"{label}.source_unit")
    if declared.dimensions:
        reader.units |= {PRE: given, POST: given}
    check_left_sides(label, equations, replace(declared, variables={**declared.variables, WEIGHT: units.WEIGHT}))
    derivatives, lines = reader.equations(equations, {WEIGHT, PRE, POST})
    for name, tree in derivatives.items():
        if any(NOISE.fullmatch(other) for other in lang.names_in(tree)):
            raise EquationError(where, "a rule has no noise of its own", lang.line_of(tree).text)
        derivatives[name] = reader.substitute_lines(tree, "equations", lines)
    if WEIGHT not in derivatives:
        raise EquationError(where, "must say how the weight changes: dw/dt = eta*pre*post")
    change = derivatives.pop(WEIGHT)
    for name, tree in derivatives.items():
        if foreign := sorted(lang.names_in(tree) & {WEIGHT, PRE}):
            raise EquationError(where, f"d{name}/dt depends on {foreign[0]!r}; {OF_TARGET}")
    for name in declared.variables:
        if name not in derivatives:
            raise EquationError(
                f"{label}.{name}", f"has no equation; write d{name}/dt = ..., or make it a bs.parameter(...)"
            )
    return RateEquations(change, derivatives, _bounds(reader, bounds), reader.initials(initials, {}))


def _bounds(reader, texts):
    """Return the trees of the two limits of w."""
    label = f"{reader.label}.bounds"
    if not (isinstance(texts, tuple | list) and len(texts) == 2 and all(isinstance(text, str) for text in texts)):
        message = 'must be a pair of strings, such as ("0", "w_max"); "" means no bound'
        raise TypeError(f"{label}: {message} (got {texts!r})")
    trees = [reader.expression(text, "bounds", set()) if text.strip() else None for text in texts]
    for tree in filter(None, trees):
        lang.check_names(tree, reader.declared.numbers | {"pi"}, label)
        reader.check(tree, label, reader.units.get(WEIGHT), "a bound of w")
    return trees[0], trees[1]
