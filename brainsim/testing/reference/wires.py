"""The synapses of a projection: what they do with a spike of a source. Those of features are derived from it."""

import numpy as np

from brainsim.testing.reference.equations import assignments_of, equations_of, linear_in
from brainsim.testing.reference.wiring import synapses_of


class Wires:
    """Synapses with a weight that stays, in the order of source, target and delay.

    `pre` and `post` are counted within views, `sources` and `targets` in the network.
    """

    def __init__(self, network, projection):
        self.network, self.projection, self.name, self.dt = network, projection, projection.name, network.dt
        pre, post, weights, delays = synapses_of(projection, network.tick, self.changes_weights())
        self.order = np.lexsort((delays, post, pre))
        self.pre, self.post, self.weights, self.delays = (column[self.order] for column in (pre, post, weights, delays))
        self.sources, self.targets = network.gids(projection.pre)[self.pre], network.gids(projection.post)[self.post]
        self.first = np.searchsorted(self.pre, np.arange(projection.pre.n + 1))
        self.row_of = np.full(network.n, -1)
        self.row_of[network.gids(projection.pre)] = np.arange(projection.pre.n)

    def changes_weights(self):
        """Return whether weights change, which are then kept with 53 bits, if they are not sampled."""
        return False

    def begin(self):
        """Get ready for time 0."""

    def before(self, k, current):
        """Act before step k."""

    def after(self, k, fired):
        """Act when step k is done, on what fires at its end."""

    def constants(self, population, synapse):
        """Return pairs (name, array) of what the cells of a population know of these synapses, if they have this one."""
        return ()

    def columns(self, step):
        """Return name -> values of what changes, at the end of a run."""
        return {}

    def send(self, step, sources):
        """Send the spikes of a step: each arrives after its synapse's delay."""
        at = self.reached(sources)
        for delay in np.unique(self.delays[at]):
            mine = at[self.delays[at] == delay]
            self.arrive(step + delay, mine)

    def reached(self, sources):
        """Return the synapses of some sources, one after the other."""
        rows = self.row_of[sources]
        rows = rows[rows >= 0]
        return np.concatenate([np.empty(0, np.int64), *(np.arange(self.first[row], self.first[row + 1]) for row in rows)])

    def arrive(self, step, at):
        """Let spikes arrive by some synapses at the time of a step."""
        self.network.deliver(step, self.projection.synapse, self.targets[at], self.weights[at])

    def continue_in(self, place):
        """Go on in the network of another one, which has the same synapses there."""
        self.network, self.sources, self.targets, self.row_of = place.network, place.sources, place.targets, place.row_of

    def adds_to_itself(self):
        """Return whether an event adds its weight to one variable of the receptor, which no threshold reads."""
        added = assignments_of(self.projection.synapse.arrival)
        own, _ = equations_of(self.projection.synapse.equations)
        gain = linear_in(added[0][1], "w")[0]
        return len(added) == 1 and added[0][0] in own and getattr(gain, "value", None) == 1.0
