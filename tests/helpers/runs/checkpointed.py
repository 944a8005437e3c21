"""The network of the tests of checkpoints, and whether two results of it are the same."""

import numpy as np

import brainsim as bs

AMPA = bs.Exponential(tau=2.0)


def network(seed=1, *, n=50, weight=20.0, delay=1.5, v_th=-55.0, rate=6000.0, w_max=40.0, **others):
    """Return a network with a kick at time 0, inputs, and synapses that learn."""
    positions = np.arange(n)[:, None] * 10.0 if "positions" in others else None
    model, begin = bs.LIF(v_th=v_th), {"v": bs.Uniform(-65.0, -56.0)}
    cells = bs.Population(n, model, name="cells", initial=begin, positions=positions)
    kick = bs.Population(2, bs.SpikeTrains(times=[0.0, 5.0, 33.0], ids=[0, 1, 0]), name="kick")
    net = bs.Network(seed=seed)
    synapse = bs.Exponential(tau=others.get("tau", 2.0))
    rule = others.get("rule", bs.FixedIndegree(5))
    net.connect(cells, cells, rule, weight=weight, delay=delay, synapse=synapse, name="wires")
    net.connect(
        cells,
        cells,
        bs.FixedIndegree(4),
        weight=15.0,
        delay=2.0,
        synapse=AMPA,
        name="plastic",
        plasticity=bs.STDP(w_max=w_max),
    )
    net.connect(kick, cells, bs.AllToAll(), weight=25.0, delay=1.0, synapse=AMPA, name="kicks")
    net.stimulate(cells, bs.PoissonInput(rate=rate, weight=30.0, synapse=AMPA), name="noise")
    if "amplitude" in others:
        net.stimulate(cells, bs.CurrentInput(others["amplitude"]), name="current")
    return net


def recorded(net):
    """Return what to record: traces and weights."""
    return [
        bs.Trace(net.populations["cells"][:3], "v", every=0.5),
        bs.WeightTrace(net.projections[1], synapses=4, every=7.0),
    ]


def simulation(**settings):
    net = network(**settings)
    return bs.Simulation(net, seed=2, record=recorded(net))


def loaded(path, threads=None, **settings):
    net = network(**settings)
    return bs.Simulation.load(net, path, record=recorded(net), threads=threads)


def assert_equal(a, b):
    """Check that two results hold the same to the last bit, states included."""
    assert (a.start, a.duration) == (b.start, b.duration)
    for name in ("cells", "kick"):
        assert a.spikes[name] == b.spikes[name]
    assert dict(a.traces) == dict(b.traces)
    assert a.weights["plastic", "w"] == b.weights["plastic", "w"]
    assert a.state.network == b.state.network
    assert a.state.step == b.state.step
    for kind in ("variables", "refractory", "arriving", "pending", "extra"):
        assert_same(getattr(a.state, kind), getattr(b.state, kind))


def assert_same(a, b):
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_same(a[key], b[key])
    else:
        assert np.array_equal(a, b), (a, b)


def full_disk(*_):
    """Fail as a full disk does."""
    raise OSError(28, "No space left on device")
