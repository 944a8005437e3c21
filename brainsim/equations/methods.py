"""Integration methods: from a system of equations to one time step, as lines of a kernel and the numbers in them.

Each method is a function ``method(system, where) -> Step``. In the lines ``x`` is the value of variable x at the start of
the step and ``_x_new`` its value at the end, before the events that arrive at the end are added.

======================  =====  ================  ====================================================================
method                  order  with noise        for
======================  =====  ================  ====================================================================
``exact``               exact  exact             linear equations with constant coefficients, additive noise
``exponential_euler``   1, 2   1 (paths)         equations with a linear term of their own variable, additive noise
``exponential_strang``  2      none              the same without noise: cells with channels
``euler``               1      none              all without noise
``heun``                2      1; Stratonovich   all
``rk4``                 4      none              all without noise
``euler_maruyama``      1      1/2 (1); Ito      all; the order of paths is 1 where noise is additive
``milstein``            1      1; Ito            noise that is one of its own in each equation
======================  =====  ================  ====================================================================

The orders with noise are of single paths (strong); of means over many (weak) it is 1 for all but `exact`.
"""

import ast
import functools
import math

from brainsim.core.checks import nearest
from brainsim.equations import algebra
from brainsim.equations import language as lang
from brainsim.equations.exact import MOST_TERMS, count_terms, exact_lines, linear_part
from brainsim.equations.grammar import EquationError
from brainsim.equations.step import Writer

ROOT_DT = ast.Call(ast.Name("sqrt"), [ast.Name("dt")], [])


def exact(system, label, most_terms=math.inf):
    """Return the exact step of a linear system with constant coefficients; raise EquationError if it is none.

    n variables that all lean on each other make a step of n**2 terms, which compiles in 3 s for n = 20 and in 15 s for 40.
    """
    coefficients = linear_part(system, system.variables, label)
    for name in system.variables:
        if name not in coefficients:
            raise EquationError(
                label,
                f"method 'exact' needs equations that are linear with constant coefficients, but d{name}/dt is not; "
                f"write method = '{'milstein' if system.noise else 'exponential_euler'}' in the neuron's class",
                _equation(system, name),
            )
    if count_terms(system, coefficients) > most_terms:
        raise EquationError(label, "the exact step has too many terms")
    writer = Writer(system)
    compute, normals = exact_lines(writer, coefficients)
    return writer.step("exact", [compute], normals=normals, **_orders(system, 0, 0, 0))


def exponential_euler(system, label):
    """Return a step that solves each equation exactly with all other variables held.

    ``x(t+dt) = x + (rest + slope*x) dt phi(-slope*dt)`` with ``dx/dt = slope*x + rest`` and ``phi(z) = (1 - exp(-z))/z``.
    Variables that form a linear system of their own (conductances, synaptic currents) are solved exactly first, and the
    others see their mean over the step: second order where they depend on nothing else that changes. Terms that are not
    linear in x, as the current of an NMDA receptor is in v, count to the rest with the x of the start of the step, and
    variables that lean on each other see each other there: first order in these. Additive noise is that of the equation
    with slope and rest held: its variance is right at any dt. Of linear systems that are large and closely coupled, a cable
    of many compartments for one, what would take long to compile (`MOST_TERMS`) counts as not linear.
    """
    writer, compute, normals, middle, others = _exact_first(system, label)
    parts = _slopes_and_rests(system, others, "exponential_euler", label)
    order = 2
    for name in others:
        _refuse_multiplicative(system, name, "exponential_euler", label)
        order = 1 if _needs(system, name, label) & {*others} else order
    middle |= _later(system, writer, "mid", "t + 0.5*dt")
    texts = writer.right_sides(parts | _scaled_gains(system, others, algebra.ONE), middle)
    for name in others:
        writer.lines.append(f"_{name}_slope = {texts[name, 'slope']}")
        moved = _relaxed(name, texts[name, "rest"], f"_{name}_slope", "dt")
        for noise in system.noise.get(name, ()):
            moved += f" + {texts[name, noise]}*sqrt(dt*relaxation(-2.0*_{name}_slope*dt))*_z__of_{noise}"
            normals.append(f"_z__of_{noise}")
        writer.lines.append(f"_{name}_new = flushed({moved})")
    order = order if others else 0
    return writer.step("exponential_euler", [compute], normals=_once(normals), **_orders(system, order, 1, 1))


def exponential_strang(system, label):
    """Return a symmetric step of the moves of exponential Euler, of second order: Strang (1968), doi:10.1137/0705041.

    Variables that do not lean on each other form a group. The groups move one after the other, each with all others held
    where they have come to: half a step of each but the last, a whole step of the last, half a step of each on the way back.
    In a cell with channels v moves by half a step, all gates by a whole one, v by the other half: their rates, which cost
    most, are computed once. It is stable where exponential Euler is. What forms a linear system of its own is solved first
    and seen at its mean over the step; a term that is not linear in its variable is taken at the middle of its move.
    """
    writer, compute, normals, at, others = _exact_first(system, label)
    for name in others:
        if name in system.noise:
            message = f"method 'exponential_strang' has no noise, but d{name}/dt has; write method = 'exponential_euler'"
            raise EquationError(label, message, _equation(system, name))
    parts = _slopes_and_rests(system, others, "exponential_strang", label)
    at |= _later(system, writer, "mid", "t + 0.5*dt")
    needs = {name: _needs(system, name, label) & {*others} for name in others}
    outer, inner = _groups(needs)
    for stage, group in enumerate([*outer, inner, *reversed(outer)]):
        share, half_share = ("dt", "(0.5*dt)") if group is inner else ("(0.5*dt)", "(0.25*dt)")
        last = stage >= len(outer)
        texts = writer.right_sides({key: tree for key, tree in parts.items() if key[0] in group}, at, f"s{stage}")
        came = {}
        for name in group:
            start, slope, rest = at.get(name, name), f"_{name}_slope{stage}", texts[name, "rest"]
            writer.lines.append(f"{slope} = {texts[name, 'slope']}")
            if name in needs[name]:  # not linear: once more, from the middle of this move
                half = _moved(system, name, _relaxed(start, rest, slope, half_share))
                writer.lines.append(f"_{name}_half{stage} = {half}")
                at_half = at | {name: f"_{name}_half{stage}"}
                rest = writer.right_sides({0: parts[name, "rest"]}, at_half, f"_{name}_half{stage}")[0]
            moved = _relaxed(start, rest, slope, share)
            came[name] = f"_{name}_new" if last else f"_{name}_s{stage}"
            writer.lines.append(f"{came[name]} = {f'flushed({moved})' if last else _moved(system, name, moved)}")
        at |= came
    return writer.step("exponential_strang", [compute], normals=normals, **_orders(system, 2 if others else 0, 1, 1))


def euler(system, label):
    """Return the forward Euler step, all derivatives from the old values: ``x(t+dt) = x + dt f(x)``."""
    _refuse_noise(system, "euler", label, "euler_maruyama")
    writer = Writer(system)
    for name, slope in writer.right_sides(system.derivatives).items():
        writer.lines.append(f"_{name}_new = flushed({name} + dt*{slope})")
    return writer.step("euler", order=1)


def heun(system, label):
    """Return Heun's step: the mean of the slopes at both ends, the end found by Euler's; noise as Stratonovich means it."""
    writer, sides = Writer(system), system.derivatives | _scaled_gains(system, system.variables)
    first = writer.right_sides(sides)
    ends = {name: f"_{name}_end" for name in system.variables}
    for name in system.variables:
        writer.lines.append(f"_{name}_slope = {first[name]}")
        move = f"{name} + dt*_{name}_slope"
        for noise in system.noise.get(name, ()):
            writer.lines.append(f"_{name}__{noise}_gain = {first[name, noise]}")
            move += f" + _{name}__{noise}_gain*_z__of_{noise}"
        writer.lines.append(f"_{name}_end = {_moved(system, name, move)}")
    second = writer.right_sides(sides, ends | _later(system, writer, "end", "t + dt"), "end")
    for name in system.variables:
        move = f"{name} + 0.5*dt*(_{name}_slope + {second[name]})"
        for noise in system.noise.get(name, ()):
            move += f" + 0.5*(_{name}__{noise}_gain + {second[name, noise]})*_z__of_{noise}"
        writer.lines.append(f"_{name}_new = flushed({move})")
    # noise that commutes: one for each equation, or one for all
    strong = 1 if _diagonal(system) or len(_normals(system)) == 1 else 0.5
    return writer.step("heun", normals=_normals(system), **_orders(system, 2, strong, 1, "Stratonovich"))


def rk4(system, label):
    """Return the classical step of Runge and Kutta, of fourth order."""
    _refuse_noise(system, "rk4", label, "heun")
    writer, at = Writer(system), {}
    for stage, move in ((1, "0.5*dt"), (2, "0.5*dt"), (3, "dt"), (4, "")):
        slopes = writer.right_sides(system.derivatives, at, "" if stage == 1 else f"{stage}")
        for name, slope in slopes.items():
            writer.lines.append(f"_{name}_k{stage} = {slope}")
        if move:
            for name in system.variables:
                writer.lines.append(f"_{name}_s{stage} = {_moved(system, name, f'{name} + {move}*_{name}_k{stage}')}")
            at = {name: f"_{name}_s{stage}" for name in system.variables}
            at |= _later(system, writer, f"s{stage}", f"t + {move}")
    for name in system.variables:
        total = f"_{name}_k1 + 2.0*(_{name}_k2 + _{name}_k3) + _{name}_k4"
        writer.lines.append(f"_{name}_new = flushed({name} + dt*({total})*{1 / 6!r})")
    return writer.step("rk4", order=4)


def euler_maruyama(system, label):
    """Return the step of Euler and Maruyama: ``x(t+dt) = x + f dt + g sqrt(dt) z``, noise as Ito means it."""
    writer = Writer(system)
    texts = writer.right_sides(system.derivatives | _scaled_gains(system, system.variables))
    for name in system.variables:
        noise = "".join(f" + {texts[name, n]}*_z__of_{n}" for n in system.noise.get(name, ()))
        writer.lines.append(f"_{name}_new = flushed({name} + dt*{texts[name]}{noise})")
    additive = not any(_multiplicative(system, name) for name in system.noise)
    strong = 1 if additive else 0.5
    return writer.step("euler_maruyama", normals=_normals(system), **_orders(system, 1, strong, 1, "Ito"))


def milstein(system, label):
    """Return Milstein's step, noise as Ito means it: Euler and Maruyama's and ``g (dg/dx) (dW**2 - dt)/2``.

    The derivative is that of two values of g, Platen's form: Kloeden & Platen (1992), doi:10.1007/978-3-662-12616-5.
    """
    if not _diagonal(system):
        message = "method 'milstein' needs one noise for each equation that no other equation shares or sees"
        raise EquationError(label, f"{message}; write method = 'euler_maruyama'")
    writer, gains = Writer(system), _scaled_gains(system, system.variables)
    texts = writer.right_sides(system.derivatives | gains)
    for name in system.variables:
        move = f"{name} + dt*{texts[name]}"
        for noise in system.noise.get(name, ()):
            writer.lines.append(f"_{name}_gain = {texts[name, noise]}")
            if _multiplicative(system, name):
                writer.lines.append(f"_{name}_up = {move} + _{name}_gain")
                up = writer.right_sides({0: gains[name, noise]}, {name: f"_{name}_up"}, f"_{name}_up")[0]
                move += f" + 0.5*({up} - _{name}_gain)*(_z__of_{noise}*_z__of_{noise} - 1.0)"
            move += f" + _{name}_gain*_z__of_{noise}"
        writer.lines.append(f"_{name}_new = flushed({move})")
    return writer.step("milstein", normals=_normals(system), **_orders(system, 1, 1, 1, "Ito"))


def auto(system, label):
    """Return the step of the first method that can integrate the system.

    Without noise `exact`, `exponential_euler`, `euler`; with noise `exact`, `exponential_euler`, then `euler_maruyama` where
    it is additive and `milstein`, `euler_maruyama` where it is not. `exact` is passed over where its step has more than
    `MOST_TERMS`, as that of 18 variables that all lean on each other: it would take many seconds to compile.
    """
    candidates = [functools.partial(exact, most_terms=MOST_TERMS), exponential_euler]
    if any(_multiplicative(system, name) for name in system.noise):
        candidates.append(milstein)
    for method in candidates:
        try:
            return method(system, label)
        except EquationError:
            continue
    return euler_maruyama(system, label) if system.noise else euler(system, label)


METHODS = {
    "auto": auto,
    "exact": exact,
    "exponential_euler": exponential_euler,
    "exponential_strang": exponential_strang,
    "euler": euler,
    "heun": heun,
    "rk4": rk4,
    "euler_maruyama": euler_maruyama,
    "milstein": milstein,
}


def method_named(name, label):
    """Return the method called `name`; raise ValueError with the nearest one otherwise."""
    if name not in METHODS:
        raise ValueError(f"{label}.method: unknown method {name!r}{nearest(name, METHODS)}")
    return METHODS[name]


def _exact_first(system, label):
    """Write the exact step of what forms a linear system of its own.

    Returns the Writer, the function of its numbers, its normals, name -> its mean over the step, and all other variables.
    """
    coefficients = linear_part(system, system.variables, label, keep_all=False)
    writer = Writer(system)
    compute, normals = exact_lines(writer, coefficients)
    for name in coefficients:
        mean = f"0.5*({name} + _{name}_new)"
        writer.lines.append(f"_{name}_mid = {_moved(system, name, mean)}")
    others = [name for name in system.variables if name not in coefficients]
    return writer, compute, normals, {name: f"_{name}_mid" for name in coefficients}, others


def _slopes_and_rests(system, names, method, label):
    """Return (name, "slope") and (name, "rest") -> tree, with ``dx/dt = slope*x + rest`` and a slope without x."""
    parts = {}
    for name in names:
        slope, rest = algebra.linear_terms(system.full(system.derivatives[name], label, about=name), name)
        if algebra.is_zero(slope) and name in lang.names_in(rest):
            message = f"method {method!r} needs a term of d{name}/dt that is linear in {name}; write method = 'euler'"
            raise EquationError(label, message, _equation(system, name))
        parts |= {(name, "slope"): slope, (name, "rest"): rest}
    return parts


def _needs(system, name, label):
    """Return all names on which the slope or the rest of a variable leans."""
    slope, rest = algebra.linear_terms(system.full(system.derivatives[name], label, about=name), name)
    return lang.names_in(system.full(slope, label)) | lang.names_in(system.full(rest, label))


def _groups(needs):
    """Return groups of variables that do not lean on each other: all but the largest, and that one."""
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


def _relaxed(start, rest, slope, time):
    """Return the text of the solution of ``dx/dt = slope*x + rest`` after a time, from `start`."""
    return f"{start} + ({rest} + {slope}*{start})*{time}*relaxation(-{slope}*{time})"


def _orders(system, order, strong, weak, interpretation=""):
    """Return the orders of a Step; those with noise only where there is some."""
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
    """Return whether each noise acts on one variable, alone there, by a gain that depends on no other noisy variable."""
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


def _moved(system, name, text):
    """Return the value of a variable within the step; one that stands still while refractory does so there, too."""
    return f"{text} if _free else {name}" if name in system.frozen and system.refractory is not None else text


def _later(system, writer, stage, text):
    """Return the name of the time in a later stage, where the equations hold the time."""
    uses = [*system.derivatives.values(), *system.algebraic.values()]
    uses += [gain for gains in system.noise.values() for gain in gains.values()]
    if not any("t" in lang.names_in(tree) for tree in uses):
        return {}
    writer.lines.append(f"_t_{stage} = {text}")
    return {"t": f"_t_{stage}"}


def _refuse_noise(system, method, label, other):
    for name in system.noise:
        message = f"method {method!r} has no noise, but d{name}/dt has; write method = {other!r}"
        raise EquationError(label, message, _equation(system, name))


def _refuse_multiplicative(system, name, method, label):
    if _multiplicative(system, name):
        message = f"method {method!r} needs noise that does not depend on variables; write method = 'milstein'"
        raise EquationError(label, message, _equation(system, name))


def _equation(system, name):
    """Return an equation as text, for messages."""
    terms = [ast.unparse(system.derivatives[name])]
    terms += [f"({ast.unparse(gain)})*xi" for gain in system.noise.get(name, {}).values()]
    return f"d{name}/dt = {' + '.join(terms)}".replace("__t", "(t)")
