"""The only place that writes code: a system of equations and a method become the text of a kernel file.

A kernel advances the cells of one group by one step, in the order of the time grid: the state moves, events are added,
then threshold and reset. It works on blocks that fit the first-level cache. A branch-free loop over slices, which LLVM
vectorises, leaves a flag per cell; a second loop collects the spikes where flags are set (0.7 ns per cell and step for LIF
with exponential currents; a single loop that appends spikes takes 1.2 ns). If a model divides dt into substeps, the loop
over a block runs once for each substep; events are added in the last one only.

The text contains names and structure, never the value of a parameter, so one compiled kernel serves all networks of its
kind. The body of the loop is a list of plain statements ``name = expression``. A user's name is used unchanged; names
derived from it are ``_name_word`` with a word without underscores; all other names have two adjacent underscores, or none
after the first character. So no two names can collide.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import NOW, RANDOM, SAMPLERS, function_name
from brainsim.equations.expressions.render import HELPERS, HOMES, render
from brainsim.equations.steps.step import Step
from brainsim.equations.system import System

BLOCK = 2048
# flags are counted 64 at a time, vectorised, and checked one by one only if there is a spike among them: with the few
# spikes per step of real networks this halves the time of a kernel, compared with checking the whole block
SCAN = 64
# names in the loop that are not constants
NOT_CONSTANTS = {"I_ext", "t", "np", "pi", "max", "min", "abs", "_k", "_flag", "_turn", "_key", "_cell", "_refractory"}

HEADER = '''"""A kernel written by brainsim (equations/codegen.py). State: {variables}; buffered receptors: {receptors}."""

{imports}
pi = 3.141592653589793

'''

TABLE = '''
@helper
def row_of(scalars, place, position):
    """Return the row of the table at `place` that holds at `position`, in steps of dt; the last one stays."""
    steps = np.float64(scalars[place]) + np.float64(scalars[place + 1])
    return min(np.int64(position / steps + 1e-6), rows_of(scalars, place) - 1)


@helper
def rows_of(scalars, place):
    """Return how many rows a table has; as its steps it is a sum of two, which float32 holds to the last digit."""
    return np.int64(scalars[place + 2]) + np.int64(scalars[place + 3])

'''

ENTRY = """
@helper
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
{before}    for low in range(0, count, {block}):
        high = min(low + {block}, count)
        flag = flags[: high - low]
{parts}        block({arguments})
        for begin in range(0, high - low, {scan}):
            part = flag[begin : begin + {scan}]
            if count_flags(part):
                for k in range(part.size):
                    if part[k]:
                        spikes[found] = first + low + begin + k
                        found += 1
    progress.total = found - empty
    return 0
"""

PARTS = """        flag[:] = 0
        for turn in range({last}):
            position = np.float64(step) + np.float64(turn) * {share!r}
            part_of_block({arguments})
        position = np.float64(step) + {end!r}
        turn = {last}
"""


@dataclass(frozen=True)
class Kernel:
    """The text of a kernel file, and the order of the values in its arguments.

    Attributes
    ----------
    text : str
        The file; its function ``advance`` is the entry.
    scalars, arrays : tuple of str
        Names of the constants that are one number for all cells, and of those with one number per cell.
    tables : tuple of (str, bool)
        TimedArrays, whose numbers follow the scalars, and whether they have a column for each cell.
    random : bool
        Whether it uses random numbers.
    """

    text: str
    scalars: tuple[str, ...]
    arrays: tuple[str, ...]
    tables: tuple[tuple[str, bool], ...]
    random: bool


def write_kernel(system: System, step: Step, per_cell: Collection[str]) -> Kernel:
    """Return the Kernel of a system integrated by a method.

    Parameters
    ----------
    system : System
        The equations.
    step : Step
        One step of the method.
    per_cell : set of str
        Names of the parameters and constants that differ between cells, and of the tables with a column for each cell.
    """
    loop = _Loop(system, step)
    last = loop.lines(True)
    parts = loop.lines(False) if system.substeps > 1 else []
    loaded = {n.id for line in [*last, *parts] for n in ast.walk(ast.parse(line)) if isinstance(n, ast.Name)}
    assigned = {
        n.id
        for line in [*last, *parts]
        for n in ast.walk(ast.parse(line))
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    tables = tuple((name, name in per_cell) for name in system.tables if name + NOW in loaded)
    local = {*system.variables, *NOT_CONSTANTS, *HELPERS, *(name + NOW for name, _ in tables)}
    constants = loaded - assigned - local - {f"_input_{i}" for i in system.buffered}
    timed = "t" in loaded or bool(tables)
    names = sorted(constants | {"dt"} if "t" in loaded else constants)
    scalars = tuple(n for n in names if n not in per_cell)
    arrays = tuple(n for n in names if n in per_cell)
    kernel = Kernel("", scalars, arrays, tables, loop.random)
    head, arguments = _arguments(system, kernel, "t" in loaded)
    text = HEADER.format(
        variables=", ".join(system.variables) or "none", receptors=len(system.buffered), imports=_imports(loaded)
    )
    text += TABLE if tables else ""
    text += _block("part_of_block", head, system, kernel, parts) if parts else ""
    text += _block("block", head, system, kernel, last)
    text += ENTRY.format(
        block=BLOCK,
        scan=SCAN,
        arguments=", ".join(arguments),
        before=_before(kernel, timed),
        parts=_parts(system, arguments),
    )
    return Kernel(text, scalars, arrays, tables, loop.random)


def gain_name(receptor: int, variable: str) -> str:
    """Return the name of the constant by which the weight of an event is multiplied."""
    return f"_gain__{receptor}_{variable}"


class _Loop:
    """Writes the body of the loop over cells: from the values of the variables to ``_x_new`` and ``_spike``."""

    def __init__(self, system, step):
        self.system, self.step, self.n_random = system, step, 0

    @property
    def random(self):
        """Whether there are random numbers."""
        return self.n_random > 0

    def lines(self, last):
        """Return the lines of the last substep, or of any substep before it, which has no events."""
        system, lines = self.system, []
        self.n_random, self.now = 0, {n: ast.Name(f"_{n}_new") for n in system.variables}
        # threshold, reset and events use the values at the end of the step
        self.now["t"] = ast.BinOp(ast.Name("t"), ast.Add(), ast.Name("dt"))
        spike = self._threshold()
        lines += self._free()
        lines += [f"{name} = gaussian({self._bits()})" for name in self.step.normals]
        lines += [*self.step.lines, *system.crossing]
        lines += self._arrivals() if last else []
        if system.refractory is not None:
            lines += [f"_{n}_new = _{n}_new if _free else {n}" for n in system.variables if n in system.frozen]
        lines += spike
        conditions = []
        for i, (test, _) in enumerate(system.events):
            sampled, text = self._text(test)
            conditions += [*sampled, f"_event{i} = {text}"]
        lines += [*conditions, *self._actions(system.reset, "_spike", "")]
        for i, (_, actions) in enumerate(system.events):
            lines += self._actions(actions, f"_event{i}", f"__event{i}")
        lines += ["__lag_new = _lag if _spike else 0.0"] if system.crossing else []
        return lines + self._wait(last)

    def _arrivals(self):
        lines = []
        for index in self.system.buffered:
            for name, gain in self.system.arrivals[index]:
                factor = "" if algebra.is_one(gain) else f"{gain_name(index, name)}*"
                lines.append(f"_{name}_new = _{name}_new + {factor}_input_{index}")
        return lines

    def _free(self):
        """Return the line that says whether a cell is not refractory."""
        tree = self.system.refractory
        if tree is None:
            return []
        if lang.is_condition(tree):
            return [f"_free = (_refractory <= 0) | ({render(tree)} ^ True)"]
        return ["_free = _refractory <= 0"]

    def _threshold(self):
        """Return the lines that set ``_spike``."""
        if self.system.threshold is None:
            return ["_spike = False"]
        sampled, test = self._text(self.system.threshold)
        return [*sampled, f"_spike = {'_free & ' if self.system.refractory is not None else ''}{test}"]

    def _actions(self, actions, flag, suffix):
        """Return the lines of a reset: each assignment uses the results of those before it; all apply if the flag is set."""
        lines, before = [], dict(self.now)
        for k, (name, tree) in enumerate(actions, start=1):
            sampled, text = self._text(tree)
            lines += [*sampled, f"_{name}{suffix}_reset{k} = {text}"]
            self.now[name] = ast.Name(f"_{name}{suffix}_reset{k}")
        changed = dict.fromkeys(name for name, _ in actions)
        lines += [f"_{n}_new = {self.now[n].id} if {flag} else _{n}_new" for n in changed]
        self.now = before
        return lines

    def _wait(self, last):
        """Return the line with the steps for which a cell stays refractory, ``_wait``."""
        tree, count = self.system.refractory, "_refractory - np.int32(_refractory > 0)"
        if tree is None:
            return []
        if lang.is_condition(tree):
            return ["_wait = np.int32(1) if _spike else np.int32(_free ^ True)"]
        if self.system.substeps > 1:
            # counted down once per dt, in the last substep, but not in the dt of the spike itself
            count = "_refractory - np.int32((_refractory > 0) & (_flag[_k] == 0))" if last else "_refractory"
        if self.system.fixed_time:
            return [f"_wait = np.int32(refractory_steps) if _spike else {count}"]
        sampled, text = self._text(tree)
        steps = f"min(max(floor({text}/(dt*{float(self.system.substeps)!r}) + 0.5), 0.0), 2e9)"
        return [*sampled, f"_steps = {steps}", f"_wait = np.int32(_steps) if _spike else {count}"]

    def _text(self, tree):
        """Return the lines that sample the random numbers of a tree, and its text with the new values."""
        sampled = []

        def named(node):
            if not (isinstance(node, ast.Call) and function_name(node) in RANDOM):
                return lang.rebuilt(node, named)
            name, bits = f"_random{self.n_random}", self._bits(common=function_name(node) == "rand_all")
            arguments = "".join(f", {render(named(argument))}" for argument in node.args)
            sampled.append(f"{name} = {SAMPLERS[function_name(node)]}({bits}{arguments})")
            return ast.Name(name)

        tree = named(lang.substitute(tree, self.now))
        return sampled, render(tree)

    def _bits(self, common=False):
        """Return the text of the random bits of one cell and step, or of all; each call in the kernel has its own stream."""
        stream = f"np.uint64({self.n_random})"
        if self.system.substeps > 1:
            stream = f"(np.uint64({self.n_random}) + np.uint64(_turn) * np.uint64(65536))"
        self.n_random += 1
        # no cell has the index -1
        return f"hashed(mix(_key + {stream}), {'np.int64(-1)' if common else '_cell + np.int64(_k)'})"


def _imports(loaded):
    """Return the lines that import the functions that the body calls."""
    loaded = {*loaded, "step_key"}
    homes = {home: [n for n in names if n in loaded] for home, names in HOMES.items()}
    lines = [f"from math import {', '.join(homes.pop('math'))}\n"] if homes["math"] else []
    lines += ["import numpy as np", ""]
    lines += ["from brainsim.jit.decorators import helper"]
    lines += ["from brainsim.jit.records import array_of, by_address, record_at"]
    lines += [f"from {home} import {', '.join(names)}" for home, names in homes.items() if names]
    return "\n".join(lines) + "\n"


def _arguments(system, kernel, timed):
    """Return the arguments of the loop: their names in its head, and the expressions in the call."""

    def row(array, index, stride):
        return f"{array}[{index} * {stride} + low : {index} * {stride} + high]"

    pairs = [(f"_{n}_", row("state", i, "stride")) for i, n in enumerate(system.variables)]
    pairs += [("__lag", row("state", len(system.variables), "stride"))] if system.crossing else []
    pairs += [(f"__input_{i}", row("inputs", k, "width")) for k, i in enumerate(system.buffered)]
    pairs += [("_I_ext_", "current[low:high]")] if system.external_current else []
    pairs += [("__refractory", "refractory[low:high]"), ("_flag", "flag")]
    pairs += [(f"_{a}_", row("arrays", i, "stride")) for i, a in enumerate(kernel.arrays)]
    pairs += [(a, f"scalars[{i}]") for i, a in enumerate(kernel.scalars)]
    for i, (name, per_cell) in enumerate(kernel.tables):
        row_now = f"row_of(scalars, table{i}, position)"
        start = f"table{i} + 4 + {f'count * {row_now}' if per_cell else row_now}"
        values = f"scalars[{start} + low : {start} + high]" if per_cell else f"scalars[{start}]"
        pairs.append((f"_{name}{NOW}_" if per_cell else name + NOW, values))
    if timed:
        full = f"scalars[{kernel.scalars.index('dt')}]"
        full += f" * {float(system.substeps)!r}" if system.substeps > 1 else ""
        pairs.append(("t", f"position * ({full})"))
    pairs += [("_key", "key"), ("_cell", "cell + low")] if kernel.random else []
    pairs += [("_turn", "turn")] if kernel.random and system.substeps > 1 else []
    return [name for name, _ in pairs], [expression for _, expression in pairs]


def _before(kernel, timed):
    """Return the lines before the loop over blocks: the time, and the offset of each table after the scalars."""
    lines = ["position = np.float64(step)"] if timed else []
    offset = f"{len(kernel.scalars)}"
    for i, (_, per_cell) in enumerate(kernel.tables):
        lines.append(f"table{i} = np.int64({offset})")
        width = "count" if per_cell else "1"
        offset = f"table{i} + 4 + rows_of(scalars, table{i}) * {width}"
    return "".join(f"    {line}\n" for line in lines)


def _parts(system, arguments):
    """Return the lines that run the substeps before the last one."""
    n = system.substeps
    if n == 1:
        return ""
    return PARTS.format(last=n - 1, share=1.0 / n, end=(n - 1.0) / n, arguments=", ".join(arguments))


def _block(name, head, system, kernel, body):
    """Return the text of the vectorised loop over one block of cells."""
    lines = [f"{n} = _{n}_[_k]" for n in system.variables]
    last = name == "block"
    lines += [f"_input_{i} = __input_{i}[_k]" for i in system.buffered] if last else []
    lines += ["I_ext = _I_ext_[_k]"] if system.external_current else []
    lines += [f"{a} = _{a}_[_k]" for a in [*kernel.arrays, *(t + NOW for t, per_cell in kernel.tables if per_cell)]]
    lines += ["_refractory = __refractory[_k]"] if system.refractory is not None else []
    lines += body
    lines += [f"_{n}_[_k] = _{n}_new" for n in system.variables]
    lines += [f"__input_{i}[_k] = 0.0" for i in system.buffered] if last else []
    lines += ["__refractory[_k] = _wait"] if system.refractory is not None else []
    lines += ["__lag[_k] = __lag_new"] if system.crossing else []
    lines.append("_flag[_k] = _spike" if system.substeps == 1 else "_flag[_k] = _spike | (_flag[_k] > 0)")
    loop = "\n".join(f"        {line}" for line in lines)
    return f"\n@helper\ndef {name}({', '.join(head)}):\n    for _k in range(_flag.size):\n{loop}\n\n"
