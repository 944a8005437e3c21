"""Random networks: from a seed to a `Plan`, and from a plan to a `brainsim.Network`, as often as wanted."""

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

import brainsim as bs
from brainsim.testing.random_networks import couplings, defined_by_reference, exact_times, over_time, pieces, places, rules
from brainsim.testing.random_networks.kinds import EVERYDAY, FREE_SEEDS, LISTED, ORDER, pool
from brainsim.testing.random_networks.own_models import table
from brainsim.testing.random_networks.pieces import chance, one_of, spread

SIZES = ((1, 1), (2, 20), (20, 200), (50, 400), (50, 400), (400, 3_000))  # cells
STEPS = (0.1, 0.1, 0.1, 0.05, 0.2, 0.25, 0.3, 0.5, 1.0)  # ms
RATES = (0.0, 1e-6, 1e-3, 1.0, 30.0, 800.0, 8_000.0, 50_000.0, 1e6, 1e9, 1e11)  # Hz
REPEATED = 0.3  # share of the networks that have sources with several spikes in a step
LEAST_WEIGHT = 2e-6  # smaller ones are taken for a slip in units
# largest weight of a unit, as a share of the current at which a cell fires
SHARES = {"pA": 1.0, "pA*ms": 5.0, "nS": 0.02, "mV": 0.0, "": 0.0}


@dataclass
class Plan:
    """All that a network is made of and how long it runs.

    Attributes
    ----------
    seed : int
        Of the case; the wiring and the run have seeds of their own.
    dt, steps : float, int
    kinds : dict of str to Kind
        Of each population.
    populations : dict of str to Population
    receptors : dict of str to list of Synapse
        What each population has.
    connections, inputs : list of dict
        What `connect` and `stimulate` are given.
    exact : bool
        Whether all sums of weights are exact, so that not even the order of calls may matter.
    precise : bool
        Whether spikes have exact times.
    plain : bool
        Whether it has core features only: neither plasticity nor couplings nor distances.
    defined : bool
        Whether it has only what the reference defines: no random numbers in rules at exact times. Some rules have weights of
        0 and less.
    everyday : bool
        Whether it is drawn from the few kinds of cells that compile fast, and that others compile as well.
    """

    seed: int
    dt: float = 0.1
    steps: int = 0
    exact: bool = False
    precise: bool = False
    plain: bool = False
    everyday: bool = False
    defined: bool = False
    kinds: dict = field(default_factory=dict)
    populations: dict = field(default_factory=dict)
    receptors: dict = field(default_factory=dict)
    connections: list = field(default_factory=list)
    inputs: list = field(default_factory=list)

    @property
    def free(self):
        """Whether it may have kernels and rules that no other network has."""
        return self.seed >= FREE_SEEDS and not self.everyday

    def network(self):
        """Return a network made by this plan."""
        net = bs.Network(seed=self.seed + 1, required_dt=self.dt if self.seed % 7 == 0 else None)
        for population in self.populations.values():
            net.add(population)
        for given in self.connections:
            net.connect(**given)
        for given in self.inputs:
            net.stimulate(**given)
        return net

    def anew(self):
        """Return the same plan, drawn again."""
        return drawn(self.seed, self.precise, self.plain, self.everyday, self.defined)

    def with_(self, **changes):
        """Return a copy in which some fields are others."""
        return replace(self, **changes)


def drawn(seed, precise=False, plain=False, everyday=False, defined=False):
    """Return the plan of a seed: the same one each time, made anew."""
    rng = np.random.default_rng(seed)
    plan = Plan(seed, exact=chance(rng, 0.15), precise=precise, plain=plain, everyday=everyday, defined=defined)
    kinds = EVERYDAY if everyday else pool(seed)
    if precise:
        kinds, plan.exact = [kind for kind in kinds if exact_times.can_have_them(kind)] or [LISTED], False
    if plan.exact and any(map(_is_exact, kinds)):
        kinds = [kind for kind in kinds if _is_exact(kind)]
    else:
        plan.exact = False
    chosen = [one_of(rng, kinds) for _ in range(int(rng.integers(1, 5)))]
    plan.dt = one_of(rng, [dt for dt in STEPS if all(dt <= kind.longest_dt for kind in chosen)])
    plan.steps = int(rng.integers(30, 400))
    add_populations(rng, plan, chosen, 12 if precise and defined else 3_000)  # of the reference, one by one
    use_each_receptor(rng, plan)
    for _ in range(int(rng.integers(1, 8))):
        add_connection(rng, plan, *_somewhere(rng, plan))
    for _ in range(int(rng.integers(0, 3))):
        add_poisson(rng, plan, *_somewhere(rng, plan))
    add_currents(rng, plan)
    if not plain:
        _add_features(plan)
    add_events(np.random.default_rng([seed, 16]), plan)
    if not plain:
        rules.combine(np.random.default_rng([seed, 13]), plan, plan.free)
    if precise:
        exact_times.keep_what_can_have_them(plan)
    elif not plain:
        couplings.add(np.random.default_rng([seed, 14]), plan)
    if defined:
        defined_by_reference.keep(plan)
    return plan


def _add_features(plan):
    """Let connections depend on distances, and learn; each has random numbers of its own, so the rest stays as it is."""
    seed, free, size_of = plan.seed, plan.free, partial(size_of_weights, plan)
    places.add_distances(np.random.default_rng([seed, 9]), plan, size_of)
    rules.add_plasticity(np.random.default_rng([seed, 8]), plan, size_of, free)
    rules.add_more(np.random.default_rng([seed, 9]), plan, size_of, free)
    add_repeated(np.random.default_rng([seed, 12]), plan)
    rules.mirror(np.random.default_rng([seed, 17]), plan, free)
    over_time.add_conductances(np.random.default_rng([seed, 18]), plan)


def _is_exact(kind):
    """Whether events are summed on their own, before they meet a number that is not exact, and currents not at all."""
    return len(kind.receptors) <= 1 and not any(synapse.receptor_equations.direct for synapse in kind.receptors)


def add_populations(rng, plan, kinds, most=3_000):
    """Draw the sizes, parameters, receptors and initial values of populations; some receptors are shared."""
    shared = {}
    for number, kind in enumerate(kinds):
        low, high = one_of(rng, SIZES)
        n = min(int(rng.integers(low, high + 1)), most)
        name = f"{kind.model.__name__} {number}"
        model = listed(rng, plan, n) if kind == LISTED else model_of(rng, kind, n, plan.dt, plan.precise)
        plan.receptors[name] = receptors(rng, kind, n, shared)
        initial = {variable: start(rng, spec, n) for variable, spec in model.initials.items() if chance(rng, 0.5)}
        initial |= starts_of_receptors(rng, kind, plan.receptors[name], n)
        where = places.positions(np.random.default_rng([plan.seed, 10, number]), n, plan.seed)
        plan.populations[name] = bs.Population(n, model, name=name, initial=initial, positions=where)
        plan.kinds[name] = kind


def model_of(rng, kind, n, dt, precise=False):
    """Return a model with random parameters; what is a number and what differs from cell to cell is the kind's."""
    values = {}
    for name, spec in kind.model.parameters.items():
        per_cell = name in kind.arrays
        if spec.timed:
            values[name] = table(rng, dt, n if kind.columns else None)
        elif per_cell or chance(rng, 0.4):
            values[name] = parameter(rng, spec, n if per_cell else None)
            values = _allowed(kind.model, values, name, spec.default if not per_cell else np.full(n, spec.default))
    return kind.model(**(exact_times.waits(kind.model, n, values) if precise else values))


def parameter(rng, spec, n):
    """Return a value near the default: a number, or an array or distribution of n of them."""
    low, high = sorted((0.97 * spec.default, 1.03 * spec.default))
    if n is None:
        return float(rng.uniform(low, high)) if low < high else spec.default
    if low == high or chance(rng, 0.5):
        return rng.uniform(low, high, n) if low < high else np.full(n, spec.default)
    return pieces.distribution(rng, low, high)


def _allowed(model, values, name, default):
    """Return the values, with the default in place of one that the model rejects."""
    try:
        model(**values)
    except ValueError:
        return values | {name: default}
    return values


def start(rng, spec, n):
    """Return an initial value for a variable."""
    number = isinstance(spec.default, float | int)
    if spec.unit == "mV" and (not number or spec.default < -40.0):
        return spread(rng, -68.0, -48.0, (n,))
    middle = spec.default if number else 0.3
    return spread(rng, middle - 0.05 * abs(middle) - 0.01, middle + 0.05 * abs(middle) + 0.01, (n,))


def starts_of_receptors(rng, kind, synapses, n):
    """Return initial values for the variables of some receptors: those with a name, which is how they are called."""
    found = {}
    for synapse in synapses:
        size = SHARES.get(synapse.weight_unit, 0.0) * kind.size or 1.0
        if synapse.name and chance(rng, 0.3):
            found |= {f"{synapse.name}.{variable}": spread(rng, 0.0, size, (n,)) for variable in synapse.variables[:1]}
    return found


def listed(rng, plan, n):
    """Return spike trains: spikes at 0, at the end, twice, beyond the end, or none at all; as a list or cell by cell."""
    if chance(rng, 0.1):
        return bs.SpikeTrains([], [])
    size = int(rng.integers(1, 300))
    steps = rng.integers(0, plan.steps + 20, size)
    steps[: size // 4] = one_of(rng, [0, 1, plan.steps, plan.steps - 1])
    times = np.sort(steps) * plan.dt + (0.3 * plan.dt if chance(rng, 0.1) else 0.0)
    ids = rng.integers(0, n, size)
    if plan.precise:
        times = exact_times.off_grid(np.random.default_rng([plan.seed, 15]), times, plan.dt)
    if chance(rng, 0.3):
        return bs.SpikeTrains({int(cell): times[ids == cell] for cell in rng.permutation(np.unique(ids))})
    return bs.SpikeTrains(times, ids)


def add_repeated(rng, plan):
    """Add sources that fire two or three times within a step, onto synapses that learn; some wake their targets at once.

    This has random numbers of its own, so the rest of the network stays as it was.
    """
    synapse, names = _somewhere(rng, plan)
    if plan.exact or synapse is None or not chance(rng, REPEATED):
        return
    n, steps = int(rng.integers(1, 20)), np.cumsum(rng.integers(1, 40, 40))
    # at one time, or closer than a step within one step or on both sides of an edge
    offsets = one_of(rng, [[0.0, 0.0], [0.0, 0.2], [-0.3, -0.1], [0.2, 0.4, 0.6]])
    times = (steps[steps <= plan.steps, None] + offsets).ravel() * plan.dt
    trains = [times[rng.random(times.size) < 0.9] for _ in range(n)]
    name = "repeated"
    plan.populations[name] = pre = bs.Population(n, bs.SpikeTrains(trains), name=name)
    plan.kinds[name], plan.receptors[name] = LISTED, []
    post = plan.populations[names[0]]
    post = post if post.n < 100 else post[:100]
    size = abs(size_of_weight(rng, plan, synapse, names)) * one_of(rng, [1.0, 3.0])
    rule = one_of(rng, [bs.AllToAll(), bs.FixedProbability(0.5), bs.FixedOutdegree(3)])
    delay = plan.dt * int(rng.integers(1, 12)) if chance(rng, 0.6) else bs.Uniform(plan.dt, 12 * plan.dt)
    given = {"pre": pre, "post": post, "rule": rule, "synapse": synapse, "delay": delay, "weight": size, "name": name}
    given["plasticity"] = rules.kind_of(rng, plan, given, size)
    if chance(rng, 0.5):
        given["dendritic_delay"] = rules.dendritic(rng, plan.dt, delay)
    plan.connections.append(given)


def receptors(rng, kind, n, shared):
    """Return the synapses of a kind; some are in `shared`, where populations find those that others have."""
    found = []
    for number, synapse in enumerate(kind.receptors):
        place = synapse, kind.receptors[:number].count(synapse)
        made = receptor(rng, *place, kind, n)
        if not kind.varied and chance(rng, 0.7):
            made = shared.setdefault(place, made)
        found.append(made)
    return found


def receptor(rng, synapse, number, kind, n):
    """Return a synapse with random parameters; `number` counts those of one class on a population."""
    values = {}
    for position, (name, spec) in enumerate(synapse.parameters.items()):
        per_cell = kind.varied and position == 0
        if per_cell or chance(rng, 0.5):
            values = _allowed(
                synapse,
                values | {name: parameter(rng, spec, n if per_cell else None)},
                name,
                np.full(n, spec.default) if per_cell else spec.default,
            )
    # of two of a class the second is slower, so that they are two; a name keeps their labels apart
    if number and "tau" in synapse.parameters and not kind.varied:
        values["tau"] = synapse.parameters["tau"].default * (1.1 + number)
    named = number or chance(rng, 0.3)
    return synapse(**values, **({"name": f"{synapse.__name__.lower()}_of_{number}"} if named else {}))


def use_each_receptor(rng, plan):
    """Use every receptor once, in one order for all networks, which decides the text of kernels."""
    places = [
        (ORDER.index(type(synapse)), plan.receptors[name][:k].count(synapse), k, name)
        for name in plan.receptors
        for k, synapse in enumerate(plan.receptors[name])
    ]
    for *_, k, name in sorted(places):
        synapse = plan.receptors[name][k]
        (add_connection if chance(rng, 0.7) else add_poisson)(rng, plan, synapse, [name])


def _somewhere(rng, plan):
    """Return a synapse and the names of populations that have it; or (None, [])."""
    found = {}
    for name, synapses in plan.receptors.items():
        for synapse in synapses:
            found.setdefault(synapse, []).append(name)
    if not found:
        return None, []
    synapse, names = one_of(rng, list(found.items()))
    return synapse, names if chance(rng, 0.4) else [one_of(rng, names)]


def size_of_weight(rng, plan, synapse, names):
    """Return the largest weight that cells of these populations bear, negative for some that inhibit."""
    unit = synapse.weight_unit
    if unit == "":
        return 1.0
    kind = plan.kinds[names[0]]
    size = SHARES[unit] * kind.size or (0.2 if "ResonateAndFire" in kind.model.__name__ else 6.0)
    return -size if unit != "nS" and chance(rng, 0.25) else size


def size_of_weights(plan, given):
    """Return the weight of a connection that is furthest from 0, or what is left of it by a distribution without an end."""
    weight = given["rule"].weight if given["weight"] is None else given["weight"]
    if isinstance(weight, str):  # which falls with the distance
        return float(weight.partition("*")[0])
    if isinstance(weight, bs.values.Distribution):
        ends = [end if np.isfinite(end) else weight.mean for end in weight.support]
    else:
        ends = [np.min(weight, initial=0.0), np.max(weight, initial=0.0)]
    return max(ends, key=abs) or LEAST_WEIGHT


def add_connection(rng, plan, synapse, names):
    """Connect cells of any populations that send spikes with cells of those that are named."""
    senders = [population for name, population in plan.populations.items() if plan.kinds[name].sends]
    if synapse is None or not senders:
        if synapse is not None:
            add_poisson(rng, plan, synapse, names)
        return
    pre = pieces.joined(rng, senders) if chance(rng, 0.15) else pieces.view(rng, one_of(rng, senders))
    post = pieces.joined(rng, [plan.populations[name] for name in names])
    if chance(rng, 0.1):
        post = post.named(f"targets {len(plan.connections)}")
    size = size_of_weight(rng, plan, synapse, names)
    rule = pieces.rule(rng, pre, post, size)
    given = {
        "pre": pre,
        "post": post,
        "rule": rule,
        "synapse": synapse,
        "delay": pieces.delay(rng, plan.dt, rule, pre, post),
        "weight": pieces.weight(rng, size, rule, pre, post, plan.exact, synapse.weight_unit not in ("nS", "")),
    }
    if plan.exact or chance(rng, 0.6):
        given["name"] = f"projection {len(plan.connections)}"
    if can_be_procedural(given) and chance(rng, 0.4):
        given["storage"] = "procedural"
    plan.connections.append(given)


def can_be_procedural(given):
    """Whether a connection can be stored as its keys alone."""
    rule, arrays = given["rule"], any(np.ndim(given[key]) for key in ("weight", "delay") if given[key] is not None)
    free = not arrays and not rule.listed and "plasticity" not in given and not isinstance(given["synapse"], bs.Coupling)
    return free and not rule.by_target


def add_poisson(rng, plan, synapse, names):
    """Drive cells of the populations that are named by Poisson events, from almost never to more than can be counted."""
    if synapse is None:
        return
    view = pieces.joined(rng, [plan.populations[name] for name in names])
    top = one_of(rng, RATES[:-2] if plan.exact else RATES)
    rate = rng.uniform(0.0, top, view.n) * (rng.random(view.n) < 0.9) if chance(rng, 0.3) else top
    # of more than 2,000 events a second together as much as of these
    size = size_of_weight(rng, plan, synapse, names) * min(1.0, 2_000.0 / max(top, 1.0))
    size = np.sign(size) * max(abs(size), 5 * LEAST_WEIGHT)
    if not plan.exact and chance(rng, 0.3):
        rate = over_time.value(rng, plan, top, view.n)
    weight = (
        2.0 ** np.round(np.log2(abs(size))) * np.sign(size)
        if plan.exact
        else spread(rng, *sorted((0.2 * size, size)), (view.n,))
    )
    plan.inputs.append(
        {
            "target": view,
            "input": bs.PoissonInput(rate=rate, weight=weight, synapse=synapse, **over_time.window(rng, plan)),
            "name": f"drive {len(plan.inputs)}" if plan.exact or chance(rng, 0.6) else None,
        }
    )


def add_events(rng, plan):
    """List events at cells: on and off the grid, several at a time, in any order, some of them after the end.

    This has random numbers of its own, so the rest of the network stays as it was.
    """
    for number in range(int(rng.integers(0, 3))):
        synapse, names = _somewhere(rng, plan)
        if synapse is None:
            return
        view = pieces.joined(rng, [plan.populations[name] for name in names])
        given = over_time.events(rng, plan, size_of_weight(rng, plan, synapse, names), view.n)
        name = f"events {number}" if plan.exact or chance(rng, 0.6) else None
        plan.inputs.append({"target": view, "input": bs.EventInput(**given, synapse=synapse), "name": name})


def add_currents(rng, plan):
    """Inject currents into the populations whose kind has one: into all cells or some, constant, by steps, for each cell."""
    for name, kind in plan.kinds.items():
        for number in range(int(rng.integers(1, 3)) if kind.current else 0):
            if number and plan.exact:
                continue
            cells = pieces.view(rng, plan.populations[name])
            noisy = not plan.exact and chance(rng, 0.25)
            made = (over_time.noise if noisy else over_time.current)(rng, plan, kind.size, cells.n)
            plan.inputs.append({"target": cells, "input": made, "name": f"{name} {number}"})
        spec = None if kind == LISTED else kind.model.initials.get("v")
        if spec is not None and spec.unit == "mV" and not kind.model.spiking_source and chance(rng, 0.1):
            cells = pieces.view(rng, plan.populations[name])
            plan.inputs.append({"target": cells, "input": over_time.clamp(rng, plan, cells.n), "name": f"clamp of {name}"})
