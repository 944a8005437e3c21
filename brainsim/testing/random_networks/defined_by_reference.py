"""Networks that `brainsim.testing.reference` defines: what it does not define is left out."""

from brainsim.testing.random_networks import exact_times


def keep(plan):
    """Leave out homeostasis, couplings that learn, and rules at exact times."""
    for given in plan.connections:
        given.pop("homeostasis", None)
        if given.get("name") == "coupling":
            given.pop("plasticity", None)
        if plan.precise:
            for name in exact_times.WITH_A_RULE:
                given.pop(name, None)
