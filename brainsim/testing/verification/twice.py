"""The same network described in two ways, which must give the same bits."""

import pickle
import tempfile
from pathlib import Path

import numpy as np

import brainsim as bs
from brainsim.testing.random_networks import bits
from brainsim.testing.verification.report import Line

DT, DURATION, N = 0.1, 8.0, 12
MANY = 1050  # cells whose pairs are so many that their list is kept in fewer bytes
TARGETS, PAIRS = 70_000, 1 << 20  # a sorted list of so many pairs, onto so many cells, is kept as it is


def described_twice(seed):
    """Return a line about networks that are described in two ways."""
    line = Line("small networks", "themselves, described otherwise", "networks")
    with line.timed():
        for compared in (_trains, _windows_of_spikes, _tables_later, _copied, _many_pairs, _many_targets):
            for what, found, expected in compared(np.random.default_rng(seed), seed):
                line.compared += 1
                line.failures += [f"{what}: {text}" for text in bits.differences(found, expected)]
    return line


def _spikes(net, seed, **options):
    return bits.of_spikes(bs.simulate(net, DURATION, dt=DT, seed=seed, progress=False, **options))


def _trains(rng, seed):
    """Yield listed spikes from files, from a dict and cell by cell, and the same as arrays."""
    times, ids = np.sort(rng.uniform(0.1, DURATION, 50)), rng.integers(0, N, 50)
    by_cell = [times[ids == cell] for cell in range(N)]
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder, name)) for name in ("spikes.npz", "spikes.npy", "spikes.txt", "named.txt")]
        np.savez(files[0], times=times, ids=ids)
        np.save(files[1], np.column_stack([times, ids]))
        np.savetxt(files[2], np.column_stack([times, ids]), fmt="%.17g")
        lines = [
            "# from elsewhere",
            "ids, times",
            *(f"{cell}, {time!r}" for time, cell in zip(times.tolist(), ids.tolist(), strict=True)),
        ]
        Path(files[3]).write_text("\n".join(lines), encoding="utf-8")
        given = {Path(file).name: bs.SpikeTrains(file) for file in files}
    given |= {"a dict": bs.SpikeTrains(dict(enumerate(by_cell))), "cell by cell": bs.SpikeTrains(by_cell)}
    for name, trains in given.items():
        order, other = np.lexsort((ids, times)), np.lexsort((trains.ids, trains.times))
        yield (
            f"spikes from {name}",
            {"times": np.asarray(trains.times)[other], "ids": np.asarray(trains.ids, np.int64)[other]},
            {"times": times[order], "ids": ids[order]},
        )


def _network(rng, seed):
    cells = bs.Population(N, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -51.0)})
    net = bs.Network(seed=seed)
    net.stimulate(cells, bs.CurrentInput(rng.uniform(300.0, 900.0, N)))
    pairs = bs.FromArrays(*np.nonzero(rng.random((N, N)) < 0.4))
    net.connect(cells, cells, pairs, weight=bs.Uniform(0.1, 0.9), delay=bs.Uniform(0.1, 3.0), synapse=bs.Delta())
    return net, cells


def _windows_of_spikes(rng, seed):
    """Yield the spikes of some cells in a part of the run, recorded alone and chosen from all."""
    net, cells = _network(rng, seed)
    spikes = bs.simulate(net, DURATION, dt=DT, seed=seed, progress=False).spikes["cells"]
    found = _spikes(net, seed, spikes=bs.SpikeRecord(cells[3:9], start=2.0, stop=6.0))
    kept = (spikes.times > 2.0 + DT / 2) & (spikes.times < 6.0 + DT / 2) & (spikes.ids >= 3) & (spikes.ids < 9)
    expected = {("spikes", "cells[3:9]", "times"): spikes.times[kept], ("spikes", "cells[3:9]", "ids"): spikes.ids[kept] - 3}
    yield "a window", found, expected


def _tables_later(rng, seed):
    """Yield a table that is delayed, by one time and by one for each cell, and the same row by row."""
    values, interval, rows = rng.uniform(0.0, 900.0, 9), 0.7, np.arange(12)
    for delay in (2 * interval, np.arange(N) % 4 * interval):
        back = rows[:, None] - np.rint(np.atleast_1d(delay) / interval).astype(int)
        listed = np.where(back < 0, 50.0, values[np.clip(back, 0, 8)])
        listed = listed if np.ndim(delay) else listed[:, 0]
        found = []
        for table in (bs.TimedArray(values, interval).delayed(delay, before=50.0), bs.TimedArray(listed, interval)):
            cells, net = bs.Population(N, bs.LIF(), name="cells"), bs.Network(seed=seed)
            net.stimulate(cells, bs.CurrentInput(table))
            found.append(bits.of_state(bs.simulate(net, DURATION, dt=DT, seed=seed, progress=False).state))
        yield "a table that is delayed", *found


def _copied(rng, seed):
    """Yield a network that went through pickle, and itself."""
    net, _ = _network(rng, seed)
    yield "pickled", _spikes(pickle.loads(pickle.dumps(net)), seed), _spikes(net, seed)


def _many_pairs(rng, seed):
    """Yield more than a million pairs with few weights as a list, and as all pairs with a matrix of weights."""
    weight = rng.choice([0.25, 0.5, 1.0], (MANY, MANY))
    pre, post = np.divmod(np.arange(MANY * MANY), MANY)
    found = []
    for rule, given in ((bs.FromArrays(pre, post), weight.ravel()), (bs.AllToAll(), weight)):
        cells = bs.Population(MANY, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -49.9)})
        net = bs.Network(seed=seed)
        net.connect(cells, cells, rule, weight=0.01 * given, delay=0.5, synapse=bs.Delta())
        found.append(bits.of_state(bs.simulate(net, 2.0, dt=DT, seed=seed, progress=False, threads=2).state))
    yield "a long list of pairs", *found


def _many_targets(rng, seed):
    """Yield a million pairs in the order in which synapses are kept, and the same with the last source first."""
    pairs = np.sort(rng.integers(0, MANY * TARGETS, PAIRS))
    weight, found = rng.choice([0.5, 1.0, 2.0], PAIRS), []
    for order in (slice(None), np.argsort(-(pairs // TARGETS), kind="stable")):
        cells = bs.Population(TARGETS, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -49.5)})
        net, (pre, post) = bs.Network(seed=seed), np.divmod(pairs[order], TARGETS)
        given = {"weight": weight[order], "delay": 0.5, "synapse": bs.Delta()}
        net.connect(cells[:MANY], cells, bs.FromArrays(pre, post), **given)
        found.append(bits.of_state(bs.simulate(net, 2.0, dt=DT, seed=seed, progress=False, threads=1).state))
    yield "a list of pairs onto many cells", *found
