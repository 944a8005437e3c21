"""What `Network.connect` and `Network.stimulate` are given, checked before anything is added."""

import numpy as np

from brainsim.core.checks import in_range, nearest
from brainsim.equations.system import compose
from brainsim.models.inputs import Input
from brainsim.models.rules import FixedIndegree, FromSparse, Rule
from brainsim.models.synapses.checks import checked_weight
from brainsim.models.values import Distribution, checked_value
from brainsim.network.population import View

LARGEST_WEIGHT = 3e38  # float32 ends a little above
STORAGES = ("stored", "procedural")
PRECISIONS = {"double": np.float64, "single": np.float32}
LONGEST_DELAY = 65_000  # steps
SHORTEST_DELAY = 0.01  # ms: a delay below is a tenth of the usual step, and was meant in seconds


def checked_precision(precision, where):
    """Return the type of the state for a precision, or raise ValueError."""
    if not isinstance(precision, str) or precision not in PRECISIONS:
        raise ValueError(f"{where}: must be 'double' or 'single' (got {precision!r})")
    return PRECISIONS[precision]


def checked_view(view, where):
    """Return `view` if it is one, or raise TypeError saying what came instead."""
    if isinstance(view, View):
        return view
    order = "connect(pre, post, rule, ...)" if "connect" in where else "stimulate(target, input)"
    hint = f"; the order is {order}" if isinstance(view, (Rule, Input)) else ""
    if hasattr(view, "spiking_source"):
        hint = "; a model becomes cells by Population(n, model)"
    raise TypeError(f"{where}: must be a population or a view of one (got {named(view)}){hint}")


def check_target(view, where):
    """Raise ValueError where a view has cells that only send spikes."""
    for population, _ in view.parts:
        if getattr(population.model, "spiking_source", False):
            raise ValueError(
                f"{where}: {population.name!r} is of {type(population.model).__name__}, whose cells only send "
                "spikes; they can be sources, not targets"
            )


def check_source(view, where):
    """Raise ValueError where a view has cells that never send a spike."""
    for population, _ in view.parts:
        model = population.model
        if not model.spiking_source and model.cell_equations.threshold is None:
            raise ValueError(
                f"{where}: {population.name!r} is of {type(model).__name__}, which has no threshold, so its "
                "cells never send a spike; give the class threshold = 'v >= v_th'. Connections that pass on a "
                "rate or a potential without spikes are not available in this version"
            )


def check_rule(rule, pre, post):
    """Raise TypeError or ValueError where a rule is none or does not fit the views."""
    if isinstance(rule, type) and issubclass(rule, Rule):
        raise TypeError(f"Network.connect.rule: {rule.__name__} is a class; write {rule.__name__}(...)")
    if not isinstance(rule, Rule):
        hint = "; the order is connect(pre, post, rule, ...)" if isinstance(rule, View) else ""
        raise TypeError(f"Network.connect.rule: must be a rule such as FixedIndegree(100) (got {rule!r}){hint}")
    rule.check(pre, post)


def weight_of(weight, rule, pre, post, synapse):
    """Return the weight, checked for its unit, sign and shape; of a sparse matrix where none is given."""
    if weight is None:
        if not isinstance(rule, FromSparse):
            raise TypeError(f"Network.connect.weight: must be given, in {synapse.weight_unit}; only FromSparse has its own")
        weight = rule.weight
    weight = checked_weight(weight, synapse, "Network.connect.weight")
    if not isinstance(weight, Distribution):
        ends = np.min(weight, initial=0.0), np.max(weight, initial=0.0)
        if abs(worst := max(ends, key=abs)) > LARGEST_WEIGHT:
            raise ValueError(
                f"Network.connect.weight: must lie within {LARGEST_WEIGHT:g} of 0, as float32 numbers do (got {worst:g})"
            )
    _check_shape(weight, "weight", rule, pre, post)
    return weight


def delay_of(delay, rule, pre, post):
    """Return the delay, checked to be above 0 wherever it is drawn or listed."""
    where = "Network.connect.delay"
    delay = checked_value(delay, "ms", where)
    if isinstance(delay, Distribution):
        if delay.support[0] <= 0:
            inner = getattr(delay, "distribution", delay)
            raise ValueError(
                f"{where}: must be > 0 ms, but {delay} can be less or come as near to 0 as it likes; "
                f"use Clipped({inner}, low=0.1)"
            )
        _refuse_seconds(delay.support[1], where)
        return delay
    in_range(delay, where, "ms", above=0)
    _refuse_seconds(np.max(delay, initial=0.0), where)
    _check_shape(delay, "delay", rule, pre, post)
    return delay


def check_delay(projection, dt):
    """Raise ValueError where a delay is longer than the engine's calendar for steps of `dt` ms."""
    delay = projection.delay
    longest = delay.support[1] if isinstance(delay, Distribution) else np.max(delay, initial=0.0)
    if longest / dt > LONGEST_DELAY + 0.5 and np.isfinite(longest):
        raise ValueError(
            f"{projection.name}.delay: must be at most {LONGEST_DELAY * dt:g} ms, which are {LONGEST_DELAY} "
            f"steps of dt = {dt:g} ms (got {longest:g} ms); a larger dt allows longer ones"
        )


def check_storage(storage, rule, weight, delay):
    """Raise ValueError where a way to store synapses is none, or rows cannot be drawn again from keys alone."""
    where = "Network.connect.storage"
    if storage not in STORAGES:
        raise ValueError(f"{where}: must be 'stored' or 'procedural' (got {storage!r}){nearest(str(storage), STORAGES)}")
    if storage == "stored":
        return
    if isinstance(rule, FixedIndegree):
        raise ValueError(
            f"{where}: with {rule} each target draws its sources, so the synapses of a source cannot be drawn "
            f"by themselves; use FixedTotal({rule.k} * post.n) or FixedProbability, or 'stored'"
        )
    if rule.pairs is not None or isinstance(weight, np.ndarray) or isinstance(delay, np.ndarray):
        raise ValueError(f"{where}: lists of pairs, weights or delays cannot be drawn again; use 'stored'")


def _refuse_seconds(longest, where):
    """Raise ValueError where all delays are so short that they were meant in seconds."""
    if 0.0 < longest < SHORTEST_DELAY:
        raise ValueError(
            f"{where}: {longest:g} ms is shorter than {SHORTEST_DELAY:g} ms; times are in ms: "
            f"did you mean {1000.0 * longest:.6g}?"
        )


def check_synapse(synapse, view, where):
    """Raise ValueError where the cells of a view cannot have this synapse, or an array in it does not fit them."""
    for population, _ in view.parts:
        for key in synapse.parameters:
            value = getattr(synapse, key)
            if np.ndim(value) and len(value) != population.n:
                raise ValueError(
                    f"{type(synapse).__name__}.{key}: must be one number or an array with one value per cell "
                    f"of the population {population.name!r}, which has {population.n} cells "
                    f"(got {len(value)} values)"
                )
        synapse.check_cells(population.n, population.name)
        _compose(population, [synapse.receptor_equations], False, f"{where}: {synapse!r} onto {population.name!r}")


def check_current(view, where):
    """Raise ValueError where the equations of cells of a view have no current."""
    for population, _ in view.parts:
        _compose(population, [], True, f"{where}: a current into {population.name!r}")


def _compose(population, receptors, injected, where):
    compose(population.model.cell_equations, receptors, label=where, external_current=injected)


def _check_shape(value, field, rule, pre, post):
    """Raise ValueError where an array does not fit the pairs of the rule."""
    if not isinstance(value, np.ndarray):
        return
    shape = rule.value_shape(pre.n, post.n)
    if shape is None:
        raise ValueError(
            f"Network.connect.{field}: {rule} draws its pairs, an array does not say which value is whose; "
            "give a number or a distribution such as Normal(mean, sd), or list pairs by FromArrays(pre, post)"
        )
    if value.shape != shape:
        raise ValueError(
            f"Network.connect.{field}: must be one number or an array of shape {shape} for {rule} (got shape {value.shape})"
        )


def named(thing):
    """Return how a thing is called in a message."""
    return f"the class {thing.__name__}" if isinstance(thing, type) else repr(thing)
