"""The texts of a coupling, checked: what its target does with the sum, what its source keeps, and what both give.

The two sides of a coupling are receptors, as those of synapses are: that of the target has the variable `TOTAL`, which
changes between steps only, and the gate of a source has equations on which the spikes of the source act.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from brainsim.core.checks import nearest
from brainsim.equations.expressions import algebra, units
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError, Tree
from brainsim.equations.model_parser import RESERVED, Reader, parse_receptor
from brainsim.equations.parsed import Declared, ReceptorEquations

PRE, POST = "pre", "post"  # what the source gives, and what the target itself would give by the same coupling
TOTAL, WEIGHTS = "total", "weights"  # the sum over the sources of a cell, and the sum of their weights
GIVEN, WEIGHT, SIDE = "x", "w", "side"  # of a pair: what its source gives, its weight, and 1 or -1 at its two ends
OF_COUPLINGS = (TOTAL, WEIGHTS, GIVEN, WEIGHT, SIDE)


def unit_of_total(weight_unit: str, source_unit: str) -> str:
    """Return the unit of what the pairs of a target add up to."""
    return "*".join(part for part in (weight_unit, source_unit) if part)


def parse_target(
    label: str, declared: Declared, *, equations: str, current: str, weight_unit: str, source_unit: str
) -> ReceptorEquations:
    """Parse and check what a target does with the sum; ``total`` is one of its variables."""
    known = replace(declared, parameters={**declared.parameters, WEIGHTS: weight_unit})
    parsed = parse_receptor(
        label,
        known,
        equations=f"{equations}\nd{TOTAL}/dt = 0",
        arrival=f"{TOTAL} = {TOTAL} + w",
        current=current,
        weight_unit=unit_of_total(weight_unit, source_unit),
    )
    return replace(parsed, derivatives=parsed.derivatives | {TOTAL: algebra.ZERO})


def parse_gate(label: str, declared: Declared, gate: str, spike: str) -> ReceptorEquations:
    """Parse and check what a source keeps of itself: equations, and what its spikes do to their variables."""
    lines = lang.parse_equations(gate, f"{label}.gate", declared.called)[0]
    for name in lines:
        if name in RESERVED or name in declared.parameters:
            message = f"{name!r} is already a parameter or a word of the language"
            raise EquationError(f"{label}.gate", message, f"d{name}/dt")
    reader = Reader(label, replace(declared, variables=dict.fromkeys(lines)))
    assignments = lang.parse_assignments(spike, f"{label}.spike", declared.called)
    reader.infer(gate, assignments)
    derivatives, algebraic = reader.equations(gate, {"v", "t"})
    for name, tree in assignments:
        if name not in derivatives:
            message = f"{name!r} is not a variable of the gate, whose equations have {', '.join(derivatives) or 'none'}"
            raise EquationError(f"{label}.spike", message, lang.line_of(tree).text, 0)
        reader.check_tree(tree, f"{label}.spike", set(algebraic))
        reader.check(tree, f"{label}.spike", reader.units.get(name), repr(name))
    actions = tuple((name, lang.resolve(tree, algebraic, f"{label}.spike")) for name, tree in assignments)
    return ReceptorEquations(derivatives, algebraic, (), None, spike=actions, curves=frozenset(declared.curves))


def parse_pair(
    label: str,
    declared: Declared,
    text: str,
    weight_unit: str,
    source_unit: str,
    variables: Mapping[str, units.Dimension | None] | None = None,
) -> Tree:
    """Parse and check what one pair adds to the sum of its target.

    `variables` are those of the target with their units, None if they are not checked; without them, of a class, any name
    that is nothing else may be one.
    """
    reader, where = Reader(label, declared, weight_unit), f"{label}.pair"
    tree = lang.parse_expression(text, where, declared.called)
    of_pair = {GIVEN, WEIGHT, SIDE}
    found = lang.names_in(tree) - of_pair - reader.known if variables is None else {*variables}
    if wrong := sorted(found & {TOTAL, WEIGHTS, "I", "t"} - reader.known):
        message = f"{wrong[0]!r} is not known of a pair, which reads {GIVEN}, {WEIGHT}, {SIDE} and variables of the target"
        raise EquationError(where, message, *lang.place_of(tree, wrong[0]))
    if declared.dimensions:
        reader.units |= {GIVEN: units.unit(source_unit, label), SIDE: units.ONE}
        reader.units |= {name: variables[name] for name in found - reader.known} if variables is not None else {}
    if variables is not None and (missing := sorted(lang.names_in(tree) - of_pair - reader.known - found)):
        message = f"{missing[0]!r} is not a variable of the target{nearest(missing[0], found)}"
        raise EquationError(where, f"{message}; what the source gives is {GIVEN}", *lang.place_of(tree, missing[0]))
    reader.check_tree(tree, where, of_pair | found)
    total = units.unit(unit_of_total(weight_unit, source_unit), label)
    reader.check(tree, where, total, f"{TOTAL!r}")
    return tree


def parse_source(label: str, declared: Declared, text: str) -> Tree:
    """Parse what a source gives; its names are those of cells that are not known yet, see `check_source`."""
    tree = lang.parse_expression(text, f"{label}.source", declared.called)
    lang.check_kind(tree, f"{label}.source")
    return tree


def check_source(
    tree: Tree,
    label: str,
    declared: Declared,
    variables: Mapping[str, units.Dimension | None],
    gate: Collection[str],
    source_unit: str,
) -> None:
    """Raise EquationError if what a source gives has a name that the source does not have, or another unit.

    `variables` are those of the source with their units, None if they are not checked, and `gate` those of the gate.
    """
    lang.check_names(tree, {*variables, *declared.numbers, *declared.curves, *gate, "pi"}, label)
    if declared.dimensions:
        known = units.of_units({n: u for n, u in declared.parameters.items() if u is not None}, label)
        known |= units.of_units({n + units.ARGUMENT: of for n, of in declared.curves.items()}, label)
        checker = units.Checker({**variables, **dict.fromkeys(gate), **known}, label)
        checker.check(tree, units.unit(source_unit, label), "what a source gives")
