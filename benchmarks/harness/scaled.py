"""The network that `scaling` measures, in each simulator.

The rate is known in advance: each LIF cell has its own current, and its synapses, exponential currents, are too weak to
matter.
"""

import numpy as np

from .workload import DT, Workload, refractory_in_brian2

C_M, V_REST, V_TH, T_REF, TAU_SYN = 250.0, -65.0, -50.0, 2.0, 5.0  # pF, mV, mV, ms, ms
WEIGHT, DELAY = 1e-3, 1.5  # pA, ms
# all quantities but the one that varies: 30 million synapses, 300 million events per second
USUAL = {"n": 30_000, "k": 1000, "rate": 10.0, "delays": 1, "threads": 1, "ranks": 1, "populations": 1, "projections": 1}


def cell_rates(task):
    """Return the rate of each cell [Hz]: within a fifth of the rate of the task, so that cells do not synchronise."""
    return task.options["rate"] * np.random.default_rng(task.seed).uniform(0.8, 1.2, task.n)


def cells_of(task):
    """Return (tau_m of each population [ms], its slice of the cells, currents [pA] and first v [mV] of all cells).

    The membrane is four times faster than a cell fires, so that the current is well above threshold at any rate. Each
    population has another tau_m, since real populations have different parameters.
    """
    options = options_of(task)
    count = options["populations"]
    ends = np.linspace(0, task.n, count + 1).astype(int)
    taus = 250.0 / options["rate"] * (1.0 + 0.01 * np.arange(count) / count)
    tau = np.repeat(taus, np.diff(ends))
    period = 1000.0 / cell_rates(task)
    infinity = (V_TH - V_REST) / -np.expm1(-(period - T_REF) / tau)
    since = np.maximum(np.random.default_rng(task.seed + 1).uniform(0.0, period) - T_REF, 0.0)
    v = V_REST - infinity * np.expm1(-since / tau)
    return taus.tolist(), [slice(*pair) for pair in zip(ends[:-1], ends[1:], strict=True)], infinity * C_M / tau, v


def options_of(task):
    """Return the options of a task, with the usual values for missing ones."""
    return USUAL | task.options


def in_brainsim(task):
    import brainsim as bs

    options = options_of(task)
    taus, parts, currents, v = cells_of(task)
    net, synapse = bs.Network(seed=task.seed), bs.Exponential(tau=TAU_SYN)
    cells = []
    for i, (tau, part) in enumerate(zip(taus, parts, strict=True)):
        lif = bs.LIF(tau_m=tau, c_m=C_M, v_rest=V_REST, v_th=V_TH, v_reset=V_REST, t_ref=T_REF)
        cells.append(bs.Population(part.stop - part.start, lif, name=f"cells{i}", initial={"v": v[part]}))
        net.stimulate(cells[-1], bs.CurrentInput(currents[part]))
    steps, count = options["delays"], options["projections"]
    delay = DELAY if steps == 1 else bs.Uniform(DELAY - 0.5 * DT, DELAY + (steps - 0.5) * DT)
    for i, target in enumerate(cells):
        # a ring of populations: the number of synapses does not depend on that of the populations
        for k in range(count):
            share = options["k"] // count + (k < options["k"] % count)
            net.connect(
                cells[i - 1],
                target,
                bs.FixedIndegree(share, multapses=True),
                weight=WEIGHT * (1.0 + 0.01 * k / count),
                delay=delay,
                synapse=synapse,
                name=f"{i}:{k}",
            )
    return net, {}


def in_brian2(task):
    import brian2 as b2

    (tau,), _, currents, v = cells_of(task)
    ms, mV, pA = b2.ms, b2.mV, b2.pA
    known = {"taum": tau * ms, "taus": TAU_SYN * ms, "C": C_M * b2.pF, "Vr": V_REST * mV, "Vt": V_TH * mV, "w": WEIGHT * pA}
    cells = b2.NeuronGroup(
        task.n,
        """dv/dt = (Vr - v)/taum + (I + Iext)/C : volt (unless refractory)
           dI/dt = -I/taus : amp
           Iext : amp (constant)""",
        threshold="v > Vt",
        reset="v = Vr",
        refractory=refractory_in_brian2(T_REF) * ms,
        method="exact",
        namespace=known,
    )
    cells.v, cells.Iext = v * mV, currents * pA
    synapses = b2.Synapses(cells, cells, on_pre="I += w", delay=DELAY * ms, namespace=known)
    synapses.connect(p=min(1.0, task.options["k"] / task.n))
    monitors = {"all": b2.SpikeMonitor(cells, record=False)}
    return b2.Network(cells, synapses, *monitors.values()), monitors


def in_nest(task):
    import nest

    (tau,), _, currents, v = cells_of(task)
    known = {
        "E_L": V_REST,
        "V_th": V_TH,
        "V_reset": V_REST,
        "C_m": C_M,
        "tau_m": tau,
        "tau_syn_ex": TAU_SYN,
        "tau_syn_in": TAU_SYN,
        "t_ref": T_REF,
    }
    cells, recorder = nest.Create("iaf_psc_exp", task.n, params=known), nest.Create("spike_recorder")
    cells.set(V_m=v.tolist(), I_e=currents.tolist())
    # the synapse model that needs least memory: one weight for all
    nest.CopyModel("static_synapse_hom_w", "weak", {"weight": WEIGHT})
    rule = {"rule": "fixed_indegree", "indegree": task.options["k"]}
    nest.Connect(cells, cells, rule, {"synapse_model": "weak", "delay": DELAY})
    nest.Connect(cells, recorder)
    return {"all": recorder}


WORKLOAD = Workload(
    name="Scaling",
    n=USUAL["n"],
    duration=1000.0,
    populations=lambda n: {"all": n},
    fan_out=lambda n: {"all": USUAL["k"]},
    networks={
        "brainsim": in_brainsim,
        "brainsim-single": in_brainsim,
        "brian2": in_brian2,
        "brian2-float32": in_brian2,
        "nest": in_nest,
    },
)
