"""Expressions of Brian2 become trees of brainsim's language.

Brian2 hands its devices code whose names it has resolved: what is a number in the whole run, what an array, what a function.
What depends on numbers only is computed here once, as Brian2's own code generation does, and enters a text as a name, so
that networks which differ in numbers share machine code.
"""

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.core.functions import DEFAULT_FUNCTIONS, Function
from brian2.core.variables import Constant, Subexpression
from brian2.input.binomial import BinomialFunction
from brian2.input.timedarray import TimedArray

from brainsim.brian2.untranslatable import UntranslatableError
from brainsim.equations.expressions.grammar import FUNCTIONS

# functions with one name and one meaning in both languages
SHARED = {"sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "exp", "log", "log10", "log1p", "expm1"}
SHARED |= {"exprel", "sqrt", "ceil", "floor", "abs", "sign", "clip"}
BY_IDENTITY = {id(function): name for name, function in DEFAULT_FUNCTIONS.items()}
ARITHMETIC = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.true_divide, ast.Pow: np.power}
COMPARED = {ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal, ast.Eq: np.equal}
COMPARED[ast.NotEq] = np.not_equal
READ_BY = {ast.Constant: "_literal_number", ast.Name: "_name", ast.UnaryOp: "_unary", ast.BoolOp: "_joined"}
READ_BY |= {ast.Compare: "_compared", ast.BinOp: "_arithmetic", ast.IfExp: "_choice", ast.Call: "_call"}


@dataclass
class Value:
    """A translated expression: its tree, or what it is in the whole run, a number or an array with one for each element.

    `condition`: whether it is a comparison; `literal`: whether it is a number that was typed.
    """

    tree: Any = None
    known: Any = None
    condition: bool = False
    literal: bool = False


def formula(text, **parts):
    """Return the tree of a text in which some names stand for trees."""
    tree = ast.parse(text, mode="eval").body
    return _Replaced(parts).visit(tree)


class _Replaced(ast.NodeTransformer):
    def __init__(self, parts):
        self.parts = parts

    def visit_Name(self, node):
        return self.parts.get(node.id, node)


def statements_of(code, owner):
    """Return the assignments of a piece of Brian2's code as a list of (name, tree), ``x += 1`` written out."""
    found = []
    for node in _parsed(code, owner):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.append((node.targets[0].id, node.value))
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.append((node.target.id, ast.BinOp(ast.Name(node.target.id), node.op, node.value)))
        else:
            raise UntranslatableError(f"the statement {ast.unparse(node)!r} is not an assignment", owner)
    return found


def _parsed(code, owner):
    """Return the statements of a piece of code, whose lines may be indented in any way."""
    nodes, pending = [], ""
    for line in code.split("\n"):
        pending = f"{pending} {line.strip()}".strip()
        try:
            nodes += ast.parse(pending).body
            pending = ""
        except SyntaxError:  # it may go on in the next line
            continue
    if pending:
        raise UntranslatableError(f"{pending!r} is no statement that brainsim has", owner)
    return nodes


class Translator:
    """Translates the expressions of one piece of code; a subclass says what its names and numbers are.

    `meaning(name)` returns the Value of an array or a variable, `constant(value)` the tree by which a number of the run
    enters the text, `table(array, time, column)` the tree of a value of a TimedArray.
    """

    def __init__(self, collected):
        self.collected, self.local = collected, {}

    # what a subclass says

    def meaning(self, name, variable):
        """Return the Value of a name that is not a number."""
        raise NotImplementedError

    def constant(self, value):
        """Return the tree by which a number, or a number for each element, enters the text."""
        raise NotImplementedError

    def table(self, array, arguments):
        """Return the Value of a TimedArray at a time."""
        raise NotImplementedError

    # what all do

    def refuse(self, reason):
        """Raise UntranslatableError for the object that this code belongs to."""
        raise UntranslatableError(reason, self.collected.owner)

    def _unknown(self, node):
        return self.refuse(f"{ast.unparse(node)!r} is no expression that brainsim has")

    def number(self, value):
        """Return the tree of a Value as a number."""
        if value.tree is None:
            return self._entered(value)
        return formula("where(x, 1, 0)", x=value.tree) if value.condition else value.tree

    def condition(self, value):
        """Return the tree of a Value as a condition."""
        if value.tree is None:
            value = Value(formula("x > 0.5", x=self._entered(value)), condition=True)
        return value.tree if value.condition else formula("x != 0", x=value.tree)

    def _entered(self, value):
        known = np.asarray(value.known, dtype=float)
        if known.ndim == 0 and value.literal:
            return _literal(float(known))
        return self.constant(known)

    def expression(self, text):
        """Return the Value of an expression, given as text or as a tree."""
        return self.value(ast.parse(text.strip(), mode="eval").body if isinstance(text, str) else text)

    def value(self, node):
        """Return the Value of a tree of Brian2's language."""
        with np.errstate(all="ignore"):
            return getattr(self, READ_BY.get(type(node), "_unknown"))(node)

    def _literal_number(self, node):
        return Value(known=float(node.value), literal=True)

    def _name(self, node):
        name = node.id
        if name in ("True", "False"):
            return Value(known=float(name == "True"), literal=True)
        if name in self.local:
            return self.local[name]
        variable = self.collected.variables.get(name)
        if variable is None:
            self.refuse(f"the name {name!r} has no value")
        if isinstance(variable, Constant):
            return Value(known=np.asarray(variable.get_value(), dtype=float)[()])
        if isinstance(variable, Subexpression):
            return self.subexpression(name, variable)
        return self.meaning(name, variable)

    def subexpression(self, name, variable):
        """Return the Value of a subexpression, by its definition."""
        return self.expression(variable.expr)

    def _unary(self, node):
        inner = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            if inner.tree is None:
                return Value(known=np.logical_not(inner.known).astype(float))
            return Value(ast.UnaryOp(ast.Not(), self.condition(inner)), condition=True)
        if isinstance(node.op, ast.UAdd):
            return inner
        if inner.tree is None:
            return Value(known=-inner.known, literal=inner.literal)
        return Value(ast.UnaryOp(node.op, self.number(inner)))

    def _joined(self, node):
        parts = [self.value(part) for part in node.values]
        if all(part.tree is None for part in parts):
            joined = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
            return Value(known=joined.reduce(np.broadcast_arrays(*(part.known for part in parts))).astype(float))
        return Value(ast.BoolOp(node.op, [self.condition(part) for part in parts]), condition=True)

    def _compared(self, node):
        left, right = self.value(node.left), self.value(node.comparators[0])
        if len(node.ops) != 1:
            self.refuse(f"{ast.unparse(node)!r} compares more than two numbers")
        if left.tree is None and right.tree is None:
            return Value(known=COMPARED[type(node.ops[0])](left.known, right.known).astype(float))
        return Value(ast.Compare(self.number(left), node.ops, [self.number(right)]), condition=True)

    def _arithmetic(self, node):
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.op, ast.Mod | ast.FloorDiv):
            text = "a - b*floor(a/b)" if isinstance(node.op, ast.Mod) else "floor(a/b)"
            if left.tree is None and right.tree is None:
                whole = np.floor(np.true_divide(left.known, right.known))
                return Value(known=whole if isinstance(node.op, ast.FloorDiv) else left.known - right.known * whole)
            return Value(formula(text, a=self.number(left), b=self.number(right)))
        if type(node.op) not in ARITHMETIC:
            self._unknown(node)
        if left.tree is None and right.tree is None:
            literal = left.literal and right.literal and isinstance(node.op, ast.Div | ast.Mult)
            return Value(known=ARITHMETIC[type(node.op)](left.known, right.known), literal=literal)
        if isinstance(node.op, ast.Pow) and right.tree is None and np.ndim(right.known) == 0:
            right = Value(known=right.known, literal=True)  # a power is what its exponent makes it
        return Value(ast.BinOp(self.number(left), node.op, self.number(right)))

    def _choice(self, node):
        test, yes, no = map(self.value, (node.test, node.body, node.orelse))
        return Value(formula("where(c, a, b)", c=self.condition(test), a=self.number(yes), b=self.number(no)))

    def _call(self, node):
        function = self.collected.variables.get(node.func.id)
        name = BY_IDENTITY.get(id(function), "")
        if isinstance(function, TimedArray):
            return self.table(function, node.args)
        if isinstance(function, BinomialFunction):
            return self._binomial(function)
        arguments = [self.value(part) for part in node.args]
        if name in ("rand", "randn"):
            return Value(formula(f"{name}()"))
        if name == "int":
            return self._whole(arguments[0])
        if name == "timestep":
            return self._combined("floor((a + 0.001*b)/b)", lambda a, b: np.floor((a + 0.001 * b) / b), *arguments)
        if name in SHARED:
            names = "abc"[: len(arguments)]
            return self._combined(f"{name}({', '.join(names)})", FUNCTIONS[name], *arguments)
        what = "function of the script" if isinstance(function, Function) else "function"
        return self.refuse(f"calls the {what} {node.func.id!r}, which brainsim does not have")

    def _combined(self, text, function, *arguments):
        if all(part.tree is None for part in arguments):
            return Value(known=function(*(part.known for part in arguments)))
        return Value(formula(text, **{name: self.number(part) for name, part in zip("abc", arguments, strict=False)}))

    def _whole(self, value):
        if value.tree is None:
            return Value(known=np.trunc(value.known))
        if value.condition:
            return Value(self.number(value))
        if getattr(value, "flag", False):
            return value
        return Value(formula("where(x < 0, ceil(x), floor(x))", x=value.tree))

    def _binomial(self, function):
        return self.refuse(f"calls the function {function.name!r}, which brainsim does not have")


def _literal(number):
    return ast.UnaryOp(ast.USub(), ast.Constant(-number)) if number < 0 else ast.Constant(number)
