"""How linear cells move: by a power series from event to event, and many at once by the exact step.

The solution after h ms is ``y + h f(y) + h**2/2 A f(y) + ...`` with the time derivative f and the matrix A of the
equations. It ends where a term no longer changes a digit, after five to ten of them: this takes about as long as one
exponential function for each variable, and equal time constants are not a special case.
"""

from __future__ import annotations

from brainsim.equations.body import new_name
from brainsim.equations.numba_text import indent
from brainsim.equations.statements import Assign, Load, Store, formula

MOST_TERMS = 30
# nothing reaches a cell in the step, it is not in the last step of its refractory time, and it is and stays below the
# threshold
CALM = (
    "_rises = (_first > 0.0) & (_last < 0.0) & (_before + _first*(_after - _before - _last*dt)/(_first - _last) >= 0.0)",
    "_fires = (_before >= 0.0) | (_after >= 0.0) | _rises",
    "_calm = (__event < 0) & (((_wait == 0) & (_fires ^ True)) | (_wait > 1))",
)


def move(writer):
    """Return the function that moves a cell by any part of a step."""
    names, held = writer.system.variables, _held(writer)
    numbers = range(len(names))
    # Stage 1: the derivatives _d at the start, and y = x + h*f(x); _t is the last term. Variables that are held have none
    lines = [f"_d{i} = {_slope(writer, name, {})}{held[name]}" for i, name in enumerate(names)]
    for i, name in enumerate(names):
        lines += [f"_t{i} = _h * _d{i}", f"_y{i} = {name} + _t{i}"]
    # Stage 2: term n is h/n*A times the term before; the end is where no sum changes any more
    lines += [f"for _n in range(2, {MOST_TERMS}):", "    _f = _h / _n"]
    for i, name in enumerate(names):
        terms = [f"{constant} * _t{names.index(other)}" for other, constant in _terms(writer, name) if other in names]
        total = f"({' + '.join(terms)}) * _f" if terms else "0.0"
        lines += [f"    _s{i} = {total}{held[name]}", f"    _z{i} = _y{i} + _s{i}"]
    lines += [f"    if {' and '.join(f'_z{i} == _y{i}' for i in numbers)}:", "        break"] if names else []
    for i in numbers:
        lines.append(f"    _t{i}, _y{i} = _s{i}, _z{i}")
    # Stage 3: the derivatives _e at the end, and what the threshold is asked for: its distance, and how fast that changes
    at = {name: f"_y{i}" for i, name in enumerate(names)}
    for i, name in enumerate(names):
        lines += [f"_y[{i}] = _y{i}", f"_e{i} = {_slope(writer, name, at)}{held[name]}"]
    first = writer.rate({name: f"_d{i}" for i, name in enumerate(names)})
    last = writer.rate({name: f"_e{i}" for i, name in enumerate(names)})
    lines.append(f"return {writer.gap(at)}, {first}, {last}, True")
    return writer.function("move(_x, _y, _h, _free, _of, _work)", lines)


def block(writer):
    """Return the function that moves a block of cells by dt, and the arguments of its call.

    It leaves the cells in which something happens as they are, and flags them.
    """
    names, held = writer.system.variables, _held(writer)
    pairs = [(f"_{n}_", f"state[{i} * stride + low : {i} * stride + high]") for i, n in enumerate(names)]
    pairs += [("_I_ext_", "current[low:high]"), ("__wait", "refractory[low:high]"), ("__head", "heads[low:high]")]
    pairs += [("_flag", "flag")]
    pairs += [(f"_{a}_", f"arrays[{i} * stride + low : {i} * stride + high]") for i, a in enumerate(writer.arrays)]
    pairs += [(a, f"scalars[{i}]") for i, a in enumerate(writer.scalars)]
    loads = [Load(n, f"_{n}_") for n in (*names, *writer.arrays)]
    loads += [Load("I_ext", "_I_ext_"), Load("_wait", "__wait"), Load("__event", "__head")]
    # the exact step of the grid, and the distances to the threshold and their slopes at both ends (_d, _e): `CALM` says from
    # these whether anything happens, and only then are new values stored
    lines = [Assign("_free", formula("_wait == 0")), *writer.step.lines]
    lines += [Assign(new_name(n), formula("new if _free else x", new=new_name(n), x=n)) for n in names if n in writer.frozen]
    new = {name: new_name(name) for name in names}
    texts = [f"_before = {writer.gap({})}", f"_after = {writer.gap(new)}"]
    for stage, at in (("d", {}), ("e", new)):
        texts += [f"_{stage}{i} = {_slope(writer, name, at)}{held[name]}" for i, name in enumerate(names)]
    texts += [
        f"{word} = {writer.rate({n: f'_{stage}{i}' for i, n in enumerate(names)})}"
        for word, stage in (("_first", "d"), ("_last", "e"))
    ]
    stores = [Store(f"_{n}_", formula("new if _calm else x", new=new_name(n), x=n)) for n in names]
    stores += [Store("__wait", formula("_wait - int32(_calm & (_wait > 1))")), Store("_flag", formula("_calm ^ True"))]
    head = ", ".join(name for name, _ in pairs)
    body = indent([*loads, *lines, *texts, *CALM, *stores], 2)
    text = "\n".join([f"@helper\ndef block({head}):", "    for _k in range(_flag.size):", *body, "\n\n"])
    return [expression for _, expression in pairs], text


def _held(writer):
    return {name: " if _free else 0.0" * (name in writer.frozen) for name in writer.system.variables}


def _terms(writer, name):
    """Return (variable or "" for 1; the constant) of the terms of the time derivative of a variable."""
    return [(column, constant) for (row, column), constant in writer.step.terms.items() if row == name]


def _slope(writer, name, at):
    """Return the time derivative of a variable, if variables have the names `at`."""
    terms = [f"{constant} * {at.get(c, c)}" if c else constant for c, constant in _terms(writer, name)]
    return f"({' + '.join(terms) or '0.0'})"
