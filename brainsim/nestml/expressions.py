"""Expressions of NESTML as texts of `brainsim.Neuron`: names, units, functions."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import brainsim as bs
from brainsim.nestml.parsing import File, size, unit_of
from brainsim.nestml.texts import FUNCTIONS, MAX_LENGTH, as_number, condition, number, tidy

CALLS = {n: f"{n}({{}})" for n in FUNCTIONS if n not in ("log", "sqrt", "pi")}
CALLS |= {"ln": "log({})", "pow": "({})**({})", "round": "floor(({}) + 0.5)", "resolution": "dt", "timestep": "dt"}
CALLS |= {"min": "min({}, {})", "max": "max({}, {})", "clip": "clip({}, {}, {})"}
CALLS |= {"random_normal": "(({}) + ({})*randn())", "random_uniform": "(({}) + ({})*rand())"}
MAX_CALLS = 1_000  # of functions of the model in one expression
MAX_DEPTH = 50  # functions that call each other
CALLS["steps"] = "ceil(({})/dt - 1e-09)"  # a time that is a whole number of steps up to rounding is one


class Expressions:
    """Writes the expressions of a model; `names` leads from names in NESTML to texts, `lines` from names here to texts."""

    def __init__(self, file: File, tree: Any, base: type):
        self.file, self.tree, self.base = file, tree, base
        self.names: dict[str, str] = {"pi": "pi", "t": "t", "e": number(math.e)}
        self.lines: dict[str, str] = {}
        self.taken: set[str] = set()
        self.functions = {function.get_name(): function for function in tree.get_functions()}
        self.inside: list[str] = []  # the functions whose values are being written in, from the outermost on
        self.calls = 0

    def new(self, nestml: str) -> str:
        """Return a name that the class can have and that is not taken: ``g'`` becomes ``g_d``."""
        text = nestml.replace("'", "_d").replace("$", "_aux").replace("__", "_").lstrip("_")
        for suffix in ("", "_", "_2", "_3", "_4", "_5"):
            if (new := text.rstrip("_") + suffix if suffix else text) not in self.taken:
                with contextlib.suppress(ValueError, TypeError):
                    type("Trial", (self.base,), {new: bs.parameter(1.0, "", "a trial")})
                    self.taken.add(new)
                    return new
        raise ValueError(f"{nestml}: no class can have a name like this; call it differently in the model")

    def text(self, node: Any, local: Any = None) -> str:
        """Return an expression as text; `local` are names that hide those of the model."""
        return tidy(self._text(node, {} if local is None else local))

    def number(self, node: Any, local: Any = None) -> str:
        """Return an expression as text, with 1 and 0 for a condition."""
        return as_number(self.text(node, local))

    def assigned(self, node: Any, local: Any = None) -> str:
        """Return the new value of what is assigned, also by ``+=`` and the like."""
        if node.is_direct_assignment:
            return self.number(node.get_expression(), local)
        parts = node.get_lhs_variable_as_expression(), node.get_bracketed_rhs_expression()
        operator = node.extract_operator_from_compound_assignment()
        return self.number(node.construct_equivalent_direct_assignment_rhs(operator, *parts), local)

    def _text(self, node, local):
        text = self._written(node, local)
        if len(text) > MAX_LENGTH:
            message = f"this has more than {MAX_LENGTH:,} characters when the functions in it are written out"
            raise self.file.error(node, message)
        return text

    def _written(self, node, local):
        if hasattr(node, "numeric_literal"):
            return self._simple(node, local)
        if node.is_ternary_operator():
            test, yes, no = (self._text(n, local) for n in (node.get_condition(), node.get_if_true(), node.get_if_not()))
            return f"({as_number(yes)} if {condition(test)} else {as_number(no)})"
        sign = node.get_binary_operator() or node.get_unary_operator()
        if hasattr(sign, "is_bit_and") or getattr(sign, "is_unary_tilde", False):
            raise self.file.error(node, "operators on bits cannot be translated")
        written = "//" if getattr(sign, "is_integer_div_op", False) else str(sign or "").strip().replace("<>", "!=")
        if not node.is_compound_expression():
            inner = self._text(node.get_expression(), local)
            return (
                f"(not {condition(inner)})"
                if node.is_logical_not
                else f"({written}{as_number(inner) if written else inner})"
            )
        left, right = self._text(node.get_lhs(), local), self._text(node.get_rhs(), local)
        if written in ("and", "or"):
            return f"({condition(left)} {written} {condition(right)})"
        left, right = as_number(left), as_number(right)
        if written in ("//", "%"):
            return f"floor({left}/{right})" if written == "//" else f"({left} - {right}*floor({left}/{right}))"
        return f"({left} {written} {right})"

    def _simple(self, node, local):
        if node.is_function_call():
            return self._call(node, node.get_function_call(), local)
        if node.numeric_literal is not None:
            return number(node.numeric_literal * size(unit_of(node.type)))
        if node.get_boolean_literal() is not None or node.is_inf_literal:
            return "1e300" if node.is_inf_literal else str(int(node.get_boolean_literal()))
        variable = node.get_variable()
        if variable is None or variable.has_vector_parameter() or variable.is_delay_variable():
            raise self.file.error(node, f"{node} cannot be translated: only numbers without an index or a delay can")
        known = variable.get_complete_name()
        if (text := local.get(known, self.names.get(known))) is not None:
            return text if text.isidentifier() else f"({text})"
        if variable.is_unit_variable():
            return number(size(unit_of(node.type)))
        raise self.file.error(node, f"{known} has no value here")

    def _call(self, node, made, local):
        known, parts = made.get_name(), [self.number(part, local) for part in made.get_args()]
        if known in self.functions:
            self._enter(known, node)
            function = self.functions[known]
            named = (parameter.get_name() for parameter in function.get_parameters())
            text = f"({self._returned(function, dict(zip(named, parts, strict=True)))})"
            self.inside.pop()
            return text
        if known not in CALLS:
            raise self.file.error(node, f"the function {known}() cannot be translated")
        return CALLS[known].format(*parts)

    def _enter(self, known, node):
        """Note that the value of a function is being written in, unless this has no end."""
        if known in self.inside:
            way = " -> ".join((*self.inside[self.inside.index(known) :], known))
            raise self.file.error(
                node, f"the function {known} calls itself ({way}); functions are written in where they are called"
            )
        self.calls = self.calls + 1 if self.inside else 1
        if self.calls > MAX_CALLS or len(self.inside) >= MAX_DEPTH:
            most = f"at most {MAX_CALLS:,} calls of functions, and {MAX_DEPTH} that call each other"
            raise self.file.error(node, f"an expression may have {most}: they are written out where they are called")
        self.inside.append(known)

    def _returned(self, function, local):
        """Return the value of a function of the model, with its arguments written in."""
        for small in (statement.small_stmt for statement in function.get_stmts_body().get_stmts()):
            if small is not None and small.is_return_stmt():
                return self.number(small.get_return_stmt().get_expression(), local)
            if small is None or not small.is_declaration():
                break
            declared = small.get_declaration()
            local |= {v.get_complete_name(): self.number(declared.get_expression(), local) for v in declared.get_variables()}
        raise self.file.error(function, f"the function {function.get_name()} is more than declarations and a return")
