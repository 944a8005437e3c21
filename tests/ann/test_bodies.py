"""One network in its bodies: its table counted again by hand, its rules, its pictures."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import brainsim as bs
from brainsim.ann import MLP, bodies, convert
from brainsim.ann.report.rows import chosen, interval

DATA = bs.ann.datasets.digits()
SOME = {"calib": DATA.X_train}


@pytest.fixture(scope="module")
def mlp():
    """Return a small network that has learned the digits."""
    return MLP((40, 30), epochs=40, seed=1).fit(DATA.X_train, DATA.y_train)


@pytest.fixture(scope="module")
def report(mlp):
    """Return its comparison."""
    return bodies(mlp, DATA.X_test, DATA.y_test, T=(2, 8, 64), **SOME)


@pytest.fixture(scope="module")
def several():
    """Return a comparison of three networks."""
    nets = [MLP((20, 12), epochs=15, seed=seed).fit(DATA.X_train, DATA.y_train) for seed in range(3)]
    return nets, bodies(nets, DATA.X_test, DATA.y_test, T=(1, 8, 64), **SOME)


@pytest.mark.thorough
def test_accuracies(mlp, report):
    snn = convert(mlp, DATA.X_train)
    assert report.row("artificial").accuracy == mlp.score(DATA.X_test, DATA.y_test)
    assert [report.row(T=T).accuracy for T in report.T] == [snn.score(DATA.X_test, DATA.y_test, T) for T in (2, 8, 64)]
    assert report.accuracy[0].tolist() == [report.row(T=T).accuracy for T in report.T]
    agreement = [np.mean(snn.predict(DATA.X_test, T) == mlp.predict(DATA.X_test)) for T in (2, 8, 64)]
    assert report.agreement[0].tolist() == agreement == [report.row(T=T).agreement for T in report.T]
    # a cell that sums its whole input says exactly what a rounded activation says
    turns = convert(mlp, DATA.X_train, schedule="sequential")
    rates = [report.row("rates", T).accuracy for T in report.T]
    assert rates == pytest.approx([turns.score(DATA.X_test, DATA.y_test, T) for T in (2, 8, 64)], abs=1e-3)


def test_operations_are_counted(mlp, report):
    """By a plain loop over the samples' spikes and inputs."""
    snn, row, own = convert(mlp, DATA.X_train), report.row(T=8), report.row("artificial")
    first, second = snn.spikes(DATA.X_test, 8)
    spikes = (first.sum() + second.sum()) / 360
    assert row.spikes == pytest.approx(spikes)
    targets = [np.count_nonzero(W, axis=1) for W in mlp.coefs_]  # of each unit; a weight of 0 costs nothing
    acs = [
        sum(targets[1][spiking].sum() for spiking in a) + sum(targets[2][spiking].sum() for spiking in b)
        for a, b in zip(first, second, strict=True)
    ]
    assert row.acs == pytest.approx(np.mean(acs))
    macs = np.mean([targets[0][x != 0].sum() for x in DATA.X_test])
    assert row.macs == pytest.approx(macs)
    a, b, _ = mlp.activations(DATA.X_test)
    assert own.macs == pytest.approx(
        macs + np.mean([targets[1][h > 0].sum() for h in a]) + np.mean([targets[2][h > 0].sum() for h in b])
    )
    given = np.mean(np.sum(DATA.X_test != 0, axis=1))
    assert own.words == pytest.approx(own.macs + given + 2 * 70 + 10)
    assert row.words == pytest.approx(macs + np.mean(acs) + given + 2 * spikes + 2 * 8 * 80)
    assert row.energy == pytest.approx(4.6 * row.macs + 0.9 * row.acs)
    assert row.energy_moved == pytest.approx(row.energy + 5.0 * row.words)
    assert own.energy == pytest.approx(4.6 * own.macs)


def test_layers_add_up_to_the_network(mlp, report):
    """Each operation is counted in the layer that causes it, and in no other."""
    for body, T in (("artificial", None), ("spiking", 8), ("spiking", 64)):
        layers = [report.row(body, T, layer) for layer in range(3)]
        for cost in ("spikes", "macs", "acs"):
            total = np.nansum([getattr(row, cost) for row in layers])
            assert total == pytest.approx(np.nan_to_num(getattr(report.row(body, T), cost))), (body, cost)
    first, second = (report.row(T=8, layer=layer) for layer in (1, 2))
    a, b = report.pairs[0].snn.counts(DATA.X_test, 8)
    assert (first.units, second.units) == (40, 30)
    assert second.synapses == np.count_nonzero(mlp.coefs_[1])
    assert first.active == np.mean(a.any(axis=0))
    assert second.acs == pytest.approx(np.mean(b @ np.count_nonzero(mlp.coefs_[2], axis=1)))
    h, theta = mlp.activations(DATA.X_test)[1], report.pairs[0].snn.thresholds[1]
    assert second.correlation == pytest.approx(np.corrcoef(b.ravel(), h.ravel())[0, 1])
    assert second.error == pytest.approx(np.abs(b * theta / 8 - h).max() / theta)


def test_spiking_inputs_cost_additions(mlp):
    one = bodies(mlp, DATA.X_test[:50], DATA.y_test[:50], T=(8,), encoder="latency", **SOME)
    snn = convert(mlp, DATA.X_train, encoder="latency")
    first, second = snn.spikes(DATA.X_test[:50], 8)
    targets = [np.count_nonzero(W, axis=1) for W in mlp.coefs_]
    sent = np.rint(8 * DATA.X_test[:50]) > 0
    assert one.row().macs == 0.0
    assert one.row(layer=0).spikes == pytest.approx(sent.sum(axis=1).mean())
    assert one.row().acs == pytest.approx(
        np.mean(sent @ targets[0] + first.sum(axis=1) @ targets[1] + second.sum(axis=1) @ targets[2])
    )
    assert one.row(layer=1).unevenness > 0
    assert np.isnan(one.row(layer=1).bound)


def test_errors_of_the_layers(mlp, report):
    for T in report.T:
        first, second = (report.row(T=T, layer=layer) for layer in (1, 2))
        assert first.unevenness == 0  # its input is constant
        assert first.inherited < 1e-6
        assert second.unevenness > 0
        assert first.quantisation < 0.5 / T
        assert first.error <= first.bound
        assert second.error <= second.bound
    second = [report.row(T=T, layer=2) for T in report.T]
    assert second[2].quantisation < second[1].quantisation < second[0].quantisation
    assert second[2].correlation > 0.999
    turns = bodies(mlp, DATA.X_test, DATA.y_test, T=(64,), schedule="sequential", **SOME)
    assert [turns.row(layer=layer).unevenness for layer in (1, 2)] == [0.0, 0.0]
    assert turns.row(layer=2).quantisation == second[2].quantisation
    assert not turns.pairs[0].decided


def test_early_answers(report):
    for way in ("margin", "first spike"):
        steps, (row,) = report.pairs[0].decided[way], chosen(report.rows, answer=way)
        assert 1 <= steps.min() <= steps.mean() < 20
        assert (row.steps, row.time) == (steps.mean(), pytest.approx(steps.mean() + 2))
        assert row.accuracy >= report.row().accuracy - 0.02
    # the answer by the first spike is that of the output whose potential is the first to reach some threshold
    evidence = report.pairs[0].snn.evidence(DATA.X_test, 64).astype(np.float32)
    steps = report.pairs[0].decided["first spike"]
    reached = evidence[np.arange(360), steps - 1].max(axis=1)
    before = [evidence[k, : step - 1].max(initial=-np.inf) for k, step in enumerate(steps)]
    in_time = steps < 64
    assert max(np.array(before)[in_time]) < min(reached[in_time])


def test_intervals_and_means_over_networks(several):
    """One network has an interval over samples, several one over networks; each is measured as if it were alone."""
    nets, found = several
    one = bodies(nets[2], DATA.X_test, DATA.y_test, T=(1, 8, 64), **SOME)
    np.testing.assert_array_equal(found.accuracy[2], one.accuracy[0])
    for row, alone in zip(found.pairs[2].rows, one.pairs[0].rows, strict=True):
        np.testing.assert_equal(row._asdict(), alone._asdict())
    shares = found.accuracy[:, 1]
    row = found.row(T=8)
    assert row.accuracy == pytest.approx(shares.mean())
    assert row.acs == pytest.approx(
        np.mean([chosen(p.rows, body="spiking", steps=8, layer=None)[0].acs for p in found.pairs])
    )
    from scipy import stats

    low, high = stats.t.interval(0.95, 2, shares.mean(), stats.sem(shares))
    assert (row.low, row.high) == pytest.approx((low, min(high, 1.0)))
    p = one.row().accuracy
    wilson = stats.binomtest(round(360 * p), 360).proportion_ci(method="wilson")
    assert (one.row().low, one.row().high) == pytest.approx(tuple(wilson))
    assert interval([1.0], 10)[1] == pytest.approx(1.0)


def test_what_the_table_says(several, report):
    nets, found = several
    text = found.summary()
    assert "64-20-12-10: 3 networks, means over them; 360 test samples" in text
    line = next(line for line in text.splitlines() if line.startswith("spiking") and line.split()[1] == "8")
    row = found.row(T=8)
    assert line.split()[2:4] == [f"{row.time:.1f}", f"{100 * row.accuracy:.2f}"]
    assert max(map(len, text.splitlines())) < 160
    assert repr(found) == text
    behind = ", ".join(str(T) for T, points in zip(found.T, found.loss.mean(axis=0), strict=True) if points > 0.5)
    assert f"loses more than half a point of accuracy at T = {behind}; most" in found.verdict
    assert f"From T = {report.same_from} on at least 99 % of the answers" in report.verdict
    assert (report.agreement[0, report.T.index(report.same_from) :] >= 0.99).all()
    ratio = report.row(T=report.enough).energy / report.row("artificial").energy
    assert f"takes {ratio:.2f} times the arithmetic energy" in report.verdict
    assert "not measured" in text


def test_disagreements_are_listed(report):
    pair = report.pairs[0]
    found = report.disagreements(2)
    assert found.tolist() == np.flatnonzero(pair.snn.predict(DATA.X_test, 2) != pair.answers["artificial"]).tolist()
    assert len(found) == round(360 * (1 - report.row(T=2).agreement)) > 0
    short = bodies(pair.snn, DATA.X_test, DATA.y_test, T=(2,))
    i = found[0]
    told = f"disagree about {len(found)} of 360 samples (label: artificial, spiking): {i} ({DATA.y_test[i]}: "
    assert told in short.verdict


@pytest.mark.thorough
def test_a_network_that_learned_in_spikes_is_a_row(mlp):
    small = MLP((20,), epochs=20, seed=1).fit(DATA.X_train, DATA.y_train)
    found = bodies(
        small, DATA.X_test, DATA.y_test, labels=DATA.y_train, T=(8, 16), damage={"silenced": [0, 1]}, repeats=1, **SOME
    )
    row, net = found.row("learned in spikes"), found.pairs[0].learned
    X = np.repeat(DATA.X_test[:, None], 16, axis=1)
    assert row.accuracy == net.score(X, DATA.y_test) > 0.85
    assert row.steps == 16
    hidden, readout = net.counts(X)
    assert hidden.shape == (360, 20)
    assert not readout.any()
    assert row.spikes == pytest.approx(hidden.sum(axis=1).mean())
    assert row.acs == pytest.approx(10 * row.spikes)
    assert hidden[3].tolist() == net.activity(X, 3)["hidden0"].counts().tolist()
    whole, silent = found.damaged("silenced", "learned in spikes")
    assert whole.accuracy == row.accuracy
    assert silent.accuracy < 0.3
    assert net.score(X, DATA.y_test) == row.accuracy  # it is as it was


def test_a_panel_is_drawn_where_one_wants_it(report):
    _, (left, right) = plt.subplots(1, 2)
    assert report.plot("accuracy", left) is left
    line = next(line for line in left.lines if line.get_label() == "spiking")
    assert line.get_ydata() == pytest.approx(100 * report.accuracy[0])
    plt.sca(right)
    assert report.plot("errors") is right
    with pytest.raises(ValueError, match="BodyReport.plot.panel: there is no 'acuracy'; did you mean 'accuracy'?"):
        report.plot("acuracy")
    with pytest.raises(ValueError, match="BodyReport.plot.panel: there is no 'lost'"):  # which was not measured
        report.plot("lost")
    with pytest.raises(ValueError, match="BodyReport.plot.ax: takes one panel; name it"):
        report.plot(ax=left)
    plt.close("all")


@pytest.mark.thorough
def test_pictures(report, tmp_path):
    figure = report.plot()
    assert len(figure.axes) == 6
    line = next(line for line in figure.axes[0].lines if line.get_label() == "spiking")
    assert line.get_ydata() == pytest.approx(100 * report.accuracy[0])
    raster = report.raster(3, T=16)
    marks = [one for ax in raster.axes for one in ax.lines if one.get_marker() == "|"]
    spikes = report.pairs[0].snn.spikes(DATA.X_test[3:4], 16)
    assert [mark.get_xdata().size for mark in marks] == [int(one.sum()) for one in spikes]
    plt.close("all")
    report.to_html(tmp_path / "page.html", examples=[0])
    page = (tmp_path / "page.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert "not measured" in page


def test_the_legend_names_errors_that_are_drawn_and_the_others_are_said_to_be_zero():
    """A single layer inherits no error, and gets constant currents, which are even."""
    shallow = MLP((16,), epochs=5, seed=1).fit(DATA.X_train, DATA.y_train)
    ax = bodies(shallow, DATA.X_test[:50], DATA.y_test[:50], T=(2, 8), **SOME).plot().axes[5]
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    seen = {line.get_label() for line in ax.lines if np.isfinite(line.get_ydata()).any()}
    assert set(named) == seen
    assert "inherited" not in named
    (told,) = [text.get_text() for text in ax.texts]
    assert told.startswith("zero throughout: ")
    assert set(told.partition(": ")[2].split(", ")) == {"clipping", "quantisation", "inherited", "unevenness"} - seen


def test_samples_that_do_not_fit_are_told(mlp):
    """In other units than the training data; with labels that the network does not know, such as those that begin at 1."""
    some = {"T": 2, **SOME}
    with pytest.warns(UserWarning, match=r"bodies.X: the largest value is 16, and that of calib 1; give both in the units"):
        bodies(mlp, 16.0 * DATA.X_test, DATA.y_test, **some)
    with pytest.warns(UserWarning, match=r"bodies.y: the network does not know the label 10, so \d+ of 360 answers must be"):
        bodies(mlp, DATA.X_test, DATA.y_test + 1, **some)


def test_a_row_of_another_time_is_not_taken_for_it(mlp):
    one = bodies(mlp, DATA.X_test[:50], DATA.y_test[:50], T=4, **SOME)
    assert one.row().steps == one.row(T=4).steps == 4
    assert one.row("artificial", T=8) == one.row("artificial")
    with pytest.raises(ValueError, match="BodyReport.row: there is no row of 'spiking' at T = 8"):
        one.row(T=8)


def test_mistakes(mlp):
    X, y = DATA.X_test, DATA.y_test
    with pytest.raises(ValueError, match=r"bodies.y: must be one label for each of the 360 samples \(got shape \(359,\)\)"):
        bodies(mlp, X, y[1:], **SOME)
    with pytest.raises(ValueError, match="bodies.T: must be >= 1"):
        bodies(mlp, X, y, T=(0,), **SOME)
    with pytest.raises(ValueError, match=r"bodies.T: must be one number of steps or more \(got none\)"):
        bodies(mlp, X, y, T=(), **SOME)
    with pytest.raises(ValueError, match="bodies.seed: must be >= 0"):
        bodies(mlp, X, y, seed=-1, **SOME)
    with pytest.raises(TypeError, match="bodies: has no option 'encode'; did you mean 'encoder'?"):
        bodies(mlp, X, y, encode="poisson", **SOME)
    with pytest.raises(ValueError, match="bodies.labels: are those of calib, which is missing"):
        bodies(mlp, X, y, labels=DATA.y_train, norm="model")
    with pytest.raises(ValueError, match="bodies.damage: there is no 'wieghts'; did you mean 'weights'?"):
        bodies(mlp, X, y, damage="wieghts", **SOME)
    with pytest.raises(ValueError, match="bodies.damage: lost: must be <= 1"):
        bodies(mlp, X, y, damage={"lost": 2.0}, **SOME)
    with pytest.raises(AttributeError, match=r"now bs.ann.bodies\(model, X, y, calib=X_train\)"):
        _ = bs.ann.compare


def test_samples_and_rows_that_are_not_there(report, tmp_path):
    with pytest.raises(ValueError, match=r"BodyReport.raster.i: must be below the number of samples, 360 \(got 360\)"):
        report.raster(360)
    with pytest.raises(ValueError, match="BodyReport.raster.T: must be >= 1"):
        report.raster(0, T=0)
    with pytest.raises(ValueError, match="BodyReport.to_html.examples: must be below the number of samples"):
        report.to_html(tmp_path / "page.html", examples=[400])
    with pytest.raises(ValueError, match="BodyReport.row: there is no row of 'spiking' at T = 3"):
        report.row(T=3)
    with pytest.raises(
        ValueError, match=r"BodyReport.damaged: 'lost' of 'spiking' was not measured; write bodies\(..., damage="
    ):
        report.damaged("lost")
    with pytest.raises(ValueError, match=r"BodyReport.disagreements.T: must be one of \(2, 8, 64\)"):
        report.disagreements(3)


def test_options_of_a_network_that_is_converted_already(mlp, report):
    snn = convert(mlp, DATA.X_train)
    for options in ({"norm": "max"}, {"encoder": "poisson"}, {"bias_shift": False}):
        with pytest.raises(TypeError, match=f"bodies.{next(iter(options))}: has no effect .* pass it to convert"):
            bodies(snn, DATA.X_test, DATA.y_test, **options)
    assert bodies(snn, DATA.X_test, DATA.y_test, T=(8,)).row().accuracy == report.row(T=8).accuracy


def test_calibration_with_test_data_is_said(mlp):
    X, y = DATA.X_test[:50], DATA.y_test[:50]
    with pytest.warns(UserWarning, match="bodies.calib: 50 of the 50 test samples are calibration samples as well"):
        bodies(mlp, X, y, calib=X, T=(4,))
    with pytest.warns(UserWarning, match="bodies.calib: 10 of the 50 test samples"):
        bodies(mlp, X, y, calib=np.vstack([DATA.X_train[:90], X[:10]]).astype(np.float32), T=(4,))
    with pytest.warns(UserWarning, match="bodies.calib: 50 of the 50 test samples"):
        bodies(convert(mlp, X), X, y, T=(4,))


@pytest.mark.thorough
def test_times_are_from_the_stimulus_on(mlp, report):
    """The last layer of three is two steps behind, and in turns two turns; its spikes' windows are the engine's."""
    assert [report.row(T=T).time for T in report.T] == [4.0, 10.0, 66.0]
    assert [(row.begin, row.end) for row in (report.row(T=8, layer=k) for k in (1, 2))] == [(0.0, 8.0), (1.0, 9.0)]
    turns = bodies(mlp, DATA.X_test[:20], DATA.y_test[:20], schedule="sequential", T=(8,), **SOME)
    assert turns.row().time == 24.0
    late = bodies(mlp, DATA.X_test[:20], DATA.y_test[:20], encoder="latency", T=(8,), **SOME)
    assert late.row().time == 11.0
    # an output that leads from its first step on is seen in the engine at that time
    pair = report.pairs[0]
    first = int(pair.decided["margin"].argmin())
    potentials = pair.snn.simulate(DATA.X_test[first], 64).traces["output", "v"]
    at = int(pair.decided["margin"][first]) + 2
    assert potentials.times[at] == at
    evidence = pair.snn.evidence(DATA.X_test[first][None], 64)[0, at - 3]
    assert np.array_equal(potentials.values[at], evidence)


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


def test_time_to_an_answer_does_not_hold_all_evidence(mlp):
    import tracemalloc

    from brainsim.ann.report.pair import _courses

    snn, X = convert(mlp, DATA.X_train), np.tile(DATA.X_test, (8, 1))
    _courses(snn, X[:40], 64, 0)
    tracemalloc.start()
    _courses(snn, X, 64, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * len(X) * 64 * 10  # evidence as float64


@pytest.mark.thorough
def test_training_for_it_needs_the_fewest_steps(mlp):
    """Fewer than half a threshold at the start, which needs fewer than none: Rueckauer (2017), Bu (2022)."""
    qcfs, some = MLP((40, 30), activation="qcfs", levels=4, epochs=40, seed=1), SOME | {"T": (1, 64)}
    trained, half, none = (
        bodies(net, DATA.X_test, DATA.y_test, **some, **way).accuracy[0]
        for net, way in ((qcfs.fit(DATA.X_train, DATA.y_train), {}), (mlp, {}), (mlp, {"v0": "zero"}))
    )
    assert trained[0] > half[0] > none[0]
    assert min(trained[-1], half[-1], none[-1]) > 0.95
