"""
Three states of one network
===========================

How strong inhibition and drive are decides whether 12,500 cells fire asynchronously (AI) or oscillate, slowly or fast.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs
from brainsim.examples import balanced

SOURCE = "Brunel (2000), figure 8 and its text, doi:10.1023/A:1008925309027"
CLAIM = "cells fire at 37.7 Hz (AI), 60.7 Hz (SI, fast) and 5.5 Hz (SI, slow); the network oscillates at 180 and 22 Hz"
MARGIN, MARGIN_FREQUENCY, CONFIDENCE = 0.05, 0.1, 0.95  # relative; the confidence is that of the rates

RATES, FREQUENCIES = {"AI": 37.7, "SI-fast": 60.7, "SI-slow": 5.5}, {"SI-fast": 180.0, "SI-slow": 22.0}  # Hz
NETWORKS, SETTLE, LENGTH = 8, 200.0, {"AI": 500.0, "SI-fast": 500.0, "SI-slow": 2000.0}  # of each state; ms; ms
BIN = 0.5  # ms

held, texts = [], []
with bs.plot.style():
    fig, axes = plt.subplots(len(RATES), figsize=(8.0, 6.0), layout="constrained")
for ax, (state, claimed) in zip(axes, RATES.items(), strict=True):
    stop, rates = SETTLE + LENGTH[state], []
    for seed in range(NETWORKS, 0, -1):  # with wirings and inputs of their own; the first one is drawn
        net, _ = balanced.build(state=state, seed=seed)
        spikes = bs.simulate(net, stop, seed=seed + 1).spikes["cells"].between(SETTLE, stop)
        rates.append(spikes.rate())
    times, rate = spikes.population_rate(BIN)
    test = bs.testing.compare_means(rates, claimed, margin=MARGIN * claimed, confidence=CONFIDENCE, name=state)
    held.append(test.equivalent)
    texts.append(f"{state} {np.mean(rates):.1f} Hz")
    if state in FREQUENCIES:
        power = np.abs(np.fft.rfft(rate - rate.mean())) ** 2
        frequency = np.fft.rfftfreq(rate.size, BIN / 1000.0)
        near = np.abs(frequency - frequency[power.argmax()]) < 0.2 * frequency[power.argmax()]
        found = np.average(frequency[near], weights=power[near])
        held.append(abs(found / FREQUENCIES[state] - 1.0) < MARGIN_FREQUENCY)
        texts[-1] += f" (oscillation at {found:.0f} Hz)"
    ax.plot(times, rate, linewidth=0.7)
    ax.set(xlim=(SETTLE, SETTLE + 200.0), ylabel="rate [Hz]", title=texts[-1])
axes[-1].set_xlabel("time [ms]")

print("measured:", "; ".join(texts))
print("verdict:", "reproduced" if all(held) else "not reproduced")
