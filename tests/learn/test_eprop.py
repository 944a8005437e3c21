"""E-prop: published runs number by number, gradients against slow twins and finite differences, and what it learns."""

import copy
import pickle

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.plasticity import eprop_twin

RNG = np.random.default_rng(7)
CELLS = {"adaptive": 4, "tau_m": 10.0, "tau_out": 15.0, "tau_a": 60.0, "beta": 0.05, "v_th": 0.5, "t_ref": 3.0}


def small(n_out=2, **options):
    return bs.learn.EProp(5, 9, n_out, seed=3, **CELLS | options)


def data(net, samples=3, steps=80):
    """Return random spikes and targets for a network."""
    spikes = RNG.random((samples, steps, net.n_in)) < 0.3
    if net.task == "classification":
        return spikes, RNG.integers(0, net.n_out, samples)
    return spikes, RNG.normal(size=(samples, steps, net.n_out))


def of_samples(twin, net, inputs, targets, **options):
    """Return the mean over samples of what a twin gives."""
    each = [twin(net, x.astype(float), target, **options) for x, target in zip(inputs, targets, strict=True)]
    return [sum(parts) / len(each) for parts in zip(*each, strict=True)]


class TestPublishedRuns:
    """The two examples of NEST, from the same random numbers."""

    def test_waves_from_frozen_noise(self):
        rng, steps = np.random.RandomState(1), 1000
        weights = [short(rng.randn(100, to).T / 10.0) for to in (100, 100, 1)] + [short(rng.randn(100, 1) / 10.0)]
        np.fill_diagonal(weights[1], 0.0)
        x = rng.rand(steps, 100) < 0.05
        x[0] = 0
        sizes, phases = rng.uniform(0.5, 2.0, 4), rng.uniform(0.0, 2 * np.pi, 4)
        waves = zip(sizes, phases, (1000, 500, 333, 200), strict=True)
        y = sum(a * np.sin(np.linspace(p, p + 2 * np.pi * (steps // period), steps)) for a, p, period in waves)
        y -= y[0]
        y /= np.abs(y).max()
        of_sums = {"average": False, "rate_cost": 300.0, "normalised": True}
        cells = {"tau_m": 30.0, "tau_out": 30.0, "v_th": 0.03, "t_ref": 0.0}
        net = bs.learn.EProp(100, 100, 1, **cells, **of_sums, feedback="random", optimiser="sgd", learning_rate=1e-4)
        put(net, weights)
        net.fit(x[None], y[None, :, None], epochs=5)
        published = [101.964356999041, 103.466731126205, 103.340607074771, 103.680244037686, 104.412775748752]
        np.testing.assert_allclose(net.history, published, rtol=1e-14)

    def test_evidence_accumulation(self):
        rng = np.random.RandomState(1)
        weights = [short(rng.randn(n, 100).T / n**0.5) for n in (40, 100)]
        np.fill_diagonal(weights[1], 0.0)
        weights += [short(rng.uniform(-((3 / 51) ** 0.5), (3 / 51) ** 0.5, (100, 2)).T), short(rng.randn(100, 2))]
        trials = [evidence(rng, 1) for _ in range(5)]
        net = evidence_network(batch=1, feedback="random")
        put(net, weights)
        for x, y in trials:
            net.fit(x, y)
        computed = [0.741152550006, 0.740388187700, 0.665785233177, 0.663644193322, 0.729428962844]
        np.testing.assert_allclose(net.history, computed, atol=5e-13)


def short(values):
    """Return values rounded to float32, as NEST's examples do."""
    return values.astype(np.float32).astype(np.float64)


def put(net, weights):
    """Set the weights of a network from arrays with a row for each target, feedback apart."""
    for name, values in zip(("input", "recurrent", "output"), weights[:3], strict=True):
        getattr(net.weights, name)[...] = values.T
    net.weights.feedback[...] = weights[3]


def evidence_network(**options):
    jump = 1.7 * (1.0 - np.exp(-1.0 / 2000.0)) / (1.0 - np.exp(-1.0 / 20.0))
    cells = {"adaptive": 50, "tau_a": 2000.0, "beta": jump}
    goal = {"task": "classification", "window": 150.0, "rate_cost": 300.0}
    return bs.learn.EProp(40, 100, 2, **cells, **goal, learning_rate=5e-3, **options)


def evidence(rng, samples):
    """Return spikes and the side on which most of seven cues were shown, asked for two seconds later."""
    cue, gap, wait, recall = 100, 50, 1050, 150
    likely = rng.choice([0, 1], samples)
    shares = np.array([0.3, 0.7], dtype=np.float32)
    shares = np.stack([shares[likely], shares[1 - likely]], axis=1)
    sides = np.array([rng.choice([0, 1], 7, p=share) for share in shares])
    rates = np.zeros((samples, 7 * (cue + gap) + wait + recall, 40))
    for rate, shown in zip(rates, sides, strict=True):
        for k, side in enumerate(shown):
            start = k * (cue + gap) + gap
            rate[start : start + cue, 10 * side : 10 * side + 10] = 0.04
    rates[:, -recall:, 20:30] = 0.04
    rates[:, :, 30:] = 0.01
    spikes = rates > rng.rand(rates.size).reshape(rates.shape)
    spikes[:, 0] = 0
    return spikes, (sides.sum(axis=1) > 3).astype(int)


OPTIONS = {
    "LIF": {"adaptive": 0},
    "ALIF": {},
    "normalised": {"normalised": True, "v_th": 0.1},
    "a window": {"window": 30.0},
    "sums": {"average": False},
    "rates": {"rate_cost": 50.0, "window": 20.0},
    "random feedback": {"feedback": "random"},
    "classes": {"task": "classification", "window": 40.0},
    "half steps": {"dt": 0.5, "t_ref": 2.0, "rate_cost": 50.0},
    "no refractory time": {"t_ref": 0.0},
}


class TestGradients:
    @pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
    def test_they_are_those_of_traces_forward_in_time(self, options):
        net = small(**options)
        inputs, targets = data(net)
        assert 0.02 < net.spikes(inputs).mean() < 0.5
        expected = of_samples(eprop_twin.forward_gradients, net, inputs, targets)
        for mine, twin in zip(net.gradients(inputs, targets), expected, strict=True):
            np.testing.assert_allclose(mine, twin, rtol=1e-11, atol=1e-14 * np.abs(twin).max())

    @pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
    def test_without_recurrent_weights_they_are_those_of_backpropagation(self, options):
        net = small(**options | {"feedback": "symmetric"})
        net.weights.recurrent[...] = 0.0
        inputs, targets = data(net)
        expected = of_samples(eprop_twin.bptt_gradients, net, inputs, targets)
        for mine, twin in zip(net.gradients(inputs, targets), expected, strict=True):
            np.testing.assert_allclose(mine, twin, rtol=1e-9, atol=1e-13 * np.abs(twin).max())

    def test_recurrent_credit_is_all_that_is_left_out(self):
        net = small()
        inputs, targets = data(net)
        mine = net.gradients(inputs, targets)
        without = of_samples(eprop_twin.bptt_gradients, net, inputs, targets, recurrent_credit=False)
        for a, b in zip(mine, without, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-13 * np.abs(b).max())
        whole = of_samples(eprop_twin.bptt_gradients, net, inputs, targets)
        np.testing.assert_allclose(mine.output, whole[3], rtol=1e-9, atol=1e-14)
        assert not np.allclose(mine.input, whole[1], rtol=0.01)
        assert np.vdot(mine.input, whole[1]) > 0.5 * np.linalg.norm(mine.input) * np.linalg.norm(whole[1])

    @pytest.mark.parametrize("options", [{}, {"task": "classification", "window": 40.0}], ids=["waves", "classes"])
    def test_output_weights_against_finite_differences(self, options):
        net = small(**options)
        inputs, targets = data(net)
        gradient = net.gradients(inputs, targets).output
        for place in [(0, 0), (4, 1), (8, 0)]:
            losses = []
            for step in (1e-5, -2e-5):
                net.weights.output[place] += step
                losses.append(net.gradients(inputs, targets).loss)
            net.weights.output[place] += 1e-5
            assert gradient[place] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-6, abs=1e-10)

    def test_spikes_and_readouts_are_those_of_the_twin(self):
        net = small(rate_cost=1.0)
        inputs, _ = data(net)
        for x, spikes, readout in zip(inputs, net.spikes(inputs), net.predict(inputs), strict=True):
            _, expected, readouts, _ = eprop_twin.run(net, x.astype(float))
            assert np.array_equal(spikes, expected)
            np.testing.assert_allclose(readout, readouts, rtol=1e-12, atol=1e-15)

    def test_two_spikes_are_a_refractory_time_apart(self):
        net = small(adaptive=0, t_ref=5.0)
        net.weights.input[...] = 10.0
        times = np.flatnonzero(net.spikes(np.ones((1, 50, 5)))[0, :, 0])
        assert np.diff(times).min() == 5

    def test_cells_do_not_learn_to_drive_themselves(self):
        net = small()
        gradients = net.gradients(*data(net))
        assert np.abs(gradients.recurrent).max() > 0
        assert not np.diag(gradients.recurrent).any()
        assert not np.diag(net.fit(*data(net)).weights.recurrent).any()


class TestLearning:
    @pytest.mark.parametrize("feedback", ["symmetric", "random", "adaptive"])
    def test_waves(self, feedback):
        spikes = np.random.default_rng(1).random((1, 200, 20)) < 0.05
        waves = np.sin(np.arange(200.0)[:, None] / [30.0, 11.0])[None]
        net = bs.learn.EProp(20, 60, 2, feedback=feedback, learning_rate=0.01, seed=2)
        before = net.score(spikes, waves)
        assert net.fit(spikes, waves, epochs=200).score(spikes, waves) > 0.85 > 0.5 > before
        assert len(net.history) == 200

    def test_a_delayed_choice(self):
        """Which of two groups fired at first is asked for after 100 ms: 5 time constants of the membrane."""
        rng = np.random.default_rng(4)

        def trials(count):
            side = rng.integers(0, 2, count)
            rates = np.zeros((count, 180, 15))
            for k, s in enumerate(side):
                rates[k, :40, 5 * s : 5 * s + 5] = 0.2
            rates[:, 140:, 10:] = 0.2
            return rng.random(rates.shape) < rates, side

        task = {"task": "classification", "window": 40.0, "rate_cost": 10.0}
        net = bs.learn.EProp(15, 40, 2, adaptive=20, tau_a=200.0, beta=0.1, **task, learning_rate=0.01, batch=16)
        net.fit(*trials(128), epochs=12)
        assert net.score(*trials(100)) > 0.9

    def test_rates_move_to_their_target(self):
        net = small(adaptive=0, rate_cost=1e5, rate_target=50.0, learning_rate=3e-3)
        inputs, targets = data(net, samples=8, steps=200)
        before = net.spikes(inputs).mean(axis=(0, 1))
        after = net.fit(inputs, targets, epochs=300).spikes(inputs).mean(axis=(0, 1))
        assert np.abs(after - 0.05).max() < 0.025 < 0.15 < np.abs(before - 0.05).max()

    def test_adaptive_feedback_approaches_the_output_weights(self):
        net = small(feedback="adaptive")
        gap = net.weights.feedback - net.weights.output
        net.fit(*data(net), epochs=10)
        np.testing.assert_allclose(net.weights.feedback - net.weights.output, 0.99**10 * gap, rtol=1e-12)

    @pytest.mark.slow
    def test_evidence_accumulation_is_learned(self):
        rng = np.random.RandomState(3)
        net = evidence_network(batch=32, threads=2)
        wrong = []
        for _ in range(700):  # about 500 are enough; with random feedback 700
            net.fit(*evidence(rng, 32))
            if len(net.history) % 20 == 0:
                wrong.append(1.0 - net.score(*evidence(rng, 200)))
                if wrong[-1] < 0.07:
                    break
        assert wrong[-1] < 0.07, wrong


class TestBits:
    def test_threads_do_not_change_them(self):
        runs = []
        for threads in (1, 2, 3, 4):
            net = small(threads=threads, batch=5)
            inputs, targets = data(net, samples=1)
            rng = np.random.default_rng(5)
            inputs, targets = rng.random((12, 80, 5)) < 0.3, rng.normal(size=(12, 80, 2))
            net.fit(inputs, targets, epochs=3)
            runs.append([*net.weights, np.array(net.history), net.predict(inputs)])
        for other in runs[1:]:
            assert all(np.array_equal(a, b) for a, b in zip(runs[0], other, strict=True))

    @pytest.mark.parametrize("again", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))], ids=["copy", "pickle"])
    def test_a_copy_goes_on_alike(self, again):
        net = small()
        inputs, targets = data(net)
        net.fit(inputs, targets, epochs=2)
        other = again(net)
        assert other.weights.feedback is other.weights.output
        for each in (net, other):
            each.fit(inputs, targets, epochs=2)
        assert all(np.array_equal(a, b) for a, b in zip(net.weights, other.weights, strict=True))
        assert not np.shares_memory(net.weights.input, other.weights.input)


MISTAKES = {
    "task": ({"task": "regresion"}, "EProp.task: there is no 'regresion'; did you mean 'regression'?"),
    "feedback": ({"feedback": "none"}, "EProp.feedback: there is no 'none'; available: symmetric, random, adaptive"),
    "tau_m": ({"tau_m": 0.0}, "EProp.tau_m: must be > 0 ms (got 0.0)"),
    "adaptive": ({"adaptive": 10}, "EProp.adaptive: must be <= 9 (got 10)"),
    "t_ref": ({"t_ref": 0.3}, "EProp.t_ref: must be 0 or at least one step of 1 ms (got 0.3)"),
    "rate": ({"learning_rate": -1.0}, "EProp.learning_rate: must be > 0 (got -1.0)"),
}


class TestMistakes:
    @pytest.mark.parametrize(("options", "said"), MISTAKES.values(), ids=MISTAKES)
    def test_parameters(self, options, said):
        with pytest.raises(ValueError) as error:
            small(**options)
        assert str(error.value) == said

    def test_shapes(self):
        net, wave = small(n_out=1), np.zeros((2, 50, 1))
        for inputs, targets, said in [
            (np.zeros((50, 5)), wave, "(samples, steps, 5) (got (50, 5)); a single sample is inputs[None]"),
            (np.zeros((2, 50, 4)), wave, "EProp.fit.inputs: must have the shape (samples, steps, 5) (got (2, 50, 4))"),
            (np.zeros((2, 50, 5)), wave[..., 0], "(2, 50, 1) (got (2, 50)); write targets[..., None]"),
            (np.zeros((2, 50, 5)), wave[:1], "EProp.fit.targets: must have the shape (2, 50, 1) (got (1, 50, 1))"),
            (
                np.zeros((2, 50, 5)),
                [0, 1],
                "(got (2,)); for one class for each sample write EProp(..., task='classification')",
            ),
            (np.full((2, 50, 5), np.nan), wave, "EProp.fit.inputs: must be finite (got nan)"),
        ]:
            with pytest.raises(ValueError, match="EProp.fit") as error:
                net.fit(inputs, targets)
            assert said in str(error.value)

    def test_classes(self):
        net = small(task="classification")
        with pytest.raises(ValueError, match="must be classes, whole numbers from 0 to 1 .got 2.0"):
            net.fit(np.zeros((2, 50, 5)), [0, 2])
        with pytest.raises(ValueError, match="one class for each of the 2 samples"):
            net.score(np.zeros((2, 50, 5)), [0, 1, 1])

    def test_samples_shorter_than_the_window(self):
        net = small(window=60.0)
        with pytest.raises(ValueError, match="at least as long as EProp.window, 60 ms .got 50 steps"):
            net.predict(np.zeros((2, 50, 5)))

    def test_a_loss_that_is_not_finite(self):
        net = small(optimiser="sgd", learning_rate=1e200)
        inputs, targets = data(net)
        with np.errstate(over="ignore", invalid="ignore"), pytest.raises(ValueError, match="not finite in epoch .; lower"):
            net.fit(inputs, targets, epochs=5)
        assert all(np.isfinite(part).all() for part in net.weights)

    def test_constant_targets_have_no_explained_variance(self):
        with pytest.raises(ValueError, match="must not be constant"):
            small().score(np.zeros((1, 50, 5)), np.ones((1, 50, 2)))


def test_the_text_of_a_network_is_short():
    assert repr(small()) == "EProp(5-9-2, 'regression', feedback='symmetric')"
