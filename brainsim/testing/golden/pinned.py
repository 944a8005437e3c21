"""The networks whose bits are pinned: all that samples, integrates, delivers or converts is in one of them.

Each function builds a network and says how it is run. The arrays in them follow from whole numbers, not from a generator of
NumPy's, and a method is named unless it is what a network is about, so that only a change of what brainsim computes changes
the numbers.
"""

from typing import Any

import numpy as np
from scipy import sparse

import brainsim as bs

NETWORKS: dict[str, Any] = {}


def golden(duration=100.0, **options):
    """Add a function that builds a network to those that are pinned, with the options of its runs."""

    def add(build):
        NETWORKS[build.__name__] = build, duration, {"dt": 0.1, **options}
        return build

    return add


def spread(n, low, high):
    """Return n numbers from `low` to `high` in no order."""
    return low + (high - low) * (np.arange(n) * 7919 % 1013 / 1013.0)


def lif(n=120, name="cells", **parameters):
    given = {"tau_m": 20.0, "c_m": 200.0, "v_rest": -60.0, "v_th": -50.0, "v_reset": -60.0, "t_ref": 2.0} | parameters
    return bs.Population(n, bs.LIF(**given), name=name, initial={"v": bs.Uniform(-60.0, -50.0)})


def wired(storage, rules):
    """Return a network with a projection for each rule, driven so that it fires."""
    cells = lif()
    net = bs.Network(seed=3)
    slow = bs.Exponential(tau=5.0)
    net.stimulate(cells, bs.PoissonInput(rate=4000.0, weight=0.14, synapse=bs.Delta()), name="drive")
    for number, (name, rule) in enumerate(rules.items()):
        pre, post = (cells[:60], cells[60:]) if name in ("OneToOne", "AllToAll") else (cells, cells[10:100])
        weight = bs.Normal(4.0, 1.0) if number % 2 else 7.3
        delay = bs.Uniform(0.3, 4.0) if number % 3 else 1.5
        net.connect(pre, post, rule, weight=weight, delay=delay, synapse=slow, name=name, storage=storage)
    return net


DRAWN = {
    "AllToAll": bs.AllToAll(),
    "FixedProbability": bs.FixedProbability(0.1, autapses=False),
    "FixedOutdegree": bs.FixedOutdegree(5, multapses=False),
    "FixedTotal": bs.FixedTotal(400),
    "OneToOne": bs.OneToOne(),
}


@golden()
def rules_stored():
    listed = bs.FromArrays(np.arange(200) * 7 % 120, np.arange(200) * 11 % 90)
    held = sparse.csr_matrix((spread(60, 1.0, 9.0), (np.arange(60) * 2, np.arange(60) * 7 % 90)), shape=(120, 90))
    counted = bs.FixedIndegree(6), bs.FixedIndegree(4, multapses=False, autapses=False)
    net = wired("stored", DRAWN | {"FixedIndegree": counted[0], "without multapses": counted[1], "FromArrays": listed})
    cells = net.populations["cells"]
    net.connect(cells, cells[10:100], bs.FromSparse(held), weight=held.data, delay=2.0, synapse=bs.Exponential(tau=5.0))
    return net


@golden()
def rules_procedural():
    return wired("procedural", DRAWN)


@golden()
def distances():
    """Probabilities, weights and delays that depend on the distance; targets that choose near sources."""
    model = lif().model
    sheet = bs.Population(120, model, name="sheet", positions=bs.positions.grid((12, 10), spacing=15.0))
    ball = bs.Population(60, model, name="ball", positions=bs.positions.ball(60, 80.0, seed=4), initial={"v": -52.0})
    net = bs.Network(seed=3)
    text, slow = "0.4*exp(-(dx/60)**2 - (dy/30)**2)", bs.Exponential(tau=5.0)
    rule = bs.DistanceRule(text, max_distance=90.0, periodic=(180.0, 150.0))
    net.connect(sheet, sheet, rule, weight="3 + 9*exp(-d/40)", delay="0.5 + d/50", synapse=slow)
    net.connect(ball, sheet, bs.DistanceRule("exp(-d/30)", k=5), weight=bs.Normal(5.0, 1.0), delay=1.5, synapse=slow)
    net.connect(
        sheet, ball, bs.DistanceRule("1/(1 + d/20)", k=4, multapses=True), weight=4.0, delay="1 + d/90", synapse=slow
    )
    net.connect(ball, ball, bs.FixedTotal(200), weight="5*cos(d/60)", delay=bs.Uniform(0.3, 4.0), synapse=slow)
    for cells in (sheet, ball):
        net.stimulate(cells, bs.PoissonInput(rate=4000.0, weight=0.14, synapse=bs.Delta()))
    return net


@golden()
def inputs():
    """Poisson inputs by thresholds, by an alias table and for each cell; currents; listed spikes; scattered views."""
    cells, slow = lif(), bs.Exponential(tau=5.0)
    net = bs.Network(seed=3)
    for name, rate, weight in [("few", 900.0, 0.2), ("many", 150_000.0, 0.004)]:
        net.stimulate(cells, bs.PoissonInput(rate=rate, weight=weight, synapse=bs.Delta()), name=name)
    rates = spread(120, 0.0, 2000.0)
    net.stimulate(cells, bs.PoissonInput(rate=rates, weight=bs.Uniform(5.0, 15.0), synapse=slow), name="own rates")
    net.stimulate(cells[::5], bs.PoissonInput(rate=rates[:24] * 200.0, weight=0.02, synapse=slow), name="own, many")
    net.stimulate(cells[(np.arange(40) * 7) % 120], bs.PoissonInput(rate=400.0, weight=9.0, synapse=slow), name="scattered")
    net.stimulate(cells[10:60], bs.CurrentInput([60.0, -20.0, 90.0], times=[10.0, 33.3, 80.0]), name="stairs")
    net.stimulate(cells[::3], bs.CurrentInput(spread(40, 0.0, 50.0)), name="each")
    train = bs.Population(20, bs.SpikeTrains(np.arange(300) * 3 / 10.0, np.arange(300) * 7 % 20), name="train")
    net.connect(train, cells, bs.FixedIndegree(3), weight=40.0, delay=bs.Uniform(0.3, 9.0), synapse=slow)
    return net


@golden()
def inputs_over_time():
    """Texts and tables as rates and currents, shared and for each cell, from small to large means, with start and stop."""
    cells, slow = lif(tau_m=spread(120, 15.0, 25.0)), bs.Exponential(tau=5.0)
    net = bs.Network(seed=3)
    wave = "sin(2*pi*t/25)"
    for name, rate, weight in [
        ("few", f"900 + 700*{wave}", 0.2),
        ("many", f"150000 + 50000*{wave}", 0.004),
        ("rows", bs.TimedArray(spread(10, 0.0, 4000.0), 10.0), 0.1),
    ]:
        net.stimulate(cells, bs.PoissonInput(rate=rate, weight=weight, synapse=bs.Delta(), start=3.0, stop=90.0), name=name)
    own = f"40*tau_m*(1 + {wave}) + where(i > 60, exp(-t/30), 0)"
    net.stimulate(cells, bs.PoissonInput(rate=own, weight=9.0, synapse=slow), name="own")
    columns = bs.TimedArray(spread(480, 0.0, 900.0).reshape(4, 120), 25.0)
    net.stimulate(cells, bs.PoissonInput(rate=columns, weight=9.0, synapse=slow), name="columns")
    net.stimulate(cells[(np.arange(40) * 7) % 120], bs.PoissonInput(rate="8*t", weight=9.0, synapse=slow), name="scattered")
    net.stimulate(cells[10:60], bs.CurrentInput(bs.signals.chirp(50.0, 40.0, 10.0, 60.0, stop=80.0)), name="chirp")
    net.stimulate(cells[::3], bs.CurrentInput(bs.TimedArray(spread(20, 0.0, 50.0), 5.0), stop=70.0), name="table")
    net.stimulate(cells[::2], bs.CurrentInput([60.0, -20.0], times=[10.0, 33.3], start=20.0), name="stairs")
    for model in (
        bs.Poisson(rate=f"20 + 15*{wave}"),
        bs.PoissonWithDeadTime(rate=bs.TimedArray([10.0, 60.0], 50.0), t_dead=5.0),
        bs.GammaRenewal(rate="30*(1 + i/40)*(1 - t/200)", order=3),
    ):
        senders = bs.Population(40, model, name=type(model).__name__)
        net.connect(senders, cells, bs.FixedIndegree(8), weight=60.0, delay=1.0, synapse=slow)
    return net


@golden()
def noise_and_clamp():
    """White and coloured noise, independent and correlated, on cells of which some are clamped; correlated sources."""
    cells, slow = lif(), bs.Exponential(tau=5.0)
    net = bs.Network(seed=3)
    net.stimulate(cells, bs.NoiseInput(60.0, mean=80.0), name="white")
    net.stimulate(cells[10:90], bs.NoiseInput(spread(80, 0.0, 90.0), tau=4.0, correlation=0.3, start=5.0), name="coloured")
    net.stimulate(cells[::3], bs.NoiseInput("1*t", tau=spread(40, 1.0, 9.0), correlation=1.0, stop=80.0), name="common")
    net.stimulate(cells[40:50], bs.VoltageClamp("-60 + 0.9*i*sin(2*pi*t/20)", start=20.0, stop=60.0), name="clamp")
    for model in (
        bs.SingleInteraction(rate=30.0, correlation=0.2),
        bs.MultipleInteraction(rate="30 + t/5", correlation=0.4),
    ):
        senders = bs.Population(40, model, name=type(model).__name__)
        net.connect(senders, cells, bs.FixedIndegree(8), weight=60.0, delay=1.0, synapse=slow)
    return net


@golden()
def sources():
    net, cells = bs.Network(seed=3), lif()
    for model in (
        bs.Poisson(rate=bs.Uniform(5.0, 60.0)),
        bs.PoissonWithDeadTime(rate=40.0, t_dead=5.0),
        bs.GammaRenewal(rate=30.0, order=3),
    ):
        senders = bs.Population(40, model, name=type(model).__name__)
        net.connect(senders, cells, bs.FixedIndegree(8), weight=60.0, delay=1.0, synapse=bs.Exponential(tau=5.0))
    return net


def driven(population, synapses, rate=600.0):
    """Return a network in which a population gets Poisson events of each synapse, and its own spikes back through it."""
    net = bs.Network(seed=3)
    for synapse, weight in synapses:
        net.stimulate(population, bs.PoissonInput(rate=rate, weight=weight, synapse=synapse))
        net.connect(population, population, bs.FixedIndegree(5), weight=weight, delay=1.2, synapse=synapse)
    return net


@golden()
def currents():
    """All that is exact, with parameters that differ from cell to cell, so that there are as many propagators."""
    cells = lif(tau_m=bs.Uniform(10.0, 25.0), t_ref=bs.Uniform(1.0, 3.0))
    return driven(
        cells,
        [
            (bs.Exponential(tau=5.0), 12.0),
            (bs.Alpha(tau=2.0), 12.0),
            (bs.DoubleExponential(tau_rise=1.0, tau_decay=6.0), 9.0),
            (bs.ExponentialCharge(tau=3.0), 60.0),
            (bs.AlphaCharge(tau=1.5), 60.0),
            (bs.Delta(), 0.05),
        ],
    )


class ExponentialLIF(bs.LIF):
    method = "exponential_euler"


@golden()
def conductances():
    cells = bs.Population(80, ExponentialLIF(), name="cells")
    return driven(
        cells,
        [
            (bs.ExponentialConductance(tau=3.0), 1.5),
            (bs.AlphaConductance(tau=1.5), 1.5),
            (bs.NMDA(), 0.3),
            (bs.DoubleExponentialConductance(tau_rise=0.5, tau_decay=4.0, e_rev=-80.0), 0.5),
            (bs.GABAB(), 0.002),
        ],
    )


class Rated(bs.TraubMiles):
    method = "exponential_euler"


class Squid(bs.HodgkinHuxley):
    method = "rk4"


@golden(duration=50.0)
def channels():
    net = bs.Network(seed=3)
    for model, current in [(Rated(), 300.0), (Squid(), 1000.0)]:
        cells = bs.Population(20, model, name=type(model).__name__)
        net.stimulate(cells, bs.CurrentInput(spread(20, 0.5 * current, 2.0 * current)))
        net.connect(cells, cells, bs.FixedIndegree(3), weight=2.0, delay=1.0, synapse=bs.ExponentialConductance(tau=3.0))
    return net


class AdExRK4(bs.AdEx):
    method = "rk4"


class Keeping(bs.LIF):
    arrivals = "kept"


@golden()
def held():
    """Two variables that are held for a time of each cell, what arrives discarded or kept; weights that are contacts."""
    brain = bs.Population(
        120, bs.ShiuLIF(t_ref=np.arange(120) % 5 * 0.6), name="brain", initial={"v": bs.Uniform(-52.0, -45.0)}
    )
    keeping = bs.Population(60, Keeping(t_ref=4.0), name="keeping", initial={"v": bs.Uniform(-65.0, -50.0)})
    net, drive = bs.Network(seed=3), bs.Delta(variable="g")
    pairs = bs.FromArrays(np.arange(3000) * 7 % 120, np.arange(3000) * 11 % 113)
    contacts = np.arange(3000) * 7919 % 13 - 3.0
    net.connect(brain, brain, pairs, weight=0.275 * contacts, delay=1.8, synapse=drive)
    net.connect(brain, keeping, bs.FixedIndegree(9), weight=2.0, delay=0.7, synapse=bs.Delta())
    net.stimulate(brain, bs.PoissonInput(rate=300.0, weight=30.0, synapse=drive))
    net.stimulate(keeping, bs.PoissonInput(rate=4000.0, weight=0.25, synapse=bs.Delta()))
    return net


class FitzHughHeun(bs.FitzHughNagumo):
    method = "heun"


@golden()
def integrators():
    net = bs.Network(seed=3)
    for model, current in [(AdExRK4(), 800.0), (bs.Izhikevich(), 10.0), (FitzHughHeun(), 0.6), (bs.MAT2(), 900.0)]:
        cells = bs.Population(20, model, name=type(model).__name__)
        net.stimulate(cells, bs.CurrentInput(spread(20, 0.6 * current, 1.6 * current)))
    return net


class Shared(bs.Neuron):
    """Two variables under one white noise and each under one of its own: normal numbers that depend on each other."""

    equations = """
        dv/dt = (-v + w)/tau + sigma*sqrt(2/tau)*xi_both
        dw/dt = -w/tau_w + 0.5*sigma*sqrt(2/tau_w)*xi_both + sigma*sqrt(2/tau_w)*xi
    """
    threshold = "v >= 1*sigma"
    reset = "v = 0"
    method = "exact"
    tau: float = bs.parameter(10.0, "ms", "time constant")
    tau_w: float = bs.parameter(30.0, "ms", "time constant of w")
    sigma: float = bs.parameter(5.0, "mV", "deviation")
    v: float = bs.initial(0.0, "mV", "potential")
    w: float = bs.initial(0.0, "mV", "slow noise")


class Growing(bs.Neuron):
    """Noise whose size depends on the variable."""

    equations = "dx/dt = (1 - x)/tau + sigma*x*sqrt(1/tau)*xi"
    threshold = "x >= 1.5"
    reset = "x = 1 + 0.1*randn()"
    method = "milstein"
    tau: float = bs.parameter(10.0, "ms", "time constant")
    sigma: float = bs.parameter(0.5, "", "size of the noise")
    x: float = bs.initial(1.0, "", "what grows")


@golden()
def noise():
    net = bs.Network(seed=3)
    net.add(bs.Population(50, Shared(tau=bs.Uniform(8.0, 12.0)), name="shared"))
    for method in ("milstein", "euler_maruyama", "heun"):
        model = type(f"Growing_{method}", (Growing,), {"method": method})
        net.add(bs.Population(50, model(), name=method))
    return net


@golden()
def escape():
    """Spikes at random, by a rate."""
    cells = bs.Population(80, bs.GIF(), name="cells")
    net = driven(cells, [(bs.Exponential(tau=5.0), 40.0)])
    net.stimulate(cells, bs.CurrentInput(spread(80, 100.0, 400.0)))
    return net


@golden(precision="single")
def single_precision():
    cells = bs.Population(80, ExponentialLIF(tau_m=bs.Uniform(10.0, 20.0)), name="cells")
    net = driven(cells, [(bs.ExponentialConductance(tau=3.0), 2.0), (bs.NMDA(), 0.3), (bs.Delta(), 0.1)])
    net.stimulate(cells, bs.PoissonInput(rate=spread(80, 0.0, 900.0), weight=1.0, synapse=bs.AlphaConductance(tau=1.5)))
    net.add(bs.Population(30, Shared(), name="shared"))
    return net


class Played(bs.Neuron):
    """Cells that read a table of their own and one of all, in steps of a third of dt, and count in events."""

    equations = """
        dv/dt = (-v + scale(t)*drive(t) + a*sin(2*pi*t/period))/tau
        dn/dt = -n/tau_n
    """
    threshold = "v >= v_th"
    reset = "v = 0.25*v; n += 1"
    refractory = "t_ref*(1 + n)"
    events = {"near": ("v > 0.8*v_th and rand() < 0.1", "u += 1 + 0.01*randn()")}  # noqa: RUF012 - no one writes to it
    method = "rk4"
    substeps = 3
    tau: float = bs.parameter(8.0, "ms", "time constant")
    tau_n: float = bs.parameter(40.0, "ms", "time constant of n")
    period: float = bs.parameter(25.0, "ms", "period")
    v_th: float = bs.parameter(10.0, "mV", "threshold")
    a: float = bs.parameter(3.0, "mV", "amplitude")
    t_ref: float = bs.parameter(1.0, "ms", "refractory time")
    scale = bs.parameter(bs.TimedArray([0.5, 1.5, 1.0], dt=20.0), "", "common factor")
    drive = bs.parameter(bs.TimedArray([8.0, 14.0], dt=10.0), "mV", "drive")
    v: float = bs.initial(0.0, "mV", "potential")
    n: float = bs.initial(0.0, "", "recent spikes")
    u: float = bs.initial(0.0, "", "how often v was near")


@golden()
def tables_events_substeps():
    net = bs.Network(seed=3)
    drive = bs.TimedArray(spread(15 * 40, 5.0, 25.0).reshape(15, 40), dt=5.0)
    net.add(bs.Population(40, Played(drive=drive), name="own"))
    net.add(bs.Population(40, Played(a=bs.Uniform(0.0, 6.0)), name="common"))
    return net


# one variable for each of them; the last is of parameters alone, and computed once
FUNCTIONS = [
    "exp(-x) + c",
    "expm1(x)",
    "log(1 + x*x)",
    "log1p(x)",
    "sqrt(x)",
    "tanh(x - 2)",
    "sin(9*x) + cos(70*x)",
    "sigmoid(x - 1)",
    "exprel(x - 1)",
    "x**0.7 + 1.3**x + x**5",
    "where(x > 1, floor(3*x), sign(x - 0.5))",
    "clip(x, 0.2, 2) + max(x, 1) - min(x, 1)",
    "exp(a)*log(b)/exprel(a) + tanh(b)**1.5 + sin(a) + b**a",
]
Functions = type(
    "Functions",
    (bs.Neuron,),
    {
        "equations": "dx/dt = 1/tau\n" + "\n".join(f"dy{k}/dt = ({text} - y{k})/tau" for k, text in enumerate(FUNCTIONS)),
        "method": "rk4",
        "tau": bs.parameter(20.0, "ms", "time constant"),
        "a": bs.parameter(0.7, "", "a number"),
        "b": bs.parameter(1.9, "", "another"),
        "c": bs.parameter(0.0, "", "one that is drawn"),
        "__module__": __name__,
        "x": bs.initial("2 + log(b) - tanh(a*b)*exp(-a) - sin(b)**2", "", "what grows"),
        **{f"y{k}": bs.initial(0.0, "", text) for k, text in enumerate(FUNCTIONS)},
    },
)


@golden()
def values_and_functions():
    """Parameters and initial values from each distribution."""
    net = bs.Network(seed=3)
    for name, value in {
        "uniform": bs.Uniform(0.0, 2.0),
        "normal": bs.Normal(1.0, 0.3),
        "log": bs.LogNormal(0.0, 0.5),
        "exponential": bs.values.ExponentialDistribution(1.5),
        "gamma": bs.Gamma(2.5, 0.4),
        "flat": bs.Gamma(0.5, 1.0),
        "clipped": bs.Clipped(bs.Normal(1.0, 0.5), low=0.5),
    }.items():
        net.add(bs.Population(30, Functions(c=value, a=bs.Uniform(0.2, 1.2)), name=name, initial={"y0": value}))
    return net
