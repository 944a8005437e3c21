"""What statistics of spikes cost: ``python benchmarks/analysis.py``, a million spikes through each of ``bs.analysis``.

At most 0.2 s are wanted for each. If Elephant is installed, the statistics that it computes for all cells at once are timed
in it as well, with its own objects made before. The least processor time of several calls counts.
"""

import argparse
import operator
import time

import numpy as np
from harness import machine, report

import brainsim as bs

TARGET = 0.2  # s
DURATION, BIN, LONGER = 100_000.0, 5.0, 50.0  # ms


def main():
    """Measure every statistic and print it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--spikes", type=int, default=1_000_000)
    add("--cells", type=int, default=1000, help="which have equal rates (default 1000)")
    add("--runs", type=int, default=5, help="of which the fastest counts (default 5)")
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    times = np.sort(np.ceil(rng.random(options.spikes) * DURATION * 10.0) / 10.0)
    spikes = bs.Spikes(times, rng.integers(0, options.cells, options.spikes), options.cells, DURATION)
    other = elephants(spikes, options.runs)
    lines = [["s", "brainsim", "wanted", "Elephant"]]
    for name, function in statistics(spikes, rng).items():
        lines.append(
            [name, f"{least(function, options.runs, lambda: copied(spikes)):.3f}", f"{TARGET:g}", other.get(name, "")]
        )
    about = machine.describe()
    print(f"{about['processor']}, load {machine.load()}; {options.spikes:,} spikes of {options.cells:,} cells\n")
    print("\n".join(report.columns(lines)))


def statistics(spikes, rng):
    """Return name -> a function that computes the statistic of the spikes that it is given."""
    an, half = bs.analysis, spikes.n // 2
    halves = spikes.of(slice(0, half)), spikes.of(slice(half, None))
    ends = np.arange(1, round(DURATION) + 1, dtype=float)
    voltage = bs.Traces("cells", "v", "mV", ends, [0], rng.random((ends.size, 1)))
    events = np.arange(500.0, DURATION - 500.0, 500.0)
    methods = {
        name: operator.methodcaller(name) for name in ("rates", "counts", "isi", "cvs", "synchrony", "population_rate")
    }
    return methods | {
        "cv2s": lambda s: an.cv2s(s),
        "lvs": lambda s: an.lvs(s),
        "lvrs": lambda s: an.lvrs(s),
        "fanos": lambda s: an.fanos(s, window=100.0),
        "psth": lambda s: an.psth(s, events=events, window=(-50.0, 100.0)),
        "count_matrix": lambda s: an.count_matrix(s, bin=BIN),
        "correlations": lambda s: an.correlations(s, bin=BIN),
        "mean_correlation": lambda s: an.mean_correlation(s, bin=BIN),
        "correlogram": lambda s: an.correlogram(*halves, window=LONGER),
        "autocorrelogram": lambda s: an.autocorrelogram(s, window=LONGER),
        "spectrum": lambda s: an.spectrum(s),
        "spike_triggered_average": lambda s: an.spike_triggered_average(s, voltage, window=(-LONGER, LONGER)),
    }


def elephants(spikes, runs):
    """Return name -> seconds in which Elephant computes the same, nothing without it."""
    try:
        import quantities as pq
        from elephant import conversion, spike_train_correlation, statistics
    except ImportError:
        return {}
    trains = spikes.to_neo()
    gaps = [statistics.isi(train) for train in trains]
    binned = conversion.BinnedSpikeTrain(trains, bin_size=BIN * pq.ms)
    functions = {
        "rates": lambda: [statistics.mean_firing_rate(train) for train in trains],
        "isi": lambda: [statistics.isi(train) for train in trains],
        "cvs": lambda: [statistics.cv(one.magnitude) for one in gaps],
        "cv2s": lambda: [statistics.cv2(one.magnitude) for one in gaps],
        "lvs": lambda: [statistics.lv(one.magnitude) for one in gaps],
        "lvrs": lambda: [statistics.lvr(one) for one in gaps],
        "count_matrix": lambda: conversion.BinnedSpikeTrain(trains, bin_size=BIN * pq.ms).to_array(),
        "correlations": lambda: spike_train_correlation.correlation_coefficient(binned, fast=False),
    }
    return {name: f"{least(function, min(runs, 2)):.3f}" for name, function in functions.items()}


def copied(spikes):
    """Return the same spikes without what earlier statistics have kept, e.g. their order by cell."""
    return bs.Spikes(spikes.times, spikes.ids, spikes.n, spikes.duration)


def least(function, runs, made=None):
    """Return the least processor time of several calls, each with new spikes, after one that loads what it needs [s]."""
    found = []
    for _ in range(runs + 1):
        arguments = [] if made is None else [made()]
        began = time.process_time()
        function(*arguments)
        found.append(time.process_time() - began)
    return min(found[1:])


if __name__ == "__main__":
    main()
