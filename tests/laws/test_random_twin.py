"""Random networks of linear cells against a twin in plain loops: each spike, and each potential to 1e-9 mV.

They are drawn by `random_networks`, from what can be listed: no random number acts in them, but those that drew them.
"""

import math

import numpy as np
import pytest

import brainsim as bs
from tests.random_networks import networks, own_models, pieces
from tests.random_networks.kinds import LISTED, Kind

pytestmark = pytest.mark.usefixtures("more_partitions")

GAUSS = list(zip(*np.polynomial.legendre.leggauss(8), strict=True))
KINDS = [
    Kind(bs.LIF, (), (bs.Delta, bs.Exponential)),
    Kind(bs.LIF, (), (bs.Delta, bs.Exponential, bs.Alpha)),
    Kind(bs.LIF, current=True),
    Kind(bs.LIF, ("tau_m", "t_ref"), (bs.Delta, bs.Exponential), current=True),
    Kind(bs.LI, (), (bs.Exponential,)),
    Kind(own_models.Keeping, (), (bs.Delta, bs.Exponential)),
    Kind(bs.ShiuLIF, ("t_ref",), (bs.Delta, own_models.Drive)),
]


def drawn(seed):
    """Return the plan of a network without a random number: of small populations, one of them with listed spikes."""
    rng = np.random.default_rng([seed, 99])
    plan = networks.Plan(seed, dt=pieces.one_of(rng, [0.1, 0.2, 0.25]), steps=int(rng.integers(100, 300)))
    chosen = [pieces.one_of(rng, KINDS) for _ in range(int(rng.integers(1, 4)))]
    while not plan.populations or any(is_drawn(population) for population in plan.populations.values()):
        networks.add_populations(rng, plan, [*chosen, LISTED], most=12)
    for name, synapses in plan.receptors.items():
        for synapse in sorted(synapses * 3, key=lambda s: synapses.index(s)):
            while True:
                networks.add_connection(rng, plan, synapse, [name])
                if is_listed(plan.connections[-1]):
                    break
                plan.connections.pop()
    networks.add_currents(rng, plan)
    plan.inputs = [given for given in plan.inputs if is_plain(given["input"])]
    return plan


def is_plain(current):
    """Whether an input is a current of numbers, all the time."""
    numbers = isinstance(current, bs.CurrentInput) and not isinstance(current.amplitude, str | bs.TimedArray)
    return numbers and not current.start and current.stop is None


def is_drawn(population):
    """Whether a number of a population is sampled by the simulator."""
    values = [*population.initial.values(), *(getattr(population.model, key) for key in population.model.parameters)]
    return any(isinstance(value, bs.values.Distribution) for value in values)


def is_listed(given):
    """Whether a connection says itself which cells it connects, how strongly and how late."""
    explicit = isinstance(given["rule"], bs.AllToAll | bs.OneToOne | bs.FromArrays | bs.FromSparse)
    return explicit and not any(isinstance(given[key], bs.values.Distribution) for key in ("weight", "delay"))


def places(view):
    """Return the cells of a view as (population, cell)."""
    return [(population.name, int(cell)) for population, cells in view.parts for cell in cells]


def synapses(given, dt):
    """Return each synapse of a connection: source, target, weight, delay in steps, receptor."""
    rule, pre, post = given["rule"], places(given["pre"]), places(given["post"])
    if isinstance(rule, bs.AllToAll):
        pairs = [(i, j) for i in range(len(pre)) for j in range(len(post)) if rule.autapses or pre[i] != post[j]]
    elif isinstance(rule, bs.OneToOne):
        pairs = [(i, i) for i in range(len(pre))]
    else:
        pairs = list(zip(rule.pre.tolist(), rule.post.tolist(), strict=True))
    weight = rule.weight if given["weight"] is None else given["weight"]

    def of(value, s, pair):
        if np.ndim(value) == 0:
            return float(value)
        return float(value[pair] if np.ndim(value) == 2 else value[pair[0] if isinstance(rule, bs.OneToOne) else s])

    # weights that differ are kept as float32
    kept = float if np.ndim(weight) == 0 else np.float32
    weights = [float(kept(of(weight, s, pair))) for s, pair in enumerate(pairs)]
    delays = [round(of(given["delay"], s, pair) / dt) for s, pair in enumerate(pairs)]
    return [(pre[i], post[j], w, d, given["synapse"]) for (i, j), w, d in zip(pairs, weights, delays, strict=True)]


def start(population, variable, index, default=0.0):
    """Return the value of a variable of a cell at time 0."""
    return float(np.broadcast_to(population.initial.get(variable, default), population.n)[index])


def psp(kind, tau, tau_m, dt, current, rise):
    """Return c_m times the voltage that a synaptic current adds over one step, by quadrature of the convolution.

    The integral of exp(-(dt - s)/tau_m) i(s) over the step; 8-point Gauss-Legendre is exact to rounding for smooth i.
    """
    total = 0.0
    for x, weight in GAUSS:
        s = 0.5 * dt * (x + 1.0)
        i = current * math.exp(-s / tau) if kind == "exponential" else (current + rise * s) * math.exp(-s / tau)
        total += weight * math.exp(-(dt - s) / tau_m) * i
    return 0.5 * dt * total


class Cell:
    """A leaky cell with its receptors, one step at a time."""

    def __init__(self, population, index, receptors, dt):
        model = population.model
        of = {key: float(np.broadcast_to(getattr(model, key), population.n)[index]) for key in model.parameters}
        self.of, self.dt, self.refractory, self.wait = of, dt, 0, round(of.get("t_ref", 0.0) / dt)
        self.v, self.g = start(population, "v", index, of["v_rest"]), start(population, "g", index)
        self.kept = model.arrivals == "kept"
        self.receptors = {synapse: [start(population, f"{synapse.name}.i", index), 0.0] for synapse in receptors}

    def move(self, current):
        """From one time to the next, under a current [pA] that is constant meanwhile."""
        tau_m, rest, decay = self.of["tau_m"], self.of["v_rest"], math.exp(-self.dt / self.of["tau_m"])
        v = rest + (self.v - rest) * decay + current * tau_m / self.of["c_m"] * (1.0 - decay)
        for synapse, state in self.receptors.items():
            if isinstance(synapse, bs.Delta):  # also Drive
                continue
            kind = "alpha" if isinstance(synapse, bs.Alpha) else "exponential"
            v += psp(kind, synapse.tau, tau_m, self.dt, *state) / self.of["c_m"]
            decayed = math.exp(-self.dt / synapse.tau)
            state[:] = (state[0] + state[1] * self.dt) * decayed, state[1] * decayed
        if not self.refractory:
            self.v = v
            if "tau_g" in self.of:
                self.v += psp("exponential", self.of["tau_g"], tau_m, self.dt, self.g, 0.0) / tau_m
                self.g *= math.exp(-self.dt / self.of["tau_g"])

    def arrive(self, synapse, weight):
        """Take an event."""
        if isinstance(synapse, bs.Alpha):
            self.receptors[synapse][1] += weight * math.e / synapse.tau
        elif isinstance(synapse, bs.Exponential):
            self.receptors[synapse][0] += weight
        elif not self.refractory or self.kept:
            if isinstance(synapse, own_models.Drive):
                self.g += weight
            else:
                self.v += weight

    def fires(self):
        """Whether it fires now, which resets it."""
        if self.refractory:
            self.refractory -= 1
        elif "v_th" in self.of and self.v >= self.of["v_th"]:
            self.v, self.g, self.refractory = self.of["v_reset"], 0.0, self.wait
            return True
        return False


def injected(plan, step):
    """Return (population, cell) -> current [pA] from a time on for a step."""
    found = {}
    for given in plan.inputs:
        source, cells, row = given["input"], places(given["target"]), None
        if source.times is None:
            row = np.broadcast_to(source.amplitude, len(cells))
        elif np.any(begun := np.rint(source.times / plan.dt) <= step):
            row = np.broadcast_to(source.amplitude[np.flatnonzero(begun)[-1]], len(cells))
        for place, amplitude in zip(cells, [] if row is None else row, strict=row is not None):
            found[place] = found.get(place, 0.0) + float(amplitude)
    return found


def twin(plan):
    """Return the spikes as sorted (step, population, cell), and population -> potentials at each step."""
    outgoing, due, spikes = {}, {}, []
    for given in plan.connections:
        for source, *rest in synapses(given, plan.dt):
            outgoing.setdefault(source, []).append(rest)
    cells = {
        (name, k): Cell(population, k, plan.receptors[name], plan.dt)
        for name, population in plan.populations.items()
        if plan.kinds[name] != LISTED
        for k in range(population.n)
    }
    rows = {name: [] for name in plan.populations if plan.kinds[name] != LISTED}

    def fire(step, place):
        spikes.append((step, *place))
        for target, weight, delay, synapse in outgoing.get(place, ()):
            due.setdefault(step + delay, []).append((target, synapse, weight))

    trains = [
        (round(t / plan.dt), (name, int(i)))
        for name, population in plan.populations.items()
        if plan.kinds[name] == LISTED
        for t, i in zip(population.model.times, population.model.ids, strict=True)
    ]
    for step in range(plan.steps + 1):
        current = injected(plan, step - 1)
        for place, cell in cells.items() if step else ():
            cell.move(current.get(place, 0.0))
        for target, synapse, weight in due.pop(step, ()):
            cells[target].arrive(synapse, weight)
        for place in [place for place, cell in cells.items() if step and cell.fires()]:
            fire(step, place)
        for place in [place for at, place in trains if at == step]:
            fire(step, place)
        for name in rows:
            rows[name].append([cells[name, k].v for k in range(plan.populations[name].n)])
    return sorted(spikes), {name: np.array(values) for name, values in rows.items()}


def engine(plan, threads):
    """Return the same of the simulator."""
    record = [bs.Trace(plan.populations[name], "v") for name in plan.populations if plan.kinds[name] != LISTED]
    result = bs.simulate(plan.network(), plan.steps * plan.dt, dt=plan.dt, seed=1, threads=threads, record=record)
    spikes = [
        (round(t / plan.dt), name, int(i))
        for name, found in result.spikes.items()
        for t, i in zip(found.times, found.ids, strict=True)
    ]
    return sorted(spikes), {name: trace.values for (name, _), trace in result.traces.items()}


@pytest.mark.thorough_but("[0]", "[1]", "[2]")
@pytest.mark.filterwarnings("ignore:.*was rounded")
@pytest.mark.parametrize("seed", range(12))
def test_spike_for_spike(seed):
    plan = drawn(seed)
    spikes, v = twin(plan)
    found, values = engine(plan, threads=1 + seed % 5)
    assert found == spikes
    assert values.keys() == v.keys()
    for name in v:
        assert np.abs(values[name] - v[name]).max() < 1e-9


def test_the_networks_are_alive():
    plans = [drawn(seed) for seed in range(12)]
    fired = [sum(plan.kinds[name] != LISTED for _, name, _ in twin(plan)[0]) for plan in plans]
    assert sum(count > 20 for count in fired) >= 6
    assert {type(given["rule"]) for plan in plans for given in plan.connections} == {
        bs.AllToAll,
        bs.OneToOne,
        bs.FromArrays,
        bs.FromSparse,
    }
