"""Results as HDF5 in the layout of SONATA, which libsonata and BMTK read.

Spikes are in ``/spikes/<population>``, samples in ``/report/<population>``, and what SONATA has no place for (the state,
weights of synapses, numbers of cells, times of samples) is in ``/brainsim``. Nothing is compressed: the HDF5 of libsonata
reads no gzip, and arrays in one piece can be mapped. For the same reason the checksums are not those of HDF5, which are of
pieces of an array, but our own, see `hdf5`; they are of what HDF5 says of an array, too.
Dai et al. (2020), doi:10.1371/journal.pcbi.1007696.
"""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path

import numpy as np

from brainsim.core.deferred import defer
from brainsim.core.files import write_aside
from brainsim.features.formats import hdf5
from brainsim.features.formats.sonata_files import mark
from brainsim.results import archive
from brainsim.results.blocks import Recording, replace_fields
from brainsim.results.formats import Format, register_format
from brainsim.results.packing import FORMAT, pack_recording, unpack
from brainsim.results.result import Result
from brainsim.results.spikes import Spikes
from brainsim.results.traces import Traces

OWN = "brainsim"  # the group of what SONATA has no place for


@register_format
class Sonata(Format):
    """HDF5 in the layout of SONATA."""

    suffixes, package, is_lazy = (".h5", ".hdf5"), "h5py", True
    uncompressed = "readers of SONATA lack the filter"

    def write(self, recording: Recording, path: Path, label: str, compress: bool = False) -> None:
        """Write a Recording; never more than a block of it is in memory."""
        with write_aside(path, label) as aside, hdf5.create(aside) as h5:
            mark(h5)
            _write_spikes(h5, recording)
            _write_reports(h5, recording)
            _write_rest(h5, recording)

    def read(self, path: Path) -> Result:
        """Return the Result in a file; spikes and samples are mapped, and checked when they are looked at."""
        path = path.absolute()
        with hdf5.open_file(path, "Result.load", "result of brainsim") as h5:
            if OWN not in h5:
                missing = "it has no group /brainsim, which holds numbers of cells, the duration and the like"
                others = [name for name, group in (("spikes", "spikes"), ("reports", "report")) if group in h5]
                hint = " and ".join(f"bs.sonata.read_{name}" for name in others)
                raise ValueError(f"{missing}{hint and f'; {hint} read files of other simulators'}")
            return _read(h5, path)


def _write_spikes(h5, recording):
    import h5py

    order = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype="u1")
    found, sets = h5.create_group("spikes"), []
    for spikes in recording.spikes:
        group = found.create_group(group_name(spikes.label))
        group.attrs.create("sorting", 2, dtype=order)
        times, ids = (
            hdf5.Growing(group, name, (spikes.size,), kind) for name, kind in (("timestamps", "<f8"), ("node_ids", "<u8"))
        )
        times.dataset.attrs["units"] = "ms"
        sets.append((times, ids))
    for k, times, ids in recording.blocks():
        sets[k][0].append(times)
        sets[k][1].append(ids)
    for grown in sets:
        for one in grown:
            one.close()


def _write_reports(h5, recording):
    if not recording.traces:
        return
    found = h5.create_group("report")
    for trace in recording.traces:
        of = trace.traces
        name = group_name(of.name)
        group = found.create_group(name if name not in found else f"{name}.{group_name(of.variable)}")
        # libsonata reads nothing but float32; our own group has all digits
        data = hdf5.Growing(group, "data", trace.shape, "<f4")
        data.dataset.attrs["units"], data.dataset.attrs["variable"] = of.unit, of.variable
        exact = hdf5.Growing(h5, _own("traces", *trace.key, "values"), trace.shape, "<f8")
        for block in trace.blocks():
            data.append(block)
            exact.append(block)
        data.close()
        exact.close()
        _write_mapping(group.create_group("mapping"), of, recording.rest.dt)


def _write_mapping(group, of, dt):
    """Write which column belongs to which cell, and the times of the samples."""
    n = of.ids.size
    nodes = hdf5.write(group, "node_ids", of.ids.astype("<u8"))
    nodes.attrs["sorted"] = np.uint8(bool((np.diff(of.ids) > 0).all()))
    hdf5.write(group, "index_pointers", np.arange(n + 1, dtype="<u8"))
    hdf5.write(group, "element_ids", np.zeros(n, "<u4"))
    hdf5.write(group, "element_pos", np.zeros(n, "<f4"))
    start = of.times[0] if of.times.size else 0.0
    step = (of.times[-1] - start) / (of.times.size - 1) if of.times.size > 1 else dt
    time = hdf5.write(group, "time", np.array([start, start + of.times.size * step, step], "<f8"))
    time.attrs["units"] = "ms"


def _write_rest(h5, recording):
    description, arrays = pack_recording(recording)
    text = archive.description_text("Result", FORMAT, description)
    hdf5.write(h5.require_group(OWN), "description", np.frombuffer(text.encode(), np.uint8))
    for name, array in arrays.items():
        hdf5.write(h5, _own(name), array)


def _read(h5, path):
    arrays = _Arrays(h5, path)
    description = json.loads(arrays.read(f"{OWN}/description").tobytes())
    archive.check_description(description, "Result", FORMAT)
    listed, samples = description["spikes"], description["traces"]
    rest = unpack(description | {"spikes": [], "traces": []}, arrays)
    spikes, traces = {}, {}
    for label, name, n, duration, start in listed:
        here = f"spikes/{group_name(label)}"
        times, ids = (arrays.later(f"{here}/{part}", kind) for part, kind in (("timestamps", "<f8"), ("node_ids", "<u8")))
        known = {"n": n, "duration": duration, "start": start, "name": name}
        spikes[label] = defer(Spikes, partial(_spikes, times, ids, known), **known)
    for *key, name, variable, unit in samples:
        times, ids = (arrays.read(_own("traces", *key, part)) for part in ("times", "ids"))
        values = arrays.later(_own("traces", *key, "values"), "<f8")
        known = {"name": name, "variable": variable, "unit": unit, "times": times, "ids": ids}
        traces[tuple(key)] = defer(Traces, partial(_traces, values, known), **known)
    return replace_fields(rest, spikes=spikes, traces=traces)


def _spikes(times, ids, known):
    return Spikes(times(), ids().view("<i8"), **known)


def _traces(values, known):
    return Traces(**known, values=values())


class _Arrays:
    """The arrays of a file; those of our own group in the place of an `Archive`."""

    def __init__(self, h5, path):
        self._h5, self._path = h5, path

    def take(self, name, max_size=math.inf):
        """Return an array of our own group, or raise ValueError if there is none or it has more than `max_size` elements."""
        array = self.read(_own(name))
        if array.size > max_size:
            raise ValueError(f"{name!r} has {array.size:,} values; the rest of the file allows {max_size:,.0f}")
        return array

    def read(self, name):
        """Return an array by its name in the file, after a check of its checksum."""
        return self.later(name)()

    def later(self, name, kind=None):
        """Return a function that returns an array, of a type, after a check of its checksum; the file may be closed then."""
        *groups, last = name.split("/")
        group = self._h5
        for part in groups:
            group = hdf5.group_in(group, part)
        dataset = hdf5.array_in(group, last)
        if kind is not None and dataset.dtype != np.dtype(kind):
            raise ValueError(f"{dataset.name!r} must be {np.dtype(kind)} (got {dataset.dtype})")
        expected, found = hdf5.Expected(dataset), hdf5.map_array(dataset, self._path)

        def compare():
            try:
                expected.compare(found)
            except ValueError as error:
                raise ValueError(f"Result.load: {str(self._path)!r} is damaged: {error}") from None
            return found

        return compare


def _own(*names):
    """Return the path in the file of an array of our own."""
    return f"{OWN}/arrays/{archive.member(*names)}" if len(names) > 1 else f"{OWN}/arrays/{names[0]}"


def group_name(name: str) -> str:
    """Return a name as that of a group of HDF5, which may hold no slash and not be a dot."""
    return name.replace("/", "%2F") if name.strip(".") else name.replace(".", "%2E")
