"""Each synapse of a finished run of brainsim, replayed by the slow twin."""

import numpy as np

from tests.helpers.plastic_twin import Synapse, rule_of


def differences(projection, result, before, after, *, changes=(), rule=None, parameters=None):
    """Return name -> the largest difference between twin and engine, relative to the largest value, of "w" and the columns.

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
        Parameters that differ between synapses, in the order of the table.
    """
    found = {"w": [], **{name: [] for name in after.columns}}
    for synapse in replayed(projection, result, before, changes=changes, rule=rule, parameters=parameters):
        for name, values in found.items():
            values.append(synapse.values[name])
    got = {"w": after.weight, **after.columns}
    return {name: difference(got[name], np.array(expected)) for name, expected in found.items()}


def difference(got, expected):
    """Return the largest difference relative to the largest value."""
    assert got.shape == expected.shape
    if not got.size:
        return 0.0
    scale = max(np.abs(expected).max(), np.abs(got).max())
    return float(np.abs(got - expected).max() / scale) if scale else 0.0


def replayed(projection, result, before, *, changes=(), rule=None, parameters=None):
    """Return a twin of each synapse at the end of a run, in the order of the table."""
    rule, dt = rule or rule_of(projection.plasticity), result.dt
    pre, post = (steps_of_cells(view, result) for view in (projection.pre, projection.post))
    end = round(result.stop / dt)
    twins = []
    for k in range(len(before)):
        total = round(before.delay[k] / dt)
        dendritic = total if projection.dendritic_delay == "all" else round(projection.dendritic_delay / dt)
        own = {name: values[k] for name, values in (parameters or {}).items()}
        starts = {name: values[k] for name, values in before.columns.items() if name not in own}
        twin = Synapse(
            rule, before.weight[k], dt=dt, axonal=total - dendritic, dendritic=dendritic, parameters=own, variables=starts
        )
        spikes = pre[before.pre[k]], post[before.post[k]]
        for time, change in changes:
            twin.run(*spikes, round(time / dt) - dendritic)
            set_in(twin, change, k)
        twin.run(*spikes, end - dendritic)
        twins.append(twin)
    return twins


def set_in(twin, change, k):
    """Set the weight of synapse k, or whether it learns."""
    if "w" in change:
        twin.values["w"] = np.float64(np.broadcast_to(change["w"], np.shape(change["w"]) or (k + 1,))[k])
    twin.learning = change.get("learning", twin.learning)


def steps_of_cells(view, result):
    """Return the steps at which each cell of a view has fired; one that fires within a step counts at its end."""
    found = []
    for population, cells in view.parts:
        spikes = result.spikes[population.name]
        steps = np.ceil(spikes.times / result.dt - 1e-6).astype(np.int64)
        order = np.argsort(spikes.ids, kind="stable")
        ids, steps = spikes.ids[order], steps[order]
        edges = np.searchsorted(ids, np.stack([cells, cells + 1]))
        found += [steps[first:last].tolist() for first, last in edges.T]
    return found
