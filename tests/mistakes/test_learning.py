"""Mistakes with `bs.learn.SpikingNetwork`: what is said, and that it is said before anything runs."""

import numpy as np
import pytest

import brainsim as bs

Layer, Readout, Net = bs.learn.Layer, bs.learn.Readout, bs.learn.SpikingNetwork
SPIKING = Readout(kind="spiking")

PARAMETERS = {
    "no layers": (lambda: Net(()), "SpikingNetwork.hidden: must be one layer or more (got none)"),
    "no cells": (lambda: Net(0), "SpikingNetwork.hidden: must be >= 1 (got 0)"),
    "a readout among them": (
        lambda: Net((8, Readout())),
        "SpikingNetwork.hidden: contains a Readout; give it as readout= instead",
    ),
    "readout": (lambda: Net(8, readout=10), "SpikingNetwork.readout: must be a bs.learn.Readout (got 10)"),
    "loss": (lambda: Net(8, loss="meen"), "SpikingNetwork.loss: there is no 'meen'; did you mean 'mean'?"),
    "gradient": (
        lambda: Net(8, gradient="surogate"),
        "SpikingNetwork.gradient: there is no 'surogate'; did you mean 'surrogate'?",
    ),
    "dt": (lambda: Net(8, dt=0.0), "SpikingNetwork.dt: must be > 0 ms (got 0.0)"),
    "validation": (lambda: Net(8, validation=1.0), "SpikingNetwork.validation: must be below 1 (got 1.0)"),
    "first without spikes": (
        lambda: Net(8, loss="first"),
        "SpikingNetwork.loss: 'first' needs spikes of the readout; write readout=Readout(kind='spiking')",
    ),
    "first without times": (
        lambda: Net(8, loss="first", gradient="surrogate", readout=SPIKING),
        "SpikingNetwork.loss: the times of spikes have a derivative only with gradient='exact'",
    ),
    "eprop in two layers": (
        lambda: Net((8, 8), gradient="eprop"),
        "SpikingNetwork.gradient: 'eprop' reaches only cells with synapses onto the readout, which hidden layer 0 lacks; "
        "take 'surrogate'",
    ),
    "delay below dt": (lambda: Net(Layer(8, delay=0.5)), "Layer.delay: must be at least one time step, 1 ms (got 0.5)"),
    "delay off the grid": (
        lambda: Net(Layer(8, delay=1.5), gradient="surrogate"),
        "Layer.delay: must be a multiple of the time step, 1 ms, with gradient='surrogate' (got 1.5)",
    ),
    "delays that cannot be learned": (
        lambda: Net(Layer(8, learns="delay"), gradient="eprop"),
        "Layer.learns: 'delay' is not learned with gradient='eprop': spikes that are kept at the ends of steps have no "
        "derivative by delays; write gradient='exact'",
    ),
    "t_ref": (lambda: Net(Layer(8, t_ref=0.2)), "Layer.t_ref: must be 0 or at least one time step, 1 ms (got 0.2)"),
    "tau": (lambda: Layer(8, tau_m=-1.0), "Layer.tau_m: must be > 0 ms (got -1.0)"),
    "reset": (lambda: Layer(8, v_reset=1.0), "Layer.v_reset: must be below v_th, 1 (got 1.0)"),
    "learns": (lambda: Layer(8, learns="tau_n"), "Layer.learns: there is no 'tau_n'; did you mean 'tau_s'?"),
    "delays of one dimension": (
        lambda: Layer(8, delay=[1.0, 2.0]),
        "Layer.delay: must be one number, or an array (sources, n) (got shape (2,))",
    ),
    "weight": (lambda: Layer(8, weight=1.0), "Layer.weight: must be a mean and a standard deviation (got 1.0)"),
    "kind": (lambda: Readout(kind="spikes"), "Readout.kind: there is no 'spikes'; did you mean 'spiking'?"),
    "readout that waits": (
        lambda: Readout(t_ref=2.0),
        "Readout: t_ref and beta apply to spiking cells only; write kind='spiking'",
    ),
    "recurrent readout": (
        lambda: Readout(recurrent=True),
        "Readout.recurrent: a readout has no synapses within it; add a recurrent Layer before it",
    ),
    "duration": (
        lambda: Net(8, duration=50.5).fit(np.zeros((4, 2)), [0, 1, 0, 1]),
        "SpikingNetwork.duration: must be a multiple of dt = 1 ms (got 50.5)",
    ),
}


@pytest.mark.parametrize(("make", "said"), PARAMETERS.values(), ids=PARAMETERS)
def test_parameters(make, said):
    with pytest.raises((ValueError, TypeError)) as error:
        make()
    assert str(error.value) == said


X, Y = np.random.default_rng(1).uniform(0.0, 20.0, (6, 2)), np.array([0, 1, 0, 1, 0, 1])

DATA = {
    "no samples": (np.zeros((0, 2)), [], "fit.X: must have at least one sample (got none)"),
    "an empty list": ([], [], "fit.X: must have at least one sample (got none)"),
    "no inputs": (np.zeros((6, 50, 0)), Y, "fit.X: must have at least one input (got none)"),
    "no inputs in pairs": ([(np.zeros(0), np.zeros(0, int))] * 6, Y, "fit.X: must have at least one input (got none)"),
    "no steps": (np.zeros((6, 0, 2)), Y, "fit.X: must have at least one step (got shape (6, 0, 2))"),
    "no spike": (np.full((6, 2), np.nan), Y, "fit.X: must have a spike in at least one sample (got none in 6 samples)"),
    "no current": (np.zeros((6, 50, 2)), Y, "fit.X: must have a current that is not 0 in at least one sample"),
    "rows of different lengths": ([[1.0, 2.0], [2.0]], [0, 1], "(got rows of different lengths); for no spike write inf"),
    "one sample": (np.zeros(2), [0], "(got shape (2,)); a single sample is X[None]"),
    "words": (np.array([["a", "b"]]), [0], "(got an array of <U1)"),
    "a bare Spikes": (bs.Spikes([1.0], [0], n=2, duration=5.0), [0], "a single sample is [spikes]"),
    "before 0": (np.where(X[3, 1] == X, -1.0, X), Y, "fit.X: spikes must not come before 0 ms (got -1 in sample 3)"),
    "after the end": (
        np.where(X[2, 0] == X, 51.0, X),
        Y,
        "fit.X: spikes must not come after the end of a sample, 50 ms (got 51 in sample 2)",
    ),
    "too few labels": (X, Y[:5], "fit.y: must be one label for each of the 6 samples (got shape (5,))"),
    "one-hot": (X, np.eye(2)[Y], "(got shape (6, 2)); for one-hot rows use y.argmax(axis=1)"),
    "fractions": (X, Y + 0.5, "fit.y: must be class labels, whole numbers or strings (got 0.5)"),
    "one class": (X, np.zeros(6), "fit.y: must have at least two classes (got one)"),
    "currents of another length": (np.ones((6, 40, 2)), Y, "fit.X: currents must have 50 steps (got 40)"),
    "times without ids": ([(np.zeros(3), np.zeros(2, int))] * 6, Y, "fit.X[0]: must be times and ids of the same length"),
    "ids that are not": (
        [(np.zeros(2), np.array([0.5, 1.0]))] * 6,
        Y,
        "ids must be whole numbers >= 0 (got 0.5 of float64)",
    ),
    "a mixture": ([(np.zeros(1), np.zeros(1, int)), 3.0], Y, "fit.X[1]: must be Spikes, or a pair (times, ids) (got float)"),
}


@pytest.mark.parametrize(("inputs", "labels", "said"), DATA.values(), ids=DATA)
def test_data(inputs, labels, said):
    net = Net(4, duration=50.0, epochs=1)
    with pytest.raises((ValueError, TypeError)) as error:
        net.fit(inputs, labels)
    assert said in str(error.value)
    assert not hasattr(net, "classes_") or not hasattr(net, "training_")


SEQUENCES = {
    "no steps": (Y, "(6, 50) with a label for each step, or (6, 50, outputs) with values (got (6,))"),
    "labels below -1": (np.full((6, 50), -2), "labels of steps must be whole numbers from 0, and -1 for none (got -2"),
    "nothing wanted": (np.full((6, 50), -1), "must have at least two classes (got 0)"),
}


@pytest.mark.parametrize(("wanted", "said"), SEQUENCES.values(), ids=SEQUENCES)
def test_sequences(wanted, said):
    with pytest.raises(ValueError, match="SpikingNetwork.fit.y: ") as error:
        Net(4, duration=50.0, epochs=1, loss="sequence").fit(X, wanted)
    assert said in str(error.value)


def test_a_network_that_is_not_trained():
    for call in (lambda net: net.predict(X), lambda net: net.save("x"), lambda net: net.parts()):
        with pytest.raises(ValueError, match="SpikingNetwork: is not trained yet; call fit.X, y. first"):
            call(Net(4))


def test_after_training():
    net = Net(4, duration=50.0, epochs=1, validation=0.0).fit(X, Y)
    with pytest.raises(ValueError, match="predict.X: must have 2 inputs, as in training .got 3."):
        net.predict(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="mean_loss.y: must be labels that the network knows, 0, 1 .got .*2"):
        net.mean_loss(X, Y * 2)
    with pytest.raises(ValueError, match="score.y: must contain labels that the network knows, 0, 1 .got '0', '1'."):
        net.score(X, Y.astype(str))
    with pytest.raises(ValueError, match="activity.sample: must be <= 5 .got 6."):
        net.activity(X, 6)


def test_delays_of_another_shape():
    with pytest.raises(ValueError) as error:
        Net(Layer(4, delay=np.ones((3, 4))), duration=50.0).fit(X, Y)
    assert str(error.value) == (
        "Layer.delay: must be one number, or an array (2, 4) with one for each synapse (got shape (3, 4))"
    )
