"""The connectors of PyNN, which also work with NumPy 2 if there is only one source.

Random connectors draw in the same order as with other simulators, so the same seed gives the same connections.
"""

import numpy as np
from pyNN import connectors

from brainsim.pynn.completing import completed


class TargetByTarget:
    """What brainsim changes of a connector of PyNN, which goes through the targets one by one."""

    def _standard_connect(self, projection, connection_map_generator, distance_map=None):
        def columns(mask=None):  # all cells are in this process, so the mask says nothing
            for sources in connection_map_generator():
                alone = np.ndim(sources) == 0 and sources is not True
                yield np.full(projection.pre.size, bool(sources)) if alone else sources

        super()._standard_connect(projection, columns, distance_map)


AllToAllConnector = completed(TargetByTarget, connectors.AllToAllConnector)
ArrayConnector = completed(TargetByTarget, connectors.ArrayConnector)
CSAConnector = completed(TargetByTarget, connectors.CSAConnector)
CloneConnector = completed(TargetByTarget, connectors.CloneConnector)
DisplacementDependentProbabilityConnector = completed(TargetByTarget, connectors.DisplacementDependentProbabilityConnector)
DistanceDependentProbabilityConnector = completed(TargetByTarget, connectors.DistanceDependentProbabilityConnector)
FixedNumberPostConnector = completed(TargetByTarget, connectors.FixedNumberPostConnector)
FixedNumberPreConnector = completed(TargetByTarget, connectors.FixedNumberPreConnector)
FixedProbabilityConnector = completed(TargetByTarget, connectors.FixedProbabilityConnector)
FixedTotalNumberConnector = completed(TargetByTarget, connectors.FixedTotalNumberConnector)
IndexBasedProbabilityConnector = completed(TargetByTarget, connectors.IndexBasedProbabilityConnector)
OneToOneConnector = completed(TargetByTarget, connectors.OneToOneConnector)

FromFileConnector, FromListConnector = connectors.FromFileConnector, connectors.FromListConnector
SmallWorldConnector = connectors.SmallWorldConnector  # of which PyNN has only the name

__all__ = [name for name in list(globals()) if name.endswith("Connector")]
