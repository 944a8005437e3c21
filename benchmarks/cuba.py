"""CUBA: 4,000 cells with exponential currents that sustain themselves (Brette et al. 2007, benchmark 2).

``python benchmarks/cuba.py`` or, sixteen times larger with the same number of synapses per cell, ``--n 64000``. With 4,000
cells the rates depend on the random wiring: 5.5 Hz with a standard deviation of 0.24 Hz over 24 wirings (inhibitory: 5.6 and
0.07 Hz), hence the tolerances.
"""

from harness import brette, rounds
from harness.simulators import OF_BRIAN2
from harness.workload import Workload, four_to_one, refractory_in_brian2

TAU_M, C_M, V_REST, V_TH, V_RESET, T_REF = 20.0, 200.0, -49.0, -50.0, -60.0, 5.0  # ms, pF, mV, mV, mV, ms
TAU_EXC, TAU_INH = 5.0, 10.0  # ms
W_EXC, W_INH = 1.62, -9.0  # mV: a current in units of the leak conductance C_M / TAU_M
TO_PA = C_M / TAU_M


def in_brainsim(task):
    import brainsim as bs

    lif = bs.LIF(tau_m=TAU_M, c_m=C_M, v_rest=V_REST, v_th=V_TH, v_reset=V_RESET, t_ref=T_REF)
    cells = bs.Population(task.n, lif, name="cells", initial={"v": bs.Uniform(V_RESET, V_TH)})
    synapses = (bs.Exponential(tau=TAU_EXC), bs.Exponential(tau=TAU_INH))
    return brette.in_brainsim(cells, task.seed, (W_EXC * TO_PA, W_INH * TO_PA), synapses), {}


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
    return brette.in_brian2(cells, parameters)


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
    return brette.in_nest(cells, W_EXC * TO_PA, W_INH * TO_PA)


WORKLOAD = Workload(
    name="CUBA",
    n=4000,
    duration=10_000.0,
    populations=four_to_one,
    tolerance={"E": 0.19, "I": 0.06},
    fan_out=lambda n: {"E": brette.IN_DEGREE, "I": brette.IN_DEGREE},
    only=("brainsim", "brian2", "brian2-float32", "nest"),
    networks={"brainsim": in_brainsim, **dict.fromkeys(OF_BRIAN2, in_brian2), "nest": in_nest},
)

if __name__ == "__main__":
    rounds.main(WORKLOAD)
