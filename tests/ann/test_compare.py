"""The report: its figures counted again by hand, its rules, its pictures."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import brainsim as bs
from brainsim.ann import MLP, compare, convert

DATA = bs.ann.datasets.digits()


@pytest.fixture(scope="module")
def mlp():
    """Return a small network that has learned the digits."""
    return MLP((40, 30), epochs=40, seed=1).fit(DATA.X_train, DATA.y_train)


@pytest.fixture(scope="module")
def report(mlp):
    """Return its comparison."""
    return compare(mlp, DATA.X_test, DATA.y_test, calib=DATA.X_train, T=(2, 8, 64))


@pytest.mark.thorough
def test_accuracies(mlp, report):
    snn = convert(mlp, DATA.X_train)
    assert report.ann_accuracy == mlp.score(DATA.X_test, DATA.y_test)
    assert report.accuracy.tolist() == [snn.score(DATA.X_test, DATA.y_test, T) for T in (2, 8, 64)]
    agreement = [np.mean(snn.predict(DATA.X_test, T) == mlp.predict(DATA.X_test)) for T in (2, 8, 64)]
    assert report.agreement.tolist() == agreement
    # a cell that sums its whole input says exactly what a rounded activation says
    turns = convert(mlp, DATA.X_train, schedule="sequential")
    assert report.quantised == pytest.approx([turns.score(DATA.X_test, DATA.y_test, T) for T in (2, 8, 64)], abs=1e-3)


def test_operations_are_counted(mlp, report):
    """By a plain loop over the samples' spikes and inputs."""
    snn = convert(mlp, DATA.X_train)
    first, second = snn.spikes(DATA.X_test, 8)
    assert report.spikes[1] == pytest.approx((first.sum() + second.sum()) / 360)
    targets = [np.count_nonzero(W, axis=1) for W in mlp.coefs_]  # of each unit; a weight of 0 costs nothing
    acs = [
        sum(targets[1][spiking].sum() for spiking in a) + sum(targets[2][spiking].sum() for spiking in b)
        for a, b in zip(first, second, strict=True)
    ]
    assert report.acs[1] == pytest.approx(np.mean(acs))
    macs = np.mean([targets[0][x != 0].sum() for x in DATA.X_test])
    assert report.macs == pytest.approx(macs)
    a, b, _ = mlp.activations(DATA.X_test)
    assert report.ann_macs == pytest.approx(
        macs + np.mean([targets[1][h > 0].sum() for h in a]) + np.mean([targets[2][h > 0].sum() for h in b])
    )
    assert report.ann_dense == 64 * 40 + 40 * 30 + 30 * 10
    assert report.updates.tolist() == [2 * 80, 8 * 80, 64 * 80]
    weights = sum(np.count_nonzero(W) for W in mlp.coefs_)
    assert report.footprint == 4 * (report.ann_dense + 2 * 80)  # zeros are kept in memory as well
    assert report.connection_sparsity == pytest.approx(1 - weights / report.ann_dense)
    assert report.sparsity[1] == pytest.approx(1 - (first.sum() + second.sum()) / (360 * 8 * 70))
    assert report.energy[1] == pytest.approx(4.6 * report.macs + 0.9 * report.acs[1])
    assert report.ann_energy == pytest.approx(4.6 * report.ann_macs)


def test_spiking_inputs_cost_additions(mlp):
    one = compare(mlp, DATA.X_test[:50], DATA.y_test[:50], calib=DATA.X_train, T=(8,), encoder="latency")
    assert one.macs == 0.0
    snn = convert(mlp, DATA.X_train, encoder="latency")
    first, second = snn.spikes(DATA.X_test[:50], 8)
    targets = [np.count_nonzero(W, axis=1) for W in mlp.coefs_]
    sent = np.rint(8 * DATA.X_test[:50]) > 0
    assert one.acs[0] == pytest.approx(
        np.mean(sent @ targets[0] + first.sum(axis=1) @ targets[1] + second.sum(axis=1) @ targets[2])
    )
    assert one.layers[8][0].unevenness > 0


def test_errors_of_the_layers(mlp, report):
    for T in report.T:
        first, second = report.layers[T]
        assert first.unevenness == 0  # its input is constant
        assert first.inherited < 1e-6
        assert second.unevenness > 0
        assert first.quantisation < 0.5 / T
    assert report.layers[64][1].quantisation < report.layers[8][1].quantisation < report.layers[2][1].quantisation
    assert all(layer.r2 > 0.99 for layer in report.layers[64])
    assert all(layer.clipped < 0.002 for layer in report.layers[64])
    turns = compare(mlp, DATA.X_test, DATA.y_test, calib=DATA.X_train, T=(64,), schedule="sequential")
    assert [layer.unevenness for layer in turns.layers[64]] == [0.0, 0.0]
    assert turns.layers[64][1].quantisation == report.layers[64][1].quantisation
    assert turns.decided is None


def test_early_decisions(report):
    assert report.decided.min() >= 1
    assert report.decided.max() <= 64
    assert report.decided.mean() < 20
    assert report.early_accuracy >= report.accuracy[-1] - 0.02


def test_the_summary_says_all(report):
    text = report.summary()
    for part in (
        "ANN",
        "T = 64",
        "early decisions",
        "connection sparsity",
        "no memory traffic",
        "membrane updates",
        "rounded ANN: ",
        "24 bits",
        "clipped: activations above the threshold",
    ):
        assert part in text
    assert repr(report) == text
    assert (
        "less"
        if report.energy[int(np.argmax(report.accuracy >= 0.99 * report.accuracy[-1]))] < report.ann_energy
        else "more"
    ) in report.verdict
    assert max(map(len, text.splitlines())) < 160


def test_the_report_says_where_spikes_lose(report):
    from dataclasses import replace

    loser = replace(report, T=(64,), accuracy=report.accuracy[2:], acs=10 * report.acs[2:])
    assert "energy of the artificial network: more." in loser.verdict


def test_disturbances(report):
    found = report.robustness(T=16, levels=(0.0, 0.1, 0.8), seeds=2)
    for kind in ("weights", "inputs", "lost"):
        for side in (found.ann[kind], found.snn[kind]):
            assert side.shape == (2, 3)
            assert side[0, 0] > 0.94  # nothing disturbs
            assert side.mean(axis=0)[2] < side.mean(axis=0)[0] - 0.05
    assert "noise on weights" in repr(found)
    whole = report.snn.score(DATA.X_test, DATA.y_test, T=16)
    assert found.snn["lost"][0, 0] == whole
    assert found.snn["weights"][0, 0] == whole


def test_published_order_of_the_methods(mlp):
    """A percentile needs fewer steps than the maximum, half a threshold fewer, and training for it fewest."""
    qcfs = MLP((40, 30), activation="qcfs", levels=4, epochs=40, seed=1).fit(DATA.X_train, DATA.y_train)
    found = bs.ann.methods(mlp, qcfs, DATA.X_test, DATA.y_test, calib=DATA.X_train, T=(1, 2, 4, 64))
    largest, percentile, half, trained = found.accuracy.values()
    assert trained[0] > half[0] > percentile[0] >= largest[0]
    assert half[2] > percentile[2] > largest[2]
    assert all(values[-1] > 0.95 for values in found.accuracy.values())
    ax = found.plot()
    assert [line.get_label() for line in ax.lines][:4] == list(found.accuracy)
    assert "artificial: relu" in repr(found)


def test_the_legend_names_errors_that_are_drawn_and_the_others_are_said_to_be_zero():
    """A single layer inherits no error, and gets constant currents, which are even."""
    shallow = MLP((16,), epochs=5, seed=1).fit(DATA.X_train, DATA.y_train)
    ax = compare(shallow, DATA.X_test[:50], DATA.y_test[:50], calib=DATA.X_train, T=(2, 8)).plot().axes[4]
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    seen = {line.get_label() for line in ax.lines if np.isfinite(line.get_ydata()).any()}
    assert set(named) == seen
    assert "inherited" not in named
    (told,) = [text.get_text() for text in ax.texts]
    assert told.startswith("zero throughout: ")
    assert set(told.partition(": ")[2].split(", ")) == {"clipping", "quantisation", "inherited", "unevenness"} - seen


@pytest.mark.thorough
def test_pictures(report, tmp_path):
    figure = report.plot()
    assert len(figure.axes) == 6
    line = figure.axes[0].lines[-1]
    assert line.get_ydata() == pytest.approx(100 * report.accuracy)
    raster = report.raster(3, T=16)
    marks = [one for ax in raster.axes for one in ax.lines if one.get_marker() == "|"]
    spikes = report.snn.spikes(DATA.X_test[3:4], 16)
    assert [mark.get_xdata().size for mark in marks] == [int(one.sum()) for one in spikes]
    plt.close("all")
    report.to_html(tmp_path / "page.html", examples=[0], robustness=1)
    page = (tmp_path / "page.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    for part in ("no hardware was measured", "Under noise", "share of messages lost", "hidden layers at T = 64"):
        assert part in page
    report.to_html(tmp_path / "page.html", robustness=0)
    page = (tmp_path / "page.html").read_text()
    assert page.count("data:image/png;base64,") == 3
    assert "Under noise" not in page


def test_mistakes_of_a_comparison(mlp):
    with pytest.raises(ValueError, match=r"compare.y: must be one label for each of the 360 samples \(got shape \(359,\)\)"):
        compare(mlp, DATA.X_test, DATA.y_test[1:], calib=DATA.X_train)
    with pytest.raises(ValueError, match="compare.T: must be >= 1"):
        compare(mlp, DATA.X_test, DATA.y_test, calib=DATA.X_train, T=(0,))
    with pytest.raises(ValueError, match=r"compare.T: must be one number of steps or more \(got none\)"):
        compare(mlp, DATA.X_test, DATA.y_test, calib=DATA.X_train, T=())
    with pytest.raises(ValueError, match="compare.seed: must be >= 0"):
        compare(mlp, DATA.X_test, DATA.y_test, calib=DATA.X_train, seed=-1)
    with pytest.raises(TypeError, match="compare: has no option 'encode'; did you mean 'encoder'?"):
        compare(mlp, DATA.X_test, DATA.y_test, calib=DATA.X_train, encode="poisson")


def test_options_of_a_network_that_is_converted_already(mlp, report):
    snn = convert(mlp, DATA.X_train)
    for options in ({"norm": "max"}, {"encoder": "poisson"}, {"bias_shift": False}):
        with pytest.raises(TypeError, match=f"compare.{next(iter(options))}: has no effect .* pass it to convert"):
            compare(snn, DATA.X_test, DATA.y_test, **options)
    assert compare(snn, DATA.X_test, DATA.y_test, T=(8,)).accuracy[0] == report.accuracy[1]


def test_calibration_with_test_data_is_said(mlp):
    X, y = DATA.X_test[:50], DATA.y_test[:50]
    with pytest.warns(UserWarning, match="compare.calib: 50 of the 50 test samples are calibration samples as well"):
        compare(mlp, X, y, calib=X, T=(4,))
    with pytest.warns(UserWarning, match="compare.calib: 10 of the 50 test samples"):
        compare(mlp, X, y, calib=np.vstack([DATA.X_train[:90], X[:10]]).astype(np.float32), T=(4,))
    with pytest.warns(UserWarning, match="compare.calib: 50 of the 50 test samples"):
        compare(convert(mlp, X), X, y, T=(4,))


@pytest.mark.thorough
def test_times_are_from_the_stimulus_on(mlp, report):
    """The last layer of three is two steps behind, and in turns two turns; its spikes' windows are the engine's."""
    assert report.time.tolist() == [4.0, 10.0, 66.0]
    assert np.array_equal(report.decision_time, report.decided + 2)
    assert [(one.begin, one.end) for one in report.layers[8]] == [(0.0, 8.0), (1.0, 9.0)]
    some = {"calib": DATA.X_train, "T": (8,)}
    turns = compare(mlp, DATA.X_test[:20], DATA.y_test[:20], schedule="sequential", **some)
    assert turns.time.tolist() == [24.0]
    assert turns.decision_time is None
    late = compare(mlp, DATA.X_test[:20], DATA.y_test[:20], encoder="latency", **some)
    assert late.time.tolist() == [11.0]
    assert late.decision_time.min() >= 4  # what is held flows from the step after its spike on
    assert f"of {report.time[-1]:.0f} ms on average" in report.summary()
    # an output that leads from its first step on is seen in the engine at that time
    first = int(report.decided.argmin())
    potentials = report.snn.simulate(DATA.X_test[first], 64).traces["output", "v"]
    at = int(report.decision_time[first])
    assert potentials.times[at] == at
    evidence = report.snn.evidence(DATA.X_test[first][None], 64)[0, report.decided[first] - 1]
    assert np.array_equal(potentials.values[at], evidence)


def test_the_table_of_layers(mlp, report):
    first, second = report.layers[8]
    a, b = report.snn.counts(DATA.X_test, 8)
    targets = [np.count_nonzero(W, axis=1) for W in mlp.coefs_]
    assert (first.units, second.units) == (40, 30)
    assert (first.synapses, second.synapses) == (targets[0].sum(), targets[1].sum())
    assert first.spikes == a.mean()
    assert second.acs == pytest.approx(np.mean(b @ targets[2]))
    assert first.acs + second.acs == pytest.approx(report.acs[1])
    one = next(line for line in report.summary().splitlines() if line.startswith("layer 2"))
    last = report.layers[64][1]
    assert one.split()[2:4] == ["30", f"{last.synapses:,}"]
    assert f"{last.spikes:.3f}" in one
    assert "1 < t <= 65" in one


def test_the_verdict_names_what_it_compares_with(report):
    own = f"{100 * report.ann_accuracy:.2f} % on the same 360 test samples"
    assert f"relative to the artificial network with the same weights, whose accuracy is {own}" in report.verdict


@pytest.mark.parametrize("encoder", ["poisson", "latency", "current"])
def test_inputs_are_counted_without_holding_all_of_their_spikes(encoder):
    import tracemalloc

    from brainsim.ann.conversion.forward import count_inputs, encode

    X = np.random.default_rng(0).random((150, 5))
    sent, acting = count_inputs(X, 6, encoder, 1.0, 3)
    spikes = encode(X, 6, encoder, 1.0, 3)
    assert np.array_equal(sent, spikes.sum(axis=1))
    held = np.cumsum(spikes, axis=1, dtype=np.int64) if encoder == "latency" else spikes
    assert np.array_equal(acting, held.sum(axis=1))
    many = np.tile(X, (20, 8))
    tracemalloc.start()
    count_inputs(many, 200, encoder, 1.0, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3000 * 200 * 40 / 2  # all spikes at once, one byte each, would be twice that


def test_time_to_decision_does_not_hold_all_evidence(mlp):
    import tracemalloc

    from brainsim.ann.report.compare import _early

    snn, X = convert(mlp, DATA.X_train), np.tile(DATA.X_test, (8, 1))
    _early(snn, X[:40], np.zeros(40), X[:40], 64, 0)
    tracemalloc.start()
    _early(snn, X, np.zeros(len(X)), X[:40], 64, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * len(X) * 64 * 10  # evidence as float64


def test_samples_that_are_not_there(report, tmp_path):
    with pytest.raises(ValueError, match=r"Comparison.raster.i: must be below the number of samples, 360 \(got 360\)"):
        report.raster(360)
    with pytest.raises(ValueError, match="Comparison.raster.T: must be >= 1"):
        report.raster(0, T=0)
    with pytest.raises(ValueError, match="Comparison.to_html.examples: must be below the number of samples"):
        report.to_html(tmp_path / "page.html", examples=[400])
    with pytest.raises(ValueError, match="robustness.levels: must be >= 0"):
        report.robustness(levels=(-0.1,))
    with pytest.raises(ValueError, match="robustness.levels: must be one level or more"):
        report.robustness(levels=())


def test_ways_of_converting_take_one_network_of_each_kind(mlp):
    with pytest.raises(ValueError, match=r"methods.qcfs: must be a network of qcfs, .*\(got one of relu\)"):
        bs.ann.methods(mlp, mlp, DATA.X_test, DATA.y_test, calib=DATA.X_train, T=(1,))
