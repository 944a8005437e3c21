"""The order in which the lines ``name = ...`` of a class can be computed."""

from __future__ import annotations

from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError, Tree

MAX_SHOWN = 8  # names in a message


def ordered(algebraic: dict[str, Tree], label: str) -> dict[str, Tree]:
    """Return the algebraic lines in an order in which each needs only the lines before it."""
    needs = {name: lang.names_in(tree) & algebraic.keys() for name, tree in algebraic.items()}
    users: dict[str, list[str]] = {name: [] for name in algebraic}
    for name, needed in needs.items():
        for other in needed:
            users[other].append(name)
    position = {name: k for k, name in enumerate(algebraic)}
    missing = {name: len(needed) for name, needed in needs.items()}
    done: dict[str, Tree] = {}
    ready = [name for name in algebraic if not missing[name]]
    while ready:  # each round takes the lines that need only lines of earlier rounds
        done |= {name: algebraic[name] for name in ready}
        for user in (user for name in ready for user in users[name]):
            missing[user] -= 1
        ready = sorted({user for name in ready for user in users[name] if not missing[user]}, key=position.__getitem__)
    if left := [name for name in algebraic if name not in done]:
        need = "need each other" if len(left) > 1 else "needs itself"
        shown = f"{', '.join(map(repr, left[:MAX_SHOWN]))}{' and others' * (len(left) > MAX_SHOWN)}"
        message = f"{shown} {need}; lines 'name = ...' must not depend on themselves"
        raise EquationError(label, message, lang.line_of(algebraic[left[0]]).text, 0)
    return done
