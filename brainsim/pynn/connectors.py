"""The connectors of PyNN, which also work with NumPy 2 if there is only one source.

Random connectors draw in the same order as with other simulators, so the same seed gives the same connections.
"""

import numpy as np
from pyNN import connectors

from brainsim.pynn.completing import completed


class Columns:
    """What brainsim changes of a connector of PyNN, which goes through the targets one by one."""

    def _standard_connect(self, projection, connection_map_generator, distance_map=None):
        def columns(mask=None):  # all cells are in this process, so the mask says nothing
            for sources in connection_map_generator():
                alone = np.ndim(sources) == 0 and sources is not True
                yield np.full(projection.pre.size, bool(sources)) if alone else sources

        super()._standard_connect(projection, columns, distance_map)


_OF_PYNN = {name: kind for name, kind in vars(connectors).items() if name.endswith("Connector")}
_INNER = {"Connector", "MapConnector", "FixedNumberConnector"}
__all__ = [name for name in _OF_PYNN if name not in _INNER]
for _name in __all__:
    _base = _OF_PYNN[_name]
    globals()[_name] = completed(Columns, _base) if issubclass(_base, connectors.MapConnector) else _base
