"""A system of equations and a method become the text of a kernel file.

A kernel advances the cells of one group by one step, in the order of the time grid: the state moves, events are added,
then threshold and reset. It works on blocks that fit the first-level cache. A branch-free loop over slices, which LLVM
vectorises, leaves a flag per cell; a second loop collects the spikes where flags are set (0.7 ns per cell and step for LIF
with exponential currents; a single loop that appends spikes takes 1.2 ns). If a model divides dt into substeps, the loop
over a block runs once for each substep; events are added in the last one only. Without substeps, the refractory time is set
in the second loop: if cells have different ones, to read them in the first loop takes a quarter longer.

The text contains names and structure, never the value of a parameter, so one compiled kernel serves all networks of its
kind.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from brainsim.equations.body import SHORT, Body, new_name
from brainsim.equations.expressions.grammar import NOW
from brainsim.equations.expressions.lower import LONG
from brainsim.equations.numba_text import WIDE, fill, functions_in, indent, module
from brainsim.equations.rows import changed, collected, rows_of, without
from brainsim.equations.statements import Load, Store, formula
from brainsim.equations.steps.step import Product, Step
from brainsim.equations.system import System

BLOCK = 2048
# flags are counted 64 at a time, vectorised, and checked one by one only if there is a spike among them: with the few
# spikes per step of real networks this halves the time of a kernel, compared with checking the whole block
SCAN = 64
# names in the loop that are not constants
NOT_CONSTANTS = {"I_ext", "t", "pi", "_k", "_flag", "_turn", "_key", "_cell", "_refractory"}
WAIT = "refractory_steps"  # the constant with the refractory time
EMIT = ["spikes[found] = first + low + begin + k", "found += 1"]

PRODUCT = ("from brainsim.jit.products import multiply as _multiply, multiply_each as _multiplyeach",)

TABLE = '''@helper
def row_of(scalars, place, position):
    """Return the row of the table at `place` that holds at `position`, in steps of dt; the last one stays."""
    steps = np.float64(scalars[place]) + np.float64(scalars[place + 1])
    return min(np.int64(position / steps + 1e-6), rows_of(scalars, place) - 1)


@helper
def rows_of(scalars, place):
    """Return how many rows a table has; as its steps it is a sum of two, which float32 holds to the last digit."""
    return np.int64(scalars[place + 2]) + np.int64(scalars[place + 3])


'''

ENTRY = """@helper
def count_flags(flag):
    count = np.int32(0)
    for k in range(flag.size):
        count += flag[k]
    return count


@by_address
def advance(cells_, progress_):
    cells, progress = record_at(cells_), record_at(progress_)
    state, arrays, scalars = array_of(cells.state), array_of(cells.arrays), array_of(cells.scalars)
    refractory, inputs, current = array_of(cells.refractory), array_of(cells.inputs), array_of(cells.current)
    flags, spikes = array_of(cells.flags), array_of(progress.spikes)
    step, stride, width, count = progress.step, cells.stride, cells.width, cells.count
    first, cell, key = cells.first, cells.cell, step_key(cells.key, step)
    empty = progress.parity * progress.capacity
    found = empty + progress.total
    <before>
    for low in range(0, count, <block>):
        high = min(low + <block>, count)
        size = high - low
        flag = part_of(flags, 0, size)
        <parts>
        block(<arguments>)
        for begin in range(0, size, <scan>):
            part = part_of(flag, begin, min(<scan>, size - begin))
            if count_flags(part):
                for k in range(part.size):
                    if part[k]:
                        <emit>
                        <wait>
    progress.total = found - empty
    return 0
"""

PARTS = """\
flag[:] = 0
for turn in range(<last>):
    position = np.float64(step) + np.float64(turn) * <share>
    part_of_block(<arguments>)
position = np.float64(step) + <end>
turn = <last>
"""


@dataclass(frozen=True)
class Kernel:
    """The text of a kernel file, whose function ``advance`` is the entry, and the order of the values in its arguments.

    - `scalars`, `arrays`: names of the constants with one number for all cells, and with one number per cell
    - `tables`: (TimedArray, whether it has a column for each cell); their numbers follow the scalars
    - `curves`: names of Curves, whose numbers follow those of the tables
    - `product`: if there is one, the entries of its matrix are the last of the scalars, or of the arrays
    - `apart`: names of the constants that the loop over cells does not read itself
    """

    text: str
    scalars: tuple[str, ...]
    arrays: tuple[str, ...]
    tables: tuple[tuple[str, bool], ...]
    random: bool
    product: Product | None = None
    apart: frozenset[str] = frozenset()
    curves: tuple[str, ...] = ()

    @property
    def of_each(self) -> bool:
        """Whether the product has a matrix for each cell."""
        return self.product is not None and self.product.constants[-1] in self.arrays[-1:]

    @property
    def scratch(self) -> int:
        """Numbers for which it needs room while it computes."""
        if self.product is None:
            return 0
        inputs, outputs = len(self.product.inputs), len(self.product.outputs)
        return SHORT * (inputs + outputs) + outputs


def write_kernel(system: System, step: Step, per_cell: frozenset[str], single: bool = False) -> Kernel:
    """Return the Kernel of a system integrated by a method, with state, constants and arithmetic in float32 if `single`.

    `per_cell` names the parameters and constants that differ between cells, and the tables with a column for each cell.
    """
    bodies = {"block": Body(system, step)}
    if system.substeps > 1:
        bodies = {"part_of_block": Body(system, step, last=False)} | bodies
    body = bodies["block"]
    written = [line for each in bodies.values() for line in (*each.gather, *each.statements)]
    loaded = set().union(*(line.needs for line in written))
    assigned = {line.name for line in written if not isinstance(line, Store)}
    tables = tuple((name, name in per_cell) for name in system.tables if name + NOW in loaded)
    curves = tuple(name for name in system.curves if name in loaded)
    local = {*system.variables, *NOT_CONSTANTS, *(name + NOW for name, _ in tables), *curves}
    apart = {WAIT} if body.waits_apart else set[str]()
    constants = (loaded - assigned - local - {f"_input_{i}" for i in system.buffered}) | apart
    timed = "t" in loaded or bool(tables)
    if "t" in loaded:
        constants.add("dt")
    names = _in_order(constants, written)  # not sorted, since models that differ only in names share their code
    scalars = tuple(n for n in names if n not in per_cell)
    arrays = tuple(n for n in names if n in per_cell)
    if step.product is not None:
        matrix, shared = step.product.constants, per_cell.isdisjoint(step.product.constants)
        scalars, arrays = ((*scalars, *matrix), arrays) if shared else (scalars, (*arrays, *matrix))
        apart |= {*matrix}
    if single:
        from brainsim.equations.precision import less_one

        scalars, arrays = less_one(scalars), less_one(arrays)
    kernel = Kernel("", scalars, arrays, tables, body.random, step.product, frozenset(apart), curves)
    rows = rows_of(body)
    head, arguments = _arguments(system, kernel, rows, "t" in loaded)
    blocks = "".join(_block(name, head, kernel, rows, each, single) for name, each in bodies.items())
    wide = "wide_vectors()" in blocks
    entry = fill(
        ENTRY,
        {
            "before": ["wide_vectors()"] * wide + _before(kernel, timed),
            "parts": _parts(system, arguments),
            "emit": EMIT if system.spikes is None else ["for _ in range(part[k]):", *indent(EMIT)],
            "wait": _wait(kernel),
        },
        block=SHORT if kernel.scratch else BLOCK,
        scan=SCAN,
        arguments=", ".join(arguments),
    )
    title = f"A kernel written by brainsim (equations/codegen.py). State: {', '.join(system.variables) or 'none'}."
    imports = ("from brainsim.jit.intrinsics import part_of",) + (WIDE,) * wide + PRODUCT * (kernel.product is not None)
    return replace(kernel, text=module(title, TABLE * bool(tables or curves) + blocks + entry, imports))


def _in_order(names, statements):
    """Return names in the order in which statements have them; after these, those that none has."""
    trees = [line.value if isinstance(line, Store) else line.whole for line in statements if not isinstance(line, Load)]
    found = [node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in names]
    return [*dict.fromkeys([*found, *sorted(names)])]


def _arguments(system, kernel, rows, timed):
    """Return the arguments of the loop: their names in its head, and the expressions in the call."""

    def row(array, index, stride):
        return f"part_of({array}, {index} * {stride} + low, size)"

    looped = _in_rows(rows)
    pairs = [(f"_{n}_", row("state", i, "stride")) for i, n in enumerate(system.variables) if n not in looped]
    pairs += [("_state", "state"), ("_low", "low")] if rows else []
    pairs += [("_stride", "stride")] if rows or kernel.of_each else []
    pairs += [(f"__input_{i}", row("inputs", k, "width")) for k, i in enumerate(system.buffered)]
    pairs += [("_I_ext_", "part_of(current, low, size)")] if system.external_current else []
    pairs += [("__refractory", "part_of(refractory, low, size)"), ("_flag", "flag")]
    pairs += [(f"_{a}_", row("arrays", i, "stride")) for i, a in enumerate(kernel.arrays) if a not in kernel.apart]
    pairs += [(a, f"scalars[{i}]") for i, a in enumerate(kernel.scalars) if a not in kernel.apart]
    for i, (name, per_cell) in enumerate(kernel.tables):
        row_now = f"row_of(scalars, table{i}, position)"
        start = f"table{i} + 4 + {f'count * {row_now}' if per_cell else row_now}"
        values = f"scalars[{start} + low : {start} + high]" if per_cell else f"scalars[{start}]"
        pairs.append((f"_{name}{NOW}_" if per_cell else name + NOW, values))
    for i, name in enumerate(kernel.curves):
        pairs.append((name, f"scalars[curve{i} + 4 : curve{i} + 4 + 2 * rows_of(scalars, curve{i})]"))
    if timed:
        full = f"scalars[{kernel.scalars.index('dt')}]"
        full += f" * {float(system.substeps)!r}" if system.substeps > 1 else ""
        pairs.append(("t", f"position * ({full})"))
    pairs += [("_key", "key"), ("_cell", "cell + low")] if kernel.random else []
    pairs += [("_turn", "turn")] if kernel.random and system.substeps > 1 else []
    pairs += _arguments_of_product(kernel) if kernel.product is not None else []
    return [name for name, _ in pairs], [expression for _, expression in pairs]


def _arguments_of_product(kernel):
    """Return the pairs (name, expression) of what the product reads and writes."""
    n, first, last = (len(names) for names in (kernel.product.constants, kernel.product.inputs, kernel.product.outputs))
    edges = [0, SHORT * first, SHORT * (first + last), kernel.scratch]
    pairs = [(name, f"scratch[{edges[k]}:{edges[k + 1]}]") for k, name in enumerate(("_inputs", "_changes", "_column"))]
    if kernel.of_each:
        return [*pairs, ("_matrix", f"arrays[{len(kernel.arrays) - n} * stride + low :]")]
    return [*pairs, ("_matrix", f"scalars[{len(kernel.scalars) - n} : {len(kernel.scalars)}]")]


def _wait(kernel):
    """Return the line by which a cell that fires begins to wait, if the loop over cells does not do this."""
    if WAIT not in kernel.apart:
        return []
    cell = "low + begin + k"
    each = WAIT in kernel.arrays
    steps = f"arrays[{kernel.arrays.index(WAIT)} * stride + {cell}]" if each else f"scalars[{kernel.scalars.index(WAIT)}]"
    return [f"refractory[{cell}] = np.int32({steps})"]


def _before(kernel, timed):
    """Return the lines before the loop over blocks: the time, and the offset of each table after the scalars."""
    lines = ["position = np.float64(step)"] if timed else []
    lines += ["scratch = array_of(cells.scratch)"] if kernel.scratch else []
    offset = f"{len(kernel.scalars)}"
    for i, (_, per_cell) in enumerate(kernel.tables):
        lines.append(f"table{i} = np.int64({offset})")
        width = "count" if per_cell else "1"
        offset = f"table{i} + 4 + rows_of(scalars, table{i}) * {width}"
    for i in range(len(kernel.curves)):
        lines.append(f"curve{i} = np.int64({offset})")
        offset = f"curve{i} + 4 + 2 * rows_of(scalars, curve{i})"
    return lines


def _parts(system, arguments):
    """Return the lines that run the substeps before the last one."""
    n = system.substeps
    if n == 1:
        return []
    return fill(PARTS, last=n - 1, share=repr(1.0 / n), end=repr((n - 1.0) / n), arguments=", ".join(arguments)).splitlines()


def _in_rows(rows):
    """Return the variables of which all is done in loops over rows."""
    return {name for each in rows for name in each.names}


def _block(name, head, kernel, rows, body, single):
    """Return the text of the vectorised loop over one block of cells, after that of the product if there is one."""
    system, product, looped = body.system, kernel.product, _in_rows(rows)
    variables = [n for n in system.variables if n not in looped]
    loads = [Load(n, f"_{n}_") for n in variables]
    loads += [Load(f"_input_{i}", f"__input_{i}") for i in system.buffered] if body.last else []
    loads += [Load("I_ext", "_I_ext_")] if system.external_current else []
    arrays = [*(a for a in kernel.arrays if a not in kernel.apart), *(t + NOW for t, per_cell in kernel.tables if per_cell)]
    loads += [Load(a, f"_{a}_") for a in arrays]
    loads += [Load("_refractory", "__refractory")] if system.refractory is not None else []
    stores = [Store(f"_{n}_", ast.Name(new_name(n))) for n in variables]
    stores += [Store(f"__input_{i}", formula("0.0")) for i in system.buffered] if body.last else []
    stores += [Store("__refractory", ast.Name("_wait"))] if system.refractory is not None else []
    flag = "_spike" if system.substeps == 1 else "_spike | (_flag[_k] > 0)"
    stores.append(Store("_flag", formula(flag if system.spikes is None else "int32(_number) if _spike else int32(0)")))
    lines = _loop_over_cells([*loads, *without(body.statements, rows), *stores], single)
    if product is not None:
        gather = _loop_over_cells([*loads, *without(body.gather, rows)], single)
        gather += [line for each in rows for line in collected(each)]
        lines = [*gather, _product(kernel), *(line for each in rows for line in _changed(each, loads, body, single)), *lines]
    # COBA, COBAHH and Wang's decision network take 3/4 of their time with wide vectors; a model of arithmetic alone gains
    # less, and Brunel's network would lose 3 %, since the clock is lower while it delivers
    if not LONG.isdisjoint(functions_in("\n".join(lines))):
        lines = ["    wide_vectors()", *lines]
    return f"@helper\ndef {name}({', '.join(head)}):\n" + "\n".join(lines) + "\n\n\n"


def _changed(rows, loads, body, single):
    """Return the loops that add the changes of the product to variables in rows."""
    held = body.free if any("_free" in line.needs for line in rows.lines) else []
    needed = set[str]().union(*(line.needs for line in held))
    head, statements = changed(rows, [*(load for load in loads if load.name in needed), *held])
    return [*head, *indent(_loop_over_cells(statements, single))]


def _product(kernel):
    if kernel.of_each:
        given = f"_matrix, _stride, _inputs, _changes, {len(kernel.product.outputs)}"
        return f"    _multiplyeach({given}, {SHORT}, _flag.size)"
    return f"    _multiply(_matrix, _inputs, _changes, _column, {SHORT}, _flag.size)"


def _loop_over_cells(statements, single):
    if single:
        from brainsim.equations.precision import narrow

        statements = narrow(statements)
    return ["    for _k in range(_flag.size):", *indent(statements, 2)] if statements else []
