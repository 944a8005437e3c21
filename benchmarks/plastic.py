"""What plasticity costs compared with static synapses: processor time an event and a change of a weight, memory a synapse.

``python benchmarks/plastic.py [--n 8000]``. Sources fire at random and targets regularly, both at about 4.2 Hz, and weights
are too small to matter: all variants have the same spikes. They take turns in one process, on one thread; the smallest of
several figures of processor time counts, less that of the cells alone. `stdp.py` compares a network that learns with other
simulators.
"""

import argparse
import time

from harness import machine, report

import brainsim as bs

RATE, T_REF, CURRENT = 4.24, 227.5, 300.0  # Hz of the sources; ms and pA, with which targets have nearly the same rate
WEIGHT, DELAY = 1e-6, 1.5  # mV, ms
SPREAD = bs.Uniform(0.5 * WEIGHT, 1.5 * WEIGHT)
BOUND = {"w_max": 2.0 * WEIGHT}
# name -> weight, plasticity, how many changes of a weight an event stands for: one by each end if the rule has both
VARIANTS = {
    "static, one weight": (WEIGHT, None, 0),
    "TsodyksMarkram, one weight": (WEIGHT, bs.TsodyksMarkram(tau_fac=500.0), 0),
    "static, a weight each": (SPREAD, None, 0),
    "TsodyksMarkram, a weight each": (SPREAD, bs.TsodyksMarkram(tau_fac=500.0), 0),
    "STDP, additive": (SPREAD, bs.STDP(**BOUND), 2),
    "STDP, multiplicative": (SPREAD, bs.STDP(weight_dependence="multiplicative", **BOUND), 2),
    "STDP, nearest": (SPREAD, bs.STDP(pairing="nearest", **BOUND), 2),
    "STDP, presynaptic": (SPREAD, bs.STDP(pairing="presynaptic", **BOUND), 2),
    "TripletSTDP": (SPREAD, bs.TripletSTDP(w_0=WEIGHT, **BOUND), 2),
    "VogelsSTDP": (SPREAD, bs.VogelsSTDP(eta=0.01 * WEIGHT, **BOUND), 2),
    "DopamineSTDP": (SPREAD, bs.DopamineSTDP(c_plus=0.1 * WEIGHT, c_minus=0.15 * WEIGHT, **BOUND), 2),
}


def main():
    """Print the cost of each rule."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--n", type=int, default=8000, help="number of sources and of targets (default 8000)")
    parser.add_argument("--inputs", type=int, default=1000, help="synapses of each target (default 1000)")
    parser.add_argument("--duration", type=float, default=500.0, help="of a timed run, ms (default 500)")
    parser.add_argument("--runs", type=int, default=5, help="of each, of which the fastest counts (default 5)")
    parser.add_argument("--only", default="", help="variants whose name contains this text, and the static ones")
    options = parser.parse_args()
    chosen = {name: given for name, given in VARIANTS.items() if options.only in name or given[1] is None}
    sims = {"": simulation(options, None)} | {name: simulation(options, given) for name, given in chosen.items()}
    for sim in sims.values():
        sim.run(2.0 * T_REF, progress=False)  # compiles, and lets all targets fire
    seconds, events = {name: [] for name in sims}, {name: [] for name in sims}
    for _ in range(options.runs):
        for name, sim in sims.items():
            began = time.process_time()
            spikes = sim.run(options.duration, progress=False).spikes["sources"]
            seconds[name].append(time.process_time() - began)
            events[name].append(len(spikes) * options.inputs)
    lines = [["", "s/s", "ns an event", "of static", "ns an update", "bytes a synapse", "of segments"]]
    static = 1.0
    for name, (_, rule, updates) in chosen.items():
        each = min(1e9 * (s - alone) / n for s, alone, n in zip(seconds[name], seconds[""], events[name], strict=True))
        static = each if rule is None else static
        (_, synapses, size), (*_, segments), *_ = sims[name].network.estimate(0.1).rows
        paced = f"{1e3 * min(seconds[name]) / options.duration:.3f}"
        update = f"{each / updates:.2f}" if updates else "-"
        memory = f"{size / synapses:.1f}", f"{segments / synapses:.2f}"
        lines.append([name, paced, f"{each:.2f}", f"{each / static:.2f}", update, *memory])
    about = machine.describe()
    size = f"{options.n:,} cells, {options.n * options.inputs:,} synapses"
    print(f"{about['processor']}, {about['cores']} cores, load {machine.load()}, {size}\n")
    print("\n".join(report.columns(lines)))


def simulation(options, variant):
    """Return the simulation of a variant, or of the cells alone."""
    n = options.n
    sources = bs.Population(n, bs.Poisson(rate=RATE), name="sources")
    targets = bs.Population(n, bs.LIF(t_ref=T_REF), name="targets", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=1)
    net.stimulate(targets, bs.CurrentInput(CURRENT))
    net.add(sources)
    if variant is not None:
        weight, rule, _ = variant
        wiring = bs.FixedIndegree(options.inputs)
        net.connect(sources, targets, wiring, weight=weight, delay=DELAY, synapse=bs.Delta(), plasticity=rule)
    return bs.Simulation(net, seed=1, threads=1)


if __name__ == "__main__":
    main()
