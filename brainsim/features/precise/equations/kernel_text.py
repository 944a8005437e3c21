"""The text of a kernel that advances each cell from event to event within a step.

What differs between models is a few functions of one cell, written from its statements: how it moves, its distance to the
threshold, what an event and a spike do. The frame around them is `frame.FRAME`. As in `codegen`, the text contains names
and structure, never the value of a parameter.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

from brainsim.equations.body import gain_name, new_name
from brainsim.equations.codegen import BLOCK, SCAN, Kernel
from brainsim.equations.crossing import SAME
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.lower import lower
from brainsim.equations.numba_text import fill, indent, line_of, module, text_of
from brainsim.equations.statements import Assign, Statement, formula
from brainsim.features.precise.equations import series
from brainsim.features.precise.equations.frame import BELOW, ERROR, FRAME, MOST_PARTS, OF_BLOCK, OF_EACH, SMALL, STIFF, TWICE
from brainsim.features.precise.equations.step import LONGEST, PreciseStep, PreciseSystem

OF = "t, I_ext, _scalars, _arrays, _stride, _cell = _of"  # what a function of a cell needs besides the variables
CONSTANTS = (
    f"SAME, BELOW, ERROR, SMALL, MOST_PARTS = {SAME!r}, {BELOW!r}, {ERROR!r}, {SMALL!r}, {MOST_PARTS!r}",
    f"TWICE, STIFF = {TWICE!r}, {STIFF!r}",
)
IMPORTS = (
    "from brainsim.equations.crossing import nearer, stays_below",
    "from brainsim.jit.intrinsics import call_address",
    "from brainsim.jit.records import address_of, array_or_none, record_or_none",
)
CURVE = '''@helper
def points_of(scalars, at):
    """Return how many points a Curve has, whose numbers begin at a place: see `constants.with_tables`."""
    return np.int64(scalars[at + 2]) + np.int64(scalars[at + 3])


'''
NAME = re.compile(r"[^\W\d]\w*")


class Writer:
    """Writes functions of a cell; `scalars`, `arrays` and `curves` are the names of its constants, in their order."""

    def __init__(self, system: PreciseSystem, step: PreciseStep, per_cell: frozenset[str]):
        self.system, self.step = system, step
        needed = _constants(system, step)
        self.curves = tuple(name for name in needed if name in system.curves)
        constants = [name for name in needed if name not in self.curves]
        self.scalars = tuple(name for name in constants if name not in per_cell)
        self.arrays = tuple(name for name in constants if name in per_cell)
        self.frozen = {name for name in system.variables if name in system.frozen and system.refractory is not None}

    def function(self, head: str, statements: Iterable[Statement | str], own: Sequence[str] = ()) -> str:
        """Return the text of a function; it loads what it needs, but for the names `own`, which it has already."""
        lines = [line_of(statement) for statement in statements]
        used = {name for line in lines for name in NAME.findall(line)}
        loads = [f"{name} = _x[{i}]" for i, name in enumerate(self.system.variables) if name in used]
        loads += [f"{n} = _scalars[{i}]" for i, n in enumerate(self.scalars) if n in used and n not in own]
        loads += [f"{n} = _arrays[{i} * _stride + _cell]" for i, n in enumerate(self.arrays) if n in used]
        loads += self._curves(used)
        return "\n".join([f"@helper\ndef {head}:", *indent([OF, *loads, *lines]), "\n\n"])

    def _curves(self, used: set[str]) -> list[str]:
        """Return the lines that load the points of Curves: they follow the numbers, each after those before it."""
        lines, at = list[str](), f"{len(self.scalars)}"
        for i, name in enumerate(self.curves):
            lines += [f"_at{i} = {at}", f"{name} = _scalars[_at{i} + 4 : _at{i} + 4 + 2 * points_of(_scalars, _at{i})]"]
            at = f"_at{i} + 4 + 2 * points_of(_scalars, _at{i})"
        return lines if used & {*self.curves} else []

    def gap(self, at: dict[str, str]) -> str:
        """Return the distance to the threshold, if variables have the names `at`."""
        return "-1.0" if self.step.gap is None else text_of(lower(lang.substitute(self.step.gap, _as_names(at))))

    def rate(self, slopes: dict[str, str]) -> str:
        """Return how fast this distance changes, if the time derivatives of variables have these names."""
        terms = [f"{text_of(lower(gain))} * {slopes[name]}" for name, gain in self.step.gains.items()]
        return " + ".join(terms) or "0.0"


def write_precise_kernel(system: PreciseSystem, step: PreciseStep, per_cell: frozenset[str], single: bool = False) -> Kernel:
    """Return the Kernel of a system whose cells fire at exact times.

    `per_cell` names the parameters and constants that differ between cells. Times need double precision.
    """
    assert not single
    writer = Writer(system, step, per_cell)
    if step.solved:
        moves = series.move(writer)
        arguments, block = series.block(writer)
        steps = block + OF_BLOCK
    else:
        moves, arguments, steps = _slopes(writer) + _move(writer), ["flag"], OF_EACH.replace("<parts>", str(step.parts))
    texts = [writer.function("distance(_x, _of)", [f"return {writer.gap({})}"]), moves, _reset(writer), _wait(writer)]
    texts += [_arrival(writer), _lengths(writer)]
    frame = FRAME.replace("<steps>", steps)
    frame = fill(frame, n=len(system.variables), block=BLOCK, scan=SCAN, arguments=", ".join(arguments))
    title = f"A kernel of exact spike times (features/precise/equations). State: {', '.join(system.variables) or 'none'}."
    text = module(title, CURVE * bool(writer.curves) + "".join(texts) + frame, IMPORTS, CONSTANTS)
    return Kernel(text, writer.scalars, writer.arrays, (), False, curves=writer.curves)


def _as_names(at):
    return {name: ast.Name(new) for name, new in at.items()}


def _constants(system, step):
    """Return the names of all numbers that the functions need, in the order in which these have them, not sorted.

    So models that differ only in names share their code.
    """
    written = [*step.lines, *step.slopes]
    trees = [line.whole for line in written] + [lower(tree) for _, tree in system.reset]
    trees += [lower(tree) for tree in (step.gap, *step.gains.values()) if tree is not None]
    if system.refractory is not None and not lang.is_condition(system.refractory):
        trees.append(lower(system.refractory))
    read = [node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)]
    arrivals = [(i, n, gain) for i, each in enumerate(system.arrivals) for n, gain in each]
    read += [*step.terms.values(), *(gain_name(i, n) for i, n, gain in arrivals if not algebra.is_one(gain)), LONGEST, "dt"]
    given = {line.name for line in written} | {"_free", "t", "I_ext", "pi"} | {*system.variables} | _functions(trees)
    return [name for name in dict.fromkeys(read) if name not in given]


def _functions(trees):
    """Return the names that are called, not read."""
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {node.func.id for node in calls if isinstance(node.func, ast.Name)}


def _slopes(writer):
    """Return the function that writes the time derivative of each variable."""
    names = enumerate(writer.system.variables)
    stores = [f"_d[{i}] = _{n}_k1{' if _free else 0.0' * (n in writer.frozen)}" for i, n in names]
    return writer.function("slopes(_x, _d, _free, _of)", [*writer.step.slopes, *stores])


def _move(writer):
    """Return the function that moves a cell by a part of a step, by the Runge-Kutta method.

    Its error is the difference to a solution of third order, which has the slope at the end in place of that at the last
    stage: both have the weights of Simpson's rule.
    """
    names, lines = writer.system.variables, [*writer.step.lines]
    held = {name: " if _free else 0.0" * (name in writer.frozen) for name in names}
    for i, name in enumerate(names):
        new = new_name(name)
        lines.append(f"_y[{i}] = {f'{new} if _free else {name}' if name in writer.frozen else new}")
    lines += ["slopes(_y, _work, _free, _of)", "_length = length_of_step(_scalars, _arrays, _stride, _cell)"]
    lines += ["_share = max(ERROR * _length**4, 1e-13)", "_close = True"]
    for i, name in enumerate(names):
        error = f"abs({f'(_{name}_k4{held[name]})'} - _work[{i}]) * dt / 6.0"
        lines.append(f"_close &= {error} <= _share * max(abs({name}), abs(_y[{i}]), SMALL)")
    first = writer.rate({name: f"(_{name}_k1{held[name]})" for name in names})
    last = writer.rate({name: f"_work[{i}]" for i, name in enumerate(names)})
    lines.append(f"return distance(_y, _of), {first}, {last}, _close or dt < 1e-12 * _length")
    return writer.function("move(_x, _y, dt, _free, _of, _work)", lines, own=("dt",))


def _reset(writer):
    """Return the function that resets a cell which fires."""
    system = writer.system
    lines = [Assign(name, lower(tree)) for name, tree in system.reset]
    names = dict.fromkeys(name for name, _ in system.reset)
    stores = [f"_x[{system.variables.index(name)}] = {name}" for name in names]
    return writer.function("reset(_x, _of)", [*lines, *stores])


def _wait(writer):
    """Return the function of the refractory time of a cell that has just fired [ms], BELOW if it is the threshold."""
    tree = writer.system.refractory
    text = "0.0" if tree is None else f"{BELOW:.1f}" if lang.is_condition(tree) else text_of(lower(tree))
    return writer.function("waiting_time(_x, _of)", [f"return {text}"])


def _arrival(writer):
    """Return the function by which an event acts on a cell, given the index of its receptor."""
    system, lines = writer.system, []
    for index, arrivals in enumerate(system.arrivals):
        for name, gain in arrivals:
            row, text = system.variables.index(name), "event" if algebra.is_one(gain) else "gain*event"
            added = text_of(formula(text, gain=gain_name(index, name), event="_event"))
            free = " and _free" * (name in writer.frozen and not system.kept)
            lines.append(f"if _receptor == {index}{free}: _x[{row}] += {added}")
    return writer.function("arrive(_x, _receptor, _event, _free, _of)", lines)


def _lengths(writer):
    """Return the functions of the longest part and of a whole step of a cell [ms]."""
    texts, arrays = [], writer.arrays
    for function, name in (("longest_part", LONGEST), ("length_of_step", "dt")):
        at = f"arrays[{arrays.index(name)} * stride + k]" if name in arrays else f"scalars[{writer.scalars.index(name)}]"
        texts.append(f"@helper\ndef {function}(scalars, arrays, stride, k):\n    return {at}\n\n\n")
    return "".join(texts)
