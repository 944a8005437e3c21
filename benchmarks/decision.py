"""Decision: the network of Wang (2002), in which two pools of cells compete through receptors that saturate.

2,000 cells, all connected to all, of which two pools of 240 get evidence: 51.2 % of it for the first pool, whose attractor
the network is in after half a second. The NMDA gate of each source is computed once. NEST has its approximate model
(`nest`) and one that is exact and keeps a gate for each synapse (`nest-exact`); they integrate with an adaptive step, Brian2
with Euler as in its own example, and brainsim with exponential Euler, or as Brian2 does (`brainsim-like-brian2`).
``choices.py`` compares what the networks choose.
Over 12 seeds, one second of brainsim has 31.7 Hz in pool A with a standard deviation of 2.0 Hz (B 1.69 and 0.13, other
excitatory cells 4.30 and 0.18, inhibitory ones 13.7 and 0.33). The tolerances are three times that of a difference.
"""

import functools

from harness import rounds
from harness.workload import Workload, refractory_in_brian2

# Wang (2002), doi:10.1016/S0896-6273(02)01092-9, with the stimulus of NEST's and Brian2's examples of it
E_CELLS = {"c_m": 500.0, "g_leak": 25.0, "t_ref": 2.0}  # pF, nS, ms
I_CELLS = {"c_m": 200.0, "g_leak": 20.0, "t_ref": 1.0}
V_REST, V_TH, V_RESET, E_EXC, E_INH = -70.0, -50.0, -55.0, 0.0, -70.0  # mV
TAU_AMPA, TAU_GABA, TAU_RISE, TAU_NMDA, ALPHA, MG = 2.0, 5.0, 2.0, 100.0, 0.5, 1.0  # ms, 1/ms, mM
TO_E = {"external": 2.1, "AMPA": 0.05, "NMDA": 0.165, "GABA": 1.3}  # nS
TO_I = {"external": 1.62, "AMPA": 0.04, "NMDA": 0.13, "GABA": 1.0}
DELAY, BACKGROUND = 0.5, 2400.0  # ms, Hz
SHARE, STRONGER = 0.15, 1.7  # of the excitatory cells in a pool; weights within a pool
WEAKER = 1.0 - SHARE * (STRONGER - 1.0) / (1.0 - SHARE)  # onto a pool from others
EVIDENCE, BASE, HELD = 0.512, 40.0, 50.0  # of the timed runs; Hz; ms for which a rate of the stimulus holds


def sizes(n):
    """Return the numbers of cells: two pools, the other excitatory cells, and the inhibitory ones."""
    exc = 4 * n // 5
    pool = round(SHARE * exc)
    return {"A": pool, "B": pool, "other": exc - 2 * pool, "I": n - exc}


def scale(n):
    """Return the factor of all recurrent weights: smaller networks have fewer inputs."""
    return 2000.0 / n


def stimulus(task):
    """Return the rates of the stimulus [Hz], one row for each 50 ms and a column for each pool; the last one stays."""
    return task.options.get("stimulus", [[BASE * (1.0 + EVIDENCE), BASE * (1.0 - EVIDENCE)]])


def relative(source, target):
    """Return the weight of excitatory connections between two populations, relative to the mean one."""
    if target not in "AB":
        return 1.0
    return STRONGER if source == target else WEAKER


def classes(like):
    """Return brainsim's classes of the cells and of the NMDA gate, or those that do what `like`, another simulator, does.

    Brian2's example takes steps of forward Euler. In NEST's approximate model a gate does not rise in time but jumps at a
    spike, by `jump` if it is closed and otherwise less, so that it has the right value long after one spike.
    """
    from scipy.special import gamma, gammainc

    import brainsim as bs

    class EulerLIF(bs.LIF):
        method = "euler"

    class JumpingNMDA(bs.GatedNMDA):
        gate = "ds/dt = -s/tau_decay"
        spike = "s = s*exp(-alpha*tau_rise) + jump"
        jump: float = bs.parameter(0.0, "", "value of a closed gate after a spike")

    if like == "brian2":
        return EulerLIF, functools.partial(bs.GatedNMDA, order=1)
    if like == "nest":
        opened, ratio = ALPHA * TAU_RISE, TAU_RISE / TAU_NMDA
        return bs.LIF, functools.partial(JumpingNMDA, jump=opened**ratio * gamma(1 - ratio) * gammainc(1 - ratio, opened))
    return bs.LIF, bs.GatedNMDA


def in_brainsim_like_brian2(task):
    task.options["like"] = "brian2"
    return in_brainsim(task)


def in_brainsim(task):
    import numpy as np

    import brainsim as bs

    cell, gate = classes(task.options.get("like"))
    ampa = bs.ExponentialConductance(tau=TAU_AMPA, e_rev=E_EXC, name="ampa")
    gaba = bs.ExponentialConductance(tau=TAU_GABA, e_rev=E_INH, name="gaba")
    nmda = gate(tau_rise=TAU_RISE, tau_decay=TAU_NMDA, alpha=ALPHA, mg=MG, e_rev=E_EXC, name="nmda")
    net, rule, cells = bs.Network(seed=task.seed), bs.AllToAll(autapses=True), {}
    for name, n in sizes(task.n).items():
        c_m, g_leak, t_ref = (I_CELLS if name == "I" else E_CELLS).values()
        model = cell(tau_m=c_m / g_leak, c_m=c_m, v_rest=V_REST, v_th=V_TH, v_reset=V_RESET, t_ref=t_ref)
        cells[name] = bs.Population(n, model, name=name)
    for target, post in cells.items():
        g = TO_I if target == "I" else TO_E
        net.stimulate(post, bs.PoissonInput(rate=BACKGROUND, weight=g["external"], synapse=ampa))
        for source, pre in cells.items():
            for key, synapse in (("GABA", gaba),) if source == "I" else (("AMPA", ampa), ("NMDA", nmda)):
                weight = g[key] * scale(task.n) * (1.0 if source == "I" else relative(source, target))
                net.connect(pre, post, rule, weight=weight, delay=DELAY, synapse=synapse)
    for pool, rates in zip("AB", np.transpose(stimulus(task)), strict=True):
        rate = bs.TimedArray(rates, dt=HELD)
        net.stimulate(cells[pool], bs.PoissonInput(rate=rate, weight=TO_E["external"], synapse=ampa))
    return net, {}


def in_brian2(task):
    import brian2 as b2
    import numpy as np

    ms, nS = b2.ms, b2.nS
    shared = {
        "V_E": E_EXC * b2.mV,
        "V_I": E_INH * b2.mV,
        "El": V_REST * b2.mV,
        "Vt": V_TH * b2.mV,
        "Vr": V_RESET * b2.mV,
        "tau_ampa": TAU_AMPA * ms,
        "tau_gaba": TAU_GABA * ms,
        "tau_rise": TAU_RISE * ms,
        "tau_nmda": TAU_NMDA * ms,
        "alpha": ALPHA / ms,
        "mg": MG,
    }
    membrane = """
        dv/dt = (g_l*(El - v) + g_ampa*(V_E - v) + g_gaba*(V_I - v)
                 + g_nmda*s_tot*(V_E - v)/(1 + exp(-0.062*v/mV)*mg/3.57))/c_m : volt (unless refractory)
        dg_ampa/dt = -g_ampa/tau_ampa : siemens
        dg_gaba/dt = -g_gaba/tau_gaba : siemens
        s_tot : 1
    """
    gate = """
        ds/dt = -s/tau_nmda + alpha*x*(1 - s) : 1
        dx/dt = -x/tau_rise : 1
    """

    def population(n, of, g, equations):
        here = {"g_l": of["g_leak"] * nS, "c_m": of["c_m"] * b2.pF, "g_nmda": g["NMDA"] * scale(task.n) * nS}
        group = b2.NeuronGroup(
            n,
            equations,
            threshold="v > Vt",
            reset="v = Vr",
            refractory=refractory_in_brian2(of["t_ref"]) * ms,
            method="euler",
            namespace=shared | here,
        )
        group.v = V_REST * b2.mV
        return group

    n = sizes(task.n)
    exc = population(n["A"] + n["B"] + n["other"], E_CELLS, TO_E, membrane + gate)
    inh = population(n["I"], I_CELLS, TO_I, membrane)
    cells = {"A": exc[: n["A"]], "B": exc[n["A"] : 2 * n["A"]], "other": exc[2 * n["A"] :], "I": inh}
    parts = [exc, inh]

    def connect(pre, post, effect, delay=DELAY, rule=None, **numbers):
        parts.append(b2.Synapses(pre, post, on_pre=effect, delay=delay * ms, namespace=numbers))
        parts[-1].connect(**(rule or {}))

    for post, g in ((exc, TO_E), (inh, TO_I)):
        parts.append(b2.PoissonInput(post, "g_ampa", 1000, BACKGROUND / 1000 * b2.Hz, g["external"] * nS))
        connect(inh, post, "g_gaba += w", w=g["GABA"] * scale(task.n) * nS)
    for target, post in cells.items():
        g = (TO_I if target == "I" else TO_E)["AMPA"]
        sources = {name: cells[name] for name in ("A", "B", "other")} if target in "AB" else {"E": exc}
        for source, pre in sources.items():
            connect(pre, post, "g_ampa += w", w=relative(source, target) * g * scale(task.n) * nS)
    # the gate belongs to the source; its sum over each population is passed on to all targets
    connect(exc, exc, "x_pre += 1", rule={"j": "i"})
    sums = b2.NeuronGroup(3, "s : 1")
    edges = np.array([0, n["A"], 2 * n["A"], 4 * task.n // 5])
    parts += [sums, b2.Synapses(exc, sums, "s_post = s_pre : 1 (summed)")]
    parts[-1].connect(i=np.arange(edges[-1]), j=np.repeat([0, 1, 2], np.diff(edges)))
    for post, names in ((exc, ("A", "B", "other")), (inh, ("I",))):
        parts.append(b2.Synapses(sums, post, "w : 1 (constant)\ns_tot_post = w*s_pre : 1 (summed)"))
        parts[-1].connect()
        weights = np.array([[relative(source, target) for target in names] for source in ("A", "B", "other")])
        parts[-1].w = np.repeat(weights, [n[name] for name in names], axis=1).ravel()
    signal = b2.TimedArray(np.array(stimulus(task)) * b2.Hz, dt=HELD * ms)
    for pool, name in enumerate("AB"):
        parts.append(b2.PoissonGroup(n[name], rates=f"signal(t, {pool})", namespace={"signal": signal}))
        connect(parts[-1], cells[name], "g_ampa += w", 0.0, {"j": "i"}, w=TO_E["external"] * nS)
    task.options["signal"] = signal
    record = task.options.get("record", False)
    monitors = {name: b2.SpikeMonitor(group, record=record) for name, group in cells.items()}
    return b2.Network(parts, list(monitors.values())), monitors


def in_nest(task):
    import nest
    import numpy as np

    model, cells, recorders = task.options.get("model", "iaf_bw_2001"), {}, {}
    for name, n in sizes(task.n).items():
        of = I_CELLS if name == "I" else E_CELLS
        parameters = {
            "C_m": of["c_m"],
            "g_L": of["g_leak"],
            "t_ref": of["t_ref"],
            "E_L": V_REST,
            "V_th": V_TH,
            "V_reset": V_RESET,
            "E_ex": E_EXC,
            "E_in": E_INH,
            "tau_AMPA": TAU_AMPA,
            "tau_GABA": TAU_GABA,
            "tau_rise_NMDA": TAU_RISE,
            "tau_decay_NMDA": TAU_NMDA,
            "alpha": ALPHA,
            "conc_Mg2": MG,
        }
        cells[name] = nest.Create(model, n, params=parameters)
        recorders[name] = nest.Create("spike_recorder")
        nest.Connect(cells[name], recorders[name])
    port = cells["A"][0].receptor_types

    def connect(pre, post, receptor, weight, delay=DELAY):
        nest.Connect(pre, post, "all_to_all", {"receptor_type": port[receptor], "weight": weight, "delay": delay})

    background = nest.Create("poisson_generator", params={"rate": BACKGROUND})
    for target, post in cells.items():
        g = TO_I if target == "I" else TO_E
        connect(background, post, "AMPA", g["external"], 0.1)
        for source, pre in cells.items():
            for key in ("GABA",) if source == "I" else ("AMPA", "NMDA"):
                factor = 1.0 if source == "I" else relative(source, target)
                connect(pre, post, key, factor * g[key] * scale(task.n))
    rates = np.array(stimulus(task))
    times = np.maximum(HELD * np.arange(len(rates)), 0.1)
    for pool, column in zip("AB", rates.T, strict=True):
        signal = {"rate_times": times, "rate_values": column}
        connect(nest.Create("inhomogeneous_poisson_generator", params=signal), cells[pool], "AMPA", TO_E["external"], 0.1)
    return recorders


def in_nest_exact(task):
    task.options["model"] = "iaf_bw_2001_exact"
    return in_nest(task)


WORKLOAD = Workload(
    name="Decision (Wang 2002)",
    n=2000,
    duration=1000.0,
    warm_up=500.0,
    populations=sizes,
    tolerance={"A": 0.27, "B": 0.32, "other": 0.18, "I": 0.1},
    fan_out=lambda n: {"A": n, "B": n, "other": n, "I": n},
    networks={
        "brainsim": in_brainsim,
        "brainsim-single": in_brainsim,
        "brainsim-like-brian2": in_brainsim_like_brian2,
        "brian2": in_brian2,
        "brian2-float32": in_brian2,
        "nest": in_nest,
        "nest-exact": in_nest_exact,
    },
    only=("brainsim", "brian2", "nest"),
)

if __name__ == "__main__":
    rounds.main(WORKLOAD)
