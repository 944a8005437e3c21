"""Brunel 2000: 12,500 cells, 1,250 inputs each, delta synapses, Poisson drive; g 5, eta 2, delay 1.5 ms."""

from harness import rounds
from harness.simulators import OF_BRIAN2
from harness.workload import Workload, four_to_one, refractory_in_brian2

TAU_M, V_TH, V_RESET, T_REF, DELAY = 20.0, 20.0, 10.0, 2.0, 1.5  # ms, mV, mV, ms, ms
G, ETA = 5.0, 2.0


def in_degrees(n):
    """Return the number of inputs of a cell from each population: a tenth of the population."""
    return {name: count // 10 for name, count in four_to_one(n).items()}


def weight(n):
    """Return the excitatory weight [mV]: 0.1 for 1,000 excitatory inputs, larger for fewer."""
    return 0.1 * 1000.0 / in_degrees(n)["E"]


def drive(n):
    """Return the rate of the external events of a cell [Hz]: eta times the rate that keeps its mean at threshold."""
    return ETA * 1000.0 * V_TH / (weight(n) * TAU_M)


def fan_out(n):
    """Return the number of synapses that a spike reaches: all in-degrees divided by the number of sources."""
    return {name: in_degrees(n)[name] * n / count for name, count in four_to_one(n).items()}


def in_brainsim(task):
    import brainsim as bs

    lif = bs.LIF(tau_m=TAU_M, v_rest=0.0, v_th=V_TH, v_reset=V_RESET, t_ref=T_REF)
    cells = bs.Population(task.n, lif, name="cells", initial={"v": bs.Uniform(0.0, V_TH)})
    n_exc, k, j = four_to_one(task.n)["E"], in_degrees(task.n), weight(task.n)
    net = bs.Network(seed=task.seed)
    net.connect(cells[:n_exc], cells, bs.FixedIndegree(k["E"]), weight=j, delay=DELAY, synapse=bs.Delta())
    net.connect(cells[n_exc:], cells, bs.FixedIndegree(k["I"]), weight=-G * j, delay=DELAY, synapse=bs.Delta())
    net.stimulate(cells, bs.PoissonInput(rate=drive(task.n), weight=j, synapse=bs.Delta()))
    return net, {}


def in_brian2(task):
    import brian2 as b2

    ms, mV = b2.ms, b2.mV
    n_exc, k = four_to_one(task.n)["E"], in_degrees(task.n)
    parameters = {
        "tau": TAU_M * ms,
        "theta": V_TH * mV,
        "Vr": V_RESET * mV,
        "J": weight(task.n) * mV,
        "gJ": G * weight(task.n) * mV,
    }
    cells = b2.NeuronGroup(
        task.n,
        "dv/dt = -v/tau : volt (unless refractory)",
        threshold="v > theta",
        reset="v = Vr",
        refractory=refractory_in_brian2(T_REF) * ms,
        method="exact",
        namespace=parameters,
    )
    cells.v = "rand()*theta"
    synapses = [
        b2.Synapses(cells[:n_exc], cells, on_pre="v += J", delay=DELAY * ms, namespace=parameters),
        b2.Synapses(cells[n_exc:], cells, on_pre="v -= gJ", delay=DELAY * ms, namespace=parameters),
    ]
    for projection, name in zip(synapses, "EI", strict=True):
        pre, post = _sorted_pairs(four_to_one(task.n)[name], task.n, k[name], task.seed + (name == "I"))
        projection.connect(i=pre, j=post)
    external = b2.PoissonInput(cells, "v", N=k["E"], rate=drive(task.n) / k["E"] * b2.Hz, weight=parameters["J"])
    monitors = {"E": b2.SpikeMonitor(cells[:n_exc], record=False), "I": b2.SpikeMonitor(cells[n_exc:], record=False)}
    return b2.Network(cells, synapses, external, list(monitors.values())), monitors


def _sorted_pairs(n_pre, n_post, k, seed):
    """Sample k sources for each target, sorted by source: the fastest order for Brian2, which keeps the order of pairs."""
    import numpy as np

    pre = np.random.default_rng(seed).integers(0, n_pre, n_post * k, dtype=np.int32)
    order = np.argsort(pre, kind="stable")
    return pre[order], np.repeat(np.arange(n_post, dtype=np.int32), k)[order]


def in_nest(task):
    import nest

    parameters = {"C_m": 1.0, "tau_m": TAU_M, "E_L": 0.0, "V_th": V_TH, "V_reset": V_RESET, "t_ref": T_REF}
    cells = nest.Create("iaf_psc_delta", task.n, params=parameters)
    cells.V_m = nest.random.uniform(0.0, V_TH)
    n_exc, k, j, recorders = four_to_one(task.n)["E"], in_degrees(task.n), weight(task.n), {}
    for name, part, value in (("E", cells[:n_exc], j), ("I", cells[n_exc:], -G * j)):
        rule = {"rule": "fixed_indegree", "indegree": k[name]}
        nest.Connect(part, cells, rule, {"weight": value, "delay": DELAY})
        recorders[name] = nest.Create("spike_recorder")
        nest.Connect(part, recorders[name])
    external = nest.Create("poisson_generator", params={"rate": drive(task.n)})
    nest.Connect(external, cells, "all_to_all", {"weight": j, "delay": DELAY})
    return recorders


WORKLOAD = Workload(
    name="Brunel",
    n=12_500,
    duration=1000.0,
    populations=four_to_one,
    tolerance=0.1,
    fan_out=fan_out,
    only=("brainsim", "brian2", "brian2-float32", "nest"),
    networks={"brainsim": in_brainsim, **dict.fromkeys(OF_BRIAN2, in_brian2), "nest": in_nest},
)

if __name__ == "__main__":
    rounds.main(WORKLOAD)
