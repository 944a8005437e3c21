"""A rule of plasticity from outside."""

import pytest

import brainsim as bs
from brainsim.testing import check_plasticity


class Recent(bs.Plasticity):
    """The weight follows how recently the target has fired, when the source fires."""

    equations = """
        dx/dt = -x/tau
        dy/dt = -y/tau
    """
    on_pre = "w = w - a*y; x = 1"
    on_post = "w = w + b*x; y = 1"
    bounds = ("0", "w_max")

    tau: bs.values.Value = bs.parameter(20.0, "ms", "time constant of both traces", above=0.0)
    a: bs.values.Value = bs.parameter(0.012, "weight", "depression")
    b: bs.values.Value = bs.parameter(0.01, "weight", "potentiation")
    w_max: bs.values.Value = bs.parameter(1.0, "weight", "upper bound", above=0.0)
    x: float = bs.initial(0.0, "", "trace of the source")
    y: float = bs.initial(0.0, "", "trace of the target")


@pytest.mark.parametrize("options", [{}, {"dendritic_delay": 0.5}])
def test_a_rule_of_plasticity(options):
    check_plasticity(Recent, **options)
