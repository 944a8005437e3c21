"""Procedural synapses: the same spikes as stored ones, to the bit, and no memory for synapses."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.synapses import store
from brainsim.engine.synapses.kinds import procedural

pytestmark = pytest.mark.usefixtures("more_partitions")

EXP, SLOW, DELTA = bs.Exponential(tau=0.5), bs.Exponential(tau=5.0), bs.Delta()
DRAWN = bs.Clipped(bs.Normal(1.5, 0.75), low=0.1)


def network(storage, delay=DRAWN, n=400):
    """Projections of every kind that can be drawn again: weights each and shared, currents and jumps, all delays."""
    lif = bs.LIF(tau_m=10.0, c_m=250.0, v_rest=-65.0, v_th=-50.0, v_reset=-65.0, t_ref=2.0)
    cells = bs.Population(n, lif, name="cells", initial={"v": bs.Normal(-58.0, 5.0)})
    exc, inh = cells[: 4 * n // 5], cells[4 * n // 5 :]
    net = bs.Network(seed=3)
    heavy = bs.Clipped(bs.Normal(250.0, 25.0), low=0.0)
    net.connect(exc, cells, bs.FixedTotal(n * n // 10), weight=heavy, delay=delay, synapse=EXP, storage=storage)
    net.connect(
        inh, cells, bs.FixedProbability(0.1, autapses=False), weight=-900.0, delay=delay, synapse=EXP, storage=storage
    )
    net.connect(
        cells[::3], cells[5:50], bs.FixedOutdegree(7, multapses=False), weight=-3.0, delay=2.0, synapse=SLOW, storage=storage
    )
    net.connect(
        cells[:40],
        cells[60:100],
        bs.AllToAll(autapses=False),
        weight=bs.Uniform(0.0, 0.2),
        delay=0.4,
        synapse=DELTA,
        storage=storage,
    )
    net.connect(cells[:40], cells[200:240], bs.OneToOne(), weight=0.3, delay=0.7, synapse=DELTA, storage=storage)
    net.stimulate(cells, bs.PoissonInput(rate=15_000.0, weight=80.0, synapse=EXP))
    return net


def spikes_of(net, duration=150.0, **options):
    spikes = bs.simulate(net, duration, seed=2, **options).spikes["cells"]
    assert len(spikes) > 500
    return spikes


@pytest.mark.thorough
def test_delays_too_wide_for_a_table():
    wide = bs.Uniform(0.2, 500.0)
    assert spikes_of(network("procedural", wide), 300.0) == spikes_of(network("stored", wide), 300.0)


@pytest.mark.thorough
def test_the_pool_grows_while_its_ring_is_wrapped(monkeypatch):
    wrapped = []
    check = procedural.Procedural.check

    def seen(self, pool):
        wrapped.append(bool(pool["tail"] > pool["head"]))
        check(self, pool)

    monkeypatch.setattr(procedural.Procedural, "check", seen)
    monkeypatch.setattr(procedural, "MIN_ROOM", 16)
    results = []
    for storage in ("procedural", "stored"):
        net = network(storage)
        sim = bs.Simulation(net, seed=2, threads=1)
        for rate in (11_000.0, 20_000.0, 30_000.0, 40_000.0, 100_000.0):
            sim.set("PoissonInput->cells", rate=rate)
            sim.run(30.0)
        results.append(sim.result().spikes["cells"])
    assert len(wrapped) > 3
    assert any(wrapped)
    assert results[0] == results[1]


@pytest.mark.thorough
def test_no_synapse_is_kept():
    sim = {storage: bs.Simulation(network(storage), seed=1) for storage in ("stored", "procedural")}
    assert sim["stored"].n_synapses == sim["procedural"].n_synapses > 20_000
    sizes = {name: one.run(1.0).stats["synapse_bytes"] for name, one in sim.items()}
    assert sizes["procedural"] < 20_000 < 100_000 < sizes["stored"]


MISTAKES = {
    "storage must be": (bs.FixedProbability(0.1), 1.0, 1.0, "procedual", r"did you mean 'procedural'"),
    "targets that draw": (
        bs.FixedIndegree(3),
        1.0,
        1.0,
        "procedural",
        r"each target samples its sources.*FixedTotal\(3 \* ",
    ),
    "pairs": (bs.FromArrays([0], [1]), 1.0, 1.0, "procedural", r"lists of pairs.*use 'stored'"),
    "weights": (bs.OneToOne(), np.ones(10), 1.0, "procedural", r"lists of pairs, weights"),
    "delays": (bs.OneToOne(), 1.0, np.ones(10), "procedural", r"lists of pairs, weights or delays"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_cannot_be_drawn_again_is_refused(name):
    rule, weight, delay, storage, message = MISTAKES[name]
    cells = bs.Population(10, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    with pytest.raises(ValueError, match=r"Network.connect.storage: .*" + message):
        net.connect(cells, cells, rule, weight=weight, delay=delay, synapse=DELTA, storage=storage)
    assert not net.projections


LONG = bs.Clipped(bs.Normal(6420.0, 25.0), low=6000.0)  # one in 1,500 beyond the longest, 65,000 steps


def late(storage, delay=LONG):
    """Sources that fire one after the other, some of which have a synapse whose delay is too long."""
    n = 400
    sources = bs.Population(n, bs.SpikeTrains(np.arange(1.0, n + 1), np.arange(n)), name="sources")
    cells = bs.Population(40, bs.LIF(), name="cells")
    net = bs.Network(seed=5)
    net.connect(sources, cells, bs.AllToAll(), weight=1.0, delay=delay, synapse=DELTA, storage=storage)
    return net, cells


def run_for_ever(sim):
    while True:
        sim.run(5.0)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_delay_drawn_beyond_the_calendar_is_an_error_and_nothing_recorded_is_lost(threads):
    message = r"sources->cells.delay: Clipped\(.*\) gives delays of more than 65000 steps of dt; .* high=6500\)"
    net, _ = late("stored")
    with pytest.raises(ValueError, match=message):
        bs.Simulation(net, seed=1)
    net, cells = late("procedural")
    sim = bs.Simulation(net, seed=1, threads=threads, record=[bs.Trace(cells[0], "v")])
    with pytest.raises(ValueError, match=message):
        run_for_ever(sim)
    done = round(sim.time)
    assert 0 < done < 400
    result = sim.result()
    assert result.duration == done
    assert result.state is None
    assert result.spikes["sources"].times.tolist() == list(range(1, done + 1))
    assert result.traces["cells", "v"].times.size == 10 * done + 1
    with pytest.raises(RuntimeError, match=r"reset\(\) goes back to the start, and result\(\) returns what was recorded"):
        sim.run(5.0)
    sim.reset()
    assert len(sim.run(5.0).spikes["sources"]) == 5
    assert sim.result().state is not None


@pytest.mark.parametrize("storage", ["stored", "procedural"])
def test_delays_of_which_some_must_be_too_long_are_refused_before_anything_is_built(storage, monkeypatch):
    for name in ("Store", "count_synapses"):
        monkeypatch.setattr(store, name, lambda *_: pytest.fail("began to build"))
    net, _ = late(storage, bs.Clipped(bs.Normal(6480.0, 25.0), low=6000.0))
    with pytest.raises(ValueError, match="gives delays of more than 65000 steps"):
        bs.Simulation(net, seed=1)
