"""Checks of recorders and of formats of results."""

import copy
import tempfile
import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.core.arrays import short_repr
from brainsim.engine.simulation.simulation import Simulation
from brainsim.models.inputs import CurrentInput
from brainsim.models.neurons.lif import LIF
from brainsim.models.values import Uniform
from brainsim.network.network import Network
from brainsim.network.population import Population
from brainsim.network.probes import Trace
from brainsim.results import formats
from brainsim.results.result import Result
from brainsim.testing.properties import SEED, any_threads, bits_of, check_properties, explained, make, require

PARTS = ("spikes", "traces", "weights", "stats")  # of a Result


@explained
def check_recorder(
    build: Callable[[], tuple[Network, Any]], *, duration: float = 60.0, dt: float = 0.1, only: Collection[str] | None = None
) -> None:
    """Check a recorder as the built-in ones are checked.

    Parameters
    ----------
    build : callable
        Returns a Network and what stands in ``record=``, new ones at each call.
    duration : float
        How long it runs [ms].
    only : collection of str, optional
        The properties to check, all by default:

        - "records": it adds something to the Result.
        - "silent": the bits of the run are those of a run without it.
        - "bits": it records the same on any number of threads, in any pieces, in a copy, from a checkpoint, and after a
          reset.
        - "file": a run with ``to=`` gives the Result of a run in memory.

    Examples
    --------
    >>> import brainsim as bs
    >>> def build():
    ...     cells = bs.Population(9, bs.LIF(), name="cells")
    ...     net = bs.Network(seed=1)
    ...     net.stimulate(cells, bs.CurrentInput("350 + 20*i"))
    ...     return net, bs.Trace(cells, "v")
    >>> bs.testing.check_recorder(build, only=["records", "silent"])
    """
    if not callable(build):
        message = "must be a function that returns a Network and what stands in record=, new ones at each call"
        raise TypeError(f"check_recorder.build: {message} (got {build!r})")
    check_properties(RECORDER_PROPERTIES, _Recorded(build, duration, dt), only)


class _Recorded:
    """A recorder under test, and what it adds to the Result of a run."""

    def __init__(self, build, duration, dt):
        self.build, self.duration = build, round(duration / dt) * dt
        self.options = {"dt": dt, "seed": SEED, "progress": False}
        self.cut = round(self.duration / 3 / dt) * dt
        self.label = type(build()[1]).__name__
        plain = self.simulation(recorded=False)
        without = plain.run(self.duration)
        self.bits, self.names = bits_of(plain, [without]), {part: set(getattr(without, part)) for part in PARTS}

    def simulation(self, recorded=True, **options):
        network, request = self.build()
        return Simulation(network, **({"record": request} if recorded else {}), **(self.options | options))

    def added(self, result):
        """Return (part, name) -> what is in a Result because it was recorded."""
        found = {(part, name): value for part in PARTS for name, value in getattr(result, part).items()}
        return {key: value for key, value in found.items() if key[1] not in self.names[key[0]]}

    def compare(self, way, sim):
        """Require that all that was recorded so far is as in one piece on one thread."""
        with any_threads():
            expected = self.simulation(threads=1)
            expected.run(self.duration)
        _compare(self.label, self.added(expected.result()), self.added(sim.result()), way)


def _compare(label, expected, found, way):
    for (part, name), value in expected.items():
        same = (part, name) in found and _equal(value, found[part, name])
        require(same, f"{label}: {part}[{name!r}] must be the same {way}")
    require(found.keys() == expected.keys(), f"{label}: must record nothing else {way}")


def _equal(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(value, b[key]) for key, value in a.items())
    if isinstance(a, np.ndarray | list | float) or isinstance(b, np.ndarray):
        return np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")
    return bool(a == b)


def _check_records(recorded: _Recorded) -> None:
    result = recorded.simulation().run(recorded.duration)
    require(recorded.added(result), f"{recorded.label}: must add something to the Result: spikes, traces, weights or stats")


def _check_silent(recorded: _Recorded) -> None:
    sim = recorded.simulation()
    found = bits_of(sim, [sim.run(recorded.duration)])
    different = [name for name, value in recorded.bits.items() if found[name] != value]
    require(not different, f"{recorded.label}: recording must not change {' and '.join(different[:3])}")


def _check_recorder_bits(recorded: _Recorded) -> None:
    duration, cut = recorded.duration, recorded.cut
    with any_threads():
        for threads in (2, 3):
            sim = recorded.simulation(threads=threads)
            sim.run(duration)
            recorded.compare(f"on {threads} threads as on one", sim)
        sim = recorded.simulation(threads=2)
        sim.run(cut)
        twin = copy.deepcopy(sim)
        with tempfile.TemporaryDirectory() as folder:
            sim.save(Path(folder) / "run.ckpt")
            network, request = recorded.build()
            loaded = Simulation.load(network, Path(folder) / "run.ckpt", record=request, threads=1, progress=False)
        last = recorded.added(sim.run(duration - cut))
        # a Result of a loaded simulation has the spikes, traces and weights of before, but not the stats
        found = recorded.added(loaded.run(duration - cut))
        _compare(recorded.label, last, found, "in what is recorded after a checkpoint was loaded")
        twin.run(duration - cut)
        recorded.compare("in two pieces as in one", sim)
        recorded.compare("in a copy", twin)
        sim.reset()
        sim.run(duration)
        recorded.compare("after a reset", sim)


def _check_file(recorded: _Recorded) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sim = recorded.simulation(to=Path(folder) / "run.npz")
        sim.run(recorded.cut)
        sim.run(recorded.duration - recorded.cut)
        sim.close()
        found = Result.load(Path(folder) / "run.npz")
        expected = recorded.simulation().run(recorded.duration)
        _compare(recorded.label, recorded.added(expected), recorded.added(found), "in a file, with to=")


RECORDER_PROPERTIES = {"records": _check_records, "silent": _check_silent, "bits": _check_recorder_bits, "file": _check_file}


@explained
def check_format(format: formats.Format | type[formats.Format], *, only: Collection[str] | None = None) -> None:
    """Check a format of results as the built-in ones are checked; it need not be registered.

    Parameters
    ----------
    format : Format or class
        The format; a class is made without arguments.
    only : collection of str, optional
        The properties to check, all by default:

        - "suffixes": each of its suffixes begins with a dot and is in lower case, and `lacks` names parts of a Result.
        - "write": a Result is written to the path, and again in the place of the first.
        - "read": what is read is what was written, but for what it lacks; if it has a method `read`.
        - "stream": a run with ``to=`` writes what ``Result.save`` does.
        - "silence": a result without spikes, and one without traces, can be written.

    Examples
    --------
    >>> from brainsim.results.npz import Npz
    >>> from brainsim.testing import check_format
    >>> check_format(Npz)
    """
    given = make(format, formats.Format, "check_format.format")
    before = {suffix: formats.FORMATS[suffix] for suffix in given.suffixes if suffix in formats.FORMATS}
    formats.FORMATS.update(dict.fromkeys(given.suffixes, given))
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*has no place for")
            check_properties(FORMAT_PROPERTIES, _Written(given, Path(folder)), only)
    finally:
        for suffix in given.suffixes:  # others may have been registered meanwhile
            del formats.FORMATS[suffix]
        formats.FORMATS.update(before)


class _Written:
    """A format under test, and a run that it writes."""

    def __init__(self, of, folder):
        self.of, self.label, self.folder = of, type(of).__name__, folder
        self.reads = type(of).read is not formats.Format.read

    def path(self, name):
        return self.folder / f"{name}{self.of.suffixes[0]}"

    def simulation(self, current=400.0, record=True, **options):
        cells = Population(7, LIF(), name="cells", initial={"v": Uniform(-65.0, -50.0)})
        net = Network(seed=1)
        net.stimulate(cells, CurrentInput(current))
        record = [Trace(cells[:3], "v", every=1.0)] if record and "traces" not in self.of.lacks else []
        return Simulation(net, seed=SEED, progress=False, record=record, **options)

    def run(self, **options):
        return self.simulation(**options).run(50.0)

    def require_same(self, expected, found, way):
        """Require that spikes and samples of two results are the same."""
        for part in ("spikes", *({"traces", "weights"} - {*self.of.lacks})):
            ours, theirs = getattr(expected, part), getattr(found, part)
            require(
                set(ours) == set(theirs), f"{self.label}: must have the same {part} {way} (got {sorted(map(str, theirs))})"
            )
            for name in ours:
                for field in ("times", "ids", *(["values"] if part != "spikes" else [])):
                    a, b = getattr(ours[name], field), getattr(theirs[name], field)
                    same = np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-6, atol=1e-9)
                    require(same, f"{self.label}: {part}[{name!r}].{field} must be the same {way} (got {short_repr(b)})")


def _check_suffixes(written: _Written) -> None:
    for suffix in written.of.suffixes:
        good = suffix.startswith(".") and suffix == suffix.lower() and len(suffix) > 1
        require(good, f"{written.label}.suffixes: must begin with a dot and be in lower case (got {suffix!r})")
    unknown = {*written.of.lacks} - {"traces", "weights"}
    require(not unknown, f"{written.label}.lacks: must be of 'traces' and 'weights' (got {', '.join(map(repr, unknown))})")


def _check_write(written: _Written) -> None:
    result, path = written.run(), written.path("twice")
    for way in ("to the path that it was given", "in the place of one that exists"):
        result.save(path)
        require(path.is_dir() if written.of.is_folder else path.is_file(), f"{written.label}: must write a file {way}")


def _check_read(written: _Written) -> None:
    if written.reads:
        result = written.run()
        result.save(written.path("read"))
        written.require_same(result, Result.load(written.path("read")), "when it is read again")


def _check_stream(written: _Written) -> None:
    path = written.path("stream")
    sim = written.simulation(to=path)
    result = sim.run(50.0)
    sim.close()
    require(path.exists(), f"{written.label}: a run with to= must write the file")
    if written.reads:
        written.require_same(result, Result.load(path), "after a run with to=")


def _check_silence(written: _Written) -> None:
    for name, options in (("spikes", {"current": 0.0}), ("traces", {"record": False})):
        result, path = written.run(**options), written.path(f"without_{name}")
        result.save(path)
        require(path.exists(), f"{written.label}: must write a result without {name}")
        if written.reads:
            written.require_same(result, Result.load(path), f"when there are no {name}")


FORMAT_PROPERTIES = {
    "suffixes": _check_suffixes,
    "write": _check_write,
    "read": _check_read,
    "stream": _check_stream,
    "silence": _check_silence,
}
