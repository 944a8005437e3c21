"""Checks of the arguments of `Network.connect` and `Network.stimulate`, made before anything is added."""

import re

import numpy as np

from brainsim.core.checks import check_name, choice, in_range
from brainsim.equations.steps.pulse import compose_with_pulses
from brainsim.models.distribution import written_within
from brainsim.models.packed import as_kept, distinct, is_listed, of_values, pack
from brainsim.models.rules import Rule
from brainsim.models.synapses.usable import checked_weight
from brainsim.models.values import Distribution, checked_value
from brainsim.network.population import View

MAX_WEIGHT = 3e38  # float32 ends a little above
SAME_STORAGES = ("stored", "procedural")  # with the same spikes
STORAGES = [*SAME_STORAGES]  # and those of registered kinds of synapses
PRECISIONS = {"double": np.float64, "single": np.float32}
MAX_DELAY = 65_000  # steps
NUMBER_WITH_UNIT = re.compile(r"\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*[a-zA-Z]\w*(?:/\w+)?\s*")
MIN_DELAY = 0.01  # ms, a tenth of the usual step: a shorter delay was probably meant in seconds


def check_precision(precision, label):
    """Return the dtype of the state for a precision, or raise ValueError."""
    return PRECISIONS[choice(precision, PRECISIONS, label)]


def check_view(view, label):
    """Return `view` if it is a view, or raise TypeError that says what came instead."""
    if isinstance(view, View):
        return view
    from brainsim.models.inputs import Input  # which networks without inputs do not need

    order = "connect(pre, post, rule, ...)" if "connect" in label else "stimulate(target, input)"
    hint = f"; the order is {order}" if isinstance(view, (Rule, Input)) else ""
    if hasattr(view, "spiking_source"):
        hint = "; make cells of a model with Population(n, model)"
    raise TypeError(f"{label}: must be a population or a view of one (got {describe(view)}){hint}")


def check_target(view, label):
    """Raise ValueError if a view has cells that only send spikes."""
    for population, _ in view.parts:
        if getattr(population.model, "spiking_source", False):
            raise ValueError(
                f"{label}: {population.name!r} is of {type(population.model).__name__}, whose cells only send "
                "spikes; they can be sources, not targets"
            )


def check_source(view, label):
    """Raise ValueError if a view has cells that never spike."""
    for population, _ in view.parts:
        model = population.model
        if not model.spiking_source and model.cell_equations.threshold is None:
            raise ValueError(
                f"{label}: {population.name!r} is of {type(model).__name__}, which has no threshold, so its "
                "cells never spike; give the class threshold = 'v >= v_th'. What transmits a rate or a potential "
                "without spikes is a coupling: synapse=bs.RateConnection(), bs.GradedSynapse() or bs.GapJunction()"
            )


def check_rule(rule, pre, post):
    """Raise TypeError if `rule` is not a rule, ValueError if it does not fit the views."""
    if isinstance(rule, type) and issubclass(rule, Rule):
        raise TypeError(f"Network.connect.rule: {rule.__name__} is a class; write {rule.__name__}(...)")
    if not isinstance(rule, Rule):
        hint = "; the order is connect(pre, post, rule, ...)" if isinstance(rule, View) else ""
        raise TypeError(f"Network.connect.rule: must be a rule such as FixedIndegree(100) (got {rule!r}){hint}")
    rule.check(pre, post)


def weight_of(weight, rule, pre, post, synapse):
    """Return the weight, checked for its unit, sign and shape; by default that of a sparse matrix or a table."""
    if weight is None:
        weight = as_kept(rule, "weight")
        if weight is None:
            raise TypeError(
                f"Network.connect.weight: missing; give weight=..., in {synapse.weight_unit or 'plain numbers'}. Only the "
                "matrices of FromSparse, and tables for FromFrame, contain weights"
            )
    if isinstance(weight, str):
        _reject_unit(weight, "Network.connect.weight", synapse.weight_unit)
        from brainsim.models.space.of_pairs import value_of_text

        weight = value_of_text(weight, "Network.connect.weight", pre, post, rule, without=0.0)
    weight = of_values(lambda some: _checked_weight(some, synapse), pack(weight))
    _check_shape(weight, "weight", rule, pre, post)
    return weight


def _reject_unit(text, label, unit):
    """Raise ValueError if a text is a number with a unit."""
    if with_unit := NUMBER_WITH_UNIT.fullmatch(text):
        hint = f"numbers are in {unit}" if unit else "weights of this synapse are plain numbers"
        raise ValueError(f"{label}: {hint}; write {with_unit[1]} without a unit (got {text!r})")


def _checked_weight(weight, synapse):
    weight = checked_weight(weight, synapse, "Network.connect.weight")
    if isinstance(weight, Distribution):
        check_float32([end for end in (*weight.support, weight.mean) if np.isfinite(end)], "Network.connect.weight")
    else:
        check_float32(weight, "Network.connect.weight")
    return weight


def check_float32(weight, label):
    """Raise ValueError if a weight, or one of several, is beyond the range of the type in which synapses keep it."""
    ends = np.min(weight, initial=0.0), np.max(weight, initial=0.0)
    if abs(worst := max(ends, key=abs)) > MAX_WEIGHT:
        raise ValueError(f"{label}: must lie within {MAX_WEIGHT:g} of 0, the range of float32 (got {worst:g})")


def delay_of(delay, rule, pre, post):
    """Return the delay; raise ValueError if any value of it can be 0 or less."""
    label = "Network.connect.delay"
    delay = as_kept(rule, "delay") if delay is None else delay
    if delay is None:
        raise TypeError(f"{label}: missing; give delay=1.5 (ms). Only tables for FromFrame contain delays")
    if isinstance(delay, str):
        _reject_unit(delay, label, "ms")
        from brainsim.models.space.of_pairs import OfPair, value_of_text

        delay = value_of_text(delay, label, pre, post, rule, without=1.0)
        if isinstance(delay, OfPair) and delay.support[0] <= 0.0:
            lowest = f"{delay} is {delay.support[0]:.6g} at {delay.lowest_at}"
            raise ValueError(f"{label}: must be > 0 ms, but {lowest}; write {written_within(delay, low=0.1)}")
    delay = of_values(lambda some: _checked_delay(some, label), pack(delay))
    _check_shape(delay, "delay", rule, pre, post)
    return delay


def _checked_delay(delay, label):
    delay = checked_value(delay, "ms", label)
    if isinstance(delay, Distribution):
        if delay.support[0] <= 0:
            inner = getattr(delay, "distribution", delay)
            raise ValueError(
                f"{label}: must be > 0 ms, but {delay} can be arbitrarily close to 0 or below it; "
                f"use Clipped({inner}, low=0.1)"
            )
        _reject_seconds(delay.support[1], label)
        return delay
    in_range(delay, label, "ms", above=0)
    _reject_seconds(np.max(delay, initial=0.0), label)
    return delay


def check_delay(projection, dt):
    """Raise ValueError if a delay is longer than the engine's calendar for steps of `dt` ms."""
    delay = distinct(as_kept(projection, "delay"))
    longest = delay.support[1] if isinstance(delay, Distribution) else np.max(delay, initial=0.0)
    if longest / dt > MAX_DELAY + 0.5 and np.isfinite(longest):
        raise ValueError(
            f"{projection.name}.delay: must be at most {MAX_DELAY * dt:g} ms, which is {MAX_DELAY} "
            f"steps of dt = {dt:g} ms (got {longest:g} ms); a larger dt allows longer delays"
        )


def check_storage(storage, rule, weight, delay):
    """Raise ValueError if `storage` is unknown, or if the synapses of a source cannot be sampled again when it spikes."""
    label = "Network.connect.storage"
    choice(storage, STORAGES, label)
    if storage != "procedural":
        return
    if rule.by_target:
        raise ValueError(
            f"{label}: with {rule} each target samples its sources, so the synapses of one source cannot be "
            f"sampled separately; use {rule.by_source}, or 'stored'"
        )
    if rule.listed or is_listed(weight) or is_listed(delay):
        raise ValueError(f"{label}: lists of pairs, weights or delays cannot be sampled again; use 'stored'")


def _reject_seconds(longest, label):
    """Raise ValueError if all delays are so short that they were probably meant in seconds."""
    if 0.0 < longest < MIN_DELAY:
        raise ValueError(
            f"{label}: {longest:g} ms is shorter than {MIN_DELAY:g} ms; times are in ms: "
            f"did you mean {1000.0 * longest:.6g}?"
        )


def check_synapse(synapse, view, label):
    """Raise ValueError if the cells of a view cannot have this synapse, or an array in it does not fit them."""
    for population, _ in view.parts:
        synapse.check_cells(population.n, population.name)
        _compose(population, [synapse.receptor_equations], False, f"{label}: {synapse!r} onto {population.name!r}")


def check_input_name(name, view, uses, label):
    """Raise ValueError if an input has the name of something else that a Trace of its cells records.

    `uses` lists the synapses so far with the cells they are on.
    """
    check_name(name, label)
    for population in {population: None for population, _ in view.parts}:
        model = population.model
        taken = {*model.initials, *model.cell_equations.algebraic, *(n for n, p in model.parameters.items() if p.varying)}
        taken |= {"I", "I_ext"} if model.cell_equations.uses_current else set()
        for synapse in (synapse for post, synapse in uses if any(owner is population for owner, _ in post.parts)):
            own = {*synapse.variables, *synapse.receptor_equations.algebraic, "current"}
            taken |= {f"{synapse.name or type(synapse).__name__.lower()}.{variable}" for variable in own}
        if name in taken:
            raise ValueError(
                f"{label}: {population.name!r} already has {name!r}, which a Trace of these cells records; "
                "choose another name"
            )


def check_current(view, label):
    """Raise ValueError if the equations of the cells of a view have no current."""
    for population, _ in view.parts:
        _compose(population, [], True, f"{label}: a current into {population.name!r}")


def _compose(population, receptors, injected, label):
    compose_with_pulses(population.model.cell_equations, receptors, label=label, external_current=injected)


def _check_shape(value, field, rule, pre, post):
    if not is_listed(value):
        return
    shape = rule.value_shape(pre.n, post.n)
    if shape is None:
        raise ValueError(
            f"Network.connect.{field}: {rule} samples its pairs, so an array cannot be matched to them; "
            "give a number or a distribution such as Normal(mean, sd), or list the pairs with FromArrays(pre, post)"
        )
    if value.shape != shape:
        raise ValueError(
            f"Network.connect.{field}: must be one number or an array of shape {shape} for {rule} (got shape {value.shape})"
        )


def describe(value):
    """Return a string for a value in an error message."""
    return f"the class {value.__name__}" if isinstance(value, type) else repr(value)
