"""The connectors of PyNN, which also work with NumPy 2 if there is only one source.

Random connectors draw in the same order as with other simulators, so the same seed gives the same connections.
"""

import numpy as np
from pyNN import connectors


class Columns:
    """What brainsim changes of a connector of PyNN, which goes through the targets one by one."""

    def _standard_connect(self, projection, connection_map_generator, distance_map=None):
        def columns(mask=None):  # all cells are in this process, so the mask says nothing
            for sources in connection_map_generator():
                alone = np.ndim(sources) == 0 and sources is not True
                yield np.full(projection.pre.size, bool(sources)) if alone else sources

        super()._standard_connect(projection, columns, distance_map)


def _completed(base):
    return type(base.__name__, (Columns, base), {"__doc__": base.__doc__, "__module__": __name__})


AllToAllConnector = _completed(connectors.AllToAllConnector)
ArrayConnector = _completed(connectors.ArrayConnector)
CSAConnector = _completed(connectors.CSAConnector)
CloneConnector = _completed(connectors.CloneConnector)
DisplacementDependentProbabilityConnector = _completed(connectors.DisplacementDependentProbabilityConnector)
DistanceDependentProbabilityConnector = _completed(connectors.DistanceDependentProbabilityConnector)
FixedNumberPostConnector = _completed(connectors.FixedNumberPostConnector)
FixedNumberPreConnector = _completed(connectors.FixedNumberPreConnector)
FixedProbabilityConnector = _completed(connectors.FixedProbabilityConnector)
FixedTotalNumberConnector = _completed(connectors.FixedTotalNumberConnector)
FromFileConnector = connectors.FromFileConnector
FromListConnector = connectors.FromListConnector
IndexBasedProbabilityConnector = _completed(connectors.IndexBasedProbabilityConnector)
OneToOneConnector = _completed(connectors.OneToOneConnector)
SmallWorldConnector = connectors.SmallWorldConnector

__all__ = [name for name in list(globals()) if name.endswith("Connector")]
