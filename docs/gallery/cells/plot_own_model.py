"""
A model of your own
===================

A cell written as two equations: its threshold (grey) rises by 3 mV at each spike and returns slowly.
"""

import matplotlib.pyplot as plt

import brainsim as bs


class Tiring(bs.Neuron):
    """A leaky cell whose threshold jumps at each spike."""

    equations = """
        dv/dt = (v_rest - v)/tau_m + I/c_m
        dtheta/dt = (v_th - theta)/tau_theta
    """
    threshold = "v >= theta"
    reset = "v = v_rest; theta += jump"

    tau_m: float = bs.parameter(20.0, "ms", "membrane time constant", above=0.0)
    c_m: float = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    v_rest: float = bs.parameter(-65.0, "mV", "resting potential")
    v_th: float = bs.parameter(-55.0, "mV", "threshold at rest")
    tau_theta: float = bs.parameter(100.0, "ms", "time constant of the threshold", above=0.0)
    jump: float = bs.parameter(3.0, "mV", "step of the threshold at a spike")
    v: float = bs.initial("v_rest", "mV", "membrane potential")
    theta: float = bs.initial("v_th", "mV", "threshold")


response = bs.explore.step_response(Tiring(), 250.0)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    response.plot(ax)
