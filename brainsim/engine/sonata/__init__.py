"""Nodes and edges of a network in files of the SONATA format, which libsonata, BMTK, NEST and other tools read: both ways.

``bs.sonata.write_network(net, folder)`` writes cells and synapses; ``bs.sonata.read_nodes(path)`` and
``bs.sonata.read_edges(path)`` read such files as arrays, for `FromArrays`. They need h5py: ``pip install 'brainsim[hdf5]'``.

Reference: Dai et al. (2020), doi:10.1371/journal.pcbi.1007696.
"""

from brainsim.engine.sonata.reading import Edges, Nodes, read_edges, read_nodes
from brainsim.engine.sonata.writing import write_network

__all__ = ["Edges", "Nodes", "read_edges", "read_nodes", "write_network"]
