"""Ways in which a network becomes another one: a population beside it, and all that `continue_with` may add or leave out."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

import brainsim as bs
from brainsim.engine.states.sent import LAGS
from brainsim.testing.random_networks import bits, pieces
from brainsim.testing.random_networks.kinds import LISTED
from brainsim.testing.random_networks.pieces import chance, one_of

OF_ALL_CELLS = ("noise ", "coupling ", "left of input ", "events of input ")  # in a state
MAY_JOIN = bs.PoissonInput | bs.CurrentInput | bs.EventInput
# what a network may rightly say against going on as another one
ALLOWED = ("not finite", "fires twice", "changes so fast", "gave longer ago is not known")


def beside_another(case):
    """Another population in the network, which is connected with nothing: of a new model, or of one that is there."""
    lonely, net = _with_another(case)
    found = bits.of_result(case.run(net=net, threads=case.threads()))
    yield str(lonely), bits.differences(_of_others(found), _of_others(bits.of_result(case.whole)))


def grown(case):
    """The same, but that it joins while the network runs."""
    steps = int(case.rng.integers(0, case.plan.steps))
    sim = case.simulation(threads=case.threads())
    if steps:
        sim.run(steps * case.plan.dt)
    lonely, net = _with_another(case)
    sim = sim.continue_with(net, record=case.record, threads=case.threads(), progress=False)
    for cut in pieces.halves(case.rng, case.plan.steps - steps):
        sim.run(cut * case.plan.dt)
    whole = bits.after(case.whole, steps * case.plan.dt) if steps else bits.of_result(case.whole)
    what = f"{lonely} after {steps} steps, {sim.threads} threads"
    yield what, bits.differences(_of_others(bits.of_result(sim.result())), _of_others(whole))


def _with_another(case):
    """Return another population, and the network with it."""
    name, population = one_of(case.rng, list(case.plan.populations.items()))
    n = int(case.rng.integers(1, 100))
    model = population.model
    arrays = any(np.ndim(getattr(model, key)) for key in model.parameters)
    if arrays or isinstance(model, bs.SpikeTrains) or case.plan.kinds[name].columns:
        model = bs.LIF()
    lonely, net = bs.Population(n, model, name="another"), case.plan.network()
    net.add(lonely)
    return lonely, net


def _of_others(found):
    """Return what a result holds of all populations but the other one."""
    mixed = {("extra", LAGS), ("extra", "end of refractoriness")}  # with those of the other one, which may fire
    return {k: _of_own_cells(k, values) for k, values in found.items() if "another" not in k and k not in mixed}


def _of_own_cells(key, values):
    """Return an array of a result; if it is as long as the network, what is of cells on which something acts."""
    return values[values != 0.0] if key[0] == "extra" and key[1].startswith(OF_ALL_CELLS) else values


def continued(case):
    """Continued as a network of fewer parts, other delays or weights, and then as the whole one again.

    It is the same on any number of threads, in pieces, after a reset and from a file; a network without changes is what it
    would have been.
    """
    first, second = np.sort(case.rng.choice(np.arange(1, case.plan.steps), 2, replace=False)).tolist()
    change = one_of(case.rng, [_unchanged, _smaller, _otherwise_connected])
    plan = change(case.rng, case.plan)
    rest = case.plan.steps - second

    def begun(threads):
        sim = case.simulation(threads=threads[0])
        sim.run(first * case.plan.dt)
        sim = sim.continue_with(plan.network(), threads=threads[1], progress=False)
        for steps in pieces.halves(case.rng, second - first):
            sim.run(steps * case.plan.dt)
        middle = sim.result()
        return middle, sim.continue_with(case.net, record=case.record, threads=threads[2], progress=False)

    try:
        middle, sim = begun((1, 1, 1))
        whole = sim.run(rest * case.plan.dt)
        threads = [case.threads() for _ in range(3)]
        found, other = begun(threads)
        part = int(case.rng.integers(0, rest))
        if part:
            other.run(part * case.plan.dt)
        loaded = _from_a_file(case, other)
        for one in (other, loaded):
            one.run((rest - part) * case.plan.dt)
    except ValueError as error:
        if any(words in str(error) for words in ALLOWED):
            return
        raise
    if not all(np.isfinite(v).all() for variables in whole.state.variables.values() for v in variables.values()):
        return
    what = f"{change.__name__.strip('_')} after {first} and {second} steps, {threads} threads"
    yield f"{what}, meanwhile", bits.differences(bits.of_result(found), bits.of_result(middle))
    yield what, bits.differences(bits.of_result(other.result()), bits.of_result(whole))
    yield f"{what}, from a file", bits.differences(bits.of_result(loaded.result()), bits.of_result(whole))
    other.reset()
    yield f"{what}, after a reset", bits.differences(bits.of_result(other.run(rest * case.plan.dt)), bits.of_result(whole))
    if change is _unchanged:
        yield f"{what}, as ever", bits.differences(bits.of_result(whole), bits.after(case.whole, second * case.plan.dt))


def _from_a_file(case, sim):
    """Return a simulation that continues from what another one has saved."""
    with tempfile.TemporaryDirectory() as folder:
        path = sim.save(Path(folder) / "run.ckpt")
        return bs.Simulation.load(sim.network, path, record=case.record, threads=case.threads(), progress=False)


def _unchanged(rng, plan):
    return plan.anew()


def _smaller(rng, plan):
    """Return a plan without some of its last connections and inputs; names of the others are the same."""
    for _ in range(int(rng.integers(1, 5))):
        kind = one_of(rng, ["connections", "inputs"])
        less = plan.with_(**{kind: getattr(plan, kind)[:-1]})
        plan = less if _kernels(less) == _kernels(plan) else plan
    return plan


def _kernels(plan):
    """Return what decides the text of kernels: the receptors in use, in their order, and who gets a current."""
    uses = [(given["post"], given["synapse"]) for given in plan.connections]
    uses += [(given["target"], getattr(given["input"], "synapse", bs.CurrentInput)) for given in plan.inputs]
    return {(population.name, synapse) for view, synapse in uses for population, _ in view.parts}


def _otherwise_connected(rng, plan):
    """Return a plan in which some connections have other delays and weights."""
    connections = []
    for given in plan.connections:
        other, plain = {}, "plasticity" not in given and not isinstance(given["synapse"], bs.Coupling)
        if chance(rng, 0.5) and "dendritic_delay" not in given and not isinstance(given["synapse"], bs.Coupling):
            other["delay"] = plan.dt * int(rng.integers(1, 40))
        if plain and chance(rng, 0.5) and np.ndim(given["weight"]) == 0 and isinstance(given["weight"], float):
            other["weight"] = 0.5 * given["weight"]
        connections.append(given | other)
    return plan.with_(connections=connections)


def joined(case):
    """Inputs and sources that join while the network runs: as if they had been there, and silent until then."""
    plan, dt = case.plan, case.plan.dt
    steps = int(case.rng.integers(1, plan.steps))
    before, later = plan, []
    for _ in range(int(case.rng.integers(0, 4))):
        less = before.with_(inputs=before.inputs[:-1])
        if before.inputs and _may_join(before.inputs[-1]["input"], steps * dt) and _kernels(less) == _kernels(before):
            later.insert(0, before.inputs[-1])
            before = less
    newcomer = _newcomer(case, steps)
    if not later and newcomer is None:
        return
    silent = [given | {"input": _from(given["input"], steps * dt, dt)} for given in later]
    after = before.with_(inputs=before.inputs + later)
    there = before.with_(inputs=before.inputs + silent)
    after, there = (_with(one, newcomer) for one in (after, there))
    try:
        whole = case.run(net=there.network())
        sim = case.simulation(before.network(), threads=case.threads())
        sim.run(steps * dt)
        sim = sim.continue_with(after.network(), record=case.record, threads=case.threads(), progress=False)
        for cut in pieces.halves(case.rng, plan.steps - steps):
            sim.run(cut * dt)
    except ValueError as error:
        if any(words in str(error) for words in ALLOWED):
            return
        raise
    what = f"{len(later)} inputs{' and a source' * (newcomer is not None)} after {steps} steps, {sim.threads} threads"
    found, expected = bits.of_result(sim.result()), bits.after(whole, steps * dt)
    # a state keeps spikes for the longest delay, which may have grown
    kept = [{key: values for key, values in one.items() if key[0] != "pending"} for one in (found, expected)]
    yield what, bits.differences(*kept)


def _newcomer(case, steps):
    """Return a source whose spikes come after a number of steps, and its connection; None now and then."""
    connections = [given for given in case.plan.connections if not isinstance(given["synapse"], bs.Coupling)]
    if not connections or chance(case.rng, 0.3):
        return None
    given, n = one_of(case.rng, connections), int(case.rng.integers(1, 30))
    times = (steps + case.rng.integers(1, 60, 100)) * case.plan.dt
    source = bs.Population(n, bs.SpikeTrains(np.sort(times), case.rng.integers(0, n, 100)), name="newcomer")
    size = given["weight"] if isinstance(given["weight"], float) else 2e-3
    rule, delay = bs.FixedOutdegree(1 + int(case.rng.integers(0, 2))), case.plan.dt * int(case.rng.integers(1, 9))
    wires = {"pre": source, "post": given["post"], "rule": rule, "synapse": given["synapse"], "name": "of newcomer"}
    return source, wires | {"weight": size, "delay": delay}


def _with(plan, newcomer):
    """Return a plan with a source and its connection."""
    if newcomer is None:
        return plan
    source, wires = newcomer
    populations, kinds = plan.populations | {source.name: source}, plan.kinds | {source.name: LISTED}
    return plan.with_(populations=populations, kinds=kinds, connections=[*plan.connections, wires])


def _may_join(source, start):
    """Return whether an input can be there from a time on."""
    stop = getattr(source, "stop", None)
    return isinstance(source, MAY_JOIN) and (stop is None or stop > start)


def _from(source, start, dt):
    """Return an input that is silent until a time."""
    if isinstance(source, bs.EventInput):
        later = np.rint(source.times / dt) * dt > start + 0.5 * dt
        weight = source.weight[later] if np.ndim(source.weight) else source.weight
        return replace(source, times=source.times[later], ids=source.ids[later], weight=weight)
    return replace(source, start=max(source.start or 0.0, start))
