"""The kernels of a layer whose cells are models of the language: a step forwards, and backwards.

The statements of a step are those of the engine's own kernel (`equations.body`). What is added
before them are the values at the start of the step, and after them what arrives late in it. The backward pass computes the
step again from the state at its start, and goes through all statements in reverse order (`features.adjoints.step`).
Where parameters learn, the derivatives with respect to the numbers that depend on them are added up over cells and steps.
"""

from __future__ import annotations

import ast
from collections.abc import Collection

from brainsim.equations.body import Body, new_name
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.lower import lower
from brainsim.equations.numba_text import fill, indent, module
from brainsim.equations.statements import Assign, formula, once, select_needed
from brainsim.features.adjoints.step import D, active_names, name_calls, reversed_statements
from brainsim.learn.spiking.from_equations.smooth import BEGINS, CHORD, CROSS, DECAYED, DRIVE, ENDS, FOUND, Smooth
from brainsim.learn.spiking.from_equations.upstroke import LEVEL, RETURN, STEEP, WALK
from brainsim.learn.spiking.kernels.net import RECEPTORS

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
    <path>
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
        <begin>
        <cell>
    __ends[0] = __x
    return 0
"""
CELL_AHEAD = """\
<advance>
if __fires:
    <crossing>
    <reset>
    __block[__x], __cell[__x] = __c.index, __j
    __time[__x] = (__k + 1) * dt - <lag>
    __x += 1
    __counts[__low + __j] += 1
    <fired>
else:
    <still>"""

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
        <begin>
        <cell>
    <learned>
    return 0
"""
CELL_BACK = """\
<advance>
<zeros>
if __fires:
    <crossing>
    <reset>
    <zeros_of_reset>
    __d_<pulled> = __c.rate_cost * (__counts[__low + __j] - __c.rate_target)
    __d_<lag> = -__by_time[__x]
    <fired>
    <back_reset>
    <back_crossing>
    __x += 1
else:
    <still>
<back_advance>
<back_begin>
<put_down>"""
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
        ends += [Assign(BEGINS[k], ast.Name(i)), *current, Assign(DECAYED[k], ast.Name(new_name(i))), Assign(ENDS[k], late)]
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
        self.label = label
        self.smooth, self.state, count = smooth, (*smooth.variables, *smooth.currents), smooth.receptors
        self.first, self.late = (FIRST if smooth.linear else EARLY)[:count], LATE[:count]
        self.inputs = (*self.first, *self.late, *(("I_ext",) if external_current else ()))
        self.names = (*self.state, *self.inputs)
        before = _step(smooth, body)
        fired = [Assign(line.name, line.value) for line in body.reset]  # as if the cell fired
        given = {*self.names, *_numbers([*before, *fired])}
        (_, still), (step, last) = once(before, given), once([*before, *fired], given)
        self.lag, self.gap = body.after["lag"], body.after["gap"]
        names = {v: f"crossing_s_{v}" for v in smooth.variables}
        self.crossed = {v: body.after[name] for v, name in names.items() if name in body.after}
        final = dict(zip(smooth.currents, FINAL, strict=False))
        self.fired = {v: last[new_name(v)] for v in smooth.variables} | final
        self.still = {v: still[new_name(v)] for v in smooth.variables} | final
        step = select_needed(step, {*self.fired.values(), *self.still.values(), self.lag, "_spike"})
        step = name_calls(step, "__call")
        cut = next(k for k, line in enumerate(step) if line.name == "_spike") + 1
        self._divide(step[:cut], step[cut:], {body.after[n] for n in ("share", *CROSS[:count]) if n in body.after})
        needed = _numbers(step) | (smooth.upstroke.needs if smooth.upstroke else set())
        level = {LEVEL} if smooth.upstroke and smooth.upstroke.single else set()
        self.numbers = sorted(needed - {*self.state, *INPUTS} | {"dt"} | level)
        self.learns, self.changing = changing is not None, sorted({*(changing or ())} & needed)
        by = {*self.names, *self.changing}
        self.active = active_names([*self.begin, *self.move], by)
        by_chord = formula("chord / max(chord, __floor)", chord=body.after[CHORD])
        by_hand = {self.lag: {body.after[FOUND]: by_chord}}

        def back(statements, start=self.active):
            return reversed_statements(statements, start, label, by_hand)

        self.active_in_reset = in_reset = active_names(
            [line for part in self.found for line in part] + self.reset, self.active
        )
        self.back_reset, self.back_found = back(self.reset, in_reset), [back(part, in_reset) for part in self.found]
        self.back_move, self.back_begin = back(self.move), back(self.begin, by)

    def _divide(self, move, reset, after):
        """Divide the statements: those before the move, which change no variable, and the reset in four parts.

        They are ``begin`` and ``move``; `found`, of the time of a spike, what follows from it, and the state then, so that
        an upstroke has the first and last of these from its path; and ``reset``.
        """
        count, smooth = self.smooth.receptors, self.smooth
        given = ["start", "span", DRIVE, *BEGINS[:count], *ENDS[:count], *(f"start_{name}" for name in smooth.variables)]
        self.begin = select_needed(move, {*FINAL[:count], *given, *map(new_name, given)})
        self.move = [line for line in move if line not in self.begin]
        time = select_needed(reset, {self.lag})
        follows = [line for line in select_needed(reset, after) if line not in time]
        state = [line for line in select_needed(reset, {*self.crossed.values()}) if line not in (*time, *follows)]
        self.ended = FINAL[:count]
        self.begins = list(BEGINS[:count])
        self.drive = "I_ext" if "I_ext" in self.inputs else "0.0"
        self.found = time, follows, state
        self.reset = [line for line in reset if line not in (*time, *follows, *state)]
        needed = set().union(*(line.needs for line in self.reset))
        self.crossed = {v: name for v, name in self.crossed.items() if name in needed}

    def zeros(self, statements, more=()):
        """Return the lines that set the adjoints of all names in some statements to 0."""
        names = (self.active_in_reset | {*self.names}) - {*self.changing}
        used = {name for line in statements for name in (line.name, *line.needs)} & names
        return [f"{D}{name} = 0.0" for name in sorted(used | {*more})]


def module_text(name: str, parts: Parts) -> str:
    """Return the text of a module with the functions ``ahead`` and ``back`` for a model of some name."""
    scalars = [f"{number} = __scalars[{k}]" for k, number in enumerate(parts.numbers)]
    bodies = {"ahead": _ahead(parts), "back": _back(parts)}
    upstroke, path, more, imports = parts.smooth.upstroke, [], "", [SLOPE]
    if upstroke is not None:
        path, more = ["__path, __sizes = array_of(__c.path), array_of(__c.sizes)"], upstroke.text(parts)
        imports.append("from math import frexp, ldexp")
    lines = {"scalars": scalars, "path": path}
    functions = [fill(FUNCTION, lines, function=function) + body for function, body in bodies.items()]
    title = f"Kernels of a layer of {name}, written by brainsim (learn/spiking/from_equations/kernel_text.py)."
    return module(title, more + "\n\n".join(functions), imports)


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
    rows = range(len(parts.state))

    def cell(steep):
        gaps = {
            "advance": _advance(parts, steep),
            "crossing": _crossing(parts, steep),
            "reset": parts.reset,
            "fired": [f"__state[{row} * __n + __j] = {parts.fired[name]}" for row, name in enumerate(parts.state)],
            "still": [f"__state[{row} * __n + __j] = {_still(parts, steep)[row]}" for row in rows],
        }
        return fill(CELL_AHEAD, gaps, lag=parts.lag)

    gaps = {
        "load": _load(parts),
        "clear": [f"{_ring(which, k)} = 0.0" for k in range(len(parts.first)) for which in "vi"],
        "keep": [f"{place} = {name}" for name, place in _kept(parts)],
        "begin": parts.begin,
        "cell": _cell(parts, cell),
    }
    return fill(AHEAD, gaps, states=len(parts.state))


def _cell(parts, cell):
    """Return the lines for a cell: those of `cell(False)`, or in an upstroke `cell(True)`, each a path without the other."""
    ordinary, upstroke = cell(False).split("\n"), parts.smooth.upstroke
    if upstroke is None:
        return ordinary
    currents = dict(zip(parts.smooth.currents, map(ast.Name, parts.begins), strict=True))
    test = f"__steeply = __rate > 0.0 and __steep > 0.0 and __steep * __steep * dt > {STEEP * STEEP!r}"
    look = [*upstroke.look(currents), test]
    if upstroke.single:
        look = ["__steeply, __steep = False, 0.0", f"if {upstroke.single} > {LEVEL}:", *indent(look)]
    return [*look, "if __steeply:", *indent(cell(True).split("\n")), "else:", *indent(ordinary)]


def _advance(parts, steep):
    """Return the lines that move a cell, and say whether it fires."""
    if not steep:
        return [*parts.move, "__fires = _spike"]
    state = [*parts.smooth.variables, *parts.begins]
    walk = [f"__path[{k}] = {name}" for k, name in enumerate(state)]
    walk += [f"__parts, __crossed = {WALK}(__path, __sizes, __steep, dt, __scalars, {parts.drive})"]
    return [*walk, f"__fires, __end = __crossed >= 0.0, __parts * {len(state)}"]


def _crossing(parts, steep):
    """Return the lines that find the time of a spike, and the state then."""
    time, follows, state = parts.found
    if steep:
        time = [f"{parts.lag} = dt - __crossed"]
        state = [f"{name} = __path[__end + {parts.state.index(v)}]" for v, name in parts.crossed.items()]
    return [*time, *follows, *state]


def _still(parts, steep):
    """Return the state of a cell that does not fire."""
    variables = len(parts.smooth.variables) if steep else 0
    return [f"__path[__end + {k}]" for k in range(variables)] + [parts.still[name] for name in parts.state[variables:]]


def _back(parts):
    changing, learn = list(enumerate(parts.changing)), []
    upstroke, rows = parts.smooth.upstroke is not None, range(len(parts.state))
    if parts.learns:
        learn = ["__by_number, __by_start = array_of(__c.by_number), array_of(__c.by_start)"]
    learn += [f"{D}{name} = __by_number[{k}]" for k, name in changing]
    learn += ["__adjoint_of_path, __by_path = array_of(__c.adjoint_of_path), array_of(__c.by_path)"] if upstroke else []
    learn += ["__by_path[:] = 0.0"] if upstroke else []
    learned = [f"__by_number[{k}] = {D}{name}{f' + __by_path[{k}]' if upstroke else ''}" for k, name in changing]
    # what a loss asks of the potentials of outputs which fire: to be higher where a spike is missing
    v = parts.state.index("v")
    push = [f"__g{v} = __g{v} + __c.push * __by_end[__low + __j]", "__by_end[__low + __j] = 0.0"]
    gaps = {
        "learn": learn,
        "load": [f"{name} = {place}" for name, place in _kept(parts)],
        "ends": [f"__g{row} = __adjoint[{row} * __n + __j]" for row in rows] + push,
        "begin": parts.begin,
        "cell": _cell(parts, lambda steep: _cell_back(parts, steep)),
        "learned": learned + (BY_START.splitlines() if parts.learns else []),
    }
    return fill(BACK, gaps)


def _cell_back(parts, steep):
    """Return the lines that go back through the step of a cell."""
    put = [f"__adjoint[{row} * __n + __j] = {D}{name}" for row, name in enumerate(parts.state)]
    for k, (first, late) in enumerate(zip(parts.first, parts.late, strict=True)):
        put += [f"{_ring('v', k)} = {D}{first}", f"{_ring('i', k)} = {D}{late}"]
    put += [f"__by_drive[__low + __j] = {D}I_ext"] if "I_ext" in parts.inputs else []
    follows, state = parts.found[1:]
    moved, found = ([], follows) if steep else (parts.move, [*parts.found[0], *follows, *state])
    zeros = parts.zeros([*parts.begin, *moved], (*parts.names, *(n for n in parts.still.values() if not steep)))
    zeros = [*dict.fromkeys([*zeros, *(f"{D}{name} = 0.0" for name in (*parts.ended, *parts.begins) if steep)])]
    found_zeros = parts.zeros([*found, *parts.reset], (*parts.fired.values(), parts.lag))
    gaps = {
        "advance": _advance(parts, steep),
        "zeros": zeros,
        "crossing": _crossing(parts, steep),
        "reset": parts.reset,
        "zeros_of_reset": [z for z in found_zeros if z not in zeros],
        "fired": [f"{D}{end} = {D}{end} + __g{row}" for row, end in enumerate(parts.fired[n] for n in parts.state)],
        "back_reset": parts.back_reset,
        "back_crossing": _back_crossing(parts, steep),
        "still": _back_still(parts, steep),
        "back_advance": _back_advance(parts, steep),
        "back_begin": parts.back_begin,
        "put_down": put,
    }
    return fill(CELL_BACK, gaps, lag=parts.lag, pulled=new_name("start") if steep else parts.gap)


def _back_crossing(parts, steep):
    time, follows, state = parts.back_found
    if steep:
        of = [D + parts.crossed[v] if v in parts.crossed else 0.0 for v in parts.state]
        state = [f"__adjoint_of_path[{k}] = {name}" for k, name in enumerate(of)]
        time = [f"__adjoint_of_path[{len(of)}] = -{D}{parts.lag}"]
    return [*state, *follows, *time]


def _back_still(parts, steep):
    ends, variables = [f"{D}{parts.still[name]}" for name in parts.state], len(parts.smooth.variables)
    if not steep:
        return [f"{end} = __g{row}" for row, end in enumerate(ends)]
    lines = [f"__adjoint_of_path[{k}] = {f'__g{k}' if k < variables else 0.0}" for k in range(len(ends) + 1)]
    return lines + [f"{ends[row]} = __g{row}" for row in range(variables, len(ends))]


def _back_advance(parts, steep):
    if not steep:
        return parts.back_move
    count, names = len(parts.state), [*parts.smooth.variables, *parts.begins]
    lines = [f"__adjoint_of_path[{count + 1}] = 0.0"]
    lines += [
        f"{RETURN}(__path, __sizes, __parts, __fires, __scalars, {parts.drive}, __adjoint_of_path, __by_path)",
        *(f"{D}{name} = {D}{name} + __adjoint_of_path[{k}]" for k, name in enumerate(names)),
    ]
    return lines + ([f"{D}I_ext = {D}I_ext + __adjoint_of_path[{count + 1}]"] if "I_ext" in parts.inputs else [])
