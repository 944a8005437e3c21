"""Results to be drawn, and what was drawn of them."""

import numpy as np

from brainsim.plot.elements.marks import SpikeImage
from brainsim.results.result import Result, Spikes, Traces


def random_spikes(count, n=100, duration=100.0, name="cells", start=0.0, seed=0):
    """Return `count` spikes at random."""
    rng = np.random.default_rng(seed)
    return Spikes(start + duration * (1.0 - rng.random(count)), rng.integers(0, n, count), n, duration, start, name)


def made(views=None, count=3000):
    """Return a result of two populations and traces of one."""
    times = np.arange(1.0, 101.0)
    values = np.column_stack([10.0 + 5.0 * np.sin(times / (5.0 + k)) for k in range(4)])
    traces = {
        ("a", "v"): Traces("a", "v", "mV", times, [0, 1, 7, 9], values),
        ("a", "w"): Traces("a", "w", "pA", times, [1], values[:, :1]),
    }
    return Result(
        spikes={"a": random_spikes(count, 60, name="a"), "b": random_spikes(count // 2, 40, name="b", seed=1)},
        duration=100.0,
        dt=0.1,
        seed=0,
        traces=traces,
        stats={"run": 1.5},
        views=views or {},
        thresholds={"a": 20.0, "b": None},
        resets={"a": ["v"]},
    )


def drawn(ax):
    """Return the number of marks in the axes."""
    images = [artist for artist in ax.get_children() if isinstance(artist, SpikeImage)]
    return sum(len(line.get_xdata()) for line in ax.lines) + sum(image.times.size for image in images)


def labels(ax):
    """Return the names at the vertical axis."""
    return [text.get_text() for text in ax.get_yticklabels()]
