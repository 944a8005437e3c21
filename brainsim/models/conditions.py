"""What must hold of the parameters of a model: the conditions of its class, and those that follow from its other texts."""

import ast
from typing import Any

MOST_TRIALS = 10**12  # beyond, binomial numbers are not exact
MOST_SPIKES = 100  # of a cell in a step, on average; flags of kernels are counts up to 255


def conditions_of(model: Any) -> tuple[str, ...]:
    """Return the conditions of a model or of its class; if its cells send binomial(n, p) spikes, also those on n and p."""
    tree = getattr(getattr(model, "cell_equations", None), "spikes", None)
    return tuple(model.conditions) if tree is None else (*model.conditions, *_possible(*tree.args))


def _possible(trials, chance):
    n, p, mean = map(ast.unparse, (trials, chance, ast.BinOp(trials, ast.Mult(), chance)))
    return f"{n} == floor({n})", f"{n} >= 0", f"{n} <= {MOST_TRIALS}", f"{p} >= 0", f"{p} <= 1", f"{mean} <= {MOST_SPIKES}"
