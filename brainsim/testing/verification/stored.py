"""Spikes and potentials of NEST 3.10 and spikes of Brian2 2.9, stored in `brainsim/testing/data`."""

import json
from pathlib import Path

import numpy as np

import brainsim as bs
from brainsim.testing.verification.report import Line

DATA = Path(__file__).parents[1] / "data"
LINEAR = ("lif_dc_350", "lif_dc_500", "lif_dc_900", "lif_delta", "lif_exp", "lif_exp_equal_tau", "lif_alpha")
SYNAPSES = {
    "iaf_psc_delta": lambda tau: bs.Delta(),
    "iaf_psc_exp": lambda tau: bs.Exponential(tau=tau),
    "iaf_psc_alpha": lambda tau: bs.Alpha(tau=tau),
}


def compared_with_nest(threads):
    """Return lines about single cells and a network of NEST: each spike, and potentials."""
    spikes = Line("cells and a network", "NEST 3.10, stored", "spikes")
    potentials = Line("potentials of cells", "NEST 3.10, stored", "values", limit=1e-9)
    with spikes.timed():
        for name in LINEAR:
            case = json.loads((DATA / f"{name}.json").read_text())
            result = cell_of_nest(case)
            times = result.spikes["cell"].times
            spikes.equal(name, times.tolist(), case["spikes"], len(case["spikes"]))
            steps = np.rint(np.array(case["v_t"]) / case["dt"]).astype(int)
            differences = np.abs(result.traces["cell", "v"].values[steps, 0] - case["v"])
            potentials.differ(name, float(differences.max()))
            potentials.compared += differences.size - 1
        _network_of_nest(spikes, threads)
    return [spikes, potentials]


def lif(p):
    """Return NEST's parameters as a LIF."""
    return bs.LIF(tau_m=p["tau_m"], c_m=p["C_m"], v_rest=p["E_L"], v_th=p["V_th"], v_reset=p["V_reset"], t_ref=p["t_ref"])


def cell_of_nest(case):
    """Return the Result of one cell with its input."""
    p = case["params"]
    cell, net = bs.Population(1, lif(p), name="cell", initial={"v": p["V_m"]}), bs.Network(seed=1)
    net.add(cell)
    if case["i_e"]:
        net.stimulate(cell, bs.CurrentInput(case["i_e"]))
    if case["input"]:
        time, weight, delay = np.array(sorted(case["input"])).T
        source = bs.Population(time.size, bs.SpikeTrains(time, np.arange(time.size)), name="source")
        for sign, key in ((1, "tau_syn_ex"), (-1, "tau_syn_in")):
            chosen = np.flatnonzero(weight * sign > 0)
            if chosen.size:
                rule, synapse = bs.FromArrays(chosen, np.zeros(chosen.size, int)), SYNAPSES[case["model"]](p.get(key))
                net.connect(source, cell, rule, weight=weight[chosen], delay=delay[chosen], synapse=synapse)
    return bs.simulate(net, case["duration"], dt=case["dt"], seed=1, record=bs.Trace(cell, "v"), progress=False)


def _network_of_nest(line, threads):
    """Compare 200 recurrent cells."""
    with np.load(DATA / "net_exp_200.npz") as file:
        case = dict(file)
    p = json.loads(str(case["params"]))
    cells, net = bs.Population(case["v0"].size, lif(p), name="cells", initial={"v": case["v0"]}), bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(case["i_e"]))
    for sign, tau in ((1, p["tau_syn_ex"]), (-1, p["tau_syn_in"])):
        chosen = case["weight"] * sign > 0
        rule, synapse = bs.FromArrays(case["source"][chosen], case["target"][chosen]), bs.Exponential(tau=tau)
        net.connect(cells, cells, rule, weight=case["weight"][chosen], delay=case["delay"][chosen], synapse=synapse)
    duration, dt = float(case["duration"]), float(case["dt"])
    found = bs.simulate(net, duration, dt=dt, seed=1, threads=threads, progress=False).spikes["cells"]
    order = np.lexsort((case["spike_ids"], case["spike_times"]))
    line.equal("times of net_exp_200", found.times.tolist(), case["spike_times"][order].tolist(), found.times.size)
    line.equal("cells of net_exp_200", found.ids.tolist(), case["spike_ids"][order].tolist(), 0)


class Activated(bs.ShiuLIF):
    """A cell whose events at v act after the threshold has been tested, which is the order of Brian2."""

    reset = "v = v_reset; g = 0; push = 0"
    events = {"pushed": ("push != 0", "v = v + push; push = 0")}  # noqa: RUF012 - no one writes to it
    frozen = ("v", "g", "push")
    push: float = bs.initial(0.0, "mV", "what has arrived in this step")


def compared_with_brian2(threads):
    """Return a line about the network of Shiu et al. (2024) with 120 cells, which discard events while refractory."""
    line = Line("a network", "Brian2 2.9, stored", "spikes")
    with line.timed():
        with np.load(DATA / "shiu_120.npz") as file:
            case = dict(file)
        n, first, dt, delay = int(case["n"]), int(case["first"]), 0.1, 1.8
        activated = bs.Population(n - first, Activated(t_ref=0.0), name="activated")
        # Brian2 counts the step of the spike as part of the refractory time
        others = bs.Population(first, bs.ShiuLIF(t_ref=2.2 - dt), name="others")
        early = delay if case["steps"].min(initial=n) * dt >= delay - dt else dt
        source = bs.Population(n - first, bs.SpikeTrains((case["steps"] + 1) * dt - early, case["cells"]), name="source")
        net, pairs, drive = bs.Network(seed=1), bs.FromArrays(case["pre"], case["post"]), bs.Delta(variable="g")
        net.connect(others + activated, others + activated, pairs, weight=case["weight"], delay=delay, synapse=drive)
        net.connect(source, activated, bs.OneToOne(), weight=68.75, delay=early, synapse=bs.Delta(variable="push"))
        result = bs.simulate(net, 400.0, dt=dt, seed=1, threads=threads, progress=False)
        found = []
        for name, shift in (("others", 0), ("activated", first)):
            spikes = result.spikes[name]
            found.append((np.rint(spikes.times / dt).astype(np.int64) - 1) * n + spikes.ids + shift)
        line.equal(
            "shiu_120", np.sort(np.concatenate(found)).tolist(), np.sort(case["spikes"]).tolist(), case["spikes"].size
        )
    return line
