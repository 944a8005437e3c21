"""An actor and a critic in spikes find the way to food, compared with the same algorithm in tables.

A rat starts in one corner of a grid; in the opposite one there is food. Place cells fire where it is. They drive the critic,
whose rate says how soon there will be food, and four pools of actor cells: the one with most spikes decides where it goes.
There, dopamine tells whether the new square is better or worse than the critic had expected of the last one, and
changes the synapses that made cells fire as the rat decided. The world outside is `steer`. It takes a minute. Sutton & Barto
(2018), ISBN 9780262039246; in spikes: Potjans, Morrison & Diesmann (2009), doi:10.1162/neco.2008.08-07-593.
"""

import weakref
from types import SimpleNamespace

import numpy as np

import brainsim as bs

SIDE, START, FOOD = 5, 0, 24  # squares along a side; squares are numbered row by row
MOVES = ((0, 1), (1, 0), (0, -1), (-1, 0))  # row and column: right, down, left, up, the pools of the actor
PLACE, POOL = 20, 25  # place cells of a square; cells of a pool, and of the critic
LOOK, ACT = 100.0, 100.0  # ms: until dopamine comes in a new square; until the rat moves on
HERE, NOTHING, FOOD_NOW = 60.0, 20.0, 80.0  # Hz: rates of place cells, and of the critic for the values 0 and 1
DISCOUNT = 0.9  # of the value of the next square
WITHIN, BETWEEN = 0.2, -0.8  # mV: weights within a pool of the actor, and between two
NOISY, COMMON = 10, 15.0  # Hz; cells whose noise a pool shares: without it the same pool would always win
HOPEFUL, UNBIASED = 0.5, 0.6  # mV: first weights onto the critic, which expects more than nothing, and onto the actor
DOPAMINE = {"values": 0.06, "policy": 0.15}  # 1/ms: for an error of 1
DURATION, DT = 120_000.0, 1.0  # ms


class Deciding(bs.LIF):
    """A LIF cell whose spikes mark its synapses only while the rat decides: `gate` follows `deciding`."""

    equations = bs.LIF.equations + "\ndgate/dt = (deciding - gate)/tau_gate"
    deciding: float = bs.parameter(0.0, "", "whether the rat decides, 0 or 1")
    tau_gate: float = bs.parameter(1.0, "ms", "how fast the gate moves", above=0.0)
    gate: float = bs.initial(0.0, "", "how much a spike marks synapses")


class Rewarded(bs.Plasticity):
    """Spikes shortly after input mark the synapse, c; dopamine, n, changes what is marked."""

    equations = "dx/dt = -x/tau_x\ndc/dt = -c/tau_c\ndn/dt = -n/tau_n\ndw/dt = c*n"
    on_pre = "x = x + 1"
    on_post = "c = c + a*x*gate_post"
    on_modulator = "n = n + 1/tau_n"  # it is set from outside
    bounds = ("0", "w_max")
    a: float = bs.parameter(1.0, "weight", "mark of a pair of spikes")
    tau_x: float = bs.parameter(20.0, "ms", "how long before a spike input counts", above=0.0)
    tau_c: float = bs.parameter(100.0, "ms", "how long a synapse is marked", above=0.0)
    tau_n: float = bs.parameter(5.0, "ms", "how long dopamine stays", above=0.0)
    w_max: float = bs.parameter(3.0, "weight", "upper bound", above=0.0)
    x: float = bs.initial(0.0, "", "recent input")
    c: float = bs.initial(0.0, "weight", "mark of the synapse")
    n: float = bs.initial(0.0, "1/ms", "dopamine")


worlds: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # Simulation -> where the rat is, and what the critic said


def build(seed=1):
    """Return the network, and the weights to record: onto a cell of the critic, from a place cell of each square."""
    places = bs.Population(SIDE * SIDE * PLACE, bs.Poisson(rate=rates(START)), name="places")
    critic = bs.Population(POOL, Deciding(), name="critic")
    actor = bs.Population(len(MOVES) * POOL, Deciding(), name="actor")
    noise = bs.Population(len(MOVES) * NOISY, bs.Poisson(rate=COMMON), name="noise")
    net, delta = bs.Network(seed=seed), bs.Delta()
    common = {"delay": 1.0, "synapse": delta, "plasticity": Rewarded()}
    values = net.connect(places, critic, bs.AllToAll(), weight=HOPEFUL, name="values", **common)
    net.connect(places, actor, bs.AllToAll(), weight=UNBIASED, name="policy", **common)
    pools = [actor[k * POOL : (k + 1) * POOL] for k in range(len(MOVES))]
    for k, pool in enumerate(pools):
        net.connect(noise[k * NOISY : (k + 1) * NOISY], pool, bs.AllToAll(), weight=1.0, delay=1.0, synapse=delta)
        for other in pools:
            weight = WITHIN if other is pool else BETWEEN
            net.connect(pool, other, bs.AllToAll(), weight=weight, delay=1.0, synapse=delta)
    for cells, rate in ((critic, 300.0), (actor, 150.0)):
        net.stimulate(cells, bs.PoissonInput(rate=rate, weight=1.0, synapse=delta))
    return net, [bs.WeightTrace(values, synapses=np.arange(SIDE * SIDE) * PLACE * POOL, every=1000.0)]


def rates(square):
    """Return the rates of the place cells [Hz]; of none if `square` is None."""
    return np.where(np.arange(SIDE * SIDE * PLACE) // PLACE == (-1 if square is None else square), HERE, 0.0)


def after(square, move):
    """Return the square after a move; beyond the edge there is a wall."""
    return int(np.clip(np.add(divmod(square, SIDE), MOVES[move]), 0, SIDE - 1) @ (SIDE, 1))


def value_of(spikes):
    """Return what the critic says: its rate, between those for nothing and for food."""
    return (1000.0 * len(spikes) / (POOL * LOOK) - NOTHING) / (FOOD_NOW - NOTHING)


def steer(sim, duration):
    """Let the rat run: it looks, learns, decides and moves, and begins again when it has eaten the food."""
    world, stop = worlds.setdefault(sim, SimpleNamespace(square=START, value=None)), sim.time + duration
    while sim.time < stop:
        sim.set("places", rate=rates(world.square))
        seen = sim.run(min(LOOK, stop - sim.time)).spikes
        if stop - sim.time < ACT:
            continue
        value = 1.0 if world.square == FOOD else DISCOUNT * value_of(seen["critic"])
        error = 0.0 if world.value is None else value - world.value
        for name, size in DOPAMINE.items():
            sim.set(name, n=size * error)
        eats, value = world.square == FOOD, value_of(seen["critic"])
        sim.set("places", rate=rates(None if eats else world.square))
        for name in ("critic", "actor"):
            sim.set(name, deciding=0.0 if eats else 1.0)
        counts = sim.run(ACT).spikes["actor"].counts().reshape(len(MOVES), POOL).sum(axis=1)
        for name in ("critic", "actor"):
            sim.set(name, deciding=0.0)
        world.square, world.value = (START, None) if eats else (after(world.square, counts.argmax()), value)


def draw(result, window=(0.0, DURATION)):
    """Return the figure of tables compared with spikes."""
    from brainsim.examples._figures.grid import grid_figure

    return grid_figure(result, window)


if __name__ == "__main__":
    network, traces = build()
    sim = bs.Simulation(network, dt=DT, seed=2, record=traces)
    steer(sim, DURATION)
    draw(sim.result()).savefig("grid.png")
