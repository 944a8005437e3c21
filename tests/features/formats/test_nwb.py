"""Results in NWB: they come back equal, and others read them."""

import numpy as np
import pytest

from brainsim.results.result import Result, Spikes, Traces
from tests.results.test_handover import random_spikes


@pytest.fixture
def full(spikes, traces, weights):
    pytest.importorskip("pynwb")
    more = random_spikes(start=0.0, name="L2/3 E")
    irregular = Traces("L2/3 E", "v", "", np.array([1, 3, 1000]) / 10, [0], [[1.0], [np.nan], [3.0]])
    return Result(
        spikes={"cells": spikes, "L2/3 E": more},
        duration=500.0,
        dt=0.1,
        seed=2**70,
        traces={("cells", "v"): traces, ("L2/3 E", "v"): irregular},
        weights={("w", "w"): weights},
        populations={"cells": 3, "L2/3 E": 20, "silent": 7},
        stats={"run": 0.125},
        views={"cells": [("exc", 0, 2)]},
        thresholds={"cells": 20.0},
        resets={"cells": ["v"]},
    )


def test_comes_back_equal(full, tmp_path):
    path = full.save(tmp_path / "run.nwb")
    again = Result.load(path)
    assert dict(again.spikes) == dict(full.spikes)
    assert dict(again.traces) == dict(full.traces)
    assert dict(again.weights) == dict(full.weights)
    for key in ("duration", "dt", "seed", "start", "populations", "stats", "views", "thresholds", "resets"):
        assert getattr(again, key) == getattr(full, key), key
    assert [file.name for file in tmp_path.iterdir()] == ["run.nwb"]


def test_passes_validation(full, tmp_path):
    import pynwb

    path = str(full.save(tmp_path / "run.nwb"))
    done = pynwb.validate(path=path)
    errors = done[0] if isinstance(done, tuple) else done
    assert list(errors) == []


def test_others_read_the_same_times(full, tmp_path):
    nap = pytest.importorskip("pynapple")
    units = nap.load_file(str(full.save(tmp_path / "run.nwb")))["units"]
    trains = [train for spikes in full.spikes.values() for train in spikes.per_cell()]
    assert len(units) == len(trains)
    for unit, train in zip(units.index, trains, strict=True):
        np.testing.assert_allclose(units[unit].times(units="ms"), train, rtol=1e-9)


def test_without_cells_and_without_spikes(tmp_path):
    pytest.importorskip("pynwb")
    empty = Result(spikes={"none": Spikes([], [], 0, 10.0)}, duration=10.0, dt=0.1, seed=1)
    assert dict(Result.load(empty.save(tmp_path / "a.nwb")).spikes) == dict(empty.spikes)
    silent = Result(spikes={"none": Spikes([], [], 2, 10.0)}, duration=10.0, dt=0.1, seed=1)
    assert dict(Result.load(silent.save(tmp_path / "b.nwb")).spikes) == dict(silent.spikes)


def test_fields_of_the_user(full, tmp_path):
    import pynwb

    file = full.to_nwb(session_description="mine", notes="of the user")
    with pynwb.NWBHDF5IO(str(tmp_path / "mine.nwb"), "w") as io:
        io.write(file)
    assert dict(Result.load(tmp_path / "mine.nwb").spikes) == dict(full.spikes)


def test_mistakes(full, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        Result.load(tmp_path / "none.nwb")
    (tmp_path / "text.nwb").write_text("no")
    with pytest.raises(ValueError, match="is not a readable NWB file of brainsim"):
        Result.load(tmp_path / "text.nwb")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        full.save(tmp_path / "no folder" / "run.nwb")
    with pytest.raises(ValueError, match="compress: must be False"):
        full.save(tmp_path / "run.nwb", compress=True)
    import pynwb

    with pynwb.NWBHDF5IO(str(tmp_path / "other.nwb"), "w") as io:
        io.write(pynwb.NWBFile("x", "y", full.to_nwb().session_start_time))
    with pytest.raises(ValueError, match=r"no notes of brainsim; read it with pynwb, and give spike times to bs.Spikes"):
        Result.load(tmp_path / "other.nwb")
