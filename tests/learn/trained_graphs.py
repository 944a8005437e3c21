"""Random networks of `Population` and `connect` for the tests of `bs.learn.Trainer`."""

import numpy as np

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
    "adaptive": (bs.learn.AdaptingLIF(t_ref=0.0, tau_a=40.0, beta=2.0), ("tau_m", "c_m", "tau_a", "beta")),
    "linear": (Adaptive(), ("tau_m", "tau_w", "c_m", "b", "v_th")),
    "smooth": (Coupled(), ("tau_m", "c_m", "a", "b", "k", "tau_w")),
}
# kinds of networks: the cells of two populations, the output, the loss, and whether delays learn each
KINDS = {
    "lif": ("lif", "refractory", "integrator", "mean", False),
    "refractory": ("refractory", "refractory", "integrator", "max", True),
    "adaptive": ("adaptive", "refractory", "integrator", "mean", True),
    "linear": ("linear", "refractory", "integrator", "mean", True),
    "smooth": ("smooth", "linear", "integrator", "values", False),
    "first": ("refractory", "lif", "refractory", "first", True),
    "count": ("linear", "refractory", "linear", "count", False),
    "spikes": ("refractory", "lif", "refractory", "spikes", True),
}
INPUTS, CLASSES = 6, 3


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
    trainer._begin(trainer._as_inputs(X, "X"), y, "fit")
    if loss == "spikes":  # as many as there are, at other times
        y = [(s.times - rng.uniform(0.2, 2.0, len(s)), s.ids) for s in trainer.predict(X)]
    return trainer, X, y
