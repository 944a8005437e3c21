"""A run that is killed at random moments and continued from its checkpoint.

One process builds everything and forks; each of its children continues the run and is killed (SIGKILL) after a random time.
So a kill costs milliseconds instead of the seconds in which Python starts.
"""

import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path

import numpy as np

import brainsim as bs
from brainsim.engine.loop.progress import Pace
from brainsim.results.packing import pack_state

DURATION = 300.0


def network():
    """Return a network with inputs, noise and synapses that learn."""
    cells = bs.Population(60, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -56.0)})
    net = bs.Network(seed=1)
    net.connect(cells, cells, bs.FixedIndegree(5), weight=20.0, delay=bs.Uniform(1.0, 8.0), synapse=bs.Exponential())
    stdp = bs.STDP(w_max=40.0)
    net.connect(
        cells, cells, bs.FixedIndegree(4), weight=9.0, delay=2.0, synapse=bs.Exponential(), plasticity=stdp, name="p"
    )
    net.stimulate(cells, bs.PoissonInput(rate=5000.0, weight=30.0, synapse=bs.Exponential()), name="noise")
    return net


def run(path=None, duration=DURATION, streamed=False):
    """Return the Result of the run, continued from the checkpoint if there is one."""
    net = network()
    record = [
        bs.Trace(net.populations["cells"][:4], "v", every=0.5),
        bs.WeightTrace(net.projections[1], synapses=6, every=9.0),
    ]
    saving = {} if path is None else {"checkpoint": path, "checkpoint_every": 1e-9, "resume": True}
    if streamed:
        saving["to"] = f"{folder_of(path)}/"
    return bs.simulate(net, duration, seed=2, record=record, threads=1, every=50.0, callback=change, **saving)


def folder_of(path):
    """Return the folder of the stream of a run."""
    return path.with_suffix("")


def columns_in(folder):
    """Return name -> bytes of the columns of a stream."""
    return {name.name: name.read_bytes() for name in folder.iterdir() if name.suffix in (".u4", ".i8", ".f8")}


def change(sim):
    """Change an input and the weights now and then."""
    sim.set("noise", rate=4500.0 + 5.0 * sim.time)
    sim.set("p", w=0.99 * sim.synapses("p").weight)


def content(result):
    """Return all that a result holds, as bytes."""
    arrays = {}
    description = pack_state(result.state, arrays)
    spikes, traces, weights = result.spikes["cells"], result.traces["cells", "v"], result.weights["p", "w"]
    parts = [spikes.times, spikes.ids, traces.times, traces.values, weights.times, weights.values, *arrays.values()]
    return [repr(sorted(description.items())), *arrays, *(np.ascontiguousarray(part).tobytes() for part in parts)]


def killed_after(seconds, path, streamed):
    """Continue the run in a child, which is killed after some seconds; return whether it had finished before."""
    child = os.fork()
    if child == 0:
        try:
            run(path, streamed=streamed)
            os._exit(0)
        except BaseException as error:  # a child of a fork must not continue with what the parent does
            print(f"the child failed: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("a child failed")
    return os.WIFEXITED(status)


def main(folder, kills, seed, streamed):
    """Kill runs until there were enough kills, and check each run when it is done."""
    Pace.steps = lambda self, left: min(left, 100)  # so that there are many checkpoints
    warnings.simplefilter("ignore")
    chance, done, runs, least = random.Random(seed), 0, 0, kills
    expected = content(run())
    run(Path(folder) / "whole.ckpt", DURATION / 2)
    assert content(run(Path(folder) / "whole.ckpt")) == expected  # now all kernels are loaded
    if streamed:
        assert content(run(Path(folder) / "stream.ckpt", streamed=True)) == expected
        columns = columns_in(Path(folder) / "stream")
    began = time.monotonic()
    run(Path(folder) / "timed.ckpt")
    longest = time.monotonic() - began
    while done < least:
        path = Path(folder) / f"run_{runs}_.ckpt"
        while not killed_after(chance.uniform(0.0, longest), path, streamed):
            done += 1
            if done > 50 * kills:
                raise SystemExit("the run makes no progress")
        assert content(run(path, streamed=streamed)) == expected, f"run {runs} differs after {done} kills"
        if streamed:
            assert columns_in(folder_of(path)) == columns, f"the stream of run {runs} differs after {done} kills"
        runs += 1
        left = {name.name for name in path.parent.glob(f"*{path.stem}*")} - {folder_of(path).name}
        assert left == {path.name, f"{path.name}.previous"}, left
    print(f"{done} kills in {runs} runs")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), "streamed" in sys.argv)
