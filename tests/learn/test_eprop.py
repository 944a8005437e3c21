"""E-prop: what it learns, and the weights by which errors reach the cells. Its gradients: `test_eprop_twin`."""

import copy
import pickle

import numpy as np
import pytest

import brainsim as bs

LOCAL = {"gradient": "eprop", "surrogate": "triangle", "loss": "sequence", "validation": 0.0}
FEEDBACK = ("symmetric", "random", "adaptive")


def drawing(seed=0, **options):
    """Return a recurrent network for samples of 200 ms."""
    layer = bs.learn.Layer(options.pop("n", 50), recurrent=True, beta=0.03, tau_a=2000.0)
    return bs.learn.SpikingNetwork(layer, **LOCAL | {"duration": 200.0, "learning_rate": 0.03, "seed": seed} | options)


def noise(samples=1, steps=200, inputs=20, seed=1):
    """Return random spikes, 5 % in each step."""
    return [np.nonzero(x) for x in np.random.default_rng(seed).random((samples, steps, inputs)) < 0.05]


def waves(*periods):
    """Return sine waves of 200 ms as targets."""
    return np.sin(np.arange(200.0)[:, None] / periods)[None]


def evidence(rng, samples):
    """Return spikes and the side on which most of seven cues were shown, asked for in the last 150 ms of 2250."""
    cue, gap, wait, recall = 100, 50, 1050, 150
    sides = rng.random((samples, 7)) < np.where(rng.random(samples) < 0.5, 0.3, 0.7)[:, None]
    rates = np.zeros((samples, 7 * (cue + gap) + wait + recall, 40))
    for rate, shown in zip(rates, sides, strict=True):
        for k, side in enumerate(shown.astype(int)):
            start = k * (cue + gap) + gap
            rate[start : start + cue, 10 * side : 10 * side + 10] = 0.04
    rates[:, -recall:, 20:30] = 0.04
    rates[:, :, 30:] = 0.01
    return [np.nonzero(x) for x in rng.random(rates.shape) < rates], (sides.sum(axis=1) > 3).astype(int)


def delayed_choice(rng, samples):
    """Return spikes, and which of two groups fired at first, asked for 100 ms later: 5 time constants of the membrane."""
    side, rates = rng.integers(0, 2, samples), np.zeros((samples, 180, 15))
    for k, s in enumerate(side):
        rates[k, :40, 5 * s : 5 * s + 5] = 0.2
    rates[:, 140:, 10:] = 0.2
    return [np.nonzero(x) for x in rng.random(rates.shape) < rates], side


def asked_late(labels, steps, last):
    """Return labels of steps, in the last ones only."""
    wanted = np.full((len(labels), steps), -1)
    wanted[:, -last:] = labels[:, None]
    return wanted


def sparse_trainer():
    """Return a trainer of LIF cells in mV, with dense and listed synapses, that has been trained for an epoch."""
    source, cells = bs.Population(20, bs.SpikeTrains([], []), name="source"), bs.Population(30, bs.LIF(), name="cells")
    out, net, given = bs.Population(1, bs.LI(), name="out"), bs.Network(seed=1), {"synapse": bs.Exponential(tau=5.0)}
    net.connect(source, cells, bs.FixedProbability(0.5), weight=bs.Normal(400.0, 80.0), delay=1.0, **given)
    net.connect(cells, cells, bs.FixedIndegree(5), weight=20.0, delay=2.0, **given)
    net.connect(cells[:20], out, bs.AllToAll(), weight=bs.Normal(0.0, 20.0), delay=1.0, **given)
    net.connect(cells[20:], out, bs.FixedProbability(0.6), weight=bs.Normal(0.0, 20.0), delay=1.0, **given)
    trainer = bs.learn.Trainer(net, out, dt=1.0, feedback="adaptive", **LOCAL | {"duration": 200.0})
    return trainer.partial_fit(noise(), waves(30.0))


def assert_same_training(net, other):
    """Compare all that a training holds, to the bit."""
    states = [each.training_.state() for each in (net, other)]
    for name, values in states[0].items():
        assert np.array_equal(values, states[1][name], equal_nan=True), name


def wrong(net, X, labels, last):
    """Return the share of samples of which most of the last steps are classified wrongly."""
    return np.mean((net.predict(X)[:, -last:].mean(axis=1) > 0.5) != labels)


class TestLearning:
    @pytest.mark.thorough_only("[symmetric]")
    @pytest.mark.parametrize("feedback", FEEDBACK)
    def test_two_waves(self, feedback):
        X, y = noise(), waves(30.0, 11.0)
        net = drawing(feedback=feedback, n=60, learning_rate=0.02).partial_fit(X, y)
        before = net.score(X, y)
        assert net.partial_fit(X, y, epochs=199).score(X, y) > 0.85 > 0.5 > before

    def test_a_delayed_choice(self):
        rng = np.random.default_rng(4)
        (X, side), (new, new_side) = delayed_choice(rng, 128), delayed_choice(rng, 100)
        layer = bs.learn.Layer(40, recurrent=True, beta=0.1, tau_a=200.0)
        net = bs.learn.SpikingNetwork(layer, **LOCAL, learning_rate=0.02, batch=16, epochs=12, duration=180.0)
        net.fit(X, asked_late(side, 180, 40))
        assert wrong(net, new, new_side, 40) < 0.05

    @pytest.mark.slow
    def test_waves_with_five_seeds(self):
        """The network that was here before, of 50 cells that fire with jumps of v, came to 0.997."""
        options = {"learning_rate": 0.06, "decay": 0.995, "epochs": 200, "readout": bs.learn.Readout(tau_s=2.0)}
        scores = [drawing(seed, **options).fit(noise(), waves(30.0)).score(noise(), waves(30.0)) for seed in range(5)]
        assert np.mean(scores) > 0.996

    @pytest.mark.slow
    def test_evidence_accumulation_is_learned(self):
        rng = np.random.default_rng(3)
        layer = bs.learn.Layer(100, recurrent=True, beta=0.03, tau_a=2000.0)
        net = bs.learn.SpikingNetwork(
            layer, readout=bs.learn.Readout(tau_s=2.0), **LOCAL, learning_rate=0.01, duration=2250.0, threads=2
        )
        errors = []
        for k in range(400):  # about 200 are enough
            X, side = evidence(rng, 32)
            net.partial_fit(X, asked_late(side, 2250, 150))
            if k % 20 == 19:
                errors.append(wrong(net, *evidence(rng, 200), 150))
                if errors[-1] < 0.07:
                    break
        assert errors[-1] < 0.07, errors


class TestFeedback:
    def gradients(self, net, weights):
        net.training_.feedback.weights[...] = weights
        return net.gradients(noise(), waves(30.0)).parts

    def test_gradients_of_cells_are_linear_in_it(self):
        net, like = (drawing(feedback=kind).partial_fit(noise(), waves(30.0)) for kind in ("random", "symmetric"))
        like._vector[...] = net._vector
        own, other = net.parts()["weight", 1].ravel(), np.random.default_rng(1).normal(size=50)
        first, second, both = (self.gradients(net, w) for w in (own, other, own + other))
        for key, wanted in like.gradients(noise(), waves(30.0)).parts.items():
            assert np.array_equal(first[key], wanted)
            if key[1] == 0 and key[0] in ("weight", "recurrent"):
                np.testing.assert_allclose(both[key], first[key] + second[key], rtol=1e-9, atol=1e-12)
                assert not np.allclose(first[key], second[key], rtol=0.1)
            elif key[1] == 1:
                assert np.array_equal(first[key], second[key])

    def test_random_weights_stay(self):
        net = drawing(feedback="random").partial_fit(noise(), waves(30.0))
        before = net.training_.feedback.weights.copy()
        assert np.array_equal(net.partial_fit(noise(), waves(30.0), 5).training_.feedback.weights, before)
        assert np.std(before) == pytest.approx(np.std(net.parts()["weight", 1]), rel=0.5)

    def test_adaptive_ones_approach_those_onto_the_readout(self):
        def gap(net):
            return net.training_.feedback.weights - net.parts()["weight", 1].ravel()

        net = drawing(feedback="adaptive").partial_fit(noise(), waves(30.0))
        before = gap(net)
        after = gap(net.partial_fit(noise(), waves(30.0), 10))
        np.testing.assert_allclose(after, 0.99**10 * before, rtol=0.0, atol=1e-6)  # those onto the readout are float32

    def test_in_a_trainer_they_are_in_the_unit_of_the_kernels(self):
        trainer = sparse_trainer()
        training, places = trainer.training_, trainer._layout.output_weights()
        found = trainer.gradients(noise(), waves(30.0)).parts
        training.feedback.weights[...] = own = trainer._layout.in_kernels(trainer._vector)[places]
        with_own = trainer.gradients(noise(), waves(30.0)).parts
        feedback, training.feedback = training.feedback, None
        for key, wanted in trainer.gradients(noise(), waves(30.0)).parts.items():
            assert np.array_equal(with_own[key], wanted)
            assert np.array_equal(found[key], wanted) == key[1].endswith("out")
        training.feedback, before = feedback, np.array(own)
        trainer.partial_fit(noise(), waves(30.0), 5)  # both change alike
        same = trainer._layout.in_kernels(trainer._vector)[places]
        np.testing.assert_allclose(feedback.weights, same, rtol=1e-6)  # of which these are float32
        assert not np.array_equal(feedback.weights, before)

    @pytest.mark.parametrize("again", ["copy", "pickle", "file"])
    def test_a_copy_continues_to_the_bit(self, again, tmp_path):
        net = drawing(feedback="adaptive").partial_fit(noise(), waves(30.0), 2)
        net.save(tmp_path / "net.npz")
        read = {"copy": lambda: copy.deepcopy(net), "pickle": lambda: pickle.loads(pickle.dumps(net))}
        other = read.get(again, lambda: bs.learn.SpikingNetwork.load(tmp_path / "net.npz"))()
        assert_same_training(*(each.partial_fit(noise(), waves(30.0), 2) for each in (net, other)))

    def test_threads_do_not_change_the_bits(self):
        X, y = noise(24), np.tile(waves(30.0), (24, 1, 1))
        one, *others = (drawing(feedback="random", threads=n, epochs=2).fit(X, y) for n in (1, 2, 3))
        for other in others:
            assert_same_training(one, other)


class TestValuesThatAreNotWanted:
    def test_only_the_others_count(self):
        net = drawing(epochs=1).fit(noise(), waves(30.0))
        late, early = waves(30.0), waves(30.0)
        late[:, :120], early[:, 120:] = np.nan, np.nan
        whole, of_late, of_early = (net.gradients(noise(), y) for y in (waves(30.0), late, early))
        assert whole.loss == pytest.approx(0.4 * of_late.loss + 0.6 * of_early.loss, rel=1e-12)
        for key, part in whole.parts.items():
            np.testing.assert_allclose(part, 0.4 * of_late.parts[key] + 0.6 * of_early.parts[key], rtol=1e-9, atol=1e-12)
        assert net.score(noise(), late) != net.score(noise(), early)
        wanted, found = waves(30.0)[:, 120:], net.predict(noise())[:, 120:]
        explained = 1.0 - np.sum((found - wanted) ** 2) / np.sum((wanted - wanted.mean()) ** 2)
        assert net.score(noise(), late) == pytest.approx(explained, rel=1e-12)

    def test_something_must_be_wanted(self):
        with pytest.raises(ValueError, match="SpikingNetwork.fit.y: must have a value in at least one step .got only NaN"):
            drawing().fit(noise(), np.full((1, 200, 1), np.nan))
        with pytest.raises(ValueError, match="SpikingNetwork.fit.y: must be finite .got inf"):
            drawing().fit(noise(), np.full((1, 200, 1), np.inf))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"feedback": "none"}, "SpikingNetwork.feedback: there is no 'none'; available: symmetric, random, adaptive"),
        (
            {"feedback": "random", "gradient": "exact"},
            "SpikingNetwork.feedback: 'random' is for gradient='eprop', which is local (got gradient='exact')",
        ),
    ],
    ids=["unknown", "not local"],
)
def test_mistakes(options, said):
    with pytest.raises(ValueError) as error:
        drawing(**options)
    assert str(error.value) == said
