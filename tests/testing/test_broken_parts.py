"""Checks of couplings, recorders, formats and readers fail for what breaks a property, and say which one."""

import json
import types

import numpy as np
import pytest

import brainsim as bs
from brainsim.connectomes import formats as readers
from brainsim.engine.recorders.recorder import Recorder
from brainsim.results import formats
from brainsim.results.streams.columns import column
from brainsim.testing import check_bits, check_coupling, check_format, check_reader, check_recorder, properties


def coupling(**texts):
    names = {"source": "v", "current": "total - weights*v", "weight_unit": "nS", "source_unit": "mV", "dimensions": False}
    return type("Own", (bs.Coupling,), names | texts)


COUPLINGS = [
    (coupling(current="0*total"), "acts", "Own: sources must act on targets at the weight 0.5"),
    (coupling(current="sqrt(-1 - total*total)"), "acts", "Own: v must stay finite at the weight 0.5"),
    (coupling(current="total + 5"), "weight", "Own: with weight 0 it must do nothing"),
    (coupling(current="5*sign(weights)"), "weight", "Own: twice the weight must act otherwise"),
    (
        coupling(current="total*where(abs(total) > 2000, sqrt(-abs(total)), 1)"),
        "extreme",
        "Own: v must not become NaN at the weight 50",
    ),
    (coupling(gain=bs.parameter(1.0, "", "unread")), "read", "Own: no text of the class reads gain"),
]


@pytest.mark.thorough_but("weight-Own: with")
@pytest.mark.filterwarnings("ignore:.*a variable ran away")
@pytest.mark.parametrize(("kind", "only", "message"), COUPLINGS, ids=lambda value: value if isinstance(value, str) else "")
def test_couplings(kind, only, message):
    with pytest.raises(AssertionError, match=message):
        check_coupling(kind, only=[only])


class Counted:
    """Counts steps; broken in the way that `how` says."""

    def __init__(self, how=""):
        self.how = how

    def recorder(self, layout):
        return CountedRecorder(self.how, layout)


class CountedRecorder(Recorder):
    def __init__(self, how, layout):
        self.how, self.layout, self.chunks = how, layout, 0

    def columns(self):
        return {"columns": [column("steps", "<i8")]}

    def rows(self, chunk):
        self.chunks += 1
        if self.how == "silent":
            chunk.partitions[0].variable("cells", "v")[0][0] += 1e-3
        steps = np.arange(chunk.completed + 1, chunk.stop + 1)
        broken = {"threads": len(chunk.partitions), "pieces": self.chunks}
        return {"steps": steps * broken.get(self.how, 1)}

    def result(self, arrays, start, stop):
        return {} if self.how == "records" else {"stats": {"steps": arrays["steps"].tolist()}}


def driven(how=""):
    cells, net = bs.Population(9, bs.LIF(), name="cells"), bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput("300 + 30*i"))
    return net, Counted(how)


RECORDERS = [
    ("records", "records", "Counted: must add something to the Result"),
    ("silent", "silent", "Counted: recording must not change .* of 'cells'"),
    ("threads", "bits", r"Counted: stats\['steps'\] must be the same on 2 threads as on one"),
    ("pieces", "bits", r"Counted: stats\['steps'\] must be the same in"),
]


@pytest.mark.parametrize(("how", "only", "message"), RECORDERS)
def test_recorders(how, only, message):
    with pytest.raises(AssertionError, match=message):
        check_recorder(lambda: driven(how), only=[only])


def test_a_sound_recorder_passes():
    check_recorder(driven)


class Plain(formats.Format):
    """Spikes as JSON; broken in the way that `how` says."""

    suffixes, lacks = (".plain",), ("traces", "weights")

    def __init__(self, how=""):
        self.how = how

    def write(self, recording, path, label, compress=False):
        if self.how == "write" and path.exists():
            return path.unlink()
        result = recording.result()
        if self.how == "stream" and label != "Result.save":
            return None
        assert self.how != "silence" or len(result.spikes["cells"]), "no spikes"
        spikes = result.spikes["cells"]
        late = 0.1 if self.how == "read" else 0.0
        return path.write_text(json.dumps([(spikes.times + late).tolist(), spikes.ids.tolist(), spikes.stop]))

    def read(self, path):
        times, ids, stop = json.loads(path.read_text())
        return types.SimpleNamespace(spikes={"cells": bs.Spikes(times, ids, 7, stop + 1.0)}, traces={}, weights={})


FORMATS = [
    ("write", "write", "Plain: must write a file in the place of one that exists"),
    ("read", "read", r"Plain: spikes\['cells'\].times must be the same when it is read again"),
    ("stream", "stream", "Plain: a run with to= must write the file"),
]


@pytest.mark.parametrize(("how", "only", "message"), FORMATS)
def test_formats(how, only, message):
    check_format(Plain(), only=[only])
    with pytest.raises(AssertionError, match=message):
        check_format(Plain(how), only=[only])
    assert ".plain" not in formats.FORMATS


def test_formats_that_name_what_does_not_exist():
    kinds = {"suffixes": (".Plain",)}, {"lacks": ("trace",)}
    for names, message in zip(
        kinds, ("begin with a dot and be in lower case", "must be of 'traces' and 'weights'"), strict=True
    ):
        with pytest.raises(AssertionError, match=message):
            check_format(type("Own", (Plain,), names), only=["suffixes"])
    with pytest.raises(AssertionError, match="no spikes"):
        check_format(Plain("silence"), only=["silence"])


def reader(how):
    def read(path, **options):
        text = path.read_text()
        if not text.endswith("end\n"):
            if how == "damaged":
                raise IndexError("0")
            raise ValueError("read: a file is damaged" + (f": {path.name}" if how != "unnamed" else ""))
        pairs = [line.split() for line in text.splitlines()[:-1]]
        pre, post = ([int(pair[k]) for pair in pairs] for k in (0, 1))
        count = np.random.default_rng(None if how == "same" else 1).integers(1, 100, len(pre))
        return bs.connectomes.Brain(range(3), {}, bs.connectomes.Edges(pre, post, count, [1] * len(pre)), **options)

    return read


@pytest.mark.parametrize(
    ("how", "only", "message"),
    [
        ("same", "same", "own: must have the same edges.count when it is read again"),
        ("damaged", "damaged", r"own: 'a.own' with only part of its bytes must be refused with its name.*IndexError"),
        ("unnamed", "damaged", "own: the message about a damaged file must name 'a.own'"),
    ],
)
def test_readers(how, only, message, tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "FORMATS", {})
    (tmp_path / "a.own").write_text("0 1\n1 2\n2 0\n0 2\nend\n")
    readers.register_format("own", {"path": "*.own"})(reader(""))
    check_reader("own", tmp_path)
    readers.register_format("own", {"path": "*.own"})(reader(how))
    with pytest.raises(AssertionError, match=message):
        check_reader("own", tmp_path, only=[only])


def test_bits_are_compared_in_seven_ways(monkeypatch):
    """Of which each finds what the others do not: with the second half of a run, on so many threads, in these pieces."""
    ways, runs, bits_of = [], [], properties.bits_of
    monkeypatch.setattr(properties, "require", lambda met, text: ways.append((met, text.partition("same bits ")[2])))

    def noted(sim, results, after=0.0):
        runs.append((sim.threads, round(sim.time), [round(result.duration) for result in results], after))
        return bits_of(sim, results, after)

    monkeypatch.setattr(properties, "bits_of", noted)
    check_bits(lambda: driven()[0], duration=30.0)
    assert ways == [
        (True, "if everything is made again with the same seed"),
        (True, "on 2 threads as on one"),
        (True, "on 3 threads as on one"),
        (True, "in one piece as in two"),
        (True, "in a simulation that continues from a state, in pieces"),
        (True, "in a copy"),
        (True, "after a reset"),
    ]
    first, halves = (1, 30, [15], 0.0), [(threads, 30, [15], 15.0) for threads in (1, 2, 3)]
    assert runs == [first, *halves, (1, 30, [30], 15.0), (2, 30, [5, 10], 15.0), (2, 30, [15], 15.0), (1, 30, [15], 15.0)]


def test_a_network_in_place_of_a_function():
    with pytest.raises(TypeError, match="check_bits.build: must be a function that returns a Network"):
        check_bits(driven()[0])
    with pytest.raises(TypeError, match="check_recorder.build: must be a function that returns a Network and what stands"):
        check_recorder(driven())
