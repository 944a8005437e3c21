"""A format of results from outside: a line for each spike."""

import pytest

import brainsim as bs
from brainsim.results import formats
from brainsim.testing import check_format


class Lines(formats.Format):
    suffixes, lacks = (".csv",), ("traces", "weights")

    def write(self, recording, path, label, compress=False):
        rows = [(name, spikes.ids, spikes.times.tolist()) for name, spikes in recording.result().spikes.items()]
        lines = [f"{name},{cell},{time!r}" for name, *both in rows for cell, time in zip(*both, strict=True)]
        path.write_text("\n".join(["population,cell,time [ms]", *lines]), encoding="utf-8")


def test_a_format_says_before_the_run_what_it_lacks(tmp_path, monkeypatch):
    monkeypatch.setitem(formats.FORMATS, ".csv", None)  # forgotten at the end
    formats.register_format(Lines)
    cells = bs.Population(3, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(400.0))
    with pytest.warns(
        UserWarning, match=r"Simulation.to: .csv has no place for traces, which .* formats are .csv, .h5, .*"
    ) as seen:
        sim = bs.Simulation(net, seed=1, record=bs.Trace(cells, "v"), to=tmp_path / "run.csv")
    assert len(seen) == 1
    result = sim.run(50.0)
    sim.close()
    assert len((tmp_path / "run.csv").read_text().splitlines()) == 1 + len(result.spikes["cells"]) > 4
    with pytest.raises(ValueError, match=r"Result.save: must end in .csv, .h5, .npz, .nwb or .parquet \(got"):
        result.save(tmp_path / "run.txt")


def test_a_format_that_only_writes_or_only_reads_says_so(tmp_path, monkeypatch):
    class Taken(formats.Format):
        suffixes = (".taken",)

        def read(self, path):
            return bs.Result({}, {}, {}, None, {})

    for of in (Lines, Taken):
        monkeypatch.setitem(formats.FORMATS, of.suffixes[0], None)
        formats.register_format(of)
    (tmp_path / "a.csv").write_text("")
    with pytest.raises(
        NotImplementedError, match=r"Result.load: files that end in .csv can be written, but not read: .*Lines"
    ):
        bs.Result.load(tmp_path / "a.csv")
    net = bs.Network(seed=1)
    net.add(bs.Population(3, bs.LIF(), name="cells"))
    with pytest.raises(NotImplementedError, match=r"Simulation.to: files that end in .taken can be read, but not written"):
        bs.Simulation(net, to=tmp_path / "run.taken")
    with pytest.raises(NotImplementedError, match=r"Result.save: files that end in .taken can be read, but not written"):
        bs.simulate(net, 1.0).save(tmp_path / "run.taken")


def test_it_passes_the_checks():
    check_format(Lines)
