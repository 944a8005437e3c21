"""Runs on ranks that record to the disk, and that record sums and events; see `ranked`."""

import os
import signal
from pathlib import Path

import brainsim as bs
from brainsim.engine.loop import progress
from brainsim.testing import golden
from tests.helpers.runs import ranked

CHUNK = 40  # steps


def requests(net):
    """Return something of everything that can be recorded."""
    exc, inh = net.populations["exc"], net.populations["inh"]
    return [
        bs.Trace(exc[100:5:-7], "v"),
        bs.Trace(inh, "w", every=1.0),
        bs.Trace(exc[:3], "I", start=5.0, stop=20.0),
        *(bs.Trace(exc.named(f"{kind} of exc"), "v", reduce=kind) for kind in ("mean", "sum", "std")),
        bs.Trace(exc[20:110].named("most"), "I", every=0.7, reduce="std"),
        bs.Trace((exc[:70]).named("drive"), "drive", every=0.5, reduce="mean"),
        bs.EventRecord(exc, "v > -52", name="high"),
        bs.EventRecord(inh[40:3:-3], "w > 20 and v < -50", name="both"),
        bs.WeightTrace(net.projections[0], synapses=50, every=10.0, bins=8),
    ]


def simulation(threads=1, ranks=True, **settings):
    """Return a simulation in short chunks."""
    progress.Pace.steps = lambda self, left: min(left, CHUNK)
    net = ranked.network()
    return bs.Simulation(net, seed=5, threads=int(threads), record=requests(net), ranks=ranks, **settings)


def everything(result):
    """Return hashes of all that was recorded, None on ranks that do not have it."""
    if not result:
        return None
    found = golden.hashes(result) if result.state is not None else {}
    for name, spikes in result.spikes.items():
        found[name] = ranked.sha(spikes.times, spikes.ids)
    for key, traces in result.traces.items():
        found[", ".join(key)] = ranked.sha(traces.times, traces.ids, traces.values)
    for weights in result.weights.values():
        found["weights"] = ranked.sha(
            weights.times, weights.synapses, weights.pre, weights.post, weights.values, weights.counts
        )
    return found | {"duration": result.duration, "events": len(result.spikes["high"]) + len(result.spikes["both"])}


def recorded(threads, ranks=True):
    """Return the hashes of a run that records in memory."""
    sim = simulation(threads, ranks)
    sim.run(20.3)
    sim.run(14.7)
    return everything(sim.result())


def streamed(to, threads, ranks=True):
    """Return hashes of pieces of the same run, of what its Result holds before and after it is closed."""
    sim = simulation(threads, ranks, to=to)
    pieces = [sim.run(20.3), sim.run(14.7)]
    before = everything(sim.result())
    return {"pieces": [everything(piece) for piece in pieces], "before": before, "after": everything(sim.close())}


def undone(to, ranks=True):
    """Run, go back to the start, and run for less; return the hashes."""
    sim = simulation(1, ranks, to=to)
    sim.run(20.0)
    sim.reset()
    first = sim.run(10.0)
    return [everything(first), everything(sim.close())]


def resumed(folder, ranks=True):
    """Run to the middle with a checkpoint and a stream, and on from it; return the hashes of all."""
    saved(folder, ranks)
    net = ranked.network()
    kept = {"checkpoint": f"{folder}/run.ckpt", "resume": True, "to": f"{folder}/run.npz", "record": requests(net)}
    result = bs.simulate(net, 35.0, seed=5, threads=1, ranks=ranks, **kept)
    again = bs.simulate(net, 35.0, seed=5, threads=1, ranks=ranks, **kept)
    assert everything(again) == everything(result)
    return everything(result)


def saved(folder, ranks=True):
    """Run for a while with a stream, save, and continue for a while, which is lost."""
    sim = simulation(1, ranks, to=f"{folder}/run.npz")
    sim.run(20.0)
    sim.save(f"{folder}/run.ckpt")
    sim.run(7.0)
    sim._stream.close()
    sim._layout.ranks.all(None)  # before another one opens it


def killed(to, how):
    """Run for long; rank 1 is killed, or its disk is full, after a while."""
    from brainsim.features.streams import stream

    sim, write = simulation(1, True, to=to), stream._write_all
    print("running", flush=True)

    def torn(file, data):
        if sim.rank == 1 and sim.time > 30.0 and file.name.endswith("commits.jsonl"):
            write(file, data[: len(data) // 2])
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(28, "No space left on device")
        write(file, data)

    stream._write_all = torn
    return bool(sim.run(100_000.0))


def refused(folder):
    """Return what is said, on each rank, about names to which nothing can be written."""
    from mpi4py import MPI

    Path(folder, "run.npz.part").mkdir(exist_ok=True)
    found = []
    for name in ("nowhere/run.npz", "run.txt", "run.npz", 7):
        try:
            simulation(to=name if name == 7 else f"{folder}/{name}")
        except Exception as error:
            found.append(str(error))
    return list(zip(*MPI.COMM_WORLD.allgather(found), strict=True))


if __name__ == "__main__":
    ranked.main(globals())
