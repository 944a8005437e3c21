"""The synapses of a projection as they are drawn from the seed of its network, without a simulation."""

from brainsim.build.layout import Layout
from brainsim.core.machine import processors
from brainsim.engine.synapses.readback import sampled_again
from brainsim.network.network import Network
from brainsim.network.rewired import copied

WORTH_THREADS = 1e6  # synapses


def drawn_table(projection, dt):
    """Return the SynapseTable of a projection.

    A row depends on nothing but the seed of the network, the name of the projection and the index of the source, so it is
    the same in a network of this projection alone.
    """
    alone = Network(projection.seed)
    alone.add(projection.pre)
    alone.add(projection.post)
    layout = Layout(copied(alone, [projection]), dt, 1, filled=False)
    return sampled_again(layout, projection, processors() if projection.expected > WORTH_THREADS else 1)
