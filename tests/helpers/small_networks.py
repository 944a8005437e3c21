"""Small models and networks in which everything is right, to be changed in one place."""

import brainsim as bs

LIF = bs.LIF()


def population(n=10, model=LIF, name="cells", **given):
    return bs.Population(n, model, name=name, **given)


def network(*populations):
    net = bs.Network(seed=1)
    for one in populations or (population(),):
        net.add(one)
    return net


def connected(cells=None, rule=None, **given):
    """Return a network of one population that is connected with itself."""
    net, cells = bs.Network(seed=1), population() if cells is None else cells
    given = {"weight": 1.0, "delay": 1.0, "synapse": bs.Delta()} | given
    net.connect(cells, cells, bs.FixedIndegree(3) if rule is None else rule, **given)
    return net


def run(net=None, duration=1.0, **given):
    return bs.simulate(network() if net is None else net, duration, **({"seed": 1, "threads": 1} | given))


def simulation(net=None, **given):
    return bs.Simulation(network() if net is None else net, **({"seed": 1, "threads": 1} | given))


NEURON = {
    "equations": "dv/dt = -v/tau + I/c_m",
    "threshold": "v > v_th",
    "reset": "v = 0",
    "tau": bs.parameter(10.0, "ms", "time constant", above=0.0),
    "c_m": bs.parameter(200.0, "pF", "capacitance", above=0.0),
    "v_th": bs.parameter(10.0, "mV", "threshold"),
    "v": bs.initial(0.0, "mV", "potential"),
}
SYNAPSE = {
    "equations": "dg/dt = -g/tau",
    "arrival": "g = g + w",
    "current": "g*(e_rev - v)",
    "weight_unit": "nS",
    "tau": bs.parameter(5.0, "ms", "decay time", above=0.0),
    "e_rev": bs.parameter(0.0, "mV", "reversal potential"),
}


def neuron(**changes):
    return type("Mine", (bs.Neuron,), NEURON | changes)


def synapse(**changes):
    return type("Mine", (bs.Synapse,), SYNAPSE | changes)


def tabled(interval, **changes):
    table = bs.parameter(bs.TimedArray([1.0, 2.0, 3.0], dt=interval), "pA", "current")
    return neuron(equations="dv/dt = -v/tau + I_in(t)/c_m", I_in=table, **changes)()
