"""Expressions as text for kernels: plain arithmetic and calls of helpers that LLVM vectorises."""

from __future__ import annotations

import ast

from brainsim.equations.expressions.grammar import BINARY, COMPARE, Tree, constant_value, function_name, is_chain

# functions that the text of a kernel may call, by the module it imports them from
HOMES = {
    "math": ("sqrt",),
    "brainsim.rng.binomial": ("binomial",),
    "brainsim.rng.hashing": ("hashed", "mix", "step_key", "uniform"),
    "brainsim.jit.powers": ("cube", "fourth", "square", "whole_power"),
    "brainsim.jit.elementary": ("arccos", "arcsin", "arctan", "ceil", "cosh", "log10", "sinh", "tan"),
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
HELPERS = {name: home for home, names in HOMES.items() for name in names}
MIN_MAX = {"min": "lesser", "max": "greater"}  # Python's functions can lose a NaN
POWERS = {
    0.5: "sqrt({})",
    1: "{}",
    2: "square({})",
    3: "cube({})",
    4: "fourth({})",
    6: "square(cube({}))",
    8: "square(fourth({}))",
}


def render(tree: Tree) -> str:
    """Return the expression as text for a kernel; powers with small whole exponents become products."""
    if isinstance(tree, ast.Constant):
        return repr(constant_value(tree))
    if isinstance(tree, ast.Name):
        return tree.id
    if isinstance(tree, ast.UnaryOp):
        # '&' and '^' instead of 'and' and 'not': a branch would keep the loop from vectorising
        operand = render(tree.operand)
        if isinstance(tree.op, ast.UAdd):
            return operand
        return f"({operand} ^ True)" if isinstance(tree.op, ast.Not) else f"(-{operand})"
    if isinstance(tree, ast.BoolOp):
        return "(" + (" & " if isinstance(tree.op, ast.And) else " | ").join(render(v) for v in tree.values) + ")"
    if isinstance(tree, ast.IfExp):
        return f"({render(tree.body)} if {render(tree.test)} else {render(tree.orelse)})"
    if isinstance(tree, ast.Compare):
        return f"({render(tree.left)} {COMPARE[type(tree.ops[0])]} {render(tree.comparators[0])})"
    if isinstance(tree, ast.Call):
        arguments = tree.args
        if function_name(tree) in MIN_MAX:  # a literal number as the second argument saves the test for NaN
            arguments = sorted(arguments, key=lambda part: number(part) is not None)
        return _render_call(function_name(tree), [render(part) for part in arguments])
    return _render_binary(tree)


def _render_call(name, arguments):
    if name in MIN_MAX:
        return f"{MIN_MAX[name]}({', '.join(arguments)})"
    if name == "where":
        test, yes, no = arguments
        return f"({yes} if {test} else {no})"
    if name == "exprel":
        return f"(1.0 / exprel_inverse({arguments[0]}))"
    return f"{name}({', '.join(arguments)})"


def _render_binary(tree):
    left = render(tree.left)
    if isinstance(tree.op, ast.Pow):
        return _render_power(left, tree.right)
    if isinstance(tree.op, ast.Div) and isinstance(tree.right, ast.Call) and function_name(tree.right) == "exprel":
        return f"({left} * exprel_inverse({render(tree.right.args[0])}))"
    # nested brackets for each term of a long sum would be too many for Python
    return f"({left[1:-1] if is_chain(tree) else left} {BINARY[type(tree.op)]} {render(tree.right)})"


def _render_power(base, exponent):
    """Return a power; it is a product if the exponent is a literal whole number, and then the base may be negative."""
    value = number(exponent)
    if value in POWERS:
        # calls, since text that repeats its operand would grow with each power of a power
        return POWERS[value].format(base)
    if value is not None and -value in POWERS:
        return f"(1.0 / {POWERS[-value].format(base)})"
    if value is not None and value == int(value):
        # from 2**53 on, all whole numbers are even
        return f"whole_power({base}, np.int64({int(value)}))" if abs(value) < 2.0**53 else f"power(abs({base}), {value!r})"
    return f"power({base}, {render(exponent)})"


def number(tree: Tree) -> float | None:
    """Return the value of a literal number with or without a sign, or None for any other tree."""
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd):
        inner = number(tree.operand)
        return inner if inner is None or isinstance(tree.op, ast.UAdd) else -inner
    return constant_value(tree) if isinstance(tree, ast.Constant) else None
