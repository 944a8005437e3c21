"""Expressions as kernels compute them: plain arithmetic, choices, and calls of helpers that LLVM vectorises.

A lowered tree consists of numbers, names, ``+ - * /``, ``-x``, comparisons, ``&``, ``|`` and ``^`` of their results,
``a if test else b``, and calls of `HELPERS`, ``abs``, ``min`` and ``max``. It says nothing of the language in which a kernel
is written.
"""

from __future__ import annotations

import ast

from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import Tree, constant_value, function_name

# functions that a kernel may call, by the module that defines them
HOMES = {
    "math": ("sqrt",),
    "brainsim.rng.variates": ("binomial", "binomial_of_many"),
    "brainsim.rng.hashing": ("hashed", "mix", "step_key", "uniform"),
    "brainsim.jit.curves": ("interpolated",),
    "brainsim.jit.elementary": (
        *("arccos", "arcsin", "arctan", "ceil", "cosh", "log10", "sinh", "tan"),
        *("cube", "fourth", "square", "whole_power"),
    ),
    "brainsim.jit.vmath": (
        "clip",
        "cos",
        "exp",
        "expm1",
        "exprel_inverse",
        "floor",
        "flushed",
        "gaussian",
        "greater",
        "lesser",
        "log",
        "log1p",
        "power",
        "relaxation",
        "sigmoid",
        "sign",
        "sin",
        "tanh",
    ),
}
# those that take tens of instructions; loops that call them use wide vectors (`codegen`)
LONG = {*HOMES["brainsim.jit.elementary"], *HOMES["brainsim.jit.vmath"]} - {
    *("clip", "cube", "floor", "flushed", "fourth", "greater", "lesser", "sign", "square", "whole_power")
}
HELPERS = {name: home for home, names in HOMES.items() for name in names}
WHOLE = {"int32", "int64", "uint64"}  # conversions to whole numbers, whose arguments stay as they are
MIN_MAX = {"min": "lesser", "max": "greater"}  # Python's functions can lose a NaN
POWERS = {
    0.5: ("sqrt",),
    1: (),
    2: ("square",),
    3: ("cube",),
    4: ("fourth",),
    6: ("cube", "square"),
    8: ("fourth", "square"),
}


def lower(tree: Tree) -> Tree:
    """Return an expression of the language as a kernel computes it; powers with small whole exponents become products."""
    if isinstance(tree, ast.Constant):
        return tree if isinstance(tree.value, bool) else ast.Constant(constant_value(tree))
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.UAdd):
        return lower(tree.operand)
    # '&' and '^' instead of 'and' and 'not': a branch would keep the loop from vectorising
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return ast.BinOp(lower(tree.operand), ast.BitXor(), ast.Constant(True))
    if isinstance(tree, ast.BoolOp):
        sign = ast.BitAnd() if isinstance(tree.op, ast.And) else ast.BitOr()
        joined, *others = map(lower, tree.values)
        for other in others:
            joined = ast.BinOp(joined, sign, other)
        return joined
    if isinstance(tree, ast.Call):
        return tree if function_name(tree) in WHOLE else _lower_call(function_name(tree), tree.args)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Pow):
        return _lower_power(lower(tree.left), tree.right)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div):
        divisor: Tree = tree.right
        if isinstance(divisor, ast.Call) and function_name(divisor) == "exprel":
            return ast.BinOp(lower(tree.left), ast.Mult(), _call("exprel_inverse", lower(divisor.args[0])))
    return lang.rebuild(tree, lower)


def _call(name, *arguments):
    return ast.Call(ast.Name(name), list(arguments), [])


def _lower_call(name, arguments):
    if name in MIN_MAX:  # a literal number as the second argument saves the test for NaN
        arguments = sorted(arguments, key=lambda part: number(part) is not None)
    arguments = [lower(part) for part in arguments]
    if name == "where":
        test, yes, no = arguments
        return ast.IfExp(test, yes, no)
    if name == "exprel":
        return ast.BinOp(ast.Constant(1.0), ast.Div(), _call("exprel_inverse", *arguments))
    return _call(MIN_MAX.get(name, name), *arguments)


def _lower_power(base, exponent):
    """Return a power; it is a product if the exponent is a literal whole number, and then the base may be negative."""
    value = number(exponent)
    if value is None:
        return _call("power", base, lower(exponent))
    if value in POWERS or -value in POWERS:
        # calls, since an expression that repeats its operand would grow with each power of a power
        for name in POWERS[abs(value)]:
            base = _call(name, base)
        return base if value in POWERS else ast.BinOp(ast.Constant(1.0), ast.Div(), base)
    if value == int(value) and abs(value) < 2.0**53:
        return _call("whole_power", base, _call("int64", ast.Constant(int(value))))
    # from 2**53 on, all whole numbers are even
    return _call("power", _call("abs", base) if value == int(value) else base, ast.Constant(value))


def number(tree: Tree) -> float | None:
    """Return the value of a literal number with or without a sign, or None for any other tree."""
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd):
        inner = number(tree.operand)
        return inner if inner is None or isinstance(tree.op, ast.UAdd) else -inner
    return constant_value(tree) if isinstance(tree, ast.Constant) else None
