"""Models of the language as cells that learn: the same equations, with the reset as of the moment of the crossing.

The threshold is crossed `lag` ms before the end of a step. The time of the crossing follows from the distances at both ends
of the step and how fast they change there: it is a cubic function of the distance. There are two ways to find the state then
and what the reset makes of it by the end of the step:

``linear``
    Variables that are linear and depend on nothing but the current, which only one of them does: all is exact.
``smooth``
    All else: the state is interpolated, and after the reset it moves by Heun's method. A spike that arrives within a step is
    shared between its start and its end. So the state is a continuous function of all times, to second order of the step.

Where the potential rises faster and faster, as in an exponential integrate-and-fire cell, no step of the grid is short
enough; `upstroke` moves such a cell in parts of a step.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import Any

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError, Tree
from brainsim.equations.statements import formula
from brainsim.equations.system import System, compose
from brainsim.features.adjoints.adjoint import Adjoint, adjoint_of
from brainsim.learn.spiking.from_equations.upstroke import Upstroke, upstroke_of
from brainsim.learn.spiking.kernels.net import RECEPTORS
from brainsim.models.base import Neuron, Synapse, initial, parameter
from brainsim.models.curve import Curve
from brainsim.models.values import Value, is_number

CURRENTS = tuple(f"r{k}_i" for k in range(RECEPTORS))  # of the receptors, in the composed equations
TAUS = tuple(f"r{k}_tau" for k in range(RECEPTORS))
CURRENT = CURRENTS[0]
DRIVE = "i_drive"  # the current from outside, where the reset needs it
CROSS = tuple(f"i{k or ''}_cross" for k in range(RECEPTORS))
CHORD, FOUND = "crossing_chord", "crossing_lag"  # change of the distance in the step; how long before its end it is 0
# the currents at the start of a step, and at its end without and with what arrives late in it
BEGINS, DECAYED, ENDS = (tuple(f"i{k or ''}_{end}" for k in range(RECEPTORS)) for end in ("begin", "decayed", "end"))


class WithinStep(Synapse):
    """A current that jumps by w and decays, ``di/dt = -i/tau``, for spikes that arrive within a step.

    What v has gained of the current by the end of the step is added to v.

    Examples
    --------
    >>> WithinStep(tau=2.0)
    WithinStep(tau=2.0)
    """

    equations = "di/dt = -i/tau"
    arrival = "v = v + w"
    current = "i"
    weight_unit = ""
    dimensions = False

    tau: Value = parameter(5.0, "ms", "decay time", above=0.0)


@dataclass(frozen=True, eq=False)
class Smooth:
    """A model whose adjoint exists.

    `model` has the new reset; `system` has exponential currents and no refractory time. `gap` is the distance to the
    threshold. Only the ``linear`` way reads `gain`, the change of v by the current as a rate, and `decay`, the rate at which
    v decays. `upstroke` is None if the potential does not rise by itself.
    """

    model: Any
    system: System
    linear: bool
    variables: tuple[str, ...]
    gap: Tree
    gain: Tree
    decay: Tree
    receptors: int = 1
    upstroke: Upstroke | None = None

    @property
    def currents(self) -> tuple[str, ...]:
        """The names of the currents of the receptors."""
        return CURRENTS[: self.receptors]


def smooth(model: Any, method: str, label: str, external_current: bool = False, receptors: int = 1) -> Smooth:
    """Return a model as cells that learn, or raise EquationError or ValueError with `label` that says why it cannot be."""
    _check(model, label)
    system = compose_with_current(model, label, external_current, receptors)
    adjoint = adjoint_of(system, label)
    if adjoint.gap is None:
        raise EquationError(label, "has no threshold: cells of a layer must fire; a Readout integrates")
    rates = _rates(adjoint, system)
    linear = rates is not None and method in ("", "exact")
    if method == "exact" and not linear:
        raise EquationError(label, "method 'exact' needs variables that are linear and do not depend on each other")
    variables = tuple(model.initials)
    reset = _linear_reset(adjoint, rates, system, receptors) if linear else _smooth_reset(adjoint, variables, receptors)
    of_currents = [name for names in (CROSS, BEGINS, DECAYED, ENDS) for name in names[:receptors]]
    added = {"gap", "lag", "fired", "span", "start", "share", DRIVE, *of_currents, *(f"start_{v}" for v in variables)}
    added |= {name for name, _ in reset if name not in variables}
    taken = added & {*model.initials, *model.parameters, *adjoint.variables}
    if taken:
        raise ValueError(f"{label}: the name {sorted(taken)[0]!r} is needed for the crossing of the threshold; use another")
    given: dict[str, Any] = {name: initial(0.0, "", "of the crossing") for name in sorted(added)}
    given["__annotations__"] = dict.fromkeys(added, float)
    given |= {
        "__doc__": f"`{type(model).__name__}` that crosses its threshold within a step.",
        "__module__": __name__,
        "reset": "; ".join(f"{name} = {ast.unparse(tree)}" for name, tree in reset),
        "method": "exact" if linear else method or "heun",
        "dimensions": False,
    }
    make: Any = type(Neuron)
    cls: Any = make(f"Crossing{type(model).__name__}", (type(model),), given)
    made = cls(**{name: getattr(model, name) for name in model.parameters})
    gain, decay = (rates["", "gain"], rates["", "decay"]) if linear and rates else (algebra.ONE, algebra.ONE)
    system = compose_with_current(made, label, external_current, receptors)
    system = replace(system, refractory=None, frozen=frozenset())  # which is 0, by `_check`
    upstroke = None if linear else upstroke_of(adjoint, (*variables, *CURRENTS[:receptors]))
    return Smooth(made, system, linear, variables, adjoint.gap, gain, decay, receptors, upstroke)


def compose_with_current(model: Any, label: str, external_current: bool, receptors: int = 1) -> System:
    """Return the equations of a model with exponential currents, one for each receptor."""
    current: Any = WithinStep().receptor_equations
    return compose(model.cell_equations, [current] * receptors, external_current=external_current, label=label)


def _check(model, label):
    if not isinstance(model, Neuron):
        raise TypeError(f"{label}: must be a neuron, such as bs.AdEx() or one of a class of yours (got {model!r})")
    for name in model.parameters:
        if isinstance(getattr(model, name), Curve):
            hint = "write it as a formula, such as sigmoid((v - v_half)/k), which has a derivative everywhere"
            raise ValueError(f"{label}: {name} is a Curve, whose corners have no derivative; {hint}")
        if not is_number(getattr(model, name)):
            raise ValueError(f"{label}: {name} must be one number for all cells of the layer (got {getattr(model, name)!r})")
    if model.cell_equations.refractory is not None and getattr(model, "t_ref", None) != 0.0:
        if "t_ref" not in model.parameters:
            condition = f"{label}: the refractory condition {model.refractory!r} cannot be differentiated"
            raise ValueError(f"{condition}; use cells that a spike resets, such as bs.AdEx(t_ref=0.0)")
        raise ValueError(
            f"{label}: refractory times cannot be differentiated; write {type(model).__name__}(t_ref=0.0), or use "
            "LIF cells, bs.LIF or bs.learn.Layer, which have them"
        )
    if model.cell_equations.substeps > 1:
        raise ValueError(f"{label}: substeps cannot be differentiated; write substeps = 1 and a smaller dt")


def _rates(adjoint, system):
    """Return (variable, "decay") -> its rate if the linear way is possible, and those of v under the name ""; else None."""
    fixed, rates = {}, {}
    driven = [n for n in adjoint.variables if n not in CURRENTS and (n, CURRENT) in adjoint.jacobian]
    for (name, other), tree in adjoint.jacobian.items():
        if system.changes(tree) or (other not in (name, *CURRENTS)):
            return None
        fixed[name, other] = tree
    if len(driven) != 1:
        return None
    v = driven[0]
    by_v = adjoint.gap_by.get(v)
    if by_v is None or not algebra.is_one(by_v):
        return None
    for name in adjoint.variables:
        if name in CURRENTS:
            continue
        rates[name, "decay"] = algebra.negative(fixed.get((name, name), algebra.ZERO))
        parts = algebra.linear_in(adjoint.flow[name], name)
        if name != v and (parts is None or not algebra.is_zero(parts[1])):
            return None  # it relaxes to something else than 0
    if (v, v) not in fixed:
        return None
    return rates | {("", "v"): ast.Name(v), ("", "gain"): fixed[v, CURRENT], ("", "decay"): rates[v, "decay"]}


def _name(prefix, variable):
    """Return the name of a value of a variable at the crossing: long, so that no name of the model equals it."""
    return f"{prefix}_{variable}" if prefix == "start" else f"crossing_{prefix}_{variable}"


def _crossing(adjoint, receptors, ends):
    """Return the first assignments of a reset: the distance beyond the threshold, and the time since the crossing.

    `ends` are the names of the currents at the end of the step. Where the distance would not rise all the way, its slopes at
    the ends count as a third of the mean, below which the cubic function would turn back.
    """
    first: dict[str, Tree] = {name: ast.Name(_name("start", name)) for name in adjoint.variables if name not in CURRENTS}
    last: dict[str, Tree] = {}
    for k in range(receptors):
        first[CURRENTS[k]], last[CURRENTS[k]] = ast.Name(BEGINS[k]), ast.Name(ends[k])
    out, drive = [("gap", adjoint.gap), (CHORD, formula("gap - start"))], {"I_ext": ast.Name(DRIVE)}
    for name, at in (("crossing_first", first | drive), ("crossing_last", last | drive)):
        slope = f"{name}_slope"
        out.append((slope, lang.substitute(adjoint.slope, at)))
        out.append((name, formula("chord/max(span*slope, chord/3.0)", chord=CHORD, slope=slope)))
    out.append(("crossing_x", formula("-start/chord", chord=CHORD)))
    time = "x*x*(3.0 - 2.0*x) + x*(1.0 - x)*((1.0 - x)*first - x*last)"
    parts = {"x": "crossing_x", "first": "crossing_first", "last": "crossing_last"}
    out.append((FOUND, formula("span*(1.0 - time)", time=formula(time, **parts))))
    return [*out, ("lag", ast.Name(FOUND)), ("fired", algebra.ONE)]


def _linear_reset(adjoint, rates, system, receptors):
    """Return the assignments of a reset after which all variables decay as before."""
    v, out = rates["", "v"].id, _crossing(adjoint, receptors, ENDS)
    resets = [name for name, _ in system.reset]
    needed = {*resets} | {n for tree in (adjoint.gap, *adjoint.reset.values()) for n in lang.names_in(tree)}
    used = [n for n in adjoint.variables if n in needed and n not in CURRENTS]
    at = {}
    for name in (n for n in used if n != v):
        rate = rates[name, "decay"]
        back = formula("x" if algebra.is_zero(rate) else "x*exp(rate*lag)", x=name, rate=rate)
        out.append((_name("s", name), back))
        at[name] = ast.Name(_name("s", name))
    if v in used:  # where the distance is 0
        out.append((_name("s", v), formula("v - gap", v=v, gap=lang.substitute(adjoint.gap, at))))
        at[v] = ast.Name(_name("s", v))
    out += _apply(system, at)
    for name in dict.fromkeys(resets):
        rate = algebra.negative(rates[name, "decay"])
        jump = "x + (r - s)" if algebra.is_zero(rate) else "x + (r - s)*exp(rate*lag)"
        out.append((name, formula(jump, x=name, r=_name("r", name), s=_name("s", name), rate=rate)))
    return out


def _smooth_reset(adjoint: Adjoint, variables, receptors):
    """Return the assignments of a reset after which the state moves by Heun's method."""
    out = [*_crossing(adjoint, receptors, DECAYED), ("share", formula("1.0 - lag/span"))]

    def between(first, last):
        return formula("first + share*(last - first)", first=first, last=last)

    # Stage 1: currents and variables at the crossing, on the straight line between both ends of the step
    at: dict[str, Tree] = {"I_ext": ast.Name(DRIVE)}
    for k in range(receptors):
        out.append((CROSS[k], between(BEGINS[k], ENDS[k])))
        at[CURRENTS[k]] = ast.Name(CROSS[k])
    for name in variables:
        out.append((_name("s", name), between(_name("start", name), name)))
        at[name] = ast.Name(_name("s", name))
    # Stage 2: the reset there
    after = dict(at)
    for name, tree in adjoint.reset.items():
        out.append((_name("r", name), lang.substitute(tree, at)))
        after[name] = ast.Name(_name("r", name))
    # Stage 3: what the reset changes, directly or through others, moves on by `lag` to the end of the step: Heun's method,
    # with the slopes f after the reset, and g at the end of Euler's step p
    moved = _list_moved(adjoint, variables)
    for name in moved:
        out.append((_name("f", name), lang.substitute(adjoint.flow[name], after)))
    then = dict(after) | {CURRENTS[k]: ast.Name(ENDS[k]) for k in range(receptors)}
    for name in moved:
        out.append((_name("p", name), formula("x + lag*f", x=after[name], f=_name("f", name))))
        then[name] = ast.Name(_name("p", name))
    for name in moved:
        out.append((_name("g", name), lang.substitute(adjoint.flow[name], then)))
    for name in moved:
        mean = formula("x + 0.5*lag*(f + g)", x=after[name], f=_name("f", name), g=_name("g", name))
        out.append((name, mean))
    return out


def _apply(system, at):
    """Return the assignments ``r_x = ...`` of a reset at the state `at`, each with the results of those before it."""
    now, out, count = dict(at), list[tuple[str, Tree]](), {}
    names = [name for name, _ in system.reset]
    for name, tree in system.reset:
        count[name] = count.get(name, 0) + 1
        last = count[name] == names.count(name)
        out.append((_name("r" if last else f"r{count[name]}", name), lang.substitute(system.full(tree, "reset"), now)))
        now[name] = ast.Name(out[-1][0])
    return out


def _list_moved(adjoint, variables):
    """Return the variables that a reset changes, directly or through others by the end of the step."""
    moved = {*adjoint.reset}
    while True:
        more = {name for name, other in adjoint.jacobian if other in moved and name not in CURRENTS} | moved
        if more == moved:
            return [name for name in variables if name in moved]
        moved = more
