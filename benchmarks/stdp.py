"""STDP: 10,000 cells, 1,250 inputs each, additive STDP on all synapses between excitatory cells, delay 1.5 ms.

Inhibition is 6 times as strong as excitation, and Poisson events bring the mean of a cell to its threshold. The peers have
their fastest form of the rule: one trace for each cell in Brian2 and GeNN, parameters shared by all synapses and short
addresses of targets in NEST, where the whole delay is dendritic.
"""

import math

from harness import rounds
from harness.simulators import OF_BRIAN2
from harness.workload import DT, Workload, four_to_one, refractory_in_brian2

TAU_M, V_TH, V_RESET, T_REF, DELAY = 20.0, 20.0, 10.0, 2.0, 1.5  # ms, mV, mV, ms, ms
G = 6.0
TAU_STDP, A_PLUS, A_MINUS = 20.0, 5e-4, 1.05 * 5e-4  # ms; changes in parts of the largest weight, twice the initial one


def in_degrees(n):
    """Return the number of inputs of a cell from each population: an eighth of the population."""
    return {name: count // 8 for name, count in four_to_one(n).items()}


def weight(n):
    """Return the initial excitatory weight [mV]: 0.1 for 1,000 excitatory inputs, larger for fewer."""
    return 0.1 * 1000.0 / in_degrees(n)["E"]


def drive(n):
    """Return the rate of the external events of a cell [Hz], which keeps its mean at threshold."""
    return 1000.0 * V_TH / (weight(n) * TAU_M)


def fan_out(n):
    """Return the number of synapses that a spike reaches: all in-degrees divided by the number of sources."""
    return {name: in_degrees(n)[name] * n / count for name, count in four_to_one(n).items()}


def updates(n):
    """Return the number of weights that a spike changes: those from an excitatory cell and those onto it."""
    return {"E": 2 * in_degrees(n)["E"], "I": 0}


def in_brainsim(task):
    import brainsim as bs

    lif = bs.LIF(tau_m=TAU_M, v_rest=0.0, v_th=V_TH, v_reset=V_RESET, t_ref=T_REF)
    cells = bs.Population(task.n, lif, name="cells", initial={"v": bs.Uniform(0.0, V_TH)})
    n_exc, k, j = four_to_one(task.n)["E"], in_degrees(task.n), weight(task.n)
    exc, inh, delta = cells[:n_exc], cells[n_exc:], bs.Delta()
    rule = bs.STDP(tau_plus=TAU_STDP, tau_minus=TAU_STDP, a_plus=A_PLUS, a_minus=A_MINUS, w_max=2.0 * j)
    net = bs.Network(seed=task.seed)
    net.connect(exc, exc, bs.FixedIndegree(k["E"]), weight=j, delay=DELAY, synapse=delta, plasticity=rule)
    net.connect(exc, inh, bs.FixedIndegree(k["E"]), weight=j, delay=DELAY, synapse=delta)
    net.connect(inh, cells, bs.FixedIndegree(k["I"]), weight=-G * j, delay=DELAY, synapse=delta)
    net.stimulate(cells, bs.PoissonInput(rate=drive(task.n), weight=j, synapse=delta))
    return net, {}


def in_brian2(task):
    import brian2 as b2

    ms, mV = b2.ms, b2.mV
    n_exc, k, j = four_to_one(task.n)["E"], in_degrees(task.n), weight(task.n) * mV
    parameters = {
        "tau": TAU_M * ms,
        "theta": V_TH * mV,
        "Vr": V_RESET * mV,
        "J": j,
        "gJ": G * j,
        "tau_x": TAU_STDP * ms,
        "w_max": 2.0 * j,
        "up": A_PLUS * 2.0 * j,
        "down": A_MINUS * 2.0 * j,
    }
    cells = b2.NeuronGroup(
        task.n,
        """dv/dt = -v/tau : volt (unless refractory)
           dx/dt = -x/tau_x : 1""",
        threshold="v > theta",
        reset="v = Vr; x += 1",
        refractory=refractory_in_brian2(T_REF) * ms,
        method="exact",
        namespace=parameters,
    )
    cells.v = "rand()*theta"
    exc, inh = cells[:n_exc], cells[n_exc:]
    plastic = b2.Synapses(
        exc,
        exc,
        "w : volt",
        on_pre="v_post += w; w = clip(w - down*x_post, 0*volt, w_max)",
        on_post="w = clip(w + up*x_pre, 0*volt, w_max)",
        namespace=parameters,
    )
    plastic.connect(p=k["E"] / n_exc)  # creates the synapses in the order of their sources, which is the fastest one
    plastic.w = j
    plastic.pre.delay = DELAY * ms
    synapses = [
        b2.Synapses(exc, inh, on_pre="v += J", delay=DELAY * ms, namespace=parameters),
        b2.Synapses(inh, cells, on_pre="v -= gJ", delay=DELAY * ms, namespace=parameters),
    ]
    for projection, share in zip(synapses, (k["E"] / n_exc, k["I"] / (task.n - n_exc)), strict=True):
        projection.connect(p=share)
    external = b2.PoissonInput(cells, "v", N=k["E"], rate=drive(task.n) / k["E"] * b2.Hz, weight=j)
    monitors = {"E": b2.SpikeMonitor(exc, record=False), "I": b2.SpikeMonitor(inh, record=False)}
    return b2.Network(cells, plastic, synapses, external, list(monitors.values())), monitors


def in_nest(task):
    import nest

    cell = {"C_m": 1.0, "tau_m": TAU_M, "E_L": 0.0, "V_th": V_TH, "V_reset": V_RESET, "t_ref": T_REF}
    n_exc, k, j = four_to_one(task.n)["E"], in_degrees(task.n), weight(task.n)
    exc = nest.Create("iaf_psc_delta", n_exc, params=cell | {"tau_minus": TAU_STDP})
    inh = nest.Create("iaf_psc_delta", task.n - n_exc, params=cell)
    cells = exc + inh
    cells.V_m = nest.random.uniform(0.0, V_TH)
    rule = {"tau_plus": TAU_STDP, "Wmax": 2.0 * j, "mu_plus": 0.0, "mu_minus": 0.0, "lambda": A_PLUS}
    nest.CopyModel("stdp_synapse_hom_hpc", "plastic", rule | {"alpha": A_MINUS / A_PLUS})
    k_exc, k_inh = ({"rule": "fixed_indegree", "indegree": k[name]} for name in "EI")
    nest.Connect(exc, exc, k_exc, {"synapse_model": "plastic", "weight": j, "delay": DELAY})
    nest.Connect(exc, inh, k_exc, {"weight": j, "delay": DELAY})
    nest.Connect(inh, cells, k_inh, {"weight": -G * j, "delay": DELAY})
    external = nest.Create("poisson_generator", params={"rate": drive(task.n)})
    nest.Connect(external, cells, "all_to_all", {"weight": j, "delay": DELAY})
    recorders = {}
    for name, part in (("E", exc), ("I", inh)):
        recorders[name] = nest.Create("spike_recorder")
        nest.Connect(part, recorders[name])
    return recorders


def in_genn(task):
    import pygenn as g

    model, k, j = task.options["model"], in_degrees(task.n), weight(task.n)
    cell, plastic = _genn_cell(g, task.n), _genn_rule(g, j)
    groups = {}
    for name, count in four_to_one(task.n).items():
        start = {"V": g.init_var("Uniform", {"min": 0.0, "max": V_TH}), "left": 0.0, "spikes": 0}
        groups[name] = model.add_neuron_population(name, count, cell, {}, start)
    for source, value in (("E", j), ("I", -G * j)):
        wiring = g.init_sparse_connectivity("FixedNumberPreWithReplacement", {"num": k[source]})
        for target in groups:
            static = g.init_weight_update("StaticPulseConstantWeight", {"g": value})
            rule = g.init_weight_update(plastic, {}, {"w": j}, {"x": 0.0}, {"y": 0.0}) if source + target == "EE" else static
            ends = groups[source], groups[target]
            projection = model.add_synapse_population(
                source + target, "SPARSE", *ends, rule, g.init_postsynaptic("DeltaCurr"), wiring
            )
            projection.axonal_delay_steps = round(DELAY / DT) - 1  # one more step passes before a spike acts
    return groups, {}


def _genn_cell(g, n):
    """Return the model of the cells; each samples its own Poisson events."""
    return g.create_neuron_model(
        "lif",
        vars=[("V", "scalar"), ("left", "scalar"), ("spikes", "unsigned int")],
        params=[],
        sim_code=f"""
            scalar p = 1.0;
            unsigned int events = 0;
            do {{ events++; p *= gennrand_uniform(); }} while (p > {math.exp(-1e-3 * drive(n) * DT)});
            if (left <= 0.0) V = {math.exp(-DT / TAU_M)}*V + Isyn + {weight(n)}*(scalar)(events - 1);
            else left -= dt;""",
        threshold_condition_code=f"left <= 0.0 && V > {V_TH}",
        reset_code=f"V = {V_RESET}; left = {T_REF}; spikes++;",
    )


def _genn_rule(g, j):
    """Return the rule with one trace for each cell."""
    return g.create_weight_update_model(
        "stdp",
        vars=[("w", "scalar")],
        pre_vars=[("x", "scalar")],
        post_vars=[("y", "scalar")],
        pre_spike_syn_code=f"addToPost(w); w = fmax(0.0, w - {A_MINUS * 2.0 * j}*y);",
        post_spike_syn_code=f"w = fmin({2.0 * j}, w + {A_PLUS * 2.0 * j}*x);",
        pre_spike_code="x += 1.0;",
        post_spike_code="y += 1.0;",
        pre_dynamics_code=f"x *= {math.exp(-DT / TAU_STDP)};",
        post_dynamics_code=f"y *= {math.exp(-DT / TAU_STDP)};",
    )


WORKLOAD = Workload(
    name="STDP",
    n=10_000,
    duration=1000.0,
    populations=four_to_one,
    tolerance=0.1,
    fan_out=fan_out,
    updates=updates,
    only=("brainsim", "brian2", "nest", "genn:1"),
    networks={
        "brainsim": in_brainsim,
        "brainsim-single": in_brainsim,
        **dict.fromkeys(OF_BRIAN2, in_brian2),
        "nest": in_nest,
        "genn": in_genn,
    },
)

if __name__ == "__main__":
    rounds.main(WORKLOAD)
