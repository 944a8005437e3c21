"""Random networks: what is added, read or recorded between two runs changes no spike and no weight of what was there."""

import numpy as np
import pytest

pytestmark = pytest.mark.thorough

WEIGHTS = {"IF_curr_exp": 0.2, "IF_cond_alpha": 0.005, "IF_curr_delta": 1.0, "EIF_cond_exp_isfa_ista": 0.005}


def synapse(sim, rng, w):
    """Return a synapse of a random type with weights around w, and delays that may differ."""
    given = {"weight": w, "delay": [1.0, "0.5 + 0.3*d"][rng.integers(2)]}
    rule = sim.SpikePairRule(A_plus=0.02, A_minus=0.021), sim.MultiplicativeWeightDependence(w_max=2 * w)
    kinds = (
        lambda: sim.StaticSynapse(**given),
        lambda: sim.TsodyksMarkramSynapse(U=0.3, tau_facil=50.0 * rng.integers(2), **given),
        lambda: sim.STDPMechanism(*rule, dendritic_delay_fraction=float(rng.integers(2)), **given),
        lambda: sim.SimpleStochasticSynapse(p=0.6, **given),
    )
    return kinds[rng.integers(len(kinds))]()


def network(sim, seed):
    """Return populations, of which the first is alone, and projections."""
    rng = np.random.default_rng(seed)
    sim.setup(timestep=0.1, rng_seed=seed)
    kinds = [str(rng.choice(list(WEIGHTS))) for _ in range(3)]
    alone = sim.Population(3, getattr(sim, kinds[0])(i_offset=0.0, tau_refrac=2.0))
    cells = []
    for kind in kinds:
        n = int(rng.integers(2, 12))
        cell = getattr(sim, kind)(i_offset=list(0.9 + 0.3 * rng.random(n)), tau_refrac=2.0)
        cells.append(sim.Population(n, cell, initial_values={"v": list(-65.0 + 10.0 * rng.random(n))}))
    trains = [sorted((200.0 * rng.random(10)).tolist()) for _ in range(3)]
    sources = [sim.Population(4, sim.SpikeSourcePoisson(rate=rate)) for rate in (60.0, 400.0)]
    sources.append(sim.Population(3, sim.SpikeSourceArray(spike_times=trains)))
    wires = []
    for _ in range(5):
        pre, post = (some[rng.integers(len(some))] for some in (cells + sources, cells))
        connector = sim.FixedProbabilityConnector(0.5, rng=sim.NumpyRNG(seed))
        kind = synapse(sim, rng, WEIGHTS[type(post.celltype).__name__])
        wires.append(sim.Projection(pre, post, connector, kind, receptor_type="excitatory"))
    cells[0][:2].inject(sim.NoisyCurrentSource(mean=0.1, stdev=0.2, dt=0.5, start=20.0, stop=150.0))
    for population in cells + sources:
        population.record("spikes")
    return [alone, *cells, *sources], wires


def outcome(populations, wires):
    spikes = [[t.magnitude.tolist() for t in p.get_data().segments[-1].spiketrains] for p in populations[1:]]
    return spikes, [wire.get("weight", "list") for wire in wires]


def disturb(sim, populations, wires, what, k):
    """Change something that has no effect on the cells of a network but the first ones."""
    if what == 0:
        more = sim.Population(2, sim.IF_cond_exp())
        sim.Projection(populations[1], more, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.001, delay=7.0))
    elif what == 1:
        populations[2].record("v")
    elif what == 2:
        sim.Population(3, sim.IF_curr_exp(i_offset=1.0)).record("spikes")
    elif what == 3:  # the cells have values of their own now, and another place among all cells
        populations[0][:1].set(i_offset=0.01 * (k + 1))
    elif what == 4:
        for wire in wires:
            wire.set(weight=wire.get("weight", "array"))
    else:
        outcome(populations, wires)


@pytest.mark.parametrize("seed", range(8))
def test_what_was_there_goes_on(sim, seed):
    populations, wires = network(sim, seed)
    sim.run(200.0)
    expected = outcome(populations, wires)
    populations, wires = network(sim, seed)
    rng = np.random.default_rng(1000 + seed)
    for k, time in enumerate(np.sort(200.0 * rng.random(4))):
        sim.run_until(round(time, 1))
        disturb(sim, populations, wires, rng.integers(6), k)
    sim.run_until(200.0)
    assert sum(map(len, expected[0][0])) > 0
    assert outcome(populations, wires) == expected
