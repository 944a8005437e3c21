"""Whole tasks: what a user waits for, from the start of a process to its end, with two workers and filled caches.

- ``sweep``: the rate of a network of 1,000 CUBA cells in 200 ms, for ten weights and a hundred seeds: 1,000 networks
- ``raster``: a network of which a weight was changed runs for a second, and its raster becomes a picture
- ``equation``: the same after another term was written into the equation of the cells; NEST would need a C++ compiler and
  NESTML for it. Terms of earlier processes are not used again, so each has something to compile.

Time an installed brainsim (``pip install .``).
"""

import functools
import multiprocessing
import sys
from pathlib import Path

from first_result import DT, DURATION, N, built_in_nest, described_in_brainsim, run_in_brian2

WEIGHTS = [13.2, 13.9, 14.6, 15.3, 16.0, 16.7, 17.4, 18.1, 18.8, 19.5]  # pA
SHORT, WORKERS = 200.0, 2  # ms
TERMS = ("sin", "cos", "tanh", "exp", "sinh", "arctan", "cosh", "tan")
NUMBER = "tasks.txt"


def sweep_in_brainsim(folder, seeds):
    import brainsim as bs

    table = bs.sweep(rate_in_brainsim, over={"weight": WEIGHTS}, seeds=seeds, workers=WORKERS, progress=False)
    return table.values("value").mean()


def rate_in_brainsim(weight, seed):
    import brainsim as bs

    result = bs.simulate(described_in_brainsim(weight, seed), SHORT, dt=DT, seed=seed)
    return result.spikes["cells"].rate()


def sweep_in_nest(folder, seeds):
    return in_workers(rate_in_nest, seeds)


def rate_in_nest(weight, seed):
    import nest

    nest.ResetKernel()
    recorder = built_in_nest(nest, weight, seed + 1)
    nest.Simulate(SHORT)
    return 1000.0 * recorder.n_events / N / SHORT


def sweep_in_brian2(folder, seeds):
    return in_workers(functools.partial(rate_in_brian2, folder), seeds)


def rate_in_brian2(folder, weight, seed):
    return 1000.0 * run_in_brian2(cython(folder), weight, seed, SHORT).num_spikes / N / SHORT


def in_workers(function, seeds):
    """Return the mean of a function over all weights and seeds, computed by some processes."""
    points = [(weight, seed) for weight in WEIGHTS for seed in range(seeds)]
    with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
        return sum(pool.starmap(function, points)) / len(points)


def cython(folder):
    """Return Brian2, whose compiled code is kept in a folder."""
    import brian2 as b2

    b2.prefs.codegen.target = "cython"
    b2.prefs.codegen.runtime.cython.cache_dir = folder
    return b2


def changed(folder):
    """Return how many processes had this folder before: each of them changes something else."""
    number = Path(folder, NUMBER)
    before = int(number.read_text()) if number.exists() else 0
    number.write_text(str(before + 1))
    return before


def raster_in_brainsim(folder, seeds):
    return drawn_by_brainsim(described_in_brainsim(16.2 + 0.01 * changed(folder)), folder)


def equation_in_brainsim(folder, seeds):
    import brainsim as bs

    term = f" - 0.001*(v - v_rest)*{TERMS[changed(folder)]}(v/v_th)"
    own = type("Own", (bs.LIF,), {"equations": f"dv/dt = (v_rest - v{term})/tau_m + I/c_m"})
    return drawn_by_brainsim(described_in_brainsim(model=own), folder)


def drawn_by_brainsim(net, folder):
    """Run a network, save its raster, and return the rate."""
    import brainsim as bs

    result = bs.simulate(net, DURATION, dt=DT, seed=1)
    bs.plot.raster(result).figure.savefig(Path(folder, "raster.png"))
    return result.spikes["cells"].rate()


def raster_in_nest(folder, seeds):
    import nest

    recorder = built_in_nest(nest, 16.2 + 0.01 * changed(folder))
    nest.Simulate(DURATION)
    events = recorder.events
    draw(events["times"], events["senders"], folder)
    return 1000.0 * recorder.n_events / N / DURATION


def raster_in_brian2(folder, seeds, term=""):
    weight = 16.2 if term else 16.2 + 0.01 * changed(folder)
    monitor = run_in_brian2(cython(folder), weight, term=term)
    draw(monitor.t_[:] * 1000.0, monitor.i[:], folder)
    return 1000.0 * monitor.num_spikes / N / DURATION


def equation_in_brian2(folder, seeds):
    return raster_in_brian2(folder, seeds, f" - 0.001*(v - El)*{TERMS[changed(folder)]}(v/Vt)")


def draw(times, cells, folder):
    """Save a raster as a user of a simulator without one draws it."""
    from matplotlib import pyplot as plt

    plt.figure()
    plt.plot(times, cells, ".", markersize=1.0)
    plt.xlabel("time [ms]")
    plt.ylabel("cell")
    plt.savefig(Path(folder, "raster.png"))


PROCESSES = {
    "sweep: brainsim": sweep_in_brainsim,
    "sweep: nest": sweep_in_nest,
    "sweep: brian2": sweep_in_brian2,
    "raster: brainsim": raster_in_brainsim,
    "raster: nest": raster_in_nest,
    "raster: brian2": raster_in_brian2,
    "equation: brainsim": equation_in_brainsim,
    "equation: brian2": equation_in_brian2,
}
MODULES = {name: name.split()[1] for name in PROCESSES if "brainsim" not in name}


def main():
    """Time all processes in turn and print the table."""
    from harness import processes

    processes.main(__file__, PROCESSES, MODULES, 1000.0, 0.2, seeds=100)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        found = PROCESSES[sys.argv[2]](sys.argv[3], int(sys.argv[4]))
        print("result", round(1000.0 * found), flush=True)  # mHz
    else:
        main()
