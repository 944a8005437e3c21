"""A synapse of NESTML as a rule, a class of `brainsim.Plasticity`."""

from __future__ import annotations

from typing import Any

import brainsim as bs
from brainsim.nestml.declarations import POTENTIALS, Declarations
from brainsim.nestml.files import File, equations, statements
from brainsim.nestml.programs import Program, integrations
from brainsim.nestml.texts import joined, names, resolve, tidy

FIELDS = {"pre": "on_pre", "post": "on_post", "mod": "on_modulator"}


def make_rule(file: File, model: Any, ports: dict[str, str]) -> type[bs.Plasticity]:
    """Return a class of `brainsim.Plasticity`; `ports` says which is ``"post"``, and which ``"mod"`` (modulating cells)."""
    d = Declarations(file, model, bs.Plasticity)
    e = d.expressions
    for port in (port.get_name() for port in d.continuous):
        e.names[port] = "v_post" if port in POTENTIALS else f"{port}_post"
    blocks = _blocks(file, model, ports)
    for known in dict.fromkeys(filter(None, map(_time_of_event, statements(blocks.values())))):
        e.times[known], e.names[known] = e.names[known], f"t - {e.names[known]}"  # a rule knows how long ago it was
    d.translate()
    ages = {*e.times.values()}
    slopes, stored, texts, sent = _equations(d), dict[str, str](), dict[str, str](), []
    for field, block in blocks.items():
        program = Program(e, d.taken, set(), current=True)
        program.run(statements([block]))
        steps = [(guard, n, text) for guard, group in program.groups() for n, text in group]
        _check(file, block, steps, program)
        texts[field] = "; ".join(f"{n} = {_chosen(guard, text, n)}" for guard, n, text in steps)
        stored |= dict.fromkeys(sorted(program.stored), "0")
        sent += [_chosen(guard, text, "0") for guard, text in program.spikes]
    amplitude = tidy(" + ".join(f"({text})" for text in sent))
    body: dict[str, Any] = {
        "__doc__": f"The synapse {model.get_name()} of {file.name}, in NESTML.",
        "equations": "\n".join(f"d{n}/dt = {text}" for n, text in slopes.items()),
        "amplitude": amplitude if any(texts.values()) or amplitude != "w" else "1*w",
        "between": "; ".join(f"{n} = {n} + elapsed" for n in sorted(ages)),
        "dimensions": False,
    }
    starts = {n: f"-({text})" if n in ages else resolve(text, e.lines) for n, text in d.starts.items()} | stored
    return type(model.get_name(), (bs.Plasticity,), body | texts | d.body(starts))


def _blocks(file, model, ports):
    """Return field of the rule -> block onReceive."""
    found = {}
    for block in model.get_on_receive_blocks():
        port = block.get_port_name()
        guess = next((role for role in ("post", "mod") if port.startswith(role)), "")
        guess = "pre" if file.calls(block, "emit_spike") else guess
        role = next((role for role, known in ports.items() if known == port), guess)
        if not role or FIELDS[role] in found:
            message = f"is {port} for spikes of the target or of modulating cells? write read(..., post={port!r})"
            raise file.error(block, f"{message}, or modulator={port!r}")
        found[FIELDS[role]] = block
    return found


def _equations(d):
    """Return variable -> right-hand side, also of what the block update computes exactly for a step of any length."""
    slopes, e, model = {}, d.expressions, d.model
    for equation in equations(model):
        target = e.names.get(equation.get_lhs().get_name(), "")
        if equation.get_lhs().get_differential_order() != 1 or target not in d.starts:
            raise d.file.error(equation, "a variable of a synapse has one equation of first order")
        slopes[target] = d.resolved(e.number(equation.get_rhs()), e.lines, equation)
    for statement in (statement for statement in statements(model.get_update_blocks()) if not integrations([statement])):
        program = Program(e, d.taken, set(), current=True)
        program.run([statement])
        for guard, target, text in program.steps:
            if guard or target in slopes or (moves := _slope(target, text)) is None:
                raise d.file.error(statement, "between spikes variables change by equations, or by what solves them exactly")
            slopes[target] = moves
    return slopes


def _slope(variable, text):
    """Return the derivative at dt = 0 of what moves a variable by dt; None if that is not the variable itself at dt = 0."""
    import sympy

    symbols = {n: sympy.Symbol(n) for n in [*names(text), "dt", variable]}
    moved = sympy.sympify(text, locals=symbols | {"expm1": lambda x: sympy.exp(x) - 1})
    if sympy.simplify(moved.subs(symbols["dt"], 0) - symbols[variable]) != 0:
        return None
    return str(sympy.simplify(sympy.diff(moved, symbols["dt"]).subs(symbols["dt"], 0)))


def _check(file, block, steps, program):
    """Raise an error for what a rule cannot do: read the time, or change what a condition reads before it is used again."""
    for k, (guard, n, text) in enumerate([*steps, *((guard, "", sent) for guard, sent in program.spikes)]):
        if "t" in names(text, *guard):
            raise file.error(block, "a rule cannot read the time t, only how long ago an event was: t - t_last")
        if any(
            n in names(*later) and {*later} & {*guard, *(tidy(f"not ({part})") for part in guard)}
            for later, *_ in steps[k + 1 :]
        ):
            raise file.error(block, f"assign {n} last: the condition of the assignments after it reads it")


def _time_of_event(statement):
    """Return the variable to which a statement assigns t, "" if it does not."""
    small = statement.small_stmt
    made = small.get_assignment() if small is not None and small.is_assignment() else None
    return made.get_variable().get_complete_name() if made and str(made.get_expression()).strip() == "t" else ""


def _chosen(guard, text, otherwise):
    return tidy(f"({text}) if {joined(guard)} else {otherwise}") if guard else text
