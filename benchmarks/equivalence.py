"""Random networks in brainsim, NEST and Brian2: are rates, irregularity and correlation the same, within margins set before?

A seed draws networks of excitatory and inhibitory cells: their number, time constants, refractory time, in-degrees, weights,
delays and drive, with synapses that jump or decay. Each simulator runs each network several times, with wirings and inputs
of its own, so no spike is shared. Means over the runs are compared by two one-sided tests (`bs.testing.compare_means`);
"undecided" means that more runs are needed.
"""

import argparse
import dataclasses
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from harness import report, rounds
from harness.workload import DT, refractory_in_brian2

SETTLE, DURATION, BIN, SAMPLE = 200.0, 1200.0, 5.0, 200  # ms: left out, all of a run, of correlations; cells of correlations
RATE_MARGIN, CV_MARGIN, CORRELATION_MARGIN = 0.05, 0.05, 0.01  # of the rate and the CV, relative; of the coefficient
CONFIDENCE = 0.95  # of each test


@dataclass(frozen=True)
class Drawn:
    """A network: times in ms, weights in mV, rates in Hz."""

    n: int  # cells, four fifths of which are excitatory
    k: int  # excitatory inputs of a cell, and four times its inhibitory ones
    decaying: bool  # whether currents decay with tau_syn, rather than v jumping
    tau_m: float
    t_ref: float
    tau_syn: float
    weight: float  # what an excitatory spike adds to v in all
    g: float  # how much stronger inhibition is
    eta: float  # the drive, relative to that which reaches the threshold of 20 mV
    delay: float

    @property
    def drive(self):
        """The rate of the excitatory events from outside that a cell gets."""
        return self.eta * 1000.0 * 20.0 / (self.weight * self.tau_m)

    @property
    def parts(self):
        """For each kind of cell: where it begins and stops, inputs from it, and their weight."""
        exc = 4 * self.n // 5
        return (0, exc, self.k, self.weight), (exc, self.n, self.k // 4, -self.g * self.weight)


def draw(seed, number):
    """Return the network with this number."""
    rng = np.random.default_rng([seed, number])
    k, decaying = 4 * int(rng.integers(15, 41)), bool(number % 2)
    steps = {name: round(float(rng.uniform(low, high)), 1) for name, (low, high) in RANGES.items()}
    return Drawn(n=int(rng.integers(200, 401)) * 5, k=k, decaying=decaying, weight=round(20.0 / k, 4), **steps)


RANGES = {
    "tau_m": (10.0, 30.0),
    "t_ref": (0.5, 4.0),
    "tau_syn": (1.0, 6.0),
    "g": (4.5, 8.0),
    "eta": (1.1, 3.0),
    "delay": (0.5, 3.0),
}


def with_brainsim(net, seed):
    import brainsim as bs

    model = bs.LIF(tau_m=net.tau_m, c_m=net.tau_m, v_rest=0.0, v_th=20.0, v_reset=10.0, t_ref=net.t_ref)
    cells = bs.Population(net.n, model, name="cells", initial={"v": bs.Uniform(0.0, 20.0)})
    # with c_m = tau_m in value, the charge of a current w*exp(-t/tau_syn) moves v by w*tau_syn/tau_m
    synapse, unit = (bs.Exponential(tau=net.tau_syn), net.tau_m / net.tau_syn) if net.decaying else (bs.Delta(), 1.0)
    network = bs.Network(seed=seed)
    for start, stop, k, weight in net.parts:
        network.connect(
            cells[start:stop], cells, bs.FixedIndegree(k), weight=weight * unit, delay=net.delay, synapse=synapse
        )
    network.stimulate(cells, bs.PoissonInput(rate=net.drive, weight=net.weight * unit, synapse=synapse))
    spikes = bs.simulate(network, DURATION, dt=DT, seed=seed, threads=1, progress=False).spikes["cells"]
    return spikes.times, spikes.ids


def with_nest(net, seed):
    import nest

    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(resolution=DT, local_num_threads=1, rng_seed=seed)
    parameters = {"C_m": net.tau_m, "tau_m": net.tau_m, "E_L": 0.0, "V_th": 20.0, "V_reset": 10.0, "t_ref": net.t_ref}
    model, unit = "iaf_psc_delta", 1.0
    if net.decaying:
        model, unit = "iaf_psc_exp", net.tau_m / net.tau_syn
        parameters |= {"tau_syn_ex": net.tau_syn, "tau_syn_in": net.tau_syn}
    cells, recorder = nest.Create(model, net.n, params=parameters), nest.Create("spike_recorder")
    cells.V_m = nest.random.uniform(0.0, 20.0)
    for start, stop, k, weight in net.parts:
        rule = {"rule": "fixed_indegree", "indegree": k}
        nest.Connect(cells[start:stop], cells, rule, {"weight": weight * unit, "delay": net.delay})
    outside = nest.Create("poisson_generator", params={"rate": net.drive})
    nest.Connect(outside, cells, "all_to_all", {"weight": net.weight * unit, "delay": DT})
    nest.Connect(cells, recorder)
    nest.Simulate(DURATION)
    return recorder.events["times"], recorder.events["senders"] - cells[0].global_id


def with_brian2(net, seed):
    import brian2 as b2

    b2.prefs.codegen.target = "cython"
    b2.start_scope()
    b2.seed(seed)
    b2.defaultclock.dt = DT * b2.ms
    ms, mV, rng = b2.ms, b2.mV, np.random.default_rng(seed)
    names = {"tau": net.tau_m * ms, "tau_syn": net.tau_syn * ms}
    current = "dv/dt = (x - v)/tau : volt (unless refractory)\ndx/dt = -x/tau_syn : volt"
    equations, variable, unit = "dv/dt = -v/tau : volt (unless refractory)", "v", 1.0
    if net.decaying:
        equations, variable, unit = current, "x", net.tau_m / net.tau_syn
    held = refractory_in_brian2(net.t_ref) * ms
    rules = {"threshold": "v > 20*mV", "reset": "v = 10*mV", "refractory": held, "method": "exact", "namespace": names}
    cells = b2.NeuronGroup(net.n, equations, **rules)
    cells.v = rng.uniform(0.0, 20.0, net.n) * mV
    objects = [cells, b2.SpikeMonitor(cells)]
    for start, stop, k, weight in net.parts:
        value = {"w": weight * unit * mV}
        objects.append(
            b2.Synapses(cells[start:stop], cells, on_pre=f"{variable} += w", delay=net.delay * ms, namespace=value)
        )
        objects[-1].connect(i=rng.integers(0, stop - start, net.n * k), j=np.repeat(np.arange(net.n), k))
    # several sources, whose sum may have more than one event in a step
    each = {"N": net.k, "rate": net.drive / net.k * b2.Hz, "weight": net.weight * unit * mV}
    objects.append(b2.PoissonInput(cells, variable, **each))
    b2.Network(objects).run(DURATION * ms)
    return np.asarray(objects[1].t / ms), np.asarray(objects[1].i)


RUNNERS = {"brainsim": with_brainsim, "nest": with_nest, "brian2": with_brian2}


def measured(times, ids, n):
    """Return the mean rate [Hz], the mean CV of the intervals, and the mean correlation of the first cells."""
    import brainsim as bs

    spikes = bs.Spikes(times, ids, n=n, duration=DURATION + DT, name="cells").between(SETTLE, DURATION)
    step = n // SAMPLE  # a share of each kind of cell
    return (
        spikes.rate(),
        float(np.nanmean(spikes.cvs())),
        bs.analysis.mean_correlation(spikes.of(slice(0, step * SAMPLE, step)), bin=BIN),
    )


def comparisons(first, second):
    """Return the tests of rate, CV and correlation of two simulators, from shapes (runs, 3)."""
    from brainsim.testing import compare_means

    margins = (("rate", RATE_MARGIN), ("CV", CV_MARGIN), ("correlation", CORRELATION_MARGIN))
    columns = zip(np.transpose(first), np.transpose(second), margins, strict=True)
    how = {"confidence": CONFIDENCE}
    return [compare_means(a, b, margin=m, relative=name != "correlation", name=name, **how) for a, b, (name, m) in columns]


def means(found):
    """Return a row for each network and simulator: its runs and the means over them."""
    rows = [["", "", "runs", "rate Hz", "CV", "correlation"]]
    for number, of in found.items():
        for name, runs in of.items():
            rate, cv, correlation = np.mean(runs, axis=0)
            rows.append([number, name, str(len(runs)), f"{rate:.2f}", f"{cv:.3f}", f"{correlation:.4f}"])
    return "\n".join(report.columns(rows))


def table(found, other):
    """Return a row for each network, and how many of all tests say what."""
    rows = [["", f"rate, margin {RATE_MARGIN:.0%}", f"CV, margin {CV_MARGIN:.0%}"]]
    rows[0].append(f"correlation, margin {CORRELATION_MARGIN:g}")
    verdicts = []
    for number, of in found.items():
        if other in of and "brainsim" in of:
            tests = comparisons(of[other], of["brainsim"])
            verdicts += [test.verdict for test in tests]
            rows.append([number] + [_said(test, "+.4f" if test.name == "correlation" else "+.1%") for test in tests])
    counts = ", ".join(f"{verdicts.count(v)} {v}" for v in ("equivalent", "different", "undecided"))
    return f"{other} minus brainsim\n" + "\n".join(report.columns(rows)) + f"\n{len(verdicts)} tests: {counts}"


def _said(test, how):
    """Return a verdict, and the difference with the interval that is compared with the margin."""
    return f"{test.verdict}: {test.difference:{how}} ({test.low:{how}} to {test.high:{how}})"


def main():
    """Run the networks, one after the other, and print a table for each other simulator."""
    options = _options()
    found = json.loads(Path(options.start).read_text()) if options.start else {}
    for number in range(options.first, options.first + options.networks):
        net, of = draw(options.seed, number), found.setdefault(f"{options.seed}/{number}", {})
        rounds.say(f"network {number}: {dataclasses.asdict(net)}")
        for name in options.only:
            of[name] = [measured(*RUNNERS[name](net, 1 + 1000 * number + run), net.n) for run in range(options.runs)]
            rounds.say(f"{name}: " + ", ".join(f"{mean:.4g}" for mean in np.mean(of[name], axis=0)))
        if options.save:
            Path(options.save).write_text(json.dumps(found) + "\n")
    print(means(found))
    for other in options.only:
        if other != "brainsim":
            print(table(found, other))


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add, names = parser.add_argument, list(RUNNERS)
    add("--only", type=lambda text: rounds.names_of(text, names), default=names, help=f"which of {','.join(names)}")
    add("--seed", type=int, required=True, help="of the networks; choose one")
    add("--networks", type=int, default=12, help="how many (default 12)")
    add("--first", type=int, default=0, help="number of the first network (default 0)")
    add("--runs", type=int, default=10, help="of each network in each simulator (default 10)")
    add("--from", dest="start", metavar="FILE.json", help="runs made before")
    add("--save", type=report.writable, metavar="FILE.json", help="where to write all runs, after each network")
    return parser.parse_args(sys.argv[1:])


if __name__ == "__main__":
    main()
