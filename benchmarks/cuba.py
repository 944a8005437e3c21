"""CUBA: 4,000 cells with exponential currents that sustain themselves (Brette et al. 2007, benchmark 2).

``python benchmarks/cuba.py`` or, sixteen times larger with the same number of synapses per cell, ``--n 64000``. With 4,000
cells the rates depend on the random wiring: 5.5 Hz with a standard deviation of 0.24 Hz over 24 wirings (inhibitory: 5.6 and
0.07 Hz), hence the tolerances.
"""

from harness import rounds
from harness.workload import Workload, four_to_one, refractory_in_brian2

TAU_M, C_M, V_REST, V_TH, V_RESET, T_REF = 20.0, 200.0, -49.0, -50.0, -60.0, 5.0  # ms, pF, mV, mV, mV, ms
TAU_EXC, TAU_INH, DELAY = 5.0, 10.0, 0.1  # ms
W_EXC, W_INH = 1.62, -9.0  # mV: a current in units of the leak conductance C_M / TAU_M
TO_PA = C_M / TAU_M
IN_DEGREE = 80.0


def in_brainsim(task):
    import brainsim as bs

    lif = bs.LIF(tau_m=TAU_M, c_m=C_M, v_rest=V_REST, v_th=V_TH, v_reset=V_RESET, t_ref=T_REF)
    cells = bs.Population(task.n, lif, name="cells", initial={"v": bs.Uniform(V_RESET, V_TH)})
    n_exc, random = four_to_one(task.n)["E"], bs.FixedProbability(IN_DEGREE / task.n)
    net = bs.Network(seed=task.seed)
    net.connect(cells[:n_exc], cells, random, weight=W_EXC * TO_PA, delay=DELAY, synapse=bs.Exponential(tau=TAU_EXC))
    net.connect(cells[n_exc:], cells, random, weight=W_INH * TO_PA, delay=DELAY, synapse=bs.Exponential(tau=TAU_INH))
    return net, {}


def in_brian2(task):
    import brian2 as b2

    ms, mV = b2.ms, b2.mV
    parameters = {
        "taum": TAU_M * ms,
        "taue": TAU_EXC * ms,
        "taui": TAU_INH * ms,
        "Vt": V_TH * mV,
        "Vr": V_RESET * mV,
        "El": V_REST * mV,
        "we": W_EXC * mV,
        "wi": W_INH * mV,
    }
    cells = b2.NeuronGroup(
        task.n,
        """dv/dt = (ge + gi - (v - El))/taum : volt (unless refractory)
           dge/dt = -ge/taue : volt
           dgi/dt = -gi/taui : volt""",
        threshold="v > Vt",
        reset="v = Vr",
        refractory=refractory_in_brian2(T_REF) * ms,
        method="exact",
        namespace=parameters,
    )
    cells.v = "Vr + rand()*(Vt - Vr)"
    n_exc = four_to_one(task.n)["E"]
    synapses = [
        b2.Synapses(cells[:n_exc], cells, on_pre="ge += we", delay=DELAY * ms, namespace=parameters),
        b2.Synapses(cells[n_exc:], cells, on_pre="gi += wi", delay=DELAY * ms, namespace=parameters),
    ]
    for projection in synapses:
        projection.connect(p=IN_DEGREE / task.n)
    monitors = {"E": b2.SpikeMonitor(cells[:n_exc], record=False), "I": b2.SpikeMonitor(cells[n_exc:], record=False)}
    return b2.Network(cells, synapses, list(monitors.values())), monitors


def in_nest(task):
    import nest

    parameters = {
        "E_L": V_REST,
        "V_th": V_TH,
        "V_reset": V_RESET,
        "C_m": C_M,
        "tau_m": TAU_M,
        "tau_syn_ex": TAU_EXC,
        "tau_syn_in": TAU_INH,
        "t_ref": T_REF,
    }
    cells = nest.Create("iaf_psc_exp", task.n, params=parameters)
    cells.V_m = nest.random.uniform(V_RESET, V_TH)
    n_exc, recorders = four_to_one(task.n)["E"], {}
    for name, part, weight in (("E", cells[:n_exc], W_EXC), ("I", cells[n_exc:], W_INH)):
        # the same number of synapses on average; with a test of each pair NEST would take far longer to build
        rule = {"rule": "fixed_total_number", "N": int(IN_DEGREE * len(part))}
        nest.Connect(part, cells, rule, {"weight": weight * TO_PA, "delay": DELAY})
        recorders[name] = nest.Create("spike_recorder")
        nest.Connect(part, recorders[name])
    return recorders


WORKLOAD = Workload(
    name="CUBA",
    n=4000,
    duration=10_000.0,
    populations=four_to_one,
    tolerance={"E": 0.19, "I": 0.06},
    fan_out=lambda n: {"E": IN_DEGREE, "I": IN_DEGREE},
    networks={"brainsim": in_brainsim, "brian2": in_brian2, "brian2-float32": in_brian2, "nest": in_nest},
)

if __name__ == "__main__":
    rounds.main(WORKLOAD)
