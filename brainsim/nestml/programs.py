"""Blocks of statements as assignments under conditions, one after the other, at the end of a step."""

from __future__ import annotations

from collections import ChainMap, Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from brainsim.nestml.declarations import Declarations
from brainsim.nestml.texts import RANDOM, condition, joined, names, replace, slope, tidy

SPIKE, INTEGRATE = "emit_spike", "integrate_odes"
SILENT = {"print", "println", "info", "warning"}


class Test(NamedTuple):
    """A condition, the number of steps before it is tested, and whether it must hold."""

    text: str
    at: int
    holds: bool = True

    @property
    def written(self) -> str:
        """The condition that is true if the test is passed."""
        return self.text if self.holds else tidy(f"not ({self.text})")


class Step(NamedTuple):
    """``target = text`` if all tests are passed; instead of a variable, `SPIKE` or `INTEGRATE` with their arguments.

    The tests of a program are of the class `Test`, those of its parts texts.
    """

    tests: tuple[Any, ...]
    target: str
    text: str

    def value(self, otherwise: str = "") -> str:
        """Return what the target becomes; `otherwise` it stays as it is."""
        return tidy(f"({self.text}) if {joined(self.tests)} else {otherwise or self.target}" if self.tests else self.text)


class Program:
    """What statements do, as `steps`.

    `arrivals` leads from a port to what a spike of weight 1 adds to which variable; statements add it to those in `added`.
    Other statements read a port in `buffers`, the sum of the events of a step. Variables in `stored` are of the program.
    """

    def __init__(self, model: Declarations, assigned: Iterable[str] = ()):
        self.model, self.steps, self.updates, self.port = model, list[Step](), 0, ""
        self.arrivals: dict[str, dict[str, float]] = {known: defaultdict(float) for known in model.ports}
        self.assigned, self.stored, self.added, self.buffers = {*assigned}, set[str](), set[str](), set[str]()

    def run(self, statements: list[Any], tests: tuple = (), local: Any = None) -> None:
        """Add statements; `local` are values by the names that they have in a block."""
        local = ChainMap() if local is None else local
        # a spike without a weight comes first: what else stands in the block is its reset
        for statement in sorted(statements, key=_is_no_spike):
            if statement.is_small_stmt():
                self._small(statement.small_stmt, tests, local)
            elif not statement.compound_stmt.is_if_stmt():
                raise self.model.file.error(statement, "a loop cannot be translated: a step has no loops")
            else:
                made = statement.compound_stmt.get_if_stmt()
                clauses = [(clause.get_condition(), clause) for clause in (made.get_if_clause(), *made.get_elif_clauses())]
                self.choose(clauses + [(None, made.get_else_clause())] * made.has_else_clause(), tests, local)

    def choose(self, clauses: list[tuple[Any, Any]], tests: tuple = (), local: Any = None) -> None:
        """Add the first of some clauses (condition, block) whose condition holds; None always does."""
        local, at = ChainMap() if local is None else local, len(self.steps)
        for node, block in clauses:
            text = "" if node is None else self.model.full(condition(self.model.text(node, local)))
            own = (Test(text, at),) if text else ()
            self.run(block.get_stmts_body().get_stmts(), (*tests, *own), local.new_child())
            tests = (*tests, Test(text, at, holds=False))

    def assign(self, tests: tuple, target: str, text: str) -> None:
        """Add ``target = text``; what an event adds without a condition is added when it arrives."""
        text = self.model.full(text)
        for known, port in self.model.ports.items():
            if port in names(text) and tidy(replace(text, {port: "0"})) == target:  # without an event nothing changes
                if (size := slope(text, port)) is None or tests or target in self.assigned:
                    break
                self.arrivals[known][target] += size
                self.added.add(target)
                return
        else:
            tests = self._received(tests)
        self._add(tests, target, text)

    def split(self, spiking: bool = True) -> tuple[list[Step], ...]:
        """Return steps before a spike, the spike, those of its reset, those after it, and those before the next step.

        The last are those of the first `updates` steps that integrate_odes() follows. The spikes of a rule are not
        `spiking`: what they deliver is computed after all assignments.
        """
        steps, fires = [*self.steps], [step for step in self.steps if step.target == SPIKE and spiking]
        if len(fires) > 1:  # each notes that there is one
            fired = self._name("fires")
            fires = [Step((Test(f"{fired} != 0", len(steps)),), SPIKE, "")]
            steps = [step._replace(target=fired, text="1") if step.target == SPIKE else step for step in steps]
            steps += [*fires, fires[0]._replace(target=fired, text="0")]
        first = steps.index(fires[0]) if fires else len(steps)
        own = steps[first].tests if fires else ()
        block = [k for k in range(first, len(steps)) if steps[k].tests[: len(own)] == own]
        last = first + len(block)
        places = [0 if k <= first else 2 if k < last else 3 for k in range(len(steps) + 1)]
        for k in range(self.updates):
            follow = (step.tests[: len(steps[k].tests)] for step in steps[k : self.updates] if step.target == INTEGRATE)
            places[k] = 4 if steps[k].tests in follow else places[k]
        for k in block[1:]:
            steps[k], places[k] = steps[k]._replace(tests=steps[k].tests[len(own) :]), 2
        flags, parts = self._flags(steps, spiking), tuple(list[Step]() for _ in range(5))
        for k, place in enumerate(places):
            parts[place].extend(Step((), flag, f"1 if {text} else 0") for (text, at), flag in flags.items() if at == k)
            for step in (step for step in steps[k : k + 1] if step.target != INTEGRATE):
                known = {test: f"{flags[test[:2]]} != 0" for test in step.tests if test[:2] in flags and test.at < k}
                tests = tuple(test._replace(text=known.get(test, test.text)).written for test in step.tests)
                parts[1 if step.target == SPIKE else place].append(step._replace(tests=tests))
        read = names(*(text for part in parts for one in part for text in (*one.tests, one.text)))
        unread, self.stored = self.stored - read, self.stored & read
        return tuple([one for one in part if one.target not in unread] for part in parts)

    def _flags(self, steps, spiking):
        """Return (condition, where it is tested) -> the variable that stores it.

        It is needed if names of the condition change before it decides, or if it is random and decides about several steps.
        """
        decide = [() if step.target == INTEGRATE else step.tests for step in steps]
        uses = Counter(test[:2] for tests in decide for test in tests)
        flags: dict[tuple[str, int], str] = {}
        for k, tests in enumerate(decide):
            for text, at, _ in tests:
                changes = {step.target for step in steps[at : k if spiking or steps[k].target != SPIKE else None]}
                if (text, at) not in flags and (names(text) & changes or (RANDOM.search(text) and uses[text, at] > 1)):
                    flags[text, at] = self._name("holds")
        return flags

    def _small(self, statement, tests, local):
        model, call = self.model, statement.get_function_call()
        if statement.is_assignment():
            made = statement.get_assignment()
            known, text = made.get_variable().get_complete_name(), model.assigned(made, local)
            target = model.times.get(known, model.names.get(known, "("))
            text = "0" if known in model.times and text == "t" else text  # this event was 0 ms ago
            if known in local or not target.isidentifier():
                raise model.file.error(made, f"{known} is assigned here, but only variables in state: can change")
            for scope in local.maps:  # names of values keep what they were given
                scope.update({n: self._store(n, value) for n, value in scope.items() if target in names(value)})
            self.assign(tests, target, text)
        elif statement.is_declaration():
            declared = statement.get_declaration()
            for known in (variable.get_complete_name() for variable in declared.get_variables()):
                text = model.full(model.number(declared.get_expression(), local))
                local[known] = self._store(known, text) if RANDOM.search(text) else text
        elif call is not None and call.get_name() in (SPIKE, INTEGRATE):
            given = "; ".join(model.full(model.number(part, local)) for part in call.get_args())
            self._add(self._received(tests), call.get_name(), given)
        elif call is None or call.get_name() not in SILENT:
            raise model.file.error(statement, "this statement cannot be translated")

    def _store(self, known, text):
        new = self._name(known)
        self._add((), new, text)
        return new

    def _name(self, known):
        new = self.model.new(known)
        self.stored.add(new)
        return new

    def _received(self, tests):
        return (Test(f"{self.port} != 0", 0), *tests) if self.port else tests

    def _add(self, tests, target, text):
        self.assigned.add(target)
        self.buffers |= names(text, *(test.text for test in tests)) & {*self.model.ports.values()}
        self.steps.append(Step(tests, target, text))


def _is_no_spike(statement):
    call = statement.small_stmt.get_function_call() if statement.is_small_stmt() else None
    return call is None or call.get_name() != SPIKE or bool(call.get_args())


def statements(blocks: Iterable[Any]) -> list[Any]:
    """Return the statements of blocks."""
    return [statement for block in blocks for statement in block.get_stmts_body().get_stmts()]
