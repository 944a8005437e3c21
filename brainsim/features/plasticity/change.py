"""What a user changes in plastic synapses between two runs."""

import numpy as np

from brainsim.core.arrays import short_repr
from brainsim.core.checks import MissingName, nearest, number, true_or_false
from brainsim.engine.synapses.readback import in_table, order_of
from brainsim.equations.expressions import language as lang
from brainsim.features.plasticity.connecting import check_own_weights, check_totals
from brainsim.features.plasticity.homeostasis import normalise
from brainsim.features.plasticity.models.homeostasis import checked_by, checked_total
from brainsim.features.plasticity.modulator import modulator_now, set_modulator
from brainsim.features.plasticity.parameters import changed_rule, settable, take_rule


def change_synapses(kind, values):
    """Set weights, ``w``, variables of the synapses of a Plastic, parameters of its rule, the modulator, or ``learning``."""
    projection = kind.projection
    label = f"Simulation.set: projection {projection.name!r}"
    if "delay" in values:
        reason = "its traces say when spikes came over the old ones"
        raise ValueError(f"{label}: delays of a projection with plasticity cannot be set, since {reason}")
    if "weight" in values and "w" not in values:
        values = {"w" if name == "weight" else name: value for name, value in values.items()}
    modulator = kind.equations.modulator
    known = ["w", *kind.code.variables, "learning", *([modulator] if modulator else []), *settable(kind)]
    parameters = {name: value for name, value in values.items() if name in kind.rule.parameters}
    for name in values.keys() - parameters.keys():
        if name not in known:
            raise ValueError(f"{label}: cannot set {name!r}{nearest(name, known)}")
    true_or_false(values.get("learning", True), f"{label}: learning")
    columns = {name: values[name] for name in values if name == "w" or name in kind.code.variables}
    rule = changed_rule(kind, parameters, label) if parameters else kind.rule
    bounds = kind.bounds({name: getattr(rule, name) for name in parameters})
    if parameters and "w" not in columns:
        check_bounds(kind.weights(kind.columns()), bounds, f"{label}: {', '.join(parameters)}")
    if columns:
        order = order_of(kind)
        ids, n = in_table(kind)
        columns = {name: checked_column(name, column, n, label) for name, column in columns.items()}
        columns = {name: column[ids] if column.ndim else column for name, column in columns.items()}
        if kind.shared and np.ndim(columns.get("w", 0.0)):
            hint = "give connect an array or a distribution, or set one number"
            raise ValueError(
                f"{label}: w is one number for all synapses, which {projection.plasticity} does not change; {hint}"
            )
        ordered = [bound if np.ndim(bound) == 0 else bound[order] for bound in bounds]
        check_bounds(columns.get("w", np.empty(0)), ordered, label)
        _reject_both(kind, columns, label)
    if modulator in values:
        value = number(values[modulator], f"{label}: {modulator}")
        for part in kind.parts.values():
            set_modulator(part, value)
    if columns:
        kind.write(columns, order)
    if parameters:
        kind.settle()  # with those of before
        take_rule(kind, rule)
    if "learning" in values:
        kind.learn(bool(values["learning"]))


def _reject_both(kind, columns, label):
    """Raise ValueError if w and the variable that it follows are both set, or w alone if it cannot be."""
    equations = kind.equations
    if "w" not in columns or equations.computed_weight is None:
        return
    line = lang.line_of(equations.computed_weight).text
    names = [name for name in equations.variables if name in lang.names_in(equations.computed_weight)]
    if equations.followed is None:
        raise ValueError(f"{label}: w follows from {line}; set {' or '.join(names or ['the parameters'])} instead")
    if equations.followed.variable in columns:
        raise ValueError(f"{label}: w and {equations.followed.variable} belong together, {line}; set one of them")


def normalise_synapses(synapses, projection, total, by):
    """Let the weights of each target, or source, of a plastic projection, or of the one of a name, add up to `total`."""
    label = "Simulation.normalise"
    projection = synapses.projection(projection, label)
    kind = _plastic(synapses, projection, f"{label}: projection {projection.name!r}")
    if kind.shared:
        hint = "give connect an array or a distribution"
        raise ValueError(f"{label}: w is one number for all synapses, which {projection.plasticity} does not change; {hint}")
    check_own_weights(projection.plasticity, label)
    total, by = checked_total(total, f"{label}.total"), checked_by(by, f"{label}.by")
    check_totals(total, by, projection.pre, projection.post, projection.plasticity, f"{label}.total")
    normalise(kind, total, by)


def _plastic(synapses, projection, label):
    if projection.is_coupling:
        raise ValueError(f"{label} is a coupling; the weights of synapses with plasticity can be normalised")
    if projection.plasticity is not None:
        return synapses.kind_of(projection)
    hint = f"connect(..., weight={projection.weight!r}, plasticity=...) makes weights that can change"
    raise ValueError(f"{label} has no plasticity, so its synapses are fixed; {hint}")


def modulator_of(synapses, projection):
    """Return the modulator of a projection, or of the one of a name, now."""
    projection = synapses.projection(projection, "Simulation.modulator")
    kind = synapses.kind_of(projection)
    if projection.plasticity is not None and not projection.is_coupling and kind.equations.modulator:
        return modulator_now(next(iter(kind.parts.values())))
    raise MissingName(f"Simulation.modulator: the synapses of {projection.name!r} have no modulator")


def checked_column(name, values, n, label, hint="in the order of sim.synapses(projection)"):
    """Return values of synapses as a number or an array of n finite numbers; `hint` says in which order."""
    try:
        if isinstance(values, str):
            raise TypeError
        values = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        message = f"must be a number or an array of {n} numbers, {hint} (got {short_repr(values)})"
        raise TypeError(f"{label}: {name} {message}") from None
    if values.shape not in ((), (n,)):
        raise ValueError(f"{label}: {name} must be a number or an array of {n} numbers, {hint} (got shape {values.shape})")
    if not np.isfinite(values).all():
        raise ValueError(f"{label}: {name} must be finite (got {values[~np.isfinite(values)][0]})")
    return values


def check_bounds(weights, bounds, label):
    """Raise ValueError unless weights are within a lower and an upper bound, each a number, an array or None."""
    for bound, side in zip(bounds, ("at least", "at most"), strict=True):
        if bound is None or not weights.size:
            continue
        beyond = weights < bound if side == "at least" else weights > bound
        if np.any(beyond):
            worst, limit = (np.broadcast_to(values, beyond.shape)[beyond][0] for values in (weights, bound))
            raise ValueError(f"{label}: w must be {side} {limit:g}, by the bounds of the rule (got {worst:g})")
