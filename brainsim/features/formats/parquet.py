"""Results as a folder of Parquet files, for pandas, Polars, DuckDB and the like.

``spikes.parquet`` has a row for each spike: population, cell, time [ms]. ``POPULATION.VARIABLE.parquet`` has a row for each
sample: time, and a column for each cell. ``rest.npz`` is everything else that a `Result` holds. Parquet has checksums of
pages, but none of the end of a file, which says what they are: those are in ``checksums.json``.
"""

from __future__ import annotations

import json
import os
import zlib
from functools import partial
from pathlib import Path
from urllib.parse import quote

import numpy as np

from brainsim.core.deferred import defer
from brainsim.core.files import write_folder_aside
from brainsim.results.archive import reading
from brainsim.results.blocks import Recording, replace_fields
from brainsim.results.formats import Format, register_format
from brainsim.results.result import Result
from brainsim.results.spikes import Spikes
from brainsim.results.traces import Traces

SPIKES, REST, CHECKSUMS = "spikes.parquet", "rest.npz", "checksums.json"
DESCRIPTION = b"brainsim"  # key of the metadata of spikes.parquet


def is_parquet(path: Path) -> bool:
    """Return whether a folder was written by `write`."""
    return (path / SPIKES).is_file() and (path / REST).is_file()


@register_format
class Parquet(Format):
    """A folder of Parquet files, which are always compressed."""

    suffixes, package, is_lazy, is_folder = (".parquet",), "pyarrow.parquet", True, True

    def write(self, recording: Recording, path: Path, label: str, compress: bool = False) -> None:
        """Write a Recording; never more than a block of it is in memory."""
        with write_folder_aside(path, label, is_parquet) as folder:
            _write_spikes(recording, folder / SPIKES)
            for trace in recording.traces:
                _write_trace(trace, folder / _trace_file(*trace.key))
            recording.rest.save(folder / REST)
            sums = {path.name: _sum_of_end(path) for path in sorted(folder.glob("*.parquet"))}
            (folder / CHECKSUMS).write_text(json.dumps(sums, indent=1) + "\n", encoding="utf-8")

    def read(self, path: Path) -> Result:
        """Return the Result in a folder; spikes are read when they are looked at."""
        path = path.absolute()
        with _reading(path):
            if not is_parquet(path):
                raise ValueError(f"it is not a folder with {SPIKES} and {REST}")
            described = json.loads((_open(path / SPIKES).schema_arrow.metadata or {})[DESCRIPTION])
            rest, spikes, at = Result.load(path / REST), {}, 0
            for label, name, n, duration, start, size in described["spikes"]:
                known = {"n": n, "duration": duration, "start": start, "name": name}
                spikes[label] = defer(Spikes, partial(_spikes, path, at, size, known), **known)
                at += size
            traces = {(label, variable): _traces(path, label, variable, *of) for label, variable, *of in described["traces"]}
        return replace_fields(rest, spikes=spikes, traces=traces)


def _reading(path):
    return reading(path, "Result.load", "result of brainsim")


def _sum_of_end(path):
    """Return the checksum of the end of a file, which says what is in it; the last 8 bytes are its size and a mark."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 8, 0))
        wanted = int.from_bytes(file.read(4), "little") + 8
        file.seek(max(size - wanted, 0))
        return zlib.crc32(file.read())


def _open(path):
    """Return the ParquetFile of a file whose end has its checksum; those of the pages are compared when they are read."""
    import pyarrow.parquet as pq

    expected = json.loads((path.parent / CHECKSUMS).read_text(encoding="utf-8")).get(path.name)
    if expected != _sum_of_end(path):
        raise ValueError(f"the checksum of {path.name!r} is wrong, so it was changed after it was written")
    return pq.ParquetFile(path, page_checksum_verification=True)


def _write_spikes(recording, path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    described = [[s.label, s.name, s.n, s.duration, s.start, s.size] for s in recording.spikes]
    described = {"spikes": described, "traces": [[*t.key, t.traces.name, t.traces.unit] for t in recording.traces]}
    fields = [("population", pa.dictionary(pa.int32(), pa.string())), ("cell", pa.int64()), ("time", pa.float64())]
    schema = pa.schema(fields, {DESCRIPTION: json.dumps(described).encode()})
    labels = pa.array([s.label for s in recording.spikes], pa.string())
    with pq.ParquetWriter(path, schema, write_page_checksum=True) as writer:
        for k, times, ids in recording.blocks():
            of = pa.DictionaryArray.from_arrays(pa.array(np.full(len(times), k, np.int32)), labels)
            writer.write_batch(pa.record_batch([of, pa.array(ids, pa.int64()), pa.array(times)], schema=schema))


def _write_trace(trace, path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    of, row = trace.traces, 0
    schema = pa.schema([("time", pa.float64()), *((str(cell), pa.float64()) for cell in of.ids.tolist())])
    with pq.ParquetWriter(path, schema, write_page_checksum=True) as writer:
        for block in trace.blocks():
            times = of.times[row : row + len(block)]
            columns = [pa.array(times), *(pa.array(np.ascontiguousarray(column)) for column in block.T)]
            writer.write_batch(pa.record_batch(columns, schema=schema))
            row += len(block)


def _spikes(path, at, size, known):
    """Return the Spikes in `size` rows from row `at` on."""
    times, ids, row = [np.empty(0)], [np.empty(0, np.int64)], 0
    with _reading(path):
        file = _open(path / SPIKES)
        for group in range(file.num_row_groups):
            n_rows = file.metadata.row_group(group).num_rows
            if row < at + size and row + n_rows > at and size:
                table = file.read_row_group(group, ["cell", "time"])
                part = slice(max(at - row, 0), at + size - row)
                times.append(table["time"].to_numpy()[part])
                ids.append(table["cell"].to_numpy()[part])
            row += n_rows
        return Spikes(np.concatenate(times), np.concatenate(ids), **known)


def _traces(path, label, variable, name, unit):
    table = _open(path / _trace_file(label, variable)).read()
    ids = [int(column) for column in table.column_names[1:]]
    values = [table.column(k).to_numpy() for k in range(1, table.num_columns)]
    shape = table.num_rows, len(ids)
    return Traces(name, variable, unit, table.column(0).to_numpy(), ids, np.array(values).T if ids else np.empty(shape))


def _trace_file(label, variable):
    return f"{quote(label, safe=' ()[]:+=@,')}.{quote(variable, safe=' ()[]:+=@,')}.parquet"
