"""Streaming to the disk: CPU time and bytes of a spike, memory of a long run, and the share of a run of the microcircuit.

Times are CPU times, the least of several runs.
"""

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

import brainsim as bs
from brainsim.engine.recorders.log import Log
from brainsim.engine.recorders.recorder import Chunk
from brainsim.engine.recorders.spikes import SpikeRecorder
from brainsim.features.streams.stream import Stream
from brainsim.results.streams.columns import CELLS, STEPS


def noisy_cells(n, current=2_000.0):
    """Return a network of cells that fire at about 300 Hz, and with it as many spikes as possible for little else."""
    cells = bs.Population(n, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(current))
    return net


def seconds(function):
    """Return the CPU time of a call."""
    began = time.process_time()
    function()
    return time.process_time() - began


def memory():
    """Return the resident memory of this process without pages of files [bytes]."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "RssShmem:")))


def append(folder, spikes=10_000_000, chunk=100_000, runs=5):
    """Return the CPU time and the bytes of a spike in the writer alone, from the packed spikes of a chunk on."""
    rng, best = np.random.default_rng(1), np.inf
    packed = np.sort(rng.integers(0, 1_000, chunk) << 32 | rng.integers(0, 77_169, chunk))
    row = {"label": "cells", "population": "cells", "first": 0, "n": 77_169, "ids": None, "alone": True}
    recorder = SpikeRecorder([row | {"start": None, "stop": None}], False, 77_169)
    for run in range(runs):
        stream = Stream(folder / f"append{run}")
        stream.start({"dt": 0.1, "begin": 0, **recorder.columns()})

        def write(stream=stream):
            for k in range(spikes // chunk):
                stream.advance(k, stream.append(k, recorder.rows(Chunk(k - 1, k, packed, np.empty(0), [], stream.room))))

        best = min(best, seconds(write))
        stream.commit()
        size = sum((stream.folder / name).stat().st_size for name in (STEPS, CELLS, "commits.jsonl"))
        stream.close()
        shutil.rmtree(stream.folder)
    return best / spikes, size / spikes


def within(network, duration, folder, runs, **settings):
    """Return the CPU time of the recorder in a run to the disk, of the whole run, and the number of spikes.

    The share is measured inside of the run: the difference of two runs is smaller than what other programs change.
    """
    best, whole, count, append = np.inf, np.inf, 0, Log.append
    for _ in range(runs):
        spent = []

        def timed(self, chunk, spent=spent):
            began = time.thread_time()
            try:
                return append(self, chunk)
            finally:
                spent.append(time.thread_time() - began)

        sim = bs.Simulation(network, seed=2, progress=False, to=f"{folder}/within/", overwrite=True, **settings)
        sim.run(10.0)
        before = sim._stream.rows[STEPS]
        Log.append = timed
        try:
            whole = min(whole, seconds(lambda sim=sim: sim.run(duration)))
        finally:
            Log.append = append
        best, count = min(best, sum(spent)), sim._stream.rows[STEPS] - before
        sim.close()
    return best, whole, count


def growth(folder, spikes, to, n=100_000):
    """Return the number of spikes of a long run to the disk, and how much memory grew."""
    sim = bs.Simulation(noisy_cells(n), seed=2, progress=False, to=f"{folder}/{to}")
    sim.run(50.0)
    before, most = memory(), 0
    while sim._stream.rows[STEPS] < spikes:
        sim.run(50.0)
        most = max(most, memory() - before)
    count = sim._stream.rows[STEPS]
    sim.close()
    return count, max(most, memory() - before)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spikes", type=float, default=1e7, help="of the long run; 1e8 takes a minute and 0.8 GB of disk")
    parser.add_argument("--scale", type=float, default=0.1, help="of the microcircuit; 0 leaves it out")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--to", default="run/", help="the file of the long run, e.g. run.h5")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        cpu, size = append(folder, runs=arguments.runs)
        print(f"writer alone      {1e9 * cpu:6.1f} ns and {size:.3f} bytes a spike")
        best, whole, count = within(noisy_cells(20_000), 500.0, folder, arguments.runs, threads=1)
        print(f"in a run          {1e9 * best / count:6.1f} ns a spike, {100.0 * best / whole:.2f} % of its CPU time")
        count, most = growth(folder, arguments.spikes, arguments.to)
        print(f"{count:.3g} spikes  {most / 1e6:6.1f} MB of memory more, until {arguments.to} is complete")
        if arguments.scale:
            from brainsim.examples import microcircuit

            network, _ = microcircuit.build(scale=arguments.scale, k_scale=arguments.scale)
            best, whole, count = within(network, 1_000.0, folder, arguments.runs, threads=1)
            of = f"{whole:.2f} s CPU, {1e9 * best / count:.1f} ns for each of {count:,} spikes (scale {arguments.scale:g})"
            print(f"microcircuit      {100.0 * best / whole:6.2f} % of {of}")


if __name__ == "__main__":
    main()
