"""Files of the SONATA format, which libsonata, BMTK, NEST and other tools share: networks, and what others recorded.

``bs.sonata.run("config.json")`` simulates a network of point neurons. ``bs.sonata.write_network(net, folder)`` writes cells
and synapses; ``bs.sonata.read_nodes(path)`` and ``bs.sonata.read_edges(path)`` read such files as arrays, for `FromArrays`,
``bs.sonata.select_nodes`` finds the cells of a node set, and ``bs.sonata.read_config(path)`` the files of a circuit;
``bs.sonata.read_spikes(path)`` and ``bs.sonata.read_reports(path)`` read what other simulators recorded, as `Spikes` and
`Traces`. They need h5py: ``pip install h5py``.

Reference: Dai et al. (2020), doi:10.1371/journal.pcbi.1007696.
"""

from brainsim.features.formats.sonata_files import read_reports, read_spikes
from brainsim.sonata.configuration import read_config, select_nodes
from brainsim.sonata.reading import Edges, Nodes, read_edges, read_nodes
from brainsim.sonata.running import run
from brainsim.sonata.writing import write_network

__all__ = ["Edges", "Nodes", "read_config", "read_edges", "read_nodes", "read_reports", "read_spikes"]
__all__ += ["run", "select_nodes", "write_network"]
