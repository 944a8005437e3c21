"""Gap junctions: 1,000 cells with ion channels, of which each pair is coupled with a probability of 10 %.

Every simulator gets the same 50,000 junctions, with the same drives, and computes the current at both ends in each step.
``ns/pair`` is the time of a step per junction, with that of the cells. brainsim and Brian2 hold the potentials of the others
over a step, brainsim extrapolated to its middle; NEST, without the iterations of its waveform relaxation, at its start.
Cells: Traub and Miles, as in COBAHH. NEST integrates them with an adaptive step, brainsim and Brian2 with one step of
exponential Euler, with which cells fire more slowly: of 300 cells, at 54.9 Hz instead of 60.7 Hz in NEST, and of 61.3 Hz in
brainsim with its default method. So NEST may differ by more than the tolerance, and then gets no ratio.
"""

from harness import rounds, traub_miles
from harness.workload import Workload

WEIGHT, PROBABILITY, DRIVES, V_START = 0.05, 0.1, (250.0, 350.0), (-70.0, -55.0)  # nS, pA, mV


def junctions(n, seed):
    """Return the cells at both ends of each junction, by index; every pair of cells is coupled at most once."""
    import numpy as np

    first, second = np.triu_indices(n, 1)
    coupled = np.random.default_rng(seed).random(first.size) < PROBABILITY
    return first[coupled], second[coupled]


def drawn(n, seed):
    """Return the current into each cell [pA] and its potential at the start [mV]."""
    import numpy as np

    rng = np.random.default_rng([seed, 1])
    return rng.uniform(*DRIVES, n), rng.uniform(*V_START, n)


def in_brainsim(task):
    import brainsim as bs

    model = traub_miles.in_brainsim()
    drive, start = drawn(task.n, task.seed)
    cells = bs.Population(task.n, model, name="cells", initial={"v": start})
    net = bs.Network(seed=task.seed)
    pairs = bs.FromArrays(*junctions(task.n, task.seed))
    net.connect(cells, cells, pairs, weight=WEIGHT, synapse=bs.GapJunction())
    net.stimulate(cells, bs.CurrentInput(drive))
    return net, {}


def in_brian2(task):
    import brian2 as b2
    import numpy as np

    weight = {"w": WEIGHT * b2.nS}
    cells = traub_miles.in_brian2(task.n, "drive + gap", "drive : amp (constant)\ngap : amp", weight)
    drive, start = drawn(task.n, task.seed)
    cells.drive, cells.v = drive * b2.pA, start * b2.mV
    traub_miles.start_gates(cells)
    first, second = junctions(task.n, task.seed)
    gap = b2.Synapses(cells, cells, "gap_post = w*(v_pre - v_post) : amp (summed)", namespace=weight)
    gap.connect(i=np.concatenate([first, second]), j=np.concatenate([second, first]))
    monitor = b2.SpikeMonitor(cells, record=False)
    return b2.Network(cells, gap, monitor), {"cells": monitor}


def in_nest(task):
    import nest
    import numpy as np

    nest.use_wfr = False  # its iterations are more accurate, and take several times as long
    drive, start = drawn(task.n, task.seed)
    cells = nest.Create("hh_cond_beta_gap_traub", task.n, params=traub_miles.IN_NEST)
    cells.I_e, cells.V_m = drive, start
    ids = np.array(cells.tolist())
    first, second = junctions(task.n, task.seed)
    rule = {"rule": "one_to_one", "make_symmetric": True}
    nest.Connect(ids[first], ids[second], rule, {"synapse_model": "gap_junction", "weight": np.full(first.size, WEIGHT)})
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    return {"cells": recorder}


WORKLOAD = Workload(
    name="Gap junctions",
    n=1000,
    duration=1000.0,
    populations=lambda n: {"cells": n},
    tolerance=0.1,
    fan_out=lambda n: {"cells": 0},
    pairs=lambda n: PROBABILITY * n * (n - 1) / 2,
    networks={"brainsim": in_brainsim, "brian2": in_brian2, "nest": in_nest},
)

if __name__ == "__main__":
    rounds.main(WORKLOAD)
