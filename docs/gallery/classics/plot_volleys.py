"""
A volley of spikes survives or dies
===================================

Volleys of 90 spikes arrive at the tenth group of a chain within less than a millisecond; those of 45 die out on the way.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs
from brainsim.examples import synfire

SOURCE = "Diesmann, Gewaltig & Aertsen (1999), doi:10.1038/990101"
CLAIM = "strong volleys travel on, with a spread below 1 ms, weak ones die: an attractor, and a separatrix between"
MARGIN, CONFIDENCE = 0.25, 0.95  # of the shares that arrive, 1 and 0; the spread is a mean, tested one-sided

SPREAD, RUNS, ARRIVED = 1.0, 12, 80  # ms; chains; spikes of the last group within 5 ms


def arrival(times):
    """Return the largest number of spikes within 5 ms, and the standard deviation of their times."""
    counts = np.searchsorted(times, times + 5.0) - np.arange(times.size)
    best = counts.argmax()
    return counts[best], times[best : best + counts[best]].std()


last, shares, spreads = synfire.SIZE * (synfire.GROUPS - 1), [], []
for seed in range(1, 1 + RUNS):
    spikes = bs.simulate(synfire.build(seed=seed)[0], synfire.DURATION, seed=100 + seed).spikes["chain"]
    group = spikes.of(slice(last, None))
    strong, weak = (arrival(group.between(mean + 30.0, mean + 95.0).times) for mean in synfire.VOLLEYS)
    shares.append([strong[0] >= ARRIVED, weak[0] >= ARRIVED])
    spreads.append(strong[1])
first, second = (
    bs.testing.compare_means(column, claimed, margin=MARGIN, confidence=CONFIDENCE)
    for column, claimed in zip(np.array(shares).T, (1.0, 0.0), strict=True)
)
spread = bs.testing.compare_means(spreads, SPREAD, margin=SPREAD, confidence=CONFIDENCE, name="spread [ms]")

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 4.0), layout="constrained")
    bs.plot.raster(spikes, ax=ax)

print(f"measured: {sum(s for s, _ in shares)} strong and {sum(w for _, w in shares)} weak of {RUNS} arrive", end=", ")
print(f"spread {np.mean(spreads):.2f} ms")
held = first.equivalent and second.equivalent and spread.high < 0.0
print("verdict:", "reproduced" if held else "not reproduced")
