"""Spike trains from files of HDF5: those of SONATA, and saved results."""

import sys

import numpy as np
import pytest

import brainsim as bs
from tests.models.test_listed_trains import IDS, TIMES, same, saved, written


def sonata(path, populations=("cells",), ids="node_ids", scale=1.0, **attributes):
    """Write spikes in the layout of SONATA, in no order."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as h5:
        for name in populations:
            times = h5.create_dataset(f"spikes/{name}/timestamps", data=np.array(TIMES[::-1]) * scale)
            times.attrs.update(attributes)
            h5[f"spikes/{name}/{ids}"] = np.array(IDS[::-1], "<u8")
    return path


def test_files_of_sonata(tmp_path):
    same(bs.SpikeTrains(sonata(tmp_path / "a.h5")))
    same(bs.SpikeTrains(str(sonata(tmp_path / "b.hdf5", units="ms"))))
    same(bs.SpikeTrains(sonata(tmp_path / "c.h5", scale=1e-3, units="s")))
    same(bs.SpikeTrains(sonata(tmp_path / "d.h5", populations=[""], ids="gids")))  # version 0 has no populations


def test_mistakes_in_files_of_sonata(tmp_path):
    with pytest.raises(
        ValueError, match=r"has the spikes of 'a', 'b'; choose one: with h5py.File\(.*file\['spikes'\]\['a'\]"
    ):
        bs.SpikeTrains(sonata(tmp_path / "a.h5", populations=("a", "b")))
    with pytest.raises(ValueError, match=r"has no group /spikes/<population>"):
        bs.SpikeTrains(sonata(tmp_path / "b.h5", populations=()))
    with pytest.raises(ValueError, match=r"times in 'min'; must be in ms or"):
        bs.SpikeTrains(sonata(tmp_path / "c.h5", units="min"))
    with pytest.raises(ValueError, match=r"is not a readable file of spikes in the layout of SONATA"):
        bs.SpikeTrains(sonata(tmp_path / "d.h5", ids="cells"))
    with pytest.raises(ValueError, match=r"is not a readable file of spikes in the layout of SONATA"):
        written("1.0 2", "e.h5")(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        bs.SpikeTrains(tmp_path / "none.h5")


def test_the_package_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"SpikeTrains.times: needs h5py; pip install h5py"):
        written("", "a.h5")(tmp_path)


def test_a_saved_result_in_hdf5(tmp_path):
    pytest.importorskip("h5py")
    same(bs.SpikeTrains(saved(tmp_path / "a.h5")))
    with pytest.raises(ValueError, match=r"Result.load\(.*\).spikes\['a'\]\); or 'b'"):
        bs.SpikeTrains(saved(tmp_path / "b.h5", ("a", "b")))
