"""What must hold of the parameters of a model: the conditions of its class and its texts, also of distributions."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import Tree
from brainsim.models.values import Distribution

MOST_TRIALS = 10**12  # beyond, binomial numbers are not exact
MOST_SPIKES = 100  # of a cell in a step, on average; flags of kernels are counts up to 255


def conditions_of(model: Any) -> tuple[str, ...]:
    """Return the conditions of a model or of its class; if its cells send binomial(n, p) spikes, also those on n and p."""
    tree = getattr(getattr(model, "cell_equations", None), "spikes", None)
    return tuple(model.conditions) if tree is None else (*model.conditions, *_possible(*tree.args))


def _possible(trials, chance):
    n, p, mean = map(ast.unparse, (trials, chance, ast.BinOp(trials, ast.Mult(), chance)))
    return f"{n} == floor({n})", f"{n} >= 0", f"{n} <= {MOST_TRIALS}", f"{p} >= 0", f"{p} <= 1", f"{mean} <= {MOST_SPIKES}"


def distributed(tree: Tree, values: Mapping[str, Any]) -> list[str]:
    """Return the names in a tree whose values are distributions."""
    return sorted(name for name in lang.names_in(tree) if isinstance(values.get(name), Distribution))


def at_ends(tree: Tree, values: Mapping[str, Any]) -> list[Any]:
    """Return the values of a tree with each of its distributions at one or the other end of its support.

    If the expression rises or falls with each of them, its least and its greatest value are among these.
    """
    names = distributed(tree, values)
    ends = itertools.product(*(values[name].support for name in names))
    with np.errstate(all="ignore"):
        return [lang.evaluate(tree, {**values, **dict(zip(names, some, strict=True))}) for some in ends]


def check_supports(label: str, text: str, values: Mapping[str, Any]) -> None:
    """Raise ValueError if a condition on one distribution is not met by all of its values; `label` is the name of the rule.

    A condition on several is checked with their values, when synapses are built.
    """
    tree = lang.parse_expression(text, f"{label}.conditions")
    names = distributed(tree, values)
    if len(names) != 1 or not lang.names_in(tree) <= values.keys():
        return
    (name,), value = names, values[names[0]]
    if any(isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq) for node in ast.walk(tree)):
        message = f"which values of {value} do not meet; give one number, or an array with a value for each listed pair"
        raise ValueError(f"{label}.{name}: {text} must hold, {message}")
    if not all(np.all(met) for met in at_ends(tree, values)):
        message = f"must hold for all values of {value}; write Clipped({value}, low=..., high=...)"
        raise ValueError(f"{label}.{name}: {text} {message}")
