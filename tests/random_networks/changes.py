"""What is changed between the pieces of a run: inputs, parameters, the state."""

import numpy as np

import brainsim as bs
from brainsim.testing.random_networks import over_time, pieces
from brainsim.testing.random_networks.networks import RATES, parameter
from brainsim.testing.random_networks.own_models import table
from brainsim.testing.random_networks.pieces import chance, one_of


def drawn(rng, plan, variables, wiring=True):
    """Return up to three changes, each a function of a simulation; `variables` are those of each population."""
    makers = [change_of_input, change_of_parameter, change_of_state]
    if any("plasticity" in given for given in plan.connections):
        makers += [change_of_weights, freeze]
    if wiring and any(given.get("storage") != "procedural" for given in plan.connections):
        makers += [rewire, reweigh]
    return [made for _ in range(int(rng.integers(1, 4))) if (made := one_of(rng, makers)(rng, plan, variables)) is not None]


def applied(changes, sim):
    """Make the changes and return what was said against them; a value that is refused is refused in each run alike."""
    said = []
    for change in changes:
        try:
            change(sim)
        except ValueError as error:
            said.append(str(error))
    return said


def change_of_input(rng, plan, variables):
    """Return another rate, weight or amplitude for one of the inputs, by its name or by the input itself."""
    if not plan.inputs:
        return None
    given = one_of(rng, plan.inputs)
    source, n = given["input"], given["target"].n
    target = given["name"] if given["name"] is not None and chance(rng, 0.5) else source
    if isinstance(source, bs.CurrentInput):
        new = over_time.current(rng, plan, plan.kinds[given["target"].parts[0][0].name].size, n)
        values = {"amplitude": new.amplitude, "times": new.times, "start": new.start, "stop": new.stop}
    elif isinstance(source, bs.NoiseInput):
        values = {"sigma": over_time.value(rng, plan, 50.0, n), "correlation": float(rng.random())}
    elif isinstance(source, bs.VoltageClamp):
        values = {"v": rng.uniform(-75.0, -55.0, n)}
    elif isinstance(source, bs.ConductanceInput):
        values = {"g": rng.uniform(0.0, 1.0, n)}
    elif isinstance(source, bs.EventInput):
        size = np.max(source.weight, initial=0.0) or np.min(source.weight, initial=0.0) or 1.0
        values = over_time.events(rng, plan, float(size), n)
    elif chance(rng, 0.3):
        values = {"weight": one_of(rng, [0.0, 0.5, 1.0]) * _number(source.weight)}
    else:
        limit = 10 * over_time.largest(source.rate)
        top = one_of(rng, [rate for rate in RATES if rate <= limit])
        values = {"rate": top if chance(rng, 0.4) else rng.uniform(0.0, top, n)}
        if not plan.exact and chance(rng, 0.3):
            values = {"rate": over_time.value(rng, plan, top, n)}
    return lambda sim: sim.set(target, **values)


def _number(weight):
    return weight.mean if isinstance(weight, bs.values.Distribution) else weight


def change_of_parameter(rng, plan, variables):
    """Return another value for a parameter of a population, of the same shape as before."""
    names = [name for name, population in plan.populations.items() if population.model.parameters]
    if not names:
        return None
    name = one_of(rng, names)
    population, kind = plan.populations[name], plan.kinds[name]
    key = one_of(rng, list(population.model.parameters))
    spec, n = population.model.parameters[key], population.n
    if spec.timed:
        value = table(rng, plan.dt, n if kind.columns else None)
    else:
        value = parameter(rng, spec, n if key in kind.arrays and chance(rng, 0.5) else None)
    if isinstance(value, bs.values.Distribution):
        value = np.full(n, value.mean)
    target = name if chance(rng, 0.5) else population
    return lambda sim: sim.set(target, **{key: value})


def change_of_state(rng, plan, variables):
    """Return other values for a variable of some cells, of the neuron or of a receptor."""
    names = [name for name in variables if variables[name]]
    if not names:
        return None
    name = one_of(rng, names)
    variable, cells = one_of(rng, variables[name]), pieces.view(rng, plan.populations[name]).ids
    factor = rng.uniform(0.97, 1.03)

    def change(sim):
        sim.state[name][variable][cells] *= factor

    return change


def change_of_weights(rng, plan, variables):
    """Return other weights for a connection that learns: one for all, or somewhat smaller ones."""
    k, factor, one = _plastic(rng, plan), rng.uniform(0.5, 1.0), chance(rng, 0.3)

    def change(sim):
        projection = sim.network.projections[k]
        weights = factor * sim.synapses(projection).weight
        sim.set(projection, w=float(weights[0]) if one and weights.size else weights)

    return change


def freeze(rng, plan, variables):
    """Let a connection learn from now on, or no longer."""
    k, learning = _plastic(rng, plan), chance(rng, 0.4)
    return lambda sim: sim.set(sim.network.projections[k], learning=learning)


def rewire(rng, plan, variables):
    """Remove some synapses of a connection and add others."""
    k = one_of(rng, [k for k, given in enumerate(plan.connections) if given.get("storage") != "procedural"])
    given, seed, delay = plan.connections[k], int(rng.integers(1 << 30)), float(plan.dt * rng.integers(1, 30))

    def change(sim):
        projection, own = sim.network.projections[k], np.random.default_rng(seed)
        table, n = sim.synapses(projection), int(own.integers(0, 6))
        weight = float(table.weight[0]) if len(table) else 0.0
        pre, post = own.integers(0, given["pre"].n, n), own.integers(0, given["post"].n, n)
        sim.rewire(projection, remove=own.random(len(table)) < 0.1, pre=pre, post=post, weight=weight, delay=delay)

    return change


def reweigh(rng, plan, variables):
    """Give the synapses of a connection that does not learn other weights: as many, or one for all."""
    fixed = [k for k, given in enumerate(plan.connections) if "plasticity" not in given and given.get("storage") is None]
    if not fixed:
        return None
    k, factor, one = one_of(rng, fixed), one_of(rng, [0.0, 0.5, 1.0]), chance(rng, 0.3)

    def change(sim):
        projection = sim.network.projections[k]
        weights = factor * sim.synapses(projection).weight
        sim.set(projection, weight=float(weights[0]) if one and weights.size else weights)

    return change


def _plastic(rng, plan):
    """Return the index of a connection that learns."""
    return one_of(rng, [k for k, given in enumerate(plan.connections) if "plasticity" in given])
