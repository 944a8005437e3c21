"""What the ranks of an MPI run do in the tests, and the same in one process.

``mpiexec -n 2 python -m mpi4py -m tests.helpers.runs.ranked FUNCTION ARGUMENTS`` calls a function of this module on all
ranks, with ``ranks=True``; rank 0 prints what it returns as JSON. All that is compared is a hash, or a number.
"""

import copy
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.simulation import settings
from brainsim.testing import golden
from tests.helpers import couplings
from tests.helpers.resting import every_cell_is_visited, every_cell_may_rest

BIN = Path(sys.executable).parent
SIGNALS = {"kill": signal.SIGKILL, "interrupt": signal.SIGINT}
LIMIT = 900  # seconds, on a busy machine with an empty cache of kernels


def mpi_or_skip():
    """Skip a test where brainsim's extra `mpi` is not installed."""
    pytest.importorskip("mpi4py", reason="runs on ranks need mpi4py and an MPI library: pip install mpi4py mpich")
    if not (BIN / "mpiexec").exists():
        pytest.skip("there is no mpiexec next to python: pip install mpi4py mpich")


def command(ranks, function, *arguments):
    """Return the command that calls a function of this module, or of ``module:function``, on ranks."""
    module, _, name = function.rpartition(":")
    return script(ranks, "-m", f"tests.helpers.runs.{module or 'ranked'}", name, *arguments)


def script(ranks, *arguments):
    """Return the command that runs a script, or a module, on ranks."""
    return [str(BIN / "mpiexec"), "-n", str(ranks), sys.executable, "-m", "mpi4py", *map(str, arguments)]


def on_ranks(ranks, function, *arguments):
    """Return what a function of this module returns on rank 0."""
    done = subprocess.run(command(ranks, function, *arguments), capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def sha(*arrays):
    """Return a hash of the bytes of arrays."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def pinned(threads, pieces, names="", ranks=True):
    """Return name -> hashes of golden networks: all of them, or those whose names are given, separated by commas."""
    found = {}
    for name in names.split(",") if names else golden.NETWORKS:
        result = golden.ran(name, threads=int(threads), pieces=int(pieces), ranks=ranks)
        found[name] = golden.hashes(result) if result else None
    return found


def network(rate=9000.0, plastic=True):
    """Return a network with something of everything: two groups, listed spikes, delays, weights that learn."""
    exc = bs.Population(120, bs.LIF(), name="exc", initial={"v": bs.Uniform(-65.0, -50.0)})
    inh = bs.Population(50, bs.AdEx(), name="inh", initial={"v": bs.Uniform(-70.0, -55.0)})
    trains = bs.Population(7, bs.SpikeTrains(np.arange(40) * 0.7, np.arange(40) % 7), name="trains")
    net, delta = bs.Network(seed=3), bs.Delta()
    learning = {"plasticity": bs.STDP(w_max=2.0)} if plastic else {}
    net.connect(
        exc,
        exc,
        bs.FixedIndegree(10),
        weight=bs.Uniform(0.1, 0.9),
        delay=bs.Uniform(0.4, 2.0),
        synapse=delta,
        name="ee",
        **learning,
    )
    net.connect(exc, inh, bs.FixedProbability(0.2), weight=30.0, delay=1.0, synapse=bs.Exponential(tau=4.0), name="ei")
    net.connect(inh, exc, bs.FixedOutdegree(9), weight=-0.4, delay=0.8, synapse=delta, storage="procedural", name="ie")
    net.connect(trains, exc + inh[:20], bs.AllToAll(), weight=25.0, delay=1.5, synapse=bs.Exponential(tau=4.0), name="te")
    net.stimulate(exc, bs.PoissonInput(rate=rate, weight=0.2, synapse=delta), name="drive")
    net.stimulate(inh, bs.CurrentInput(300.0), name="current")
    return net


def steered(threads, ranks=True):
    """Return hashes of a run in pieces, between which everything is changed, and of all that can be read."""
    net = network()
    record = [bs.Trace(net.populations["exc"][::7], "v"), bs.Trace(net.populations["inh"], "w", every=1.0)]
    record.append(bs.WeightTrace(net.projections[0], synapses=50, every=10.0, bins=8))
    sim = bs.Simulation(net, seed=5, threads=int(threads), record=record, ranks=ranks)
    kept = sim.state["exc"]["v"]  # stays whole on all ranks
    sim.run(20.3)
    kept[1::3] -= 0.1 * kept[0]
    sim.set("drive", rate=11_000.0)
    sim.set("exc", tau_m=18.0)
    sim.state["exc"]["v"][::3] += 1.0
    weights = sim.synapses("ee").weight
    sim.set("ee", w=np.minimum(weights * 1.2, 2.0))
    sim.normalise("ee", 6.0)
    other = copy.deepcopy(sim)
    sim.run(14.7)
    other_result = other.run(14.7)
    voltages, after, procedural = sim.state["exc"]["v"].copy(), sim.synapses("ee"), sim.synapses("ie")
    result = sim.result()
    if not result:
        return None
    found = golden.hashes(result)
    traces, weights = result.traces["exc", "v"], result.weights["ee", "w"]
    found |= {"same as the copy": golden.hashes(other_result)["state"] == found["state"], "voltages": sha(voltages)}
    found |= {"traces": sha(traces.times, traces.values, result.traces["inh", "w"].values)}
    found |= {"weights": sha(weights.values, weights.counts, weights.pre, weights.post), "count of synapses": len(after)}
    found |= {"synapses": sha(after.pre, after.post, after.weight, after.delay), "procedural": sha(procedural.post)}
    return found | {"all": sim.n_synapses}


def silent(threads, ranks=True):
    """Return hashes of a run in pieces of a network most of whose cells are at rest, and whether they were not visited."""
    rng, net = np.random.default_rng(5), bs.Network(seed=1)
    cells, synapse = bs.Population(900, bs.ShiuLIF(), name="cells"), bs.Delta(variable="g")
    pairs, weight = bs.FromArrays(*rng.integers(0, 900, (2, 9000))), 0.7 * np.ceil(rng.lognormal(1.0, 1.0, 9000))
    net.connect(cells, cells, pairs, weight=weight, delay=1.8, synapse=synapse)
    net.stimulate(cells[:9], bs.PoissonInput(rate=150.0, weight=68.75, synapse=bs.Delta()))
    with every_cell_may_rest() if ranks else every_cell_is_visited():
        sim = bs.Simulation(net, seed=2, threads=int(threads), ranks=ranks, record=[bs.Trace(cells[[3, 300, 700]], "v")])
        sim.run(30.0)
        sim.run(50.0)
        result = sim.result()
    if not result:
        return None
    from brainsim.features.resting.operator import Resting

    resting = any(operator.on for part in sim._run.partitions if (operator := part.operator(Resting)))
    return golden.hashes(result) | {"traces": sha(result.traces["cells", "v"].values)}, resting


def rewired(threads, to=None, ranks=True):
    """Return hashes of a run in which synapses are removed and added, also by a callback, and that is copied and reset."""
    net = network()
    record = [bs.WeightTrace(net.projections[0], synapses=50, every=5.0, bins=8)]
    sim = bs.Simulation(net, seed=5, threads=int(threads), record=record, ranks=ranks)
    sim.run(10.0)
    table = sim.synapses("ee")
    sim.rewire("ee", remove=np.flatnonzero(table.pre % 7 == 0), pre=[3, 90, 3], post=[5, 100, 119], delay=3.0)
    other = copy.deepcopy(sim)

    def prune(sim):
        weak = sim.synapses("ee").weight < 0.2
        sim.rewire("ee", remove=weak, pre=np.arange(9), post=np.arange(9) * 12 + 3)
        sim.rewire("ei", remove=np.arange(5), pre=[1, 2], post=[49, 0], weight=[10.0, 50.0])

    sim.set("ei", weight=1.2 * sim.synapses("ei").weight)
    sim.run(20.0, every=10.0, callback=prune)
    if to is not None:
        sim.save(to)
    found = _after_rewiring(sim)
    other.run(10.0)
    count = len(other.synapses("ee"))
    sim.reset()
    sim.run(10.0)
    first = sim.result()
    return found and found | {"copy": count, "reset": golden.hashes(first)["state"]}


def _after_rewiring(sim):
    """Run on; return hashes of what was recorded and of the synapses."""
    sim.run(10.0)
    result, ee, ei = sim.result(), sim.synapses("ee"), sim.synapses("ei")
    if not result:
        return None
    weights = result.weights["ee", "w"]
    found = golden.hashes(result) | {"weights": sha(weights.values, weights.counts, weights.pre, weights.synapses)}
    lost = int(np.isnan(weights.values[-1]).sum())
    synapses = {"synapses": sha(ee.pre, ee.post, ee.weight, ee.delay, ei.pre, ei.post, ei.weight)}
    return found | synapses | {"lost": lost, "duration": result.duration}


def rewired_before(path, threads, ranks=True):
    """Return what `_after_rewiring` does after a checkpoint that `rewired` has written."""
    net = network()
    record = [bs.WeightTrace(net.projections[0], synapses=50, every=5.0, bins=8)]
    return _after_rewiring(bs.Simulation.load(net, path, record=record, threads=int(threads), ranks=ranks))


def grown(threads, ranks=True):
    """Return hashes of a network that is rewired and forgets, then grows, and is reset to where it had grown."""
    net = network()
    cells = next(iter(net.populations.values()))
    sim = bs.Simulation(net, seed=5, threads=int(threads), ranks=ranks)
    sim.run(10.0)
    sim.rewire("ee", remove=np.arange(40))
    sim.set(cells, tau_m=np.linspace(15.0, 25.0, cells.n))
    sim.forget()
    sim.run(5.0)
    start = sim.result().start
    more = bs.Population(37, bs.AdEx(), name="more")
    net.connect(
        cells, more, bs.FixedIndegree(20), weight=30.0, delay=1.0, synapse=bs.Exponential(), plasticity=bs.STDP(w_max=90.0)
    )
    net.stimulate(more, bs.NoiseInput(100.0, mean=900.0, tau=5.0))
    net.connect(more, more, bs.FixedIndegree(3), weight=1.0, synapse=bs.GapJunction())
    pool = bs.Population(40, bs.PoissonPool(sources=50, rate=400.0), name="pool")
    net.connect(pool, more, bs.FixedIndegree(2), weight=9.0, delay=1.5, synapse=bs.Alpha())
    sim = sim.continue_with(net, threads=int(threads))
    sim.run(20.0)
    first = golden.hashes(result) if (result := sim.result()) else None
    sim.reset()
    sim.set(cells, tau_m=np.linspace(15.0, 25.0, cells.n))
    sim.run(20.0)
    result = sim.result()
    return {"start": start, "first": first, "again": golden.hashes(result)} if result else None


def driven(threads, ranks=True):
    """Return the hashes of a run with inputs that change in time, noise, a clamp and correlated sources, in two pieces."""
    cells = bs.Population(90, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    sources = bs.Population(30, bs.SingleInteraction(rate="40 + 40*sin(2*pi*t/50)", correlation=0.3), name="sources")
    net, delta = bs.Network(seed=3), bs.Delta()
    net.stimulate(cells, bs.NoiseInput(100.0, mean=250.0, tau=5.0), name="slow")
    net.stimulate(cells[20:], bs.NoiseInput(50.0, correlation=0.3), name="white")
    net.stimulate(cells, bs.PoissonInput(rate="3000 + 20*i", weight=0.2, synapse=delta), name="rates")
    net.stimulate(cells[::2], bs.CurrentInput("50*sin(2*pi*t/20)"), name="wave")
    net.stimulate(cells[5:9], bs.VoltageClamp(-60.0, start=3.0, stop=20.0), name="clamp")
    net.connect(sources, cells, bs.FixedIndegree(4), weight=1.0, delay=1.5, synapse=delta)
    net.connect(cells, cells, bs.FixedProbability(0.1), weight=0.1, delay=bs.Uniform(0.3, 2.0), synapse=delta)
    sim = bs.Simulation(net, seed=5, threads=int(threads), record=[bs.Trace(cells, "v", every=0.5)], ranks=ranks)
    sim.run(22.2)
    sim.set("slow", mean=200.0)
    sim.run(17.8)
    result = sim.result()
    return golden.hashes(result) | {"v": sha(result.traces["cells", "v"].values)} if result else None


def over_mpi(name, *arguments):
    """Return what another function returns, if the ranks exchange spikes as on several machines."""
    from brainsim.features.ranks import mpi

    mpi.segment_of = lambda ranks: None
    return globals()[name](*arguments)


def in_slots(words, name, *arguments):
    """Return what another function returns, if the slots of shared memory have so many words."""
    from brainsim.features.ranks import mpi, segment

    segment.WORDS = mpi.WORDS = int(words)
    return globals()[name](*arguments)


def polled(threads):
    """Return the same as `driven`, with the exchange of libraries that do not wait gently."""
    from brainsim.features.ranks import mpi

    functions = mpi._functions
    mpi._functions = lambda comm: functions(comm) | {"blocking": 0}
    return over_mpi("driven", threads)


def saved(path, threads, ranks=True):
    """Save the result of the first half of a run; return its hashes."""
    result = bs.simulate(network(), 20.3, seed=5, threads=int(threads), ranks=ranks)
    if not result:
        return None
    result.save(path)
    return golden.hashes(result)


def checkpointed(path, threads, ranks=True):
    """Run for a while with something recorded and changed, and save a checkpoint; return how long."""
    net = network()
    sim = bs.Simulation(net, seed=5, threads=int(threads), record=recorded(net), ranks=ranks)
    sim.run(12.3)
    sim.set("drive", rate=11_000.0)
    sim.run(8.0)
    sim.save(path)
    return sim.time


def loaded(path, threads, ranks=True):
    """Return the hashes of everything since the beginning, of a run that continues from a checkpoint."""
    net = network()
    sim = bs.Simulation.load(net, path, threads=int(threads), record=recorded(net), ranks=ranks)
    sim.run(19.7)
    result = sim.result()
    if not result:
        return None
    values = result.weights["ee", "w"].values, result.traces["exc", "v"].values
    return golden.hashes(result) | {"recorded": sha(*values), "duration": result.duration}


def coupled(build, threads, path, ranks=True):
    """Return hashes of a network with couplings, by the way in which it was run.

    It is run in pieces, between which the state is written to; then it continues itself, as a copy, from a checkpoint, and
    from its state, and with other weights. Weights that learn are recorded, and those of some pairs.
    """
    net, run = getattr(couplings, build)(), {"threads": int(threads), "ranks": ranks}
    sim = bs.Simulation(net, seed=5, record=_weights_of(net), **run)
    sim.run(8.3)
    for name, variables in {"cells": ("v",), "others": ("v",), "units": ("r",)}.items():
        for variable in variables if name in net.populations else ():
            sim.state[name][variable][::3] += 1.5
    sim.run(0.1)
    begun = sim.run(6.6)
    sim.save(path)
    sims = {"itself": sim, "a copy": copy.deepcopy(sim), "loaded": after_coupled(build, threads, path, ranks)}
    sims["restored"] = bs.Simulation(net, state=begun.state if begun else None, **run)
    found = {"begun": begun} | {name: one.run(10.0) for name, one in sims.items()}
    first = net.projections[0].name
    sim.set(first, weight=0.9 * sim.synapses(first).weight)
    found["set"] = sim.run(5.0)
    sim.reset()
    found["reset"] = sim.run(8.3)
    tables = [sim.synapses(p, traces=True) for p in net.projections]
    if not begun:
        return None
    weights = [w.values for w in begun.weights.values()] + [table.weight for table in tables]
    weights += [values for table in tables for values in table.columns.values()]
    digest = hashlib.sha256(b"".join(values.tobytes() for values in weights)).hexdigest()
    return {name: golden.hashes(result) for name, result in found.items()} | {"weights": digest}


def after_coupled(build, threads, path, ranks=True):
    """Return the simulation that continues from a checkpoint of `coupled`."""
    net = getattr(couplings, build)()
    return bs.Simulation.load(net, path, record=_weights_of(net), threads=int(threads), ranks=ranks)


def _weights_of(net):
    """Return what records the weights that learn, and the thresholds of some."""
    learns = [projection for projection in net.projections if projection.plasticity is not None]
    record = [bs.WeightTrace(p, every=1.0) for p in learns]
    return record + [bs.WeightTrace(p, "theta", every=2.0, synapses=9) for p in learns[1:]]


def recorded(net):
    """Return traces of the network."""
    return [bs.Trace(net.populations["exc"], "v", every=1.0), bs.WeightTrace(net.projections[0], synapses=50, every=5.0)]


def regularly(path, ranks=True):
    """Run with checkpoints at regular times, and once more, which continues from the end."""
    settings = {"seed": 5, "threads": 1, "ranks": ranks, "checkpoint": path, "checkpoint_every": 0.05, "resume": True}
    bs.simulate(network(), 30.0, **settings)
    result = bs.simulate(network(), 40.0, **settings)
    return golden.hashes(result) if result else None


def continued(path, threads, ranks=True):
    """Return the hashes of the second half of a run, from a file that rank 0 reads."""
    first = ranks is not True or _rank() == 0
    state = bs.Result.load(path).state if first else None
    result = bs.simulate(network(), 19.7, state=state, threads=int(threads), ranks=ranks)
    return golden.hashes(result) if result else None


def burst(threads, ranks=True):
    """Return the hashes of a run in which all cells fire at once, now and then, and how many messages there were."""
    cells = bs.Population(2000, bs.LIF(), name="cells")
    net, delta = bs.Network(seed=1), bs.Delta()
    net.connect(cells, cells, bs.FixedOutdegree(5), weight=bs.Uniform(0.0, 0.1), delay=1.5, synapse=delta)
    net.stimulate(cells, bs.CurrentInput([0.0, 4000.0, 0.0, 4000.0, 0.0], times=[0.0, 5.0, 6.5, 20.0, 24.0]), name="kicks")
    sim = bs.Simulation(net, seed=2, threads=int(threads), ranks=ranks)
    result = sim.run(40.0)
    if not result:
        return None
    found = golden.hashes(result)
    return found | ({"calls": sim._run.shared.exchange.collectives} if ranks is True else {})


def fails(how, to):
    """Run for long, to the disk; rank 1 raises an error, is killed, or gets Ctrl-C, after a while."""
    sim = bs.Simulation(network(plastic=False), seed=5, threads=1, to=to, ranks=True)
    sim.run(5.0)
    print("running", flush=True)

    def after_a_while(sim):
        if sim.time > 50.0 and sim.rank == 1 and how != "never":
            print(time.time(), flush=True)
            if how == "raise":
                raise OSError("no more disk")
            if how in SIGNALS:
                os.kill(os.getpid(), SIGNALS[how])
        time.sleep(0.002)

    return bool(sim.run(100_000.0, every=10.0, callback=after_a_while))


def differs(folder):
    """Give other values on each rank, wherever something can be given; return what was said, and what it must name."""
    one, found = _rank(), []

    def tried(call, name, function, *arguments, **more):
        said = "no error"
        try:
            function(*arguments, **more)
        except ValueError as error:
            said = f"ValueError: {error}"
        found.append([said, [call, name]])

    net, to, run = network(), Path(folder) / "run.npz", {"seed": 5, "threads": 1, "ranks": True}
    other = network(rate=9000.0 + one)
    for name, given in {
        "Simulation.network: input 'drive'": {"network": other},
        "Simulation.network: seed (6 instead of 5)": {"seed": 5 + one},
        "Simulation.network: dt": {"dt": 0.1 + 0.1 * one},
        "Simulation.network: precision": {"precision": ("double", "single")[one]},
        "Simulation.record: recorded": {"record": [bs.Trace(net.populations["exc"], "v")] * one},
        "Simulation.to: rank 0 in to": {"to": None if one else to},
        "simulate: duration (2.0 instead of 1.0)": {"duration": 1.0 + one},
        "simulate: having a checkpoint": {"checkpoint": to if one else None},
    }.items():
        tried(*name.split(": "), bs.simulate, **({"network": net, "duration": 1.0} | run | given))
    sim, state = bs.Simulation(net, **run), "sim.state['exc']['v']"
    tried("Simulation.set", "rate of 'drive' (1.0 instead of 0.0)", sim.set, "drive", rate=float(one))
    tried("Simulation.set", "tau_m of 'exc'", sim.set, "exc", tau_m=10.0 + one)
    tried("Simulation.set", "weight of 'ei'", sim.set, "ei", weight=np.arange(3) + one)
    tried("Simulation.set", "w of 'ee'", sim.set, "ee", w=0.5 + one)
    tried("Simulation.normalise", "total", sim.normalise, "ee", 5.0 + one)
    tried("Simulation.rewire", "remove", sim.rewire, "ee", remove=[one])
    tried("Simulation.synapses", "projection ('ee' instead of 'ei')", sim.synapses, ("ei", "ee")[one])
    tried(
        "Simulation.run", "every (1.0 instead of None)", sim.run, 5.0, **({"every": 1.0, "callback": print} if one else {})
    )
    tried("Simulation.run_until", "at_most", sim.run_until, print, at_most=5.0 + one)
    kept = sim.state["exc"]["v"]
    sim.run(1.0)
    kept[7] = -60.0 - one
    tried("Simulation.run", state, sim.run, 1.0)
    tried("Simulation.save", state, sim.save, Path(folder) / "run.ckpt")
    kept[7] = -60.0
    tried("Simulation.run.callback", state, sim.run, 5.0, every=1.0, callback=lambda sim: kept.put(3, -61.0 - one))
    kept[3] = -61.0
    sims = [sim, copy.deepcopy(sim)]
    tried("Simulation.run", "number of the simulation", sims[one].run, 1.0)
    return found


def leaves():
    """Run on rank 0 alone, while the other ends."""
    sim = bs.Simulation(network(plastic=False), seed=5, threads=1, ranks=True)
    return _rank() == 0 and bool(sim.run(1.0))


def elsewhere():
    """Return what is said on rank 1 of a result that is on rank 0."""
    from mpi4py import MPI

    result = bs.simulate(network(), 5.0, seed=1, threads=1, ranks=MPI.COMM_WORLD)
    try:
        text = f"{len(result.spikes['exc']) > 0}"
    except RuntimeError as error:
        text = str(error)
    return MPI.COMM_WORLD.gather([repr(result).splitlines()[0], text, bool(result), result.stats["ranks"], result.duration])


def _rank():
    from mpi4py import MPI

    return MPI.COMM_WORLD.rank


def main(functions):
    """Call the function that the command line names, and print what it returns on rank 0."""
    settings.most_partitions = lambda: settings.MAX_THREADS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = functions[sys.argv[1]](*sys.argv[2:])
    if _rank() == 0:
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(globals())
