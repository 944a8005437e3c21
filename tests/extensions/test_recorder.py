"""A recorder from outside: how many cells are above a potential at each step."""

import subprocess

import numpy as np
import pytest

import brainsim as bs
from brainsim.build.layout import Layout
from brainsim.engine.loop.program import Phase
from brainsim.engine.recorders.recorder import Recorder
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.results.streams.columns import column
from brainsim.testing import check_recorder
from tests.helpers.runs import ranked


class CellsAbove:
    """What stands in ``record=``."""

    def __init__(self, population, threshold):
        self.population, self.threshold = population, threshold

    def recorder(self, layout):
        return AboveRecorder(self.population, self.threshold)


class AboveRecorder(Recorder):
    def __init__(self, population, threshold):
        self.population, self.threshold, self.contexts = population, threshold, {}

    def columns(self):
        return {"columns": [column("above.u4", "<u4")]}

    def max_steps(self):
        return 500

    def calls(self, partition):
        v, _ = partition.variable(self.population, "v")
        context = Context(v=v, counts=np.zeros(502, np.int64), size=0, threshold=self.threshold)
        self.contexts[partition.number] = context
        return [(Phase.SAMPLE, 0, count_above, context)]

    def begin(self, completed):
        for context in self.contexts.values():
            context["size"] = 0

    def rows(self, chunk):
        return {"above.u4": sum(context["counts"][: context["size"]] for context in self.contexts.values())}

    def merge(self, arrays):
        return {"above.u4": sum(of_rank["above.u4"] for of_rank in arrays)}

    def result(self, arrays, start, stop):
        return {"stats": {"above": arrays["above.u4"]}}


@by_address
def count_above(recorder_, progress_):
    recorder = record_at(recorder_)
    v, counts = array_of(recorder.v), array_of(recorder.counts)
    total = 0
    for k in range(v.size):
        total += v[k] > recorder.threshold
    counts[recorder.size] = total
    recorder.size += 1
    return 0


def network():
    cells = bs.Population(80, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(380.0))
    return net


@pytest.mark.usefixtures("more_partitions")
def test_a_recorder():
    results = []
    for threads in (1, 3):
        net = network()
        record = [CellsAbove("cells", -55.0), bs.Trace(net.populations["cells"], "v")]
        results.append(bs.simulate(net, 200.0, seed=2, threads=threads, record=record))
    for result in results:
        assert np.array_equal(result.stats["above"], (result.traces["cells", "v"].values > -55.0).sum(axis=1))
    assert np.max(results[0].stats["above"]) > 10


ON_RANKS = """
import sys
import brainsim as bs
from brainsim.engine.simulation import settings
from tests.extensions.test_recorder import CellsAbove, network

settings.most_partitions = lambda: settings.MAX_THREADS
for to in (None, sys.argv[1]):
    result = bs.simulate(network(), 50.0, seed=2, threads=1, ranks=True, record=[CellsAbove("cells", -55.0)], to=to)
    if result:
        print(result.stats["above"])
"""


@pytest.mark.thorough
def test_on_ranks(tmp_path):
    ranked.mpi_or_skip()
    command = ranked.script(2, "-c", ON_RANKS, tmp_path / "run.npz")
    done = subprocess.run(command, capture_output=True, text=True, timeout=ranked.LIMIT)
    assert done.returncode == 0, done.stderr[-3000:]
    expected = bs.simulate(network(), 50.0, seed=2, record=[CellsAbove("cells", -55.0)]).stats["above"]
    assert done.stdout.splitlines() == 2 * [str(expected)]
    assert bs.Result.load(tmp_path / "run.npz").stats["above"] == expected


def test_what_they_miss_is_said():
    class Old:
        def recorder(self, layout):
            return OldRecorder()

    class OldRecorder(Recorder):
        def gather(self, piece, chunk):
            pass

    net = bs.Network(seed=1)
    net.add(bs.Population(3, bs.LIF(), name="cells"))
    with pytest.raises(TypeError, match=r"recorder OldRecorder must be .* methods columns\(\).*place of .*gather"):
        bs.Simulation(net, record=[Old()])
    above = CellsAbove("cells", -55.0)
    with pytest.raises(ValueError, match="two recorders have a column 'above.u4'"):
        bs.simulate(net, 1.0, record=[above, above])


def test_it_is_estimated():
    net = bs.Network(seed=1)
    net.add(bs.Population(3, bs.LIF(), name="cells"))
    above = CellsAbove("cells", -55.0)
    assert ("CellsAbove", 0.0, 0.0) in net.estimate(record=[above]).rows
    above.columns, above.every = 1, 1.0
    assert ("CellsAbove", 0.0, 16.0 * 101) in net.estimate(record=above, duration=100.0).rows
    with pytest.raises(TypeError, match=r"Network.estimate.record: CellsAbove is a class; write CellsAbove\(\.\.\.\)"):
        net.estimate(record=[CellsAbove])


class Columns:
    """A request whose recorder returns what it is given."""

    def __init__(self, kind="<u4", **rows):
        self.kind, self.given = kind, rows

    def recorder(self, layout):
        given, kind = self.given, self.kind

        class Fixed(Recorder):
            def columns(self):
                return {"columns": [column("x", kind)]}

            def rows(self, chunk):
                return given

            def result(self, arrays, start, stop):
                return {"stats": {"x": arrays["x"]}}

        return Fixed()


@pytest.mark.parametrize("to", [None, "run.npz"])
def test_rows_are_kept_as_they_are_or_refused(tmp_path, to):
    def recorded(*given, **rows):
        net = bs.Network(seed=1)
        net.add(bs.Population(3, bs.LIF(), name="cells"))
        path = None if to is None else tmp_path / to
        return list(bs.simulate(net, 1.0, record=Columns(*given, **rows), to=path, overwrite=to is not None).stats["x"])

    with pytest.raises(ValueError, match=r"column 'x' of a recorder has the type '<u4', which cannot hold 0.7; declare"):
        recorded(x=[0.7, -5, 3])
    with pytest.raises(ValueError, match=r"column 'x' .* cannot hold -5"):
        recorded(x=np.array([3, -5]))
    with pytest.raises(ValueError, match=r"rows\(chunk\) of a recorder returns 'X', which is not one of its columns.*'x'"):
        recorded(x=[1], X=[2])
    with pytest.raises(ValueError, match=r"a recorder has a column 'x', but rows\(chunk\) returns none"):
        recorded(y=[2])
    assert recorded(x=[3.0, 4.0]) == [3, 4]
    assert recorded("<f4", x=[0.1, np.nan]) == pytest.approx([0.1, np.nan], nan_ok=True)


def test_a_population_that_is_not_there():
    net = bs.Network(seed=1)
    net.add(bs.Population(3, bs.LIF(), name="cells"))
    with pytest.raises(bs.MissingName, match="no population named 'cels'; did you mean 'cells'"):
        bs.simulate(net, 1.0, record=CellsAbove("cels", -55.0))
    with pytest.raises(bs.MissingName, match="no population 'cels' in this network; did you mean 'cells'"):
        Layout(net, 0.1, 1).members["cels"]


def test_it_passes_the_checks():
    check_recorder(lambda: (network(), CellsAbove("cells", -55.0)))
