"""Results as files of Neurodata Without Borders: Rübel et al. (2022), doi:10.7554/eLife.78362.

Spikes are one ``Units`` table, whose columns are made in one go: `add_unit` takes ten times as long. NWB counts in seconds;
times on the grid of dt come back equal to the last bit, others within rounding. What NWB has no place for is JSON in
``notes``.
"""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from brainsim.core.arrays import interval_of, times_of
from brainsim.core.doors import optional
from brainsim.core.files import write_aside
from brainsim.features.formats import hdf5
from brainsim.results.archive import reading
from brainsim.results.formats import Format, register_format
from brainsim.results.packing import PLAIN
from brainsim.results.spikes import Spikes
from brainsim.results.traces import Traces
from brainsim.results.weights import Weights

if TYPE_CHECKING:
    from brainsim.results.blocks import Recording
    from brainsim.results.result import Result

FORMAT = 1
ROUNDING = 1e-12  # relative: twice the error of a division by 1000 and a multiplication


def nwb_file(result: Result, given: dict[str, Any]) -> Any:
    """Return a ``pynwb.NWBFile`` of a result; `given` are further fields of it."""
    pynwb = optional("pynwb", "Result.to_nwb")
    notes: dict[str, Any] = {"brainsim": FORMAT} | {key: getattr(result, key) for key in PLAIN}
    described = f"{result.duration:g} ms of a simulation by brainsim, dt = {result.dt:g} ms, seed {result.seed}"
    fields = {"session_description": described, "identifier": str(uuid4()), "session_start_time": datetime.now(UTC)}
    names = _Names()
    notes["names"] = {name: cells.tolist() for name, cells in result.names.items()}
    notes["spikes"] = [[key, s.name, s.n, s.duration, s.start] for key, s in result.spikes.items()]
    traces, notes["traces"] = _halves(_trace(names, key, traces) for key, traces in result.traces.items())
    weights, notes["weights"] = _halves(_weight_series(names, key, weights) for key, weights in result.weights.items())
    notes["checksum"] = _checksum(notes)
    given = given | {"notes": "\n".join(filter(None, [given.get("notes"), json.dumps(notes)]))}
    file = pynwb.NWBFile(**(fields | given))
    if any(spikes.n for spikes in result.spikes.values()):
        file.units = _units(result.spikes)
    for part in [*traces, *weights]:
        for container in part:
            file.add_acquisition(container)
    return file


@register_format
class NWB(Format):
    """A file of Neurodata Without Borders, without the state."""

    suffixes, package = (".nwb",), "pynwb"
    uncompressed = "many readers lack the filter"

    def write(self, recording: Recording, path: Path, label: str, compress: bool = False) -> None:
        """Write a whole Result."""
        pynwb = optional(self.package, label)
        file = nwb_file(recording.result(), {})
        _add_checksums(file)
        with write_aside(path, label) as aside, hdf5.create(aside) as h5, pynwb.NWBHDF5IO(str(aside), "w", file=h5) as io:
            io.write(file)

    def read(self, path: Path) -> Result:
        """Return the Result in a file, without the state."""
        pynwb = optional(self.package, "Result.load")
        with reading(path, "Result.load", "NWB file of brainsim"), pynwb.NWBHDF5IO(str(path), "r") as io:
            return _result(io.read())


def _add_checksums(file):
    """Let all numbers of a file be written with the checksums of HDF5."""
    from pynwb import H5DataIO, TimeSeries

    for part in list(file.objects.values()):
        if isinstance(part, TimeSeries):
            for name in ("data", "timestamps"):
                if isinstance(getattr(part, name), np.ndarray):
                    part.set_data_io(name, H5DataIO, {"fletcher32": True})
        elif isinstance(getattr(part, "data", None), np.ndarray):
            part.set_data_io(H5DataIO, {"fletcher32": True})


def _checksum(notes):
    return zlib.crc32(json.dumps(notes).encode())


def _halves(pairs):
    pairs = list(pairs)
    return [first for first, _ in pairs], [second for _, second in pairs]


class _Names:
    """Names of objects in the file: without ``/`` and ``:``, each once."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def new(self, *parts: str) -> str:
        name = base = ".".join(parts).replace("/", "_").replace(":", "_")
        number = 2
        while name in self.taken:
            name, number = f"{base} {number}", number + 1
        self.taken.add(name)
        return name


def _units(spikes):
    from hdmf.common import ElementIdentifiers, VectorData, VectorIndex
    from pynwb.misc import Units

    trains = [train / 1000.0 for of_population in spikes.values() for train in of_population.per_cell()]
    cells = [np.arange(of_population.n) for of_population in spikes.values()]
    keys = [key for key, of_population in spikes.items() for _ in range(of_population.n)]
    limits = np.concatenate([np.tile([s.start / 1000.0, s.stop / 1000.0], (s.n, 1)) for s in spikes.values()])
    times = VectorData(name="spike_times", description="spike times [s]", data=np.concatenate(trains))
    ends = np.cumsum([train.size for train in trains])
    observed = VectorData(name="obs_intervals", description="the recording [s]", data=limits)
    columns = [
        VectorIndex(name="spike_times_index", data=ends.astype(np.uint64), target=times),
        times,
        VectorIndex(name="obs_intervals_index", data=np.arange(1, len(trains) + 1, dtype=np.uint64), target=observed),
        observed,
        VectorData(name="population", description="population of the cell", data=keys),
        VectorData(name="cell", description="index of the cell in its population", data=np.concatenate(cells)),
    ]
    names = ("spike_times", "obs_intervals", "population", "cell")
    ids = ElementIdentifiers(name="id", data=np.arange(len(trains)))
    return Units(name="units", description="simulated cells", id=ids, columns=columns, colnames=names)


def _series(name, times, values, unit, description):
    from pynwb import TimeSeries

    interval = interval_of(times)
    if interval is None:
        when = {"timestamps": times / 1000.0}
    else:
        when = {"starting_time": times[0] / 1000.0, "rate": 1000.0 / interval}
    return TimeSeries(name=name, data=values, unit=unit or "n.a.", description=description, **when)


def _trace(names, key, traces):
    name = names.new(*key)
    described = f"{traces.variable} of cells of {traces.name}, a column for each cell"
    noted = {"series": name, "key": list(key), "ids": traces.ids.tolist(), "unit": traces.unit, "of": traces.name}
    return [_series(name, traces.times, traces.values, traces.unit, described)], noted


def _weight_series(names, key, weights):
    """Return the series of recorded weights and of their histograms and the table of synapses, and what the notes say."""
    from hdmf.common import DynamicTable, VectorData

    name = names.new("weights", *key)
    described = f"{weights.variable} of synapses of {weights.name}, a column for each"
    parts = [_series(name, weights.times, weights.values, weights.unit, described)]
    columns = [VectorData(name=end, description=end, data=getattr(weights, end)) for end in ("synapses", "pre", "post")]
    described = "the synapses of the columns"
    parts.append(DynamicTable(name=f"{name} synapses", description=described, columns=columns))
    if weights.edges.size:
        described = "number of synapses in each bin of weights"
        parts.append(_series(f"{name} histogram", weights.times, weights.counts, "synapses", described))
    rest = {"key": list(key), "of": weights.name, "unit": weights.unit, "edges": weights.edges.tolist()}
    return parts, {"series": name} | rest


def _result(file):
    from brainsim.results.result import Result

    notes = _notes(file.notes)
    dt = notes["dt"]
    spikes = _spikes(file.units, notes["spikes"], dt)
    traces = {}
    for entry in notes["traces"]:
        times, values = _times_and_values(file.acquisition[entry["series"]], dt)
        population, variable = entry["key"]
        traces[population, variable] = Traces(entry["of"], variable, entry["unit"], times, _whole(entry["ids"]), values)
    weights = {tuple(entry["key"]): _weights(file.acquisition, entry, dt) for entry in notes["weights"]}
    plain = {key: notes[key] for key in PLAIN} | {"names": notes.get("names", {})}  # older files lack names
    return Result(spikes=spikes, traces=traces, weights=weights, **plain)


def _notes(text):
    """Return what brainsim noted, the last line of the notes."""
    try:
        notes = json.loads((text or "").splitlines()[-1])
        if notes["brainsim"] > FORMAT:
            raise ValueError(f"written by a newer brainsim: format {notes['brainsim']}, this one reads {FORMAT}")
    except (IndexError, KeyError, TypeError, json.JSONDecodeError):
        raise ValueError(
            "it has no notes of brainsim; read it with pynwb, and give spike times to bs.Spikes or bs.SpikeTrains"
        ) from None
    if notes.pop("checksum", None) != _checksum(notes):
        raise ValueError("the checksum of the notes of brainsim is wrong, so they were changed after they were written")
    return notes


def _spikes(units, described, dt):
    """Return key -> Spikes; the rows of the table are in the order of the populations and their cells."""
    seconds = np.zeros(0) if units is None else np.asarray(units.spike_times.data[:])
    ends = np.zeros(0, np.int64) if units is None else np.asarray(units.spike_times_index.data[:]).astype(np.int64)
    if ends.size != (cells := sum(n for _, _, n, *_ in described)):
        raise ValueError(f"its table of units has {ends.size:,} of {cells:,} cells")
    times, owner = _on_grid(seconds * 1000.0, dt), np.repeat(np.arange(ends.size), np.diff(ends, prepend=0))
    found, first = {}, 0
    for key, name, n, duration, start in described:
        mine = slice(*np.searchsorted(owner, [first, first + n]))
        found[key] = Spikes(times[mine], owner[mine] - first, n, duration, start, name)
        first += n
    return found


def _times_and_values(series, dt):
    values = np.asarray(series.data[:], dtype=np.float64)
    if series.timestamps is not None:
        seconds = np.asarray(series.timestamps[:])
    else:
        seconds = series.starting_time + np.arange(len(values)) / series.rate
    return _on_grid(seconds * 1000.0, dt), values


def _weights(acquisition, entry, dt):
    name, (_, variable) = entry["series"], entry["key"]
    times, values = _times_and_values(acquisition[name], dt)
    table = acquisition[f"{name} synapses"]
    ends = [_whole(table[end].data[:]) for end in ("synapses", "pre", "post")]
    counts = acquisition[f"{name} histogram"].data[:] if entry["edges"] else None
    return Weights(entry["of"], variable, entry["unit"], times, *ends, values, entry["edges"], counts)


def _whole(values):
    return np.asarray(values, dtype=np.int64)


def _on_grid(times, dt):
    """Return times [ms], those within rounding of a multiple of dt as exactly that multiple."""
    grid = times_of(np.rint(times / dt), dt)
    return np.where(np.abs(grid - times) <= ROUNDING * np.maximum(np.abs(times), dt), grid, times)
