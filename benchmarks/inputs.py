"""What inputs that change in time cost compared with constant ones: Poisson drive, sources of spikes, currents and noise.

``python benchmarks/inputs.py [--cells 10000]``. Only the operators of an input are called, step after step as in a run; the
variants of an input take turns in one process, and the smallest of several figures of processor time counts.
"""

import argparse
import time

import numba
import numpy as np
from harness import machine, report

import brainsim as bs
from brainsim.engine.operators.cell_kernels import CellKernels
from brainsim.engine.operators.currents import Currents
from brainsim.engine.operators.poisson import PoissonInputs
from brainsim.engine.operators.varying import Varying
from brainsim.features.noise.operator import Noise
from brainsim.jit.intrinsics import call_address

DT = 0.1  # ms
WAVE = "*(1 + 0.5*sin(2*pi*8*t/1000))"


def main():
    """Print the cost of each kind of input, and how it compares with a constant one."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7, help="of each, of which the fastest counts (default 7)")
    options = parser.parse_args()
    lines = [["", "ns a cell and step", "of a constant one"]]
    for title, variants in _groups(options.cells):
        measures = {name: _measure(*made, options.cells) for name, made in variants.items()}
        costs = {name: [] for name in variants}
        for _ in range(options.runs):
            for name, measure in measures.items():
                costs[name].append(measure())
        least = {name: min(found) for name, found in costs.items()}
        first = next(iter(least.values()))
        lines += [[f"{title}, {name}", f"{cost:.2f}", f"{cost / first:.2f}"] for name, cost in least.items()]
    about = machine.describe()
    print(f"{about['processor']}, {about['cores']} cores, load {machine.load()}, {options.cells:,} cells\n")
    print("\n".join(report.columns(lines)))


def _groups(n):
    """Yield the title of a group of variants, and name -> (partition, operators)."""
    for rate in (20_000.0, 400_000.0):
        table = rate * (1 + 0.5 * np.sin(2 * np.pi * 8 * np.arange(1000) / 1000.0))
        kinds = {
            "constant": rate,
            "text": f"{rate}{WAVE}",
            "TimedArray, 1 ms": bs.TimedArray(table, 1.0),
            "TimedArray, 0.1 ms": bs.TimedArray(table, DT),
        }
        yield (
            f"Poisson drive of {rate * DT / 1000:g} events a step",
            {
                name: (_driven(n, bs.PoissonInput(rate=kind, weight=1e-3, synapse=bs.Exponential())), (PoissonInputs,))
                for name, kind in kinds.items()
            },
        )
    each = np.linspace(10_000.0, 30_000.0, n)
    kinds = {"constant": each, "text": f"(10000 + 2*i){WAVE}", "TimedArray": bs.TimedArray(np.array([each, each]), 1.0)}
    yield (
        "Poisson drive, a rate for each cell",
        {
            name: (_driven(n, bs.PoissonInput(rate=kind, weight=1e-3, synapse=bs.Exponential())), (PoissonInputs,))
            for name, kind in kinds.items()
        },
    )
    kinds = {"constant": 20.0, "text": f"20{WAVE}", "TimedArray": bs.TimedArray([20.0, 30.0], 1.0)}
    yield "Poisson sources", {name: (_sources(n, kind), (Varying, CellKernels)) for name, kind in kinds.items()}
    kinds = {
        "white noise": bs.NoiseInput(50.0),
        "noise with a correlation time": bs.NoiseInput(50.0, tau=5.0),
        "a current as a text": bs.CurrentInput(f"100{WAVE}"),
        "a current as a text, for each cell": bs.CurrentInput(f"i{WAVE}"),
    }
    yield "Currents", {name: (_driven(n, kind), (Currents, Noise)) for name, kind in kinds.items()}


def _driven(n, given):
    cells = bs.Population(n, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, given)
    return bs.Simulation(net, dt=DT, seed=1, threads=1)._run.partitions[0]


def _sources(n, rate):
    net = bs.Network(seed=1)
    net.add(bs.Population(n, bs.Poisson(rate=rate), name="cells"))
    return bs.Simulation(net, dt=DT, seed=1, threads=1)._run.partitions[0]


def _measure(partition, operators, n, cell_steps=20_000_000):
    """Return a function that returns the nanoseconds of processor time a cell and step of all calls of some operators."""
    made = [operator for cls in operators if (operator := partition.operator(cls)) is not None]
    calls = sorted((call for operator in made for call in operator.calls()), key=lambda call: call[:2])
    kind, steps = partition.progress.kind, cell_steps // n
    addresses = np.array([function.address(context.kind, kind) for *_, function, context in calls])
    contexts = np.array([context.address for *_, context in calls])
    _repeat(addresses, contexts, partition.progress.record, 10)

    def measure():
        partition.shared.state[:] = 0.0
        began = time.process_time()
        _repeat(addresses, contexts, partition.progress.record, steps)
        return 1e9 * (time.process_time() - began) / (n * steps)

    return measure


@numba.njit
def _repeat(addresses, contexts, progress_, steps):
    p = progress_[0]
    for step in range(steps):
        p.step, p.completed, p.total = step, step, 0
        for k in range(addresses.size):
            call_address(addresses[k], (contexts[k], np.int64(progress_.ctypes.data)))


if __name__ == "__main__":
    main()
