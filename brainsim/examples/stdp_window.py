"""What a pair of spikes does to a synapse by each rule, beside its formula, and what 60 in a row do.

Each synapse gets one spike of its source and one of its target, which a teacher makes fire, with another lag between them:
the window of spike timing; with `DopamineSTDP`, a reward follows half a second later. Below, 60 pairs in a row at 0.1 to 50
Hz, with the source 10 ms before or after the target, next to experiments in visual cortex, where at high rates both orders
strengthen the synapse. No rule of pairs does that, as pairs in the wrong order become more frequent as well; triplets of one
spike of the source and two of the target do. Experiments: Sjöström, Turrigiano and Nelson (2001),
doi:10.1016/S0896-6273(01)00542-6, as in Pfister and Gerstner (2006), doi:10.1523/JNEUROSCI.1425-06.2006; sources of the
rules: ``brainsim models STDP``.
"""

import numpy as np

import brainsim as bs

DURATION, DT = 600_000.0, 1.0  # ms
WINDOW = (0.0, DURATION)

LAGS = np.concatenate([np.arange(-60.0, -5.0, 5.0), np.arange(-6.0, 7.0, 2.0), np.arange(10.0, 61.0, 5.0)])  # ms
# rule and weight at the start
RULES = {
    "additive": (bs.STDP.published("Song 2000"), 0.3),
    "multiplicative": (bs.STDP(weight_dependence="multiplicative"), 0.3),
    "gutig": (bs.STDP.published("Guetig 2003", mu=0.5), 0.3),
    "van_rossum": (bs.STDP.published("van Rossum 2000"), 0.2),
    "power_law": (bs.STDP.published("Morrison 2007"), 20.0),
    "triplets": (bs.TripletSTDP.published("hippocampus, all, full"), 1.0),
    "inhibition": (bs.VogelsSTDP(), 0.5),
    "reward": (bs.DopamineSTDP(), 2.0),
}
# what a pair without a lag adds and takes, of a rule r at weight w, and what a spike of the source takes in any case
LAWS = {
    "additive": lambda r, w: (r.a_plus * r.w_max, r.a_minus * r.w_max, 0.0),
    "multiplicative": lambda r, w: (r.a_plus * (r.w_max - w), r.a_minus * w, 0.0),
    "gutig": lambda r, w: (r.a_plus * r.w_max * (1 - w / r.w_max) ** r.mu, r.a_minus * r.w_max * (w / r.w_max) ** r.mu, 0.0),
    "van_rossum": lambda r, w: (r.a_plus * r.w_0, r.a_minus * w, 0.0),
    "power_law": lambda r, w: (r.a_plus * r.w_0 * (w / r.w_0) ** r.mu, r.a_minus * w, 0.0),
    "triplets": lambda r, w: (r.a2_plus * r.w_0, r.a2_minus * r.w_0, 0.0),
    "inhibition": lambda r, w: (r.eta, -r.eta, r.eta * 2.0 * (0.001 * r.rho_0) * r.tau),
    "reward": lambda r, w: np.array([r.a_plus, r.a_minus, 0.0]) * r.release / (1.0 / r.tau_c + 1.0 / r.tau_n),
}

INTERVALS, ORDERS, PAIRS = (10_000.0, 100.0, 66.0, 50.0, 40.0, 33.0, 28.0, 25.0, 22.0, 20.0), (10.0, -10.0), 60  # ms, ms
A = 0.0065 / 2.0  # change by a pair as a share of w_max, so that slow pairs in the wrong order have the effect measured
SERIES = {
    f"pairs, {pairing}": bs.STDP(tau_plus=16.8, tau_minus=33.7, a_plus=A, a_minus=A, w_max=2.0, pairing=pairing)
    for pairing in ("all", "nearest")
} | {
    f"triplets, {name}": bs.TripletSTDP.published(f"visual cortex, {name}")
    for name in ("all, full", "all, minimal", "nearest, full", "nearest, minimal")
}
START, DELAY, TEACHER, REWARD = 100.0, 1.0, 40.0, 600.0  # ms, ms, mV, ms


def build(seed=1):
    """Return the network, with a synapse for each rule and each lag or series of pairs, and no traces."""
    net = bs.Network(seed=seed)
    once = [[START]] * LAGS.size, [[START + lag] for lag in LAGS]
    traces = add_synapses(net, once, RULES, "pair")
    first = START + np.arange(PAIRS) * np.array(INTERVALS)[:, None]
    series = [list(first) * len(ORDERS), [times + lag for lag in ORDERS for times in first]]
    traces += add_synapses(net, series, {name: (rule, 1.0) for name, rule in SERIES.items()}, "series")
    return net, traces


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


def window(rule, lag):
    """Return the formula: what one pair does that reaches the synapse with a lag [ms], > 0 if the source is first."""
    r, weight = RULES[rule]
    up, down, always = LAWS[rule](r, weight)
    tau_plus, tau_minus = (r.tau, r.tau) if rule == "inhibition" else (r.tau_plus, r.tau_minus)
    effect = np.where(lag > 0.0, up * np.exp(-np.abs(lag) / tau_plus), -down * np.exp(-np.abs(lag) / tau_minus))
    if rule == "reward":  # it finds what is left of the pair
        effect = effect * np.exp(-(REWARD - START - np.maximum(lag, 0.0)) / r.tau_c)
    return np.where(lag == 0.0, 0.0, effect) - always


def draw(result, window):
    """Return the figure: windows of all rules, and the effect of series against the rate."""
    from brainsim.examples._figures.stdp_window import window_figure

    return window_figure(changes(result))


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, dt=DT, seed=2, record=traces)
    print(result)
    draw(result, WINDOW).savefig("stdp_window.png")
