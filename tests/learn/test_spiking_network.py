"""`bs.learn.SpikingNetwork` as it is used: fit, predict, score, stop and resume, files, threads."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import brainsim as bs

FAST = {"duration": 50.0, "validation": 0.0, "learning_rate": 0.02, "epochs": 3, "batch": 40}

DRIVEN = bs.learn.Layer(24, weight=(1.0, 0.7))
FIRING = bs.learn.Readout(kind="spiking", weight=(0.8, 0.4))


def patterns(samples=240, seed=1):
    """Return times of nine inputs, of which three that tell the class come early."""
    rng = np.random.default_rng(seed)
    times, y = rng.uniform(10.0, 25.0, (samples, 9)), rng.integers(0, 3, samples)
    for k in range(3):
        early = np.arange(3 * k, 3 * k + 3)
        times[np.ix_(y == k, early)] = rng.uniform(1.0, 8.0, (int((y == k).sum()), 3))
    return times, y


def trained(hidden=16, **options):
    X, y = patterns()
    return bs.learn.SpikingNetwork(hidden, **FAST | options).fit(X, y)


def bits(net):
    return net.training_.vector.tobytes()


class TestFit:
    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"hidden": (DRIVEN, bs.learn.Layer(24, recurrent=True, beta=0.1, learns=("tau_m", "beta"), weight=(0.6, 0.6)))},
            {"hidden": bs.learn.Layer(24, t_ref=2.0, learns=("delay", "tau_s"), weight=(1.0, 0.7)), "learning_rate": 0.01},
            {"loss": "max", "gain": 5.0, "readout": bs.learn.Readout(weight=(0.4, 0.2)), "learning_rate": 0.01},
            {"loss": "first", "readout": FIRING, "tau_first": 3.0},
            {"loss": "count", "readout": FIRING, "learning_rate": 0.01, "gain": 5.0, "epochs": 30},
            {"gradient": "surrogate"},
            {"gradient": "eprop", "hidden": bs.learn.Layer(24, recurrent=True, weight=(1.0, 0.7)), "surrogate": "triangle"},
            {"gradient": "surrogate", "loss": "count", "readout": FIRING, "gain": 3.0},
            {"fading": True, "rate_cost": 1e-4, "optimiser": "sgd", "learning_rate": 0.5},
        ],
        ids=["mean", "deep", "delays", "max", "first", "count", "surrogate", "eprop", "surrogate counts", "sgd"],
    )
    def test_the_loss_falls_and_new_samples_are_classified(self, options):
        net = trained(**{"epochs": 15, "hidden": DRIVEN} | options)
        X, y = patterns(seed=2)
        assert net.history_["loss"][-1] < 0.85 * net.history_["loss"][0]
        assert net.score(X, y) > 0.55
        assert net.predict_proba(X).sum(axis=1) == pytest.approx(1.0)
        assert np.array_equal(net.classes_[net.predict_proba(X).argmax(axis=1)], net.predict(X))

    def test_values_that_are_no_times_are_noticed(self):
        X = np.linspace(0.0, 1.0, 90).reshape(10, 9)  # such as pixels
        with pytest.warns(UserWarning, match="the values are times of spikes in ms, but all lie within one"):
            bs.learn.SpikingNetwork(16, **FAST | {"epochs": 1}).fit(X, np.arange(10) % 3)

    def test_a_network_that_only_guesses_is_noticed(self):
        X, y = patterns()
        shuffled = np.random.default_rng(1).permutation(y)
        said = r"5 epochs the training loss is 1.98, and guessing gives 1.09.*'silent'.*initial weights.*learning_rate"
        options = FAST | {"learning_rate": 1e-3, "epochs": 5}
        with pytest.warns(UserWarning, match=said):
            bs.learn.SpikingNetwork(DRIVEN, **options).fit(X, shuffled)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            bs.learn.SpikingNetwork(DRIVEN, **options | {"epochs": 4}).fit(X, shuffled)  # too early to say
            trained(DRIVEN, epochs=15)

    def test_labels_may_be_words(self):
        X, y = patterns()
        words = np.array(["left", "middle", "right"])[y]
        net = bs.learn.SpikingNetwork(16, **FAST).fit(X, words)
        assert set(net.predict(X)) <= {"left", "middle", "right"}
        assert np.array_equal(net.training_.vector, trained().training_.vector)

    def test_what_does_not_learn_stays(self):
        net = trained(hidden=bs.learn.Layer(16, learns="tau_m"))
        parts = net.parts()
        assert parts["tau_m", 0] != 20.0
        assert (parts["tau_s", 0], parts["delay", 0], parts["tau_m", 1]) == (5.0, 1.0, 20.0)

    def test_time_constants_and_delays_stay_in_range(self):
        layer = bs.learn.Layer(16, tau_s=1.5, learns=("tau_m", "tau_s", "delay", "beta"))
        with pytest.warns(UserWarning, match="16 of the 16 cells of hidden layer 0 did not fire"):
            net = trained(hidden=layer, learning_rate=3.0, epochs=4)
        parts = net.parts()
        assert min(parts["tau_m", 0], parts["tau_s", 0], parts["delay", 0]) >= 1.0
        assert parts["delay", 0] <= 25.0
        assert parts["beta", 0] >= 0.0

    @pytest.mark.parametrize("form", ["array", "Spikes", "pairs"])
    def test_the_same_samples_in_any_form(self, form):
        X, y = patterns()
        X[0, 1] = np.inf
        lists = [(row[np.isfinite(row)], np.flatnonzero(np.isfinite(row))) for row in X]
        forms = {"array": X, "pairs": lists}
        forms["Spikes"] = [bs.Spikes(times + 7.0, ids, n=9, start=7.0, duration=50.0) for times, ids in lists]
        net = bs.learn.SpikingNetwork(16, **FAST).fit(forms[form], y)
        reference = bs.learn.SpikingNetwork(16, **FAST).fit(X, y)
        np.testing.assert_allclose(net.training_.vector, reference.training_.vector, rtol=0, atol=1e-9)

    def test_currents(self):
        rng = np.random.default_rng(1)
        y = rng.integers(0, 2, 120)
        X = rng.normal(0.0, 0.3, (120, 40, 3))
        X[y == 1, :20, 0] += 1.0
        X[y == 0, 20:, 0] += 1.0
        net = bs.learn.SpikingNetwork(24, validation=0.0, epochs=30, learning_rate=0.02, batch=20).fit(X[:80], y[:80])
        assert net.duration_ == 40.0
        assert net.score(X[80:], y[80:]) > 0.8

    def test_the_duration_follows_from_the_spikes(self):
        X, y = patterns()
        assert bs.learn.SpikingNetwork(4, epochs=1).fit(X, y).duration_ == np.ceil(X.max() + 20.0)

    def test_a_spike_may_come_at_the_very_end(self):
        X, y = patterns(20)
        X[0, 0] = 50.0
        assert bs.learn.SpikingNetwork(4, epochs=1, duration=50.0).fit(X, y).duration_ == 50.0

    def test_sequences_of_labels(self):
        rng = np.random.default_rng(1)
        letters = rng.integers(0, 3, (60, 8))
        X = [(10.0 * np.arange(8) + 1.0, row) for row in letters]
        y = np.full((60, 80), -1)
        y[:, 9::10] = letters  # the last letter, after 9 ms
        short = {"tau_m": 6.0, "tau_s": 3.0}
        options = {"readout": bs.learn.Readout(**short), "duration": 80.0, "learning_rate": 0.02, "epochs": 15, "batch": 10}
        hidden = bs.learn.Layer(24, weight=(6.0, 5.0), **short)
        net = bs.learn.SpikingNetwork(hidden, loss="sequence", validation=0.0, **options)
        net.fit(X[:50], y[:50])
        assert net.predict(X).shape == (60, 80)
        assert net.score(X[50:], y[50:]) > 0.55
        assert net.mean_loss(X[50:], y[50:]) < 0.9 * np.log(3)

    def test_sequences_of_values(self):
        times = np.random.default_rng(1).uniform(2.0, 20.0, (60, 1))
        y = np.exp(-((np.arange(50.0) - times - 15.0) ** 2) / 60.0)[..., None]  # a bump that follows the spike
        hidden = bs.learn.Layer(
            40, delay=np.random.default_rng(2).uniform(1.0, 20.0, (1, 40)), weight=(6.0, 3.0), learns="delay"
        )
        net = bs.learn.SpikingNetwork(hidden, loss="sequence", duration=50.0, validation=0.0, epochs=40, learning_rate=0.02)
        net.fit(times[:50], y[:50])
        assert net.predict(times).shape == y.shape
        assert net.score(times[50:], y[50:]) > 0.6


# the labels are shuffled
NOTHING_TO_LEARN = pytest.mark.filterwarnings("ignore:.*so little was learned")


class TestStops:
    @NOTHING_TO_LEARN
    def test_early_and_keeps_the_best(self):
        X, y = patterns(60)
        y = np.random.default_rng(3).permutation(y)  # nothing to learn
        net = bs.learn.SpikingNetwork(16, **FAST | {"epochs": 60, "validation": 0.4, "patience": 3}).fit(X, y)
        losses = net.history_["validation_loss"]
        assert 4 <= len(losses) < 60
        assert np.argmin(losses) == len(losses) - 4
        order = np.random.default_rng(net.seed).permutation(60)[:24]
        assert net.mean_loss(X[order], y[order]) == pytest.approx(min(losses), rel=1e-12)

    def test_and_goes_on_to_the_bit(self, tmp_path):
        X, y = patterns()
        options = FAST | {"validation": 0.1, "epochs": 4, "decay": 0.9}
        hidden = bs.learn.Layer(16, recurrent=True, delay=np.full((9, 16), 2.0), learns=("delay", "tau_m"))
        whole = bs.learn.SpikingNetwork(hidden, **options).fit(X, y)
        net = bs.learn.SpikingNetwork(hidden, **options).partial_fit(X, y)
        net.save(tmp_path / "net")
        net = bs.learn.SpikingNetwork.load(tmp_path / "net.npz").partial_fit(X, y, 2)
        for again in (copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))):
            other = again(net).partial_fit(X, y)
            assert bits(other) == bits(whole)
            assert other.history_ == whole.history_
            assert np.array_equal(other.decision_function(X), whole.decision_function(X))

    @NOTHING_TO_LEARN
    def test_once_stopped_it_trains_no_more(self):
        X, y = patterns(60)
        y = np.random.default_rng(3).permutation(y)
        options = FAST | {"epochs": 60, "validation": 0.4, "patience": 3}
        whole, net = bs.learn.SpikingNetwork(16, **options).fit(X, y), bs.learn.SpikingNetwork(16, **options)
        epochs = len(whole.history_["loss"])
        for _ in range(epochs):
            net.partial_fit(X, y)
        assert bits(net) == bits(whole)
        with pytest.warns(UserWarning, match="has not fallen for 3 epochs.*; raise patience to continue"):
            net.partial_fit(X, y, 5)
        assert bits(net) == bits(whole)
        assert net.history_ == whole.history_
        net.patience = 6
        assert len(net.partial_fit(X, y).history_["loss"]) == epochs + 1

    @NOTHING_TO_LEARN
    @pytest.mark.parametrize("validation", [0.0, 0.4])
    def test_it_goes_on_from_weights_that_were_changed(self, validation, tmp_path):
        X, y = patterns(60)
        y = np.random.default_rng(3).permutation(y)
        options = FAST | {"validation": validation}
        net = bs.learn.SpikingNetwork(16, **options | {"epochs": 6}).fit(X, y)
        undisturbed = copy.deepcopy(net)
        undisturbed.parts()  # to look is no change
        assert bits(undisturbed.partial_fit(X, y)) == bits(bs.learn.SpikingNetwork(16, **options | {"epochs": 7}).fit(X, y))
        net.parts()["weight", 0][...] = 1.75
        changed, learned = net.decision_function(X), net.parts()["weight", 1].copy()
        net.save(tmp_path / "net")
        for again in (bs.learn.SpikingNetwork.load(tmp_path / "net.npz"), copy.deepcopy(net)):
            again.learning_rate = 1e-12
            assert np.array_equal(again.decision_function(X), changed)
            parts = again.partial_fit(X, y).parts()
            np.testing.assert_allclose(parts["weight", 0], 1.75, rtol=1e-9)
            np.testing.assert_allclose(parts["weight", 1], learned, rtol=1e-9, atol=1e-9)

    def test_ctrl_c_leaves_the_last_complete_epoch(self, monkeypatch):
        X, y = patterns()
        net = bs.learn.SpikingNetwork(16, **FAST).partial_fit(X, y, 2)
        kept, calls = bits(net), []
        run = bs.learn.spiking.runner.SpikingRunner.run

        def interrupted(self, *arguments, **options):
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return run(self, *arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr(bs.learn.spiking.runner.SpikingRunner, "run", interrupted)
            with pytest.raises(KeyboardInterrupt):
                net.partial_fit(X, y)
        assert bits(net) == kept
        assert bits(net.partial_fit(X, y)) == bits(trained())


def test_threads_do_not_change_the_bits():
    nets = [trained(threads=n, batch=64, hidden=bs.learn.Layer(16, recurrent=True)) for n in (1, 2, 3, 4)]
    X, _ = patterns()
    for net in nets[1:]:
        assert bits(net) == bits(nets[0])
        assert np.array_equal(net.decision_function(X), nets[0].decision_function(X))


def test_a_seed_decides_everything():
    assert bits(trained(seed=3)) == bits(trained(seed=3)) != bits(trained(seed=4))


class TestTroubles:
    def test_batches_that_are_not_finite_are_skipped_counted_and_said(self, monkeypatch):
        X, y = patterns()
        run, calls = bs.learn.spiking.runner.SpikingRunner.run, []

        def broken(self, vector, rows, learn, **options):
            batch = run(self, vector, rows, learn, **options)
            if learn:
                calls.append(1)
                if len(calls) == 2:
                    batch.gradient[0] = np.inf
            return batch

        monkeypatch.setattr(bs.learn.spiking.runner.SpikingRunner, "run", broken)
        with pytest.warns(UserWarning, match="1 of 6 batches had a loss or a gradient that is not finite and were skipped"):
            net = bs.learn.SpikingNetwork(16, **FAST | {"epochs": 1}).fit(X, y)
        assert net.history_["skipped"] == [1]
        assert np.isfinite(net.training_.vector).all()

    def test_weights_that_explode_are_not_followed(self):
        X, y = patterns()
        readout = bs.learn.Readout(weight=(0.0, 3e307))
        with pytest.warns(UserWarning, match="were skipped; lower learning_rate"):
            net = bs.learn.SpikingNetwork(DRIVEN, readout=readout, **FAST | {"epochs": 1}).fit(X, y)
        assert np.isfinite(net.training_.vector).all()

    def test_silent_layers_are_named_with_the_remedy(self):
        layer = bs.learn.Layer(16, weight=(0.0, 0.01))
        with pytest.warns(
            UserWarning, match="16 of the 16 cells of hidden layer 0 did not fire.*raise wake, or the initial"
        ):
            net = trained(hidden=layer)
        assert net.history_["silent"] == [1.0, 1.0, 1.0]
        waking = trained(hidden=layer, wake=30.0)
        assert waking.history_["silent"][-1] == 0.0

    @pytest.mark.parametrize("loss", ["first", "count"])
    def test_a_silent_readout_is_named_and_woken(self, loss):
        readout = bs.learn.Readout(kind="spiking", weight=(-5.0, 0.1))
        said = r"3 of the 3 cells of the readout did not fire in the last epoch.*Readout\(kind='spiking', weight="
        with pytest.warns(UserWarning, match=said):
            net = trained(hidden=DRIVEN, loss=loss, readout=readout, wake=0.0)
        assert min(net.history_["silent"]) >= 3 / 27
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*of the readout did not fire")
            waking = trained(hidden=DRIVEN, loss=loss, readout=readout, wake=1.5)
        X, y = patterns()
        assert waking.mean_loss(X, y) != net.mean_loss(X, y)
        assert len(waking.activity(X)["readout"]) > 0


def test_a_share_of_the_cells_fires_from_the_start():
    for scale in (1, 30):  # inputs
        rng = np.random.default_rng(1)
        X, y = rng.uniform(0.0, 20.0, (64, 3 * scale)), rng.integers(0, 2, 64)
        net = bs.learn.SpikingNetwork((60, 60), **FAST | {"epochs": 1, "learning_rate": 1e-12, "wake": 0.0}).fit(X, y)
        for name in ("hidden0", "hidden1"):
            firing = np.mean([(net.activity(X, k)[name].counts() > 0).mean() for k in range(20)])
            assert 0.2 < firing < 0.6


class TestKindsOfInput:
    def test_spikes_are_refused_where_currents_were_learned(self, tmp_path):
        rng = np.random.default_rng(1)
        C, y = rng.normal(0.0, 0.5, (40, 50, 9)), rng.integers(0, 3, 40)
        net = bs.learn.SpikingNetwork(8, epochs=1, validation=0.0).fit(C, y)
        net.save(tmp_path / "net")
        load = bs.learn.SpikingNetwork.load
        for again in (net, pickle.loads(pickle.dumps(net)), copy.deepcopy(net), load(tmp_path / "net.npz")):
            said = r"X: must be currents, as in training, an array \(samples, 50, 9\) \(got shape \(50, 9\), which means"
            with pytest.raises(
                ValueError, match=f"SpikingNetwork.predict.{said} times of spikes.; a single sample is X.None."
            ):
                again.predict(C[0])
        times = rng.uniform(0.0, 20.0, (40, 9))
        for use in (
            lambda X: net.partial_fit(X, y),
            lambda X: net.score(X, y),
            lambda X: net.mean_loss(X, y),
            net.potentials,
        ):
            with pytest.raises(
                ValueError, match=r"must be currents.*got shape \(40, 9\).*; to learn from spikes, fit another"
            ):
                use(times)
        with pytest.raises(ValueError, match=r"predict.X: must be currents.*\(got a list with spikes, which means"):
            net.predict([(np.array([1.0]), np.array([8]))])
        with pytest.raises(ValueError, match=r"SpikingNetwork.to_network.x: must be currents"):
            net.to_network(times[0])
        assert net.predict(C[:1]).shape == (1,)
        assert net.fit(times, y).input_kind_ == "spikes"

    def test_currents_are_refused_where_spikes_were_learned(self):
        net, (X, y) = trained(), patterns()
        said = r"must be times of spikes, as in training: an array \(samples, 9\), .*got shape \(2, 50, 9\), which means"
        for use in (net.predict, lambda X: net.partial_fit(X, y[:2])):
            with pytest.raises(ValueError, match=said):
                use(np.zeros((2, 50, 9)))
        with pytest.raises(ValueError, match="SpikingNetwork.to_network.x: must be times of spikes"):
            net.to_network(np.zeros((50, 9)))
        assert np.array_equal(net.predict(X[:2]), net.predict([(row, np.arange(9)) for row in X[:2]]))

    def test_what_was_saved_before_is_read(self, tmp_path):
        net, (X, _) = trained(), patterns()
        del net.input_kind_
        net.save(tmp_path / "net")
        for again in (pickle.loads(pickle.dumps(net)), bs.learn.SpikingNetwork.load(tmp_path / "net.npz")):
            assert np.array_equal(again.predict(X), net.predict(X))


def test_scikit_learn_sees_an_estimator():
    net = bs.learn.SpikingNetwork((8, bs.learn.Layer(4)), epochs=2)
    assert net.get_params()["epochs"] == 2
    twin = bs.learn.SpikingNetwork(**net.get_params())
    assert all(getattr(twin, name) is getattr(net, name) for name in ("hidden", "readout"))
    assert net.set_params(epochs=7).epochs == 7
    with pytest.raises(ValueError, match="there is no parameter 'epoch'; did you mean 'epochs'"):
        net.set_params(epoch=3)
    assert repr(net) == "SpikingNetwork(8-4, loss='mean', gradient='exact')"
    sklearn = pytest.importorskip("sklearn")
    assert sklearn.base.clone(net).epochs == 7


def small(**options):
    return bs.learn.SpikingNetwork(4, epochs=1, duration=50.0, validation=0.0, **options)


def spikes_of(*ids):
    return [(np.arange(1.0, len(ids) + 1.0), np.array(ids))] * 240


def scored_without_labels():
    X, y = patterns()
    net = small(loss="sequence").fit(X, np.repeat(y[:, None], 50, axis=1))
    return net.score(X, np.full((240, 50), -1))


def unknown_label():
    X, y = patterns()
    return small().fit(X, y).mean_loss(X, y + 1)


TIMES, LABELS = patterns()
MISTAKES = {
    "no labels": (lambda: small().fit(TIMES, [None] * 240), r"fit.y: must be class labels, .* \(got None for sample 0\)"),
    "objects": (
        lambda: small().fit(TIMES, np.array(["a", None] * 120, object)),
        r"fit.y: must be class labels, all whole numbers or all strings \(got None for sample 1, 'a' for sample 0\)",
    ),
    "mixed": (
        lambda: small().fit(TIMES, ["a"] * 200 + [1] * 40),
        r"fit.y: must be class labels, all .* \(got 1 for sample 200, 'a' for sample 0\)",
    ),
    "ragged": (lambda: small().fit(TIMES, [[1], [2, 3]]), r"fit.y: .* \(got rows of different lengths\)"),
    "learns": (lambda: bs.learn.Layer(3, learns=None), r"Layer.learns: must be names, such as .* \(got None\)"),
    "large ids": (
        lambda: small().fit(spikes_of(0, 2**40), LABELS),
        r"fit.X\[0\]: ids must be below 2\*\*31 \(got 1099511627776\); number the inputs from 0 without gaps",
    ),
    "many inputs": (
        lambda: small().fit(spikes_of(0, 2**30), LABELS),
        r"fit.X: 1,073,741,825 inputs make a network of 4,294,967,\d+ weights, .*; number the inputs from 0",
    ),
    "ids": (lambda: small().fit(spikes_of(0.5, 1), LABELS), r"ids must be whole numbers >= 0 \(got 0.5 of float64\)"),
    "negative ids": (lambda: small().fit(spikes_of(0, -1), LABELS), r"ids must be whole numbers >= 0 \(got -1 of int64\)"),
    "only -1": (scored_without_labels, "score.y: must have a label in at least one step"),
    "unknown": (unknown_label, r"must be labels that the network knows, 0, 1, 2 \(got 3\)"),
    "fading": (lambda: small(fading="x"), r"SpikingNetwork.fading: must be True or False \(got 'x'\)"),
    "fading 3": (lambda: small(fading=3), r"SpikingNetwork.fading: must be True or False \(got 3\)"),
    "masked": (
        lambda: small().fit(np.ma.masked_array(TIMES, TIMES > 15.0), LABELS),
        r"fit.X: must have no masked values; for no spike write X.filled\(np.inf\)",
    ),
    "masked pairs": (
        lambda: small().fit([(np.ma.masked_array([1.0, 2.0], [0, 1]), [0, 1])] * 240, LABELS),
        r"fit.X\[0\]: must have no masked values; leave these spikes out",
    ),
    "masked labels": (
        lambda: small().fit(TIMES, np.ma.masked_array(LABELS, LABELS > 1)),
        "fit.y: must have no masked values; leave these",
    ),
    "a number": (lambda: bs.learn.Layer(np.float64(2.5)), r"Layer.n: must be a whole number \(got 2.5\)"),
}


@pytest.mark.parametrize(("call", "said"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(call, said):
    with pytest.raises((ValueError, TypeError), match=said):
        call()


def test_labels_of_a_table_are_texts(tmp_path):
    net = small().fit(TIMES, np.array(["a", "b", "c"], object)[LABELS])
    net.save(tmp_path / "net")
    assert set(bs.learn.SpikingNetwork.load(tmp_path / "net.npz").predict(TIMES)) <= {"a", "b", "c"}


def test_files_that_are_not_networks(tmp_path):
    with pytest.raises(FileNotFoundError, match="SpikingNetwork.load: there is no file"):
        bs.learn.SpikingNetwork.load(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="SpikingNetwork.load: .* is not a readable brainsim spiking network"):
        bs.learn.SpikingNetwork.load(tmp_path / "other.npz")
