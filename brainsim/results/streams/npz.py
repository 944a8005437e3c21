"""Results as ``.npz`` files: those of `Result.save`, written in blocks."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from brainsim.core.aside import written_aside
from brainsim.results import archive
from brainsim.results.result import FORMAT, pack
from brainsim.results.streams.recording import Recording


def write_recording(recording: Recording, path: Path, label: str) -> None:
    """Write a Recording; never more than a part of it is in memory. Spikes are read once for times and once for cells."""
    description, arrays = pack(recording.rest)
    description["spikes"] = [[s.label, s.name, s.n, s.duration, s.start] for s in recording.spikes]
    description["traces"] = [[*t.key, t.traces.name, t.traces.variable, t.traces.unit] for t in recording.traces]
    text = archive.description_text("Result", FORMAT, description)
    with written_aside(path, label) as aside, zipfile.ZipFile(aside, "x", zipfile.ZIP_STORED) as zipped:
        _member(zipped, archive.DESCRIPTION, np.array(text))
        for name, array in arrays.items():
            _member(zipped, name, np.asarray(array))
        for part, index in (("times", 1), ("ids", 2)):
            _spikes(zipped, recording, part, index)
        for trace in recording.traces:
            for part in ("times", "ids"):
                _member(zipped, archive.member("traces", *trace.key, part), getattr(trace.traces, part))
            _blocks(zipped, archive.member("traces", *trace.key, "values"), "<f8", trace.shape, trace.blocks())


def _spikes(zipped, recording, part, index):
    """Write the times, or the cells, of the spikes of all populations."""
    blocks = recording.blocks()
    pending = next(blocks, None)
    for k, spikes in enumerate(recording.spikes):

        def mine(k=k):
            nonlocal pending
            while pending is not None and pending[0] == k:
                yield pending[index]
                pending = next(blocks, None)

        kind = "<f8" if part == "times" else "<i8"
        _blocks(zipped, archive.member("spikes", spikes.label, part), kind, (spikes.size,), mine())


def _member(zipped, name, array):
    array = np.ascontiguousarray(array) if array.ndim else array
    _blocks(zipped, name, array.dtype, array.shape, [array])


def _blocks(zipped, name: str, kind, shape: tuple, blocks: Iterable[np.ndarray]) -> None:
    """Write an array of a known shape that comes in blocks."""
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(kind)), "fortran_order": False, "shape": shape}
    with zipped.open(f"{name}.npy", "w", force_zip64=True) as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        for block in blocks:
            stream.write(np.ascontiguousarray(block, kind).tobytes())
