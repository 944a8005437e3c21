"""The ways in which a network is run, each of which must give the bits of a whole run with one thread.

A way is a function of a `Case` that yields pairs: what was done, and a list of differences. A new one is added to `WAYS`.
"""

import copy
import tempfile
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import brainsim as bs
from brainsim.engine.synapses import few_values
from brainsim.testing.random_networks import bits, networks, pieces
from brainsim.testing.random_networks.kinds import FREE_SEEDS
from brainsim.testing.random_networks.pieces import chance, one_of
from tests.helpers.plasticity import plastic_networks
from tests.helpers.resting import every_cell_may_rest

from . import changes, continuing, recorders

THREADS = (1, 2, 3, 4, 5)
MOST_TWINS = 30  # of a projection
MOST_COPIES = 12  # of a simulation


class Refused(Exception):  # noqa: N818 - a rejected network is not an error of the simulator
    """A network that the simulator will not run, and says so."""


class RanAway(Exception):  # noqa: N818
    """A network whose numbers do not stay finite, which is not to be compared."""


@dataclass
class Case:
    """A network with its whole run on one thread, and what the ways need to repeat it."""

    plan: object
    precision: str
    net: object
    variables: dict  # population -> its variables
    record: list
    silent: object  # the whole run, nothing recorded
    whole: object  # the whole run, everything recorded
    rng: object

    def simulation(self, net=None, **options):
        """Return a Simulation, by default of the same network with everything recorded."""
        options = {
            "dt": self.plan.dt,
            **options_of(self.precision),
            "record": self.record,
            "threads": 1,
            "progress": False,
        } | options
        if "state" not in options:
            options["seed"] = self.plan.seed + 2
        sim = bs.Simulation(self.net if net is None else net, **options)
        if sim.threads != options["threads"]:
            raise AssertionError(f"{sim.threads} partitions where {options['threads']} were asked for")
        return sim

    def run(self, **options):
        """Return the Result of a whole run."""
        return self.simulation(**options).run(self.duration)

    @property
    def duration(self):
        """How long a whole run is [ms]."""
        return self.plan.steps * self.plan.dt

    def cut(self, most=6):
        """Return the lengths of pieces of a run in steps, at random places."""
        steps = self.plan.steps
        places = np.sort(self.rng.integers(1, steps, int(self.rng.integers(1, most))))
        return [int(k) for k in np.diff([0, *places, steps]) if k]

    def threads(self):
        """Return a number of threads."""
        return one_of(self.rng, THREADS)


def options_of(precision):
    """Return the options of a simulation that is "double", "single" or, with exact times, "precise"."""
    return {"precise": True} if precision == "precise" else {"precision": precision}


def case_of(seed, precision):
    """Return the case of a seed, with its whole runs; raise Refused or RanAway if there is nothing to compare."""
    plan = networks.drawn(seed, precision == "precise")
    rng = np.random.default_rng([seed, 1])
    try:
        net = plan.network()
        case = Case(plan, precision, net, {}, [], None, None, rng)
        sim = case.simulation()
        case.variables = {name: list(sim.state[name]) for name in plan.populations}
        case.silent = sim.run(case.duration)
    except ValueError as error:
        raise Refused(str(error)) from error
    if not is_finite(case.silent):
        raise RanAway
    case.record = traces(rng, case)
    case.whole = case.run()
    return case


def has_run_away(error):
    """Return whether an error says that numbers do not stay finite, or are about to: a cell fires all the time."""
    return any(words in str(error) for words in ("not finite", "fires twice", "changes so fast"))


def is_finite(result):
    """Return whether all variables are numbers at the end of a run."""
    return all(np.isfinite(values).all() for variables in result.state.variables.values() for values in variables.values())


def traces(rng, case):
    """Return what is recorded: any variables, receptors' among them, of views, at each step or less often."""
    found = []
    for name, variables in case.variables.items():
        for variable in variables:
            if chance(rng, 0.6):
                every = None if chance(rng, 0.5) else case.plan.dt * int(rng.integers(1, 12))
                cells = case.plan.populations[name]
                found += [bs.Trace(pieces.view(rng, cells), variable, every=every) for _ in range(1 + chance(rng, 0.2))]
    return found


def differences(seed, precision):
    """Return all differences of a case, a line each; raise Refused or RanAway as `case_of` does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # times that are rounded, single precision that is coarse
        case, found = case_of(seed, precision), []
        for number, way in enumerate(WAYS):
            case.rng = np.random.default_rng([seed, 2 + number])
            found += [f"{way.__name__}, {what}: {line}" for what, lines in way(case) for line in lines]
        return found


def recording(case):
    """Nothing recorded; no spikes kept; only those of some views kept."""
    expected = bits.of_spikes(case.whole) | bits.of_state(case.whole.state)
    yield "no traces", bits.differences(bits.of_spikes(case.silent) | bits.of_state(case.silent.state), expected)
    found = case.run(record=[], spikes=False, threads=case.threads())
    yield "no spikes", bits.differences(bits.of_state(found.state), bits.of_state(case.whole.state))
    views = [pieces.view(case.rng, cells).named(f"part {k}") for k, cells in enumerate(case.plan.populations.values())]
    found = case.run(spikes=views, threads=case.threads())
    parts = {}
    for view in views:
        name = view.population.name if view.n == view.population.n else view.name
        whole = case.whole.spikes[view.population.name]
        part = whole if view.n == view.population.n else whole.of(view.ids)
        parts |= {("spikes", name, "times"): part.times, ("spikes", name, "ids"): part.ids}
    yield "spikes of views", bits.differences(bits.of_spikes(found), parts)


def threads(case):
    """Any number of threads."""
    for number in THREADS[1:]:
        yield f"{number} threads", bits.differences(bits.of_result(case.run(threads=number)), bits.of_result(case.whole))


def in_pieces(case):
    """Pieces of any length; what each returns holds everything once; a reset starts again."""
    sim, cut = case.simulation(threads=case.threads()), case.cut()
    results = [sim.run(steps * case.plan.dt) for steps in cut]
    what = f"{sim.threads} threads, {cut} steps"
    yield what, bits.differences(bits.of_result(sim.result()), bits.of_result(case.whole))
    parts = [bits.of_spikes(result) | bits.of_traces(result) for result in results]
    joined = {
        key: np.concatenate([part[key] for part in parts]) for key in parts[0] if key[0] == "spikes" or key[-1] != "ids"
    }
    whole = bits.of_spikes(case.whole) | bits.of_traces(case.whole)
    yield f"{what}, joined", bits.differences(joined, {key: whole[key] for key in joined})
    sim.reset()
    yield f"{what}, after a reset", bits.differences(bits.of_result(sim.run(case.duration)), bits.of_result(case.whole))


def restored(case):
    """Saved to a file, and gone on from there in a network that is made anew, on another number of threads."""
    first = int(case.rng.integers(1, case.plan.steps))
    begun = case.simulation(threads=case.threads(), record=case.record if chance(case.rng, 0.5) else [])
    result = begun.run(first * case.plan.dt)
    if not is_finite(result):  # a cell that ran away and is reset later: such a state is refused
        return
    with tempfile.TemporaryDirectory() as folder:
        result.save(Path(folder) / "begun.npz")
        state = bs.Result.load(Path(folder) / "begun.npz").state
    yield f"{first} steps, saved", bits.differences(bits.of_state(state), bits.of_state(result.state))
    anew = case.plan.anew()
    # traces are of populations of the network made anew
    record = [bs.Trace(_in(anew, trace.cells), trace.variable, every=trace.every) for trace in case.record]
    sim = case.simulation(anew.network(), state=state, threads=case.threads(), record=record)
    for steps in pieces.halves(case.rng, case.plan.steps - first):
        sim.run(steps * case.plan.dt)
    what = f"after {first} steps, {begun.threads} then {sim.threads} threads"
    yield what, bits.differences(bits.of_result(sim.result()), bits.after(case.whole, first * case.plan.dt))
    sim.reset()
    again = sim.run((case.plan.steps - first) * case.plan.dt)
    yield f"{what}, after a reset", bits.differences(bits.of_result(again), bits.after(case.whole, first * case.plan.dt))


def _in(plan, view):
    """Return the same view of the population of another plan."""
    return plan.populations[view.population.name][view.ids]


def copied(case):
    """Copies that are made at some moments: they and the original continue alike, one after the other."""
    sim, steps = case.simulation(threads=case.threads()), case.plan.steps
    moments = np.unique(case.rng.integers(1, steps + 1, MOST_COPIES if "repeated" in case.plan.populations else 2))
    forks, done = [], 0
    for moment in moments.tolist():
        sim.run((moment - done) * case.plan.dt)
        forks.append((moment, copy.deepcopy(sim)))
        done = moment
    for first, one in [*forks, (done, sim)]:
        if first < steps:
            one.run((steps - first) * case.plan.dt)
        what = "the original" if one is sim else "the copy"
        yield f"{what} after {first} steps", bits.differences(bits.of_result(one.result()), bits.of_result(case.whole))


def otherwise_stored(case):
    """Synapses that are stored instead of resampled, and the reverse, if cells have no others onto the same targets."""
    free = _free_to_change(case.plan.connections)
    if not free or case.plan.precise:
        return
    other = {"stored": "procedural", "procedural": "stored"}
    connections = [
        given | {"storage": other[given.get("storage", "stored")]} if k in free else given
        for k, given in enumerate(case.plan.connections)
    ]
    net = case.plan.with_(connections=connections).network()
    found = case.run(net=net, threads=case.threads())
    # a state keeps spikes for the longest delay that may be sampled, which is closer if all delays are known
    found, whole = (
        {key: values for key, values in bits.of_result(result).items() if key[0] != "pending"}
        for result in (found, case.whole)
    )
    yield "storage exchanged", bits.differences(found, whole)


def weights_by_number(case):
    """Listed weights that are kept as numbers of their values, if there are no others."""
    usual, few_values.WORTH = few_values.WORTH, 1
    try:
        sim = case.simulation(threads=case.threads())
        if sim._run.synapses.store.values.size:
            yield (
                f"{sim.threads} threads",
                bits.differences(bits.of_result(sim.run(case.duration)), bits.of_result(case.whole)),
            )
    finally:
        few_values.WORTH = usual


def at_rest(case):
    """Cells advanced as if most were at rest: with traces, without any, and in pieces.

    Not in the usual networks, of which each would compile another kernel; `test_cells_at_rest` has some of its own.
    """
    if case.plan.seed < FREE_SEEDS:
        return
    from brainsim.features.resting.operator import Resting

    with every_cell_may_rest():
        for what, record in (("with traces", case.record), ("silent", [])):
            sim = case.simulation(threads=case.threads(), record=record)
            operators = [partition.built.get(Resting) for partition in sim._run.partitions]
            if not any(operators):
                return
            for steps in case.cut(3):
                sim.run(steps * case.plan.dt)
            expected = case.whole if record else case.silent
            yield f"{what}, {sim.threads} threads", bits.differences(bits.of_result(sim.result()), bits.of_result(expected))
    cut = case.cut(4)
    acts = [changes.drawn(case.rng, case.plan, case.variables) for _ in cut[1:]]
    try:
        visited = _changed(case.simulation(), case, cut, acts)
    except ValueError as error:
        if has_run_away(error):
            return
        raise
    if is_finite(visited):
        with every_cell_may_rest():
            found = _changed(case.simulation(threads=case.threads()), case, cut, acts)
        yield "changed", bits.differences(bits.of_result(found), bits.of_result(visited))


def _changed(sim, case, cut, acts):
    """Return the Result of a run in pieces, between which something is changed."""
    for steps, act in zip(cut, [*acts, []], strict=True):
        sim.run(steps * case.plan.dt)
        changes.applied(act, sim)
    return sim.result()


def _free_to_change(connections):
    """Return the connections of which some pair of cells has no other that is stored in the other way.

    All that share sources and targets are stored alike before and after.
    """
    found = []
    groups = []
    for k, given in enumerate(connections):
        touching = [g for g in groups if any(_overlap(given, connections[j]) for j in g)]
        groups = [g for g in groups if g not in touching] + [[k, *(j for g in touching for j in g)]]
    for group in groups:
        alike = len({connections[k].get("storage", "stored") for k in group}) == 1
        if alike and all(networks.can_be_procedural(connections[k]) for k in group):
            found += group
    return set(found)


def _overlap(one, other):
    return one["pre"].in_common(other["pre"]) > 0 and one["post"].in_common(other["post"]) > 0


def in_another_order(case):
    """The calls of `connect`, `stimulate` and `add` in another order: the same run if sums are exact in any order."""
    plan = case.plan
    if not plan.exact:
        return
    names = case.rng.permutation(list(plan.populations))
    shuffled = plan.with_(
        populations={name: plan.populations[name] for name in names.tolist()},
        connections=[plan.connections[k] for k in case.rng.permutation(len(plan.connections))],
        inputs=[plan.inputs[k] for k in case.rng.permutation(len(plan.inputs))],
    )
    found = case.run(net=shuffled.network(), threads=case.threads())
    yield "shuffled", bits.differences(bits.of_result(found), bits.of_result(case.whole))


def with_changes(case):
    """Inputs, parameters and states changed between pieces: the same on any number of threads and after a reset."""
    cut = case.cut()
    acts = [changes.drawn(case.rng, case.plan, case.variables) for _ in cut[1:]]

    def run(sim):
        said = []
        for steps, act in zip(cut, [*acts, []], strict=True):
            sim.run(steps * case.plan.dt)
            said += changes.applied(act, sim)
        return sim.result(), said

    try:
        one, said = run(case.simulation())
    except ValueError as error:
        if has_run_away(error):
            return
        raise
    if not is_finite(one):
        return
    sim = case.simulation(threads=case.threads())
    for what in ("changed", "changed after a reset"):
        found, heard = run(sim)
        yield f"{what}, {sim.threads} threads", bits.differences(bits.of_result(found), bits.of_result(one))
        if heard != said:
            yield f"{what}, messages", [f"{heard}, not {said}"]
        sim.reset()
    found = sim.run(case.duration)
    yield "unchanged after a reset", bits.differences(bits.of_result(found), bits.of_result(case.whole))


def checkpointed(case):
    """Changed between pieces, saved to a file, and gone on from there in a network that is made anew."""
    cut = case.cut()
    acts = [changes.drawn(case.rng, case.plan, case.variables, wiring=False) for _ in cut[1:]]
    stop = int(case.rng.integers(0, len(cut)))

    def begun(sim):
        for steps, act in zip(cut[:stop], acts[:stop], strict=True):
            sim.run(steps * case.plan.dt)
            changes.applied(act, sim)
        return sim

    rest = sum(cut[stop:]) * case.plan.dt
    try:
        sim = begun(case.simulation(threads=case.threads()))
        anew = case.plan.anew()
        record = [replace(trace, cells=_in(anew, trace.cells)) for trace in case.record]
        with tempfile.TemporaryDirectory() as folder:
            path = sim.save(Path(folder) / "run.ckpt")
            loaded = bs.Simulation.load(anew.network(), path, record=record, threads=case.threads(), progress=False)
        for one in (sim, loaded):
            one.run(rest)
    except ValueError as error:
        if has_run_away(error):
            return
        raise
    if is_finite(sim.result()):
        what = f"changed and saved after {sum(cut[:stop])} steps, {sim.threads} then {loaded.threads} threads"
        yield what, bits.differences(bits.of_result(loaded.result()), bits.of_result(sim.result()))
        for one in (sim, loaded):
            one.reset()
        yield f"{what}, after a reset", bits.differences(bits.of_result(loaded.run(rest)), bits.of_result(sim.run(rest)))


def watched(projections, dt):
    """Return the traces of what rules read of their targets, which the twin needs."""
    found = {
        (population, name.removesuffix("_post"))
        for projection in projections
        for name in projection.plasticity.plasticity_equations.of_target
        for population, _ in projection.post.parts
    }
    return [bs.Trace(population, name, every=dt) for population, name in found]


def learning(case):
    """Synapses that learn, in two pieces, each piece against a twin that takes one spike at a time: to 1e-12."""
    plastic = [p for p in case.net.projections if p.plasticity is not None and not p.is_coupling]
    if case.precision != "double" or not plastic:
        return
    sim = case.simulation(threads=case.threads(), record=watched(plastic, case.plan.dt))
    plastic = [projection for projection in plastic if projection.homeostasis is None]  # of which the twin knows nothing
    before = [sim.synapses(projection) for projection in plastic]
    for steps in pieces.halves(case.rng, case.plan.steps):
        sim.run(steps * case.plan.dt)
        for projection, table in zip(plastic, before, strict=True):
            chosen = case.rng.permutation(len(table))[:MOST_TWINS]
            given = {"parameters": plastic_networks.parameters_of(sim, projection), "chosen": chosen}
            found = plastic_networks.differences(projection, sim.result(), table, sim.synapses(projection), **given)
            yield projection.name, [f"{name} differs by {size:.3g}" for name, size in found.items() if not size < 1e-12]


WAYS = (
    recording,
    threads,
    in_pieces,
    restored,
    copied,
    otherwise_stored,
    continuing.beside_another,
    in_another_order,
    with_changes,
    checkpointed,
    learning,
    recorders.to_disk,
    weights_by_number,
    at_rest,  # here: the random numbers of a way follow from its place
    continuing.grown,
    continuing.continued,
    continuing.joined,
)
