"""The kernel of quiet cells: several steps of cells that nothing reaches, with their state in registers.

A cell that is not refractory, gets no event, no current and no random number moves by its equations alone. So it can make
several steps before the next cell is loaded. The statements are those of the kernel (see `body`), with inputs of zero, so
the bits are the same. If a cell would have fired, or is refractory, its state is restored and its number is listed: such
cells are advanced step by step. Whether it would have fired is asked once for all steps, with the largest value of what the
threshold compares with a constant: with a flag in each step, LIF cells took a tenth longer. Vectors of 512 bits, where the
processor has them, take another quarter.

Steps of exact methods flush tiny numbers to 0 (`flushed`), which takes half of the time of a step of LIF cells. That is left
out where it would not change a bit:

- ``P*x`` with P from 0 to 1, a variable that only decays: it is enough to look at it after all steps. If it is tiny and
  was not 0 before, the cell is listed.
- ``... + c`` with a constant c: a sum of two numbers is 0, or not smaller than half of the last digit of each of them.

As neither can be -0.0 then, adding inputs of zero is left out, too.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass

from brainsim.equations.body import Body, new_name
from brainsim.equations.codegen import Kernel
from brainsim.equations.expressions.grammar import Tree, function_name
from brainsim.equations.expressions.language import names_in
from brainsim.equations.numba_text import WIDE, fill, indent, module
from brainsim.equations.precision import narrow
from brainsim.equations.statements import Assign, Load, Statement, Store, formula
from brainsim.equations.steps.step import Step
from brainsim.equations.system import System

BLOCK, SCAN = 512, 64  # cells; as in `codegen`, flags are counted before they are checked one by one
UNROLLED = 6  # steps between loading and storing: more are not faster
TINY = 1e-200  # constants above this are not tiny: `flushed` makes numbers below 1e-250 zero
LARGEST = Assign("_top", formula("_now if _now > _top else _top"))
LONG = 40  # statements of a step, above which a cell makes only one step at a time: loading it is not what takes time then

LIMIT = "from brainsim.jit.vmath import flush_limit"
TEST = """@helper
def _vanishes(x, before):
    return (abs(x) < flush_limit(x)) & (before != 0.0)


"""
ENTRY = """@helper
def count_flags(flag):
    count = np.int32(0)
    for k in range(flag.size):
        count += np.int32(flag[k])
    return count


@by_address
def advance(cells_, progress_):
    wide_vectors()
    cells = record_at(cells_)
    state, arrays, scalars = array_of(cells.state), array_of(cells.arrays), array_of(cells.scalars)
    kept, flags, waiting = array_of(cells.kept), array_of(cells.flags), array_of(cells.refractory)
    entered, stirred, tops = array_of(cells.entered), array_of(cells.stirred), array_of(cells.top)
    stride, steps, count, since, found = cells.stride, cells.steps, cells.count, cells.since, cells.stirred_number
    for low in range(0, count, <block>):
        high = min(low + <block>, count)
        flag, top = flags[: high - low], tops[: high - low]
        # Stage 1: all steps of the slice; the first call keeps what a cell is restored from, and begins the largest value
        if steps >= <unrolled>:
            several(True, <arguments><befores>)
            left = steps - <unrolled>
        else:
            one(True, <arguments><befores>)
            left = steps - 1
        for _ in range(left // <unrolled>):
            several(False, <arguments><befores>)
        for _ in range(left % <unrolled>):
            one(False, <arguments><befores>)
        # Stage 2: one look at all steps: cells that would have fired or are refractory get their state back and are listed;
        # not those that an event reached in this slice, whose steps are made elsewhere
        find_stirred(<arguments><befores>, flag, waiting[low:high])
        for begin in range(low, high, <scan>):
            end = min(begin + <scan>, high)
            if count_flags(flag[begin - low : end - low]):
                for k in range(begin, end):
                    if flag[k - low] > 0 and entered[k] < since:
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
    """A step of a quiet cell.

    - `statements`: they end with ``_now``, which is watched.
    - `fires`: whether the cell has fired, by ``_top``, the largest value of what is watched.
    - `decay`: the variables that only decay and are not flushed.
    """

    statements: list[Statement]
    fires: Tree
    decay: list[str]


def can_be_quiet(system: System, step: Step, kernel: Kernel) -> bool:
    """Return whether cells move by their equations alone if nothing reaches them, so that they can be advanced alone."""
    if kernel.random or kernel.tables or kernel.curves or kernel.product is not None or system.substeps > 1:
        return False
    return not any("t" in line.needs for line in quiet_step(system, step, kernel, None).statements)


def write_quiet(system: System, step: Step, kernel: Kernel, sizes: Sizes | None) -> str:
    """Return the text of a module whose function ``advance`` makes some steps of quiet cells.

    Constants are found in the places in which the `kernel` of the cells has them, and have certain `sizes`; None stands for
    single precision.
    """
    arrays = [name for name in kernel.arrays if name not in kernel.apart]
    pairs = [(f"_{n}_", f"state[{i} * stride + low : {i} * stride + high]") for i, n in enumerate(system.variables)]
    pairs += [("_top_", "top")]
    for i, name in enumerate(kernel.arrays):
        if name in arrays:
            pairs.append((f"_{name}_", f"arrays[{i} * stride + low : {i} * stride + high]"))
    pairs += [(name, f"scalars[{i}]") for i, name in enumerate(kernel.scalars) if name not in kernel.apart]
    quiet = quiet_step(system, step, kernel, sizes)
    unrolled = UNROLLED if len(quiet.statements) <= LONG else 1
    head = ", ".join([*(name for name, _ in pairs), *(f"_{name}_before" for name in system.variables)])
    loads: list[Statement] = [Load(name, f"_{name}_") for name in (*system.variables, *arrays)]
    texts = [_loop("several", head, system, loads, quiet, unrolled, sizes is None)]
    texts += [_loop("one", head, system, loads, quiet, 1, sizes is None), _test(head, loads, quiet, sizes is None)]
    rows = range(len(system.variables))
    entry = fill(
        ENTRY,
        {"restore": [f"state[{i} * stride + k] = kept[{i * BLOCK} + k - low]" for i in rows]},
        block=BLOCK,
        scan=SCAN,
        unrolled=unrolled,
        arguments=", ".join(expression for _, expression in pairs),
        befores="".join(f", kept[{i * BLOCK} :]" for i in rows),
    )
    title = f"Quiet cells, written by brainsim (features/resting/quiet.py). State: {', '.join(system.variables)}."
    return module(title, TEST * bool(quiet.decay) + "".join(texts) + entry, (WIDE, *(LIMIT,) * bool(quiet.decay)))


def _loop(name, head, system, loads, quiet, times, single):
    """Return the text of a function that makes some steps of each cell of a block, and first keeps its state if told to."""
    lines: list[Statement] = [*no_inputs(system)]
    lines += [*quiet.statements, LARGEST] * times
    lines += [*(Store(f"_{x}_", ast.Name(x)) for x in system.variables), Store("_top_", ast.Name("_top"))]
    lowest = "np.float32(-np.inf)" if single else "-np.inf"
    begin = [*loads, f"_top = {lowest} if first else _top_[_k]", "if first:"]
    begin += [f"    _{x}_before[_k] = {x}" for x in system.variables]
    begin += [f"    {x} += 0.0  # an input of zero, which makes 0.0 of -0.0" for x in quiet.decay]
    body = indent([*begin, *(narrow(lines) if single else lines)], 2)
    return "\n".join([f"@helper\ndef {name}(first, {head}):", "    for _k in range(_top_.size):", *body, "\n\n"])


def no_inputs(system: System, besides: int = -1) -> list[Assign]:
    """Return what a cell gets that nothing acts on, besides the events at one of its receptors."""
    lines = [Assign(f"_input_{i}", formula("0.0")) for i in system.buffered if i != besides]
    lines += [Assign("I_ext", formula("0.0"))] * system.external_current
    return lines + [Assign("_refractory", formula("int32(0)"))] * (system.refractory is not None)


def _test(head, loads, quiet, single):
    """Return the text of a function that flags the cells of a block that were not quiet."""
    lines: list[Statement] = [*loads, Load("_top", "_top_"), Assign("_stirred", quiet.fires)]
    lines = narrow(lines) if single else lines
    more = ["(_waiting[_k] > 0)", *(f"_vanishes({x}, _{x}_before[_k])" for x in quiet.decay)]
    body = indent([*lines, f"_flag[_k] = _stirred | {' | '.join(more)}"], 2)
    head = f"@helper\ndef find_stirred({head}, _flag, _waiting):"
    return "\n".join([head, "    for _k in range(_top_.size):", *body, "\n\n"])


def quiet_step(system: System, step: Step, kernel: Kernel, sizes: Sizes | None, reached: int | None = None) -> Quiet:
    """Return what a cell does in a step, without a spike and what follows from it.

    There may be events at the receptor `reached`; then no variable is said to only decay.
    """
    body, decay, never_minus_zero = Body(system, step), list[str](), set[str]()
    move = body.move
    if sizes is not None and not system.events and not system.each_step:  # these may change a variable within a step
        move = [_without_flush(line, system, sizes, decay if reached is None else None) for line in body.move]
        never_minus_zero = {line.name for line in body.move if isinstance(line, Assign) and _is_flushed(line)}
    arrive = [line for line in body.arrive if line.name not in never_minus_zero or f"_input_{reached}" in line.needs]
    arrive = [*body.hold, *arrive] if system.kept else [*arrive, *body.hold]
    watched, fires = _watched(body.spike[-1].value, {*kernel.scalars, *kernel.arrays} - {*kernel.apart})
    spike = [*body.spike[:-1], *(body.spike[-1:] if system.events or watched is None else [])]
    now = formula("1.0 if _spike else 0.0") if watched is None else watched
    # a reset only follows a spike, after which the step is made again
    events = body.reset if system.events else []
    moved = [Assign(name, ast.Name(new_name(name))) for name in system.variables]
    return Quiet([*body.free, *move, *arrive, *spike, Assign("_now", now), *events, *moved], fires, decay)


def _watched(test, constants):
    """Return (what the threshold compares with a constant, None if it does something else; whether the cell has fired)."""
    if isinstance(test, ast.BinOp) and ast.unparse(test.left) == "_free":  # quiet cells are not refractory
        test = test.right
    larger = isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Gt | ast.GtE)
    if larger and names_in(test.comparators[0]) <= constants:
        return test.left, ast.Compare(ast.Name("_top"), test.ops, test.comparators)
    return None, formula("_top > 0.0")


def _is_flushed(line):
    return isinstance(line.value, ast.Call) and function_name(line.value) == "flushed"


def _without_flush(line, system, sizes, decay):
    """Return a statement without `flushed` if it can be left out; add a variable that only decays to `decay`, if given."""
    if not (isinstance(line, Assign) and _is_flushed(line)):
        return line
    total = line.value.args[0]
    if isinstance(total, ast.BinOp) and isinstance(total.op, ast.Add) and isinstance(total.right, ast.Name):
        return Assign(line.name, total) if total.right.id in sizes.large else line
    for name in system.variables if decay is not None else ():
        if line.name == new_name(name) and isinstance(total, ast.BinOp) and isinstance(total.op, ast.Mult):
            factor, variable = total.left, total.right
            if isinstance(variable, ast.Name) and variable.id == name and getattr(factor, "id", None) in sizes.shares:
                decay.append(name)
                return Assign(line.name, total)
    return line
