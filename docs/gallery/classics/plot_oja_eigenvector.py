"""
A unit that finds the direction of its data
===========================================

Weights that learn by Oja's rule (lines, twenty starts) turn to the first principal component and to the length 1.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Oja (1982), doi:10.1007/BF00275687"
CLAIM = (
    "the weights of the unit converge to the eigenvector of the largest eigenvalue of the inputs' correlations, of length 1"
)
MARGIN, CONFIDENCE = 0.01, 0.95  # of the cosine with the eigenvector, and of the length, from 1

DIMENSIONS, ROWS, RUNS, PASSES = 8, 2000, 20, 12

angles, lengths = [], []
for seed in range(RUNS):
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(rng.normal(size=(DIMENSIONS, DIMENSIONS)))[0]
    data = rng.normal(size=(ROWS, DIMENSIONS)) * np.linspace(2.0, 0.5, DIMENSIONS) @ directions.T
    first = np.linalg.eigh(data.T @ data)[1][:, -1]
    unit = bs.learn.OjaUnit(DIMENSIONS, learning_rate=2e-4, seed=seed)
    course = [unit.fit(data, epochs=1).weights.copy() for _ in range(PASSES)]
    lengths.append([np.linalg.norm(w) for w in course])
    angles.append([abs(w @ first) / np.linalg.norm(w) for w in course])
ends = [np.array(values)[:, -1] for values in (angles, lengths)]
tests = [bs.testing.compare_means(values, 1.0, margin=MARGIN, confidence=CONFIDENCE) for values in ends]

with bs.plot.style():
    fig, axes = plt.subplots(1, 2, figsize=(9.0, 3.4), layout="constrained")
    for ax, values, name in zip(axes, (angles, lengths), ("cosine with the eigenvector", "length"), strict=True):
        ax.plot(np.arange(1, PASSES + 1), np.transpose(values), color="#1a5ca6", linewidth=0.8)
        ax.set(xlabel="passes over the data", ylabel=name, ylim=(0.0, 1.1))

print(f"measured: cosine {ends[0].mean():.4f}, length {ends[1].mean():.4f}")
print("verdict:", "reproduced" if all(test.equivalent for test in tests) else "not reproduced")
