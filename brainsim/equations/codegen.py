"""The only place that writes code: a system of equations and a method become the text of a kernel file.

A kernel advances the cells of one group by one step, in the order of the time grid: the state moves, events are added,
threshold, reset. It works in blocks that stay in the first-level cache: a branch-free loop over slices that LLVM vectorises
and that leaves a flag per cell; only where flags are set a second loop collects the spikes (0.7 ns a cell and step for LIF
with exponential currents, against 1.2 ns for a loop that appends as it goes).

The text holds names and structure, never a parameter's value, so one compiled kernel serves all networks of its kind.
"""

import ast
from dataclasses import dataclass

from brainsim.equations import language as lang
from brainsim.equations.methods import Step
from brainsim.equations.system import System

BLOCK = 2048
# flags are counted 64 at a time, vectorised, and looked at one by one only where there is a spike among them: with the few
# spikes per step of real networks that halves the time of a kernel against looking through the whole block
SCAN = 64

HEADER = '''"""A kernel written by brainsim (equations/codegen.py). State: {variables}; buffered receptors: {receptors}."""

from math import cos, expm1, log, log1p, sin, sqrt, tanh

import numpy as np
from numba import carray, types

from brainsim.numbers.jit import callback, helper
from brainsim.numbers.rng import hashed, mix, step_key, uniform
from brainsim.numbers.vmath import cube, exp, flushed, fourth, relaxation, square

pi = 3.141592653589793
F8, I4, U1 = (types.CPointer(kind) for kind in (types.float64, types.int32, types.uint8))
I8, U8 = types.int64, types.uint64

'''

ENTRY = '''
@helper
def count_flags(flag):
    count = np.int32(0)
    for k in range(flag.size):
        count += flag[k]
    return count


@callback(I8(F8, F8, F8, I4, F8, F8, I4, U1, U8, I8, I8, I8, I8, I8, I8))
def advance(
    state_, arrays_, scalars_, refractory_, inputs_, current_, spikes_, flags_, key, step, stride, width, first, cell, count
):
    state = carray(state_, ({n_state} * stride,))
    arrays = carray(arrays_, ({n_arrays} * stride,))
    scalars = carray(scalars_, ({n_scalars},))
    refractory = carray(refractory_, (count,))
    inputs = carray(inputs_, ({n_receptors} * width,))
    current = carray(current_, (count,))
    spikes = carray(spikes_, (count,))
    flags = carray(flags_, ({block},))
    key = step_key(key, step)
    found = 0
    for low in range(0, count, {block}):
        high = min(low + {block}, count)
        flag = flags[: high - low]
        block({arguments})
        for begin in range(0, high - low, {scan}):
            part = flag[begin : begin + {scan}]
            if count_flags(part):
                for k in range(part.size):
                    if part[k]:
                        spikes[found] = first + low + begin + k
                        found += 1
    return found
'''


@dataclass(frozen=True)
class Kernel:
    """The text of a kernel file, and what its arguments hold.

    Attributes
    ----------
    text : str
        The file; its function ``advance`` is the entry.
    scalars, arrays : tuple of str
        Names of the constants that are one number for all cells, and of those with one number per cell.
    random : bool
        Whether it draws random numbers.
    """

    text: str
    scalars: tuple
    arrays: tuple
    random: bool


def write_kernel(system: System, step: Step, per_cell):
    """Return the Kernel of a system under a method.

    Parameters
    ----------
    system : System
    step : Step
        What the method made of it.
    per_cell : set of str
        Names of the parameters and constants that differ from cell to cell.
    """
    body, used = _body(system, step)
    names = sorted(used)
    scalars = tuple(n for n in names if n not in per_cell)
    arrays = tuple(n for n in names if n in per_cell)
    random = any("hashed(" in line for line in body)
    text = HEADER.format(variables=", ".join(system.variables) or "none", receptors=len(system.buffered))
    text += _block(system, scalars, arrays, body, random)
    text += ENTRY.format(
        n_state=len(system.variables), n_arrays=len(arrays), n_scalars=len(scalars), n_receptors=len(system.buffered),
        block=BLOCK, scan=SCAN, arguments=", ".join(_arguments(system, scalars, arrays, random)),
    )  # fmt: skip
    return Kernel(text, scalars, arrays, random)


def _body(system, step):
    """Return the lines of the loop body and the names of the constants in them."""
    lines, used = [*step.lines], set(step.constants)
    for index in system.buffered:
        for name, gain in system.arrivals[index]:
            factor = "" if lang.is_one(gain) else f"{gain_name(index, name)}*"
            used |= {factor[:-1]} if factor else set()
            lines.append(f"_{name}_new = _{name}_new + {factor}_input_{index}")
    if system.refractory:
        used.add("refractory_steps")
        lines.append("_free = _refractory <= 0")
        lines += [f"_{name}_new = _{name}_new if _free else {name}" for name in system.variables if name in system.frozen]
    spike, names = _threshold(system)
    reset, more = _reset(system)
    return [*lines, spike, *reset], used | names | more


def _threshold(system):
    """Return the line that sets ``_spike``, and the names of the parameters in it."""
    if system.threshold is None:
        return "_spike = False", set()
    test = _random_text(lang.render(_with(system.threshold, {n: f"_{n}_new" for n in system.variables})), 0)
    return f"_spike = {'_free & ' if system.refractory else ''}{test}", _parameters(system, system.threshold)


def _reset(system):
    """Return the lines of the reset: each assignment sees those before it, and counts only where there was a spike."""
    lines, used, now = [], set(), {n: f"_{n}_new" for n in system.variables}
    for place, (name, tree) in enumerate(system.reset, start=1):
        lines.append(f"_{name}_reset{place} = {_random_text(lang.render(_with(tree, now)), place)}")
        now[name] = f"_{name}_reset{place}"
        used |= _parameters(system, tree)
    changed = dict.fromkeys(name for name, _ in system.reset)
    return [*lines, *(f"_{n}_new = {now[n]} if _spike else _{n}_new" for n in changed)], used


def gain_name(receptor, variable):
    """Return the name of the constant by which an event's weight is multiplied."""
    return f"_gain_{receptor}_{variable}"


def _parameters(system, tree):
    return lang.names_in(tree) - {*system.variables, "I_ext", "pi"}


def _with(tree, names):
    """Return the tree with other names for its variables."""
    return lang.substitute(tree, {old: ast.Name(new) for old, new in names.items()})


def _random_text(text, place):
    """Give each rand() of one cell and step its own stream, numbered by its place in the kernel."""
    parts = text.split("rand()")
    pieces = [parts[0]]
    for number, part in enumerate(parts[1:]):
        pieces += [f"uniform(hashed(mix(_key + np.uint64({16 * place + number})), _cell + np.int64(_k)))", part]
    return "".join(pieces)


def _block(system, scalars, arrays, body, random):
    """Return the text of the vectorised loop over one block of cells."""
    inputs = [f"__input_{i}" for i in system.buffered]
    extra = ["_I_ext_"] if system.external_current else []
    head = [*(f"_{n}_" for n in system.variables), *inputs, *extra, "__refractory", "_flag"]
    head += [*(f"_{a}_" for a in arrays), *scalars]
    head += ["_key", "_cell"] if random else []
    lines = [f"{n} = _{n}_[_k]" for n in system.variables]
    lines += [f"_input_{i} = __input_{i}[_k]" for i in system.buffered]
    lines += ["I_ext = _I_ext_[_k]"] if extra else []
    lines += [f"{a} = _{a}_[_k]" for a in arrays]
    lines += ["_refractory = __refractory[_k]"] if system.refractory else []
    lines += body
    lines += [f"_{n}_[_k] = _{n}_new" for n in system.variables]
    lines += [f"__input_{i}[_k] = 0.0" for i in system.buffered]
    if system.refractory:
        lines.append("__refractory[_k] = np.int32(refractory_steps) if _spike else _refractory - np.int32(_refractory > 0)")
    lines.append("_flag[_k] = _spike")
    loop = "\n".join(f"        {line}" for line in lines)
    return f"\n@helper\ndef block({', '.join(head)}):\n    for _k in range(_flag.size):\n{loop}\n\n"


def _arguments(system, scalars, arrays, random):
    """Return the arguments of the call of the block, in the order of its head."""

    def row(array, index, stride):
        return f"{array}[{index} * {stride} + low : {index} * {stride} + high]"

    result = [row("state", i, "stride") for i in range(len(system.variables))]
    result += [row("inputs", i, "width") for i in range(len(system.buffered))]
    result += ["current[low:high]"] if system.external_current else []
    result += ["refractory[low:high]", "flag"]
    result += [row("arrays", i, "stride") for i in range(len(arrays))]
    result += [f"scalars[{i}]" for i in range(len(scalars))]
    return result + (["key", "cell + low"] if random else [])
