"""Spikes and reports in SONATA files that other tools have written: BMTK, NEST, CoreNEURON and others."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from brainsim.core.checks import integer, nearest, number
from brainsim.features.formats import hdf5
from brainsim.results.spikes import Spikes
from brainsim.results.traces import Traces

SCALES = {"ms": 1.0, "milliseconds": 1.0, "s": 1e3, "seconds": 1e3}
ALONE = "spikes"  # the name of the spikes of a file without populations


def mark(file: Any) -> None:
    """Write the attributes by which readers know the format."""
    file.attrs["magic"], file.attrs["version"] = np.uint32(0x0A7A), np.array((0, 1), np.uint32)


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
        Without h5py: ``pip install h5py``.
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not of this kind, or has cells or times beyond `n` or `duration`.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> spikes = bs.sonata.read_spikes("output/spikes.h5", n={"v1": 5000}, duration=3000.0)  # doctest: +SKIP
    >>> bs.plot.raster(spikes["v1"])                                                            # doctest: +SKIP
    """
    label = "sonata.read_spikes"
    start = number(start, f"{label}.start", "ms")
    duration = None if duration is None else number(duration, f"{label}.duration", "ms", at_least=0.0)
    with _group(path, "spikes", label) as found:
        groups = {ALONE: found} if "timestamps" in found else hdf5.groups_in(found)
        sizes = _sizes(n, groups, label)
        read = {name: times_and_ids(group) for name, group in groups.items()}
    return {name: _spikes(*of, name, sizes[name], duration, start, f"{label}: {str(path)!r}") for name, of in read.items()}


def _sizes(n, groups, label):
    """Return the number of cells of each population, None where it is not given."""
    if n is None or not isinstance(n, Mapping):
        return dict.fromkeys(groups, None if n is None else integer(n, f"{label}.n", at_least=0))
    for name in n:
        if name not in groups:
            raise ValueError(f"{label}.n: there are no spikes of {name!r}{nearest(name, groups)}")
    return dict.fromkeys(groups) | {name: integer(of, f"{label}.n[{name!r}]", at_least=0) for name, of in n.items()}


def times_and_ids(group: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the times [ms] and the cells of the spikes in a group of a file."""
    times = hdf5.numbers(group, "timestamps") * _scale(group["timestamps"])
    return times, hdf5.whole(group, "node_ids", "gids", at_least=0, size=times.size)  # older files have gids


def _spikes(times, ids, name, n, duration, start, label):
    if n is None:
        n = int(ids.max()) + 1 if ids.size else 0
    try:
        if duration is None:
            duration = max(float(times.max()) - start, 0.0) if times.size else 0.0
        return Spikes(times, ids, n, duration, start, name)
    except ValueError as error:
        raise ValueError(f"{label}: {name!r}: {error}") from None


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
        Without h5py: ``pip install h5py``.
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not of this kind, or cells have several elements and `element` is not given.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> report = bs.sonata.read_reports("output/membrane_potential.h5")["v1"]  # doctest: +SKIP
    >>> bs.plot.trace(report.of(7))                                                             # doctest: +SKIP
    """
    label = "sonata.read_reports"
    which = None if element is None else integer(element, f"{label}.element", at_least=0)
    with _group(path, "report", label) as found:
        return {name: _report(group, name, which, label) for name, group in hdf5.groups_in(found).items()}


def _report(group, name, element, label):
    mapping = hdf5.group_in(group, "mapping")
    samples = hdf5.numbers(group, "data", shape=(None, None))
    ids = hdf5.whole(mapping, "node_ids", "gids", at_least=0)
    pointers = hdf5.whole(mapping, "index_pointers", "index_pointer", at_least=0)
    if pointers.size not in (ids.size, ids.size + 1) or (pointers > samples.shape[1]).any() or (np.diff(pointers) < 0).any():
        raise ValueError(f"index_pointers of {name!r} must be the first column of each of the {ids.size:,} cells, in order")
    first, count = pointers[: ids.size], np.diff(np.append(pointers, samples.shape[1])[: ids.size + 1])
    if element is None and (count > 1).any():
        hint = "element=0 reads the first of each"
        raise ValueError(f"{label}: cells of {name!r} have up to {count.max()} elements in {group.file.filename!r}; {hint}")
    of = count > (element or 0)
    begin, _, dt = hdf5.numbers(mapping, "time", shape=(3,)) * _scale(mapping["time"])
    times = begin + dt * np.arange(len(samples))
    variable, unit = (_attribute(group["data"], key, default) for key, default in (("variable", "data"), ("units", "")))
    return Traces(name, variable, unit, times, ids[of], samples[:, first[of] + (element or 0)])


def _attribute(dataset, key, default):
    value = dataset.attrs.get(key, default)
    return value.decode() if isinstance(value, bytes) else str(value)


def _scale(dataset):
    """Return how many ms the unit of times is."""
    if (unit := _attribute(dataset, "units", "ms")) not in SCALES:
        raise ValueError(f"it has times in {unit!r}; must be in {' or '.join(SCALES)}")
    return SCALES[unit]


@contextlib.contextmanager
def _group(path: str | os.PathLike, kind: str, label: str) -> Iterator[Any]:
    """Open a file and yield one of its groups; any error in the file becomes a ValueError that names it."""
    with hdf5.open_file(path, label, "file of SONATA") as file:
        if kind not in file:
            has = ", ".join(map(repr, file)) or "nothing"
            raise ValueError(f"{label}: {str(path)!r} has no group {kind!r}, as SONATA has it (it has {has})")
        yield hdf5.group_in(file, kind)
