"""The kernel of quiet cells: several steps of cells that nothing reaches, with their state in registers.

A cell that is not refractory, gets no event, no current and no random number moves by its equations alone. So it can make
several steps before the next cell is loaded. The statements are those of the kernel (see `body`), with inputs of zero, so
the bits are the same. If a cell would have fired, or is refractory, its state is restored and its number is listed: such
cells are advanced step by step.

Steps of exact methods flush tiny numbers to 0 (`flushed`), which takes half of the time of a step of LIF cells. That is left
out where it would not change a bit:

- ``P*x`` with P from 0 to 1, a variable that only decays: it is enough to look at it after some steps. If it is tiny and
  not 0 before, the cell is listed.
- ``... + c`` with a constant c: a sum of two numbers is 0, or not smaller than half of the last digit of each of them.

As neither can be -0.0 then, adding inputs of zero is left out, too.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass

from brainsim.equations.body import Body, new_name
from brainsim.equations.codegen import Kernel
from brainsim.equations.expressions.grammar import function_name
from brainsim.equations.numba_text import fill, indent, module
from brainsim.equations.precision import narrow
from brainsim.equations.statements import Assign, Load, Statement, Store, formula
from brainsim.equations.steps.step import Step
from brainsim.equations.system import System

BLOCK, SCAN = 512, 64  # cells; as in `codegen`, flags are counted before they are checked one by one
UNROLLED = 6  # steps between loading and storing: more are not faster
TINY = 1e-200  # constants above this are not tiny: `flushed` makes numbers below 1e-250 zero
LONG = 40  # statements of a step, above which a cell makes only one step at a time: loading it is not what takes time then

LIMIT = "from brainsim.jit.vmath import flush_limit"
TEST = """@helper
def _vanishes(x, before):
    return (abs(x) < flush_limit(x)) & (before != 0.0)


"""
ENTRY = """@helper
def keep(values, kept):
    for k in range(values.size):
        kept[k] = values[k]


@helper
def count_stirred(flag, waiting):
    count = np.int32(0)
    for k in range(flag.size):
        count += np.int32((flag[k] > 0) | (waiting[k] > 0))
    return count


@by_address
def advance(cells_, progress_):
    cells = record_at(cells_)
    state, arrays, scalars = array_of(cells.state), array_of(cells.arrays), array_of(cells.scalars)
    kept, flags, waiting = array_of(cells.kept), array_of(cells.flags), array_of(cells.refractory)
    lane, stirred = array_of(cells.lane_of_slot), array_of(cells.stirred)
    stride, steps, count, found = cells.stride, cells.steps, cells.count, 0
    for low in range(0, count, <block>):
        high = min(low + <block>, count)
        flag = flags[: high - low]
        flag[:] = 0
        <keep>
        for _ in range(steps // <unrolled>):
            several(<arguments>)
        for _ in range(steps % <unrolled>):
            one(<arguments>)
        for begin in range(low, high, <scan>):
            end = min(begin + <scan>, high)
            if count_stirred(flag[begin - low : end - low], waiting[begin:end]):
                for k in range(begin, end):
                    if (flag[k - low] > 0 or waiting[k] > 0) and lane[k] < 0:
                        <restore>
                        stirred[found] = k
                        found += 1
    cells.stirred_number = found
    return 0
"""


@dataclass(frozen=True)
class Sizes:
    """What is known of constants: the names of those that are not tiny in any cell, and of those from 0 to 1 in all."""

    large: Collection[str]
    shares: Collection[str]


@dataclass(frozen=True)
class Quiet:
    """A step of a quiet cell: its `statements`, and the variables that only `decay` and are not flushed in it."""

    statements: list[Statement]
    decay: list[str]


def can_be_quiet(system: System, step: Step, kernel: Kernel) -> bool:
    """Return whether cells move by their equations alone if nothing reaches them, so that they can be advanced alone."""
    if kernel.random or kernel.tables or kernel.product is not None or system.substeps > 1 or system.crossing:
        return False
    return not any("t" in line.needs for line in _quiet_step(system, step, None).statements)


def write_quiet(system: System, step: Step, kernel: Kernel, sizes: Sizes | None) -> str:
    """Return the text of a module whose function ``advance`` makes some steps of quiet cells.

    Constants are found in the places in which the `kernel` of the cells has them, and have certain `sizes`; None stands for
    single precision.
    """
    arrays = [name for name in kernel.arrays if name not in kernel.apart]
    pairs = [(f"_{n}_", f"state[{i} * stride + low : {i} * stride + high]") for i, n in enumerate(system.variables)]
    pairs += [("_flag", "flag")]
    for i, name in enumerate(kernel.arrays):
        if name in arrays:
            pairs.append((f"_{name}_", f"arrays[{i} * stride + low : {i} * stride + high]"))
    pairs += [(name, f"scalars[{i}]") for i, name in enumerate(kernel.scalars) if name not in kernel.apart]
    quiet = _quiet_step(system, step, sizes)
    unrolled = UNROLLED if len(quiet.statements) <= LONG else 1
    head = ", ".join(name for name, _ in pairs)
    loads = [Load(name, f"_{name}_") for name in (*system.variables, *arrays)]
    texts = [_loop("several", head, system, loads, quiet, unrolled, sizes is None)]
    texts += [_loop("one", head, system, loads, quiet, 1, sizes is None)]
    rows = range(len(system.variables))
    entry = fill(
        ENTRY,
        {
            "keep": [f"keep(state[{i} * stride + low : {i} * stride + high], kept[{i * BLOCK}:])" for i in rows],
            "restore": [f"state[{i} * stride + k] = kept[{i * BLOCK} + k - low]" for i in rows],
        },
        block=BLOCK,
        scan=SCAN,
        unrolled=unrolled,
        arguments=", ".join(expression for _, expression in pairs),
    )
    title = f"Quiet cells, written by brainsim (equations/quiet.py). State: {', '.join(system.variables)}."
    return module(title, TEST * bool(quiet.decay) + "".join(texts) + entry, (LIMIT,) * bool(quiet.decay))


def _loop(name, head, system, loads, quiet, times, single):
    """Return the text of a function that makes some steps of each cell of a block."""
    nothing = [Assign(f"_input_{i}", formula("0.0")) for i in system.buffered]
    nothing += [Assign("I_ext", formula("0.0"))] * system.external_current
    nothing += [Assign("_refractory", formula("int32(0)"))] * (system.refractory is not None)
    lines: list[Statement] = [*loads, *nothing]
    for x in quiet.decay:
        lines += [Assign(x, formula("x + 0.0", x=x)), Assign(f"_{x}_before", ast.Name(x))]
    lines += [*quiet.statements * times, *(Store(f"_{x}_", ast.Name(x)) for x in system.variables)]
    lines = narrow(lines) if single else lines
    tiny = [f"_fired = _fired | _vanishes({x}, _{x}_before)" for x in quiet.decay]
    fired = Assign("_fired", formula("_flag[_k] > 0"))
    body = indent([fired, *lines, *tiny, Store("_flag", ast.Name("_fired"))], 2)
    return "\n".join([f"@helper\ndef {name}({head}):", "    for _k in range(_flag.size):", *body, "\n\n"])


def _quiet_step(system, step, sizes):
    """Return what a quiet cell does in a step, without a spike and what follows from it."""
    body, decay, never_minus_zero = Body(system, step), [], set()
    move = body.move
    if sizes is not None and not system.events and not system.each_step:  # these may change a variable within a step
        move = [_without_flush(line, system, sizes, decay) for line in body.move]
        never_minus_zero = {line.name for line in body.move if isinstance(line, Assign) and _is_flushed(line)}
    arrive = [line for line in body.arrive if line.name not in never_minus_zero]
    arrive = [*body.hold, *arrive] if system.kept else [*arrive, *body.hold]
    # a reset only follows a spike, after which the step is made again
    events = body.reset if system.events else []
    moved = [Assign(name, ast.Name(new_name(name))) for name in system.variables]
    fired = Assign("_fired", formula("_fired | _spike"))
    return Quiet([*body.free, *move, *arrive, *body.spike, fired, *events, *moved], decay)


def _is_flushed(line):
    return isinstance(line.value, ast.Call) and function_name(line.value) == "flushed"


def _without_flush(line, system, sizes, decay):
    """Return a statement without `flushed` if it can be left out; add the variable to `decay` if it only decays."""
    if not (isinstance(line, Assign) and _is_flushed(line)):
        return line
    total = line.value.args[0]
    if isinstance(total, ast.BinOp) and isinstance(total.op, ast.Add) and isinstance(total.right, ast.Name):
        return Assign(line.name, total) if total.right.id in sizes.large else line
    for name in system.variables:
        if line.name == new_name(name) and isinstance(total, ast.BinOp) and isinstance(total.op, ast.Mult):
            factor, variable = total.left, total.right
            if isinstance(variable, ast.Name) and variable.id == name and getattr(factor, "id", None) in sizes.shares:
                decay.append(name)
                return Assign(line.name, total)
    return line
