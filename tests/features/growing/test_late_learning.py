"""Synapses that learn and join a network late: as if they had been there, between cells that have been silent."""

import numpy as np
import pytest

import brainsim as bs

pytestmark = pytest.mark.thorough_but("[pairs", "[reward]", "[voltage]")

LATE, DT = 3400.0, 0.1  # ms: longer than synapses may go without a sweep
RULES = {
    "pairs": bs.STDP(a_plus=0.05, a_minus=0.06),
    "of each synapse": bs.STDP(tau_plus=bs.Uniform(10.0, 30.0), pairing="presynaptic"),
    "triplets": bs.TripletSTDP.published("hippocampus, all, full"),
    "short term": bs.TsodyksMarkram(tau_fac=30.0),
    "reward": bs.DopamineSTDP(tau_c=50.0, tau_n=20.0, n_base=0.002),
    "voltage": bs.ClopathSTDP.published("visual cortex, Clopath 2010"),
}
CASES = [(name, precise) for name in RULES for precise in (False, True) if not precise or name not in ("reward", "voltage")]


def network(rule):
    """Return a network of cells at rest that are driven from `LATE` on, and a function that adds synapses that learn."""
    rng, net = np.random.default_rng(1), bs.Network(seed=1)
    times = LATE + 1.0 + np.sort(rng.uniform(0.0, 90.0, (2, 60)))
    source = bs.Population(3, bs.SpikeTrains(times[0], rng.integers(0, 3, 60)), name="source")
    drive = bs.Population(4, bs.SpikeTrains(times[1], rng.integers(0, 4, 60)), name="drive")
    cells = bs.Population(4, bs.LIF(t_ref=1.0), name="cells")
    net.add(source)
    net.connect(drive, cells, bs.OneToOne(), weight=40.0, delay=1.0, synapse=bs.Delta())

    def grow():
        given = {"modulator": cells, "modulator_delay": 2.0} if isinstance(rule, bs.DopamineSTDP) else {}
        more = {"weight": 0.4, "delay": 2.3, "dendritic_delay": 0.4, "synapse": bs.Exponential(), "plasticity": rule}
        return net.connect(source, cells, bs.AllToAll(), name="late", **more, **given)

    return net, grow


def columns(sim):
    table = sim.synapses("late", traces=True)
    return {"w": table.weight, **table.columns}


@pytest.mark.thorough_only("[pairs precise]", "[voltage]")
@pytest.mark.filterwarnings("ignore:.*was rounded")
@pytest.mark.parametrize(("name", "precise"), CASES, ids=[f"{name}{' precise' * precise}" for name, precise in CASES])
def test_they_learn_as_if_they_had_been_there(name, precise, tmp_path):
    net, grow = network(RULES[name])
    late = bs.Simulation(net, dt=DT, seed=2, precise=precise)
    late.run(LATE)
    grow()
    late, there = late.continue_with(net, threads=2), bs.Simulation(net, dt=DT, seed=2, precise=precise)
    there.run(LATE)
    begun = columns(late)
    assert begun.keys() == columns(there).keys()
    for key, values in columns(there).items():
        np.testing.assert_allclose(begun[key], values, rtol=1e-12, atol=1e-12, err_msg=key)
    late.run(40.0)
    loaded = bs.Simulation.load(late.network, late.save(tmp_path / "run.ckpt"))
    for one in (late, loaded):
        one.run(60.0)
    there.run(100.0)
    for key, values in columns(there).items():
        np.testing.assert_allclose(columns(late)[key], values, rtol=1e-9, atol=1e-12, err_msg=key)
        assert np.array_equal(columns(loaded)[key], columns(late)[key])
    spikes = [one.result().spikes["cells"] for one in (late, there)]
    assert np.array_equal(spikes[0].times, spikes[1].times)
    assert np.array_equal(spikes[0].ids, spikes[1].ids)
    assert len(spikes[0]) > 40
    after = columns(late)
    assert any(not np.allclose(after[key], values, rtol=1e-3) for key, values in begun.items())
    late.reset()
    assert all(np.array_equal(columns(late)[key], values) for key, values in begun.items())
