"""The kernel of cells that events reach: several steps with their events, and their state in registers.

It makes the steps of a whole slice, like that of quiet cells (see `quiet`), with what arrives in each of them. Cells that
would have fired, or are refractory, get their state back and are listed with their events: they are advanced step by step.

Cells are in blocks of `LANES`. A block has a row for each variable and for each constant that differs between cells, one for
the largest value of what the threshold compares with a constant, and one for the events of each step of a slice.
"""

from __future__ import annotations

import ast

from brainsim.equations.codegen import Kernel
from brainsim.equations.numba_text import WIDE, fill, indent, module
from brainsim.equations.precision import narrow
from brainsim.equations.statements import Assign, Load, Statement, Store
from brainsim.equations.steps.step import Step
from brainsim.equations.system import System
from brainsim.features.resting.quiet import LARGEST, LONG, UNROLLED, Sizes, no_inputs, quiet_step

LANES = 64

ENTRY = """@helper
def find_stirred(<head>, flag, waiting, free, slots):
    for _k in range(<lanes>):
        <test>
        flag[_k] = _stirred | (waiting[np.uint64(slots[_k])] > free)


@helper
def take(row, values, slots):
    for k in range(<lanes>):
        row[k] = values[np.uint64(slots[k])]


@by_address
def advance(cells_, progress_):
    wide_vectors()
    cells = record_at(cells_)
    blocks, reached, waiting = array_of(cells.blocks), array_of(cells.slot_of_reached), array_of(cells.refractory)
    state, arrays, scalars = array_of(cells.state), array_of(cells.arrays), array_of(cells.scalars)
    flags, stirred, arrived = array_of(cells.flags), array_of(cells.stirred), array_of(cells.arrived)
    size, stride, steps, length = cells.block_size, cells.stride, cells.steps, cells.slice
    # in the first slice of a chunk all are listed, since other events may wait for them
    free, found = np.int32(-cells.fresh), 0
    for low in range(cells.first_reached, cells.reached_end, <lanes>):
        block, slots = blocks[low // <lanes> * size :][:size], reached[low : low + <lanes>]
        # Stage 1: gather the block from its slots, and make all steps of the slice with its rows of events
        <take>
        block[<top> : <top> + <lanes>] = -np.inf
        for step in range(0, steps - <unrolled> + 1, <unrolled>):
            several(block, block[<events> + step * <lanes> :], <constants>)
        for step in range(steps - steps % <unrolled>, steps):
            one(block, block[<events> + step * <lanes> :], <constants>)
        # Stage 2: cells that would have fired or are refractory get their state back, and their events are kept for the
        # steps that they make in lanes
        find_stirred(block, block, <constants>, flags, waiting, free, slots)
        for k in range(min(np.int64(<lanes>), cells.reached_end - low)):
            if flags[k] > 0:
                slot = slots[k]
                <restore>
                for step in range(steps):
                    arrived[found * length + step] = block[<events> + step * <lanes> + k]
                stirred[found] = slot
                found += 1
        block[<events> : <events> + steps * <lanes>] = 0.0
    cells.stirred_number = found
    return 0
"""


def block_size(system: System, kernel: Kernel, steps: int) -> int:
    """Return how many numbers a block has, the last of which are the events of `steps` steps."""
    return (len(system.variables) + len(_arrays(kernel)) + 1 + steps) * LANES


def write_reached(system: System, step: Step, kernel: Kernel, sizes: Sizes | None, receptor: int) -> str:
    """Return the text of a module whose function ``advance`` makes the steps of a slice with events at a receptor.

    See `quiet.write_quiet` for the other arguments.
    """
    arrays, constants = _arrays(kernel), [i for i, name in enumerate(kernel.scalars) if name not in kernel.apart]
    names, quiet = [*system.variables, *arrays], quiet_step(system, step, kernel, sizes, receptor)
    top = len(names) * LANES
    head = ", ".join(["_block_", "_events_", *(kernel.scalars[i] for i in constants)])
    loads: list[Statement] = [Load(name, "_block_", i * LANES) for i, name in enumerate(names)]
    loads.append(Load("_top", "_block_", top))
    nothing = no_inputs(system, receptor)
    stores = [Store("_block_", ast.Name(name), i * LANES) for i, name in enumerate(system.variables)]
    stores.append(Store("_block_", ast.Name("_top"), top))

    def loop(name, times):
        lines = [*loads, *nothing]
        for k in range(times):
            lines += [Load(f"_input_{receptor}", "_events_", k * LANES), *quiet.statements, LARGEST]
        lines += stores
        body = indent(narrow(lines) if sizes is None else lines, 2)
        return "\n".join(
            [f"@helper\ndef {name}({head}):", "    wide_vectors()", f"    for _k in range({LANES}):", *body, "\n\n"]
        )

    unrolled = UNROLLED if len(quiet.statements) <= LONG else 1
    test: list[Statement] = [*loads, Assign("_stirred", quiet.fires)]
    sources = [f"state[{i} * stride :]" for i in range(len(system.variables))]
    sources += [f"arrays[{i} * stride :]" for i, name in enumerate(kernel.arrays) if name in arrays]
    entry = fill(
        ENTRY,
        {
            "test": narrow(test) if sizes is None else test,
            "take": [f"take(block[{i * LANES} : {(i + 1) * LANES}], {source}, slots)" for i, source in enumerate(sources)],
            "restore": [f"block[{i * LANES} + k] = state[{i} * stride + slot]" for i in range(len(system.variables))],
        },
        lanes=LANES,
        top=top,
        events=top + LANES,
        unrolled=unrolled,
        head=head,
        constants=", ".join(f"scalars[{i}]" for i in constants),
    )
    variables = ", ".join(system.variables)
    title = f"Cells that events reach, written by brainsim (features/resting/reached.py). State: {variables}."
    return module(title, loop("several", unrolled) + loop("one", 1) + entry, (WIDE,))


def _arrays(kernel):
    return [name for name in kernel.arrays if name not in kernel.apart]
