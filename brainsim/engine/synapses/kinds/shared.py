"""Synapses that share a weight."""

import numpy as np

from brainsim.engine.synapses.kinds.kind import SHARED, SynapseKind
from brainsim.jit.decorators import helper


class Shared(SynapseKind):
    """All synapses of the projection share a weight, which their segments hold."""

    tag = SHARED


@helper
def add_weight(here, targets, weight, start, stop):
    """Add the events of the synapses from `start` to `stop`."""
    for k in range(start, stop):
        here[np.uint64(targets[np.uint64(k)])] += weight
