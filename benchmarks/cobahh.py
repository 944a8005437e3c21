"""COBAHH: 4,000 Hodgkin-Huxley cells with conductances that sustain themselves (Brette et al. 2007, benchmark 3).

NEST integrates the cells with an adaptive step and counts a spike at its peak. The others take one fixed step of exponential
Euler, with which cells fire a few per cent slower, and count a spike when v crosses -20 mV.
"""

from harness import brette, rounds, traub_miles
from harness.simulators import OF_BRIAN2
from harness.traub_miles import C_M, E_K, E_L, E_NA, G_K, G_L, G_NA, T_REF, V_T, V_TH
from harness.workload import Workload, four_to_one

TAU_EXC, TAU_INH, E_EXC, E_INH = 5.0, 10.0, 0.0, -80.0  # ms, ms, mV, mV
W_EXC, W_INH = 6.0, 67.0  # nS
# mean and spread at the start, cut at 0 (mV, nS, nS)
V_START, G_EXC_START, G_INH_START = (-65.0, 5.0), (40.0, 15.0), (200.0, 120.0)


def in_brainsim(task):
    import numpy as np

    import brainsim as bs

    cells = bs.Population(task.n, traub_miles.in_brainsim(), name="cells", initial={"v": bs.Normal(*V_START)})
    ampa = bs.ExponentialConductance(tau=TAU_EXC, e_rev=E_EXC, name="ampa")
    gaba = bs.ExponentialConductance(tau=TAU_INH, e_rev=E_INH, name="gaba")
    net = brette.in_brainsim(cells, task.seed, (W_EXC, W_INH), (ampa, gaba))
    rng = np.random.default_rng(task.seed)
    start = {"ampa.g": G_EXC_START, "gaba.g": G_INH_START}
    return net, {name: np.maximum(rng.normal(*spread, task.n), 0.0) for name, spread in start.items()}


def in_brian2(task):
    import brian2 as b2

    ms, mV, nS = b2.ms, b2.mV, b2.nS
    parameters = {
        "taue": TAU_EXC * ms,
        "taui": TAU_INH * ms,
        "Ee": E_EXC * mV,
        "Ei": E_INH * mV,
        "we": W_EXC * nS,
        "wi": W_INH * nS,
    }
    conductances = "dge/dt = -ge/taue : siemens\ndgi/dt = -gi/taui : siemens"
    cells = traub_miles.in_brian2(task.n, "ge*(Ee - v) + gi*(Ei - v)", conductances, parameters)
    cells.v = f"({V_START[0]} + {V_START[1]}*randn())*mV"
    traub_miles.start_gates(cells)
    cells.ge = f"clip({G_EXC_START[0]} + {G_EXC_START[1]}*randn(), 0, inf)*nS"
    cells.gi = f"clip({G_INH_START[0]} + {G_INH_START[1]}*randn(), 0, inf)*nS"
    return brette.in_brian2(cells, parameters)


def in_nest(task):
    import nest

    reversals = {"E_ex": E_EXC, "E_in": E_INH, "tau_syn_ex": TAU_EXC, "tau_syn_in": TAU_INH}
    cells = nest.Create("hh_cond_exp_traub", task.n, params=traub_miles.IN_NEST | reversals)
    cells.V_m = nest.random.normal(*V_START)
    # its conductances cannot be set: spikes for the first 50 ms start the activity
    kick = nest.Create("poisson_generator", params={"rate": 300.0, "stop": 50.0})
    nest.Connect(kick, cells, syn_spec={"weight": 4 * W_EXC, "delay": brette.DELAY})
    # a negative weight stands for an inhibitory conductance
    return brette.in_nest(cells, W_EXC, -W_INH)


def in_genn(task):
    import numpy as np
    import pygenn as g

    model = task.options["model"]
    code = f"""
        const scalar u = V - ({V_T});
        scalar x = (13 - u)/4;
        const scalar am = 1.28*(fabs(x) < 1e-4 ? 1 : x/(exp(x) - 1));
        x = (u - 40)/5;
        const scalar bm = 1.4*(fabs(x) < 1e-4 ? 1 : x/(exp(x) - 1));
        const scalar ah = 0.128*exp((17 - u)/18), bh = 4/(1 + exp((40 - u)/5));
        x = (15 - u)/5;
        const scalar an = 0.16*(fabs(x) < 1e-4 ? 1 : x/(exp(x) - 1)), bn = 0.5*exp((10 - u)/40);
        const scalar gna = {G_NA}*m*m*m*h, gk = {G_K}*n*n*n*n, g = {G_L} + Isyn + Gi + gna + gk;
        const scalar rest = ({G_L}*({E_L}) + Isyn*({E_EXC}) + Gi*({E_INH}) + gna*({E_NA}) + gk*({E_K}))/g;
        V = rest + (V - rest)*exp(-dt*g/{C_M});
        m = am/(am + bm) + (m - am/(am + bm))*exp(-dt*(am + bm));
        h = ah/(ah + bh) + (h - ah/(ah + bh))*exp(-dt*(ah + bh));
        n = an/(an + bn) + (n - an/(an + bn))*exp(-dt*(an + bn));
        left -= dt;"""
    variables = [(name, "scalar") for name in ("V", "m", "h", "n", "left")]
    cell = g.create_neuron_model(
        "hh",
        vars=[*variables, ("spikes", "unsigned int")],
        additional_input_vars=[("Gi", "scalar", 0.0)],
        sim_code=code,
        threshold_condition_code=f"left <= 0 && V > {V_TH}",
        reset_code=f"left = {T_REF}; spikes++;",
    )
    receptor = g.create_postsynaptic_model(
        "conductance",
        params=["tau"],
        derived_params=[("decay", lambda p, dt: np.exp(-dt / p["tau"]))],
        sim_code="injectCurrent(inSyn); inSyn *= decay;",
    )
    sizes = four_to_one(task.n)
    start = {"V": 0.0, "m": 0.0, "h": 0.0, "n": 0.0, "left": 0.0, "spikes": 0}
    groups = {name: model.add_neuron_population(name, count, cell, {}, start) for name, count in sizes.items()}
    wiring = g.init_sparse_connectivity("FixedProbability", {"prob": brette.IN_DEGREE / task.n})
    for source, tau, weight in (("E", TAU_EXC, W_EXC), ("I", TAU_INH, W_INH)):
        for target in sizes:
            projection = model.add_synapse_population(
                source + target,
                "SPARSE",
                groups[source],
                groups[target],
                g.init_weight_update("StaticPulseConstantWeight", {"g": weight}),
                g.init_postsynaptic(receptor, {"tau": tau}),
                wiring,
            )
            if source == "I":
                projection.post_target_var = "Gi"
    # its conductances start at 0: a seventh of the cells start above threshold and activate the others
    rng = np.random.default_rng(task.seed)
    v = [np.where(rng.random(n) < 0.15, -15.0, rng.normal(*V_START, n)) for n in sizes.values()]
    return groups, {"V": v}


def in_annarchy(task):
    import ANNarchy

    network = task.options["network"]
    cell = ANNarchy.Neuron(
        parameters={
            "C": C_M,
            "gl": G_L,
            "gna": G_NA,
            "gk": G_K,
            "El": E_L,
            "ENa": E_NA,
            "EK": E_K,
            "VT": V_T,
            "Vs": V_TH,
            "taue": TAU_EXC,
            "taui": TAU_INH,
            "Ee": E_EXC,
            "Ei": E_INH,
        },
        equations="""
            u = v - VT
            am = 0.32*(13.0 - u)/(exp((13.0 - u)/4.0) - 1.0)
            bm = 0.28*(u - 40.0)/(exp((u - 40.0)/5.0) - 1.0)
            ah = 0.128*exp((17.0 - u)/18.0)
            bh = 4.0/(1.0 + exp((40.0 - u)/5.0))
            an = 0.032*(15.0 - u)/(exp((15.0 - u)/5.0) - 1.0)
            bn = 0.5*exp((10.0 - u)/40.0)
            dm/dt = am*(1.0 - m) - bm*m : exponential
            dh/dt = ah*(1.0 - h) - bh*h : exponential
            dn/dt = an*(1.0 - n) - bn*n : exponential
            I = gl*(El - v) + g_exc*(Ee - v) + g_inh*(Ei - v)
            C*dv/dt = I - gna*m*m*m*h*(v - ENa) - gk*n*n*n*n*(v - EK) : exponential
            taue*dg_exc/dt = -g_exc : exponential
            taui*dg_inh/dt = -g_inh : exponential
            left = left - dt
        """,
        spike="(v > Vs) and (left <= 0.0)",
        reset=f"left = {T_REF}",
    )
    cells = network.create(geometry=task.n, neuron=cell)
    cells.v = ANNarchy.Normal(*V_START)
    cells.g_exc = ANNarchy.Normal(*G_EXC_START, min=0.0)
    cells.g_inh = ANNarchy.Normal(*G_INH_START, min=0.0)
    n_exc = four_to_one(task.n)["E"]
    parts = {"E": cells[:n_exc], "I": cells[n_exc:]}
    for name, receptor, weight in (("E", "exc", W_EXC), ("I", "inh", W_INH)):
        projection = network.connect(parts[name], cells, receptor)
        projection.fixed_probability(probability=brette.IN_DEGREE / task.n, weights=weight, allow_self_connections=True)
    return {name: network.monitor(part, "spike") for name, part in parts.items()}


WORKLOAD = Workload(
    name="COBAHH",
    n=4000,
    duration=2000.0,
    populations=four_to_one,
    # three standard deviations of the difference of two wirings, whose rates scatter by 7 and 3.5 % in brainsim and Brian2
    tolerance={"E": 0.31, "I": 0.15},
    fan_out=lambda n: {"E": brette.IN_DEGREE, "I": brette.IN_DEGREE},
    only=("brainsim", "brian2", "genn:1", "annarchy", "nest"),
    networks={
        "brainsim": in_brainsim,
        "brainsim-single": in_brainsim,
        **dict.fromkeys(OF_BRIAN2, in_brian2),
        "nest": in_nest,
        "genn": in_genn,
        "annarchy": in_annarchy,
    },
)

if __name__ == "__main__":
    rounds.main(WORKLOAD)
