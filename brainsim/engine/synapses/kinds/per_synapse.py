"""Synapses with a weight each."""

import numpy as np

from brainsim.engine.synapses.kinds.kind import PER_SYNAPSE, SynapseKind
from brainsim.jit.decorators import helper


class PerSynapse(SynapseKind):
    """Each synapse has a weight, 4 bytes."""

    tag = PER_SYNAPSE


@helper
def add_weights(here, targets, weights, start, stop):
    """Add the events of the synapses from `start` to `stop`."""
    for k in range(start, stop):
        here[np.uint64(targets[np.uint64(k)])] += weights[np.uint64(k)]
