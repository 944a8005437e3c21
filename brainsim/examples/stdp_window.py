"""What a pair of spikes does to synapses by each rule, compared with its formula, and what 60 of them do.

Each synapse gets one spike of its source and one of its target, which a teacher makes fire, with a different lag for each
synapse: the window of spike timing; with `DopamineSTDP`, a reward follows half a second later. Below, 60 pairs in a row at
0.1 to 50 Hz, with the source 10 ms before or after the target, next to experiments in visual cortex, where at high rates
both orders strengthen the synapse. No rule of pairs does that, as pairs in the wrong order become more frequent as well;
triplets of one spike of the source and two of the target do. `CalciumPlasticity` has noise, so 1,000 synapses of each state
see 60 pairs. Experiments: Sjöström, Turrigiano and Nelson (2001), doi:10.1016/S0896-6273(01)00542-6, as in Pfister and
Gerstner (2006), doi:10.1523/JNEUROSCI.1425-06.2006; sources of the rules: ``brainsim models STDP``.
"""

import numpy as np

import brainsim as bs

DURATION, DT = 600_000.0, 1.0  # ms
WINDOW = (0.0, DURATION)

LAGS = np.concatenate([np.arange(-60.0, -5.0, 5.0), np.arange(-6.0, 7.0, 2.0), np.arange(10.0, 61.0, 5.0)])  # ms
# rule and weight at the start; of a family by one exponent all have the same functions, which are compiled once
RULES = {
    "additive": (bs.STDP.published("Song 2000"), 0.3),
    "multiplicative": (bs.STDP(weight_dependence="gutig", mu=1.0), 0.3),
    "gutig": (bs.STDP(weight_dependence="gutig", mu=0.5), 0.3),
    "van_rossum": (bs.STDP(weight_dependence="power_law", mu=0.0, a_plus=1.0, a_minus=0.003, w_0=0.001), 0.2),
    "power_law": (bs.STDP.published("Morrison 2007"), 20.0),
    "triplets": (bs.TripletSTDP.published("hippocampus, all, full"), 1.0),
    "inhibition": (bs.VogelsSTDP(), 0.5),
    "reward": (bs.DopamineSTDP(), 2.0),
}

INTERVALS, ORDERS, PAIRS = (10_000.0, 100.0, 66.0, 50.0, 40.0, 33.0, 28.0, 25.0, 22.0, 20.0), (10.0, -10.0), 60  # ms, ms
A = 0.0065 / 2.0  # change by a pair as a share of w_max, so that slow pairs in the wrong order have the effect measured
# a rule of pairs is one of triplets that have no effect
SERIES = {
    f"pairs, {pairing}": bs.TripletSTDP(
        tau_plus=16.8, tau_minus=33.7, a2_plus=A, a2_minus=A, a3_plus=0.0, a3_minus=0.0, w_0=2.0, w_max=2.0, pairing=pairing
    )
    for pairing in ("all", "nearest")
} | {
    f"triplets, {name}": bs.TripletSTDP.published(f"visual cortex, {name}")
    for name in ("all, full", "all, minimal", "nearest, full", "nearest, minimal")
}
CALCIUM_LAGS, COPIES, COME_AFTER = np.arange(-60.0, 61.0, 10.0), 1000, 14.0  # ms, synapses for each lag, ms
START, DELAY, TEACHER, REWARD = 100.0, 1.0, 40.0, 600.0  # ms, ms, mV, ms


CALCIUM = bs.CalciumPlasticity.published("DP", w_0=1e-3)
STATES = {"low": CALCIUM.w_0, "high": CALCIUM.b * CALCIUM.w_0}  # the weights of the two stable states


def build(seed=1):
    """Return the network, with a synapse for each rule and each lag or series of pairs, and no traces."""
    net = bs.Network(seed=seed)
    once = [[START]] * LAGS.size, [[START + lag] for lag in LAGS]
    traces = add_synapses(net, once, RULES, "pair")
    first = START + np.arange(PAIRS) * np.array(INTERVALS)[:, None]
    series = [list(first) * len(ORDERS), [times + lag for lag in ORDERS for times in first]]
    traces += add_synapses(net, series, {name: (rule, 1.0) for name, rule in SERIES.items()}, "series")
    return net, traces + add_calcium(net)


def add_calcium(net):
    """Add synapses that follow calcium, for pairs in a row at 1 Hz with each lag; return what to record."""
    times, traces, cell = START + 1000.0 * np.arange(PAIRS), [], np.arange(CALCIUM_LAGS.size)
    sources = bs.Population(cell.size, bs.SpikeTrains([times] * cell.size), name="sources of calcium")
    teachers = bs.Population(
        cell.size, bs.SpikeTrains([times + lag - DELAY for lag in CALCIUM_LAGS]), name="teachers of calcium"
    )
    for state, weight in STATES.items():
        cells, pairs = bs.Population(cell.size, bs.LIF(), name=state), bs.FromArrays(*[np.repeat(cell, COPIES)] * 2)
        options = {"weight": weight, "delay": COME_AFTER, "synapse": bs.Exponential(), "plasticity": CALCIUM}
        traces.append(bs.WeightTrace(net.connect(sources, cells, pairs, **options), synapses=None, every=10_000.0))
        net.connect(teachers, cells, bs.OneToOne(), weight=TEACHER, delay=DELAY, synapse=bs.Delta())
    return traces


def add_synapses(net, trains, rules, name):
    """Add a synapse of each rule for each pair of trains, of its source and of its target; return what to record."""
    traces, dopamine = [], bs.Population(1, bs.SpikeTrains([[REWARD]]), name=f"reward of {name}")
    sources, teachers = (
        bs.Population(len(one), bs.SpikeTrains(list(one)), name=f"{kind} of {name}")
        for kind, one in zip(("sources", "teachers"), trains, strict=True)
    )
    for rule, (plasticity, weight) in rules.items():
        cells = bs.Population(sources.n, bs.LIF(), name=rule)
        learning = net.connect(
            sources,
            cells,
            bs.OneToOne(),
            weight=weight,
            delay=DELAY,
            synapse=bs.Exponential(),
            plasticity=plasticity,
            modulator=dopamine if rule == "reward" else None,
        )
        net.connect(teachers, cells, bs.OneToOne(), weight=TEACHER, delay=DELAY, synapse=bs.Delta())
        traces.append(bs.WeightTrace(learning, synapses=None, every=1000.0))
    return traces


def changes(result):
    """Return by how much each synapse has changed: rule -> array, one for each lag, or of shape (orders, intervals)."""
    found = {w.name.split("->")[1]: w.values[-1] - w.values[0] for w in result.weights.values()}
    return found | {rule: found[rule].reshape(len(ORDERS), len(INTERVALS)) for rule in SERIES}


def calcium_change(result):
    """Return the mean weight for each lag relative to that before, if half of the synapses were in each stable state."""
    b = CALCIUM.b
    ends = [result.weights[f"sources of calcium->{state}"].values[-1] / CALCIUM.w_0 for state in STATES]
    high = np.mean([end.reshape(-1, COPIES) > 0.5 * (1.0 + b) for end in ends], axis=(0, 2))
    return (1.0 - high + b * high) / (0.5 + 0.5 * b)


def draw(result, window):
    """Return the figure: windows of all rules, and the effect of series against the rate or the lag."""
    from brainsim.examples._figures.stdp_window import window_figure

    return window_figure(changes(result), calcium_change(result))


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, dt=DT, seed=2, record=traces)
    print(result)
    draw(result, WINDOW).savefig("stdp_window.png")
