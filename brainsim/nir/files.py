"""Files of NIR become graphs of the package nir; no more is read than what lies in the file itself."""

import contextlib
import itertools
import os
from collections.abc import Iterator
from typing import Any

from brainsim.core.doors import optional
from brainsim.features.formats import hdf5
from brainsim.nir.graphs import MAX_DEPTH, MAX_NODES


def load(source: Any, label: str) -> Any:
    """Return a graph, or the one in a file."""
    nir = optional("nir", label)
    if isinstance(source, nir.NIRGraph):
        return source
    if not isinstance(source, str | os.PathLike):
        raise TypeError(f"{label}.source: must be a file or a nir.NIRGraph (got {source!r})")
    with hdf5.open_file(source, label, "graph of NIR") as file:
        graphs = [_content(hdf5.group_in(file, "node"), itertools.count(1))]
        for graph in graphs:
            graph["type_check"] = False  # of nodes between others, older files do not have the types
            for name, node in graph["nodes"].items():
                if node["type"] not in nir.ir.__all__:
                    raise ValueError(f"{name!r} is a node of an unknown kind, {node['type']}")
                graphs += [node] * ("nodes" in node)
        return nir.dict2NIRNode(graphs[0])


@contextlib.contextmanager
def told_of(source: Any, label: str) -> Iterator[None]:
    """Let errors in what a file holds name the file."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if not isinstance(source, str | os.PathLike):
            raise
        raise ValueError(f"{label}: {str(source)!r}: {str(error).removeprefix(f'{label}: ')}") from error


def _content(group, count, outer=()):
    """Return what is in a group, by name: arrays, numbers, texts, and what is in the groups in it.

    A file may give one group several names, even in itself; so they are counted, and those around this one are known.
    """
    import h5py

    here = h5py.h5o.get_info(group.id).addr
    if here in outer:
        raise ValueError(f"the group {group.name[:80]!r} lies in itself")
    if len(outer) > 2 * MAX_DEPTH or next(count) > 2 * MAX_NODES:  # a graph is two groups: itself and its nodes
        raise ValueError(f"a graph has at most {MAX_NODES:,} nodes, and {MAX_DEPTH} graphs in each other")
    found = {}
    for name in group:
        item = hdf5.part(group, name)
        if isinstance(item, h5py.Group):
            found[name] = _content(item, count, (*outer, here))
        else:
            value = hdf5.values(group, name)[()]
            found[name] = value.decode() if isinstance(value, bytes) else value
    return found
