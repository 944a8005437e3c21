"""Spikes and reports in SONATA files that others wrote: by BMTK, and by hand as the variants of the format have it."""

import numpy as np
import pytest

import brainsim as bs

h5py = pytest.importorskip("h5py")


pytestmark = pytest.mark.usefixtures("folder")


def random_spikes(seed=1, count=200):
    rng = np.random.default_rng(seed)
    return rng.uniform(0.0, 90.0, count), rng.integers(0, 17, count)


class TestBMTK:
    @pytest.mark.parametrize("compression", ["gzip", None])
    def test_spikes(self, compression):
        trains = pytest.importorskip("bmtk.utils.reports.spike_trains")
        given = trains.SpikeTrains(populations=["v1", "lgn"])
        for k, name in enumerate(("v1", "lgn")):
            times, ids = random_spikes(k)
            given.add_spikes(node_ids=ids, timestamps=times, population=name)
        given.to_sonata("spikes.h5", compression=compression)
        found = bs.sonata.read_spikes("spikes.h5", n={"v1": 20, "lgn": 17}, duration=100.0)
        assert found["v1"] == bs.Spikes(*random_spikes(0), n=20, duration=100.0, name="v1")
        assert found["lgn"] == bs.Spikes(*random_spikes(1), n=17, duration=100.0, name="lgn")
        plain = bs.sonata.read_spikes("spikes.h5")
        assert plain["v1"].n == random_spikes(0)[1].max() + 1
        assert plain["v1"].duration == random_spikes(0)[0].max()
        with pytest.raises(ValueError, match="no group /brainsim.*; bs.sonata.read_spikes read files of other"):
            bs.Result.load("spikes.h5")

    def test_reports(self):
        compartments = pytest.importorskip("bmtk.utils.reports").CompartmentReport
        options = {"variable": "v", "units": "mV", "tstart": 0.0, "tstop": 5.0, "dt": 0.5, "n_steps": 10}
        report = compartments("v.h5", mode="w", default_population="v1", buffer_size=0, **options)
        values = np.random.default_rng(2).normal(-60.0, 5.0, (10, 6))
        for node, elements in ((4, [0]), (2, [0, 1, 2]), (9, [0, 5])):
            report.add_cell(node_id=node, element_ids=elements, element_pos=[0.5] * len(elements), population="v1")
        columns = {4: [0], 2: [1, 2, 3], 9: [4, 5]}
        for step in range(10):
            for node, of in columns.items():
                report.record_cell(node, values[step, of], step, population="v1")
        report.flush()
        report.close()
        with pytest.raises(ValueError, match="cells of 'v1' have up to 3 elements in 'v.h5'; element=0 reads the first"):
            bs.sonata.read_reports("v.h5")
        found = bs.sonata.read_reports("v.h5", element=0)["v1"]
        assert (found.variable, found.unit) == ("v", "mV")
        np.testing.assert_allclose(found.times, np.arange(10) * 0.5, rtol=1e-12)
        np.testing.assert_array_equal(found.of([2, 4, 9]).values, values[:, [1, 0, 4]])
        second = bs.sonata.read_reports("v.h5", element=1)["v1"]
        assert sorted(second.ids) == [2, 9]
        np.testing.assert_array_equal(second.of([2, 9]).values, values[:, [2, 5]])


class TestVariants:
    """Of the format: libsonata reads the first three as well, which shows that they are of it."""

    @pytest.mark.parametrize(
        ("units", "scale", "sorting"), [("ms", 1.0, "none"), ("milliseconds", 1.0, "by_id"), ("s", 1e-3, "by_time")]
    )
    def test_units_and_orders(self, units, scale, sorting):
        times, ids = random_spikes()
        order = {"none": np.arange(200), "by_id": np.argsort(ids), "by_time": np.argsort(times)}[sorting]
        kind = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype="u1")
        with h5py.File("spikes.h5", "w") as file:
            group = file.create_group("spikes/cells")
            group.attrs.create("sorting", ["none", "by_id", "by_time"].index(sorting), dtype=kind)
            group["timestamps"], group["node_ids"] = scale * times[order], ids[order].astype("u8")
            group["timestamps"].attrs["units"] = units
        found = bs.sonata.read_spikes("spikes.h5", n=17, duration=90.0)["cells"]
        np.testing.assert_allclose(found.times, np.sort(times), rtol=1e-14)
        assert np.array_equal(found.counts(), np.bincount(ids, minlength=17))
        if units != "s":
            libsonata = pytest.importorskip("libsonata")
            read = libsonata.SpikeReader("spikes.h5")["cells"].get_dict()
            np.testing.assert_array_equal(np.sort(read["timestamps"]), found.times)

    def test_an_older_file_without_populations(self):
        times, ids = random_spikes()
        with h5py.File("spikes.h5", "w") as file:
            file["spikes/timestamps"], file["spikes/gids"] = times, ids
        (found,) = bs.sonata.read_spikes("spikes.h5", 17, 90.0).values()
        assert found == bs.Spikes(times, ids, 17, 90.0, name="spikes")

    def test_what_brainsim_wrote(self):
        cells = bs.Population(5, bs.LIF(), name="cells")
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.CurrentInput([100.0, 300.0, 400.0, 500.0, 600.0]))
        result = bs.simulate(net, 50.0, seed=2, record=bs.Trace(cells[1:3], "v", every=0.5), to="run.h5")
        assert bs.sonata.read_spikes("run.h5", n=5, duration=50.0) == dict(result.spikes)
        report, trace = bs.sonata.read_reports("run.h5")["cells"], result.traces["cells", "v"]
        assert (report.variable, report.unit, report.ids.tolist()) == ("v", "mV", [1, 2])
        np.testing.assert_allclose(report.times, trace.times, rtol=1e-12)
        np.testing.assert_array_equal(report.values, trace.values.astype(np.float32))
        with h5py.File("run.h5") as file:  # the end is one interval after the last sample, as in files of libsonata
            np.testing.assert_allclose(file["report/cells/mapping/time"], [0.0, 50.5, 0.5], rtol=1e-12)

    def test_a_report_of_one_sample_ends_a_step_later(self):
        trace = bs.Traces("cells", "v", "mV", [7.0], [3], [[-60.0]])
        bs.Result(spikes={}, traces={("cells", "v"): trace}, duration=10.0, dt=0.25, seed=1).save("run.h5")
        with h5py.File("run.h5") as file:
            np.testing.assert_allclose(file["report/cells/mapping/time"], [7.0, 7.25, 0.25], rtol=1e-12)
        assert bs.sonata.read_reports("run.h5")["cells"].times.tolist() == [7.0]

    def test_without_any_spike(self):
        with h5py.File("spikes.h5", "w") as file:
            file["spikes/cells/timestamps"], file["spikes/cells/node_ids"] = np.empty(0), np.empty(0, "u8")
        assert len(bs.sonata.read_spikes("spikes.h5", n=3, duration=10.0)["cells"]) == 0
        assert bs.sonata.read_spikes("spikes.h5")["cells"].n == 0

    def test_a_recording_that_began_later_ends_with_its_last_spike(self):
        with h5py.File("spikes.h5", "w") as file:
            file["spikes/cells/timestamps"], file["spikes/cells/node_ids"] = [12.0, 30.0], np.array([0, 1], "u8")
        found = bs.sonata.read_spikes("spikes.h5", start=10.0)["cells"]
        assert (found.start, found.duration) == (10.0, 20.0)

    def test_cells_with_different_numbers_of_elements(self):
        with h5py.File("report.h5", "w") as file:
            file["report/cells/data"] = np.arange(8.0).reshape(2, 4)
            mapping = file.create_group("report/cells/mapping")
            mapping["node_ids"], mapping["index_pointers"] = np.array([4, 2, 9], "u8"), np.array([0, 2, 2, 4], "u8")
            mapping["time"] = [0.0, 1.0, 0.5]
        for element, values in ((0, [[0.0, 2.0], [4.0, 6.0]]), (1, [[1.0, 3.0], [5.0, 7.0]])):
            found = bs.sonata.read_reports("report.h5", element=element)["cells"]
            assert found.ids.tolist() == [4, 9]
            assert found.values.tolist() == values


def test_mistakes():
    with h5py.File("spikes.h5", "w") as file:
        file["spikes/cells/timestamps"], file["spikes/cells/node_ids"] = [1.0, 20.0], np.array([0, 4], "u8")
        file["spikes/hours/timestamps"], file["spikes/hours/node_ids"] = [1.0], np.array([0], "u8")
    with h5py.File("other.h5", "w") as file:
        file["volume"] = np.zeros(3)
    with h5py.File("half.h5", "w") as file:
        file["spikes/cells/timestamps"] = [1.0]
        file["report/cells/data"] = np.zeros((3, 2))
    with open("text.h5", "w") as file:
        file.write("no HDF5")
    read, report = bs.sonata.read_spikes, bs.sonata.read_reports
    for function, arguments, error, message in [
        (read, ["none.h5"], FileNotFoundError, "sonata.read_spikes: there is no file 'none.h5'"),
        (read, ["text.h5"], ValueError, "'text.h5' is not a readable file of SONATA"),
        (read, ["half.h5"], ValueError, "'half.h5' is not a readable file of SONATA"),
        (report, ["half.h5"], ValueError, "'half.h5' is not a readable file of SONATA"),
        (read, ["other.h5"], ValueError, r"no group 'spikes', as SONATA has it \(it has 'volume'\)"),
        (report, ["spikes.h5"], ValueError, r"no group 'report', as SONATA has it \(it has 'spikes'\)"),
        (read, ["spikes.h5", 4], ValueError, r"Spikes.ids: must be 0 to 3 \(got 4\)"),
        (read, ["spikes.h5", None, 10.0], ValueError, r"Spikes.times: must be 0 to 10 ms \(got 20.0\)"),
        (read, ["spikes.h5", {"cell": 3}], ValueError, "read_spikes.n: there are no spikes of 'cell'; did you mean 'cells'"),
        (read, ["spikes.h5", -1], ValueError, "sonata.read_spikes.n: must be"),
        (report, ["half.h5", -1], ValueError, "sonata.read_reports.element: must be"),
    ]:
        with pytest.raises(error, match=message):
            function(*arguments)
    with h5py.File("spikes.h5", "r+") as file:
        file["spikes/hours/timestamps"].attrs["units"] = "h"
    with pytest.raises(ValueError, match="'spikes.h5' is not a readable .* has times in 'h'; must be in ms or"):
        read("spikes.h5")
