"""Closed forms of cells and synapses, and laws of random numbers at thresholds that are fixed before."""

import math

import numpy as np
from scipy import stats

import brainsim as bs
from brainsim.testing.verification.report import Line

DT = 0.1
LIF = {"tau_m": 20.0, "c_m": 200.0, "v_rest": -65.0, "v_th": -50.0, "v_reset": -65.0, "t_ref": 2.0}
FALSE_ALARM = 1e-6  # of each law: the chance that it fails although all is right


def closed_forms():
    """Return lines about what can be computed with pencil and paper."""
    intervals = Line("intervals of LIF cells", "closed form", "intervals")
    with intervals.timed():
        _intervals(intervals)
    shapes = Line("potentials and currents of synapses", "closed form", "values", limit=1e-10)
    with shapes.timed():
        _decay(shapes)
        _synapses(shapes)
    return [intervals, shapes]


def _simulated(net, duration, seed=1, **options):
    return bs.simulate(net, duration, dt=DT, seed=seed, progress=False, **options)


def _intervals(line):
    """Compare intervals with t_ref + tau_m log((R I + v_rest - v_reset)/(R I + v_rest - v_th)), on the grid."""
    current = np.geomspace(1.01, 30.0, 38) * LIF["c_m"] * 15.0 / LIF["tau_m"]
    cells, net = bs.Population(current.size, bs.LIF(**LIF), name="cells"), bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(current))
    spikes = _simulated(net, 500.0).spikes["cells"]
    for cell, amplitude in enumerate(current):
        steps = np.rint(spikes.times[spikes.ids == cell] / DT).astype(int)
        target = amplitude * LIF["tau_m"] / LIF["c_m"]
        expected = round(LIF["t_ref"] / DT) + math.ceil(LIF["tau_m"] * math.log(target / (target - 15.0)) / DT)
        line.equal(f"{amplitude:.0f} pA", set(np.diff(steps).tolist()), {expected}, steps.size - 1)


def _decay(line):
    """Compare the potential under a current with an exponential."""
    cell, net = bs.Population(1, bs.LIF(**LIF), name="cell", initial={"v": -58.0}), bs.Network(seed=1)
    net.stimulate(cell, bs.CurrentInput(50.0))
    trace = _simulated(net, 100.0, record=bs.Trace(cell, "v")).traces["cell", "v"]
    exact = -60.0 + 2.0 * np.exp(-trace.times / 20.0)
    line.differ("v under a current", float(np.abs(trace.values[:, 0] - exact).max()))
    line.compared += trace.times.size - 1


def _synapses(line):
    """Compare currents of synapses with their time courses: exponential, alpha function, difference of exponentials."""
    peak = 0.25 ** (1 / 3) - 0.25 ** (4 / 3)
    shapes = {
        bs.Exponential(tau=5.0): lambda t: np.exp(-t / 5.0),
        bs.Alpha(tau=2.0): lambda t: t / 2.0 * np.exp(1.0 - t / 2.0),
        bs.DoubleExponential(tau_rise=1.0, tau_decay=4.0): lambda t: (np.exp(-t / 4.0) - np.exp(-t)) / peak,
    }
    for synapse, shape in shapes.items():
        cell, net = bs.Population(1, bs.LIF(**LIF), name="cell"), bs.Network(seed=1)
        source = bs.Population(1, bs.SpikeTrains([[3.0]]), name="source")
        net.connect(source, cell, bs.AllToAll(), weight=40.0, delay=1.5, synapse=synapse)
        name = f"{type(synapse).__name__.lower()}.i"
        trace = _simulated(net, 60.0, record=bs.Trace(cell, name)).traces["cell", name]
        since = trace.times - 4.5
        exact = np.where(since >= -1e-9, 40.0 * shape(np.maximum(since, 0.0)), 0.0)
        line.differ(name, float(np.abs(trace.values[:, 0] - exact).max()))
        line.compared += trace.times.size - 1


def random_laws(seed):
    """Return a line about distributions: each law is a test whose false alarms have a known probability."""
    line = Line("random numbers", "their laws", "laws", limit=-math.log10(FALSE_ALARM))
    line.notes.append(
        f"each law fails by chance with the probability {FALSE_ALARM:g}; what is shown is -log10 of the smallest p"
    )
    with line.timed():
        for law in (_poisson_counts, _weights, _indegrees, _white_noise, _intervals_of_poisson_cells):
            for name, p in law(seed):
                line.differ(name, -math.log10(max(p, 1e-300)))
    return line


class Counter(bs.Neuron):
    """Counts what arrives."""

    equations = "dv/dt = 0"
    v: float = bs.initial(0.0, "mV", "sum of what arrived")


def _poisson_counts(seed):
    """Numbers of events in a step, chi-square: by thresholds, by the alias table, cell by cell below and above 10."""
    for mean, apart in ((0.3, False), (3.0, False), (40.0, False), (3.0, True), (40.0, True)):
        cells, net = bs.Population(2_000, Counter(), name="cells"), bs.Network(seed=seed)
        rate = np.full(2_000, mean * 1e3 / DT) if apart else mean * 1e3 / DT
        net.stimulate(cells, bs.PoissonInput(rate=rate, weight=1.0, synapse=bs.Delta()))
        v = _simulated(net, 5.0, seed, record=bs.Trace(cells, "v")).traces["cells", "v"].values
        yield (
            f"Poisson events with mean {mean:g}{' cell by cell' * apart}",
            _chi_square(np.diff(v, axis=0).ravel(), stats.poisson(mean)),
        )


def _chi_square(values, law):
    """Return the p value of whole numbers under a law; values with fewer than 20 expected are joined."""
    low, high = int(law.ppf(20.0 / values.size)), int(law.isf(20.0 / values.size))
    found = np.bincount(np.clip(np.rint(values), low, high).astype(int) - low, minlength=high - low + 1)
    chances = law.pmf(np.arange(low, high + 1))
    chances[0], chances[-1] = law.cdf(low), law.sf(high - 1)
    return float(stats.chisquare(found, chances * values.size / chances.sum()).pvalue)


def _weights(seed):
    """Weights of synapses of each distribution, Kolmogorov and Smirnov."""
    pre, post = bs.Population(200, bs.LIF(), name="pre"), bs.Population(200, bs.LIF(), name="post")
    laws = {
        bs.Uniform(1.0, 3.0): stats.uniform(1.0, 2.0),
        bs.Normal(2.0, 0.5): stats.norm(2.0, 0.5),
        bs.LogNormal(0.0, 0.5): stats.lognorm(0.5),
        bs.values.ExponentialDistribution(1.5): stats.expon(scale=1.5),
        bs.Gamma(2.5, 0.4): stats.gamma(2.5, scale=0.4),
        bs.Gamma(0.5, 1.0): stats.gamma(0.5),
        bs.Clipped(bs.Normal(0.0, 1.0), low=0.0): stats.halfnorm(),
    }
    for distribution, law in laws.items():
        net = bs.Network(seed=seed)
        wires = net.connect(pre, post, bs.AllToAll(), weight=distribution, delay=1.0, synapse=bs.Delta())
        yield f"weights {distribution}", float(stats.kstest(wires.synapses(DT).weight, law.cdf).pvalue)


def _indegrees(seed):
    """Numbers of synapses of each target, which are binomial."""
    pre, post = bs.Population(500, bs.LIF(), name="pre"), bs.Population(4_000, bs.LIF(), name="post")
    rules = {bs.FixedProbability(0.1): stats.binom(500, 0.1), bs.FixedOutdegree(400): stats.binom(200_000, 1 / 4_000)}
    rules |= {bs.FixedTotal(200_000): stats.binom(200_000, 1 / 4_000)}
    for rule, law in rules.items():
        net = bs.Network(seed=seed)
        wires = net.connect(pre, post, rule, weight=1.0, delay=1.0, synapse=bs.Delta())
        yield f"synapses of a target, {rule}", _chi_square(np.bincount(wires.synapses(DT).post, minlength=4_000), law)


class Wiener(bs.Neuron):
    """A process of Ornstein and Uhlenbeck."""

    equations = "dx/dt = -x/tau + sqrt(2/tau)*xi"
    tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
    x: float = bs.initial(0.0, "", "value")


def _white_noise(seed):
    """Noise in equations: normal, with the variance 1 - exp(-2 t/tau); and independent of that of other cells."""
    cells, net = bs.Population(20_000, Wiener(), name="cells"), bs.Network(seed=seed)
    net.add(cells)
    x = _simulated(net, 5.0, seed, record=bs.Trace(cells, "x", every=5.0)).traces["cells", "x"].values[-1]
    size = math.sqrt(-math.expm1(-1.0))
    yield "values of an Ornstein-Uhlenbeck process", float(stats.kstest(x / size, "norm").pvalue)
    yield "their variance", float(2 * min(f := stats.chi2(x.size).cdf(np.sum((x / size) ** 2)), 1 - f))
    yield "neighbouring cells", float(stats.pearsonr(x[:-1], x[1:]).pvalue)


def _intervals_of_poisson_cells(seed):
    """Intervals of Poisson cells: geometric on the grid."""
    cells, net = bs.Population(2_000, bs.Poisson(rate=100.0), name="cells"), bs.Network(seed=seed)
    net.add(cells)
    spikes = _simulated(net, 200.0, seed).spikes["cells"]
    counts = np.bincount(spikes.ids, minlength=2_000)
    yield "spikes of Poisson cells", _chi_square(counts, stats.binom(2_000, 0.01))
