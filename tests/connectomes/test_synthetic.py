"""The synthetic brain: its laws, and what it says of itself."""

import numpy as np
import pytest
from scipy.stats import norm, poisson

import brainsim as bs

CELLS, EDGES = 20_000, 100_000  # sparse, so that few pairs are drawn twice


@pytest.fixture(scope="module")
def brain():
    return bs.connectomes.synthetic(cells=CELLS, edges=EDGES, seed=1)


def ordinary(brain):
    """Return the edges that do not belong to the pathway."""
    return brain.edges.chosen(~np.isin(brain.edges.post, brain.where(cell_class=["relay", "proboscis"])))


def mixed(values, mean):
    """Return P(X <= value) of a Poisson number with a log-normal mean: sigma is 1, `mean` the mean of all."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    means = mean * np.exp(nodes - 0.5)
    return (poisson.cdf(np.asarray(values)[:, None], means) * weights).sum(axis=1) / weights.sum()


def test_it_says_that_it_is_made_up(brain):
    assert brain.title == "Synthetic brain (made up): 20,000 cells, 100,000 edges"
    assert len(brain) == CELLS
    assert len(brain.edges) == EDGES


def test_edges_are_different_and_lead_to_others(brain):
    pairs = brain.edges.pre.astype(np.int64) * CELLS + brain.edges.post
    assert np.all(np.diff(pairs) > 0)
    assert not np.any(brain.edges.pre == brain.edges.post)
    assert brain.edges.count.min() == 1


@pytest.mark.parametrize("end", ["pre", "post"])
def test_degrees_follow_their_law(brain, end):
    """The largest distance of the distributions; pairs that were drawn twice are missing in the largest degrees."""
    degrees = np.bincount(getattr(brain.edges, end), minlength=CELLS)
    values = np.arange(degrees.max() + 1)
    seen = np.cumsum(np.bincount(degrees)) / CELLS
    assert np.abs(seen - mixed(values, EDGES / CELLS)).max() < 1.95 / np.sqrt(CELLS) + 0.005  # 0.1 % of samples are beyond


def test_numbers_of_synapses_follow_their_law(brain):
    counts = ordinary(brain).count
    values = np.arange(1, 60)
    seen = np.array([(counts <= value).mean() for value in values])
    assert np.abs(seen - norm.cdf((np.log(values) - 0.4) / 0.9)).max() < 1.95 / np.sqrt(counts.size)


def test_half_of_the_edges_stay_in_their_region(brain):
    region, edges = brain.annotations["region"], ordinary(brain)
    same = (region[edges.pre] == region[edges.post]).mean()
    assert same == pytest.approx(0.5 + 0.5 / 40, abs=0.02)


def test_signs_follow_from_transmitters(brain):
    assert np.array_equal(brain.edges.sign, brain.signed().edges.sign)
    share = (brain.annotations["transmitter"] == "acetylcholine").mean()
    assert share == pytest.approx(0.6, abs=4 * np.sqrt(0.24 / CELLS))


def test_the_same_seed_gives_the_same_brain():
    first, again, other = (bs.connectomes.synthetic(cells=300, edges=3000, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.edges.post, again.edges.post)
    assert np.array_equal(first.annotations["side"], again.annotations["side"])
    assert not np.array_equal(first.edges.post, other.edges.post)
    dense = bs.connectomes.synthetic(cells=100, edges=1980, seed=1)
    assert len(dense.edges) == 1980


def test_sizes_are_checked():
    with pytest.raises(ValueError, match=r"synthetic.edges: must be <= 1980 \(got 2000\)"):
        bs.connectomes.synthetic(cells=100, edges=2000)
    with pytest.raises(ValueError, match="synthetic.cells: must be >= 100"):
        bs.connectomes.synthetic(cells=10)
