"""A coupling from outside: a current that saturates, in proportion to the tanh of the potential of the source."""

import brainsim as bs
from brainsim.testing import check_coupling


class Saturating(bs.Coupling):
    """Gives at most the weight."""

    source = "tanh((v - v_half)/v_slope)"
    source_unit = ""
    current = "total"
    weight_unit = "pA"

    v_half: float = bs.parameter(-55.0, "mV", "potential of the source at which it gives nothing")
    v_slope: float = bs.parameter(5.0, "mV", "further depolarization at which it gives most", above=0.0)


def test_a_coupling():
    check_coupling(Saturating)
    check_coupling(Saturating(v_slope=2.0), weight=-3.0, source=bs.LIF(v_th=1e6), only=["acts", "weight", "extreme"])
