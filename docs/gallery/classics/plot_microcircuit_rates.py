"""
Rates of the cells of a cortical column
=======================================

The wiring alone gives each kind of cell its rate: here (dots), and with NEST (lines). Takes 2 GB and about 15 s.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs
from brainsim.examples import microcircuit

SOURCE = "Potjans & Diesmann (2014), doi:10.1093/cercor/bhs358; rates of the full network with NEST, PyNEST's example"
CLAIM = "the eight kinds of cells of the column fire at 0.9, 3.0, 4.4, 5.9, 7.6, 8.6, 1.1 and 7.8 Hz"
MARGIN, CONFIDENCE = 0.15, 0.95  # relative, of each rate

SETTLE, PIECE, PIECES = 400.0, 60.0, 10  # ms; ms; values of each rate, one after the other

net, _ = microcircuit.build()
stop = SETTLE + PIECE * PIECES
result = bs.simulate(net, stop, seed=2)
tests, found = [], []
for name, claimed in zip(microcircuit.POPULATIONS, microcircuit.RATES, strict=True):
    pieces = result.spikes[name].between(SETTLE, stop).population_rate(PIECE)[1]
    found.append(pieces)
    tests.append(bs.testing.compare_means(pieces, claimed, margin=MARGIN * claimed, confidence=CONFIDENCE, name=name))

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.6), layout="constrained")
    place = np.arange(len(tests))
    ax.hlines(microcircuit.RATES, place - 0.35, place + 0.35, color="#9a9a9a")
    for start, colour in ((0, "#1a5ca6"), (1, "#d3594c")):
        rows = np.array(found)[start::2]
        ax.errorbar(place[start::2], rows.mean(axis=1), rows.std(axis=1), fmt="o", color=colour)
    ax.set(xticks=place, xticklabels=microcircuit.POPULATIONS, ylabel="rate [Hz]", ylim=(0.0, None))

print(
    "measured:",
    ", ".join(f"{name} {rate.mean():.2f}" for name, rate in zip(microcircuit.POPULATIONS, found, strict=True)),
    "Hz",
)
print("verdict:", "reproduced" if all(test.equivalent for test in tests) else "not reproduced")
