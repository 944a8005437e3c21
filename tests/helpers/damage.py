"""Files of all kinds, damaged at random: what is read must be what was written, or an error that names the file.

``python -m tests.helpers.damage 1000`` damages each kind of file 1,000 times and prints what became of it.
"""

import collections
import copy
import json
import random
import shutil
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

import numpy as np

import brainsim as bs
from brainsim.features.streams.header import with_checksum, without_checksum
from tests.helpers.runs.streamed import network, run, simulation

JUNK = [None, True, -1, 0, 3, 2**31, 2**70, -0.5, 1e308, float("nan"), "", "a/b", "../x", [], [1, "x"], {}, {"a": [1]}]
JUNK += [[[]], [-1], [2**70], "<f8", "|O", "zip"]


def bytes_damaged(rng, data):
    """Return bytes of which a few were changed, cut out, or put in."""
    data = bytearray(data)
    at, size = rng.randrange(max(len(data), 1)), rng.randrange(1, 9)
    match rng.randrange(6):
        case 0 | 1 | 2 if data:
            data[at] ^= 1 << rng.randrange(8)
        case 3:
            data[at : at + size] = rng.randbytes(size)
        case 4:
            del data[at : at + rng.choice([1, 8, 512, len(data)])]
        case _:
            data[at:at] = rng.randbytes(size)
    return bytes(data)


def tree_damaged(rng, tree):
    """Return a copy of what JSON holds in which one entry is junk, missing, or additional."""
    whole = tree = copy.deepcopy(tree)
    while True:
        keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        if not keys:
            return whole
        key = rng.choice(keys)
        if isinstance(tree[key], dict | list) and tree[key] and rng.random() < 0.8:
            tree = tree[key]
            continue
        match rng.randrange(4):
            case 0:
                del tree[key]
            case 1 if isinstance(tree, dict):
                tree[rng.choice(["a", "of", "at", "wanted", "ranks"])] = rng.choice(JUNK)
            case _:
                tree[key] = rng.choice(JUNK)
        return whole


def everything(result):
    """Return all arrays and numbers of a Result by name; reads what is read when it is looked at."""
    found = {field: repr(getattr(result, field)) for field in ("duration", "start", "dt", "seed", "populations")}
    found |= {f"names of {name}": cells for name, cells in result.names.items()}
    for name, spikes in result.spikes.items():
        found[f"spikes {name}"] = (repr((spikes.n, spikes.duration, spikes.start)), spikes.times, spikes.ids)
    for key, traces in result.traces.items():
        found[f"trace {key}"] = (traces.unit, traces.times, traces.ids, traces.values)
    for key, weights in result.weights.items():
        found[f"weights {key}"] = (weights.times, weights.pre, weights.post, weights.values, weights.counts)
    return found


def parts_of(populations, names):
    """Return the arrays of what `bs.sonata` has read, by population and name."""
    return {(key, name): getattr(of, name) for key, of in populations.items() for name in names}


def equal(a, b):
    """Return whether two of these are equal to the last bit."""
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b


class Kind:
    """A kind of file: how one is written, and what is read of it.

    Parameters
    ----------
    write : callable
        Takes a folder and returns the path of the file, or of the folder in which there are several.
    read : callable
        Takes that path; returns what is compared.
    """

    def __init__(self, write, read):
        self.write, self.read = write, read

    def damage(self, rng, path):
        """Change one file of it at random."""
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        file = rng.choice(files)
        file.write_bytes(bytes_damaged(rng, file.read_bytes()))

    def is_fine(self, found, whole):
        """Return whether what was read may be read."""
        return equal(found, whole)


class StreamBytes(Kind):
    """The folder of a stream: a prefix of the run may be read too, with a warning."""

    def is_fine(self, found, whole):
        end = float(found["duration"])
        if end == float(whole["duration"]):
            return equal(found, whole)
        return all(
            np.array_equal(of, all_of[all_[1] <= end + 1e-6])
            for name, all_ in whole.items()
            if name.startswith("spikes")
            for of, all_of in zip(found[name][1:], all_[1:], strict=True)
        )


class StreamTexts(Kind):
    """Its header and its log, with right checksums of wrong contents: any content is fine, but not every error."""

    def damage(self, rng, path):
        file = path / rng.choice(["header.json", "commits.jsonl"])
        lines = file.read_text().splitlines()
        k = rng.randrange(len(lines))
        lines[k] = with_checksum(tree_damaged(rng, without_checksum(lines[k])))
        end = "\n" if file.suffix == ".jsonl" else ""
        file.write_text("\n".join(lines) + end)

    def is_fine(self, found, whole):
        return True


class Graphs(Kind):
    """Graphs of NIR: their files have no checksums, so any values are fine that a network may have."""

    def is_fine(self, found, whole):
        return all(np.isfinite(values).all() for values in found)


class GraphContents(Graphs):
    """Whole files in which one entry is missing, another one, junk, or of another shape or type."""

    def damage(self, rng, path):
        import h5py

        with h5py.File(path, "a") as file:
            names = []
            file.visit(names.append)
            name, other = rng.choice(names), rng.choice(names)
            old = file[name][()] if isinstance(file[name], h5py.Dataset) else None
            del file[name]
            match rng.randrange(4):
                case 0 if other in file and not other.startswith(name):
                    file[name] = file[other]
                case 1 | 2 if isinstance(old, bytes | np.ndarray | np.number):
                    file[name] = self.changed(rng, old)
                case 3:
                    file[name] = rng.choice([junk for junk in JUNK if isinstance(junk, bool | float | str)])

    @staticmethod
    def changed(rng, old):
        """Return other content: of a text, or of an array."""
        if isinstance(old, bytes):
            return rng.choice(["LIF", "NIRGraph", "Affine", "Delay", "Flatten", "Conv2d", "Output", "NIRNode", ""])
        array = np.array(old)
        match rng.randrange(4):
            case 0 if array.size and array.dtype.kind in "if":
                array.flat[rng.randrange(array.size)] = rng.choice([-1, 0, 3, 7, 10**6, 2**31 - 1])
                return array
            case 1:
                return array.ravel()[1:]
            case 2:
                return array[None]
            case _ if array.dtype.kind in "if":
                return array.astype(rng.choice(["i4", "f4", "?", "c16", "u1"]))
        return array.ravel()


def _stream(folder):
    sim = simulation(network(plastic=True), to=folder / "run.npz")
    for _ in range(10):
        sim.run(10.0)
    sim._stream.close()
    return folder / "run.npz.part"


def _saved(suffix):
    def write(folder):
        return run(network(plastic=True)).save(folder / f"run{suffix}")

    return write


def _written(name):
    def write(folder):
        return bs.sonata.write_network(network(), folder / "net") / name

    return write


def _load(path):
    return everything(bs.Result.load(path))


def _spikes_of_others(path):
    found = bs.sonata.read_spikes(path, n={"a": 40, "b": 30}, duration=100.0)
    return parts_of(found, ("times", "ids"))


def _trains(path):
    of = bs.SpikeTrains(path)
    return of.times, of.ids


def _train_file(folder):
    np.savez(folder / "trains.npz", times=np.arange(50) * 0.5, ids=np.arange(50) % 7)
    return folder / "trains.npz"


def _graph_file(folder):
    from tests.nir.graphs import everything_else, nir

    nir.write(folder / "graph.nir", everything_else(np.random.default_rng(1)))
    return folder / "graph.nir"


def _graph(path):
    net = bs.nir.read(path)
    return [getattr(p, name) for p in net.projections for name in ("weight", "delay")]


EDGES = ("source", "target", "pre", "post", "weight", "delay", "type_ids")
KINDS = {
    "stream": StreamBytes(_stream, _load),
    "texts of a stream": StreamTexts(_stream, _load),
    "npz": Kind(_saved(".npz"), _load),
    "h5": Kind(_saved(".h5"), _load),
    "parquet": Kind(_saved(".parquet"), _load),
    "nwb": Kind(_saved(".nwb"), _load),
    "spikes of SONATA": Kind(_saved(".h5"), _spikes_of_others),
    "edges": Kind(_written("edges.h5"), lambda path: parts_of(bs.sonata.read_edges(path), EDGES)),
    "nodes": Kind(_written("nodes.h5"), lambda path: parts_of(bs.sonata.read_nodes(path), ("n", "type_ids"))),
    "spike trains": Kind(_train_file, _trains),
    "nir": Graphs(_graph_file, _graph),
    "contents of nir": GraphContents(_graph_file, _graph),
}


def trial(kind, rng, whole, original, folder):
    """Damage a copy of a file and read it; return what happened: "same", "part", "refused", or what is wrong."""
    path = folder / original.name
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    (shutil.copytree if original.is_dir() else shutil.copy)(original, path)
    kind.damage(rng, path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = kind.read(path)
        except ValueError as error:
            return "refused" if path.name in str(error) else f"an error without the file: {error}"
        except Exception as error:
            return f"{type(error).__name__}: {error}\n{traceback.format_exc(limit=-3)}"
    if not kind.is_fine(found, whole):
        return "other values, without a word"
    told = any("is damaged" in str(w.message) for w in caught)
    return "part" if told else "same"


def trials(name, number, seed=1):
    """Return what happened in some trials of a kind, as a Counter."""
    kind, rng, counts = KINDS[name], random.Random(f"{name} {seed}"), collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "whole").mkdir()
        original = kind.write(Path(folder) / "whole")
        whole = kind.read(original)
        for _ in range(number):
            counts[trial(kind, rng, whole, original, Path(folder))] += 1
    return counts


if __name__ == "__main__":
    for name in sys.argv[2:] or KINDS:
        print(f"{name}: {json.dumps(trials(name, int(sys.argv[1])), indent=1)}", flush=True)
