"""Remainders, ``x % y``, and whole quotients, ``x // y``, written out by `floor`, which everything that follows knows."""

import ast

from brainsim.equations.expressions.grammar import MAX_NODES, RANDOM, WHOLE, EquationError, Line, Tree


def written_out(tree: Tree, line: Line, label: str) -> Tree:
    """Return a checked tree in which ``x // y`` is ``floor(x/y)``, and ``x % y`` is ``x - y*floor(x/y)``."""
    if not any(isinstance(node, WHOLE) for node in ast.walk(tree)):
        return tree

    class Writer(ast.NodeTransformer):
        def visit_BinOp(self, node):  # noqa: N802 - what `ast` calls
            place = {"col_offset": node.col_offset}
            parts: tuple[Tree, Tree] = self.visit(node.left), self.visit(node.right)
            if not isinstance(node.op, WHOLE):
                return ast.BinOp(parts[0], node.op, parts[1], **place)
            quotient = ast.Call(ast.Name("floor", **place), [ast.BinOp(parts[0], ast.Div(), parts[1], **place)], [], **place)
            if isinstance(node.op, ast.FloorDiv):
                return quotient
            inside = [one for part in parts for one in ast.walk(part)]
            if any(isinstance(one, ast.Name) and one.id in RANDOM for one in inside):
                message = "a random number cannot be divided by '%', which reads it twice; give it a variable of its own"
                raise EquationError(label, message, *line.place(node))
            if len(inside) > MAX_NODES / 2:
                raise EquationError(label, "too many '%' in each other; write lines 'name = x % y'", *line.place(node))
            return ast.BinOp(parts[0], ast.Sub(), ast.BinOp(parts[1], ast.Mult(), quotient, **place), **place)

    return Writer().visit(tree)
