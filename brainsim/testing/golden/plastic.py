"""Networks whose synapses change: their bits are pinned like those of the others."""

import brainsim as bs
from brainsim.testing.golden.pinned import golden, lif, spread


def learning(rules, **options):
    """Return a network of cells that fire at random, with a projection for each rule, made for a scale of weights."""
    cells = lif()
    net = bs.Network(seed=3)
    net.stimulate(cells, bs.PoissonInput(rate=4000.0, weight=0.15, synapse=bs.Delta()), name="drive")
    for number, (name, rule) in enumerate(rules.items()):
        synapse, weight, scale = (
            (bs.Exponential(tau=5.0), bs.Normal(4.0, 1.0), 10.0) if number % 2 else (bs.Delta(), 0.1, 0.3)
        )
        delay = bs.Uniform(1.0, 4.0) if number % 3 else 1.5
        dendritic = (0.0, 0.6, "all")[number % 3]
        given = {
            "weight": bs.Clipped(weight, low=0.1, high=scale) if number % 2 else weight,
            "delay": delay,
            "synapse": synapse,
            "plasticity": rule(scale),
            "dendritic_delay": dendritic,
            "name": name,
        }
        net.connect(cells, cells[10:100], bs.FixedProbability(0.08), **given | options.get(name, {}))
    return net


@golden(200.0)
def plastic_pairs():
    """Return a network with pair rules of all pairings and several dependences on the weight."""
    rules = {
        f"{kind} {pairing}": lambda w_max, kind=kind, pairing=pairing: bs.STDP(
            weight_dependence=kind, pairing=pairing, w_max=w_max, a_plus=0.02, a_minus=0.025
        )
        for kind, pairing in [
            ("additive", "all"),
            ("multiplicative", "nearest"),
            ("additive", "presynaptic"),
            ("gutig", "reduced"),
        ]
    }
    return learning(rules)


@golden(200.0)
def plastic_others():
    """Return a network with triplets, short-term plasticity, vesicles, and a rule whose parameters differ."""
    return learning(
        {
            "triplets": lambda w_max: bs.TripletSTDP(w_max=w_max, w_0=0.05 * w_max),
            "tired": lambda w_max: bs.TsodyksMarkram(U=0.3, tau_rec=100.0, tau_fac=50.0),
            "vesicles": lambda w_max: bs.QuantalRelease(sites=3, U=0.4, tau_rec=150.0, tau_fac=80.0),
            "own": lambda w_max: bs.STDP(w_max=w_max, tau_plus=bs.Uniform(10.0, 30.0), a_plus=bs.Uniform(0.01, 0.03)),
        }
    )


@golden(200.0)
def plastic_modulated():
    """Return a network with dopamine from cells that fire at listed times, and calcium."""
    times = [10.0 + 20.0 * k for k in range(9)]
    dopamine = bs.Population(3, bs.SpikeTrains([times, [t + 3.0 for t in times], [t + 5.5 for t in times]]), name="dopamine")
    return learning(
        {
            "reward": lambda w_max: bs.DopamineSTDP(w_max=w_max, c_plus=0.01 * w_max, c_minus=0.012 * w_max, n_base=0.02),
            "calcium": lambda w_max: bs.CalciumPlasticity(w_0=0.2 * w_max, tau=2000.0),
        },
        reward={"modulator": dopamine, "modulator_delay": 1.2},
        calcium={"weight": 2.0},  # w_0, at which rho is 0
    )


@golden(200.0)
def plastic_voltage():
    """Return a network with Clopath's rule, with and without homeostasis, onto cells whose spikes have a shape."""
    sources = lif()
    cells = bs.Population(60, bs.ClopathAdEx(), name="spiky", initial={"v": bs.Uniform(-75.0, -55.0)})
    net = bs.Network(seed=3)
    net.stimulate(sources, bs.PoissonInput(rate=4000.0, weight=0.15, synapse=bs.Delta()), name="drive")
    net.stimulate(cells, bs.PoissonInput(rate=2500.0, weight=2.0, synapse=bs.Delta()), name="kicks")
    for number, rule in enumerate(
        (bs.ClopathSTDP(w_0=5.0, delay_u=1.0), bs.ClopathSTDP(homeostatic=True, w_0=5.0, tau_mean=50.0, u_ref=7.7))
    ):
        net.connect(
            (sources, cells)[number],
            cells[5:55],
            bs.FixedProbability(0.1),
            weight=bs.Uniform(0.3, 1.0),
            delay=bs.Uniform(1.0, 4.0),
            synapse=(bs.Delta(), bs.Exponential(tau=5.0))[number],
            plasticity=rule,
            dendritic_delay=("all", 0.6)[number],
            name=f"voltage {number}",
        )
    return net


@golden(duration=60.0)
def plastic_rates():
    """Return a network of rate units with the rules for couplings: at once and with delays, of both orders."""
    units = bs.Population(25, bs.RateUnit(), name="units", initial={"r": spread(25, 0.0, 60.0)})
    net = bs.Network(seed=3)
    net.stimulate(units, bs.CurrentInput(spread(25, 100.0, 250.0)))
    oja, bcm = bs.Oja(eta=1e-5, alpha=0.5), bs.BCM(eta=1e-7, r_0=20.0, tau=30.0)
    weight, rates = bs.Uniform(0.0, 2.0), bs.RateConnection()
    net.connect(units, units[5:], bs.FixedIndegree(5), weight=weight, synapse=rates, plasticity=oja, name="at once")
    net.connect(units, units, bs.FixedTotal(60), weight=0.5, delay=0.7, synapse=rates, plasticity=bcm, name="later")
    given = {"weight": weight, "delay": bs.Uniform(0.2, 2.0), "synapse": bs.RateConnection(order=1), "plasticity": bcm}
    net.connect(units[:9], units, bs.FixedProbability(0.2), **given, name="delays")
    return net
