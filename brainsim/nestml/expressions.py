"""Expressions of NESTML as texts of `brainsim.Neuron`: names, units, functions."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import brainsim as bs
from brainsim.nestml.files import File, size, unit_of
from brainsim.nestml.texts import FUNCTIONS, as_number, condition, number, tidy

COMPARISONS = {"is_lt": "<", "is_le": "<=", "is_gt": ">", "is_ge": ">=", "is_eq": "==", "is_ne": "!=", "is_ne2": "!="}
ARITHMETIC = {"is_plus_op": "+", "is_minus_op": "-", "is_times_op": "*", "is_div_op": "/", "is_pow_op": "**"}
COMPOUND = {"is_compound_sum": "+", "is_compound_minus": "-", "is_compound_product": "*", "is_compound_quotient": "/"}
CALLS = {n: f"{n}({{}})" for n in FUNCTIONS if n not in ("log", "sqrt", "pi", "exprel")}
CALLS |= {"ln": "log({})", "pow": "({})**({})", "round": "floor(({}) + 0.5)", "resolution": "dt", "timestep": "dt"}
CALLS |= {"min": "min({}, {})", "max": "max({}, {})", "clip": "clip({}, {}, {})"}
CALLS |= {"random_normal": "(({}) + ({})*randn())", "random_uniform": "(({}) + ({})*rand())"}
CALLS["steps"] = "ceil(({})/dt - 1e-09)"  # a time that is a whole number of steps up to rounding is one
SILENT = {"print", "println", "info", "warning"}


def usable(nestml: str, taken: set[str], base: type = bs.Neuron) -> str:
    """Return a name that a class derived from `base` can have and that is not `taken`: ``g'`` becomes ``g_d``."""
    text = nestml.replace("'", "_d").replace("$", "_aux").replace("__", "_").lstrip("_")
    for suffix in ("", "_", "_2", "_3", "_4", "_5"):
        if (new := text.rstrip("_") + suffix if suffix else text) not in taken:
            with contextlib.suppress(ValueError, TypeError):
                type("Trial", (base,), {new: bs.parameter(1.0, "", "a trial")})
                taken.add(new)
                return new
    raise ValueError(f"{nestml}: no class can have a name like this; call it differently in the model")


class Expressions:
    """Writes the expressions of a model; `names` leads from names in NESTML to texts, `lines` from names here to texts."""

    def __init__(self, file: File, model: Any):
        self.file, self.model = file, model
        self.names: dict[str, str] = {"pi": "pi", "t": "t", "e": number(math.e)}
        self.lines: dict[str, str] = {}
        self.times: dict[str, str] = {}  # in a rule: times of events in NESTML -> what says how long ago they were
        self.functions = {function.get_name(): function for function in model.get_functions()}
        self.convolve: Any = None

    def text(self, node: Any, local: Any = None) -> str:
        """Return an expression as text; `local` are names that hide those of the model."""
        return tidy(self._text(node, {} if local is None else local))

    def number(self, node: Any, local: Any = None) -> str:
        """Return an expression as text, with 1 and 0 for a condition."""
        return as_number(self.text(node, local))

    def _text(self, node, local):
        if hasattr(node, "numeric_literal"):
            return self._simple(node, local)
        if node.is_ternary_operator():
            test, yes, no = (self._text(n, local) for n in (node.get_condition(), node.get_if_true(), node.get_if_not()))
            return f"({as_number(yes)} if {condition(test)} else {as_number(no)})"
        if not node.is_compound_expression():
            inner, sign = self._text(node.get_expression(), local), node.get_unary_operator()
            if node.is_logical_not:
                return tidy(f"not {condition(inner)}")
            if sign is not None and sign.is_unary_tilde:
                raise self.file.error(node, "operators on bits cannot be translated")
            return f"(-{as_number(inner)})" if sign is not None and sign.is_unary_minus else f"({inner})"
        left, right, sign = self._text(node.get_lhs(), local), self._text(node.get_rhs(), local), node.get_binary_operator()
        if hasattr(sign, "is_logical_and"):
            return f"({condition(left)} {'and' if sign.is_logical_and else 'or'} {condition(right)})"
        left, right = as_number(left), as_number(right)
        for field, written in (COMPARISONS | ARITHMETIC).items():
            if getattr(sign, field, False):
                age = (
                    written == "-" and left == "t" and next((a for a in self.times.values() if right == f"(t - {a})"), None)
                )
                return age or f"({left} {written} {right})"
        if getattr(sign, "is_integer_div_op", False) or getattr(sign, "is_modulo_op", False):
            return f"floor({left}/{right})" if sign.is_integer_div_op else f"({left} - {right}*floor({left}/{right}))"
        raise self.file.error(node, "operators on bits cannot be translated")

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
        known, given = made.get_name(), made.get_args()
        if known == "convolve":
            return self.convolve(node, *(part.get_variable().get_complete_name() for part in given))
        parts = [self.number(part, local) for part in given]
        if known in self.functions:
            function = self.functions[known]
            named = (parameter.get_name() for parameter in function.get_parameters())
            return f"({self._returned(function, dict(zip(named, parts, strict=True)))})"
        if known not in CALLS:
            raise self.file.error(node, f"the function {known}() cannot be translated")
        return CALLS[known].format(*parts)

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

    def assigned(self, assignment: Any, local: Any) -> str:
        """Return the new value of what is assigned, also by ``+=`` and the like."""
        new, known = self.number(assignment.get_expression(), local), assignment.get_variable().get_complete_name()
        if assignment.is_compound_integer_quotient:
            raise self.file.error(assignment, "//= cannot be translated")
        sign = next((sign for field, sign in COMPOUND.items() if getattr(assignment, field)), None)
        return tidy(f"({local.get(known, self.names.get(known))}) {sign} ({new})") if sign else new
