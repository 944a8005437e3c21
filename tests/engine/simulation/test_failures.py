"""What goes wrong half-way loses nothing that was recorded, and a name that two populations would have is refused."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.loop.progress import Pace
from brainsim.engine.recorders.log import Log


def network(n=200, cells=None):
    cells = cells or bs.Population(n, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -55.0)})
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(500.0))
    return net


class TestCommitOrFail:
    """A chunk counts when all of it is stored."""

    @pytest.mark.parametrize("where", ["append", "commit"])
    @pytest.mark.parametrize("failing", [1, 2, 5])
    def test_memory_error_while_storing(self, monkeypatch, where, failing):
        monkeypatch.setattr(Pace, "steps", lambda self, left: min(left, 100))
        net, calls = network(), []
        sim = bs.Simulation(net, seed=1, record=[bs.Trace(net.populations["cells"][:3], "v", every=1.0)])
        original = getattr(Log, where)

        def fails(self, *given):
            calls.append(where)
            if len(calls) == failing:
                raise MemoryError("no room")
            return original(self, *given)

        monkeypatch.setattr(Log, where, fails)
        with pytest.raises(MemoryError):
            sim.run(100.0)
        kept = sim.result()
        assert kept.duration == pytest.approx(10.0 * (failing - 1))
        assert kept.state is None
        with pytest.raises(RuntimeError, match="failed half-way"):
            sim.run(1.0)
        monkeypatch.undo()
        if failing > 1:
            whole = bs.simulate(network(), kept.duration, seed=1)
            assert kept.spikes["cells"] == whole.spikes["cells"]
            assert len(whole.spikes["cells"]) > 0
            assert kept.traces["cells", "v"].times[-1] == kept.duration
        sim.reset()
        assert sim.run(100.0).spikes["cells"] == bs.simulate(network(), 100.0, seed=1).spikes["cells"]

    def test_pieces_before_the_failure_stay(self, monkeypatch):
        sim = bs.Simulation(network(), seed=1)
        first = sim.run(50.0)
        monkeypatch.setattr(Log, "commit", lambda *_: (_ for _ in ()).throw(MemoryError()))
        with pytest.raises(MemoryError):
            sim.run(50.0)
        assert sim.result().spikes["cells"] == first.spikes["cells"]

    def test_synapses_cannot_change_after_a_failure(self, monkeypatch):
        net = network(10)
        cells = net.populations["cells"]
        net.connect(cells, cells, bs.OneToOne(), weight=0.1, delay=1.0, synapse=bs.Delta(), name="wires")
        sim = bs.Simulation(net, seed=1)
        with monkeypatch.context() as broken:
            broken.setattr(Log, "commit", lambda *_: (_ for _ in ()).throw(MemoryError()))
            with pytest.raises(MemoryError):
                sim.run(5.0)
        with pytest.raises(RuntimeError, match=r"Simulation.set: the last run failed half-way; reset\(\) goes back"):
            sim.set("wires", weight=0.2)
        with pytest.raises(RuntimeError, match=r"Simulation.rewire: the last run failed half-way; reset\(\) goes back"):
            sim.rewire("wires", remove=[0])
        sim.reset()
        sim.set("wires", weight=0.2)
        assert sim.synapses("wires").weight == pytest.approx(np.full(10, 0.2), rel=1e-6)


class TestTraces:
    """The memory that traces take."""

    def test_result_shares_the_samples(self):
        net = network(100)
        sim = bs.Simulation(net, seed=1, record=[bs.Trace(net.populations["cells"], "v")])
        piece = sim.run(200.0)
        assert np.shares_memory(piece.traces["cells", "v"].values, sim.result().traces["cells", "v"].values)


class TestNamesInResults:
    """Spikes are kept under names that say whose they are."""

    def test_view_with_the_name_of_another_population(self):
        a, b = (bs.Population(10, bs.LIF(), name=name) for name in "ab")
        net = bs.Network(seed=1)
        net.add(a)
        net.add(b)
        for spikes in ([b, a[:5].named("b")], [a[:5].named("b"), b]):
            with pytest.raises(ValueError, match="simulate.spikes: two views are called 'b'"):
                bs.simulate(net, 1.0, spikes=spikes)
        with pytest.raises(ValueError, match="has the name of the population 'b'"):
            bs.simulate(net, 1.0, spikes=[a[:5].named("b")])

    def test_two_views_of_one_name(self):
        a = bs.Population(10, bs.LIF(), name="a")
        net = bs.Network(seed=1)
        net.add(a)
        with pytest.raises(ValueError, match="two views are called 'x'"):
            bs.simulate(net, 1.0, spikes=[a[:5].named("x"), a[5:].named("x")])
        assert list(bs.simulate(net, 1.0, spikes=[a[:5].named("x"), a[:5].named("x")]).spikes) == ["x"]
