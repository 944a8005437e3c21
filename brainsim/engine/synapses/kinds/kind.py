"""What a kind of synapses is.

The kinds that are built in, with a weight for each synapse, with one weight for all, and procedural, are compiled into the
delivery loop: calling them by address would cost 2 ns a segment, and most segments are a few synapses long. Others are
registered with `registry.register_kind`, and their function is called for each segment.
"""

import copy

import numpy as np

from brainsim.jit.records import ByAddress

PER_SYNAPSE, SHARED, PROCEDURAL, PROCEDURAL_SHARED, FIRST_FREE = range(5)  # tags of segments


class SynapseKind:
    """A kind of synapses. Subclass it, and register it with `register_kind`.

    There is one object for each projection of the kind, which owns what is kept of its synapses.

    Attributes
    ----------
    deliver : ByAddress
        Called for each segment that is due, with the record of `context` and that of the segment: ``start``, ``length``
        (within the synapses of the projection), ``weight`` (that they share), ``step``, ``base``.
    tag : int
        Set by `register_kind`.
    """

    deliver: ByAddress | None = None
    tag: int | None = None

    @classmethod
    def takes(cls, projection):
        """Return whether the synapses of a Projection are of this kind."""
        raise NotImplementedError

    def __init__(self, block):
        self.block = block

    def context(self, partition):
        """Return the Context of `deliver` in a partition."""
        raise NotImplementedError

    def columns(self):
        """Return name -> array of what is kept of each synapse besides target and weight, in the order of the store."""
        return {}

    def reset(self):
        """Go back to the start, in place: delivery uses the addresses of the arrays."""

    def copy(self):
        """Return an independent kind with the same synapses, for a copy of the simulation."""
        new = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray):
                setattr(new, name, value.copy())
        return new

    @staticmethod
    def bytes_per_synapse():
        """Return the bytes of `columns` of one synapse, for the estimate of memory."""
        return 0
