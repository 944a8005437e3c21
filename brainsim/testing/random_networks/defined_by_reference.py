"""Networks that `brainsim.testing.reference` defines: what it does not define is left out."""

from brainsim.testing.random_networks import exact_times


def keep(plan):
    """Leave out rules with random numbers at exact times."""
    for given in plan.connections:
        if plan.precise and "plasticity" in given and given["plasticity"].plasticity_equations.random:
            for name in exact_times.WITH_A_RULE:
                given.pop(name, None)
