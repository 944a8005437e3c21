"""Networks of features besides those of the core: an artificial network in spikes, and couplings."""

import brainsim as bs
from brainsim.testing.golden.pinned import golden, lif, spread


@golden(duration=64.0, dt=1.0)
def converted():
    """An artificial network in spikes, one sample of it."""
    sizes = 12, 20, 15, 4
    layers = [(spread(n * m, -0.4, 0.6).reshape(n, m), spread(m, -0.2, 0.3)) for n, m in zip(sizes, sizes[1:], strict=False)]
    net = bs.ann.convert(layers, norm="model")
    return net.network_for(spread(12, 0.0, 1.0), T=64)


@golden(duration=60.0)
def couplings():
    """Gap junctions of all kinds, graded synapses, gates of sources and rates; at once and with one or many delays."""
    cells, fast = lif(), bs.Population(30, bs.WangBuzsaki(), name="fast", initial={"v": spread(30, -70.0, -50.0)})
    units = bs.Population(20, bs.RateUnit(), name="units", initial={"r": spread(20, 0.0, 60.0)})
    net, gap = bs.Network(seed=3), bs.GapJunction()
    net.connect(fast, fast, bs.FixedProbability(0.3), weight=bs.Uniform(0.1, 0.6), synapse=gap)
    net.connect(cells[:40], cells[:40], bs.AllToAll(), weight=0.02, synapse=gap)
    net.connect(cells, fast, bs.FixedTotal(40), weight=0.3, synapse=bs.GapJunction(rectifying=True))
    graded = bs.GradedSynapse(tau=3.0, v_half=-55.0)
    net.connect(fast, cells, bs.FixedIndegree(4), weight=0.5, delay=0.6, synapse=graded)
    nmda = bs.GatedNMDA(name="nmda")
    net.connect(cells, cells, bs.AllToAll(autapses=False), weight=0.01, delay=0.5, synapse=nmda)
    net.connect(cells, fast, bs.FixedIndegree(6), weight=0.2, delay=bs.Uniform(0.3, 2.0), synapse=nmda)
    net.connect(units, units, bs.FixedIndegree(5), weight=bs.Normal(0.0, 2.0), synapse=bs.RateConnection(order=1))
    net.connect(units, units, bs.OneToOne(), weight=1.0, delay=2.0, synapse=bs.RateConnection(gain="sigmoid"))
    net.stimulate(cells, bs.CurrentInput(spread(120, 60.0, 160.0)))
    net.stimulate(fast, bs.CurrentInput(spread(30, 60.0, 140.0)))
    return net
