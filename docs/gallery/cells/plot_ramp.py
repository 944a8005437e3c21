"""
A ramp of current
=================

The current increases slowly; its value at the first spike is the threshold current.
"""

import matplotlib.pyplot as plt

import brainsim as bs

ramp = bs.explore.current_ramp(bs.WangBuzsaki(), 100.0, duration=1000.0, dt=0.05)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.2), layout="constrained")
    ramp.plot(ax)
