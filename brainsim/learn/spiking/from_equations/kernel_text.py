"""The text of the kernels of a layer whose cells are models of the language: a step forwards, and backwards.

The lines of a step are those of the engine's own kernel (`equations.codegen`), so the bits are the same. What is added
before them are the values at the start of the step, and after them what arrives late in it. The backward pass computes the
step again from the state at its start, and goes through all lines in reverse order (`equations.adjoints.reverse`). Where
parameters learn, the derivatives by the numbers that depend on them are added up over cells and steps.
"""

from __future__ import annotations

import ast
from collections.abc import Collection

from brainsim.equations.adjoints.reverse import D, active_names, once, reversed_lines, split
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.render import HELPERS, render
from brainsim.learn.spiking.from_equations.smooth import CURRENT, DRIVE, Smooth

INPUTS = ("_input_0", "_early", "_late", "I_ext")
NOT_NUMBERS = {*HELPERS, "np", "pi", "max", "min", "abs", "relaxation_slope", "record_at", "array_of", "by_address"}
NARROW = "-1e-09"  # as in `forward`

HEADER = '''"""Kernels of a layer of {name}, written by brainsim (learn/spiking/from_equations/kernel_text.py)."""

{imports}
from brainsim.jit.records import array_of, by_address, record_at
from brainsim.learn.spiking.kernels.responses import relaxation_slope

pi = 3.141592653589793
'''

# names that are not the model's begin with two underscores, which those of a model never do
OPEN = """

@by_address
def {name}(__cells, __same):
    __c = record_at(__cells)
    __state, __history, __adjoint = array_of(__c.state), array_of(__c.history), array_of(__c.adjoint)
    __first_state, __starts, __moment = array_of(__c.initial), array_of(__c.starts), array_of(__c.moment)
    __ring_v, __ring_i, __drive = array_of(__c.ring_v), array_of(__c.ring_i), array_of(__c.drive)
    __by_drive, __ends, __counts = array_of(__c.by_drive), array_of(__c.ends), array_of(__c.counts)
    __block, __cell, __time = array_of(__c.block), array_of(__c.cell), array_of(__c.time)
    __by_time, __first_event = array_of(__c.by_time), array_of(__c.first_event)
    __scalars, __n, __low = array_of(__c.scalars), __c.n, __c.low
    __k, __at = __moment[0], __moment[1] * __c.width + __c.low
{scalars}
"""

# initial values may depend on parameters
START = """\
    if __k == 0:
        for __row in range(__by_start.size):
            for __j in range(__n):
                __by_start[__row] = __by_start[__row] + __adjoint[__row * __n + __j]"""


def starts_of(smooth: Smooth) -> tuple[str, ...]:
    """Return what `begin` computes for the engine's kernel, in its order."""
    drive = (DRIVE,) if smooth.system.external_current else ()
    return ("start", "span", "i_begin", "i_end", *drive, *(f"start_{v}" for v in smooth.variables), CURRENT)


def _lines(smooth, lines):
    """Return the lines of a step up to the spike, and those of the reset, as if the cell fired."""
    begin = [] if smooth.linear else [f"{CURRENT} = {CURRENT} + _early"]
    begin += [f"start = lesser({render(smooth.gap)}, {NARROW})", "span = dt"]
    begin += [f"start_{name} = {name}" for name in smooth.variables]
    begin += [f"{DRIVE} = I_ext"] if smooth.system.external_current else []
    where = next(k for k, line in enumerate(lines) if line.startswith("_spike ="))
    move = [unfrozen(line) for line in lines[:where] if not line.startswith("_free =")]
    if not smooth.linear:  # nothing arrives at v itself
        move = [line.replace("_input_0", "0.0") for line in move]
    spike = unfrozen(lines[where])
    reset = [line for line in lines[where + 1 :] if not line.startswith(("_wait =", "__lag_new ="))]
    current = [line for line in move if line.startswith(f"_{CURRENT}_new =")]
    ends = [f"i_begin = {CURRENT}", *current, f"i_end = _{CURRENT}_new + _late"]
    move = [line for line in move if not line.startswith(f"_{CURRENT}_new =")]
    if any(name not in _targets([*begin, *ends]) and name.startswith("_") for line in current for name in _loaded(line)):
        whole = [line for line in _with_needs(lines[:where], current) if line not in current]
        ends = [f"i_begin = {CURRENT}", *whole, *current, f"i_end = _{CURRENT}_new + _late"]
        move = [line for line in move if line not in whole]
    before = [*begin, *ends, *move, f"__i_final = _{CURRENT}_new + _late", spike]
    return before, [_fired(line) for line in reset]


def _with_needs(lines, wanted):
    """Return the lines that some lines need, in order."""
    needed = {name for line in wanted for name in _loaded(line)}
    kept = []
    for line in reversed(lines):
        target, _ = split(line)
        if target in needed:
            kept.append(line)
            needed |= _loaded(line)
    return kept[::-1]


def unfrozen(line: str) -> str:
    """Return a line without the refractory state, which these cells do not have."""
    target, tree = split(line)

    def change(part):
        if isinstance(part, ast.IfExp) and isinstance(part.test, ast.Name) and part.test.id == "_free":
            return change(part.body)
        both = isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitAnd)
        if both and isinstance(part.left, ast.Name) and part.left.id == "_free":
            return change(part.right)
        return lang.rebuilt(part, change)

    return f"{target} = {ast.unparse(change(tree))}"


def _fired(line):
    """Return a line as if the cell fired."""
    target, tree = split(line)
    if isinstance(tree, ast.IfExp) and isinstance(tree.test, ast.Name) and tree.test.id == "_spike":
        tree = tree.body
    return f"{target} = {ast.unparse(tree)}"


def _loaded(line):
    return lang.names_in(split(line)[1])


def _targets(lines):
    return {split(line)[0] for line in lines}


def _numbers(lines):
    """Return the names that are neither computed nor functions: numbers of the model and of the method."""
    return {name for line in lines for name in _loaded(line)} - _targets(lines) - NOT_NUMBERS


class Parts:
    """The lines of the functions of a layer.

    Parameters
    ----------
    smooth : Smooth
    lines : list of str
        The lines of a step in the engine's kernel.
    external_current : bool
        Whether there are input currents.
    label : str
        What messages begin with.
    changing : collection of str or None
        Names of the numbers that depend on a parameter that learns; None if no parameter does.
    """

    def __init__(
        self, smooth: Smooth, lines: list[str], external_current: bool, label: str, changing: Collection[str] | None = None
    ):
        self.smooth, self.state = smooth, (*smooth.variables, CURRENT)
        first = "_input_0" if smooth.linear else "_early"
        self.inputs = (first, "_late", *(("I_ext",) if external_current else ()))
        before, after = _lines(smooth, lines)
        state, inputs = self.state, self.inputs
        given = {*state, *inputs, *_numbers([*before, *after])}
        lines, last = once([*before, *after], given)
        here, self.free = once(before, given)
        self.lag, self.gap = self._reset_name(lines, "lag"), self._reset_name(lines, "gap")
        self.start = next(n for n in self._loaded_of(lines, self.lag) if "start" in n and n != self.gap)
        self.span = next(n for n in self._loaded_of(lines, self.lag) if "span" in n)
        self.fired = {v: self._of(last, v) for v in smooth.variables} | {CURRENT: "__i_final"}
        self.still = {v: self._of(self.free, v) for v in smooth.variables} | {CURRENT: "__i_final"}
        self.begin = _live(here, {*starts_of(smooth)} - {CURRENT} | {CURRENT + "__1"})
        lines = _live(lines, {*self.fired.values(), *self.still.values(), self.lag, "_spike"})
        cut = next(k for k, line in enumerate(lines) if line.startswith("_spike =")) + 1
        self.move, self.reset = lines[:cut], lines[cut:]
        self.learns, self.changing = changing is not None, sorted({*(changing or ())} & _numbers([*self.move, *self.reset]))
        by = {*state, *inputs, *self.changing}
        self.active = active_names(self.move, by)
        rise = f"max({self.gap} - {self.start}, __c.floor)"
        hand = {self.lag: [(self.gap, f"({self.span} - {self.lag}) / {rise}"), (self.start, f"{self.lag} / {rise}")]}
        self.back_reset = reversed_lines(self.reset, self.active, label, hand)
        self.back_move = reversed_lines(self.move, by, label)
        self.at_start = next((split(line)[0] for line in here if split(line)[0].startswith(f"{CURRENT}__")), CURRENT)

    @property
    def numbers(self) -> list[str]:
        """Names of the numbers in the kernels, in order."""
        return sorted(_numbers([*self.move, *self.reset, *self.begin]) - {*self.state, *INPUTS} | {"dt"})

    @staticmethod
    def _of(last, v):
        return last[f"_{v}_new"]

    @staticmethod
    def _reset_name(lines, name):
        return next(split(line)[0] for line in lines if split(line)[0].startswith(f"_{name}_reset"))

    @staticmethod
    def _loaded_of(lines, target):
        return _loaded(next(line for line in lines if split(line)[0] == target))

    def zeros(self, lines, more=()):
        """Return the lines that set the adjoints of all names in some lines to 0."""
        names = active_names(lines, self.active | {*self.state, *self.inputs}) - {*self.changing}
        used = {name for line in lines for name in (split(line)[0], *_loaded(line))} & names
        return [f"{D}{name} = 0.0" for name in sorted(used | {*more})]


def _live(lines, wanted):
    """Return the lines on which some names depend."""
    kept, needed = [], {*wanted}
    for line in reversed(lines):
        target, _ = split(line)
        if target in needed:
            kept.append(line)
            needed |= _loaded(line)
    return kept[::-1]


def module_text(name: str, parts: Parts) -> str:
    """Return the text of a module with the functions ``ahead``, ``back`` and ``begin`` for a model of some name."""
    text = [*parts.move, *parts.reset, *parts.back_move, *parts.back_reset]
    called = {name for line in text for name in lang.calls_in(split(line)[1])}
    homes: dict[str, list[str]] = {}
    for function in sorted(called & {*HELPERS}):
        homes.setdefault(HELPERS[function], []).append(function)
    imports = "\n".join(f"from {home} import {', '.join(names)}" for home, names in sorted(homes.items()))
    scalars = "\n".join(f"    {name} = __scalars[{k}]" for k, name in enumerate(parts.numbers))
    out = HEADER.format(name=name, imports=imports)
    for function, body in (("ahead", _ahead(parts)), ("back", _back(parts)), ("begin", _begin(parts))):
        out += OPEN.format(name=function, scalars=scalars) + "\n".join(body) + "\n    return 0\n"
    return out


def _indented(lines, depth):
    return [" " * (4 * depth) + line for line in lines]


def _load(parts):
    """Return the lines that read the state of cell j and what comes in."""
    lines = [f"{name} = __state[{row} * __n + __j]" for row, name in enumerate(parts.state)]
    first = parts.inputs[0]
    lines += [f"{first} = __ring_v[__at + __j]", "_late = __ring_i[__at + __j]"]
    return lines + (["I_ext = __drive[__low + __j]"] if "I_ext" in parts.inputs else [])


def _ahead(parts):
    """Return the body of the function that moves all cells by a step."""
    rows = len(parts.state) + len(parts.inputs)
    kept = [
        f"__history[(__k * {rows} + {row}) * __n + __j] = {name}" for row, name in enumerate((*parts.state, *parts.inputs))
    ]
    spike = [
        *parts.reset,
        "__block[__x], __cell[__x] = __c.index, __j",
        f"__time[__x] = (__k + 1) * dt - {parts.lag}",
        "__x += 1",
    ]
    spike += ["__counts[__low + __j] += 1"]
    spike += [f"__state[{row} * __n + __j] = {parts.fired[name]}" for row, name in enumerate(parts.state)]
    still = [f"__state[{row} * __n + __j] = {parts.still[name]}" for row, name in enumerate(parts.state)]
    return [
        "    if __k == 0:",
        f"        for __row in range({len(parts.state)}):",
        "            __state[__row * __n : (__row + 1) * __n] = __first_state[__row]",
        "    __x = __ends[0]",
        "    for __j in range(__n):",
        *_indented([*_load(parts), "__ring_v[__at + __j] = 0.0", "__ring_i[__at + __j] = 0.0", "if __moment[2]:"], 2),
        *_indented(kept, 3),
        *_indented(parts.move, 2),
        "        if _spike:",
        *_indented(spike, 3),
        "        else:",
        *_indented(still, 3),
        "    __ends[0] = __x",
    ]


def _back(parts):
    """Return the body of the function that goes back through a step.

    The adjoints of numbers are those of all steps so far: they are taken up before the cells, and put down after them.
    """
    names = (*parts.state, *parts.inputs)
    rows = len(names)
    load = [f"{name} = __history[(__k * {rows} + {row}) * __n + __j]" for row, name in enumerate(names)]
    ends = [f"__g{row} = __adjoint[{row} * __n + __j]" for row in range(len(parts.state))]
    zeros = parts.zeros(parts.move, (*names, *parts.still.values()))
    fired = [*parts.reset, *(z for z in parts.zeros(parts.reset, parts.fired.values()) if z not in zeros)]
    fired += [f"{D}{parts.gap} = __c.rate_cost * (__counts[__low + __j] - __c.rate_target)"]
    fired += [f"{D}{parts.lag} = -__by_time[__x]"]
    fired += [f"{D}{parts.fired[name]} = {D}{parts.fired[name]} + __g{row}" for row, name in enumerate(parts.state)]
    fired += [*parts.back_reset, "__x += 1"]
    still = [f"{D}{parts.still[name]} = __g{row}" for row, name in enumerate(parts.state)]
    out = [f"__adjoint[{row} * __n + __j] = {D}{name}" for row, name in enumerate(parts.state)]
    out += [f"__ring_v[__at + __j] = {D}{parts.inputs[0]}", f"__ring_i[__at + __j] = {D}_late"]
    out += [f"__by_drive[__low + __j] = {D}I_ext"] if "I_ext" in parts.inputs else []
    take = [f"{D}{name} = __by_number[{k}]" for k, name in enumerate(parts.changing)]
    put = [f"__by_number[{k}] = {D}{name}" for k, name in enumerate(parts.changing)]
    return [
        *(["    __by_number, __by_start = array_of(__c.by_number), array_of(__c.by_start)"] if parts.learns else []),
        *_indented(take, 1),
        "    if __moment[2]:",
        "        __adjoint[:] = 0.0",
        "    __x = __first_event[__k]",
        "    while __x < __first_event[__k + 1] and __block[__x] != __c.index:",
        "        __x += 1",
        "    for __j in range(__n):",
        *_indented([*load, *ends, *parts.move, *zeros], 2),
        "        if _spike:",
        *_indented(fired, 3),
        "        else:",
        *_indented(still, 3),
        *_indented([*parts.back_move, *out], 2),
        *_indented(put, 1),
        *(START.splitlines() if parts.learns else []),
    ]


def _begin(parts):
    """Return the body of the function that computes what the engine's kernel needs for a step."""
    names = {"i_begin": "i_begin", CURRENT: parts.at_start}
    out = [f"__starts[{row} * __n + __j] = {names.get(name, name)}" for row, name in enumerate(starts_of(parts.smooth))]
    return ["    for __j in range(__n):", *_indented([*_load(parts), *parts.begin, *out], 2)]
