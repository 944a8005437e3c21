"""The network of the tests of streams, and whether two results of it are the same."""

import numpy as np

import brainsim as bs

NEEDS = {".h5": "h5py", ".nwb": "pynwb", ".parquet": "pyarrow"}
STEPS = 100  # of a chunk


def network(plastic=False):
    a = bs.Population(
        40, bs.LIF(), name="a", initial={"v": bs.Uniform(-65.0, -55.0)}, names=[f"cell {k}" for k in range(40)]
    )
    b = bs.Population(30, bs.LIF(), name="b", initial={"v": bs.Uniform(-65.0, -55.0)})
    net = bs.Network(seed=1)
    rule = {"plasticity": bs.STDP(w_max=2.0)} if plastic else {}
    net.connect(a, b, bs.FixedIndegree(5), weight=1.0, delay=1.5, synapse=bs.Delta(), name="ab", **rule)
    net.stimulate(a, bs.PoissonInput(rate=10_000.0, weight=0.3, synapse=bs.Delta()), name="noise")
    return net


def requests(net):
    a, b = net.populations["a"], net.populations["b"]
    traces = [bs.Trace(a[:3], "v", every=0.7), bs.Trace(b, "v", every=1.0, start=20.0, stop=60.0, reduce="mean")]
    return traces + [bs.WeightTrace(p, synapses=4, every=10.0, bins=3) for p in net.projections if p.plasticity]


def simulation(net=None, **settings):
    net = net or network()
    return bs.Simulation(net, seed=2, record=requests(net), **settings)


def run(net=None, duration=100.0, **settings):
    net = net or network()
    return bs.simulate(net, duration, seed=2, record=requests(net), **settings)


def same(a, b, state=True, silent=False):
    for field in ("spikes", "traces", "weights"):
        assert dict(getattr(a, field)) == dict(getattr(b, field)), field
    for field in ("start", "duration", "dt", "seed", "populations", "views", "thresholds", "resets"):
        assert getattr(a, field) == getattr(b, field), field
    assert {name: cells.tolist() for name, cells in a.names.items()} == {
        name: cells.tolist() for name, cells in b.names.items()
    }
    if state:
        for name, variables in a.state.variables.items():
            for variable, values in variables.items():
                assert np.array_equal(values, b.state.variables[name][variable])
    assert silent or sum(map(len, a.spikes.values())) > 0
    return True
