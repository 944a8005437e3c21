"""Spikes and reports in SONATA files that other tools have written: BMTK, NEST, CoreNEURON and others."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.core.checks import integer, nearest, number
from brainsim.core.optional import optional
from brainsim.results.spikes import Spikes
from brainsim.results.traces import Traces

SCALES = {"ms": 1.0, "milliseconds": 1.0, "s": 1e3, "seconds": 1e3}
ALONE = "spikes"  # the name of the spikes of a file without populations


def read_spikes(
    path: str | os.PathLike, n: int | Mapping[str, int] | None = None, duration: float | None = None, start: float = 0.0
) -> dict[str, Spikes]:
    """Return the spikes in a SONATA file, by population.

    Parameters
    ----------
    path : str or Path
        An HDF5 file with the group ``spikes``, whoever wrote it.
    n : int or dict of str to int, optional
        Number of cells of each population, which such files do not hold: by default those up to the last that fired.
    duration : float, optional
        Length of the recording [ms], which they do not hold either: by default until the last spike. Rates need both.
    start : float
        Start of the recording [ms].

    Raises
    ------
    ImportError
        Without h5py: ``pip install 'brainsim[hdf5]'``.
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not of this kind, or has cells or times beyond `n` or `duration`.

    Examples
    --------
    >>> spikes = bs.sonata.read_spikes("output/spikes.h5", n={"v1": 5000}, duration=3000.0)       # doctest: +SKIP
    >>> bs.plot.raster(spikes["v1"])                                                            # doctest: +SKIP
    """
    label = "sonata.read_spikes"
    start = number(start, f"{label}.start", "ms")
    duration = None if duration is None else number(duration, f"{label}.duration", "ms", at_least=0.0)
    with _group(path, "spikes", label) as found:
        groups = {ALONE: found} if "timestamps" in found else dict(found)
        sizes = _sizes(n, groups, label)
        return {name: _spikes(group, name, sizes[name], duration, start, label) for name, group in groups.items()}


def _sizes(n, groups, label):
    """Return the number of cells of each population, None where it is not given."""
    if n is None or not isinstance(n, Mapping):
        return dict.fromkeys(groups, None if n is None else integer(n, f"{label}.n", at_least=0))
    for name in n:
        if name not in groups:
            raise ValueError(f"{label}.n: there are no spikes of {name!r}{nearest(name, groups)}")
    return dict.fromkeys(groups) | {name: integer(of, f"{label}.n[{name!r}]", at_least=0) for name, of in n.items()}


def _spikes(group, name, n, duration, start, label):
    """Return the spikes in a group of a file."""
    times = np.asarray(group["timestamps"][()], np.float64) * _scale(group["timestamps"], label)
    ids = np.asarray(group["node_ids" if "node_ids" in group else "gids"][()], np.int64)  # older files have gids
    if n is None:
        n = int(ids.max()) + 1 if ids.size else 0
    if duration is None:
        duration = max(float(times.max()) - start, 0.0) if times.size else 0.0
    return Spikes(times, ids, n, duration, start, name)


def read_reports(path: str | os.PathLike, element: int | None = None) -> dict[str, Traces]:
    """Return the report in a SONATA file, samples of a variable, by population.

    Parameters
    ----------
    path : str or Path
        An HDF5 file with the group ``report``, whoever wrote it.
    element : int, optional
        Which element of each cell, if a cell has several (compartments): 0 is the first in the file. Cells that have fewer
        are left out.

    Returns
    -------
    dict of str to Traces
        The variable is ``"data"`` if the file does not name it.

    Raises
    ------
    ImportError
        Without h5py: ``pip install 'brainsim[hdf5]'``.
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not of this kind, or cells have several elements and `element` is not given.

    Examples
    --------
    >>> report = bs.sonata.read_reports("output/membrane_potential.h5")["v1"]                     # doctest: +SKIP
    >>> bs.plot.trace(report.of(7))                                                             # doctest: +SKIP
    """
    label = "sonata.read_reports"
    which = None if element is None else integer(element, f"{label}.element", at_least=0)
    with _group(path, "report", label) as found:
        return {name: _report(group, name, which, label) for name, group in found.items()}


def _report(group, name, element, label):
    """Return the samples in a group of a file."""
    data, mapping = group["data"], group["mapping"]
    pointers = mapping["index_pointers" if "index_pointers" in mapping else "index_pointer"][()].astype(np.int64)
    ids = np.asarray(mapping["node_ids" if "node_ids" in mapping else "gids"][()], np.int64)
    first, count = pointers[: ids.size], np.diff(np.append(pointers, data.shape[1])[: ids.size + 1])
    if element is None and (count > 1).any():
        hint = "element=0 reads the first of each"
        raise ValueError(f"{label}: cells of {name!r} have up to {count.max()} elements in {group.file.filename!r}; {hint}")
    of = count > (element or 0)
    begin, _, dt = np.asarray(mapping["time"][()], np.float64) * _scale(mapping["time"], label)
    values = np.asarray(data[()], np.float64)[:, first[of] + (element or 0)]
    times = begin + dt * np.arange(data.shape[0])
    variable, unit = (_attribute(data, key, default) for key, default in (("variable", "data"), ("units", "")))
    return Traces(name, variable, unit, times, ids[of], values)


def _attribute(dataset, key, default):
    """Return an attribute of a dataset as a string."""
    value = dataset.attrs.get(key, default)
    return value.decode() if isinstance(value, bytes) else str(value)


def _scale(dataset, label):
    """Return how many ms the unit of times is."""
    if (unit := _attribute(dataset, "units", "ms")) not in SCALES:
        raise ValueError(f"{label}: {dataset.file.filename!r} has times in {unit!r}; must be in {' or '.join(SCALES)}")
    return SCALES[unit]


@contextlib.contextmanager
def _group(path: str | os.PathLike, kind: str, label: str) -> Iterator[Any]:
    """Open a file and yield one of its groups; whatever is wrong with the file becomes a ValueError that names it."""
    h5py = optional("h5py", "hdf5", label)
    if not Path(path).is_file():
        raise FileNotFoundError(f"{label}: there is no file {str(path)!r}")
    try:
        with h5py.File(path, "r") as file:
            if kind not in file:
                has = ", ".join(map(repr, file)) or "nothing"
                raise ValueError(f"{label}: {str(path)!r} has no group {kind!r}, as SONATA has it (it has {has})")
            yield file[kind]
    except (KeyError, OSError, RuntimeError, TypeError, AttributeError, IndexError) as error:  # HDF5 raises several kinds
        raise ValueError(f"{label}: {str(path)!r} is not a readable file of SONATA ({error})") from error
