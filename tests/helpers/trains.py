"""Spike trains for tests of statistics: random ones, and those at the edges of what is defined."""

import numpy as np

from brainsim.results.spikes import Spikes

DURATION = 1000.0  # ms


def random_trains(seed=1, n=12, count=900):
    """Return trains at random times with very different rates; the last cell is silent."""
    rng = np.random.default_rng(seed)
    owner = np.minimum((n * rng.random(count) ** 2).astype(int), n - 2)
    return Spikes(DURATION * rng.random(count), owner, n, DURATION, name="random")


def on_a_grid(seed=2, n=6, count=400, dt=0.125):
    """Return trains in the middle of steps of a binary fraction, many of them at equal times."""
    rng = np.random.default_rng(seed)
    return Spikes(dt * (rng.integers(0, round(DURATION / dt), count) + 0.5), rng.integers(0, n, count), n, DURATION)


def edges():
    """Return a silent cell, one, two and three spikes, three at one time, pairs at equal times, and a clock."""
    trains = [[], [501.3], [1.5, 998.5], [11.0, 21.0, 51.0], [7.0, 7.0, 7.0], [3.0, 3.0, 9.0, 9.0, 9.5]]
    trains.append(list(np.arange(12.5, 1000.0, 25.0)))
    times, owner = np.concatenate(trains), np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    return Spikes(times, owner, len(trains), DURATION)


CASES = {"random": random_trains, "grid": on_a_grid, "edges": edges, "silent": lambda: Spikes([], [], 3, DURATION)}
