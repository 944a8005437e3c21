"""Runs of a few cells of one model, for the tests of equations."""

import numpy as np

import brainsim as bs
from brainsim.equations.steps.methods import METHODS
from brainsim.equations.system import compose

DT = 0.1  # ms


def run(
    model, duration, dt=0.1, *, n=1, record=None, initial=None, current=None, events=None, every=None, seed=1, threads=1
):
    """Run n cells and return (values of each recorded variable, shape (times, n), as a dict; the result).

    `events` is (synapse, weight, time [ms]): one event onto each cell.
    """
    cells = bs.Population(n, model, name="cells", initial=initial)
    net = bs.Network(seed=1)
    net.add(cells)
    if events is not None:
        synapse, weight, time = events
        source = bs.Population(1, bs.SpikeTrains([time - 0.8], [0]), name="source")
        net.connect(source, cells, bs.AllToAll(), weight=weight, delay=0.8, synapse=synapse)
    if current is not None:
        net.stimulate(cells, bs.CurrentInput(current))
    record = list(model.initials) if record is None else record
    traces = [bs.Trace(cells, name, every=every) for name in record]
    result = bs.simulate(net, duration, dt=dt, seed=seed, threads=threads, record=traces)
    return {name: result.traces["cells", name].values for name in record}, result


def steps(result, cell=0, name="cells"):
    """Return the steps at which a cell fired."""
    spikes = result.spikes[name]
    return np.rint(spikes.times[spikes.ids == cell] / result.dt).astype(int)


def steps_of(spikes, cell=0, dt=DT):
    return np.rint(spikes.times[spikes.ids == cell] / dt).astype(int)


def step_of(model, *synapses, current=False):
    receptors = [s.receptor_equations for s in synapses]
    system = compose(model.cell_equations, receptors, external_current=current, label="cells")
    return METHODS[model.method](system, "cells")


def spikes_of(model, current, duration, dt=0.1, **given):
    """Return the spike times of a cell for each current."""
    current = np.atleast_1d(current)
    spikes = run(model, duration, dt, n=current.size, current=current, record=[], **given)[1].spikes["cells"]
    return [spikes.times[spikes.ids == cell] for cell in range(current.size)]


def intervals(times, skip=1):
    return np.diff(times)[skip:]


def by_method(kind, method):
    """Return a subclass of a model with another method."""
    return type(kind.__name__, (kind,), {"method": method})
