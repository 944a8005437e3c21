"""What `Simulation.set` and `rewire` change of the simulated network."""

import numpy as np

from brainsim.build.constants import check_against_dt
from brainsim.build.timing import steps_around
from brainsim.core.arrays import short_repr
from brainsim.core.checks import MissingName, computed_values, known_as, nearest, warn_user
from brainsim.core.contexts import within
from brainsim.core.hints import word
from brainsim.engine.simulation.described import take_run
from brainsim.equations.expressions.language import names_in
from brainsim.equations.over_time import parse_signal
from brainsim.features.growing.rewiring import Rewiring, revaluing
from brainsim.models.changing import OVER_TIME, PLACES, check_text, is_timed
from brainsim.models.neurons.sources import SpikeTrains
from brainsim.models.timed import TimedArray
from brainsim.models.values import Distribution
from brainsim.network.population import Population, View
from brainsim.network.projection import Projection


def change(sim, target, values):
    """Do what `Simulation.set` says."""
    run, layout, described = sim._run, sim._layout, sim._described
    if isinstance(target, Projection) or (isinstance(target, str) and target in run.synapses.projections):
        _change_synapses(sim, target, values)
        return
    if isinstance(target, Population):
        layout.check_population(target, "Simulation.set")
        target = target.name
    elif isinstance(target, View):
        raise TypeError("Simulation.set: cannot set parameters of a view; give an array for the population")
    if not isinstance(target, str) or target not in layout.members:
        before = list(layout.inputs)
        change_input(layout, described.inputs, target, values)
        _rebuild(run, "inputs", lambda: layout.inputs.__setitem__(slice(None), before))
    elif layout.members[target].trains is not None:
        change_trains(layout, target, values, run.step + run.is_complete())
        sim._run = run.rebuild("trains")
        return
    else:
        before = layout.members[target].values
        change_parameters(layout, target, values)
        sim._run = _rebuild(run, "parameters", lambda: layout.change(target, before))
    described.note(layout)


def _rebuild(run, what, take_back):
    """Build the operators that depend on what has changed, and return the run; take it back if one of them rejects it."""
    try:
        return run.rebuild(what)
    except Exception:
        take_back()
        run.rebuild(what)
        raise


def _change_synapses(sim, target, values):
    """Change the weights and delays of a projection, or what its rule of plasticity keeps of each synapse."""
    run = sim._run
    found = run.synapses.projection(target, "Simulation.set")
    kind = run.synapses.kind_of(found)
    if kind is not None and kind.changes_weights:
        run.settle()
        kind.set(values)
        return
    _check_can_change(run, "set")
    take_run(sim, revaluing(run, found, sim._described.projection(found.name), values).run())


def rewire(sim, projection, remove, pre, post, weight, delay):
    """Do what `Simulation.rewire` says."""
    run = sim._run
    _check_can_change(run, "rewire")
    found = run.synapses.projection(projection, "Simulation.rewire")
    rewiring = Rewiring(run, found, sim._described.projection(found.name), remove, pre, post, weight, delay)
    take_run(sim, rewiring.run())
    sim._run.log.rewired(found.name, rewiring.places)


def _check_can_change(run, method):
    """Raise RuntimeError if the last run failed: there is no state that could continue with other synapses."""
    if run.failed:
        raise RuntimeError(f"Simulation.{method}: the last run failed half-way; reset() goes back to the start")


@within(computed_values)
def change_parameters(layout, name, values):
    """Change parameters of a population, a dict of name to value; raise an error, and change nothing, if one is wrong."""
    member = layout.members[name]
    if member.trains is not None:
        change_trains(layout, name, values)
        return
    model = member.population.model
    known = getattr(model, "parameters", {})
    new = dict(member.values)
    for key, value in values.items():
        label = f"{type(model).__name__}.{key}"
        if key not in known:
            hint = nearest(key, known)
            if key in layout.variables(name):
                hint = f"; it is a variable: write sim.state[{name!r}][{key!r}] = {short_repr(value)}"
            raise ValueError(f"{type(model).__name__}: unknown parameter {key!r}{word(key, list(known), 'Neuron') or hint}")
        value, old = known[key].checked(value, label), member.values[key]
        if key + OVER_TIME in new:
            new[key + OVER_TIME] = value
            if _differs_between_cells(layout, name, key, value, label) and not np.ndim(old):
                new[key] = np.zeros(member.n)
            continue
        if is_timed(value) and not known[key].timed:
            hint = f"to change it, give it an expression or a TimedArray from the start: {type(model).__name__}({key}=...)"
            raise ValueError(f"{label}: must stay a number or one per cell; {hint}")
        if isinstance(value, Distribution):
            raise TypeError(f"{label}: must be numbers, not a distribution (got {value})")
        if np.ndim(value) and len(value) != member.n:
            raise ValueError(f"{label}: {name!r} has {member.n} cells (got {len(value)} values)")
        new[key] = np.broadcast_to(value, np.shape(old)) if np.ndim(old) else value
    parameters = {key: new[key] for key in known}
    numbers = {key: value for key, value in parameters.items() if not isinstance(new.get(key + OVER_TIME), str)}
    model.check_values(numbers | _bounds(new) | {"dt": layout.dt})
    check_against_dt(model, parameters, layout.dt, member.step.method, member.system.fixed_time)
    layout.change(name, new)


def change_trains(layout, name, values, first=0):
    """Give a population other listed spikes, none of them before the step `first`."""
    member = layout.members[name]
    for key in values:
        if key not in ("times", "ids"):
            raise ValueError(f"SpikeTrains: unknown parameter {key!r}{nearest(key, ['times', 'ids'])}")
    if "times" not in values:
        raise ValueError("SpikeTrains.times: must be given with ids; they replace all spikes that are still to be sent")
    trains = SpikeTrains(**values)
    trains.check_cells(member.n, name)
    past = trains.times[steps_around(trains.times, layout.dt) < first]
    if past.size:
        now = f"{(first - 1) * layout.dt:.10g}"
        hint = f"leave out what has been sent: times[times > {now} + 1e-6]"
        raise ValueError(f"SpikeTrains.times: must be after {now} ms, which was reached (got {past[0]:.10g} ms); {hint}")
    member.trains = trains if layout.within_steps else _not_before(trains, first, layout.dt)


def _not_before(trains, first, dt):
    """Return spikes of which those that are nearer to the step before `first`, which is over, are sent in `first`."""
    over = np.rint(trains.times / dt) < first
    if not over.any():
        return trains
    moved = SpikeTrains(np.maximum(trains.times, first * dt), trains.ids)
    if not trains.on_a_grid:
        moved.__dict__["on_a_grid"] = False
    else:
        time, now = f"{trains.times[over][0]:.10g} ms", f"{(first - 1) * dt:.10g} ms"
        warn_user(f"Simulation.set: a spike at {time} would be rounded to {now}, which was reached; it is sent a step later")
    return moved


def _differs_between_cells(layout, name, key, value, label):
    """Check another value for a parameter that may change in time; return whether it differs between the cells."""
    member = layout.members[name]
    if isinstance(value, Distribution):
        raise TypeError(f"{label}: must be numbers, a TimedArray or an expression, not a distribution (got {value})")
    if isinstance(value, str):
        check_text(value, label, member.population.model.parameters[key].unit, member.population)
        names = names_in(parse_signal(value, label))
        return any(np.ndim(member.values.get(other, [] if other in ("i", *PLACES) else 0.0)) for other in names)
    if isinstance(value, TimedArray):
        value.check_cells(member.n, label, name)
        return value.per_cell
    if np.ndim(value) and len(value) != member.n:
        raise ValueError(f"{label}: {name!r} has {member.n} cells (got {len(value)} values)")
    return bool(np.ndim(value))


def _bounds(values):
    """Return the smallest and largest values of parameters that change in time, for conditions; none of texts."""
    found = {}
    for key, value in values.items():
        if key.endswith(OVER_TIME) and not isinstance(value, str):
            table = value.values if isinstance(value, TimedArray) else np.atleast_2d(value)
            found[key.removesuffix(OVER_TIME)] = np.array([table.min(axis=0), table.max(axis=0)]).reshape(2, -1)
    return found


@within(computed_values)
def change_input(layout, original, target, values):
    """Change fields of an input; `original` are the inputs as they were when the simulation was made."""
    inputs = layout.inputs
    indices = [
        k
        for k, (now, was) in enumerate(zip(inputs, original, strict=True))
        if target is was.input or target is now.input or (isinstance(target, str) and target == was.name)
    ]
    if not indices:
        names = [*layout.members, *(stimulus.name for stimulus in original), *(p.name for p in layout.network.projections)]
        raise MissingName(
            f"Simulation.set: {target!r} is not an input, population or projection of this network{known_as(target, names)}"
        )
    if "synapse" in values:
        raise ValueError(
            "PoissonInput.synapse: cannot change in a run; give the cells two inputs, and set the rate of one to 0"
        )
    changed = {k: inputs[k].input.replaced(**values) for k in indices}
    for k, new in changed.items():
        new.check(inputs[k].target)
    for k, new in changed.items():
        inputs[k] = type(inputs[k])(inputs[k].target, new, inputs[k].name)
