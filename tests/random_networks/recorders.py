"""Everything else that can be recorded: windows, means, inputs, currents, events and weights, in memory or to the disk."""

import tempfile

import numpy as np

import brainsim as bs
from brainsim.testing.random_networks import bits, over_time, pieces
from brainsim.testing.random_networks.pieces import chance, one_of

REDUCED = (None, "mean", "sum", "std")


def requests(rng, case):
    """Return what to record of a case."""
    found = []
    for name, variables in case.variables.items():
        cells, model = case.plan.populations[name], case.plan.populations[name].model
        found += [trace(rng, case, cells, variable) for variable in variables if chance(rng, 0.3)]
        if variables and model.cell_equations.uses_current and chance(rng, 0.3):
            found.append(trace(rng, case, cells, one_of(rng, ["I", "I_ext"])))
        if variables and variables[0] in model.initials and chance(rng, 0.4):
            level = -60 if model.initials[variables[0]].unit == "mV" else 0  # few texts, since each is compiled
            view = pieces.view(rng, cells)
            found.append(bs.EventRecord(view, f"{variables[0]} > {level}", name=f"events of {name}"))
    return found + inputs(rng, case) + weights(rng, case)


def trace(rng, case, cells, variable):
    """Return a trace of a variable of some cells, or of their mean, sum or standard deviation, of a part of the run."""
    every, window = one_of(rng, [None, case.plan.dt * int(rng.integers(1, 9))]), over_time.window(rng, case.plan)
    view = pieces.view(rng, cells).named(f"some of {cells.name}")
    return bs.Trace(view, variable, every=every, **window, reduce=one_of(rng, REDUCED))


def inputs(rng, case):
    """Return traces of some of the inputs that have a name, of all of their cells; listed events have no value over time."""
    given = [given for given in case.plan.inputs if not isinstance(given["input"], bs.EventInput)]
    given = [given for given in given if given["name"] is not None and len(given["target"].parts) == 1]
    given = [one for one in given if chance(rng, 0.3)]
    return [
        bs.Trace(one["target"], one["name"], every=3 * case.plan.dt, **over_time.window(rng, case.plan)) for one in given
    ]


def weights(rng, case):
    """Return what to record of connections that learn: some synapses, and histograms of all."""
    found = []
    for projection in case.net.projections:
        if projection.plasticity is not None and chance(rng, 0.5):
            count, bins = one_of(rng, [None, 5, 0]), one_of(rng, [None, [-10.0, 0.0, 1.0, 100.0]])
            every = float(case.plan.dt * rng.integers(3, 60))
            window = over_time.window(rng, case.plan)
            found.append(bs.WeightTrace(projection, synapses=count, every=every, bins=bins, **window))
    return found


def windows(rng, case):
    """Return whose spikes to keep, and when: a SpikeRecord for each population."""
    views = [pieces.view(rng, cells) for cells in case.plan.populations.values()]
    return [
        bs.SpikeRecord(
            view if view.n == view.population.n else view.named(f"window {k}"), **over_time.window(rng, case.plan)
        )
        for k, view in enumerate(views)
    ]


def within(records, whole):
    """Return the spikes of a whole run that are in these SpikeRecords, as `bits.of_spikes` names them."""
    found = {}
    for record in records:
        view, all_of = record.cells, whole.spikes[record.cells.population.name]
        name = view.name if view.n < view.population.n else view.population.name
        part = all_of if view.n == view.population.n else all_of.of(view.ids)
        edges = -np.inf if record.start is None else record.start, np.inf if record.stop is None else record.stop
        # spike times may lie anywhere within a step
        inside = (part.times > edges[0] + 1e-6 * whole.dt) & (part.times <= edges[1] + 1e-6 * whole.dt)
        found |= {("spikes", name, "times"): part.times[inside], ("spikes", name, "ids"): part.ids[inside]}
    return found


def to_disk(case):
    """All kinds of records: in memory on one thread, and to the disk in pieces, the first until a condition is met."""
    record, spikes = requests(case.rng, case), windows(case.rng, case)
    whole = case.run(record=record, spikes=spikes)
    events = {key for key in bits.of_spikes(whole) if str(key[1]).startswith("events of ")}
    kept = {key: values for key, values in bits.of_spikes(whole).items() if key not in events}
    yield "spikes of windows", bits.differences(kept, within(spikes, case.whole))
    expected = bits.of_result(whole) | bits.of_weights(whole)
    first, every = case.cut()[0] * case.plan.dt, int(case.rng.integers(1, 30)) * case.plan.dt
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/{one_of(case.rng, ['run.npz', 'run/'])}"
        sim = case.simulation(record=record, spikes=spikes, threads=case.threads(), to=path)
        sim.run_until(lambda sim: sim.time >= first, at_most=case.duration, every=every)
        left = case.plan.steps - round(sim.time / case.plan.dt)
        for steps in pieces.halves(case.rng, left):
            sim.run(steps * case.plan.dt)
        found, what = sim.close(), f"{sim.threads} threads, until {first:g} ms"
        yield what, bits.differences(bits.of_result(found) | bits.of_weights(found), expected)
        loaded = bs.Result.load(path)
        yield f"{what}, loaded", bits.differences(bits.of_result(loaded) | bits.of_weights(loaded), expected)
