"""What is recorded to the disk: the same Result in every format, after a crash a prefix of it, and no mistake loses it."""

import copy
import os
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from brainsim.commands import cli
from brainsim.features.streams import folder as folder_module
from tests.helpers.runs.streamed import NEEDS, STEPS, network, run, same, simulation


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    """Write to a new folder, in many short chunks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("brainsim.engine.loop.progress.Pace.steps", lambda self, left: min(left, STEPS))
    return tmp_path


def formats():
    return [pytest.param(suffix, id=suffix.strip("./") or "folder") for suffix in (".npz", ".h5", ".parquet", ".nwb", "/")]


class TestSameResult:
    @pytest.mark.parametrize("suffix", formats())
    def test_in_every_format(self, suffix):
        if suffix in NEEDS:
            pytest.importorskip(NEEDS[suffix])
        whole = run(network(plastic=True))
        same(run(network(plastic=True), to=f"run{suffix}"), whole)
        assert whole.weights["ab"].times.tolist() == [10.0 * k for k in range(11)]
        assert np.ptp(whole.weights["ab"].values, axis=0).max() > 0
        assert os.listdir() == ["run" if suffix == "/" else f"run{suffix}"]
        loaded = bs.Result.load(f"run{suffix}")
        if suffix == ".nwb":  # counts in seconds, so that times off the grid of dt are rounded
            assert loaded.spikes["a"].ids.tolist() == whole.spikes["a"].ids.tolist()
            np.testing.assert_allclose(loaded.spikes["a"].times, whole.spikes["a"].times, rtol=1e-12)
        else:
            same(loaded, whole)

    def test_pieces_and_reset(self):
        sim, other = simulation(to="run.npz"), simulation()
        pieces = [sim.run(30.0), sim.run(0.1), sim.run(69.9, every=7.0, callback=lambda sim: sim.result())]
        for piece, of_other in zip(pieces, [other.run(30.0), other.run(0.1), other.run(69.9)], strict=True):
            same(piece, of_other, silent=piece.duration < 1.0)
        same(sim.result(), other.result())
        first = pieces[0].traces["a", "v"].values.copy()
        sim.reset()
        assert sim.result().duration == 0.0
        sim.run(50.0)
        assert np.array_equal(pieces[0].traces["a", "v"].values, first)  # results of before stay as they are
        same(sim.close(), run(duration=50.0))
        same(bs.Result.load("run.npz"), run(duration=50.0))

    def test_a_piece_without_a_sample_of_weights(self):
        sim = simulation(network(plastic=True), to="run.npz")
        assert [sim.run(5.0).weights["ab"].values.shape for _ in range(3)] == [(1, 4), (1, 4), (0, 4)]
        sim.close()

    def test_spikes_of_some_cells(self):
        net = network()
        kept = [net.populations["a"][5:9], bs.SpikeRecord(net.populations["b"], start=50.0, stop=80.0)]
        whole = bs.simulate(net, 100.0, seed=2, spikes=kept)
        streamed = bs.simulate(net, 100.0, seed=2, spikes=kept, to="run/")
        same(streamed, whole)
        assert os.path.getsize("run/spikes.step.u4") == 4 * sum(map(len, whole.spikes.values()))
        assert bs.simulate(net, 10.0, seed=2, spikes=False, to="none/").spikes == {}

    def test_a_copy_records_in_memory(self):
        sim = simulation(to="run.npz")
        sim.run(40.0)
        other = copy.deepcopy(sim)
        sim.run(60.0)
        other.run(60.0)
        assert other.result().start == 40.0
        assert other.result().spikes["a"] == sim.result().spikes["a"].between(40.0)
        assert other.close().duration == 60.0  # nothing to close
        same(sim.close(), run())

    def test_a_simulation_that_never_ran(self):
        with simulation(to="run.npz") as sim:
            assert sim.result().duration == 0.0
        assert bs.Result.load("run.npz").populations == {"a": 40, "b": 30}

    def test_recorders_from_outside(self):
        from tests.extensions.test_recorder import CellsAbove

        net = network()
        result = bs.simulate(net, 100.0, seed=2, record=[CellsAbove("a", -60.0)], to="run.npz")
        assert result.stats["above"] == bs.simulate(net, 100.0, seed=2, record=[CellsAbove("a", -60.0)]).stats["above"]
        assert bs.Result.load("run.npz").stats["above"] == result.stats["above"]

    def test_memory_of_traces_is_not_needed(self, monkeypatch):
        monkeypatch.setattr("brainsim.features.estimates.memory.free_memory", lambda: 10_000_000_000)
        net = network()
        everything = [bs.Trace(net.populations["a"], "v")]
        with pytest.raises(MemoryError, match="Trace: a.v of 40 cells"):
            bs.Simulation(net, record=everything).run(1e7)
        sim = bs.Simulation(net, record=everything, to="run/")
        with pytest.raises(ZeroDivisionError):
            sim.run(1e7, every=10.0, callback=lambda sim: 1 / 0)
        assert sim.result().duration == 10.0


class TestLazy:
    def test_spikes_are_made_when_they_are_looked_at(self, monkeypatch):
        run(to="run/")
        monkeypatch.setattr(folder_module.Columns, "spikes", lambda *_: pytest.fail("read too early"))
        result = bs.Result.load("run")
        assert list(result.spikes) == ["a", "b"]
        assert result.populations == {"a": 40, "b": 30}

    def test_samples_are_mapped(self):
        run(to="run/")
        base = values = bs.Result.load("run").traces["a", "v"].values
        while getattr(base, "base", None) is not None and not isinstance(base, np.memmap):
            base = base.base
        assert isinstance(base, np.memmap) or type(base).__name__ == "mmap"
        assert not values.flags.writeable

    def test_many_populations_are_sorted_in_parts(self, monkeypatch):
        whole = run()
        for group in (1, 16 * len(whole.spikes["a"]), 1 << 28):
            monkeypatch.setattr(folder_module, "GROUP", group)
            monkeypatch.setattr("brainsim.results.streams.columns.BLOCK", 37)
            run(to="run.npz", overwrite=True)
            same(bs.Result.load("run.npz"), whole)


class TestConvert:
    def test_between_formats(self, capsys):
        pytest.importorskip("h5py")
        whole = run(to="a.npz")
        assert cli.main(["convert", "a.npz", "b.h5"]) == 0
        assert "saved       b.h5" in capsys.readouterr().out
        assert cli.main(["convert", "b.h5", "c.npz"]) == 0
        same(bs.Result.load("c.npz"), whole)

    def test_mistakes(self, capsys):
        assert cli.main(["convert", "a.npz", "b.npz"]) == 2
        assert "convert: there is no 'a.npz'" in capsys.readouterr().err
        assert cli.main(["convert", "a.npz", "b.txt"]) == 2
        assert "convert: must end in .h5" in capsys.readouterr().err
        saved = bs.Result(spikes={}, duration=10.0, dt=0.1, seed=1).save("a.npz")
        Path("b.npz").write_text("mine")
        assert cli.main(["convert", "a.npz", "b.npz"]) == 2
        assert "convert: 'b.npz' exists; --overwrite replaces it" in capsys.readouterr().err
        assert cli.main(["convert", "a.npz", "b.npz", "--overwrite"]) == 0
        assert bs.Result.load("b.npz").duration == bs.Result.load(saved).duration


def test_a_spike_takes_eight_bytes_of_the_disk():
    """Its step and its cell; the header and a line for each of ten commits are the rest."""
    cells = bs.Population(2000, bs.Poisson(rate=500.0), name="cells")
    net = bs.Network(seed=1)
    net.add(cells)
    sim = bs.Simulation(net, seed=2, to="run/")
    count = len(sim.run(100.0).spikes["cells"])
    files = [file for file in Path("run.part").iterdir() if file.is_file()]
    assert count > 90_000
    assert 8.0 * count < sum(file.stat().st_size for file in files) <= 8.1 * count
    assert bs.Result.load("run.part").spikes == sim.close().spikes


class TestReaders:
    def test_libsonata(self):
        libsonata = pytest.importorskip("libsonata")
        whole = run(to="run.h5")
        for name in ("a", "b"):
            found = libsonata.SpikeReader("run.h5")[name].get_dict()
            assert np.array_equal(found["timestamps"], whole.spikes[name].times)
            assert np.array_equal(found["node_ids"], whole.spikes[name].ids)
        report = libsonata.ElementReportReader("run.h5")["a"]
        frames = report.get()
        v = whole.traces["a", "v"]
        np.testing.assert_allclose(frames.times, v.times, rtol=1e-9)
        np.testing.assert_allclose(frames.data, v.values, rtol=1e-6)
        assert report.data_units == "mV"
        assert list(report.get_node_ids()) == [0, 1, 2]

    def test_bmtk(self):
        bmtk = pytest.importorskip("bmtk.utils.reports.spike_trains")
        whole = run(to="run.h5")
        trains = bmtk.SpikeTrains.from_sonata("run.h5", population="a")
        assert np.array_equal(np.sort(trains.get_times(3)), whole.spikes["a"].of(3).times)

    def test_tables(self):
        pandas = pytest.importorskip("pandas")
        pytest.importorskip("pyarrow")
        whole = run(to="run.parquet")
        table = pandas.read_parquet("run.parquet/spikes.parquet")
        assert (table.population == "b").sum() == len(whole.spikes["b"])
        v = pandas.read_parquet("run.parquet/a.v.parquet")
        assert np.array_equal(v["2"], whole.traces["a", "v"].values[:, 2])
