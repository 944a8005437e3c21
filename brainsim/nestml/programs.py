"""Blocks of statements as assignments under conditions, one after the other, at the end of a step."""

from __future__ import annotations

from collections import ChainMap
from typing import Any

from brainsim.nestml.expressions import SILENT, Expressions, usable
from brainsim.nestml.texts import condition, conjuncts, is_random, joined, names, replace, resolve, slope, tidy

Guard = tuple[str, ...]  # conditions that all hold


class Program:
    """What happens in a step besides the equations.

    `steps` are (guard, target, text), one after the other, with guards in the values before the program; `spikes` are
    (guard, what emit_spike is given). `arrivals` leads from a port to what a spike of weight 1 adds to which variable; the
    sum of the events of a port in `buffers` is needed. Conditions in `dropped` hold where the cell fires. In a rule
    (`current`), guards are in current values.
    """

    def __init__(self, expressions: Expressions, taken: set[str], ports: Any, dropped: Guard = (), current: bool = False):
        self.expressions, self.taken, self.ports, self.dropped, self.current = expressions, taken, ports, dropped, current
        self.steps: list[tuple[Guard, str, str]] = []
        self.spikes: list[tuple[Guard, str]] = []
        self.stored: set[str] = set()
        self.arrivals: dict[str, dict[str, float]] = {port: {} for port in ports}
        self.buffers: set[str] = set()
        self.port = ""  # of the block onReceive that is being added
        self._mixed: dict[str, Any] = {}  # conditions that read what was made of random numbers before, and their nodes
        self._before: dict[str, str] = {}  # values here, in those before the program

    def run(self, statements: list[Any], guard: Guard = (), local: Any = None, phase: str = "", later: bool = False) -> None:
        """Add statements; with a `phase`, ``"before"`` or ``"after"``, those on that side of integrate_odes()."""
        local = ChainMap() if local is None else local
        for k, statement in enumerate(statements):
            before = later or bool(integrations(statements[k + 1 :]))
            here = not phase or phase == ("before" if before else "after")
            if statement.small_stmt is not None:
                if here:
                    self._small(statement.small_stmt, guard, local)
            elif not statement.compound_stmt.is_if_stmt():
                raise self.expressions.file.error(statement, "a loop cannot be translated: a step has no loops")
            elif here or integrations([statement]):
                others: Guard = ()
                for node, body in branches(statement.compound_stmt.get_if_stmt()):
                    test = self.test(node, local) if node is not None else ()
                    inner = phase if integrations([statement]) else ""
                    self.run(body, (*guard, *others, *self.kept(test, body)), local.new_child(), inner, before)
                    others = (*others, tidy(f"not ({joined(test)})"))

    def test(self, node: Any, local: Any) -> Guard:
        """Return a condition as conditions that all hold."""
        text = resolve(condition(self.expressions.text(node, local)), self.expressions.lines)
        self.buffers |= names(text) & self.ports
        guard = tuple(tidy(replace(part, self._before)) for part in conjuncts(text))
        self._mixed |= {part: node for part in guard if is_random(part) and not is_random(text)}
        return guard

    def kept(self, test: Guard, statements: list[Any]) -> Guard:
        """Return a test without what always holds where the cell fires."""
        fires = any(self.expressions.file.calls(statement, "emit_spike") for statement in statements)
        return tuple(part for part in test if part not in self.dropped) if fires else test

    def assign(self, guard: Guard, target: str, text: str) -> None:
        """Add ``target = text``; what an event adds without a condition is added when it arrives."""
        text = tidy(resolve(text, self.expressions.lines))
        for port in sorted(names(text) & self.ports) if target not in self._before and not guard else ():
            if tidy(replace(text, {port: "0"})) == target and (size := slope(text, port)) is not None:
                self.arrivals[port][target] = self.arrivals[port].get(target, 0.0) + size
                return
        self.buffers |= names(text) & self.ports
        guard = self._received(guard)
        if not self.current:
            new, old = replace(text, self._before), self._before.get(target, target)
            self._before[target] = tidy(f"({new}) if {joined(guard)} else ({old})" if guard else new)
        self.steps.append((guard, target, text))

    def groups(self) -> list[tuple[Guard, list[tuple[str, str]]]]:
        """Return (guard, assignments) of the steps in a row that have the same guard."""
        read = names(*(part for guard, _, text in self.steps for part in (*guard, text)), *(sent for _, sent in self.spikes))
        found: list[tuple[Guard, list[tuple[str, str]]]] = []
        for guard, target, text in self.steps:
            if target not in self.stored - read:
                found += [(guard, [])] if not found or found[-1][0] != guard else []
                found[-1][1].append((target, text))
        self.stored &= read
        return found

    def _received(self, guard):
        for part in self._mixed.keys() & {*guard}:
            message = "a condition cannot read a random number of the same step"
            raise self.expressions.file.error(self._mixed[part], message)
        self.buffers |= {self.port} - {""}
        return (f"{self.port} != 0", *guard) if self.port else guard

    def _small(self, statement, guard, local):
        e = self.expressions
        if statement.is_assignment():
            made = statement.get_assignment()
            known, text = made.get_variable().get_complete_name(), e.assigned(made, local)
            target = e.times.get(known, e.names.get(known, "("))
            text = "0" if target in e.times.values() and text == "t" else text  # this event was 0 ms ago
            if known in local or not target.isidentifier():
                raise e.file.error(made, f"{known} is assigned here, but only variables in state: can change")
            for scope in local.maps:  # names of values keep what they were given
                scope.update({n: self._store(n, value) for n, value in scope.items() if target in names(value)})
            self.assign(guard, target, text)
        elif statement.is_declaration():
            declared = statement.get_declaration()
            for known in (variable.get_complete_name() for variable in declared.get_variables()):
                text = resolve(e.number(declared.get_expression(), local), e.lines)
                local[known] = self._store(known, text) if is_random(text) else text
        elif statement.is_function_call() and statement.get_function_call().get_name() == "emit_spike":
            sent = "; ".join(e.number(part, local) for part in statement.get_function_call().get_args())
            self.spikes.append((self._received(guard), resolve(sent, e.lines)))
        elif not statement.is_function_call() or statement.get_function_call().get_name() not in {"integrate_odes", *SILENT}:
            raise e.file.error(statement, "this statement cannot be translated")

    def _store(self, known, text):
        new, port, self.port = usable(known, self.taken), self.port, ""
        self.stored.add(new)
        self.assign((), new, text)
        self.port = port
        return new


def branches(statement: Any) -> list[tuple[Any, list[Any]]]:
    """Return [(condition, statements)] of an if statement; the condition of else is None."""
    clauses = [statement.get_if_clause(), *statement.get_elif_clauses()]
    last = [(None, statement.get_else_clause())] if statement.has_else_clause() else []
    parts = [*((clause.get_condition(), clause) for clause in clauses), *last]
    return [(node, part.get_stmts_body().get_stmts()) for node, part in parts]


def integrations(statements: list[Any], conditions: tuple = ()) -> list[tuple[tuple, list[str]]]:
    """Return (conditions, names) of all calls of integrate_odes(); a condition is (node, whether it holds)."""
    found = []
    for statement in statements:
        small = statement.small_stmt
        if small is not None and small.is_function_call() and small.get_function_call().get_name() == "integrate_odes":
            given = small.get_function_call().get_args()
            found.append((conditions, [part.get_variable().get_complete_name() for part in given]))
        elif small is None and statement.compound_stmt.is_if_stmt():
            others = conditions
            for node, body in branches(statement.compound_stmt.get_if_stmt()):
                found += integrations(body, others if node is None else (*others, (node, True)))
                others = (*others, (node, False))
    return found
