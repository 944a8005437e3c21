"""The kernels of a layer whose cells are models of the language: a step forwards, and backwards.

The statements of a step are those of the engine's own kernel (`equations.body`). What is added
before them are the values at the start of the step, and after them what arrives late in it. The backward pass computes the
step again from the state at its start, and goes through all statements in reverse order (`equations.adjoints.step`).
Where parameters learn, the derivatives with respect to the numbers that depend on them are added up over cells and steps.
"""

from __future__ import annotations

import ast
from collections.abc import Collection

from brainsim.equations.adjoints.step import D, active_names, reversed_statements
from brainsim.equations.body import Body, new_name
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.lower import lower
from brainsim.equations.numba_text import fill, module
from brainsim.equations.statements import Assign, formula, once, select_needed
from brainsim.learn.spiking.from_equations.smooth import BEGINS, DRIVE, ENDS, RECEPTORS, Smooth

# what arrives at the potential, or early in the step, and late in it; of receptor k
FIRST, EARLY, LATE = (tuple(f"_{name}_{k}" for k in range(RECEPTORS)) for name in ("input", "early", "late"))
FINAL = tuple(f"__i{k}_final" for k in range(RECEPTORS))
INPUTS = (*FIRST, *EARLY, *LATE, "I_ext")
SLOPE = "from brainsim.learn.spiking.kernels.responses import relaxation_slope"

# names that are not the model's begin with two underscores, which those of a model never do
FUNCTION = """\
@by_address
def <function>(__cells, __same):
    __c = record_at(__cells)
    __state, __history, __adjoint = array_of(__c.state), array_of(__c.history), array_of(__c.adjoint)
    __first_state, __moment = array_of(__c.initial), array_of(__c.moment)
    __ring_v, __ring_i, __drive = array_of(__c.ring_v), array_of(__c.ring_i), array_of(__c.drive)
    __by_drive, __ends, __counts = array_of(__c.by_drive), array_of(__c.ends), array_of(__c.counts)
    __block, __cell, __time = array_of(__c.block), array_of(__c.cell), array_of(__c.time)
    __by_time, __first_event = array_of(__c.by_time), array_of(__c.first_event)
    __by_end = array_of(__c.by_end)
    __scalars, __n, __low = array_of(__c.scalars), __c.n, __c.low
    __k, __at, __floor = __moment[0], __moment[1] * __c.width + __c.slot, __c.floor
    <scalars>
"""

# moves all cells by a step
AHEAD = """\
    if __k == 0:
        for __row in range(<states>):
            __state[__row * __n : (__row + 1) * __n] = __first_state[__row]
    __x = __ends[0]
    for __j in range(__n):
        <load>
        <clear>
        if __moment[2]:
            <keep>
        <move>
        if _spike:
            <reset>
            __block[__x], __cell[__x] = __c.index, __j
            __time[__x] = (__k + 1) * dt - <lag>
            __x += 1
            __counts[__low + __j] += 1
            <fired>
        else:
            <still>
    __ends[0] = __x
    return 0
"""

# goes back through a step. The adjoints of numbers are those of all steps so far: they are taken up before the cells, and
# put down after them. Initial values may depend on parameters.
BACK = """\
    <learn>
    if __moment[2]:
        __adjoint[:] = 0.0
    __x = __first_event[__k]
    while __x < __first_event[__k + 1] and __block[__x] != __c.index:
        __x += 1
    for __j in range(__n):
        <load>
        <ends>
        <move>
        <zeros>
        if _spike:
            <reset>
            <zeros_of_reset>
            __d_<gap> = __c.rate_cost * (__counts[__low + __j] - __c.rate_target)
            __d_<lag> = -__by_time[__x]
            <fired>
            <back_reset>
            __x += 1
        else:
            <still>
        <back_move>
        <put_down>
    <learned>
    return 0
"""
BY_START = """\
if __k == 0:
    for __row in range(__by_start.size):
        for __j in range(__n):
            __by_start[__row] = __by_start[__row] + __adjoint[__row * __n + __j]"""


def _step(smooth, body):
    """Return the statements of a step up to the spike."""
    currents = list(enumerate(smooth.currents))
    begin = [] if smooth.linear else [Assign(i, formula("i + early", i=i, early=EARLY[k])) for k, i in currents]
    begin += [Assign("start", formula("lesser(gap, -1e-09)", gap=lower(smooth.gap)))]  # as in `forward`
    begin += [Assign("span", formula("dt"))]
    begin += [Assign(f"start_{name}", ast.Name(name)) for name in smooth.variables]
    begin += [Assign(DRIVE, formula("I_ext"))] if smooth.system.external_current else []
    move = [*body.move, *body.arrive]
    if not smooth.linear:  # nothing arrives at v itself
        nothing = {name: formula("0.0") for name in FIRST}
        move = [Assign(line.name, lang.substitute(line.whole, nothing)) for line in move]
    ends, final = [], []
    for k, i in currents:  # first: they depend on nothing else
        current, late = select_needed(move, {new_name(i)}), formula("i + late", i=new_name(i), late=LATE[k])
        ends += [Assign(BEGINS[k], ast.Name(i)), *current, Assign(ENDS[k], late)]
        final.append(Assign(FINAL[k], late))
        move = [line for line in move if line.name != new_name(i)]
    return [*begin, *ends, *move, *final, *body.spike]


def _numbers(statements):
    """Return the names that are not computed: numbers of the model and of the method."""
    return {name for line in statements for name in line.needs} - {line.name for line in statements} - {"pi"}


class Parts:
    """The statements of the functions of a layer, from the `body` of the loop in the engine's kernel.

    `changing` names the numbers that depend on a parameter that learns; it is None if no parameter does.
    """

    def __init__(
        self, smooth: Smooth, body: Body, external_current: bool, label: str, changing: Collection[str] | None = None
    ):
        self.smooth, self.state, count = smooth, (*smooth.variables, *smooth.currents), smooth.receptors
        self.first, self.late = (FIRST if smooth.linear else EARLY)[:count], LATE[:count]
        self.inputs = (*self.first, *self.late, *(("I_ext",) if external_current else ()))
        self.names = (*self.state, *self.inputs)
        before = _step(smooth, body)
        fired = [Assign(line.name, line.value) for line in body.reset]  # as if the cell fired
        given = {*self.names, *_numbers([*before, *fired])}
        (_, still), (step, last) = once(before, given), once([*before, *fired], given)
        self.lag, self.gap = body.after["lag"], body.after["gap"]
        final = dict(zip(smooth.currents, FINAL, strict=False))
        self.fired = {v: last[new_name(v)] for v in smooth.variables} | final
        self.still = {v: still[new_name(v)] for v in smooth.variables} | final
        step = select_needed(step, {*self.fired.values(), *self.still.values(), self.lag, "_spike"})
        cut = next(k for k, line in enumerate(step) if line.name == "_spike") + 1
        self.move, self.reset = step[:cut], step[cut:]
        self.learns, self.changing = changing is not None, sorted({*(changing or ())} & _numbers(step))
        by = {*self.names, *self.changing}
        self.active = active_names(self.move, by)
        known = {"gap": self.gap, "start": new_name("start"), "span": new_name("span"), "lag": self.lag}
        by_gap = formula("(span - lag) / max(gap - start, __floor)", **known)
        by_start = formula("lag / max(gap - start, __floor)", **known)
        by_hand = {self.lag: {self.gap: by_gap, known["start"]: by_start}}
        self.back_reset = reversed_statements(self.reset, self.active, label, by_hand)
        self.back_move = reversed_statements(self.move, by, label)

    @property
    def numbers(self) -> list[str]:
        """Names of the numbers in the kernels, in order."""
        return sorted(_numbers([*self.move, *self.reset]) - {*self.state, *INPUTS} | {"dt"})

    def zeros(self, statements, more=()):
        """Return the lines that set the adjoints of all names in some statements to 0."""
        names = active_names(statements, self.active | {*self.names}) - {*self.changing}
        used = {name for line in statements for name in (line.name, *line.needs)} & names
        return [f"{D}{name} = 0.0" for name in sorted(used | {*more})]


def module_text(name: str, parts: Parts) -> str:
    """Return the text of a module with the functions ``ahead`` and ``back`` for a model of some name."""
    scalars = [f"{number} = __scalars[{k}]" for k, number in enumerate(parts.numbers)]
    bodies = {"ahead": _ahead(parts), "back": _back(parts)}
    functions = [fill(FUNCTION, {"scalars": scalars}, function=function) + body for function, body in bodies.items()]
    title = f"Kernels of a layer of {name}, written by brainsim (learn/spiking/from_equations/kernel_text.py)."
    return module(title, "\n\n".join(functions), (SLOPE,))


def _load(parts):
    """Return the lines that read the state of cell j and what comes in."""
    lines = [f"{name} = __state[{row} * __n + __j]" for row, name in enumerate(parts.state)]
    for k, (first, late) in enumerate(zip(parts.first, parts.late, strict=True)):
        lines += [f"{first} = {_ring('v', k)}", f"{late} = {_ring('i', k)}"]
    return lines + (["I_ext = __drive[__low + __j]"] if "I_ext" in parts.inputs else [])


def _ring(which, k):
    """Return the place of what arrives at receptor k of cell j."""
    return f"__ring_{which}[__at + {k} * __n + __j]" if k else f"__ring_{which}[__at + __j]"


def _kept(parts):
    """Return (name, its place in the history) of all that is kept of a cell and a step."""
    return [(name, f"__history[(__k * {len(parts.names)} + {row}) * __n + __j]") for row, name in enumerate(parts.names)]


def _ahead(parts):
    gaps = {
        "load": _load(parts),
        "clear": [f"{_ring(which, k)} = 0.0" for k in range(len(parts.first)) for which in "vi"],
        "keep": [f"{place} = {name}" for name, place in _kept(parts)],
        "move": parts.move,
        "reset": parts.reset,
        "fired": [f"__state[{row} * __n + __j] = {parts.fired[name]}" for row, name in enumerate(parts.state)],
        "still": [f"__state[{row} * __n + __j] = {parts.still[name]}" for row, name in enumerate(parts.state)],
    }
    return fill(AHEAD, gaps, states=len(parts.state), lag=parts.lag)


def _back(parts):
    zeros = parts.zeros(parts.move, (*parts.names, *parts.still.values()))
    learn = ["__by_number, __by_start = array_of(__c.by_number), array_of(__c.by_start)"] if parts.learns else []
    put = [f"__adjoint[{row} * __n + __j] = {D}{name}" for row, name in enumerate(parts.state)]
    for k, (first, late) in enumerate(zip(parts.first, parts.late, strict=True)):
        put += [f"{_ring('v', k)} = {D}{first}", f"{_ring('i', k)} = {D}{late}"]
    put += [f"__by_drive[__low + __j] = {D}I_ext"] if "I_ext" in parts.inputs else []
    # what a loss asks of the potentials of outputs which fire: to be higher where a spike is missing
    v = parts.state.index("v")
    push = [f"__g{v} = __g{v} + __c.push * __by_end[__low + __j]", "__by_end[__low + __j] = 0.0"]
    gaps = {
        "learn": learn + [f"{D}{name} = __by_number[{k}]" for k, name in enumerate(parts.changing)],
        "load": [f"{name} = {place}" for name, place in _kept(parts)],
        "ends": [f"__g{row} = __adjoint[{row} * __n + __j]" for row in range(len(parts.state))] + push,
        "move": parts.move,
        "zeros": zeros,
        "reset": parts.reset,
        "zeros_of_reset": [z for z in parts.zeros(parts.reset, parts.fired.values()) if z not in zeros],
        "fired": [f"{D}{end} = {D}{end} + __g{row}" for row, end in enumerate(parts.fired[n] for n in parts.state)],
        "back_reset": parts.back_reset,
        "still": [f"{D}{parts.still[name]} = __g{row}" for row, name in enumerate(parts.state)],
        "back_move": parts.back_move,
        "put_down": put,
        "learned": [f"__by_number[{k}] = {D}{name}" for k, name in enumerate(parts.changing)]
        + (BY_START.splitlines() if parts.learns else []),
    }
    return fill(BACK, gaps, gap=parts.gap, lag=parts.lag)
