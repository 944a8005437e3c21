"""What an exchange of spikes between ranks of MPI costs: ``mpiexec -n 2 python -m mpi4py benchmarks/exchange.py``.

A small network takes its slices alone in each process, and then on all ranks, with nothing else running: the difference is
the exchange with packing, unpacking and waiting. At most 6 us are wanted for two ranks on one machine, and 20 us over TCP,
which MPICH takes with ``MPIR_CVAR_NOLOCAL=1 MPIR_CVAR_CH4_NETMOD=ofi FI_PROVIDER=tcp`` in the environment.
"""

import argparse
import os
import time
from statistics import median

from harness import machine, report
from mpi4py import MPI

import brainsim as bs
from brainsim.features.ranks import mpi

DURATION = 200.0  # ms of a timed run


def main():
    """Measure and print."""
    runs = _options().runs
    alone = paces(None, runs)
    rows = {"in shared memory": paces(True, runs)}
    mpi.segment_of = lambda ranks: None
    rows["by MPI"] = paces(True, runs)
    if MPI.COMM_WORLD.rank:
        return
    lines = [[name, *(f"{f(pace) - f(alone):.2f}" for f in (min, median))] for name, pace in rows.items()]
    about, tcp = machine.describe(), os.environ.get("FI_PROVIDER") == "tcp"
    print(f"{about['processor']}, {about['cores']} cores, load {machine.load()}, {MPI.COMM_WORLD.size} ranks")
    print(f"{MPI.Get_library_version().splitlines()[0].strip()}{', over TCP' if tcp else ''}\n")
    print("\n".join(report.columns([["us an exchange", "min", "median"], *lines])))


def paces(ranks, runs):
    """Return the time of a slice in each run [us]; all ranks begin together."""
    cells = bs.Population(100, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=1)
    net.connect(cells, cells, bs.FixedIndegree(5), weight=0.1, delay=0.1, synapse=bs.Exponential())
    net.stimulate(cells, bs.CurrentInput(300.0))
    sim = bs.Simulation(net, seed=2, threads=1, spikes=False, ranks=ranks)
    sim.run(DURATION)
    slices, found = DURATION / (0.1 * sim._run._slice), []
    for _ in range(runs):
        MPI.COMM_WORLD.Barrier()
        began = time.perf_counter()
        sim.run(DURATION)
        found.append(1e6 * (time.perf_counter() - began) / slices)
    return found


def _options():
    parser = argparse.ArgumentParser(description="What an exchange of spikes between ranks of MPI costs.")
    parser.add_argument("--runs", type=int, default=50, help="timed runs of each kind (default 50)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
