"""Results as HDF5 in the layout of SONATA, which libsonata and BMTK read.

Spikes are in ``/spikes/<population>``, samples in ``/report/<population>``, and what SONATA has no place for (the state,
weights of synapses, numbers of cells, times of samples) is in ``/brainsim``. Nothing is compressed: the HDF5 of libsonata
reads no gzip, and arrays in one piece can be mapped. Dai et al. (2020), doi:10.1371/journal.pcbi.1007696.
"""

from __future__ import annotations

import json
import math
import os
from functools import partial
from pathlib import Path

import numpy as np

from brainsim.core.aside import written_aside
from brainsim.core.deferred import deferred
from brainsim.core.optional import optional
from brainsim.results import archive
from brainsim.results.result import FORMAT, Result, pack, unpack
from brainsim.results.spikes import Spikes
from brainsim.results.streams.recording import Recording, recording_of, replaced
from brainsim.results.traces import Traces

MAGIC, VERSION = 0x0A7A, (0, 1)
OWN = "brainsim"  # the group of what SONATA has no place for


def write(result: Result, path: str | os.PathLike, compress: bool = False) -> Path:
    """Write a Result to an HDF5 file; it appears under its name only when it is complete."""
    if compress:
        raise ValueError("Result.save.compress: must be False for an .h5 file: readers of SONATA lack the filter")
    write_recording(recording_of(result), Path(path), "Result.save")
    return Path(path)


def write_recording(recording: Recording, path: Path, label: str) -> None:
    """Write a Recording; never more than a block of it is in memory."""
    h5py = optional("h5py", "hdf5", label)
    with written_aside(path, label) as aside, h5py.File(aside, "x") as h5:
        h5.attrs["magic"], h5.attrs["version"] = np.uint32(MAGIC), np.array(VERSION, np.uint32)
        _write_spikes(h5, recording)
        _write_reports(h5, recording)
        _write_rest(h5, recording)


def _write_spikes(h5, recording):
    import h5py

    order = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype="u1")
    found = h5.create_group("spikes")
    sets, done = [], [0] * len(recording.spikes)
    for spikes in recording.spikes:
        group = found.create_group(group_name(spikes.label))
        group.attrs.create("sorting", 2, dtype=order)
        times = group.create_dataset("timestamps", (spikes.size,), "<f8")
        times.attrs["units"] = "ms"
        sets.append((times, group.create_dataset("node_ids", (spikes.size,), "<u8")))
    for k, times, ids in recording.blocks():
        part = slice(done[k], done[k] + len(times))
        sets[k][0][part], sets[k][1][part] = times, ids.astype("<u8")
        done[k] = part.stop


def _write_reports(h5, recording):
    if not recording.traces:
        return
    found = h5.create_group("report")
    for trace in recording.traces:
        of = trace.traces
        name = group_name(of.name)
        group = found.create_group(name if name not in found else f"{name}.{group_name(of.variable)}")
        # libsonata reads nothing but float32; our own group has all digits
        data = group.create_dataset("data", trace.shape, "<f4")
        data.attrs["units"], data.attrs["variable"] = of.unit, of.variable
        exact = h5.create_dataset(_own("traces", *trace.key, "values"), trace.shape, "<f8")
        row = 0
        for block in trace.blocks():
            data[row : row + len(block)] = exact[row : row + len(block)] = block
            row += len(block)
        _write_mapping(group.create_group("mapping"), of, recording.dt)


def _write_mapping(group, of, dt):
    """Write which column belongs to which cell, and the times of the samples."""
    n = of.ids.size
    nodes = group.create_dataset("node_ids", data=of.ids.astype("<u8"))
    nodes.attrs["sorted"] = np.uint8(bool((np.diff(of.ids) > 0).all()))
    group.create_dataset("index_pointers", data=np.arange(n + 1, dtype="<u8"))
    group.create_dataset("element_ids", data=np.zeros(n, "<u4"))
    group.create_dataset("element_pos", data=np.zeros(n, "<f4"))
    start = of.times[0] if of.times.size else 0.0
    step = (of.times[-1] - start) / (of.times.size - 1) if of.times.size > 1 else dt
    time = group.create_dataset("time", data=np.array([start, start + of.times.size * step, step], "<f8"))
    time.attrs["units"] = "ms"


def _write_rest(h5, recording):
    description, arrays = pack(recording.rest)
    description["spikes"] = [[s.label, s.name, s.n, s.duration, s.start] for s in recording.spikes]
    description["traces"] = [[*t.key, t.traces.name, t.traces.variable, t.traces.unit] for t in recording.traces]
    group = h5.require_group(OWN)
    text = archive.description_text("Result", FORMAT, description)
    group.create_dataset("description", data=np.frombuffer(text.encode(), np.uint8))
    for name, array in arrays.items():
        h5.create_dataset(_own(name), data=np.asarray(array))
    for trace in recording.traces:
        for part in ("times", "ids"):
            h5.create_dataset(_own("traces", *trace.key, part), data=getattr(trace.traces, part))


def read(path: str | os.PathLike) -> Result:
    """Return the Result in a file that `write` wrote; spikes and samples are mapped, not read."""
    h5py, path = optional("h5py", "hdf5", "Result.load"), Path(path)
    if not path.exists():
        raise FileNotFoundError(f"Result.load: there is no file {str(path)!r}")
    try:
        with h5py.File(path, "r") as h5:
            if OWN not in h5:
                missing = "it has no group /brainsim, which holds numbers of cells, the duration and the like"
                others = [name for name, group in (("spikes", "spikes"), ("reports", "report")) if group in h5]
                hint = " and ".join(f"bs.sonata.read_{name}" for name in others)
                raise ValueError(f"{missing}{hint and f'; {hint} read files of other simulators'}")
            return _read(h5, path)
    except (PermissionError, MemoryError, BlockingIOError):
        raise
    except Exception as error:  # damaged bytes make HDF5 raise several kinds of error
        raise ValueError(f"Result.load: {str(path)!r} is not a readable result of brainsim ({error})") from error


def _read(h5, path):
    group = h5[OWN]
    description = archive.check_description(json.loads(group["description"][()].tobytes()), "Result", FORMAT)
    listed, samples = description["spikes"], description["traces"]
    rest = unpack(description | {"spikes": [], "traces": []}, _Arrays(h5, path))
    spikes, traces = {}, {}
    for label, name, n, duration, start in listed:
        of = h5["spikes"][group_name(label)]
        times, ids = mapped(of["timestamps"], path), mapped(of["node_ids"], path).view("<i8")
        known = {"n": n, "duration": duration, "start": start, "name": name}
        spikes[label] = deferred(Spikes, partial(Spikes, times, ids, **known), **known)
    for *key, name, variable, unit in samples:
        of = (mapped(h5[_own("traces", *key, part)], path) for part in ("times", "ids", "values"))
        traces[tuple(key)] = Traces(name, variable, unit, *of)
    return replaced(rest, spikes=spikes, traces=traces)


class _Arrays:
    """The arrays of our own group, in the place of an `Archive`."""

    def __init__(self, h5, path):
        self._h5, self._path = h5, path

    def take(self, name, max_size=math.inf):
        """Return an array, or raise ValueError if there is none or it has more than `max_size` elements."""
        if _own(name) not in self._h5:
            raise ValueError(f"it contains no {name!r}")
        array = mapped(self._h5[_own(name)], self._path)
        if array.size > max_size:
            raise ValueError(f"{name!r} has {array.size:,} values; the rest of the file allows {max_size:,.0f}")
        return array


def _own(*names):
    """Return the path in the file of an array of our own."""
    return f"{OWN}/arrays/{archive.member(*names)}" if len(names) > 1 else f"{OWN}/arrays/{names[0]}"


def mapped(dataset, path: Path) -> np.ndarray:
    """Return a dataset as a read-only array, mapped from the file if it lies there in one piece."""
    offset = dataset.id.get_offset()
    if offset is None or not dataset.size or dataset.dtype.byteorder == ">":
        values = dataset[()]
        values.flags.writeable = False
        return values
    return np.memmap(path, dataset.dtype, "r", offset, dataset.shape)


def group_name(name: str) -> str:
    """Return a name as that of a group of HDF5, which may hold no slash and not be a dot."""
    return name.replace("/", "%2F") if name.strip(".") else name.replace(".", "%2E")
