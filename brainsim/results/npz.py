"""Results as ``.npz`` files without pickles, see `archive`; written in blocks."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from brainsim.core.files import write_aside
from brainsim.results import archive
from brainsim.results.blocks import Recording
from brainsim.results.formats import Format, register_format
from brainsim.results.packing import FORMAT, OfResult, pack_recording, unpack
from brainsim.results.result import Result


@register_format
class Npz(Format):
    """An archive of arrays, brainsim's own format."""

    suffixes = (".npz",)

    def read(self, path: Path) -> Result:
        """Return the Result in a file; arrays are not larger than its numbers of cells and steps allow."""
        return archive.read(path, "Result", FORMAT, unpack, structure=OfResult)

    def write(self, recording: Recording, path: Path, label: str, compress: bool = False) -> None:
        """Write a Recording; spikes are read once for times and once for cells."""
        description, arrays = pack_recording(recording)
        archive.check_arrays(arrays, label)
        text = archive.description_text("Result", FORMAT, description)
        archive.check_npz_name(path, label)
        how = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        with write_aside(path, label) as aside, zipfile.ZipFile(aside, "x", how) as zipped:
            for name, array in {archive.DESCRIPTION: np.array(text), **arrays}.items():
                _write_blocks(zipped, name, array.dtype, array.shape, [array])
            for part, index, kind in (("times", 1, "<f8"), ("ids", 2, "<i8")):
                blocks = _Grouped(recording.blocks())
                for k, spikes in enumerate(recording.spikes):
                    mine = (block[index] for block in blocks.of(k))
                    _write_blocks(zipped, archive.member("spikes", spikes.label, part), kind, (spikes.size,), mine)
            for trace in recording.traces:
                _write_blocks(zipped, archive.member("traces", *trace.key, "values"), "<f8", trace.shape, trace.blocks())


class _Grouped:
    """Blocks of spikes, of which those of one population are taken at a time."""

    def __init__(self, blocks):
        self._blocks = blocks
        self._next = next(blocks, None)

    def of(self, k):
        """Yield the blocks of a population, which are the next ones."""
        while self._next is not None and self._next[0] == k:
            yield self._next
            self._next = next(self._blocks, None)


def _write_blocks(zipped, name: str, kind, shape: tuple, blocks: Iterable[np.ndarray]) -> None:
    """Write an array of a known shape that comes in blocks."""
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(kind)), "fortran_order": False, "shape": shape}
    with zipped.open(f"{name}.npy", "w", force_zip64=True) as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        for block in blocks:
            if block.size:
                stream.write(np.ascontiguousarray(block, kind).reshape(-1).view(np.uint8))
