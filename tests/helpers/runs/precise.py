"""What the ranks of an MPI run do in the tests of exact spike times, and the same in one process; see `ranked`."""

import numpy as np

import brainsim as bs
from tests.helpers.runs.ranked import main, sha

DURATION = 60.0
CUT = 23.4  # ms after which a state is saved


def network():
    """Linear cells, cells with conductances, and listed spikes between the points of the grid; many are under way."""
    rng = np.random.default_rng(5)
    start = np.round(rng.uniform(-65.0, -50.5, 90), 3)
    linear = bs.Population(60, bs.LIF(t_ref=1.23), name="linear", initial={"v": start[:60]})
    others = bs.Population(30, bs.LIF(tau_m=np.linspace(10.0, 20.0, 30)), name="others", initial={"v": start[60:]})
    times = np.round(rng.uniform(0.0, DURATION, 300), 5)
    times[:3] = 0.0, 0.1, 30.0
    times.sort()
    trains = bs.Population(10, bs.SpikeTrains(times, rng.integers(0, 10, 300)), name="trains")
    net = bs.Network(seed=1)
    current = bs.Exponential(tau=2.0)
    for name, pre in (("linear", linear), ("others", others), ("trains", trains)):
        delay = np.round(0.1 * rng.integers(5, 60, pre.n), 1)[rng.integers(0, pre.n, 60 * 6)]
        pairs = bs.FromArrays(rng.integers(0, pre.n, 360), rng.integers(0, 60, 360))
        net.connect(pre, linear, pairs, weight=np.round(rng.uniform(-40, 60, 360)), delay=delay, synapse=current, name=name)
        net.connect(
            pre,
            linear,
            bs.FixedIndegree(3),
            weight=0.5,
            delay=bs.Uniform(0.5, 3.0),
            synapse=bs.Delta(),
            name=f"{name} jumps",
        )
        net.connect(
            pre,
            others,
            bs.FixedIndegree(5),
            weight=bs.Uniform(0.5, 2.0),
            delay=1.11,
            synapse=bs.ExponentialConductance(tau=3.0),
        )
    learning = (bs.TsodyksMarkram(tau_fac=30.0), bs.STDP(a_plus=0.05, a_minus=0.06, w_max=60.0))
    net.connect(
        linear,
        linear,
        bs.FixedIndegree(6),
        weight=bs.Uniform(5.0, 60.0),
        delay=bs.Uniform(0.5, 3.0),
        synapse=current,
        plasticity=learning,
        name="learning",
    )
    net.connect(
        trains,
        others,
        bs.FixedIndegree(4),
        weight=0.5,
        delay=1.11,
        dendritic_delay=0.333,
        synapse=bs.ExponentialConductance(tau=3.0),
        plasticity=bs.CalciumPlasticity(tau=1500.0, gamma_p=30.0, gamma_d=20.0, sigma=0.3, w_0=0.5),
        name="noisy",
    )
    rates = np.linspace(0.0, 3000.0, 30)
    net.stimulate(others, bs.PoissonInput(rate=rates, weight=0.3, synapse=bs.ExponentialConductance(tau=3.0)), name="noise")
    net.stimulate(linear, bs.PoissonInput(rate=500.0, weight=bs.Normal(0.1, 0.05), synapse=bs.Delta(), start=10.0))
    net.stimulate(linear, bs.CurrentInput([350.0, 420.0], times=[0.0, 20.0]))
    net.stimulate(others, bs.CurrentInput(np.linspace(300.0, 500.0, 30)))
    return net


def hashes(result):
    """Return hashes of the spikes and of the state of a Result, None on other ranks than the first."""
    if not result:
        return None
    found = {name: sha(spikes.times, spikes.ids) for name, spikes in result.spikes.items()}
    found |= {f"{name}.{v}": sha(a) for name, values in result.state.variables.items() for v, a in values.items()}
    return found | {name: sha(values) for name, values in result.state.extra.items()}


def ran(threads, pieces, ranks=True):
    """Return hashes of a run in some pieces of 20 ms."""
    sim = bs.Simulation(network(), seed=2, precise=True, threads=int(threads), ranks=ranks)
    for _ in range(int(pieces) - 1):
        sim.run(20.0)
    sim.run(DURATION - sim.time)
    result = sim.result()
    return hashes(result)


def rewired(threads, ranks=True):
    """Return hashes of a run in which synapses are removed while spikes are under way."""
    sim = bs.Simulation(network(), seed=2, precise=True, threads=int(threads), ranks=ranks)
    sim.run(CUT)
    sim.rewire("linear", remove=np.arange(40))
    sim.run(DURATION - CUT)
    result = sim.result()
    return hashes(result)


def saved(path, threads, ranks=True):
    """Save the result of the first part of a run, and return hashes of it."""
    result = bs.simulate(network(), CUT, seed=2, precise=True, threads=int(threads), ranks=ranks)
    if result:
        result.save(path)
    return hashes(result)


def continued(path, threads, ranks=True):
    """Return hashes of the rest of a run, from a state that was saved."""
    state = bs.Result.load(path).state
    return hashes(bs.simulate(network(), DURATION - CUT, state=state, precise=True, threads=int(threads), ranks=ranks))


if __name__ == "__main__":
    main(globals())
