"""Plastic synapses between cells that fire when they are told to."""

import numpy as np

import brainsim as bs

KICK, LATENCY = 1000.0, 1.0  # mV, ms


class Kicked:
    """Pairs of cells, a synapse each; both cells of a pair fire at listed times.

    Parameters
    ----------
    rule : brainsim.Plasticity
    pre, post : list of sequences of float
        Spike times of each pair [ms]; those of `post` from 1 ms on.
    weight : float or sequence of float
    delay, dendritic_delay : float, sequence, "all"
        [ms]
    options
        Of the Simulation.
    """

    def __init__(self, rule, pre, post, *, weight=1.0, delay=1.0, dendritic_delay=0.0, synapse=None, model=None, **options):
        n = len(pre)
        self.post_times = [np.unique(np.round(times, 6)) for times in post]
        kicks = bs.SpikeTrains({k: times - LATENCY for k, times in enumerate(self.post_times) if len(times)})
        sources = bs.Population(
            n, bs.SpikeTrains({k: np.asarray(t, float) for k, t in enumerate(pre) if len(t)}), name="pre"
        )
        self.cells = bs.Population(n, bs.LIF(t_ref=0.0, v_th=-30.0) if model is None else model, name="post")
        self.net = bs.Network(seed=1)
        self.loop = self.net.connect(
            sources,
            self.cells,
            bs.OneToOne(),
            weight=np.asarray(weight, float) if np.ndim(weight) else weight,
            delay=delay,
            dendritic_delay=dendritic_delay,
            synapse=bs.Exponential(tau=5.0) if synapse is None else synapse,
            plasticity=rule,
            name="loop",
        )
        self.net.connect(
            bs.Population(n, kicks, name="kicks"), self.cells, bs.OneToOne(), weight=KICK, delay=LATENCY, synapse=bs.Delta()
        )
        self.sim = bs.Simulation(self.net, **({"seed": 1, "threads": 1, "progress": False} | options))
        self.before = self.table()

    def table(self):
        """Return the SynapseTable as of now."""
        return self.sim.synapses(self.loop)

    def run_to(self, time):
        """Run up to a time and return the weights [ms]."""
        self.sim.run(round(time - self.sim.time, 6))
        return self.table().weight

    def fired_as_told(self):
        """Return whether the targets fired at their times and at no others."""
        spikes = self.sim.result().spikes["post"]
        told = [times[times < self.sim.time + 1e-6] for times in self.post_times]
        return all(np.allclose(spikes.times[spikes.ids == k], times, rtol=0, atol=1e-6) for k, times in enumerate(told))


def change(rule, pre, post, **given):
    """Return by how much the weight of each pair of cells has changed after all spikes, which are lists of times [ms]."""
    pairs = Kicked(rule, pre, post, **given)
    last = max((np.max(times) for times in (*pre, *post) if len(times)), default=0.0)
    found = pairs.run_to(round(float(last) + 2 * np.max(given.get("delay", 1.0)) + 2.0)) - pairs.before.weight
    assert pairs.fired_as_told()
    return found
