"""Networks that `brainsim.testing.reference` defines: what it does not define is left out."""

from dataclasses import replace

import brainsim as bs
from brainsim.testing.random_networks import exact_times


def keep(plan):
    """Leave out random numbers in rules at exact times, and let sources chosen by their distance be others each time."""
    for given in plan.connections:
        rule = given["rule"]
        if isinstance(rule, bs.DistanceRule) and rule.multapses:
            given["rule"] = replace(rule, multapses=False, k=min(rule.k, given["pre"].n))
        if plan.precise and "plasticity" in given and given["plasticity"].plasticity_equations.random:
            for name in exact_times.WITH_A_RULE:
                given.pop(name, None)
