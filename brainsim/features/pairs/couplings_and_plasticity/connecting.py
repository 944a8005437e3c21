"""Checks of `Network.connect` of couplings whose weights learn."""

from brainsim.equations.expressions import units
from brainsim.features.couplings.connecting import check_gives
from brainsim.features.pairs.couplings_and_plasticity.rate_rules import RatePlasticity
from brainsim.features.plasticity.connecting import check_weights
from brainsim.network.arguments import describe


def rule_of_coupling(plasticity, initial, coupling, post, weight):
    """Return the rule that changes the weights of a coupling, with these initial values; raise an error if it cannot."""
    label, name = "Network.connect.plasticity", type(coupling).__name__
    if isinstance(plasticity, type) and issubclass(plasticity, RatePlasticity):
        raise TypeError(f"{label}: {plasticity.__name__} is a class; write {plasticity.__name__}()")
    if not isinstance(plasticity, RatePlasticity):
        hint = "couplings take bs.Oja(), bs.BCM(), or a class of bs.RatePlasticity"
        raise ValueError(
            f"{label}: connections by {name} cannot have one that acts at spikes; {hint} (got {describe(plasticity)})"
        )
    rule = type(plasticity).__name__
    for reason, holds in {
        "a pair acts in both directions with one weight": coupling.symmetric,
        "what a pair adds is not the weight times what the source gives": coupling.of_pair is not None,
        "what a source gives is its gate, which targets do not have": coupling.texts()["gate"],
        "the sum of the weights enters its current as a constant": coupling.summed,
    }.items():
        if holds:
            raise ValueError(f"{label}: the weights of {name} cannot change by {rule}, since {reason}")
    given, read = (units.unit(of.source_unit, label) for of in (coupling, plasticity))
    if plasticity.dimensions and type(coupling).dimensions and not given.fits(read):
        read, gives = (of.source_unit or "plain numbers" for of in (plasticity, coupling))
        hint = f"write a class with dimensions = False: class Plain(bs.{rule})"
        raise ValueError(f"{label}: {rule} is for sources that give {read}, and those of {name} give {gives}; {hint}")
    for population, _ in post.parts:
        check_gives(coupling, population.model, f"{label}: {rule} needs what the target itself gives, {population.name!r}")
    if coupling.weight_unit == "nS" and (plasticity.limits()[0] is None or plasticity.limits()[0] < 0.0):
        raise ValueError(f'{label}: weights of {name} are conductances; give {rule} the bound 0: bounds = ("0", "")')
    check_weights(weight, plasticity, "Network.connect.weight")
    return plasticity if initial is None else plasticity.starting(initial, "Network.connect.initial")
