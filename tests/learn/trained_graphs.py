"""Random networks of `Population` and `connect` for the tests of `bs.learn.Trainer`, and derivatives by differences."""

import numpy as np
import pytest

import brainsim as bs


class Adaptive(bs.Neuron):
    """A cell with a linear adaptation, which the exact method moves.

    Examples
    --------
    >>> Adaptive(tau_m=10.0)
    Adaptive(tau_m=10.0)
    """

    equations = "dv/dt = (v_rest - v)/tau_m + I/c_m\ndw/dt = -w/tau_w"
    threshold = "v >= v_th + w"
    reset = "v = v_reset; w = w + b"
    tau_m: float = bs.parameter(15.0, "ms", "time constant of the membrane", above=0.0)
    tau_w: float = bs.parameter(60.0, "ms", "time constant of the adaptation", above=0.0)
    c_m: float = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    b: float = bs.parameter(2.0, "mV", "rise of the threshold at a spike")
    v_rest: float = bs.parameter(-65.0, "mV", "potential at rest")
    v_th: float = bs.parameter(-52.0, "mV", "threshold")
    v_reset: float = bs.parameter(-65.0, "mV", "potential after a spike")
    v: float = bs.initial("v_rest", "mV", "potential")
    w: float = bs.initial(0.0, "mV", "rise of the threshold")


class Coupled(Adaptive):
    """A cell whose adaptation acts on v, and follows it: Heun's method moves it.

    Examples
    --------
    >>> Coupled(a=1.0)
    Coupled(a=1.0)
    """

    equations = "dv/dt = (v_rest - v - w + k*(v - v_rest)**2)/tau_m + I/c_m\ndw/dt = (a*(v - v_rest) - w)/tau_w"
    threshold = "v >= v_th"
    a: float = bs.parameter(0.3, "", "adaptation below the threshold")
    k: float = bs.parameter(0.01, "1/mV", "curvature")


# cells, what of them learns
CELLS = {
    "lif": (bs.LIF(t_ref=0.0), ("tau_m", "c_m")),
    "refractory": (bs.LIF(t_ref=2.7, v_reset=-67.0, v_rest=-62.0, c_m=150.0), ("tau_m", "c_m")),
    "linear": (Adaptive(), ("tau_m", "tau_w", "c_m", "b", "v_th")),
    "smooth": (Coupled(), ("tau_m", "c_m", "a", "b", "k", "tau_w")),
}
# kinds of networks: the cells of two populations, the output, the loss, and whether delays learn each
KINDS = {
    "lif": ("lif", "refractory", "integrator", "mean", False),
    "refractory": ("refractory", "refractory", "integrator", "max", True),
    "linear": ("linear", "refractory", "integrator", "mean", True),
    "smooth": ("smooth", "linear", "integrator", "values", False),
    "first": ("refractory", "lif", "refractory", "first", True),
    "count": ("linear", "refractory", "linear", "count", False),
    "spikes": ("refractory", "lif", "refractory", "spikes", True),
}
INPUTS, CLASSES = 6, 3
SMALLEST = 1e-5  # part of the loss by which an element changes it that is compared: below it is rounding
# differences of the fourth order, on both sides of a value or on one, where a kink is on the other: place -> factor
STENCILS = [
    {-2: 1 / 12, -1: -2 / 3, 1: 2 / 3, 2: -1 / 12},
    *({0: -25 / 12 * s, s: 4 * s, 2 * s: -3 * s, 3 * s: 4 / 3 * s, 4 * s: -s / 4} for s in (1, -1)),
]


def trainer_of(kind, seed=1, threads=1, **options):
    """Return (trainer, X, y): sparse, recurrent, with two receptors on a population, a view, and constant currents."""
    first, second, last, loss, each = KINDS[kind]
    rng, net = np.random.default_rng(seed), bs.Network(seed=seed)
    source = bs.Population(INPUTS, bs.SpikeTrains([], []), name="source")
    other = bs.Population(2, bs.SpikeTrains([4.27, 11.13, 17.36], [0, 1, 0]), name="other")
    a = bs.Population(12, CELLS[first][0], name="a")
    b = bs.Population(7, CELLS[second][0], name="b", initial={"v": bs.Uniform(-67.0, -60.0)} if second != "linear" else None)
    out = bs.Population(CLASSES, bs.LI(tau_m=12.0) if last == "integrator" else CELLS[last][0], name="out")
    fast, slow = bs.Exponential(tau=4.0), bs.Exponential(tau=9.0, name="slow")
    delays = bs.Uniform(1.0, 6.0)

    def weights(mean):
        return bs.Normal(mean, 0.3 * abs(mean))

    net.connect(source, a, bs.FixedProbability(0.6), weight=weights(450.0), delay=delays, synapse=fast, name="in")
    net.connect(other, a[3:9], bs.AllToAll(), weight=weights(150.0), delay=1.3, synapse=slow, name="other")
    net.connect(a, a, bs.FixedIndegree(3), weight=weights(40.0), delay=delays, synapse=slow, name="within")
    net.connect(a, b, bs.FixedProbability(0.5), weight=weights(260.0), delay=2.45, synapse=fast, name="a->b")
    net.connect(b, a[::-1], bs.FixedIndegree(2), weight=weights(-60.0), delay=delays, synapse=fast, name="back")
    net.connect(b, out, bs.AllToAll(), weight=weights(160.0), delay=delays, synapse=fast, name="out")
    net.connect(a[:5] + b[:2], out, bs.FixedProbability(0.8), weight=weights(120.0), delay=1.04, synapse=slow, name="direct")
    net.stimulate(b, bs.CurrentInput(rng.normal(30.0, 20.0, b.n)), name="into b")
    learned = ("weight", "delay") if each else ("weight",)
    learns = [bs.learn.Learns(p, what) for p in net.projections[:-1] for what in learned]
    learns += [bs.learn.Learns("direct", "delay", shared=True), bs.learn.Learns("direct")]
    learns += [bs.learn.Learns(name, "tau") for name in ("in", "within", "a->b", "out")]
    learns += [bs.learn.Learns("into b", "amplitude")]
    learns += [bs.learn.Learns(p, what) for p, cells in ((a, first), (b, second)) for what in CELLS[cells][1]]
    given = {"dt": 0.5, "duration": 50.0, "validation": 0.0, "clip": 0.0, "gain": 0.5, "tau_first": 10.0, "seed": 3}
    X = [(rng.uniform(0.0, 30.0, 18), rng.integers(0, INPUTS, 18)) for _ in range(4)]
    y = rng.normal(-60.0, 5.0, (4, 100, CLASSES)) if loss == "values" else np.array([0, 1, 2, 1])
    named = "sequence" if loss == "values" else loss
    trainer = bs.learn.Trainer(net, out, learns, inputs=source, loss=named, threads=threads, **given | options)
    trainer._begin(trainer._complete(X, "X"), y, "fit")
    if loss == "spikes":  # as many as there are, at other times
        y = [(s.times - rng.uniform(0.2, 2.0, len(s)), s.ids) for s in trainer.predict(X)]
    return trainer, X, y


class Runs:
    """Runs of the samples of a trainer with its present values."""

    def __init__(self, trainer, X, y):
        self.trainer, inputs = trainer, trainer._inputs(X, "X")
        self.runner = trainer._runner(inputs, trainer._targets(y, len(inputs), "y"))
        self.rows = np.arange(len(inputs))

    def run(self):
        """Return (mean loss, spikes of each cell in each sample)."""
        with self.runner as runner:
            batch = runner.run(self.trainer._vector, self.rows, learn=False)
        return float(batch.loss.mean()), batch.counts.copy()


def assert_gradients(trainer, X, y, per_part):
    """Compare the gradient with differences of the loss, for some elements of each part; return how many."""
    loss, gradients = trainer.gradients(X, y)
    runs = Runs(trainer, X, y)
    same, counts = runs.run()
    assert loss == pytest.approx(same, rel=1e-13)
    rng, skipped, compared = np.random.default_rng(2), 0, 0
    for key, part in trainer.parts().items():
        gradient, flat = np.atleast_1d(gradients[key]).ravel(), part.reshape(-1)
        size, unit = np.abs(gradient).max(), np.sqrt(np.mean(flat * flat))
        for k in rng.permutation(flat.size)[:per_part]:
            limit = 1e-6 * max(abs(gradient[k]), 1e-3 * size, SMALLEST * loss / unit)
            found = by_differences(runs, flat, k, unit, counts, gradient[k], limit)
            skipped, compared = skipped + (not found), compared + 1
            assert not found or min(found) < 1.0, (key, k, gradient[k], found)
    assert skipped <= 0.05 * compared
    return compared


def by_differences(runs, flat, k, unit, counts, wanted, limit, steps=(1e-5, 1e-4, 1e-6, 1e-3, 1e-7)):
    """Return the distances of differences of the loss by one element from `wanted` in limits, up to one below 1.

    There is none where a spike appears or vanishes. The loss is smooth up to the next value at which a spike crosses a point
    of the grid, where it has a kink, and is rounded; so a step may be too long or too short, and there are several.
    """
    centre, found = flat[k], []
    for step in steps:
        for stencil in STENCILS:
            difference = 0.0
            for place, factor in stencil.items():
                flat[k] = centre + place * step * unit
                loss, now = runs.run()
                difference += factor * loss / (step * unit) if np.array_equal(now, counts) else np.nan
            flat[k] = centre
            if np.isfinite(difference):
                found.append(abs(difference - wanted) / limit)
                if found[-1] < 1.0:
                    return found
    return found
