"""A model of synapses from outside."""

import brainsim as bs
from brainsim.testing import check_synapse


class Shunting(bs.Synapse):
    """A conductance whose current rectifies."""

    arrival = "g = g + w"
    equations = "dg/dt = -g/tau"
    current = "g*(e_rev - v)*where(v > e_rev, 1, 0.2)"
    weight_unit = "nS"

    tau: bs.values.Value = bs.parameter(8.0, "ms", "decay time", above=0.0)
    e_rev: bs.values.Value = bs.parameter(-80.0, "mV", "reversal potential")


def test_a_synapse():
    check_synapse(Shunting)
    check_synapse(Shunting(tau=3.0), weight=0.5, target=bs.LIF())
