"""A simulation that continues as one of another network: of one that has grown, or changed, since it was made.

The network is built like any other and stands at its start. Then it takes over the state, as far as it has a place for it:
populations are found by their names, receptors by their synapses, and what synapses keep by the names of projections. What
is new begins as it is described.
"""

import numpy as np

from brainsim.engine.simulation.settings import checked_network
from brainsim.engine.states.fingerprint import fingerprint, of_input, of_projection
from brainsim.engine.states.sent import LAGS, carry_lags
from brainsim.engine.states.state import save_state
from brainsim.engine.synapses.readback import read_back
from brainsim.features.growing.differences import apply_values, find_changed_values
from brainsim.features.growing.rewiring import name_the_past
from brainsim.features.growing.under_way import with_what_is_under_way
from brainsim.network.network import copy_network

LABEL = "Simulation.continue_with"


def continue_with(sim, network, settings):
    """Return a simulation of another network that continues from where `sim` is."""
    if sim._run.failed:
        raise RuntimeError(f"{LABEL}: the last run failed half-way, so it has no state; reset() it first")
    check_sizes(checked_network(network, sim.dt), sim._layout)
    network, former = _as_rewired(network, sim)
    with settings.ranks.quiet():
        network = with_what_is_under_way(sim, network, LABEL)
    new = type(sim)._with(network, settings)
    new._described.former = former
    with settings.ranks.quiet():
        _take_values(sim, new)
        state = carry(sim._run, new._run, new._described.first_prints.parts())
    if sim._run.is_complete():
        new._restored = state
    new._run.log.clear()  # of the spikes at time 0, which it has noted when it was built
    new._run.restore(state, sim._run.is_complete())
    new._origin = new._recording.begin = sim._run.step
    new._run.shared.given_out.fill_in()
    return new


def check_sizes(network, layout):
    """Raise ValueError if a population has another number of cells than the one of its name that is simulated."""
    for name, population in network.populations.items():
        if name in layout.members and layout.members[name].n != population.n:
            numbers = f"{layout.members[name].n} cells (got {population.n})"
            raise ValueError(f"{LABEL}.network: {name!r} must have {numbers}; new cells are a population of their own")


def _as_rewired(network, sim):
    """Return a network in which projections that were rewired list their synapses as they are now, and what these were.

    A projection is found if it is what was rewired, here or before a simulation that this one continues, or equal to it, or
    to what lists its synapses now. What it was is projection -> name.
    """
    now, formers = sim._run.synapses.projections, sim._described.former | sim._run.synapses.former
    projections, found = list(network.projections), {}
    for k, projection in enumerate(projections):
        name = projection.name
        named = [p for p, of in formers.items() if of == name]
        if name in now and now[name]._connected:  # a loaded simulation does not know which were rewired before it was saved
            named.append(now[name]._connected)
        if named and any(_is_same(p, projection, of_projection) for p in (now[name], *named)):
            projections[k] = now[name]
            found |= dict.fromkeys([projection, *named], name)
    return (copy_network(network, projections) if found else network), found


def _take_values(sim, new):
    """Let populations and inputs that both networks have keep what `Simulation.set` gave them."""
    old, described = sim._layout, sim._described
    changes = find_changed_values(old, described.values, described.inputs)
    populations, there = ({k: m.population for k, m in one.members.items()} for one in (old, new._layout))
    inputs, given = ({one.name: one for one in of} for of in (described.inputs, new._layout.inputs))
    parts = {"populations": (populations, there, _of_population), "inputs": (inputs, given, of_input)}
    for kind, (before, now, shown) in parts.items():
        kept = changes[kind].items()
        changes[kind] = {name: v for name, v in kept if name in now and _is_same(before[name], now[name], shown)}
    if any(changes.values()):
        apply_values(new._layout, new._described.inputs, changes)
        new._run = new._run.rebuild("parameters", "inputs", "trains")
        new._described.note(new._layout)


def _is_same(one, other, shown):
    """Return whether two parts of a network are described alike; `shown` returns what counts."""
    return one is other or fingerprint(shown(one)) == fingerprint(shown(other))


def _of_population(population):
    return [population.n, population.model, population.positions]


def carry(old, new, network):
    """Return the State with which the Run `new`, which stands at its start, continues from where the Run `old` is.

    `network` has the fingerprints of the parts of the new one. With ranks all call it, and all get the state.
    """
    label = f"{LABEL}.network: the delay of a coupling"
    names = name_the_past(old, new, label, new.layout.members.keys() - old.layout.members.keys())
    same = _with_the_same_synapses(old, new)
    for partition in new.partitions:
        for operator in partition.program.operators:
            operator.announce()  # what cells give now is what those that are new have given before
    _begin_synapses(old, new)
    fresh, before = _state_of(new, network), _state_of(old, {})
    if fresh is not None:
        fresh.step = before.step
        for name, member in new.layout.members.items():
            _take_cells(fresh, name, member, old.layout.members.get(name), before)
        of_kinds = tuple(f"{kind.block.projection.name}." for kind in new.synapses.kinds)
        of_cells = [name for name in fresh.extra if not name.startswith((LAGS, *of_kinds))]
        carry_lags(fresh, new.layout, before, old.layout)
        fresh.extra |= _of_cells(old.layout, new.layout, before.extra, {name: fresh.extra[name] for name in of_cells}, names)
        for kind, former in same:
            _take_synapses(fresh, kind, former, before)
    return new.layout.ranks.first(fresh)


def _begin_synapses(old, new):
    """Let the synapses of the Run `new` begin at the step of the Run `old`, with traces of the cells as they are there."""
    members, former = new.layout.members, old.layout.members
    for name in members.keys() & former.keys():
        for variable in members[name].population.model.initials.keys() & former[name].population.model.initials.keys():
            (at, n), (then, _) = (run.layout.state_row(name, variable, LABEL) for run in (new, old))
            new.shared.state[at : at + n] = old.shared.state[then : then + n]
    for kind in new.synapses.kinds:
        for partition in new.partitions:
            kind.clear(partition, old.step)


def _state_of(run, network):
    """Return the State of a Run on rank 0, None on the others."""
    snapshot = run.snapshot()
    return snapshot and save_state(run.layout, snapshot, run.step, run.seed, network)


def _take_cells(state, name, member, former, before):
    """Let the cells of a population be as they were in a State `before`, if there was one of this name, `former`."""
    state.pending[name] = before.pending.get(name, (np.empty(0, np.int64), np.empty(0, np.int64)))
    if former is None:
        return
    labels, variables, then = _same_receptors(former, member), state.variables[name], before.variables[name]
    for key, values in variables.items():
        label, dot, variable = key.partition(".")
        variables[key] = then.get(f"{labels.get(label)}.{variable}" if dot else key, values)
    arriving = before.arriving[name]
    state.arriving[name] = {key: arriving.get(labels.get(key), values) for key, values in state.arriving[name].items()}
    state.refractory[name] = before.refractory[name]


def _same_receptors(former, member):
    """Return the labels of receptors of a population -> what the same receptors were called before.

    Those of the same synapse are the same; of the others, those of the same class and label, whose parameters have changed.
    """
    before = dict(zip(former.synapses, former.labels, strict=True))
    pairs = list(zip(member.synapses, member.labels, strict=True))
    found = {label: before.pop(synapse) for synapse, label in pairs if synapse in before}
    left = {(type(synapse), label) for synapse, label in before.items()}
    return {label: label for synapse, label in pairs if (type(synapse), label) in left} | found


def _of_cells(old, new, before, fresh, names):
    """Return what operators keep of each cell, name -> array: as it was, of the cells that there were.

    `names` leads from a name to the one before, None if there was none.
    """
    found = {}
    for name, values in fresh.items():
        then, found[name] = before.get(names.get(name, name)), values.copy()
        for member in new.members.values() if then is not None else ():
            if (former := old.members.get(member.population.name)) is not None:
                found[name][member.first : member.first + member.n] = then[former.first : former.first + former.n]
    return found


def _with_the_same_synapses(old, new):
    """Return (kind, former kind) of the projections that had a rule of the same class.

    Raise ValueError if their pairs are not the same.
    """
    found, formers = [], {kind.block.projection.name: kind for kind in old.synapses.kinds}
    for kind in new.synapses.kinds:
        projection, former = kind.block.projection, formers.get(kind.block.projection.name)
        if former is None or type(former.block.projection.plasticity) is not type(projection.plasticity):
            continue
        tables = [read_back(run.synapses, p, 1) for run, p in ((old, former.block.projection), (new, projection))]
        if not all(np.array_equal(*(getattr(table, end) for table in tables)) for end in ("pre", "post")):
            message = f"the synapses of {projection.name!r} learn, and are between other cells than those that are simulated"
            raise ValueError(f"{LABEL}.network: {message}; add and remove synapses by sim.rewire, or choose another name")
        found.append((kind, former))
    return found


def _take_synapses(state, kind, former, before):
    """Let what a projection keeps of its synapses be as it was in a State `before`, if it keeps the same."""
    prefix = f"{kind.block.projection.name}."
    kept = {key: values for key, values in before.extra.items() if key.startswith(prefix)}
    were_set = {key: kept.pop(key) for key in [*kept] if kind.only_if_set and key.startswith(prefix + kind.only_if_set)}
    if kept.keys() == {key for key in state.extra if key.startswith(prefix)}:
        state.extra |= kept | (were_set if kind.block.projection.plasticity == former.block.projection.plasticity else {})
        kind.fit(state.extra, former, LABEL)
