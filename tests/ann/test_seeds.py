"""Several seeds: each gives the comparison of that seed alone, and the table shows their means, deviations and losses."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import brainsim as bs
from brainsim.ann import MLP, compare, compare_seeds


def make(seed):
    """Return a small network that has not learned."""
    return MLP((20, 12), epochs=15, seed=seed)


def split(seed):
    """Return the digits, split anew for each seed."""
    return bs.ann.datasets.digits(seed=seed)


@pytest.fixture(scope="module")
def found():
    """Return the comparison over five seeds."""
    return compare_seeds(make, split, T=(1, 8, 64))


def test_each_seed_is_the_comparison_of_its_own(found):
    data = split(3)
    network = make(3).fit(data.X_train, data.y_train)
    one = compare(network, data.X_test, data.y_test, calib=data.X_train, T=(1, 8, 64), seed=3)
    assert found.seeds == (0, 1, 2, 3, 4)
    assert found.ann_accuracy[3] == network.score(data.X_test, data.y_test)
    np.testing.assert_array_equal(found.accuracy[3], one.accuracy)
    np.testing.assert_allclose(found.loss[3], 100.0 * (one.ann_accuracy - one.accuracy))
    np.testing.assert_allclose(found.energy_ratio[3], one.energy / one.ann_energy)
    assert np.unique(found.ann_accuracy).size > 1


def test_both_sides_have_the_same_weights_and_never_saw_the_test_data(found):
    for seed, report in zip(found.seeds, found.reports, strict=True):
        data = split(seed)
        known = {row.tobytes() for row in data.X_train}
        assert not known & {row.tobytes() for row in report.X}
        for layer, W in zip(report.snn.plan.layers, report.snn.trained.weights, strict=True):
            assert layer.weight.shape == W.shape
    assert f"{64 * 20 + 20 + 20 * 12 + 12 + 12 * 10 + 10:,} weights and biases" in found.summary()


def test_the_table_has_means_and_deviations(found):
    lines = found.summary().splitlines()
    row = next(line for line in lines if line.startswith("T = 8"))
    cells = row.removeprefix("T = 8").split()
    for place, values in ((0, 100.0 * found.accuracy[:, 1]), (3, found.loss[:, 1]), (15, found.energy_ratio[:, 1])):
        assert cells[place : place + 3] == [f"{values.mean():.2f}", "±", f"{np.std(values, ddof=1):.2f}"]
    assert "no hardware was measured" in lines[-1]
    assert repr(found) == found.summary()
    assert max(map(len, lines)) < 160


def test_the_spiking_side_gets_there_and_what_it_loses_is_said(found):
    mean = found.loss.mean(axis=0)
    assert mean[0] > 5.0
    assert abs(mean[2]) < 0.5
    behind = ", ".join(str(T) for T, points in zip(found.T, mean, strict=True) if points > 0.5)
    assert (
        f"loses more than half a point of accuracy at T = {behind}; most, {mean[0]:.2f} points, at T = 1." in found.verdict
    )
    assert found.energy_ratio[:, 2].mean() > 1.0
    own = f"{100 * found.ann_accuracy.mean():.2f} % on average"
    assert f"of the same seed and weights, whose accuracy is {own}" in found.verdict
    assert f"more arithmetic energy at T = 64 ({found.energy_ratio[:, 2].mean():.2f} times)" in found.verdict


def test_a_side_that_loses_nothing_is_reported_as_such(found):
    best = tuple(replace(one, accuracy=one.accuracy * 0.0 + one.ann_accuracy, acs=0.0 * one.acs) for one in found.reports)
    assert replace(found, reports=best).verdict.startswith("The spiking network loses at most 0.00 points")
    assert "at most 0." in replace(found, reports=best).verdict.splitlines()[2]


def test_a_single_report_says_accuracy_and_depth(found):
    report = found.reports[0]
    assert f"most, {report.loss[0]:.2f} points, at T = 1" in report.verdict
    first, second = report.layers[8]
    at_8 = replace(report, T=(8,), accuracy=report.accuracy[1:2], acs=report.acs[1:2])
    assert second.r2 < first.r2
    assert f"depth: at T = 8 rates explain {100 * first.r2:.1f} %" in at_8.verdict
    level = replace(at_8, layers={8: [first, first]})
    assert "depth" not in level.verdict


def test_picture(found):
    _, ax = plt.subplots()
    assert found.plot(ax) is ax
    line = next(one for one in ax.lines if one.get_marker() == "o")
    np.testing.assert_allclose(line.get_ydata(), 100.0 * found.accuracy.mean(axis=0))


def test_one_data_set_for_all_seeds_and_chosen_seeds():
    data = bs.ann.datasets.yin_yang(200, 60)
    found = compare_seeds(lambda seed: MLP(8, epochs=3, seed=seed), data, seeds=(5, 2), T=(16,), norm="max")
    assert found.seeds == (5, 2)
    assert all(one.X is data.X_test or np.array_equal(one.X, data.X_test) for one in found.reports)


def test_mistakes():
    with pytest.raises(ValueError, match="compare_seeds.seeds: must be >= 2"):
        compare_seeds(make, split, seeds=1)
    with pytest.raises(ValueError, match=r"compare_seeds.seeds: must be two or more, each once \(got \(3, 3\)\)"):
        compare_seeds(make, split, seeds=(3, 3))
    with pytest.raises(TypeError, match=r"compare_seeds.make: must be a function of a seed .*\(got MLP\); write lambda"):
        compare_seeds(MLP(5), split)
    with pytest.raises(TypeError, match=r"compare_seeds.make: must return a network with fit\(X, y\).*\(got int\)"):
        compare_seeds(lambda seed: seed, split)
    with pytest.raises(TypeError, match=r"compare_seeds.data: must have X_train, y_train, X_test and y_test.*\(got tuple\)"):
        compare_seeds(make, (1, 2))
    with pytest.raises(TypeError, match="compare: has no option 'nrom'; did you mean 'norm'?"):
        compare_seeds(lambda seed: MLP(4, epochs=1), bs.ann.datasets.yin_yang(50, 20), nrom="max")
