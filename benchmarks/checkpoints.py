"""Checkpoints of the microcircuit: how long one takes to save and to load, how large it is, and what one a minute costs.

Times are CPU times, the least of several; "waiting" is what the disk adds, by the wall. A checkpoint holds what was
recorded so far, or, of a run with ``to=``, only how much of the stream counts. While it is written, the run waits.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import brainsim as bs

INTERVAL = 60.0  # s between two checkpoints of the last column


def least(function, runs):
    """Return the least CPU time of some calls, and the least of the time by the wall [s]."""
    cpu, wall = [], []
    for _ in range(runs):
        began = time.process_time(), time.perf_counter()
        function()
        cpu.append(time.process_time() - began[0])
        wall.append(time.perf_counter() - began[1])
    return min(cpu), min(wall)


def microcircuit(scale, plastic):
    """Return the network, in which synapses between excitatory cells of one layer learn if asked for."""
    from brainsim.examples import microcircuit

    network, _ = microcircuit.build(scale=scale, k_scale=scale)
    if plastic:
        cells, synapse = network.populations["L23E"], network.projections[0].synapse
        learning = bs.STDP(w_max=200.0)
        network.connect(
            cells, cells, bs.FixedIndegree(int(1000 * scale)), weight=1.0, delay=1.5, synapse=synapse, plasticity=learning
        )
    return network


def measured(network, folder, duration, runs, threads, streamed):
    """Return the CPU time and the waiting of a save, its bytes, the CPU time of a load, and the spikes recorded before."""
    to = {"to": f"{folder}/run/"} if streamed else {}
    sim = bs.Simulation(network, seed=2, progress=False, threads=threads, **to)
    sim.run(duration)
    path = Path(folder, "run.ckpt")
    cpu, wall = least(lambda: sim.save(path), runs)
    if not streamed:
        spikes = sum(map(len, sim.result().spikes.values()))
        building = sim.result().stats["build"]
        load = least(lambda: bs.Simulation.load(network, path, progress=False, threads=threads), min(runs, 2))[0]
        return cpu, wall - cpu, path.stat().st_size, load, spikes, building
    size = path.stat().st_size
    sim.close()
    return cpu, wall - cpu, size, None, None, None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=0.1, help="of the microcircuit, in cells and synapses a cell")
    parser.add_argument("--duration", type=float, default=1000.0, help="simulated before the checkpoint [ms]")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--plastic", action="store_true", help="synapses within the cells of layer 2/3 learn")
    arguments = parser.parse_args()
    network = microcircuit(arguments.scale, arguments.plastic)
    cells = sum(population.n for population in network.populations.values())
    print(f"microcircuit, scale {arguments.scale:g}: {cells:,} cells, {arguments.duration:g} ms")
    for streamed in (False, True):
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            given = arguments.duration, arguments.runs, arguments.threads, streamed
            cpu, waiting, size, load, spikes, building = measured(network, folder, *given)
        where = "to a stream" if streamed else f"in memory ({spikes:,} spikes)"
        share = 100.0 * (cpu + max(waiting, 0.0)) / INTERVAL
        print(f"recorded {where}")
        print(f"  save     {1e3 * cpu:8.1f} ms CPU, {1e3 * waiting:.1f} ms waiting, {size / 1e6:.2f} MB")
        print(f"  one a minute {share:7.3f} % of the time")
        if load is not None:
            print(f"  load     {1e3 * load:8.1f} ms CPU, most of it for building the network ({building:.2f} s by the wall)")


if __name__ == "__main__":
    main()
