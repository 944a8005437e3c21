"""Each synapse of a finished run of brainsim, replayed by the slow twin."""

import numpy as np

import brainsim as bs
from brainsim.engine.synapses.readback import order_of
from tests.helpers.plasticity.plastic_twin import Synapse, Watched, modulator_of, rule_of

NOTHING = 1e-290  # the exponential of the engine ends near here, that of NumPy at 0


def differences(projection, result, before, after, *, changes=(), rule=None, parameters=None, chosen=None, seed=None):
    """Return name -> the largest difference between twin and engine, of "w" and the columns.

    It is relative to the largest value during the run: what subtracts most of a variable, such as a burst that empties the
    synapses, leaves the rounding of what was there before.

    Parameters
    ----------
    projection : brainsim.network.Projection
    result : brainsim.Result
        Of the whole run from time 0 on, with the spikes of both populations.
    before, after : brainsim.SynapseTable
        `Simulation.synapses` at the start and at the end.
    changes : sequence of (float, dict)
        What was set at a time [ms]: "w" as a number or in the order of the table, "learning".
    rule : plastic_twin.Rule, optional
        By default that of the projection.
    parameters : dict of str to ndarray, optional
        Parameters that differ between synapses, in the order of the table; by default the columns of their names.
    chosen : ndarray, optional
        Places in the table of the synapses to compare, by default of all.
    seed : int, optional
        Of the run, by default that of the result; random numbers depend on it.
    """
    rule = rule or rule_of(projection.plasticity)
    chosen = np.arange(len(before)) if chosen is None else chosen
    own = {name: values for name, values in before.columns.items() if name in rule.parameters} | (parameters or {})
    twins = replayed(projection, result, before, chosen, changes=changes, rule=rule, parameters=own, seed=seed)
    got = {"w": after.weight} | {name: values for name, values in after.columns.items() if name not in rule.parameters}
    return {
        name: difference(
            values[chosen],
            np.array([twin.values[name] for twin in twins]),
            largest=max((twin.largest.get(name, 0.0) for twin in twins), default=0.0),
        )
        for name, values in got.items()
    }


def parameters_of(sim, projection):
    """Return the parameters that differ between synapses, in the order of the table, as `differences` takes them."""
    kind = next(kind for kind in sim._run.synapses.kinds if kind.block.projection is projection)
    order = order_of(kind)
    return {name: values[order] for name, values in kind.parameters.items()}


def difference(got, expected, largest=0.0):
    """Return the largest difference relative to the largest value, here or as given."""
    assert got.shape == expected.shape
    if not got.size:
        return 0.0
    scale = max(np.abs(expected).max(), np.abs(got).max(), largest)
    return float(np.abs(got - expected).max() / scale) if scale > NOTHING else 0.0


def replayed(projection, result, before, chosen, *, changes=(), rule, parameters, seed=None):
    """Return a twin of each chosen synapse at the end of a run."""
    replay = Replay(projection, result, before, chosen, rule=rule, parameters=parameters, seed=seed)
    for time, change in changes:
        replay.run_to(time)
        for twin, k in zip(replay.twins, chosen, strict=True):
            set_in(twin, change, k)
    replay.run_to(result.stop)
    return replay.twins


class Replay:
    """Twins of some synapses of a projection, which run through a finished run together.

    Parameters
    ----------
    projection, result, before, rule, parameters, seed
        As for `differences`.
    chosen : ndarray
        Places in the table `before` of the synapses.

    Attributes
    ----------
    twins : list of plastic_twin.Synapse
    """

    def __init__(self, projection, result, before, chosen, *, rule, parameters, seed=None):
        self.projection, self.result, self.rule, self._parameters = projection, result, rule, parameters
        self._seed = result.seed if seed is None else seed
        self._pre, self._post = (steps_of_cells(view, result) for view in (projection.pre, projection.post))
        # events of a synapse that acts within the step are read by the move to the next time, and so delivered before it
        self._ahead = 0 if projection.synapse.receptor_equations.direct else 1
        self._targets = targets_of(projection, result, rule, self._post)
        self._shared = shared_modulator(projection, result, rule)
        self.twins, self._spikes = [], []
        for k in chosen:
            self.add(before, k)

    def add(self, table, k):
        """Add a twin of synapse k of a table, as of time 0."""
        dt, total = self.result.dt, round(table.delay[k] / self.result.dt)
        dendritic = self.projection.dendritic_delay
        dendritic = total if dendritic == "all" else round(dendritic / dt)
        twin = Synapse(
            self.rule,
            table.weight[k],
            dt=dt,
            axonal=total - dendritic,
            dendritic=dendritic,
            parameters={name: float(values[k]) for name, values in self._parameters.items()},
            variables={name: values[k] for name, values in table.columns.items() if name not in self.rule.parameters},
            target=self._targets and self._targets[table.post[k]],
            seed=self._seed,
            name=getattr(self.projection, "name", ""),
            index=k,
            modulator=self._shared,
        )
        self.twins.append(twin)
        self._spikes.append((self._pre[table.pre[k]], self._post[table.post[k]]))
        return twin

    def keep(self, kept):
        """Go on with some of the twins, in this order."""
        self.twins, self._spikes = ([of[k] for k in kept] for of in (self.twins, self._spikes))

    def run_to(self, time):
        """Run all twins up to a time of the cells [ms]."""
        for twin, spikes in zip(self.twins, self._spikes, strict=True):
            twin.run(*spikes, round(time / self.result.dt) - twin.dendritic, self._ahead)


def targets_of(projection, result, rule, spikes):
    """Return a `plastic_twin.Watched` for each target, None if the rule does not read any.

    All that it reads must be recorded in each step, for all cells of the populations.
    """
    names = projection.plasticity.plasticity_equations.of_target if hasattr(projection, "plasticity") else ()
    if not names:
        return None
    found = []
    for population, cells in projection.post.parts:
        traces = {name: result.traces[population.name, name.removesuffix("_post")] for name in names}
        for cell in cells:
            values = {name: trace.values[:, cell] for name, trace in traces.items()}
            found.append(Watched(rule, values, spikes[len(found)], result.dt))
    return found


def shared_modulator(projection, result, rule):
    """Return the modulator of a projection, None if its rule has none."""
    if not rule.on_modulator:
        return None
    steps = [] if projection.modulator is None else sum(steps_of_cells(projection.modulator, result), [])
    return modulator_of(rule, steps, max(1, round(projection.modulator_delay / result.dt)), result.dt)


def set_in(twin, change, k):
    """Set the weight of synapse k, or whether it learns."""
    if "w" in change:
        twin.put(np.broadcast_to(change["w"], np.shape(change["w"]) or (k + 1,))[k])
    twin.learning = change.get("learning", twin.learning)


def steps_of_cells(view, result):
    """Return the steps at which each cell of a view has fired; one that fires within a step counts at its end."""
    found = []
    for population, cells in view.parts:
        spikes = result.spikes[population.name]
        # only listed spikes are at time 0; a cell that begins above its threshold fires in the first step
        first = 0 if isinstance(population.model, bs.SpikeTrains) else 1
        steps = np.maximum(np.ceil(spikes.times / result.dt - 1e-6).astype(np.int64), first)
        order = np.argsort(spikes.ids, kind="stable")
        ids, steps = spikes.ids[order], steps[order]
        edges = np.searchsorted(ids, np.stack([cells, cells + 1]))
        found += [steps[first:last].tolist() for first, last in edges.T]
    return found
