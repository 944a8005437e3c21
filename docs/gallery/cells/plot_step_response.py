"""
Steps of current
================

Inhibited, just above the threshold current, and far above: the adapting cell fires fast at first, then slows down.
"""

import matplotlib.pyplot as plt

import brainsim as bs

response = bs.explore.step_response(bs.AdEx(a=10.0, b=60.0), [-200.0, 770.0, 1500.0])

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.6), layout="constrained")
    response.plot(ax)
