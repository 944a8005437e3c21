"""
Two ways to begin to fire
=========================

Type I cells begin at any low rate, which grows with the square root of the current; type II cells begin at once at 9 Hz.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Rinzel & Ermentrout (1989), in Ermentrout (1996), doi:10.1162/neco.1996.8.5.979"
CLAIM = (
    "type I: the rate grows as (I - I_c)**0.5 from arbitrarily low rates; type II: it begins above 5 Hz (Morris-Lecar cell)"
)
CLAIMED, MARGIN, LOW, CONFIDENCE = 0.5, 0.05, 5.0, None  # exponent; of it; Hz; nothing is random

one, two = bs.MorrisLecar(g_ca=4.0, v_3=12.0, v_4=17.4, phi=1 / 15), bs.MorrisLecar()
near = np.arange(39.8, 41.0, 0.02)  # pA
first = bs.explore.fi_curve(one, near, duration=6000.0, settle=1000.0)
second = bs.explore.fi_curve(two, np.arange(80.0, 110.0, 0.5), duration=3000.0, settle=1500.0)

firing = first.rates > 0.0
current, rate = near[firing], first.rates[firing]
slope, offset = np.polyfit(current[:10], rate[:10] ** 2, 1)
onset = -offset / slope  # where the square of the rate reaches 0
exponent = np.polyfit(np.log(current - onset)[5:], np.log(rate[5:]), 1)[0]
lowest = [curve.rates[curve.rates > 0.0].min() for curve in (first, second)]

with bs.plot.style():
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.4), layout="constrained")
    left.plot(near, first.rates, "o", markersize=3.0)
    left.plot(near, np.sqrt(slope * np.maximum(near - onset, 0.0)), color="#9a9a9a", zorder=0)
    second.plot(ax=right)
    left.set(xlabel="current [pA]", ylabel="rate [Hz]", title="type I")
    right.set_title("type II")

print(f"measured: exponent {exponent:.3f}, lowest rate {lowest[0]:.1f} Hz; type II {lowest[1]:.1f} Hz")
held = abs(exponent - CLAIMED) < MARGIN and lowest[0] < LOW < lowest[1]
print("verdict:", "reproduced" if held else "not reproduced")
