"""Checks of the arguments of `Network.connect` that are about plasticity."""

import numpy as np

from brainsim.core.arrays import short_repr
from brainsim.core.checks import nearest, number
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions import units
from brainsim.features.plasticity.combined import combine
from brainsim.features.plasticity.equations.rule_variables import START
from brainsim.features.plasticity.equations.target_cell import OF_TARGET
from brainsim.features.plasticity.models.base import Plasticity
from brainsim.features.plasticity.models.homeostasis import Homeostasis, Normalisation
from brainsim.models.conditions import at_ends
from brainsim.models.distribution import written_within
from brainsim.models.values import Distribution
from brainsim.network.arguments import check_source, check_view, describe

DELAY = 1.0  # ms, from a spike of a modulating cell to its effect
CLOSE = 1e-6  # relative, by which weights may be beyond the ends of a computed range: they may be in single precision


def check_plasticity(plasticity, initial, rule, pre, post, weight, storage):
    """Return `plasticity` with these initial values; raise TypeError or ValueError unless it is None or fits."""
    label = "Network.connect.plasticity"
    if isinstance(plasticity, tuple | list):
        plasticity = combine(plasticity, label)
    if plasticity is None:
        if initial is not None:
            message = (
                "applies to variables of a rule of plasticity; those of cells are given to Population(..., initial=...)"
            )
            raise ValueError(f"Network.connect.initial: {message}")
        return None
    if isinstance(plasticity, type) and issubclass(plasticity, Plasticity):
        raise TypeError(f"{label}: {plasticity.__name__} is a class; write {plasticity.__name__}()")
    if hasattr(plasticity, "limits") and not isinstance(plasticity, Plasticity):  # a RatePlasticity, of another feature
        hint = "synapses take rules of spikes such as bs.STDP()"
        raise ValueError(f"{label}: {type(plasticity).__name__} acts on couplings, such as bs.RateConnection(); {hint}")
    if not isinstance(plasticity, Plasticity):
        raise TypeError(f"{label}: must be a rule of plasticity such as STDP() (got {describe(plasticity)})")
    if storage != "stored":
        why = "synapses of another kind do not learn"
        if storage == "procedural":
            why = "procedural synapses are sampled again at each spike and keep no changes"
        raise ValueError(f"{label}: {why}; write storage='stored'")
    plasticity = plasticity if initial is None else plasticity.starting(initial, "Network.connect.initial")
    for key in sorted(plasticity.per_synapse):
        value, shape = getattr(plasticity, key), rule.value_shape(pre.n, post.n)
        if isinstance(value, np.ndarray) and value.shape != shape:
            allowed = (
                f"or an array of shape {shape} for {rule}" if shape and len(shape) == 1 else f"as {rule} lists no pairs"
            )
            message = f"must be one number or a distribution, {allowed} (got shape {value.shape})"
            started = key.endswith(START)
            owner = (
                f"Network.connect.initial[{key.removesuffix(START)!r}]" if started else f"{type(plasticity).__name__}.{key}"
            )
            raise ValueError(f"{owner}: {message}")
    check_weights(weight, plasticity, "Network.connect.weight")
    _check_computed_weights(weight, plasticity)
    _check_target(plasticity, post)
    return plasticity


def _check_target(plasticity, post):
    """Raise ValueError if a population of the targets lacks a variable that the rule reads, or has it in another unit."""
    rule = type(plasticity).__name__
    for name in plasticity.plasticity_equations.of_target:
        variable = name.removesuffix(OF_TARGET)
        for population, _ in post.parts:
            kind, initials = type(population.model).__name__, population.model.initials
            if variable not in initials:
                message = f"{rule} reads {variable!r} of its targets ({name}), and {kind} of {population.name!r} has none"
                raise ValueError(f"Network.connect.plasticity: {message}{nearest(variable, initials)}")
            own = units.unit(initials[variable].unit, f"{kind}.{variable}")
            if variable == "v" and plasticity.dimensions and not own.fits(units.unit("mV", rule)):
                message = f"{rule} reads v of its targets in mV, and that of {kind} of {population.name!r} is {own.phrase}"
                raise ValueError(f"Network.connect.plasticity: {message}")


def check_weights(weight, plasticity, label, slack=0.0):
    """Raise ValueError if a weight is, or can be, beyond a bound of the rule by more than `slack` times the bound."""
    ends = weight.support if isinstance(weight, Distribution) else (weight, weight)
    texts, signs = plasticity.bound_texts(), (">=", "<=")
    bounds = zip(plasticity.limits_of_all(), plasticity.limits(), strict=True)
    for end, (bound, fixed), text, sign in zip(ends, bounds, texts, signs, strict=True):
        if bound is None:
            continue
        more = slack * np.abs(bound) if slack else 0.0
        beyond = np.less(end, bound - more) if sign == ">=" else np.greater(end, bound + more)
        if not np.any(beyond):
            continue
        first = np.argmax(np.ravel(beyond))
        limit = np.ravel(np.broadcast_to(bound, np.shape(beyond)))[first]
        named = f"{text} = {limit:g}" if text.strip() != f"{limit:g}" else f"{limit:g}"
        message = f"must be {sign} {named}, the bound of {plasticity}"
        if fixed is None:  # it is sampled
            most = "most" if sign == ">=" else "least"
            message = f"must be {sign} {limit:g}, the {most} that {text} of {plasticity} can be"
        if isinstance(weight, Distribution):
            instead = written_within(weight, **{"low" if sign == ">=" else "high": limit})
            message += f", but {weight} can be beyond it; write {instead}"
        else:
            message += f" (got {np.ravel(np.broadcast_to(weight, np.shape(beyond)))[first]:g})"
        if np.all(ends[1] <= 0.0) and "sign" in plasticity._options and plasticity.sign == 1:
            rule = type(plasticity).__name__.split()[-1]  # of two rules, the one that changes w
            message += f"; for weights of 0 and less write {rule}(sign=-1), which acts on -w"
        raise ValueError(f"{label}: {message}")


def _check_computed_weights(weight, plasticity):
    """Raise ValueError if a rule that computes w from variables and parameters cannot begin with a weight."""
    equations = plasticity.equations_for(plasticity.per_synapse)
    if equations.computed_weight is None:
        return
    tree, followed = equations.computed_weight, equations.followed
    values = {name: getattr(plasticity, name) for name in plasticity.parameters} | equations.initials | {"pi": np.pi}
    label, line, kind = "Network.connect.weight", lang.line_of(tree).text, type(plasticity).__name__
    low, high = weight.support if isinstance(weight, Distribution) else (weight, weight)
    if followed is None:
        if all(isinstance(equations.initials[name], float) for name in lang.names_in(tree) & {*equations.variables}):
            first = at_ends(tree, values)
            if not all(np.all(end == value) for end in (low, high) for value in first):
                message = f"must be {float(np.min(first[0])):g}, with which {line} of {kind} begins"
                raise ValueError(f"{label}: {message} (got {short_repr(weight)})")
        return
    if followed.variable not in plasticity._begins:
        return
    ends = plasticity._begins[followed.variable]
    pairs = np.sort([np.broadcast_arrays(*at_ends(tree, values | {followed.variable: end})) for end in ends], axis=0)
    least, most = np.max(pairs[0], axis=0), np.min(pairs[1], axis=0)
    if np.any(low < least - CLOSE * np.abs(least)) or np.any(high > most + CLOSE * np.abs(most)):
        shown = f"{np.max(least):g} to {np.min(most):g}, the weights at {followed.variable} = {ends[0]:g} and {ends[1]:g}"
        raise ValueError(f"{label}: must be from {shown} of {kind}, in which {line} (got {short_repr(weight)})")


def change_of(learning, pre, post, delays, coupled, dendritic_delay, modulator, modulator_delay, homeostasis):
    """Return the fields of a Projection that say how its synapses change, from the arguments of `connect`."""
    dendritic = dendritic_delay_of(dendritic_delay, delays, learning)
    modulator, after = modulator_of(modulator, modulator_delay, None if coupled else learning)
    check_homeostasis(homeostasis, learning, pre, post)
    found = {"plasticity": learning, "dendritic_delay": dendritic, "modulator": modulator, "modulator_delay": after}
    return found | {"homeostasis": homeostasis}


def check_homeostasis(homeostasis, plasticity, pre, post):
    """Raise TypeError or ValueError unless `homeostasis` is None or fits these synapses."""
    label = "Network.connect.homeostasis"
    if homeostasis is None:
        return
    if not isinstance(homeostasis, Homeostasis):
        raise TypeError(f"{label}: must be Normalisation(...) or Scaling(...) (got {describe(homeostasis)})")
    if plasticity is None:
        raise ValueError(f"{label}: needs weights that can change; give plasticity=STDP(), or another rule")
    if not plasticity.equations_for(plasticity.per_synapse).changes_weights:
        raise ValueError(f"{label}: needs weights that can change, and {plasticity} does not change them")
    check_own_weights(plasticity, label)
    if isinstance(homeostasis, Normalisation):
        check_totals(homeostasis.total, homeostasis.by, pre, post, plasticity, "Normalisation.total")


def check_own_weights(plasticity, label):
    """Raise ValueError if a rule computes w, so that multiplying it has no effect."""
    equations = plasticity.equations_for(plasticity.per_synapse)
    if equations.computed_weight is not None:
        line = lang.line_of(equations.computed_weight).text
        raise ValueError(f"{label}: cannot multiply the weights of {type(plasticity).__name__}, in which {line}")


def check_totals(total, by, pre, post, plasticity, label):
    """Raise ValueError unless `total` is a number, or has one for each target, or source, with the sign of the weights."""
    n = post.n if by == "target" else pre.n
    if np.ndim(total) and total.size != n:
        raise ValueError(f"{label}: must be one number or one for each {by}, {n} (got {total.size} numbers)")
    low, high = plasticity.limits()
    for excluded, sign in (
        (low is not None and np.min(low) >= 0.0 and np.min(total) < 0.0, ">"),
        (high is not None and np.max(high) <= 0.0 and np.max(total) > 0.0, "<"),
    ):
        if excluded:
            got = f"{np.min(total) if sign == '>' else np.max(total):g}"
            raise ValueError(f"{label}: must be {sign} 0, as the weights are, by the bounds of {plasticity} (got {got})")


def dendritic_delay_of(value, delay, plasticity):
    """Return the dendritic delay [ms], or ``"all"``; raise TypeError or ValueError if it does not fit the delay."""
    label = "Network.connect.dendritic_delay"
    if value is None:
        return 0.0
    if plasticity is None:
        raise ValueError(f"{label}: matters only for plasticity; leave it out, or give plasticity=STDP()")
    if isinstance(value, str):
        if value != "all":
            raise ValueError(f"{label}: must be a number in ms or 'all' (got {value!r})")
        return value
    value = number(value, label, "ms", at_least=0.0)
    shortest = delay.support[0] if isinstance(delay, Distribution) else np.min(delay, initial=np.inf)
    if value > shortest:
        raise ValueError(
            f"{label}: must be at most the shortest delay, {shortest:g} ms, since it is part of the delay (got {value:g}); "
            "'all' is the whole delay of each synapse"
        )
    return value


def modulator_of(modulator, delay, plasticity):
    """Return the modulating cells and their delay [ms]; raise TypeError or ValueError if they do not fit the rule."""
    label = "Network.connect.modulator"
    if modulator is None and delay is None:
        return None, DELAY
    if plasticity is None or not plasticity.plasticity_equations.modulator:
        rule = "without plasticity" if plasticity is None else f"with {type(plasticity).__name__}, which has no on_modulator"
        raise ValueError(f"{label}: has no effect {rule}; leave it out, or give a rule such as DopamineSTDP()")
    if modulator is None:
        raise ValueError(f"{label}_delay: has no effect without cells; write modulator=...")
    modulator = check_view(modulator, label)
    check_source(modulator, label)
    return modulator, DELAY if delay is None else number(delay, f"{label}_delay", "ms", above=0.0)
