"""Values that are set in a run, and a network that grows: as the reference has it, and as a network described anew."""

import copy
import tempfile
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import brainsim as bs
from brainsim.core.doors import listed_doors, through
from brainsim.testing.random_networks import bits
from brainsim.testing.random_networks.couplings import Drifting, Potentials
from brainsim.testing.random_networks.own_models import Driven
from brainsim.testing.random_networks.rules import Bounded
from brainsim.testing.verification.edges import Adapting

DT, PART = 0.1, 40  # ms, and steps until values are set, until the network grows, and to the end
N = 12  # cells


class Changing:
    """A network in three stages: at first, with other values, and with more populations, projections and inputs."""

    def __init__(self, seed):
        self.seed = seed

    def values(self, stage):
        """Return what is set at a stage: name -> values."""
        later = int(stage > 0)
        rng = np.random.default_rng([self.seed, later])
        table = bs.TimedArray(rng.uniform(200.0, 800.0, (3, N)) if later else rng.uniform(200.0, 800.0, 30), dt=0.7)
        times = np.sort(rng.uniform(later * PART * DT + 0.2, 4 * PART * DT, 60))
        return {
            "cells": {"tau_m": rng.uniform(8.0, 20.0, N) if later else 20.0, "v_th": -52.0 - 2.0 * later},
            "driven": {"I_in": bs.TimedArray(rng.uniform(300.0, 900.0, 9), dt=1.3)},
            "sources": {"rate": bs.TimedArray(rng.uniform(200.0, 900.0, (5, N)), dt=1.1) if later else "900*(1 + sin(t/2))"},
            "trains": {"times": times, "ids": rng.integers(0, N, 60)},
            "drive": {"rate": bs.TimedArray([9e3, 5e3, 2e4], dt=1.5) if later else 9e3, "weight": 0.2 + 0.1 * later},
            "each": {"rate": 4e3 if later else rng.uniform(2e3, 9e3, N), "weight": rng.uniform(0.1, 0.4, N)},
            "current": {"amplitude": table},
            "noise": {
                "sigma": rng.uniform(20.0, 90.0, N) if later else 50.0,
                "mean": "90*(1 + cos(t/3))" if later else 90.0,
            },
            "events": {"times": times[:20], "ids": rng.integers(0, N, 20), "weight": 2.0 * rng.random(20)},
            "wires": {"weight": rng.uniform(0.2, 0.6, 40) if later else 0.4},
            "learning": {"w": rng.uniform(0.2, 0.9, 4 * N), "potentiation": 0.05},
            "coupled": {"w": rng.uniform(0.1, 0.4, 3 * N), "mean": rng.uniform(-62.0, -58.0, N)},
        }

    def network(self, stage):
        """Return the network of a stage, described anew."""
        net, v = bs.Network(seed=self.seed), self.values(stage)
        delta, start = bs.Delta(), {"v": bs.Uniform(-65.0, -54.0)}
        cells = bs.Population(N, bs.LIF(**v["cells"]), name="cells", initial=start)
        driven = bs.Population(N, Driven(**v["driven"]), name="driven", initial=start)
        sources = bs.Population(N, bs.Poisson(**v["sources"]), name="sources")
        trains = bs.Population(N, bs.SpikeTrains(**v["trains"]), name="trains")
        net.stimulate(cells, bs.PoissonInput(**v["drive"], synapse=delta), name="drive")
        net.stimulate(driven, bs.PoissonInput(**v["each"], synapse=delta), name="each")
        net.stimulate(cells, bs.CurrentInput(**v["current"]), name="current")
        net.stimulate(driven, bs.NoiseInput(**v["noise"], tau=3.0, correlation=0.4), name="noise")
        net.stimulate(driven, bs.EventInput(**v["events"], synapse=delta), name="events")
        pairs = bs.FromArrays(np.repeat(np.arange(8), 5), np.tile(np.arange(5), 8))
        net.connect(sources, cells, pairs, **v["wires"], delay=DT * np.arange(1.0, 41.0), synapse=delta, name="wires")
        given = {"delay": bs.Uniform(0.3, 4.0), "synapse": bs.Exponential(tau=2.0)}
        net.connect(trains + sources, cells + driven, bs.FixedProbability(0.4), weight=60.0, **given, name="many")
        rule = Bounded(potentiation=0.02, depression=0.02)
        given = {"weight": bs.Uniform(0.2, 1.0), "delay": 1.7, "synapse": delta, "plasticity": rule}
        net.connect(sources, driven, bs.FixedIndegree(4), **given, name="learning")
        given = {"weight": 0.2, "delay": 0.5, "synapse": Potentials(variable="v", order=2, name="potentials")}
        net.connect(cells, cells, bs.FixedIndegree(3), **given, plasticity=Drifting(tau=5.0), name="coupled")
        if stage == 2:
            self._grow(net)
        return net

    @staticmethod
    def _grow(net):
        # linear cells: near the spike of an exponential one, single precision is a thousandth off
        more = bs.Population(N, Adapting(), name="more", initial={"v": bs.Uniform(-60.0, -56.0)})
        cells, trains = net.populations["cells"], net.populations["trains"]
        given = {"delay": bs.Uniform(1.0, 5.0), "synapse": bs.Exponential(tau=2.0)}
        net.connect(cells + trains, more, bs.FixedOutdegree(5), weight=90.0, **given, name="new")
        net.connect(more, cells, bs.AllToAll(), weight=0.5, delay=0.9, synapse=bs.Delta(), name="back")
        net.stimulate(more, bs.CurrentInput(400.0), name="current of more")

    def expected(self, narrow):
        """Return the Run of the reference."""
        synapses = {name: self.values(1)[name] for name in ("learning", "coupled")}
        parts = [(self.network(stage), PART, synapses if stage == 1 else {}) for stage in range(3)]
        return through("reference of changes")(parts, DT, self.seed, narrow)

    def simulation(self, stage, precision, **options):
        """Return a simulation of the network of a stage."""
        options = options if "state" in options else options | {"seed": self.seed}
        return bs.Simulation(self.network(stage), dt=DT, precision=precision, progress=False, **options)

    def changed(self, precision):
        """Return the simulation up to where the network grows, its Result, and the Result saved half-way before."""
        sim = self.simulation(0, precision, threads=2)
        sim.run(PART * DT)
        for name, values in self.values(1).items():
            sim.set(name, **values)
        begun = sim.run(PART * DT / 2)
        sim.run(PART * DT / 2)
        return sim, sim.result(), begun


def compare_changing(seed, lines, itself, compare, tolerances):
    """Compare a network whose values are set, and which grows, with the reference and with itself described anew."""
    if "changes" not in listed_doors():  # the feature was deleted
        return
    plan = Changing(seed)
    with warnings.catch_warnings(action="ignore"):  # times that are rounded
        _compare(plan, lines, itself, compare, tolerances)


def _compare(plan, lines, itself, compare, tolerances):
    for precision, (narrow, limit) in tolerances.items():
        with lines[precision].timed() as line:
            sim, first, begun = plan.changed(precision)
            grown = sim.continue_with(plan.network(2))
            last = grown.run(PART * DT)
            result = SimpleNamespace(spikes=_joined(first, last), state=last.state)
            tables = {name: grown.synapses(name) for name in ("learning", "coupled")}
            found = compare(plan.expected(narrow), result, DT, limit, tables)
            line.compared += found.spikes
            line.largest = float(np.nanmax([line.largest, found.largest]))
            line.failures += [f"values that are set, {plan.seed}: {text}" for text in found.failures]
        with itself.timed():
            _in_other_ways(itself, plan, precision, sim, first, begun)


def _in_other_ways(line, plan, precision, sim, first, begun):
    """Compare bits of what followed the changes with those of the network described anew, and of the start after `reset`."""
    with tempfile.TemporaryDirectory() as folder:
        begun.save(Path(folder) / "begun.npz")
        state = bs.Result.load(Path(folder) / "begun.npz").state
    copied = copy.deepcopy(sim).run(PART * DT / 4)
    later = plan.simulation(1, precision, state=state).run(PART * DT / 2)
    for what, found, expected in (
        ("described anew", bits.of_result(later), bits.after(first, 1.5 * PART * DT)),
        ("a copy", bits.of_result(copied), bits.of_result(sim.run(PART * DT / 4))),
        ("after reset", bits.of_spikes(_started_again(sim)), _until(first, PART * DT)),
    ):
        line.compared += 1
        line.failures += [f"values that are set, {plan.seed}, {what}: {text}" for text in bits.differences(found, expected)]


def _started_again(sim):
    sim.reset()
    return sim.run(PART * DT)


def _until(result, end):
    """Return the spikes of a result up to a time."""
    spikes = {name: (found, found.times < end + 1e-6 * DT) for name, found in result.spikes.items()}
    parts = {(name, part): getattr(found, part)[kept] for name, (found, kept) in spikes.items() for part in ("times", "ids")}
    return {("spikes", *key): values for key, values in parts.items()}


def _joined(first, last):
    """Return the spikes of two results that follow each other."""
    empty = SimpleNamespace(times=np.empty(0), ids=np.empty(0, np.int64))
    joined = {}
    for name, spikes in last.spikes.items():
        before = first.spikes.get(name, empty)
        pairs = ((getattr(before, part), getattr(spikes, part)) for part in ("times", "ids"))
        joined[name] = SimpleNamespace(**dict(zip(("times", "ids"), map(np.concatenate, pairs), strict=True)))
    return joined
