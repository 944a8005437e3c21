"""What a user changes in plastic synapses between two runs, and what goes wrong in them."""

import numpy as np

from brainsim.core.checks import nearest
from brainsim.engine.synapses.kinds.kind import PLASTIC
from brainsim.engine.synapses.readback import order_of, read_back
from brainsim.equations import language as lang


def change_synapses(synapses, projection, values):
    """Set the weights of a plastic projection, ``w``, or whether they change, ``learning``."""
    label = f"Simulation.set: projection {projection.name!r}"
    kind = next((k for k in synapses.kinds if k.tag == PLASTIC and k.block.projection is projection), None)
    if kind is None:
        hint = f"connect(..., weight={projection.weight!r}, plasticity=...) makes weights that can change"
        raise ValueError(f"{label} has no plasticity, so its synapses are fixed; {hint}")
    for name in values:
        if name not in ("w", "learning"):
            raise ValueError(f"{label}: cannot set {name!r}{nearest(name, ('w', 'learning'))}; only w and learning")
    if not isinstance(values.get("learning", True), bool | np.bool_):
        raise TypeError(f"{label}: learning must be True or False (got {values['learning']!r})")
    if "w" in values:
        order = order_of(kind)
        kind.write(_checked_weights(values["w"], order.size, projection, label), order)
    if "learning" in values:
        kind.learn(bool(values["learning"]))


def _checked_weights(weights, n, projection, label):
    """Return weights as a number or an array of n numbers within the bounds of the rule."""
    weights = np.asarray(weights, np.float64)
    if weights.shape not in ((), (n,)):
        hint = "in the order of sim.synapses(projection)"
        raise ValueError(f"{label}: w must be a number or an array of {n} numbers, {hint} (got shape {weights.shape})")
    if not np.isfinite(weights).all():
        raise ValueError(f"{label}: w must be finite (got {weights[~np.isfinite(weights)][0]})")
    rule = projection.plasticity
    parameters = {name: getattr(rule, name) for name in rule.parameters}
    for tree, low in zip(rule.equations_for(frozenset()).bounds, (True, False), strict=True):
        if tree is None or not weights.size:
            continue
        bound, worst = lang.evaluate(tree, parameters), weights.min() if low else weights.max()
        if np.any(worst < bound if low else worst > bound):
            side = "at least" if low else "at most"
            raise ValueError(f"{label}: w must be {side} {np.min(bound):g}, by the bounds of the rule (got {worst:g})")
    return weights


def reject_bad_weights(synapses):
    """Raise ValueError if a rule has made a weight that is not a number."""
    for kind in synapses.kinds:
        if kind.tag != PLASTIC or not any(part.context["bad"] for part in kind.parts.values()):
            continue
        for part in kind.parts.values():
            part.context["bad"] = 0
        table = read_back(synapses, kind.block.projection, 1)
        for where in np.flatnonzero(np.isnan(table.weight))[:1]:
            projection, rule = kind.block.projection, type(kind.block.projection.plasticity).__name__
            raise ValueError(
                f"{projection.name}: {rule} made the weight of the synapse {table.pre[where]} -> {table.post[where]} "
                f"{table.weight[where]}; check its on_pre and on_post for a division by 0, a logarithm or a power"
            )
