"""A synfire chain after Diesmann, Gewaltig and Aertsen (1999) in Brian2 2.9.

It writes brainsim/testing/data/ported_synfire.npz.
"""

from pathlib import Path

import numpy as np
from brian2 import (
    Hz,
    NeuronGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    SpikeMonitor,
    Synapses,
    ms,
    mV,
    prefs,
    run,
    seed,
    start_scope,
)

prefs.codegen.target = "numpy"
GROUPS, SIZE, JUMP = 10, 100, 1.68 * np.e * mV  # the jump of y that makes a current whose peak is 1.68 mV


def volleys(spikes_in, key):
    """Return the spikes of a chain after a volley of `spikes_in` spikes with a standard deviation of 1 ms."""
    start_scope()
    seed(key)
    equations = """
    dv/dt = (-70*mV - v + x)/(10*ms) : volt (unless refractory)
    dx/dt = (y - x)/(0.33*ms) : volt
    dy/dt = -y/(0.33*ms) : volt
    """
    cells = NeuronGroup(
        GROUPS * SIZE, equations, threshold="v > -55*mV", reset="v = -70*mV", refractory=1.1 * ms, method="exact"
    )
    cells.v = "-70*mV + 10*mV*rand()"
    exc = PoissonInput(cells, "y", 17_600, 2 * Hz, JUMP)
    inh = PoissonInput(cells, "y", 2_400, 12.5 * Hz, -JUMP)
    times = np.sort(np.random.default_rng(key).normal(50.0, 1.0, spikes_in)).round(1)
    volley = SpikeGeneratorGroup(spikes_in, np.arange(spikes_in), times * ms)
    first = Synapses(volley, cells[:SIZE], on_pre="y += JUMP", delay=1 * ms)
    first.connect()
    chain = Synapses(cells, cells, on_pre="y += JUMP", delay=5 * ms)
    source = np.arange((GROUPS - 1) * SIZE)
    chain.connect(i=np.repeat(source, SIZE), j=(source[:, None] // SIZE * SIZE + SIZE + np.arange(SIZE)).ravel())
    spikes = SpikeMonitor(cells)
    run(130 * ms, namespace={"JUMP": JUMP}, report=None)
    assert exc is not inh
    return np.array(spikes.t / ms) + 0.1, np.array(spikes.i)  # the end of the step, as in brainsim


def arrived(times, ids):
    """Return how many cells of the last group fire in the 12 ms in which its volley would come."""
    late = (ids >= (GROUPS - 1) * SIZE) & (times > 95.0) & (times <= 107.0)
    return np.unique(ids[late]).size


if __name__ == "__main__":
    sizes, seeds, found = (50, 58, 62, 66, 70, 80), 8, {}
    found["arrived"] = np.array([[arrived(*volleys(size, key)) for key in range(1, seeds + 1)] for size in sizes])
    for size in (50, 80):
        found[f"times{size}"], found[f"ids{size}"] = volleys(size, 1)
        found[f"times{size}"] = found[f"times{size}"].astype(np.float32)
        found[f"ids{size}"] = found[f"ids{size}"].astype(np.int16)
    np.savez_compressed(Path(__file__).parents[3] / "brainsim/testing/data/ported_synfire.npz", sizes=sizes, **found)
