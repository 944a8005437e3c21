"""
Phase plane
===========

Above the threshold current the nullclines no longer cross: v grows without limit, and each reset starts it again at a larger
w.
"""

import matplotlib.pyplot as plt

import brainsim as bs

cell = bs.AdEx(a=10.0, b=60.0)
plane = bs.explore.phase_plane(cell, "v", "w", current=800.0)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 4.0), layout="constrained")
    plane.plot(ax)
