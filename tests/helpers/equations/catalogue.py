"""Every public neuron and synapse, found by introspection, and a current under which each neuron does something."""

import functools
import warnings

import numpy as np

import brainsim as bs
from brainsim.models.catalogue import catalogue

MODELS = catalogue()
NEURONS = {name: kind for name, kind in MODELS.items() if issubclass(kind, bs.Neuron)}
SYNAPSES = {name: kind for name, kind in MODELS.items() if issubclass(kind, bs.Synapse)}
LADDER = np.array([0.0, *(step * 10.0**power for power in range(-1, 4) for step in (1.0, 2.0, 5.0))])  # pA
WEIGHTS = {"mV": 0.3, "pA": 40.0, "pA*ms": 200.0, "nS": 1.0, "": 1.0}


def simulated(population, duration=200.0, *, current=None, synapse=None, weight=None, dt=0.1, record=(), **options):
    """Run one population under a current [pA] from 20 ms on and Poisson events of a synapse."""
    net = bs.Network(seed=1)
    net.add(population)
    if current is not None:
        net.stimulate(population, bs.CurrentInput(np.array([np.zeros_like(current), current]), times=[0.0, 20.0]))
    if synapse is not None:
        weight = WEIGHTS[synapse.weight_unit] if weight is None else weight
        net.stimulate(population, bs.PoissonInput(rate=200.0, weight=weight, synapse=synapse))
    traces = [bs.Trace(population, name) for name in record]
    return bs.simulate(net, duration, dt=dt, seed=3, record=traces, progress=False, **options)


@functools.cache
def working_current(name):
    """Return the lowest current of the ladder at which the cell keeps firing, None if it takes no current.

    For a cell that does not fire, the highest under which it stays finite, up to 100 pA.
    """
    model = NEURONS[name]()
    if not model.cell_equations.uses_current:
        return None
    cells = bs.Population(LADDER.size, model, name="cells")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the highest may be beyond what the model is made for
        result = simulated(cells, current=LADDER, record=list(model.initials))
    counts = np.bincount(result.spikes["cells"].ids, minlength=LADDER.size)
    for enough in (4, 3, 2):
        if np.any(counts >= enough):
            return float(LADDER[counts >= enough][0])
    traces = np.array([result.traces["cells", variable].values for variable in model.initials])
    return float(LADDER[np.isfinite(traces).all(axis=(0, 1)) & (LADDER <= 100.0)][-1])
