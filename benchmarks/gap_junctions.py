"""Gap junctions: 1,000 cells with ion channels, of which each pair is coupled with a probability of 10 %.

Every simulator gets the same 50,000 junctions, with the same drives, and computes the current at both ends in each step.
``ns/pair`` is the time of a step per junction, with that of the cells. brainsim and Brian2 hold the potentials of the others
over a step, brainsim extrapolated to its middle; NEST, without the iterations of its waveform relaxation, at its start.
Cells: Traub and Miles, as in COBAHH. NEST integrates them with an adaptive step, brainsim and Brian2 with one step of
exponential Euler, with which cells fire more slowly: of 300 cells, at 54.9 Hz instead of 60.7 Hz in NEST, and of 61.3 Hz in
brainsim with its default method. So NEST may differ by more than the tolerance, and then gets no ratio.
"""

from harness import rounds
from harness.workload import Workload, refractory_in_brian2

C_M, G_L, G_NA, G_K = 200.0, 10.0, 20_000.0, 6000.0  # pF, nS
E_L, E_NA, E_K, V_T, V_TH, T_REF = -60.0, 50.0, -90.0, -63.0, -20.0, 3.0  # mV, ms
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

    class OneStep(bs.TraubMiles):
        """With the method of Brian2; the default is more accurate and takes five times as long."""

        method = "exponential_euler"
        substeps = 1

    model = OneStep(c_m=C_M, g_l=G_L, g_na=G_NA, g_k=G_K, e_l=E_L, e_na=E_NA, e_k=E_K, v_t=V_T, v_th=V_TH)
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

    ms, mV, nS, pF, pA = b2.ms, b2.mV, b2.nS, b2.pF, b2.pA
    parameters = {
        "c_m": C_M * pF,
        "g_l": G_L * nS,
        "g_na": G_NA * nS,
        "g_k": G_K * nS,
        "El": E_L * mV,
        "ENa": E_NA * mV,
        "EK": E_K * mV,
        "VT": V_T * mV,
        "Vs": V_TH * mV,
        "w": WEIGHT * nS,
    }
    cells = b2.NeuronGroup(
        task.n,
        """dv/dt = (g_l*(El - v) + drive + gap - g_na*(m*m*m)*h*(v - ENa) - g_k*(n*n*n*n)*(v - EK))/c_m : volt
           dm/dt = am*(1 - m) - bm*m : 1
           dn/dt = an*(1 - n) - bn*n : 1
           dh/dt = ah*(1 - h) - bh*h : 1
           u = (v - VT)/mV : 1
           am = 1.28/exprel((13 - u)/4)/ms : Hz
           bm = 1.4/exprel((u - 40)/5)/ms : Hz
           ah = 0.128*exp((17 - u)/18)/ms : Hz
           bh = 4/(1 + exp((40 - u)/5))/ms : Hz
           an = 0.16/exprel((15 - u)/5)/ms : Hz
           bn = 0.5*exp((10 - u)/40)/ms : Hz
           drive : amp (constant)
           gap : amp""",
        threshold="v > Vs",
        refractory=refractory_in_brian2(T_REF) * ms,
        method="exponential_euler",
        namespace=parameters,
    )
    drive, start = drawn(task.n, task.seed)
    cells.drive, cells.v = drive * pA, start * mV
    for gate in "mhn":
        setattr(cells, gate, f"a{gate}/(a{gate} + b{gate})")
    first, second = junctions(task.n, task.seed)
    gap = b2.Synapses(cells, cells, "gap_post = w*(v_pre - v_post) : amp (summed)", namespace=parameters)
    gap.connect(i=np.concatenate([first, second]), j=np.concatenate([second, first]))
    monitor = b2.SpikeMonitor(cells, record=False)
    return b2.Network(cells, gap, monitor), {"cells": monitor}


def in_nest(task):
    import nest
    import numpy as np

    nest.use_wfr = False  # its iterations are more accurate, and take several times as long
    drive, start = drawn(task.n, task.seed)
    parameters = {
        "C_m": C_M,
        "g_L": G_L,
        "g_Na": G_NA,
        "g_K": G_K,
        "E_L": E_L,
        "E_Na": E_NA,
        "E_K": E_K,
        "V_T": V_T,
        "t_ref": T_REF,
    }
    cells = nest.Create("hh_cond_beta_gap_traub", task.n, params=parameters)
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
