"""The text of a kernel that advances each cell from event to event within a step.

What differs between models is a few functions of one cell, written from its statements: how it moves, how fast its
variables change, its distance to the threshold, what an event and a spike do. The frame around them is `frame.FRAME`. As in
`codegen`, the text contains names and structure, never the value of a parameter.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from brainsim.equations.body import gain_name, new_name
from brainsim.equations.codegen import Kernel
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.lower import lower
from brainsim.equations.numba_text import indent, line_of, module, text_of
from brainsim.equations.precise.frame import BELOW, ERROR, FRAME, MOVE_BY_SERIES, SAME, SMALL, WHOLE_IN_PARTS
from brainsim.equations.precise.step import LONGEST, PreciseStep, PreciseSystem
from brainsim.equations.statements import Assign, Statement, formula

OF = "t, I_ext, _scalars, _arrays, _stride, _cell = _of"  # what a function of a cell needs besides the variables
CONSTANTS = (f"SAME, BELOW, ERROR, SMALL = {SAME!r}, {BELOW!r}, {ERROR!r}, {SMALL!r}",)
IMPORTS = ("from brainsim.jit.records import record_or_none",)


class _Writer:
    """Writes functions of a cell; `kernel` has the constants, and where each is found."""

    def __init__(self, system: PreciseSystem, scalars: Sequence[str], arrays: Sequence[str]):
        self._system, self._scalars, self._arrays = system, scalars, arrays

    def function(self, head: str, statements: Iterable[Statement], last: Sequence[str], own: Sequence[str] = ()) -> str:
        """Return the text of a function: loads, statements, and the `last` lines; `own` are names that it has already."""
        lines = [line_of(statement) for statement in statements]
        used = {
            node.id for line in (*lines, *last) for node in ast.walk(ast.parse(line.strip())) if isinstance(node, ast.Name)
        }
        loads = [f"{name} = _x[{i}]" for i, name in enumerate(self._system.variables) if name in used]
        loads += [f"{n} = _scalars[{i}]" for i, n in enumerate(self._scalars) if n in used and n not in own]
        loads += [f"{n} = _arrays[{i} * _stride + _cell]" for i, n in enumerate(self._arrays) if n in used]
        return "\n".join([f"@helper\ndef {head}:", *indent([OF, *loads, *lines, *last]), "\n\n"])


def write_precise_kernel(system: PreciseSystem, step: PreciseStep, per_cell: frozenset[str]) -> Kernel:
    """Return the Kernel of a system whose cells fire at exact times.

    `per_cell` names the parameters and constants that differ between cells.
    """
    constants = _constants(system, step)
    scalars = tuple(name for name in constants if name not in per_cell)
    arrays = tuple(name for name in constants if name in per_cell)
    writer = _Writer(system, scalars, arrays)
    frozen = {name for name in system.variables if name in system.frozen and system.refractory is not None}
    texts = [_move(writer, system, step, frozen), _slopes(writer, system, step, frozen), _threshold(writer, system, step)]
    texts += [_reset(writer, system), _wait(writer, system), _arrival(writer, system, frozen), _lengths(scalars, arrays)]
    frame = FRAME.replace("<n>", str(len(system.variables)))
    title = f"A kernel of exact spike times (equations/precise). State: {', '.join(system.variables) or 'none'}."
    return Kernel(module(title, "".join(texts) + frame, IMPORTS, CONSTANTS), scalars, arrays, (), False)


def _constants(system, step):
    """Return the names of all numbers that the functions need, sorted."""
    written = [*step.lines, *step.slopes]
    needed = set().union(*(line.needs for line in written), {LONGEST, "dt"})
    trees = [tree for _, tree in system.reset]
    trees += [tree for tree in (step.gap, *step.gains.values()) if tree is not None]
    trees += [system.refractory] if system.refractory is not None and not lang.is_condition(system.refractory) else []
    needed |= {node.id for tree in trees for node in ast.walk(lower(tree)) if isinstance(node, ast.Name)}
    needed |= {gain_name(i, n) for i, arrivals in enumerate(system.arrivals) for n, g in arrivals if not algebra.is_one(g)}
    assigned = {line.name for line in written} | {"_free", "t", "I_ext", "pi"}
    return sorted(name for name in needed - assigned - {*system.variables} if name not in _functions(written, trees))


def _functions(written, trees):
    """Return the names that are called, not read."""
    values = [line.value for line in written] + [lower(tree) for tree in trees]
    calls = (node for value in values for node in ast.walk(value) if isinstance(node, ast.Call))
    return {node.func.id for node in calls if isinstance(node.func, ast.Name)}


def _move(writer, system, step, frozen):
    """Return the functions that move a cell: `whole` by dt, and `move` by any part of it."""
    stores = []
    for i, name in enumerate(system.variables):
        new = new_name(name)
        stores.append(f"_y[{i}] = {f'{new} if _free else {name}' if name in frozen else new}")
    if step.solved:
        return writer.function("whole(_x, _y, _free, _of, _work)", step.lines, [*stores, "return True"]) + MOVE_BY_SERIES
    stores += [
        f"_work[{i}] = _{n}_k4{' if _free else 0.0' * (n in frozen)}" for i, n in enumerate(system.variables)
    ]  # for its error
    moved = writer.function("move(_x, _y, dt, _free, _of, _work)", step.lines, stores, own=("dt",))
    return moved + WHOLE_IN_PARTS.replace("<parts>", str(step.parts))


def _slopes(writer, system, step, frozen):
    """Return the function that writes the time derivative of each variable."""
    stores = [f"_d[{i}] = _{n}_k1{' if _free else 0.0' * (n in frozen)}" for i, n in enumerate(system.variables)]
    return writer.function("slopes(_x, _d, _free, _of)", step.slopes, stores)


def _threshold(writer, system, step):
    """Return the functions of the distance to the threshold, and of its time derivative."""
    if step.gap is None:
        gap, rate = "return -1.0", "return 0.0"
    else:
        gap = f"return {text_of(lower(step.gap))}"
        terms = [
            f"{text_of(lower(g))}*_d[{i}]" for i, n in enumerate(system.variables) if (g := step.gains.get(n)) is not None
        ]
        rate = f"return {' + '.join(terms) or '0.0'}"
    return writer.function("distance(_x, _of)", [], [gap]) + writer.function("rate(_x, _d, _of)", [], [rate])


def _reset(writer, system):
    """Return the function that resets a cell which fires."""
    lines = [Assign(name, lower(tree)) for name, tree in system.reset]
    names = dict.fromkeys(name for name, _ in system.reset)
    stores = [f"_x[{system.variables.index(name)}] = {name}" for name in names]
    return writer.function("reset(_x, _of)", lines, stores)


def _wait(writer, system):
    """Return the function of the refractory time of a cell that has just fired [ms], BELOW if it is the threshold."""
    text = "0.0" if system.refractory is None else text_of(lower(system.refractory))
    text = f"{BELOW:.1f}" if system.refractory is not None and lang.is_condition(system.refractory) else text
    return writer.function("waiting_time(_x, _of)", [], [f"return {text}"])


def _arrival(writer, system, frozen):
    """Return the function by which an event acts on a cell, given the index of its receptor."""
    lines = []
    for index, arrivals in enumerate(system.arrivals):
        for name, gain in arrivals:
            row, text = system.variables.index(name), "event" if algebra.is_one(gain) else "gain*event"
            added = text_of(formula(text, gain=gain_name(index, name), event="_event"))
            free = " and _free" * (name in frozen and not system.kept)
            lines.append(f"if _receptor == {index}{free}: _x[{row}] += {added}")
    return writer.function("arrive(_x, _receptor, _event, _free, _of)", [], lines)


def _lengths(scalars, arrays):
    """Return the functions of the longest part and of a whole step of a cell [ms]."""
    texts = []
    for function, name in (("longest_part", LONGEST), ("length_of_step", "dt")):
        place = f"arrays[{arrays.index(name)} * stride + k]" if name in arrays else f"scalars[{scalars.index(name)}]"
        texts.append(f"@helper\ndef {function}(scalars, arrays, stride, k):\n    return {place}\n\n\n")
    return "".join(texts)
