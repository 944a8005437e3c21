"""COBA: 4,000 cells with exponential conductances that sustain themselves (Brette et al. 2007, benchmark 1).

NEST integrates conductances with an adaptive step, the others with one fixed step of exponential Euler. Rates depend on the
random wiring. Over 24 wirings of 3 s each the excitatory cells fire at 18.7 +- 0.3 Hz in brainsim, 18.8 +- 0.3 Hz in Brian2,
with a standard deviation of 1.3 Hz (inhibitory: 18.9 +- 0.1 in both, 0.6 Hz), hence the tolerances; ``--rounds 3`` averages.
"""

from harness import brette, rounds
from harness.simulators import OF_BRIAN2
from harness.workload import Workload, four_to_one, refractory_in_brian2

TAU_M, C_M, V_REST, V_TH, V_RESET, T_REF = 20.0, 200.0, -60.0, -50.0, -60.0, 5.0  # ms, pF, mV, mV, mV, ms
TAU_EXC, TAU_INH, E_EXC, E_INH = 5.0, 10.0, 0.0, -80.0  # ms, ms, mV, mV
W_EXC, W_INH = 6.0, 67.0  # nS
LEAK = C_M / TAU_M  # nS
# mean and spread at the start, cut at 0 (mV, nS, nS): wide enough that cells do not fire synchronously and then fall silent
V_START, G_EXC_START, G_INH_START = (-70.0, 5.0), (30.0, 10.0), (200.0, 200.0)


def in_brainsim(task):
    import numpy as np

    import brainsim as bs

    lif = bs.LIF(tau_m=TAU_M, c_m=C_M, v_rest=V_REST, v_th=V_TH, v_reset=V_RESET, t_ref=T_REF)
    cells = bs.Population(task.n, lif, name="cells", initial={"v": bs.Normal(*V_START)})
    ampa = bs.ExponentialConductance(tau=TAU_EXC, e_rev=E_EXC, name="ampa")
    gaba = bs.ExponentialConductance(tau=TAU_INH, e_rev=E_INH, name="gaba")
    net = brette.in_brainsim(cells, task.seed, (W_EXC, W_INH), (ampa, gaba))
    rng = np.random.default_rng(task.seed)
    start = {"ampa.g": G_EXC_START, "gaba.g": G_INH_START}
    return net, {name: np.maximum(rng.normal(*spread, task.n), 0.0) for name, spread in start.items()}


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
        "Ee": E_EXC * mV,
        "Ei": E_INH * mV,
        "we": W_EXC / LEAK,
        "wi": W_INH / LEAK,
    }
    # conductances in units of the leak conductance
    cells = b2.NeuronGroup(
        task.n,
        """dv/dt = (ge*(Ee - v) + gi*(Ei - v) - (v - El))/taum : volt (unless refractory)
           dge/dt = -ge/taue : 1
           dgi/dt = -gi/taui : 1""",
        threshold="v > Vt",
        reset="v = Vr",
        refractory=refractory_in_brian2(T_REF) * ms,
        method="exponential_euler",
        namespace=parameters,
    )
    cells.v = f"({V_START[0]} + {V_START[1]}*randn())*mV"
    cells.ge = f"clip({G_EXC_START[0]} + {G_EXC_START[1]}*randn(), 0, inf)/{LEAK}"
    cells.gi = f"clip({G_INH_START[0]} + {G_INH_START[1]}*randn(), 0, inf)/{LEAK}"
    return brette.in_brian2(cells, parameters)


def in_nest(task):
    import nest

    parameters = {
        "E_L": V_REST,
        "V_th": V_TH,
        "V_reset": V_RESET,
        "C_m": C_M,
        "g_L": LEAK,
        "E_ex": E_EXC,
        "E_in": E_INH,
        "tau_syn_ex": TAU_EXC,
        "tau_syn_in": TAU_INH,
        "t_ref": T_REF,
    }
    cells = nest.Create("iaf_cond_exp", task.n, params=parameters)
    cells.V_m = nest.random.normal(*V_START)
    cells.g_ex = nest.math.max(nest.random.normal(*G_EXC_START), 0.0)
    cells.g_in = nest.math.max(nest.random.normal(*G_INH_START), 0.0)
    # a negative weight stands for an inhibitory conductance
    return brette.in_nest(cells, W_EXC, -W_INH)


WORKLOAD = Workload(
    name="COBA",
    n=4000,
    duration=10_000.0,
    populations=four_to_one,
    tolerance={"E": 0.29, "I": 0.13},
    fan_out=lambda n: {"E": brette.IN_DEGREE, "I": brette.IN_DEGREE},
    only=("brainsim", "brian2", "brian2-float32", "nest"),
    networks={"brainsim": in_brainsim, **dict.fromkeys(OF_BRIAN2, in_brian2), "nest": in_nest},
)

if __name__ == "__main__":
    rounds.main(WORKLOAD)
