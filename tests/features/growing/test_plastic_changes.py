"""Homeostasis and rewiring against the slow twin, in small random networks: each synapse that stays, goes and comes."""

import copy

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.plasticity.plastic_networks import Replay, difference
from tests.helpers.plasticity.plastic_twin import rule_of

pytestmark = pytest.mark.usefixtures("more_partitions")
AT_BOUNDS = pytest.mark.filterwarnings("ignore:.*the bounds of .* keep the weights")  # in some of the random networks

CLOSE, DT, STOP, EVERY = 1e-12, 0.5, 120.0, 20.0  # relative; ms
RULES = [
    bs.STDP(a_plus=0.02, a_minus=0.03, w_max=2.0),
    bs.STDP(a_plus=0.02, a_minus=0.03, w_max=2.0, weight_dependence="multiplicative", pairing="presynaptic"),
    bs.TripletSTDP(w_max=2.0),
    bs.VogelsSTDP(rho_0=20.0, w_max=2.0),
]


def network(seed, homeostasis):
    """Return a small random network and its plastic projection, with autapses, multapses and delays of both kinds."""
    rng = np.random.default_rng(seed)
    cells = bs.Population(8, bs.LIF(t_ref=1.0), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=seed)
    loop = net.connect(
        cells,
        cells[rng.permutation(8)[:6]],
        bs.FixedTotal(60),
        weight=bs.Uniform(0.3, 1.2),
        delay=bs.Uniform(2 * DT, 8.0),
        dendritic_delay=(0.0, DT, "all")[seed % 3],
        synapse=(bs.Delta(), bs.Exponential(tau=2.0))[seed % 2],
        plasticity=RULES[seed % 4],
        homeostasis=homeostasis,
        name="loop",
    )
    net.stimulate(cells, bs.PoissonInput(rate=1500.0, weight=8.0, synapse=bs.Delta()), name="drive")
    return net, loop


def weights_of(twins):
    return np.array([twin.values["w"] for twin in twins])


def multiply(twins, factors):
    """Multiply the weights, within their bounds."""
    for twin, factor in zip(twins, factors, strict=True):
        twin.set_weight(twin.values["w"] * factor)


def normalised(twins, cells, totals):
    """Give the weights of the synapses of each cell a sum, of the same sign."""
    sums = {cell: sum(twin.values["w"] for twin, c in zip(twins, cells, strict=True) if c == cell) for cell in set(cells)}
    multiply(twins, [totals[c] / sums[c] if sums[c] * totals[c] > 0 else 1.0 for c in cells])


@pytest.mark.slow_but("0-target")
@pytest.mark.thorough_but("0-target")
@AT_BOUNDS
@pytest.mark.parametrize(("seed", "by"), [(0, "target"), (1, "source"), (2, "target"), (3, "source")])
def test_normalisation(seed, by):
    n = 8 if by == "source" else 6
    totals = np.random.default_rng(seed).uniform(4.0, 9.0, n)
    net, loop = network(seed, bs.Normalisation(totals, every=EVERY, by=by))
    sim = bs.Simulation(net, dt=DT, seed=seed, threads=1 + seed % 3)
    before = sim.synapses(loop)
    result = sim.run(STOP)
    replay = Replay(loop, result, before, np.arange(len(before)), rule=rule_of(loop.plasticity), parameters={})
    cells = (before.pre if by == "source" else before.post).tolist()
    for time in np.arange(EVERY, STOP + 0.1, EVERY):
        replay.run_to(time)
        normalised(replay.twins, cells, totals)
    after = sim.synapses(loop).weight
    assert difference(after, weights_of(replay.twins)) < CLOSE
    assert np.mean(after != before.weight) > 0.9


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(4))
def test_scaling(seed):
    h = bs.Scaling(30.0, tau=60.0, beta=0.5, every=EVERY / 2)
    net, loop = network(seed, h)
    sim = bs.Simulation(net, dt=DT, seed=seed, threads=1 + seed % 3)
    before = sim.synapses(loop)
    result = sim.run(STOP)
    replay = Replay(loop, result, before, np.arange(len(before)), rule=rule_of(loop.plasticity), parameters={})
    # spikes of each target, by their times on the grid
    trains = [result.spikes["cells"].of(int(cell)).times for cell in loop.post.parts[0][1]]
    rates, kept = np.full(6, h.goal), np.exp(-h.every / h.tau)
    for time in np.arange(h.every, STOP + 0.1, h.every):
        replay.run_to(time)
        counts = [np.count_nonzero((t > time - h.every + 1e-6) & (t < time + 1e-6)) for t in trains]
        rates = rates * kept + (1.0 - kept) * np.array(counts) / (1e-3 * h.every)
        multiply(replay.twins, np.exp(h.beta * (h.goal - rates) * 1e-3 * h.every)[before.post])
    after = sim.synapses(loop).weight
    assert difference(after, weights_of(replay.twins)) < CLOSE
    assert np.ptp(rates) > 5.0


@pytest.mark.thorough_but("0-")
@AT_BOUNDS
@pytest.mark.parametrize(("seed", "normal"), [(seed, seed % 2 == 0) for seed in range(4)] + [(2, False)])
def test_rewiring(seed, normal):
    """Synapses are removed and added at two times; a new one begins with the traces of its cells, and has seen nothing."""
    rng = np.random.default_rng(seed + 100)
    net, loop = network(seed, bs.Normalisation(5.0, every=EVERY) if normal else None)
    sim = bs.Simulation(net, dt=DT, seed=seed, threads=1 + seed % 3)
    tables, changes = [sim.synapses(loop)], []
    for duration in (37.0, 43.0):
        sim.run(duration)
        old, k = sim.synapses("loop"), int(rng.integers(3, 12))
        remove = rng.random(len(old)) < 0.3
        given = {"pre": rng.integers(0, 8, k), "post": rng.integers(0, 6, k), "weight": rng.uniform(0.3, 1.2, k)}
        # no longer than those before, which all of a dendritic delay may be
        given["delay"] = DT * rng.integers(2, 10, k)
        sim.rewire("loop", remove=remove, **given)
        changes.append((sim.time, np.flatnonzero(~remove), given))
        tables.append(sim.synapses("loop"))
    sim.run(STOP - sim.time)
    twins = rewired(loop, sim.result(), tables, changes, normal)
    assert difference(sim.synapses("loop").weight, weights_of(twins)) < CLOSE


def rewired(loop, result, tables, changes, normal):
    """Return the twins at the end of a run with changes: times, the synapses that stay, and those that come."""
    rule = rule_of(loop.plasticity)
    replay = Replay(loop, result, tables[0], np.arange(len(tables[0])), rule=rule, parameters={})
    post, events = tables[0].post, [(time, number) for number, (time, *_) in enumerate(changes)]
    events += [(time, None) for time in np.arange(EVERY, STOP + 0.1, EVERY) if normal]
    for time, number in sorted(events, key=lambda event: (event[0], event[1] is not None)):
        replay.run_to(time)
        if number is None:
            normalised(replay.twins, post.tolist(), np.full(6, 5.0))
            continue
        _, kept, given = changes[number]
        old = {name: getattr(tables[number], name)[kept] for name in ("pre", "post", "delay")}
        replay.keep(kept)
        now = copy.copy(tables[number + 1])
        for k in order_of_new(now, old, replay.twins, given):
            begin_at(replay, now, k, time)
        # in the order of the table
        both = {name: np.concatenate([old[name], given[name]]) for name in old}
        w = np.concatenate([weights_of(replay.twins[: kept.size]), given["weight"]])
        place = np.lexsort((np.round(w, 9), np.round(both["delay"], 6), both["post"], both["pre"]))
        table = np.lexsort((np.round(now.weight, 9), np.round(now.delay, 6), now.post, now.pre))
        replay.keep(place[np.argsort(table)])
        assert difference(now.weight, weights_of(replay.twins)) < CLOSE
        post = now.post
    replay.run_to(result.stop)
    return replay.twins


def order_of_new(now, old, twins, given):
    """Return where in the table `now` each synapse that was added is: where all that is known of it agrees."""
    free = np.ones(len(now), bool)
    found = []
    for pre, post, delay, weight in zip(given["pre"], given["post"], given["delay"], given["weight"], strict=True):
        same = free & (now.pre == pre) & (now.post == post) & (np.abs(now.delay - delay) < 1e-9) & (now.weight == weight)
        found.append(np.flatnonzero(same)[0])
        free[found[-1]] = False
    return found


def begin_at(replay, table, k, time):
    """Add a twin of synapse k of a table that begins at a time: only its traces are older."""
    twin = replay.add(table, k)
    begun = {name: twin.values[name] for name in table.columns}
    twin.learning = False
    replay.run_to(time)
    twin.learning = True
    twin.put(table.weight[k], **begun)
