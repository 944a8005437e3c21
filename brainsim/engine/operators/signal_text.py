"""The text of the function that computes an input from the time and from parameters of the cells.

Numbers of the user's text become entries of ``scalars``, so that inputs which differ in numbers only share machine code. An
input that is the same for all cells is computed once a step.
"""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass

from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import constant_value
from brainsim.equations.expressions.lower import lower, number
from brainsim.equations.numba_text import fill, module
from brainsim.equations.over_time import parse_signal
from brainsim.equations.statements import Assign, Load, formula

NOT_CONSTANTS = {"t", "dt", "pi"}

WINDOWS = ("from brainsim.engine.operators.windows import is_on, report, step_of",)
FUNCTIONS = """\
@helper
def fill(values, factor, dt, t<heads>):
    wrong = np.int64(0)
    for _k in range(values.size):
        <body>
        wrong += np.int64(_wrong)
        values[_k] = np.nan if _wrong else factor * _value
    return wrong


@helper
def value_of(_k, dt, t<heads>):
    <value>
    return _value


@by_address
def evaluate(signal_, progress_):
    signal, progress = record_at(signal_), record_at(progress_)
    values, scalars, arrays = array_of(signal.values), array_of(signal.scalars), array_of(signal.arrays)
    step = step_of(signal, progress)
    if is_on(signal, step, values):
        n, t = values.size, (np.float64(step) + 0.5) * signal.dt
        if fill(values, signal.factor, signal.dt, t<calls>) and report(signal, values, step):
            signal.wrong = value_of(np.uint64(signal.cell), signal.dt, t<calls>)
    return 0
"""


@dataclass(frozen=True)
class Written:
    """The text of a module with the function ``evaluate``.

    `scalars` are names of parameters, and numbers of the user's text, in the order of ``scalars`` in the record; `arrays`
    are names of parameters that differ from cell to cell, in the order of the rows of ``arrays``.
    """

    text: str
    scalars: tuple
    arrays: tuple


@functools.lru_cache(maxsize=256)
def write_signal(text, label, per_cell, clipped, name="", conditions=()):
    """Return the module that computes an expression, the user's `text`; messages about it begin with `label`.

    Names in `per_cell` differ from cell to cell; values below 0 count as 0 if `clipped`. `conditions` is what must hold of
    the value, in addition to being finite; they call it `name`.
    """
    numbers = []
    tree = _without_numbers(parse_signal(text, label), numbers)
    tests = [lang.substitute(lang.parse_expression(c, label), {name: ast.Name("_value")}) for c in conditions]
    names = set().union(*(lang.names_in(part) for part in (tree, *tests)))
    names -= {"_value", *NOT_CONSTANTS, *(f"_c{k}" for k in range(len(numbers)))}
    single, arrays = sorted(names - per_cell), sorted(names & per_cell)
    body = [Load(a, f"_{a}_") for a in arrays]
    value = [*body, Assign("_value", lower(tree))]
    body = [*value]
    body += [Assign("_value", formula("greater(_value, 0.0)"))] if clipped else []
    wrong = formula("_value - _value != 0.0")
    for test in tests:
        wrong = formula("wrong | (test ^ True)", wrong=wrong, test=lower(test))
    heads = [*single, *(f"_c{k}" for k in range(len(numbers))), *(f"_{a}_" for a in arrays)]
    calls = [f"scalars[{k}]" for k in range(len(single) + len(numbers))]
    calls += [f"arrays[{k} * n : {k + 1} * n]" for k in range(len(arrays))]
    words = {"heads": "".join(f", {h}" for h in heads), "calls": "".join(f", {c}" for c in calls)}
    functions = fill(FUNCTIONS, {"body": [*body, Assign("_wrong", wrong)], "value": value}, **words)
    title = "An input over time, written by brainsim (engine/operators/signal_text.py)."
    return Written(module(title, functions, WINDOWS), (*single, *numbers), tuple(arrays))


def _without_numbers(tree, numbers):
    """Return the tree with a name in place of each number, and append the number; exponents stay, since they decide how."""
    if isinstance(tree, ast.Constant):
        numbers.append(constant_value(tree))
        return ast.Name(f"_c{len(numbers) - 1}")
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Pow) and number(tree.right) is not None:
        return ast.BinOp(_without_numbers(tree.left, numbers), tree.op, tree.right)
    return lang.rebuild(tree, lambda part: _without_numbers(part, numbers))
