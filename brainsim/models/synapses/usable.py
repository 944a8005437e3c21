"""Checks of a synapse and of the weights that it is used with."""

import numpy as np

from brainsim.models.distribution import written_within
from brainsim.models.values import Distribution, checked_value


def checked_synapse(synapse, label):
    """Return `synapse` if it is one, or raise TypeError saying what to write instead."""
    if isinstance(synapse, type) and hasattr(synapse, "weight_unit"):
        raise TypeError(f"{label}: {synapse.__name__} is a class; write {synapse.__name__}()")
    if hasattr(synapse, "plasticity_equations") or hasattr(synapse, "rate_equations"):
        rule = synapse.__name__ + "()" if isinstance(synapse, type) else repr(synapse)
        hint = f"write synapse=Delta(), plasticity={rule}"
        raise TypeError(f"{label}: must be a synapse; {rule} says how its weights change: {hint}")
    if isinstance(synapse, Distribution):
        raise TypeError(f"{label}: {synapse} is a distribution; the exponential synapse is bs.Exponential(tau=5.0)")
    if not (hasattr(synapse, "weight_unit") and hasattr(synapse, "equations")):
        raise TypeError(f"{label}: must be a synapse such as Delta() or Exponential(tau=5.0) (got {synapse!r})")
    return synapse


def checked_weight(weight, synapse, label):
    """Return a weight as a number, array or distribution in the unit of `synapse`; conductances must not be negative."""
    weight = checked_value(weight, synapse.weight_unit, label)
    check_sign(weight, synapse, label)
    return weight


def check_sign(weight, synapse, label):
    """Raise ValueError if a weight is negative and a conductance, or if its synapse says why it must not be."""
    reason = getattr(synapse, "_never_negative", "")
    if synapse.weight_unit == "nS":
        reason = "a conductance cannot be negative; for inhibition set e_rev below rest"
    lowest = weight.support[0] if isinstance(weight, Distribution) else np.min(weight, initial=0.0)
    if reason and lowest < 0:
        hint = f"; write {written_within(weight, low=0.0)}" if isinstance(weight, Distribution) else ""
        raise ValueError(
            f"{label}: {reason} (got {weight if hint or np.ndim(weight) == 0 else lowest} for {synapse!r}){hint}"
        )
