"""Every reader gets files that were damaged at random: it returns what was written, or an error that names the file."""

import pytest

from tests.helpers.damage import KINDS, trials

NEEDS = {"parquet": "pyarrow", "nwb": "pynwb", "h5": "h5py", "edges": "h5py", "nodes": "h5py", "spikes of SONATA": "h5py"}
NEEDS |= {"nir": "nir", "contents of nir": "nir"}
FINE = {"same", "part", "refused"}


@pytest.mark.parametrize(("name", "number"), [(name, {"nwb": 2, "npz": 100}.get(name, 12)) for name in KINDS])
def test_damaged_files_are_refused_or_read_as_they_were(name, number):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    found = trials(name, number)
    assert set(found) <= FINE, found


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "number"), [(name, {"nwb": 60}.get(name, 100 if "nir" in name else 400)) for name in KINDS]
)
def test_many_damaged_files(name, number):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    found = trials(name, number, seed=2)
    assert set(found) <= FINE, found
