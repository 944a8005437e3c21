"""
The plane of FitzHugh and Nagumo
================================

The cubic and the straight nullcline cross once, on the middle branch: the cell oscillates.
"""

import matplotlib.pyplot as plt

import brainsim as bs

plane = bs.explore.phase_plane(bs.FitzHughNagumo(), "v", "w", current=0.5)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 4.0), layout="constrained")
    plane.plot(ax)
