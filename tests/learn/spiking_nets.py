"""Small random networks for the tests of `bs.learn.SpikingNetwork`, and runs in the engine."""

import numpy as np

import brainsim as bs
from tests.learn import differences

KINDS = {
    "plain": {},
    "recurrent": {"recurrent": True, "each": True},
    "adaptive": {"recurrent": True, "beta": 0.2},
    "refractory": {"recurrent": True, "t_ref": 3.0, "each": True},
    "all": {"recurrent": True, "t_ref": 3.0, "beta": 0.2, "each": True},
    "currents": {"recurrent": True, "t_ref": 3.0, "beta": 0.2, "currents": True},
    "currents without rest": {"beta": 0.2, "currents": True},
    "fine": {"recurrent": True, "t_ref": 3.0, "beta": 0.2, "each": True, "dt": 0.25, "duration": 50.0},
    "equal times": {"tau_s": 20.0},
    "first": {"recurrent": True, "beta": 0.2, "loss": "first"},
    "count": {"recurrent": True, "t_ref": 3.0, "each": True, "loss": "count"},
    "max": {"loss": "max"},
    "labels": {"recurrent": True, "loss": "sequence", "targets": "labels"},
    "values": {"loss": "sequence", "targets": "values"},
}
INPUTS, CELLS, SECOND, CLASSES = 5, 8, 6, 3


def network(
    seed=0, recurrent=False, t_ref=0.0, beta=0.0, each=False, currents=False, dt=1.0, duration=60.0, loss="mean", tau_s=5.0,
    targets="", **options
):  # fmt: skip
    """Return (network, X, y) with random weights, delays and data, as if it had been trained."""
    rng = np.random.default_rng(seed)

    def delays(a, b, longest):
        return rng.uniform(1.0, longest, (a, b)).round(9) if each else round(float(rng.uniform(1.0, longest)), 9)

    spiking = loss in ("first", "count")
    common = {"beta": beta, "t_ref": t_ref, "v_reset": -0.1}
    layers = (
        bs.learn.Layer(
            CELLS, recurrent=recurrent, tau_a=60.0, tau_s=tau_s, delay=delays(INPUTS, CELLS, 6.0), weight=(1.3, 0.6),
            recurrent_delay=delays(CELLS, CELLS, 8.0), recurrent_weight=(0.1, 0.4), **common,
        ),
        bs.learn.Layer(
            SECOND, tau_m=15.0, tau_s=4.0, tau_a=50.0, delay=delays(CELLS, SECOND, 6.0), weight=(1.6, 0.6), **common
        ),
    )  # fmt: skip
    readout = bs.learn.Readout(
        kind="spiking" if spiking else "integrator",
        delay=delays(SECOND, CLASSES, 5.0),
        weight=(1.6, 0.4) if spiking else (0.2, 0.4),
        v_reset=-0.1,
    )
    options = {"floor": 0.0, "gain": 20.0, "fading": True, "validation": 0.0, "tau_first": 10.0} | options
    net = bs.learn.SpikingNetwork(layers, readout=readout, dt=dt, duration=duration, loss=loss, seed=seed, **options)
    steps = round(duration / dt)
    if currents:
        X = rng.normal(0.3, 0.5, (4, steps, INPUTS))
    else:
        X = [(rng.uniform(0.0, 30.0, 16), rng.integers(0, INPUTS, 16)) for _ in range(4)]
        X[-1][1][0] = INPUTS - 1  # so that the number of inputs is known
    y = {"": np.array([0, 1, 2, 1]), "labels": rng.integers(-1, CLASSES, (4, steps)), "values": None}[targets]
    y = rng.normal(size=(4, steps, CLASSES)) if y is None else y
    net._begin(*_begun(net, X, y))
    net.parts()["bias", 2][...] = rng.normal(0.05, 0.1, CLASSES)
    return net, X, y


def _begun(net, X, y):
    from brainsim.learn.spiking.samples import inputs_of

    return inputs_of(X, "X"), y, "fit"


def assert_gradients(net, X, y):
    """Compare the gradient with differences of the loss, for all numbers and five elements of each array."""
    gradients, layers = net.gradients(X, y).parts, net.training_.layout.blocks
    plain = [(what, b) for what, b in gradients if what in ("tau_a", "beta") and not layers[b].beta and not layers[b].model]
    assert not any(gradients[key] for key in plain)  # cells that do not adapt
    assert np.abs(gradients["weight", 0]).max() > 0.0  # there is something to compare
    differences.assert_gradients(net, X, y, 5, without=plain)


def assert_same_in_the_engine(net, X, k, precise=True, within=1e-11):
    """Simulate a sample; spikes [ms] and potentials of the readout must be those of the trainer, but for rounding."""
    ordinary = net.to_network(X[k])
    record = [bs.Trace(ordinary.populations["readout"][:], "v")]
    result = bs.simulate(ordinary, net.duration_, dt=net.dt, record=record, precise=precise)
    for name, spikes in net.activity(X, k).items():
        if name != "input":
            assert_same_spikes(result.spikes[name], spikes, within)
    np.testing.assert_allclose(result.traces["readout", "v"].values[1:], net.potentials(X)[k], rtol=0.0, atol=within)
    return ordinary, result


def assert_same_spikes(found, wanted, within):
    """Compare spikes; those at the same time may be in any order."""
    assert found.counts().tolist() == wanted.counts().tolist()
    a, b = (spikes.times[np.lexsort((spikes.times, spikes.ids))] for spikes in (found, wanted))
    np.testing.assert_allclose(a, b, rtol=0.0, atol=within)
