"""The cortical microcircuit of Potjans and Diesmann (2014): 77,169 cells, 299 million synapses, Poisson background.

``python benchmarks/microcircuit.py``. A ``--scale`` below 1 reduces cells and in-degrees by the same factor and compensates
mean and variance of the input, as published. Processes run one after the other, since NEST needs 14.5 GB at full scale.
"""

import math

import numpy as np
from harness import rounds
from harness.workload import DT, Workload, refractory_in_brian2

from brainsim.examples import microcircuit as circuit

NAMES = circuit.POPULATIONS
DELAY_MEAN, DELAY_SPREAD, DELAY_EXTERNAL = (1.5, 0.75), 0.5, 1.5  # ms (of E and I), relative, ms


def scale_of(n):
    """Return `n` as a share of the full number of cells, without the effect of rounding to whole cells."""
    return round(n / int(circuit.CELLS.sum()), 4)


def populations(n):
    """Return the number of cells of each population."""
    return {name: max(round(scale_of(n) * count), 1) for name, count in zip(NAMES, circuit.CELLS.tolist(), strict=True)}


def synapses(n):
    """Return the numbers of synapses between the populations, shape (targets, sources)."""
    return np.rint(scale_of(n) ** 2 * circuit.synapses(circuit.PROBABILITY, circuit.CELLS)).astype(int)


def fan_out(n):
    """Return the number of synapses that a spike of each population reaches."""
    return {name: int(k) / populations(n)[name] for name, k in zip(NAMES, synapses(n).sum(0), strict=True)}


def weights(n):
    """Return (mean weights of the synapses, shape (targets, sources), weight of an external event) [pA]."""
    root = math.sqrt(scale_of(n))
    return circuit.weights() / root, circuit.psc() / root


def external(n):
    """Return the number of external inputs of the cells of each population."""
    return [round(scale_of(n) * int(k)) for k in circuit.K_BACKGROUND]


def in_brainsim(task):
    scale = scale_of(task.n)
    return circuit.build(scale=scale, k_scale=scale, seed=task.seed)[0], {}


def in_brian2(task):
    import brian2 as b2

    ms, mV, pA = b2.ms, b2.mV, b2.pA
    counts = list(populations(task.n).values())
    first, of = np.concatenate([[0], np.cumsum(counts)]), np.repeat(np.arange(8), counts)
    parameters = {
        "taum": circuit.TAU_M * ms,
        "taus": circuit.TAU_SYN * ms,
        "C": circuit.C_M * b2.pF,
        "Vr": circuit.V_REST * mV,
        "Vt": circuit.V_TH * mV,
    }
    inputs = "\n".join(f"p{k} : 1 (constant)\nw{k} : amp (constant)" for k in range(8))
    cells = b2.NeuronGroup(
        first[-1],
        f"""dv/dt = (Vr - v)/taum + (I + Idc)/C : volt (unless refractory)
            dI/dt = -I/taus : amp
            Idc : amp (constant)
            {inputs}""",
        threshold="v >= Vt",
        reset="v = Vr",
        refractory=refractory_in_brian2(circuit.T_REF) * ms,
        method="exact",
        namespace=parameters,
    )
    cells.v = np.random.default_rng(task.seed).normal(np.array(circuit.V_MEAN)[of], np.array(circuit.V_SD)[of]) * mV
    cells.Idc = circuit.compensation(scale_of(task.n), "poisson")[of] * pA
    sections = [cells[a:b] for a, b in zip(first[:-1], first[1:], strict=True)]
    (mean, drive), share = weights(task.n), synapses(task.n) / np.outer(counts, counts)
    projections = []
    for pre, source in enumerate(sections):
        # one object for each source population: quantities that depend on the target are variables of the target
        setattr(cells, f"p{pre}", share[of, pre])
        setattr(cells, f"w{pre}", mean[of, pre] * pA)
        projection = b2.Synapses(source, cells, "w : amp", on_pre="I += w", name=f"from_{NAMES[pre]}")
        projection.connect(p=f"p{pre}_post")
        low, high = ("-1*amp", "0*amp") if pre % 2 else ("0*amp", "1*amp")
        projection.w = f"clip(w{pre}_post*(1 + {circuit.SPREAD}*randn()), {low}, {high})"
        projection.delay = f"clip({DELAY_MEAN[pre % 2]}*ms*(1 + {DELAY_SPREAD}*randn()), {DT}*ms, 1*second)"
        projections.append(projection)
    drives = [
        b2.PoissonInput(section, "I", N=count, rate=circuit.BACKGROUND * b2.Hz, weight=drive * pA)
        for section, count in zip(sections, external(task.n), strict=True)
    ]
    monitors = {name: b2.SpikeMonitor(section, record=False) for name, section in zip(NAMES, sections, strict=True)}
    return b2.Network(cells, projections, drives, list(monitors.values())), monitors


def in_nest(task, rule=None):
    """Return the recorders; with a `rule`, parameters of STDP, all synapses between excitatory cells learn."""
    import nest

    parameters = {
        "E_L": circuit.V_REST,
        "V_th": circuit.V_TH,
        "V_reset": circuit.V_REST,
        "C_m": circuit.C_M,
        "tau_m": circuit.TAU_M,
        "tau_syn_ex": circuit.TAU_SYN,
        "tau_syn_in": circuit.TAU_SYN,
        "t_ref": circuit.T_REF,
        **({"tau_minus": rule["tau_plus"]} if rule else {}),
    }
    cells, recorders, current = [], {}, circuit.compensation(scale_of(task.n), "poisson")
    for k, (name, n) in enumerate(populations(task.n).items()):
        cells.append(nest.Create("iaf_psc_exp", n, params=parameters | {"I_e": float(current[k])}))
        cells[-1].V_m = nest.random.normal(circuit.V_MEAN[k], circuit.V_SD[k])
        # a thread holds at most 2^27 connections of one synapse model: one model for each source
        nest.CopyModel("static_synapse", f"from_{name}")
    # devices after all cells: among the cells they slow down NEST's search for each connected cell, by 25 minutes in all
    for name, population in zip(NAMES, cells, strict=True):
        recorders[name] = nest.Create("spike_recorder")
        nest.Connect(population, recorders[name])
    (means, drive), redraw, normal = weights(task.n), nest.math.redraw, nest.random.normal
    for (post, pre), count in np.ndenumerate(synapses(task.n)):
        mean, delay = float(means[post, pre]), DELAY_MEAN[pre % 2]
        low, high = (-math.inf, 0.0) if pre % 2 else (0.0, math.inf)
        model = f"from_{NAMES[pre]}"
        if rule and not (pre % 2 or post % 2):
            model = f"plastic_{NAMES[pre]}_{NAMES[post]}"
            nest.CopyModel("stdp_synapse_hom_hpc", model, rule | {"Wmax": 3.0 * mean})
        if count:
            nest.Connect(
                cells[pre],
                cells[post],
                {"rule": "fixed_total_number", "N": int(count)},
                {
                    "synapse_model": model,
                    "weight": redraw(normal(mean, circuit.SPREAD * abs(mean)), min=low, max=high),
                    "delay": redraw(normal(delay, DELAY_SPREAD * delay), min=DT, max=math.inf),
                },
            )
    for target, count in zip(cells, external(task.n), strict=True):
        poisson = nest.Create("poisson_generator", params={"rate": circuit.BACKGROUND * count})
        nest.Connect(poisson, target, "all_to_all", {"weight": drive, "delay": DELAY_EXTERNAL})
    return recorders


def in_genn(task):
    import pygenn as g

    model, background = task.options["model"], circuit.compensation(scale_of(task.n), "poisson")
    cell = g.create_neuron_model(
        "lif",
        params=["Ioff"],
        vars=[("V", "scalar"), ("left", "scalar"), ("spikes", "unsigned int")],
        derived_params=[("decay", lambda p, dt: math.exp(-dt / circuit.TAU_M))],
        sim_code=f"""if(left <= 0) {{
            const scalar rest = (Isyn + Ioff)*{circuit.TAU_M / circuit.C_M} + ({circuit.V_REST});
            V = rest - decay*(rest - V);
        }} else {{ left -= dt; }}""",
        threshold_condition_code=f"left <= 0 && V >= {circuit.V_TH}",
        reset_code=f"V = {circuit.V_REST}; left = {circuit.T_REF}; spikes++;",
    )
    (means, drive), groups = weights(task.n), {}
    for k, (name, n) in enumerate(populations(task.n).items()):
        start = {"V": g.init_var("Normal", {"mean": circuit.V_MEAN[k], "sd": circuit.V_SD[k]}), "left": 0.0, "spikes": 0}
        group = model.add_neuron_population(name, n, cell, {"Ioff": float(background[k])}, start)
        rate = circuit.BACKGROUND * external(task.n)[k]
        model.add_current_source(
            f"to_{name}",
            "PoissonExp",
            group,
            {"weight": float(drive), "tauSyn": circuit.TAU_SYN, "rate": rate},
            {"current": 0.0},
        )
        groups[name] = group
    for (post, pre), count in np.ndenumerate(synapses(task.n)):
        mean, delay = float(means[post, pre]), DELAY_MEAN[pre % 2]
        low, high = (-3e38, 0.0) if pre % 2 else (0.0, 3e38)
        if count:
            w = g.init_var("NormalClipped", {"mean": mean, "sd": circuit.SPREAD * abs(mean), "min": low, "max": high})
            d = g.init_var("NormalClippedDelay", {"mean": delay, "sd": DELAY_SPREAD * delay, "min": 0.0, "max": 6.0})
            projection = model.add_synapse_population(
                f"{NAMES[pre]}_{NAMES[post]}",
                "SPARSE",
                groups[NAMES[pre]],
                groups[NAMES[post]],
                g.init_weight_update("StaticPulseDendriticDelay", {}, {"g": w, "d": d}),
                g.init_postsynaptic("ExpCurr", {"tau": circuit.TAU_SYN}),
                g.init_sparse_connectivity("FixedNumberTotalWithReplacement", {"num": int(count)}),
            )
            projection.max_dendritic_delay_timesteps = 62
    return groups, {}


WORKLOAD = Workload(
    name="Cortical microcircuit",
    n=int(circuit.CELLS.sum()),
    scaled=True,
    duration=1000.0,
    populations=populations,
    fan_out=fan_out,
    apart=True,
    only=("brainsim", "brian2-float32:1", "genn:1", "nest:2"),
    # over one second the rates differ by up to a fifth between random wirings
    tolerance=0.25,
    networks={
        "brainsim": in_brainsim,
        "brainsim-single": in_brainsim,
        "brian2": in_brian2,
        "brian2-float32": in_brian2,
        "nest": in_nest,
        "genn": in_genn,
    },
)

if __name__ == "__main__":
    rounds.main(WORKLOAD)
