"""Memory: the estimate against what is built, refusal, and networks that leave nothing behind."""

import gc
import subprocess
import sys

import numpy as np
import pytest

import brainsim as bs
from brainsim.network import memory

DRAWN = bs.Clipped(bs.Normal(1.5, 0.75), low=0.1)


def network(n=2000, k=200, weight=0.1, delay=1.5, rule=None, storage="stored"):
    cells = bs.Population(n, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.connect(cells, cells, rule or bs.FixedTotal(n * k), weight=weight, delay=delay, synapse=bs.Exponential(),
                storage=storage)
    return net


KINDS = {
    "one weight": {}, "a weight each": {"weight": bs.Normal(1.0, 0.1)}, "drawn delays": {"delay": DRAWN},
    "both": {"weight": bs.Normal(1.0, 0.1), "delay": DRAWN}, "by target": {"rule": bs.FixedIndegree(200), "delay": DRAWN},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_kept_is_what_was_estimated(kind, threads):
    net = network(**KINDS[kind])
    stats = bs.simulate(net, 0.1, threads=threads).stats
    estimate = net.estimate(0.1, threads)
    kept = sum(size for name, _, size in estimate.rows if not name[0].isdigit())
    assert estimate.synapses == stats["synapses"]
    assert kept == pytest.approx(stats["synapse_bytes"], rel=0.15)
    assert estimate.kept <= estimate.peak <= 2.0 * estimate.kept  # segments, many here, are twice there for a moment


def test_the_table_names_every_part():
    text = repr(network().estimate())
    for part in ("cells->cells", "400,000", "800 kB", "segments of rows", "2,000 cells", "peak of building"):
        assert part in text


def test_a_procedural_network_of_a_trillion_synapses_fits():
    net = network(n=100_000, rule=bs.FixedProbability(0.5), storage="procedural")
    assert net.estimate().synapses == 5e9
    assert net.estimate().kept < 2e9


def test_too_large_a_network_is_refused_before_it_is_built(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 1_000_000)
    with pytest.raises(MemoryError, match=r"400,000 synapses need .* only 1 MB are free.*storage='procedural'.*estimate"):
        bs.Simulation(network(), seed=1)


TEN_NETWORKS = """
import gc, os, brainsim as bs

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def run(seed):
    cells = bs.Population(4000 + 100 * seed, bs.LIF(tau_m=10.0 + seed), name=f"cells{seed}")
    net = bs.Network(seed=seed)
    net.connect(cells, cells, bs.FixedTotal(5_000_000), weight=bs.Normal(1.0, 0.1), synapse=bs.Exponential(),
                delay=bs.Clipped(bs.Normal(1.5, 0.5), low=0.1))
    net.stimulate(cells, bs.PoissonInput(rate=5000.0, weight=100.0, synapse=bs.Exponential()))
    bs.simulate(net, 20.0, seed=1, threads=2, record=[bs.Trace(cells[:5], "v")])
    gc.collect()

run(0)
run(1)
before = resident()
for seed in range(2, 12):
    run(seed)
print(resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of the process from /proc")
def test_ten_networks_in_one_process_leave_no_memory_behind():
    out = subprocess.run([sys.executable, "-c", TEN_NETWORKS], capture_output=True, text=True, check=True).stdout
    # one network is 40 MB of synapses; interpreters grow by a few MB
    assert int(out) < 10e6


def test_a_simulation_frees_its_synapses():
    import weakref

    sim = bs.Simulation(network(), seed=1)
    targets = weakref.ref(sim._partitions[0].rows.targets)
    del sim
    gc.collect()
    assert targets() is None


def test_profile_adds_up_to_the_run():
    net = network(n=4000)
    net.stimulate(net.populations["cells"], bs.PoissonInput(rate=5000.0, weight=100.0, synapse=bs.Exponential()))
    sim = bs.Simulation(net, seed=1, threads=2, profile=True)
    stats = sim.run(200.0).stats
    assert set(stats["profile"]) == {"update", "drive", "delivery", "routing", "waiting", "rest"}
    assert 0.5 * stats["run"] < sum(stats["profile"].values()) <= stats["run"]
    assert all(seconds >= 0.0 for seconds in stats["profile"].values())
    assert stats["profile"]["delivery"] > 0.0
    sim.reset()
    assert sum(sim.run(10.0).stats["profile"].values()) < sum(stats["profile"].values())
    assert "profile" not in bs.simulate(net, 1.0).stats
    assert np.isfinite(list(stats["profile"].values())).all()
