"""Pictures of weights and degrees show what a projection has."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.stats import binom

from brainsim import plot
from brainsim.plot.elements.styles import PALETTE
from brainsim.plot.weights import NEGATIVE, POSITIVE
from brainsim.results.result import Result, Weights
from brainsim.results.synapses import SynapseTable
from tests.helpers.mistakes import mistakes

PRE, POST = np.array([0, 0, 1, 2, 2]), np.array([1, 2, 0, 0, 3])


def table(weight=(1.0, 2.0, -3.0, 0.5, 1.0), shape=(3, 4)):
    weight = np.asarray(weight)
    return SynapseTable(PRE, POST, weight, np.ones(weight.size), *shape, unit="mV", name="a->b")


def recorded(counts=False):
    """Return weights of three synapses at 0, 10 and 20 ms."""
    values = [[1.0, 1.0, 1.0], [1.0, 2.0, 1.5], [0.5, 3.0, 1.5]]
    bins = {"edges": [0.0, 1.0, 2.0, 4.0], "counts": [[0, 9, 0], [2, 5, 2], [4, 1, 4]]} if counts else {}
    return Weights("a->b", "w", "nS", [0.0, 10.0, 20.0], [0, 1, 2], [0, 0, 1], [1, 2, 0], values, **bins)


def heights(ax):
    return [bar.get_height() for bar in ax.patches if hasattr(bar, "get_height")]


class TestHistogram:
    def test_counts_each_weight_once_in_the_colour_of_its_sign(self):
        ax = plot.weight_histogram(table(), bins=8)
        assert sum(heights(ax)) == 5
        for bar in ax.patches:
            expected = NEGATIVE if bar.get_x() + bar.get_width() / 2 < 0 else POSITIVE
            assert plt.matplotlib.colors.to_hex(bar.get_facecolor()) == expected
        edges = {round(bar.get_x(), 9) for bar in ax.patches}
        assert 0.0 in edges
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("weight [mV]", "synapses")

    def test_equal_weights_have_one_bar_in_the_middle(self):
        ax = plot.weight_histogram([2.5, 2.5, 2.5], unit="pA")
        assert sorted(heights(ax))[-2:] == [0, 3]
        tallest = max(ax.patches, key=lambda bar: bar.get_height())
        assert tallest.get_x() + tallest.get_width() / 2 == pytest.approx(2.5)
        assert ax.get_xlabel() == "weight [pA]"

    def test_of_recorded_weights_now_and_at_first(self):
        ax = plot.weight_histogram(recorded(), at=10.0, bins=2)
        assert heights(ax) == [1, 2]
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["at 0 ms", "at 10 ms"]
        plt.figure()
        assert heights(plot.weight_histogram(recorded(), bins=5))[-1] == 1

    def test_of_what_was_counted_in_the_run(self):
        ax = plot.weight_histogram(recorded(counts=True), at=19.9)
        assert heights(ax) == [2, 5, 2]
        assert ax.get_xlabel() == "weight [nS]"
        outline = next(patch for patch in ax.patches if hasattr(patch, "get_data"))
        assert outline.get_data().values.tolist() == [0, 9, 0]


class TestMatrix:
    def test_each_pair_has_its_weight(self):
        ax = plot.weight_matrix(table())
        (image,) = ax.images
        np.testing.assert_array_equal(image.get_array(), table().matrix().toarray())
        assert image.get_clim() == (-3.0, 3.0)
        assert image.cmap(image.norm(0.0))[:3] == (1.0, 1.0, 1.0)
        assert image.get_extent() == [-0.5, 3.5, 2.5, -0.5]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("target cell", "source cell")
        assert ax.figure.axes[1].get_ylabel() == "weight [mV]"

    @pytest.mark.parametrize("data", [csr_array(table().matrix()), table().matrix().toarray()])
    def test_of_matrices(self, data):
        ax = plot.weight_matrix(data, colorbar=False)
        np.testing.assert_array_equal(ax.images[0].get_array(), table().matrix().toarray())
        assert len(ax.figure.axes) == 1

    def test_a_large_one_has_the_mean_of_each_block(self):
        dense = np.arange(35.0).reshape(5, 7) * (np.arange(7) % 2)
        ax = plot.weight_matrix(dense, max_side=3)
        image = ax.images[0].get_array()
        assert image.shape == (3, 3)
        assert image[0, 0] == pytest.approx(dense[:2, :3].mean())
        assert image[2, 2] == pytest.approx(dense[4:, 6:].mean())
        assert ax.figure.axes[1].get_ylabel() == "mean weight of a pair"

    def test_a_million_synapses_make_a_small_file(self):
        rng = np.random.default_rng(0)
        cells = rng.integers(0, 5000, (2, 1_000_000))
        many = SynapseTable(*cells, rng.random(1_000_000), np.ones(1_000_000), 5000, 5000)
        file = io.BytesIO()
        plot.weight_matrix(many).figure.savefig(file, format="svg")
        assert file.tell() < 1_500_000


class TestOverTime:
    def test_lines_of_synapses_and_their_mean(self):
        ax = plot.weights(recorded())
        thin, mean = ax.lines[:3], ax.lines[3]
        np.testing.assert_array_equal(np.transpose([line.get_ydata() for line in thin]), recorded().values)
        np.testing.assert_allclose(mean.get_ydata(), recorded().values.mean(axis=1))
        assert mean.get_xdata().tolist() == [0.0, 10.0, 20.0]
        assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_xlim()) == ("time [ms]", "weight [nS]", (0.0, 20.0))
        assert ax.get_legend().get_texts()[0].get_text() == "mean of 3 synapses of a->b"

    def test_of_many_some_are_drawn(self):
        many = Weights(
            "a->b", "x", "", [0.0, 1.0], range(200), range(200), range(200), np.random.default_rng(0).random((2, 200))
        )
        ax = plot.weights(many, max_lines=10)
        assert len(ax.lines) == 11
        assert ax.get_ylabel() == "x"

    def test_a_synapse_that_was_removed_leaves_the_mean_of_the_others(self):
        some = Weights("a->b", "w", "nS", [0.0, 1.0], [0, 1], [0, 1], [1, 0], [[1.0, 3.0], [np.nan, 5.0]])
        assert plot.weights(some).lines[-1].get_ydata().tolist() == [2.0, 5.0]

    def test_histograms_lie_beneath(self):
        ax = plot.weights(recorded(counts=True))
        mesh = ax.collections[0]
        np.testing.assert_array_equal(np.ma.filled(mesh.get_array(), 0), recorded(counts=True).counts.T)
        assert mesh.get_rasterized()
        assert ax.figure.axes[1].get_ylabel() == "synapses"

    def test_the_overview_has_a_row_of_them(self):
        result = Result(spikes={}, weights={("a->b", "w"): recorded()}, duration=20.0, dt=0.1, seed=1)
        (ax,) = plot.overview(result).axes
        assert ax.get_ylabel() == "weight [nS]"
        assert ax.get_legend().get_texts()[0].get_text() == "mean of 3 synapses of a->b"
        (ax,) = plot.overview(result, window=(5.0, 20.0)).axes
        assert ax.lines[0].get_xdata().tolist() == [10.0, 20.0]


class TestDegrees:
    def test_shares_of_cells(self):
        ax = plot.degrees(table(), random=False)
        data = [patch.get_data() for patch in ax.patches]
        edges = data[0].edges
        middles = (edges[1:] + edges[:-1]) / 2
        shares = [dict(zip(middles, d.values, strict=True)) for d in (data[0], data[2])]
        assert (shares[0][1.0], shares[0][2.0]) == (0.75, 0.25)  # of 4 targets: 2 1 1 1
        assert (shares[1][1.0], shares[1][2.0]) == pytest.approx((1 / 3, 2 / 3))  # of 3 sources: 2 1 2
        assert [text.get_text() for text in ax.get_legend().get_texts()] == [
            "in-degree, mean 1.25",
            "out-degree, mean 1.667",
        ]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("synapses of a cell", "share of cells")

    def test_dots_are_independent_pairs(self):
        ax = plot.degrees((np.random.default_rng(1).random((40, 50)) < 0.2).astype(float))
        (dots, _) = ax.lines
        mean = float(ax.get_legend().get_texts()[0].get_text().rsplit(" ", 1)[1])
        x, y = dots.get_data()
        np.testing.assert_allclose(y, binom(40, mean / 40).pmf(np.round(x)), rtol=1e-3)
        assert y.sum() == pytest.approx(1.0, abs=0.01)  # only what hardly ever happens is left out
        assert dots.get_color() == PALETTE[0]


class Odd:
    pass


test_mistakes = mistakes(
    (lambda: plot.weights(table()), TypeError, "weights: must be Weights, as result.weights[wires]", "got SynapseTable"),
    (lambda: plot.weights(recorded(), window=(50.0, 60.0)), ValueError, "weights: there are no samples from 50 to 60 ms"),
    (lambda: plot.weights(recorded(), max_lines=-1), ValueError, "weights.max_lines: must be >= 0"),
    (lambda: plot.weight_histogram(Odd()), TypeError, "weight_histogram: must be sim.synapses(projection)", "got Odd"),
    (lambda: plot.weight_histogram("exc->inh"), TypeError, "weight_histogram: must be", "got str"),
    (lambda: plot.weight_histogram([]), ValueError, "weight_histogram: there are no weights"),
    (lambda: plot.weight_histogram([np.nan]), ValueError, "weight_histogram: there are no weights"),
    (lambda: plot.weight_histogram([1.0], bins=0), ValueError, "weight_histogram.bins: must be >= 1"),
    (lambda: plot.weight_histogram(recorded(), at=-5.0), ValueError, "weight_histogram.at: must be >= 0 ms", "-5"),
    (lambda: plot.weight_matrix([1.0, 2.0]), ValueError, "weight_matrix: must tell who is connected to whom"),
    (lambda: plot.weight_matrix(np.zeros((0, 3))), ValueError, "weight_matrix: the matrix is empty"),
    (lambda: plot.weight_matrix(table(), max_side=0), ValueError, "weight_matrix.max_side: must be >= 1"),
    (lambda: plot.degrees(np.zeros((0, 3))), ValueError, "degrees: there are no sources or no targets"),
    (lambda: plot.degrees({"a": 1}), TypeError, "degrees: must be", "got dict"),
)
