"""Results as objects of other libraries: what arrives there is what was recorded, and brainsim does not need them."""

import subprocess
import sys

import numpy as np
import pytest

import brainsim as bs
from brainsim.core.arrays import interval_of
from brainsim.core.doors import optional
from brainsim.results.result import Spikes, Traces

OTHERS = ["neo", "elephant", "pynapple", "pandas", "xarray", "pynwb", "h5py", "hdmf", "quantities", "joblib"]


def random_spikes(n=20, count=500, start=0.0, name="cells"):
    rng = np.random.default_rng(3)
    return Spikes(start + rng.integers(1, 5001, count) / 10, rng.integers(0, n - 1, count), n, 500.0, start, name)


def test_per_cell_is_a_list_of_arrays(spikes):
    assert [train.tolist() for train in spikes.per_cell()] == [[10.0, 20.0, 40.0], [5.0, 15.0], []]


def test_an_index_is_answered(spikes):
    with pytest.raises(TypeError, match=r"spikes.per_cell\(\)\[2\] are the times of a cell"):
        spikes[2]
    with pytest.raises(TypeError, match="per_cell"):
        list(spikes)


def test_importing_and_describing_loads_no_optional_package():
    code = "import sys, brainsim as bs\nbs.Result, bs.Spikes\nprint([m for m in sys.argv[1:] if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, *OTHERS], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("call", "package"),
    [
        (lambda s, t, w, r, p: s.to_frame(), "pandas"),
        (lambda s, t, w, r, p: s.to_neo(), "neo"),
        (lambda s, t, w, r, p: s.to_pynapple(), "pynapple"),
        (lambda s, t, w, r, p: t.to_frame(), "pandas"),
        (lambda s, t, w, r, p: t.to_xarray(), "xarray"),
        (lambda s, t, w, r, p: t.to_neo(), "neo"),
        (lambda s, t, w, r, p: t.to_pynapple(), "pynapple"),
        (lambda s, t, w, r, p: w.to_frame(), "pandas"),
        (lambda s, t, w, r, p: w.to_xarray(), "xarray"),
        (lambda s, t, w, r, p: r.to_neo(), "neo"),
        (lambda s, t, w, r, p: r.to_nwb(), "pynwb"),
        (lambda s, t, w, r, p: r.save(p / "run.nwb"), "pynwb"),
        (lambda s, t, w, r, p: bs.Result.load(p / "run.nwb"), "pynwb"),
    ],
)
def test_without_the_package_the_error_says_what_to_type(
    call, package, monkeypatch, spikes, traces, weights, result, tmp_path
):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"needs {package}; pip install {package}$"):
        call(spikes, traces, weights, result, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_lacks_another_is_told_apart(tmp_path, monkeypatch):
    (tmp_path / "brainsim_test_broken.py").write_text("import brainsim_test_missing\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=r"Here: needs brainsim_test_broken \(it lacks brainsim_test_missing\)"):
        optional("brainsim_test_broken", "Here")


def test_regular_times():
    assert interval_of(0.1 * np.arange(1, 100_000)) == pytest.approx(0.1)
    assert interval_of(np.array([1.0])) is None
    assert interval_of(np.array([1.0, 2.0, 4.0])) is None
    assert interval_of(np.array([1.0, 1.0])) is None


class TestFrames:
    def test_spikes(self, spikes):
        pytest.importorskip("pandas")
        frame = spikes.to_frame()
        assert frame.time.tolist() == spikes.times.tolist()
        assert frame.cell.tolist() == spikes.ids.tolist()
        assert frame.attrs == {"n": 3, "duration": 100.0, "start": 0.0, "name": "cells"}
        assert Spikes(frame.time, frame.cell, **frame.attrs) == spikes

    def test_traces(self, traces):
        pytest.importorskip("pandas")
        frame = traces.to_frame()
        assert frame[9].tolist() == [5.0, 6.0, 7.0]
        assert frame.index.tolist() == traces.times.tolist()
        assert frame.loc[0.2, 4] == 1.0

    def test_weights(self, weights):
        pytest.importorskip("pandas")
        frame = weights.to_frame()
        assert frame.xs(1, axis=1, level="pre").to_numpy().ravel().tolist() == [1.0, 2.0]

    def test_arrays_with_labels(self, traces, weights):
        pytest.importorskip("xarray")
        array = traces.to_xarray()
        assert (array.dims, array.attrs["units"], array.time.attrs["units"]) == (("time", "cell"), "mV", "ms")
        assert array.sel(cell=9)[2] == 7.0
        assert weights.to_xarray().sel(synapse=7).post == 2


class TestNeo:
    def test_spike_trains(self):
        pytest.importorskip("neo")
        spikes = random_spikes(start=200.0)
        trains = spikes.to_neo()
        assert len(trains) == 20
        for own, train in zip(spikes.per_cell(), trains, strict=True):
            assert train.rescale("ms").magnitude.tolist() == own.tolist()
            assert (float(train.t_start), float(train.t_stop)) == (200.0, 700.0)
        assert trains[3].annotations == {"population": "cells", "cell": 3}

    def test_a_spike_that_rounding_put_outside(self):
        pytest.importorskip("neo")
        stop = 0.1 * 3
        (train,) = Spikes([stop + 1e-12], [0], 1, stop).to_neo()
        assert train.size == 1

    def test_signals(self, traces):
        neo = pytest.importorskip("neo")
        signal = traces.to_neo()
        assert isinstance(signal, neo.AnalogSignal)
        assert signal.shape == (3, 2)
        np.testing.assert_allclose(signal.times.rescale("ms").magnitude, traces.times)
        irregular = Traces("c", "x", "furlong", [1.0, 2.0, 4.0], [0], [[1.0], [2.0], [3.0]]).to_neo()
        assert isinstance(irregular, neo.IrregularlySampledSignal)
        assert irregular.annotations["unit"] == "furlong"

    def test_block(self, result):
        pytest.importorskip("neo")
        (segment,) = result.to_neo().segments
        assert len(segment.spiketrains) == 3
        assert len(segment.analogsignals) == 1


class TestPynapple:
    def test_group_and_frame(self, traces):
        pytest.importorskip("pynapple")
        spikes = random_spikes()
        group = spikes.to_pynapple()
        assert len(group) == 20
        for cell, train in enumerate(spikes.per_cell()):
            np.testing.assert_allclose(group[cell].times(units="ms"), train, rtol=1e-9)
        np.testing.assert_allclose(np.asarray(group.rates), spikes.rates())
        np.testing.assert_allclose(traces.to_pynapple().values, traces.values)


def test_the_table_of_the_guide(result, tmp_path, monkeypatch):
    """Each line runs on a result that has spikes and traces of 'cells'."""
    import re
    from pathlib import Path

    page = Path(__file__).parents[2] / "docs" / "guide" / "handover.md"
    if not page.exists():
        pytest.skip("an installed package has no guide")
    for package in ("neo", "pynapple", "pandas", "xarray", "pynwb", "h5py", "nir"):
        pytest.importorskip(package)
    from tests.sonata.test_running import write

    monkeypatch.chdir(tmp_path)
    write(tmp_path)  # config.json, and the files that it names
    cells, net = bs.Population(2, bs.IF(t_ref=0.0), name="cells"), bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(1.0))
    text = page.read_text(encoding="utf-8")
    lines = [code for row in re.findall(r"^\| (`.*?) \|", text, re.M) for code in re.findall(r"`([^`]+)`", row)]
    assert len(lines) >= 9
    for code in lines:
        assert eval(code, {"result": result, "net": net, "bs": bs}) is not None, code
