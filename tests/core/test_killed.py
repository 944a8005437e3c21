"""A process that is killed at any step while it writes a result or compiled code: nothing is lost, and nothing is torn."""

import os

import pytest

import brainsim as bs
from brainsim.jit import cache
from brainsim.results.formats import MODULES
from tests.helpers.killing import killed_at_each_step, needs_fork


@needs_fork
@pytest.mark.parametrize("suffix", [".npz", *({".h5"} & MODULES.keys())])
def test_a_result_that_is_saved_over_another(tmp_path, suffix):
    path, net = tmp_path / f"run{suffix}", bs.Network(seed=1)
    cells = bs.Population(20, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net.stimulate(cells, bs.CurrentInput(500.0))
    old, new = (bs.simulate(net, duration, seed=1, threads=1) for duration in (20.0, 30.0))
    old.save(path)
    seen = []
    for _ in killed_at_each_step(tmp_path, lambda: new.save(path)):
        found = bs.Result.load(path)
        seen.append(found.duration)
        assert found.spikes["cells"] == (old if found.duration == 20.0 else new).spikes["cells"]
        old.save(path)
        assert os.listdir(tmp_path) == [path.name]
    assert len(seen) > 4
    assert seen == sorted(seen)
    assert set(seen) == {20.0, 30.0}


@needs_fork
def test_compiled_code(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path / "cache" / "functions")
    name, code = "of_a_test-0", bytes(range(256)) * 1000
    seen = []
    for _ in killed_at_each_step(tmp_path, lambda: cache.write(name, {"a": 1}, code)):
        seen.append(cache.read(name))
    assert len(seen) > 2
    assert all(found in (None, ({"a": 1}, code)) for found in seen)
    assert cache.read(name) == ({"a": 1}, code)
