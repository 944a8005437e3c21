"""A process that is killed at any step of a run with a stream, with checkpoints, or with both: nothing is lost or torn."""

import functools
import os
import shutil
from pathlib import Path

import pytest

import brainsim as bs
from brainsim.results.formats import convert
from tests.helpers.killing import CHUNK, killed_at_each_step, needs_fork

DURATION = 2.0 * CHUNK * 0.1  # ms: more than one chunk


def run(duration=DURATION, **options):
    cells = bs.Population(20, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=1)
    net.connect(
        cells, cells, bs.FixedIndegree(3), weight=1.0, delay=1.5, synapse=bs.Delta(), plasticity=bs.STDP(w_max=2.0), name="w"
    )
    net.stimulate(cells, bs.CurrentInput(500.0))
    record = [bs.Trace(cells[:2], "v"), bs.WeightTrace("w", every=2.0)]
    return bs.simulate(net, duration, seed=1, threads=1, record=record, **options)


def same(one, other):
    """Return whether two results have the same spikes, traces and weights."""
    pairs = ((one.spikes, other.spikes), (one.traces, other.traces), (one.weights, other.weights))
    return all(dict(a) == dict(b) for a, b in pairs)


def empty(folder):
    """Remove all that a killed process has left."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@needs_fork
@pytest.mark.thorough
@pytest.mark.parametrize("name", ["run.npz", "run/"])
def test_a_stream(tmp_path, name):
    """Either the file is complete, or its folder holds all that was committed, of which the file can be made."""
    path, part, to = tmp_path / name, Path(f"{tmp_path / name}.part"), f"{tmp_path}/{name}"
    whole, seen = functools.cache(run), []
    for _ in killed_at_each_step(tmp_path, lambda: run(to=to)):
        try:
            found = bs.Result.load(path if path.exists() else part)
        except (ValueError, FileNotFoundError):
            seen.append(-1.0)  # before anything was recorded
        else:
            seen.append(found.duration)
            assert found.duration == 0.0 or same(found, whole(found.duration))
            if not path.exists() and found.duration:
                convert(part, tmp_path / "converted.npz")
                assert same(bs.Result.load(tmp_path / "converted.npz"), found)
        empty(tmp_path)
    assert seen == sorted(seen)
    assert len(set(seen)) > 3
    assert seen[-1] == DURATION


@needs_fork
@pytest.mark.slow
@pytest.mark.parametrize("to", ["", "run.npz", "run/"])
def test_a_run_that_is_resumed(tmp_path, to):
    options = {"checkpoint": tmp_path / "run.ckpt", "checkpoint_every": 1e-9, "resume": True}
    options |= {"to": f"{tmp_path}/{to}"} if to else {}
    whole, left, killed = run(), {"run.ckpt", "run.ckpt.previous", *filter(None, [to.strip("/")])}, 0
    for step in killed_at_each_step(tmp_path, lambda: run(**options)):
        assert same(run(**options), whole)
        assert set(os.listdir(tmp_path)) == left
        empty(tmp_path)
        killed = step
    assert killed > 20
