"""A model of cells from outside."""

import pytest

import brainsim as bs
from brainsim.testing import check_neuron


class Leaky(bs.Neuron):
    """A membrane with a leak and a threshold that spikes raise."""

    equations = """
        dv/dt = (v_rest - v)/tau_m + I/c_m
        dh/dt = -h/tau_h
    """
    threshold = "v >= v_th + h"
    reset = "v = v_rest; h = h + step"
    refractory = "t_ref"

    v_rest: bs.values.Value = bs.parameter(-70.0, "mV", "resting potential")
    v_th: bs.values.Value = bs.parameter(-50.0, "mV", "threshold at rest")
    tau_m: bs.values.Value = bs.parameter(15.0, "ms", "membrane time constant", above=0.0)
    tau_h: bs.values.Value = bs.parameter(50.0, "ms", "time constant of the threshold", above=0.0)
    c_m: bs.values.Value = bs.parameter(150.0, "pF", "membrane capacitance", above=0.0)
    step: bs.values.Value = bs.parameter(2.0, "mV", "step of the threshold", at_least=0.0)
    t_ref: bs.values.Value = bs.parameter(2.0, "ms", "refractory time", at_least=0.0)
    v: float = bs.initial("v_rest", "mV", "membrane potential")
    h: float = bs.initial(0.0, "mV", "how far the threshold is raised")


@pytest.mark.parametrize("model", [Leaky, Leaky(tau_m=7.0, t_ref=0.0)])
def test_a_neuron(model):
    check_neuron(model)
