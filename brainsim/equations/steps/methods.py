"""Integration methods: from a system of equations to one time step, as statements and the numbers in them.

Each method is a function ``method(system, label) -> Step``. In the statements ``x`` is the value of variable x at the
start of the step and ``_x_new`` its value at the end, before the events that arrive then are added.

======================  =====  ================  ====================================================================
method                  order  with noise        for
======================  =====  ================  ====================================================================
``exact``               exact  exact             linear equations with constant coefficients, additive noise
``exponential_euler``   1, 2   1 (paths)         equations with a term linear in their variable, additive noise
``exponential_strang``  2      none              the same without noise: cells with channels
``euler``               1      none              all without noise
``heun``                2      1; Stratonovich   all
``rk4``                 4      none              all without noise
``euler_maruyama``      1      1/2 (1); Ito      all; the order of paths is 1 if the noise is additive
``milstein``            1      1; Ito            a separate noise in each equation
======================  =====  ================  ====================================================================

The orders with noise are those of single paths (strong). The order of means over many paths (weak) is 1 for all but `exact`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from brainsim.core.checks import nearest
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError, as_typed
from brainsim.equations.statements import formula
from brainsim.equations.steps.exact import exact_lines, linear_part
from brainsim.equations.steps.step import Step, Writer

if TYPE_CHECKING:
    from brainsim.equations.system import System

ROOT_DT = ast.Call(ast.Name("sqrt"), [ast.Name("dt")], [])


def exact(system: System, label: str) -> Step:
    """Return the exact step of a linear system with constant coefficients; raise EquationError for any other system."""
    coefficients = linear_part(system, system.variables, label)
    for name in system.variables:
        if name not in coefficients:
            raise EquationError(
                label,
                f"method 'exact' needs equations that are linear with constant coefficients, but d{name}/dt is not; "
                f"write method = '{'milstein' if system.noise else 'exponential_euler'}' in the neuron's class",
                _equation(system, name),
            )
    writer = Writer(system)
    compute, normals = exact_lines(writer, coefficients)
    return writer.step("exact", [compute], normals=normals, **_orders(system, 0, 0, 0))


def exponential_euler(system: System, label: str) -> Step:
    """Return a step that solves each equation exactly while all other variables are held constant.

    ``x(t+dt) = x + (rest + slope*x) dt phi(-slope*dt)`` with ``dx/dt = slope*x + rest`` and ``phi(z) = (1 - exp(-z))/z``.
    Variables that form an independent linear system (conductances, synaptic currents) are solved exactly first. The others
    use their mean over the step: this is of second order if they depend on nothing else that changes. Terms that are not
    linear in x, such as the current of an NMDA receptor in v, are part of the rest and use x at the start of the step, and
    so do variables that depend on each other: this is of first order. Additive noise is that of the equation with constant
    slope and rest: its variance is correct for any dt.
    """
    writer, compute, normals, middle, others = _exact_first(system, label)
    parts = _slopes_and_rests(system, others, "exponential_euler", label)
    order = 2
    for name in others:
        _reject_multiplicative(system, name, "exponential_euler", label)
        order = 1 if _needs(system, name, label) & {*others} else order
    middle |= _later(system, writer, "mid", "t + 0.5*dt")
    sides = writer.right_sides(parts | _scaled_gains(system, others, algebra.ONE), middle)
    for name in others:
        slope = f"_{name}_slope"
        writer.add(slope, sides[name, "slope"])
        moved = _relax(name, sides[name, "rest"], slope, "dt")
        for noise in system.noise.get(name, ()):
            normals.append(f"_z__of_{noise}")
            size = formula("gain*sqrt(dt*relaxation(-2.0*slope*dt))", gain=sides[name, noise], slope=slope)
            moved = formula("moved + size*z", moved=moved, size=size, z=normals[-1])
        writer.add(f"_{name}_new", "flushed(moved)", moved=moved)
    order = order if others else 0
    return writer.step("exponential_euler", [compute], normals=_once(normals), **_orders(system, order, 1, 1))


def exponential_strang(system: System, label: str) -> Step:
    """Return a symmetric step of second order made of moves of exponential Euler: Strang (1968), doi:10.1137/0705041.

    Variables that do not depend on each other form a group. The groups move one after the other while all others keep their
    latest values: all but the last by half a step, the last by a whole step, the others back in reverse order by the other
    half. In a cell with channels v moves by half a step, all gates by a whole one, and v by the other half, so the rates of
    the gates, which cost most, are computed once. The step is stable whenever exponential Euler is. Variables that form an
    independent linear system are solved first, and the others use their mean over the step; a term that is not linear in
    its variable is evaluated in the middle of the move.
    """
    writer, compute, normals, at, others = _exact_first(system, label)
    _reject_noise(system, "exponential_strang", label, "exponential_euler", others)
    parts = _slopes_and_rests(system, others, "exponential_strang", label)
    at |= _later(system, writer, "mid", "t + 0.5*dt")
    needs = {name: _needs(system, name, label) & {*others} for name in others}
    outer, inner = _groups(needs)
    for stage, group in enumerate([*outer, inner, *reversed(outer)]):
        share, half_share = ("dt", "0.5*dt") if group is inner else ("0.5*dt", "0.25*dt")
        last = stage >= len(outer)
        sides = writer.right_sides({key: tree for key, tree in parts.items() if key[0] in group}, at, f"s{stage}")
        came = {}
        for name in group:
            start, slope, rest = at.get(name, name), f"_{name}_slope{stage}", sides[name, "rest"]
            writer.add(slope, sides[name, "slope"])
            if name in needs[name]:  # not linear: again, with the rest at the middle of this move
                writer.add(f"_{name}_half{stage}", _move(system, name, _relax(start, rest, slope, half_share)))
                at_half = at | {name: f"_{name}_half{stage}"}
                rest = writer.right_sides({0: parts[name, "rest"]}, at_half, f"_{name}_half{stage}")[0]
            moved = _relax(start, rest, slope, share)
            came[name] = f"_{name}_new" if last else f"_{name}_s{stage}"
            writer.add(came[name], formula("flushed(moved)", moved=moved) if last else _move(system, name, moved))
        at |= came
    return writer.step("exponential_strang", [compute], normals=normals, **_orders(system, 2 if others else 0, 1, 1))


def euler(system: System, label: str) -> Step:
    """Return the forward Euler step, with all derivatives at the old values: ``x(t+dt) = x + dt f(x)``."""
    _reject_noise(system, "euler", label, "euler_maruyama")
    writer = Writer(system)
    for name, slope in writer.right_sides(system.derivatives).items():
        writer.add(f"_{name}_new", "flushed(x + dt*slope)", x=name, slope=slope)
    return writer.step("euler", order=1)


def heun(system: System, label: str) -> Step:
    """Return Heun's step: the mean of the slopes at both ends, the end from Euler's step; noise in Stratonovich's sense."""
    writer, sides = Writer(system), system.derivatives | _scaled_gains(system, system.variables)
    first = writer.right_sides(sides)
    ends = {name: f"_{name}_end" for name in system.variables}
    for name in system.variables:
        writer.add(f"_{name}_slope", first[name])
        move = formula("x + dt*slope", x=name, slope=f"_{name}_slope")
        for noise in system.noise.get(name, ()):
            writer.add(f"_{name}__{noise}_gain", first[name, noise])
            move = formula("move + gain*z", move=move, gain=f"_{name}__{noise}_gain", z=f"_z__of_{noise}")
        writer.add(f"_{name}_end", _move(system, name, move))
    second = writer.right_sides(sides, ends | _later(system, writer, "end", "t + dt"), "end")
    for name in system.variables:
        move = formula("x + 0.5*dt*(slope + end)", x=name, slope=f"_{name}_slope", end=second[name])
        for noise in system.noise.get(name, ()):
            gain = formula("0.5*(start + end)", start=f"_{name}__{noise}_gain", end=second[name, noise])
            move = formula("move + gain*z", move=move, gain=gain, z=f"_z__of_{noise}")
        writer.add(f"_{name}_new", "flushed(move)", move=move)
    # the noise commutes if there is one for each equation or one for all
    strong = 1 if _diagonal(system) or len(_normals(system)) == 1 else 0.5
    return writer.step("heun", normals=_normals(system), **_orders(system, 2, strong, 1, "Stratonovich"))


def rk4(system: System, label: str) -> Step:
    """Return the classical Runge-Kutta step of fourth order."""
    _reject_noise(system, "rk4", label, "heun")
    writer = Writer(system)
    at: dict[str, str] = {}
    for stage, move in ((1, "0.5*dt"), (2, "0.5*dt"), (3, "dt"), (4, "")):
        slopes = writer.right_sides(system.derivatives, at, "" if stage == 1 else f"{stage}")
        for name, slope in slopes.items():
            writer.add(f"_{name}_k{stage}", slope)
        if move:
            for name in system.variables:
                moved = formula(f"x + {move}*slope", x=name, slope=f"_{name}_k{stage}")
                writer.add(f"_{name}_s{stage}", _move(system, name, moved))
            at = {name: f"_{name}_s{stage}" for name in system.variables}
            at |= _later(system, writer, f"s{stage}", f"t + {move}")
    for name in system.variables:
        slopes = {f"k{stage}": f"_{name}_k{stage}" for stage in (1, 2, 3, 4)}
        writer.add(f"_{name}_new", f"flushed(x + dt*(k1 + 2.0*(k2 + k3) + k4)*{1 / 6!r})", x=name, **slopes)
    return writer.step("rk4", order=4)


def euler_maruyama(system: System, label: str) -> Step:
    """Return the Euler-Maruyama step: ``x(t+dt) = x + f dt + g sqrt(dt) z``, with noise in Ito's sense."""
    writer = Writer(system)
    sides = writer.right_sides(system.derivatives | _scaled_gains(system, system.variables))
    for name in system.variables:
        move = formula("x + dt*slope", x=name, slope=sides[name])
        for noise in system.noise.get(name, ()):
            move = formula("move + gain*z", move=move, gain=sides[name, noise], z=f"_z__of_{noise}")
        writer.add(f"_{name}_new", "flushed(move)", move=move)
    additive = not any(_multiplicative(system, name) for name in system.noise)
    strong = 1 if additive else 0.5
    return writer.step("euler_maruyama", normals=_normals(system), **_orders(system, 1, strong, 1, "Ito"))


def milstein(system: System, label: str) -> Step:
    """Return Milstein's step, with noise in Ito's sense: that of Euler and Maruyama plus ``g (dg/dx) (dW**2 - dt)/2``.

    The derivative is a difference of two values of g, Platen's form: Kloeden & Platen (1992),
    doi:10.1007/978-3-662-12616-5.
    """
    if not _diagonal(system):
        needs = "a separate noise in each equation, with a size that depends on no other noisy variable"
        raise EquationError(label, f"method 'milstein' needs {needs}; write method = 'euler_maruyama'")
    writer, gains = Writer(system), _scaled_gains(system, system.variables)
    sides = writer.right_sides(system.derivatives | gains)
    for name in system.variables:
        move = formula("x + dt*slope", x=name, slope=sides[name])
        for noise in system.noise.get(name, ()):
            gain, z = f"_{name}_gain", f"_z__of_{noise}"
            writer.add(gain, sides[name, noise])
            if _multiplicative(system, name):
                writer.add(f"_{name}_up", "move + gain", move=move, gain=gain)
                up = writer.right_sides({0: gains[name, noise]}, {name: f"_{name}_up"}, f"_{name}_up")[0]
                move = formula("move + 0.5*(up - gain)*(z*z - 1.0)", move=move, up=up, gain=gain, z=z)
            move = formula("move + gain*z", move=move, gain=gain, z=z)
        writer.add(f"_{name}_new", "flushed(move)", move=move)
    return writer.step("milstein", normals=_normals(system), **_orders(system, 1, 1, 1, "Ito"))


def auto(system: System, label: str) -> Step:
    """Return the step of the first method that can integrate the system.

    Without noise: `exact`, `exponential_euler`, `euler`. With additive noise: `exact`, `exponential_euler`,
    `euler_maruyama`; with other noise `milstein` before `euler_maruyama`.
    """
    candidates: list[Callable[[System, str], Step]] = [exact, exponential_euler]
    if any(_multiplicative(system, name) for name in system.noise):
        candidates.append(milstein)
    for method in candidates:
        try:
            return method(system, label)
        except EquationError:
            continue
    return euler_maruyama(system, label) if system.noise else euler(system, label)


def accurate(system: System, label: str) -> Step:
    """Return the step of the highest order: `exact` for linear equations, `rk4` for one that is not linear.

    If several are not linear, `exponential_strang`, which is stable in cells with channels, or `rk4` if that is impossible.
    With noise, the method is that of `auto`.
    """
    curved = len(system.variables) - len(linear_part(system, system.variables, label))
    if system.noise or not curved:
        return auto(system, label)
    try:
        return rk4(system, label) if curved == 1 else exponential_strang(system, label)
    except EquationError:
        return rk4(system, label)


METHODS: dict[str, Callable[[System, str], Step]] = {
    "auto": auto,
    "accurate": accurate,
    "exact": exact,
    "exponential_euler": exponential_euler,
    "exponential_strang": exponential_strang,
    "euler": euler,
    "heun": heun,
    "rk4": rk4,
    "euler_maruyama": euler_maruyama,
    "milstein": milstein,
}


def method_named(name: str, label: str) -> Callable[[System, str], Step]:
    """Return the method called `name`, or raise ValueError with the nearest name."""
    if name not in METHODS:
        raise ValueError(f"{label}.method: unknown method {name!r}{nearest(name, METHODS)}")
    return METHODS[name]


def _exact_first(system, label):
    """Write the exact step of the variables that form an independent linear system.

    Returns the Writer, the function that computes its constants, the names of its normal numbers, a dict variable -> name
    of its mean over the step, and the names of all other variables.
    """
    coefficients = linear_part(system, system.variables, label, keep_all=False)
    writer = Writer(system)
    compute, normals = exact_lines(writer, coefficients)
    for name in coefficients:
        mean = formula("0.5*(x + new)", x=name, new=f"_{name}_new")
        writer.add(f"_{name}_mid", _move(system, name, mean))
    others = [name for name in system.variables if name not in coefficients]
    return writer, compute, normals, {name: f"_{name}_mid" for name in coefficients}, others


def _slopes_and_rests(system, names, method, label):
    """Return a dict of (name, "slope") and (name, "rest") to trees: ``dx/dt = slope*x + rest`` with a slope without x."""
    parts = {}
    for name in names:
        slope, rest = algebra.linear_terms(system.full(system.derivatives[name], label, about=name), name)
        if algebra.is_zero(slope) and name in lang.names_in(rest):
            message = f"method {method!r} needs a term of d{name}/dt that is linear in {name}; write method = 'euler'"
            raise EquationError(label, message, _equation(system, name))
        parts |= {(name, "slope"): slope, (name, "rest"): rest}
    return parts


def _needs(system, name, label):
    """Return all names on which the slope or the rest of a variable depends."""
    slope, rest = algebra.linear_terms(system.full(system.derivatives[name], label, about=name), name)
    return lang.names_in(system.full(slope, label)) | lang.names_in(system.full(rest, label))


def _groups(needs):
    """Return groups of variables that do not depend on each other: all but the largest, and the largest."""
    left, groups = [*needs], []
    while left:
        group = []
        for name in reversed(left):
            if not any(other in needs[name] or name in needs[other] for other in group):
                group.insert(0, name)
        groups.append(group)
        left = [name for name in left if name not in group]
    inner = max(groups, key=len, default=[])
    return [group for group in groups if group is not inner][::-1], inner


def _relax(start, rest, slope, time):
    """Return the solution of ``dx/dt = slope*x + rest`` from `start` after a time, which is a formula."""
    text = "start + (rest + slope*start)*time*relaxation(-slope*time)"
    return formula(text, start=start, rest=rest, slope=slope, time=formula(time))


def _orders(system, order, strong, weak, interpretation=""):
    """Return the orders of a Step; those with noise only if the system has some."""
    if not system.noise:
        return {"order": order}
    multiplicative = any(_multiplicative(system, name) for name in system.noise)
    return {"order": order, "strong": strong, "weak": weak, "interpretation": interpretation if multiplicative else ""}


def _scaled_gains(system, variables, scale=ROOT_DT):
    """Return (variable, noise) -> tree of the gain times `scale`, by which a standard normal number is multiplied."""
    pairs = [(name, noise, gain) for name in variables for noise, gain in system.noise.get(name, {}).items()]
    return {(name, noise): algebra.times(gain, scale) for name, noise, gain in pairs}


def _multiplicative(system, name):
    """Return whether the noise of a variable depends on any variable."""
    gains = [system.full(gain, name) for gain in system.noise.get(name, {}).values()]
    return any(lang.names_in(gain) & {*system.variables} for gain in gains)


def _diagonal(system):
    """Return whether each variable has at most one noise, a separate one, with a gain that depends on no other noisy one."""
    names = [noise for gains in system.noise.values() for noise in gains]
    if len(names) > len(set(names)) or any(len(gains) > 1 for gains in system.noise.values()):
        return False
    return not any(
        lang.names_in(system.full(gain, name)) & ({*system.noise} - {name})
        for name, gains in system.noise.items()
        for gain in gains.values()
    )


def _normals(system):
    return _once([f"_z__of_{noise}" for gains in system.noise.values() for noise in gains])


def _once(names):
    return list(dict.fromkeys(names))


def _move(system, name, value):
    """Return a variable's value within the step; a frozen variable of a refractory cell is clamped there too."""
    held = name in system.frozen and system.refractory is not None
    return formula("value if _free else x", value=value, x=name) if held else value


def _later(system, writer, stage, text):
    """Add the line of the time in a later stage if the equations contain t; return ``{"t": its name}`` or an empty dict."""
    uses = [*system.derivatives.values(), *system.algebraic.values()]
    uses += [gain for gains in system.noise.values() for gain in gains.values()]
    if not any("t" in lang.names_in(tree) for tree in uses):
        return {}
    writer.add(f"_t_{stage}", text)
    return {"t": f"_t_{stage}"}


def _reject_noise(system, method, label, other, variables=None):
    for name in system.noise if variables is None else (n for n in variables if n in system.noise):
        message = f"method {method!r} cannot integrate noise, but d{name}/dt has some; write method = {other!r}"
        raise EquationError(label, message, _equation(system, name))


def _reject_multiplicative(system, name, method, label):
    if _multiplicative(system, name):
        message = f"method {method!r} needs noise that does not depend on variables; write method = 'milstein'"
        raise EquationError(label, message, _equation(system, name))


def _equation(system, name):
    terms = [as_typed(system.derivatives[name])]
    terms += [f"({as_typed(gain)})*xi" for gain in system.noise.get(name, {}).values()]
    return f"d{name}/dt = {' + '.join(terms)}"
