"""Graphs of NIR, the neuromorphic intermediate representation, which snnTorch, Norse, Sinabs and others read and write.

``bs.nir.read("graph.nir")`` gives a `Network`, and ``bs.nir.write(net, "graph.nir")`` writes one. They need the package nir:
``pip install nir``.

Reference: Pedersen et al. (2024), doi:10.1038/s41467-024-52259-9.
"""

from brainsim.core.hints import answer_in
from brainsim.nir.reading import read
from brainsim.nir.writing import write

__all__ = ["read", "write"]
__getattr__ = answer_in("bs.nir", __all__)
