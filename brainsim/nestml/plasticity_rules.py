"""A synapse of NESTML as a rule, a class of `brainsim.Plasticity`."""

from __future__ import annotations

from typing import Any

import sympy
from pynestml.meta_model.ast_assignment import ASTAssignment
from pynestml.utils.ast_utils import ASTUtils

import brainsim as bs
from brainsim.nestml.declarations import POTENTIALS, Declarations
from brainsim.nestml.parsing import File
from brainsim.nestml.programs import INTEGRATE, SPIKE, Program, statements
from brainsim.nestml.texts import names, tidy

FIELDS = {"pre": "on_pre", "post": "on_post", "mod": "on_modulator"}


def make_rule(file: File, tree: Any, ports: dict[str, str]) -> type[bs.Plasticity]:
    """Return a class of `brainsim.Plasticity`; `ports` says which is ``"post"``, and which ``"mod"`` (modulating cells)."""
    model = Declarations(file, tree, bs.Plasticity)
    for port in (port.get_name() for port in model.continuous):
        model.names[port] = "v_post" if port in POTENTIALS else f"{port}_post"
    blocks = _blocks(file, tree, ports)
    for made in (made for block in blocks.values() for made in ASTUtils.get_all(block, ASTAssignment)):
        known = made.get_variable().get_complete_name()
        if str(made.get_expression()).strip() == "t" and known not in model.times:
            model.times[known] = model.names[known]
            model.names[known] = f"t - {model.times[known]}"  # a rule knows how long ago it was
    model.translate()
    ages = {*model.times.values()}
    texts, stored, sent = dict[str, str](), set[str](), list[str]()
    for field, block in blocks.items():
        program = Program(model)
        program.run(statements([block]))
        steps, spikes, *_ = program.split(spiking=False)
        if any("t" in names(one.text, *one.tests) for one in (*steps, *spikes)):
            raise file.error(block, "a rule cannot read the time t, only how long ago an event was: t - t_last")
        texts[field] = "; ".join(f"{one.target} = {one.value()}" for one in steps)
        sent += [one.value("0") for one in spikes]
        stored |= program.stored
    amplitude = tidy(" + ".join(f"({text})" for text in sent))
    body: dict[str, Any] = {
        "__doc__": f"The synapse {tree.get_name()} of {file.name}, in NESTML.",
        "equations": "\n".join(f"d{n}/dt = {text}" for n, text in _equations(model).items()),
        "amplitude": amplitude if any(texts.values()) or amplitude != "w" else "1*w",
        "between": "; ".join(f"{n} = {n} + elapsed" for n in sorted(ages)),
        "dimensions": False,
    }
    starts = {n: f"-({text})" if n in ages else model.full(text) for n, text in model.starts.items()}
    return type(tree.get_name(), (bs.Plasticity,), body | texts | model.body(starts | dict.fromkeys(sorted(stored), "0")))


def _blocks(file, tree, ports):
    """Return field of the rule -> block onReceive."""
    found = {}
    for block in tree.get_on_receive_blocks():
        port = block.get_port_name()
        guess = next((role for role in ("post", "mod") if port.startswith(role)), "")
        guess = "pre" if ASTUtils.get_function_call(block, SPIKE) else guess
        role = next((role for role, known in ports.items() if known == port), guess)
        if not role or FIELDS[role] in found:
            message = f"is {port} for spikes of the target or of modulating cells? write read(..., post={port!r})"
            raise file.error(block, f"{message}, or modulator={port!r}")
        found[FIELDS[role]] = block
    return found


def _equations(model):
    """Return variable -> right-hand side, also of what the block update computes exactly for a step of any length."""
    slopes = {}
    for equation in model.tree.get_equations():
        target = model.names.get(equation.get_lhs().get_name(), "")
        if equation.get_lhs().get_differential_order() != 1 or target not in model.starts:
            raise model.file.error(equation, "a variable of a synapse has one equation of first order")
        slopes[target] = model.full(model.number(equation.get_rhs()), equation)
    for block in model.tree.get_update_blocks():
        program = Program(model)
        program.run(statements([block]))
        for tests, target, text in (step for step in program.steps if step.target != INTEGRATE):
            if tests or target in slopes or (moves := _slope(target, text)) is None:
                raise model.file.error(block, "between spikes variables change by equations, or by what solves them exactly")
            slopes[target] = moves
    return slopes


def _slope(variable, text):
    """Return the derivative at dt = 0 of what moves a variable by dt; None if that is not the variable itself at dt = 0."""
    symbols = {n: sympy.Symbol(n) for n in [*names(text), "dt", variable]}
    moved = sympy.sympify(text, locals=symbols | {"expm1": lambda x: sympy.exp(x) - 1})
    if sympy.simplify(moved.subs(symbols["dt"], 0) - symbols[variable]) != 0:
        return None
    return str(sympy.simplify(sympy.diff(moved, symbols["dt"]).subs(symbols["dt"], 0)))
