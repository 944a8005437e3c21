"""`bs.learn.Trainer`: gradients of random graphs, and the network that was trained."""

import copy
import pickle
from itertools import pairwise

import numpy as np
import pytest

import brainsim as bs
from tests.learn.differences import assert_gradients
from tests.learn.spiking_nets import assert_same_spikes
from tests.learn.trained_graphs import KINDS, trainer_of

FAST = bs.Exponential(tau=5.0)


@pytest.mark.slow_only("[count]")
@pytest.mark.thorough_but("[lif]", "[spikes]", "[first]")
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_equal_differences(kind):
    trainer, X, y = trainer_of(kind)
    spikes = trainer.activity(X, 0)
    assert all(len(spikes[name]) > 3 for name in ("a", "b"))
    assert assert_gradients(trainer, X, y, 6) > 50


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_gradients_equal_differences(kind):
    trainer, X, y = trainer_of(kind, seed=2)
    assert assert_gradients(trainer, X, y, 20) > 145


@pytest.mark.thorough_only("[refractory]", "[lif]", "[adaptive]")
@pytest.mark.parametrize("kind", ["lif", "refractory", "adaptive", "spikes"])
def test_random_graphs_have_the_spikes_of_a_precise_simulation(kind):
    """They are recurrent and sparse, with two receptors, learned delays, initial potentials and constant currents."""
    for seed in (1, 2, 3):
        trainer, X, _ = trainer_of(kind, seed=seed)
        trainer.training_.layout.keep_in_range(trainer.training_.vector, None)
        for k in range(2):
            found = bs.simulate(trainer.to_network(X[k]), 50.0, dt=0.5, seed=3, precise=True).spikes
            wanted = trainer.activity(X, k)
            assert len(wanted["a"]) + len(wanted["b"]) > 6
            for name in wanted:
                assert_same_spikes(found[name], wanted[name], 1e-10)


@pytest.mark.slow_but("[refractory]")
@pytest.mark.thorough_but("[refractory]")
@pytest.mark.parametrize("kind", ["refractory", "smooth"])
def test_bits_do_not_depend_on_threads(kind):
    parts = []
    for threads in (1, 2, 3, 4):
        trainer, X, y = trainer_of(kind, threads=threads, epochs=3, batch=32)
        trainer._forget()
        many = [(times + 0.01 * k, ids) for k in range(10) for times, ids in X]
        trainer.fit(many, np.tile(y, (10, *[1] * (y.ndim - 1))))
        parts.append(trainer.parts())
    for other in parts[1:]:
        assert all(np.array_equal(parts[0][key], other[key]) for key in other)


def layered(recurrent, sparse=False):
    """Return (network of populations, weights) with two layers, to be compared with a `SpikingNetwork`."""
    rng = np.random.default_rng(4)
    source = bs.Population(5, bs.SpikeTrains([], []), name="source")
    lif = bs.LIF(tau_m=20.0, c_m=20.0, v_rest=0.0, v_reset=0.0, v_th=1.0, t_ref=0.0)  # a gain of 1, so mV are thresholds
    cells, out = bs.Population(9, lif, name="cells"), bs.Population(3, bs.LI(tau_m=20.0, c_m=20.0, v_rest=0.0), name="out")
    net, weights = bs.Network(seed=1), {}
    ends = {"in": (source, cells), "out": (cells, out)} | ({"within": (cells, cells)} if recurrent else {})
    for name, (pre, post) in ends.items():
        weights[name] = rng.normal(0.1 if name == "within" else 2.0, 0.8, (pre.n, post.n)).astype(np.float32)
        i, j = np.indices(weights[name].shape).reshape(2, -1)
        if sparse:  # one synapse apart: a listed connection with the others
            rule, weight = bs.FromArrays(i[1:], j[1:]), weights[name].ravel()[1:]
            net.connect(pre[0], post[0], bs.AllToAll(), weight=float(weights[name][0, 0]), delay=2.0, synapse=FAST)
        else:
            rule, weight = bs.FromArrays(i, j), weights[name].ravel()
        net.connect(pre, post, rule, weight=weight, delay=2.0, synapse=FAST, name=name)
    return net, weights


@pytest.mark.parametrize("gradient", ["exact", "surrogate", "eprop"])
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "listed"])
def test_equals_a_spiking_network_that_can_be_written_as_layers(gradient, sparse):
    net, weights = layered(True, sparse)
    rng = np.random.default_rng(5)
    X, y = rng.uniform(0.0, 20.0, (6, 5)), np.array([0, 1, 2, 0, 1, 2])
    options = {"dt": 1.0, "duration": 40.0, "gain": 10.0, "gradient": gradient, "validation": 0.0}
    layer = bs.learn.Layer(9, recurrent=True, delay=2.0, recurrent_delay=2.0, weight=(1.0, 0.1))
    other = bs.learn.SpikingNetwork(layer, readout=bs.learn.Readout(delay=2.0), **options)
    other._begin(other._as_inputs(X, "X"), y, "fit")
    for (what, b), name in {("weight", 0): "in", ("recurrent", 0): "within", ("weight", 1): "out"}.items():
        other.parts()[what, b][...] = weights[name]
    trainer = bs.learn.Trainer(net, "out", **options)
    trainer._begin(trainer._as_inputs(X, "X"), y, "fit")
    for k in range(6):
        mine, its = trainer.activity(X, k)["cells"], other.activity(X, k)["hidden0"]
        assert np.array_equal(mine.ids, its.ids)
        np.testing.assert_allclose(mine.times, its.times, rtol=0.0, atol=1e-10)
    assert len(mine) > 3
    (a, mine), (b, its) = trainer.gradients(X, y), other.gradients(X, y)
    assert a == pytest.approx(b, rel=1e-12)
    for (what, layer), name in {("weight", 0): "in", ("recurrent", 0): "within", ("weight", 1): "out"}.items():
        found = mine["weight", name].ravel()
        wanted = its[what, layer].ravel()[1 if sparse else 0 :]
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
        assert np.abs(found).max() > 1e-4


@pytest.mark.thorough_only("[exact]")
@pytest.mark.parametrize("gradient", ["exact", "surrogate", "eprop"])
def test_a_network_that_has_learned_from_layers_can_be_given_to_a_trainer(gradient):
    rng = np.random.default_rng(5)
    X, y = rng.uniform(0.0, 20.0, (6, 5)), np.array([0, 1, 2, 0, 1, 2])
    options = {"dt": 1.0, "duration": 40.0, "gain": 10.0, "gradient": gradient, "validation": 0.0}
    adapts = {"beta": 0.2, "tau_a": 60.0, "learns": ("tau_a", "beta")}
    layer = bs.learn.Layer(9, recurrent=True, weight=(4.0, 2.0), **adapts)
    other = bs.learn.SpikingNetwork(layer, **options).partial_fit(X, y)
    learns = ["weight", bs.learn.Learns("hidden0", "tau_a"), bs.learn.Learns("hidden0", "beta")]
    trainer = bs.learn.Trainer(other.to_network(X[0]), "readout", learns, **options)
    trainer._begin(trainer._as_inputs(X, "X"), y, "fit")
    (a, mine), (b, its) = trainer.gradients(X, y), other.gradients(X, y)
    assert a == pytest.approx(b, rel=1e-12)
    for (what, layer), name in {
        ("weight", 0): "input -> hidden0", ("recurrent", 0): "hidden0 -> hidden0", ("weight", 1): "hidden0 -> readout",
        ("tau_a", 0): "hidden0", ("beta", 0): "hidden0",
    }.items():  # fmt: skip
        found = mine["weight" if what == "recurrent" else what, name]
        np.testing.assert_allclose(found.ravel(), its[what, layer].ravel(), rtol=1e-9, atol=1e-12)
        assert np.abs(found).max() > 1e-6 or (what == "beta" and gradient != "exact")
    trained = trainer.partial_fit(X, y, 2).to_network(X[1])
    assert trained.populations["hidden0"].model.beta == trainer.parts()["beta", "hidden0"] != its["beta", 0]
    if gradient == "exact":
        found = bs.simulate(trained, 40.0, dt=1.0, precise=True).spikes["hidden0"]
        assert_same_spikes(found, trainer.activity(X, 1)["hidden0"], 1e-10)


@pytest.fixture(scope="module")
def trained():
    return small_trainer(epochs=12).fit(*samples())


class TestTrained:
    """A small network that learns to tell two classes apart, and what is left of it."""

    def test_it_has_learned(self, trained):
        X, y = samples()
        assert trained.history_["loss"][-1] < 0.9 * trained.history_["loss"][0]
        assert trained.score(X, y) > 0.8

    @pytest.mark.thorough
    def test_the_network_gives_the_spikes_of_the_trainer(self, trained):
        X, y = samples()
        for trainer in (trained, small_trainer(epochs=2, learns=["weight", "delay"]).fit(X, y)):
            counts = [len(trainer.activity(X, k)["cells"]) for k in range(8)]
            for k in np.argsort(counts)[-2:]:
                result = bs.simulate(trainer.to_network(X[k]), 40.0, dt=trainer.dt, precise=True).spikes["cells"]
                assert len(result) > 10
                assert_same_spikes(result, trainer.activity(X, k)["cells"], 1e-10)

    def test_all_that_was_learned_is_in_it_and_the_rest_as_it_was(self, trained):
        network, before, parts = trained.to_network(), trained.net, trained.parts()
        assert list(network.populations) == list(before.populations)
        assert [p.name for p in network.projections] == [p.name for p in before.projections]
        for name in ("source->cells", "cells->readout"):
            was = before.synapses(name, 0.5)
            now = network.synapses(name, 0.5)
            assert np.array_equal([was.pre, was.post], [now.pre, now.post])
            assert np.array_equal(now.weight, parts["weight", name].astype(np.float32))
            assert np.abs(was.weight - now.weight).max() > 1.0
        assert network.populations["cells"].model.tau_m == parts["tau_m", "cells"] != 20.0
        assert network.populations["cells"].model.c_m == 200.0
        assert network.projections[0].synapse.tau == parts["tau", "source->cells"] != 5.0
        assert network.projections[1].weight == before.projections[1].weight  # it did not learn
        assert network.projections[1].synapse == network.projections[0].synapse  # with one receptor
        assert np.array_equal(network.inputs[0].input.amplitude, parts["amplitude", "drive"])

    def test_training_continues_with_the_trained_network(self, trained):
        X, y = samples()
        again = small_trainer(trained.to_network(), epochs=1)
        again._begin(again._as_inputs(X, "X"), y, "fit")
        assert again.mean_loss(X, y) == pytest.approx(trained.mean_loss(X, y), rel=1e-12)

    def test_bounds_and_signs_hold(self):
        rng = np.random.default_rng(2)
        learns = [
            bs.learn.Learns("source->cells", keeps_sign=True, at_most=500.0),
            bs.learn.Learns("cells->readout", keeps_sign=True),
            bs.learn.Learns("cells->readout", "delay", at_most=1.1),
        ]
        X, y = samples()
        with pytest.warns(UserWarning, match="so little was learned"):
            trainer = small_trainer(learns=learns, epochs=5, learning_rate=0.3).fit(X, rng.permutation(y))
        weights, before = trainer.parts()["weight", "source->cells"], trainer.net.synapses("source->cells", 0.5).weight
        assert before.min() > 0.0
        assert (weights.min(), weights.max()) == (0.0, 500.0)
        out = trainer.parts()["weight", "cells->readout"]
        assert np.all(out * trainer.net.synapses("cells->readout", 0.5).weight >= 0.0)
        assert np.any(out == 0.0)
        assert (
            0.5 <= trainer.parts()["delay", "cells->readout"].min() < trainer.parts()["delay", "cells->readout"].max() == 1.1
        )

    def test_a_shared_weight_is_one_number(self):
        learns = [bs.learn.Learns("cells->cells", shared=True), "delay"]
        trainer = small_trainer(learns=learns, epochs=2).fit(*samples())
        weight = trainer.parts()["weight", "cells->cells"]
        assert weight.shape == ()
        assert weight != 20.0
        assert trainer.to_network().projections[1].weight == weight

    def test_spikes_at_given_times(self):
        wanted = [([15.0, 25.0], [0, 0]), ([18.0, 30.0], [0, 1])]
        trainer = pattern_trainer(epochs=150, learning_rate=0.05).fit([([2.0, 9.0], [0, 1]), ([2.0, 9.0], [1, 0])], wanted)
        X = [([2.0, 9.0], [0, 1]), ([2.0, 9.0], [1, 0])]
        assert trainer.score(X, wanted) > 0.7
        for spikes, (times, ids) in zip(trainer.predict(X), wanted, strict=True):
            assert spikes.ids.tolist() == ids
            np.testing.assert_allclose(spikes.times, times, atol=2.0)
        with pytest.raises(ValueError, match="there are no classes with loss='spikes'"):
            trainer.decision_function(X)
        with pytest.raises(ValueError, match="must have the wanted spikes of each of 2 samples"):
            trainer.score(X, wanted[:1])

    def test_without_samples_the_sources_send_their_own_spikes(self):
        source = bs.Population(2, bs.SpikeTrains([1.0, 3.0, 4.0], [0, 1, 0]), name="source")
        out, net = bs.Population(1, bs.LI(), name="out"), bs.Network(seed=1)
        net.connect(source, out, bs.AllToAll(), weight=bs.Normal(100.0, 10.0), delay=1.0, synapse=FAST)
        wanted = -65.0 + 2.0 * np.sin(np.arange(60) / 8.0)[None, :, None]
        trainer = bs.learn.Trainer(net, out, loss="sequence", dt=0.5, duration=30.0, epochs=200, validation=0.0)
        trainer.fit(None, wanted)
        assert trainer.history_["loss"][-1] < 0.5 * trainer.history_["loss"][0]
        assert trainer.predict(None).shape == wanted.shape
        np.testing.assert_allclose(trainer.predict(None).mean(), trainer.potentials(None).mean())
        assert -66.0 < trainer.predict(None).mean() < -60.0


def small_network(seed=1):
    source = bs.Population(8, bs.SpikeTrains([], []), name="source")
    cells, readout = bs.Population(30, bs.LIF(), name="cells"), bs.Population(2, bs.LI(), name="readout")
    net = bs.Network(seed=seed)
    net.connect(source, cells, bs.FixedProbability(0.5), weight=bs.Normal(300.0, 60.0), delay=1.0, synapse=FAST)
    net.connect(cells, cells, bs.FixedIndegree(5), weight=20.0, delay=2.0, synapse=FAST)
    net.connect(cells, readout, bs.AllToAll(), weight=bs.Normal(0.0, 20.0), delay=1.0, synapse=FAST)
    net.stimulate(cells, bs.CurrentInput(10.0), name="drive")
    return net


def small_trainer(net=None, **options):
    learns = [bs.learn.Learns("source->cells"), bs.learn.Learns("cells->readout"), bs.learn.Learns("cells", "tau_m")]
    learns += [bs.learn.Learns("source->cells", "tau"), bs.learn.Learns("drive", "amplitude")]
    given = {"learns": learns, "dt": 0.5, "duration": 40.0, "learning_rate": 0.05, "validation": 0.0, "batch": 16}
    return bs.learn.Trainer(small_network() if net is None else net, "readout", **given | options)


def pattern_trainer(**options):
    source, hidden = bs.Population(2, bs.SpikeTrains([], []), name="source"), bs.Population(60, bs.LIF(), name="hidden")
    out, net = bs.Population(2, bs.LIF(), name="out"), bs.Network(seed=3)
    net.connect(source, hidden, bs.AllToAll(), weight=bs.Normal(700.0, 200.0), delay=bs.Uniform(1.0, 15.0), synapse=FAST)
    net.connect(hidden, out, bs.AllToAll(), weight=bs.Normal(20.0, 40.0), delay=bs.Uniform(1.0, 5.0), synapse=FAST)
    given = {"loss": "spikes", "tau_first": 5.0, "dt": 0.5, "duration": 40.0, "validation": 0.0, "learning_rate": 0.02}
    return bs.learn.Trainer(net, out, **{"learns": ("weight", "delay")} | given | options)


def samples():
    rng = np.random.default_rng(1)
    times, labels = rng.uniform(10.0, 20.0, (64, 8)), rng.integers(0, 2, 64)
    times[labels == 1, :4] -= 8.0
    times[labels == 0, 4:] -= 8.0
    return times, labels


def with_(cells=None, synapse=FAST, pre=None, into=None, **connect):
    """Return a small network with other parts."""
    source = bs.Population(3, bs.SpikeTrains([], []), name="source")
    cells = bs.Population(4, bs.LIF() if cells is None else cells, name="cells")
    out, net = bs.Population(2, bs.LI(), name="out"), bs.Network(seed=1)
    net.connect(source, cells, bs.AllToAll(), **{"weight": 100.0, "delay": 1.0, "synapse": synapse} | connect)
    net.connect(cells, out, bs.AllToAll(), weight=10.0, delay=1.0, synapse=FAST)
    if pre is not None:
        net.connect(bs.Population(3, pre, name="noise"), cells, bs.AllToAll(), weight=10.0, delay=1.0, synapse=FAST)
    if into is not None:
        net.stimulate(cells, into, name="input")
    return net


def chain():
    """Return a network in which one population is two steps away from the output."""
    cells = [bs.Population(3, bs.SpikeTrains([], []), name="source")]
    cells += [
        bs.Population(3, model, name=name) for name, model in (("first", bs.LIF()), ("next", bs.LIF()), ("out", bs.LI()))
    ]
    net = bs.Network(seed=1)
    for pre, post in pairwise(cells):
        net.connect(pre, post, bs.AllToAll(), weight=100.0, delay=1.0, synapse=FAST)
    return net


class Noisy(bs.LIF):
    """A LIF with noise.

    Examples
    --------
    >>> Noisy()
    Noisy()
    """

    equations = "dv/dt = (v_rest - v)/tau_m + I/c_m + sigma*xi/sqrt(tau_m)"
    sigma: float = bs.parameter(1.0, "mV", "strength of the noise")


MISTAKES = {
    "random source": (with_(pre=bs.Poisson(rate=5.0)), {}, "'noise': the spikes of Poisson are random"),
    "random input": (
        with_(into=bs.PoissonInput(rate=9.0, weight=1.0, synapse=FAST)), {}, "'input': PoissonInput is random",
    ),
    "changing input": (with_(into=bs.CurrentInput("9*sin(t/5)")), {}, "'input': must be constant"),
    "noise": (with_(Noisy(t_ref=0.0)), {}, "'cells': Noisy: cannot be differentiated: there is noise in dv/dt"),
    "refractory": (with_(bs.AdEx(t_ref=2.0)), {}, "'cells': AdEx: refractory times cannot be differentiated"),
    "individual": (with_(bs.LIF(v_rest=bs.Normal(-65.0, 1.0))), {}, "'cells': LIF.v_rest: must be one number for all cells"),
    "delta": (with_(synapse=bs.Delta()), {}, "'source->cells': Delta: v jumps, so the time of a spike does too"),
    "conductance": (with_(synapse=bs.ExponentialConductance()), {}, "ExponentialConductance: has no adjoint yet"),
    "plastic": (with_(plasticity=bs.STDP(w_max=200.0)), {}, "'source->cells': changes its own weights"),
    "short delay": (with_(), {"dt": 2.0}, "source->cells.delay: must be at least dt = 2 ms"),
    "no such output": (with_(), {"output": "outs"}, "Trainer.output: 'outs' is not a population of this network; did you"),
    "output of another network": (
        with_(), {"output": bs.Population(2, bs.LIF(), name="out")},
        "'out' is not a population of this network; the 'out' that was given belongs to another network; give its name",
    ),
    "output is a source": (with_(), {"output": "source"}, "Trainer.output: 'source' sends listed spikes"),
    "loss without spikes": (with_(), {"loss": "count"}, "Trainer.loss: 'count' needs spikes of 'out'; use a"),
    "loss without potentials": (
        with_(bs.AdEx(t_ref=0.0)), {"output": "cells"}, "'mean' reads potentials of LI or LIF, but 'cells' are AdEx",
    ),
    "not the user's": (with_(), {"learns": bs.learn.Learns("cells", "v")}, "Learns.what: 'cells' has no 'v' that learns"),
    "not of LIF": (with_(), {"learns": bs.learn.Learns("cells", "v_th")}, "of LIF only tau_m and c_m learn (got 'v_th' of"),
    "of a source": (with_(), {"learns": bs.learn.Learns("source", "times")}, "'source' has no 'times' that learns; nothing"),
    "no such part": (with_(), {"learns": bs.learn.Learns("cells->ot")}, "no part 'cells->ot'; did you mean 'cells->out'"),
    "twice": (with_(), {"learns": ["weight", bs.learn.Learns("cells->out")]}, "'weight' of 'cells->out' is given twice"),
    "nothing": (with_(), {"learns": ()}, "Trainer.learns: must name something"),
    "word": (with_(), {"learns": "weights"}, "Trainer.learns: must be 'weight' or 'delay', of all projections"),
    "bounds": (
        with_(), {"learns": bs.learn.Learns("cells->out", at_most=5.0)}, "weight of 'cells->out' begins at 10, outside its",
    ),
    "shared": (
        with_(weight=bs.Normal(9.0, 1.0)), {"learns": bs.learn.Learns("source->cells", shared=True)}, "with several values",
    ),
    "surrogate of AdEx": (with_(bs.AdEx(t_ref=0.0)), {"gradient": "surrogate"}, "and those of 'cells' are AdEx"),
    "surrogate of a delay": (with_(), {"gradient": "surrogate", "learns": "delay"}, "'delay' is not learned with"),
    "keeps that is replaced": (
        with_(bs.learn.AdaptingLIF(t_ref=0.0, keeps=0.5)), {"gradient": "surrogate"},
        "'cells': AdaptingLIF.keeps: must be 1 with gradient='surrogate' and t_ref = 0 ms (got 0.5); leave it out",
    ),
    "keeps while refractory": (
        with_(bs.learn.AdaptingLIF(t_ref=2.0, keeps=1.0)), {"gradient": "eprop"}, "AdaptingLIF.keeps: must be 0 with",
    ),
    "surrogate off the grid": (with_(delay=1.05), {"gradient": "surrogate"}, "cells.delay: must be a multiple of the"),
    "eprop too far": (chain(), {"gradient": "eprop"}, "only cells with synapses onto 'out', which 'first' lacks"),
    "inputs": (with_(), {"inputs": "cells"}, "Trainer.inputs: must be a population of SpikeTrains (got 'cells')"),
    "inputs of another network": (
        with_(), {"inputs": bs.Population(2, bs.SpikeTrains([1.0], [0]), name="source")},
        "; the 'source' that was given belongs to another network; give its name",
    ),
    "option": (with_(), {"steepness": 0.0}, "Trainer.steepness: must be > 0"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake):
    net, options, message = MISTAKES[mistake]
    with pytest.raises(ValueError) as error:
        bs.learn.Trainer(net, **{"output": "out"} | options)
    assert message in str(error.value)


def test_mistakes_in_samples():
    trainer = small_trainer()
    X, y = samples()
    with pytest.raises(ValueError, match=r"Trainer.fit.y: has 3 classes, but 'readout' has 2 cells"):
        trainer.fit(X, np.arange(64) % 3)
    with pytest.raises(ValueError, match=r"Trainer.fit.X: must have 8 inputs"):
        trainer.fit(X[:, :5], y)
    with pytest.raises(ValueError, match=r"must be spikes of 'source', whose cells take no currents"):
        trainer.fit(np.ones((64, 80, 8)), y)
    with pytest.raises(ValueError, match=r"is not trained yet; call fit\(X, y\) first, or partial_fit"):
        trainer.predict(X)
    with pytest.raises(ValueError, match=r"Trainer.save: a trainer has no file"):
        trainer.save("net")


def test_a_trainer_can_be_copied_and_given_other_settings(trained):
    X, y = samples()
    for other in (copy.deepcopy(trained), pickle.loads(pickle.dumps(trained))):
        assert np.array_equal(other.decision_function(X), trained.decision_function(X))
        other.partial_fit(X, y)
        assert not np.array_equal(other.decision_function(X), trained.decision_function(X))
    new = bs.learn.Trainer(**trained.get_params()).set_params(epochs=1, batch=8)
    assert (new.epochs, new.batch, trained.batch) == (1, 8, 16)
    assert not hasattr(new, "training_")
    with pytest.raises(ValueError, match="Trainer.set_params: there is no parameter 'epoch'; did you mean 'epochs'"):
        new.set_params(epoch=1)


@pytest.mark.thorough
def test_too_much_memory_is_said_before_it_is_taken():
    net = small_network()
    net.add(bs.Population(20_000_000, bs.LIF(), name="many"))
    trainer = small_trainer(net, dt=0.1, duration=10_000.0)
    with pytest.raises(MemoryError, match=r"Trainer.fit: takes .* TB, but only .* are free; take a shorter duration"):
        trainer.fit(*samples())


@pytest.mark.parametrize(
    ("gradient", "cells"), [("surrogate", "LIF"), ("eprop", "LIF"), ("exact", "LIF"), ("exact", "ALIF")]
)
def test_the_cost_of_rates_does_not_act_on_the_output(gradient, cells):
    source = bs.Population(3, bs.SpikeTrains([], []), name="source")
    out, net = bs.Population(2, getattr(bs, cells)(t_ref=0.0), name="out"), bs.Network(seed=1)
    net.connect(source, out, bs.AllToAll(), weight=bs.Normal(900.0, 90.0), delay=1.0, synapse=FAST)
    X, found = [(np.array([1.0, 2.0, 4.0]), np.arange(3))] * 2, []
    for cost in (0.0, 1.0):
        given = {"loss": "count", "gradient": gradient, "dt": 0.5, "duration": 30.0, "validation": 0.0}
        trainer = bs.learn.Trainer(net, out, rate_cost=cost, rate_target=0.0, **given).partial_fit(X, [0, 1], 0)
        assert len(trainer.activity(X)["out"]) > 2
        found.append(trainer.gradients(X, [0, 1]).parts["weight", "source->out"])
    assert np.abs(found[0]).max() > 0.0
    np.testing.assert_array_equal(*found)
