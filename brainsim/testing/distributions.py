"""Checks of distributions."""

from collections.abc import Collection

import numpy as np

from brainsim.models.neurons.lif import LIF
from brainsim.models.rules import FixedProbability
from brainsim.models.synapses.basic import Delta
from brainsim.models.values import MIN_MASS, Clipped, Distribution
from brainsim.network.network import Network
from brainsim.network.population import Population
from brainsim.rng.streams import stream_key
from brainsim.rng.variates import fill
from brainsim.testing.properties import SEED, check_bits, check_properties, explained, make, require

VALUES = 100_000  # that are sampled
ERRORS = 6.0  # standard errors by which a share or a mean may be off: less than once in a hundred million checks
QUANTILES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)


@explained
def check_distribution(distribution: Distribution, *, only: Collection[str] | None = None) -> None:
    """Check a distribution as the built-in ones are checked.

    Parameters
    ----------
    distribution : Distribution
        The distribution, with its parameters.
    only : collection of str, optional
        The properties to check, all by default:

        - "support": all values are finite and within `support`.
        - "mass": the shares of the values in intervals are what `mass` says, which is 1 for all numbers.
        - "mean": the mean of the values is what `mean` says, if that is finite.
        - "clip": values of a `Clipped` are within its limits, and those of the whole that lie there stay as they are.
        - "index": a value depends on the seed and its index only.
        - "bits": with weights and delays of it, the same seed gives the same bits on any number of threads, in any pieces,
          after a restore and a reset.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.testing.check_distribution(bs.Uniform(1.0, 3.0), only=["mass", "mean"])
    """
    distribution = make(distribution, Distribution, "check_distribution.distribution")
    check_properties(DISTRIBUTION_PROPERTIES, _Drawn(distribution), only)


class _Drawn:
    """A distribution under test, and values of it."""

    def __init__(self, distribution):
        self.distribution, self.label = distribution, repr(distribution)
        self.values = self.draw(VALUES)

    def draw(self, n, seed=SEED, of=None):
        """Return the first `n` values."""
        values = np.empty(n)
        fill(values, (self.distribution if of is None else of).code, stream_key(seed, "check_distribution"))
        return values

    def middle(self):
        """Return two values between which half of all lie."""
        return tuple(map(float, np.quantile(self.values, (0.25, 0.75))))


def _check_support(drawn: _Drawn) -> None:
    require(np.isfinite(drawn.values).all(), f"{drawn.label}: values must be finite")
    (low, high), least, most = drawn.distribution.support, drawn.values.min(), drawn.values.max()
    require(
        low <= least <= most <= high, f"{drawn.label}: support is {low:g} to {high:g}, but values are {least:g} to {most:g}"
    )


def _check_mass(drawn: _Drawn) -> None:
    mass = drawn.distribution.mass
    require(
        abs(mass(-np.inf, np.inf) - 1.0) < 1e-6, f"{drawn.label}: mass(-inf, inf) must be 1 (got {mass(-np.inf, np.inf):g})"
    )
    for at in np.quantile(drawn.values, QUANTILES):
        expected, found = mass(-np.inf, float(at)), np.mean(drawn.values <= at)
        near = abs(expected - found) <= ERRORS * np.sqrt(max(found * (1.0 - found), 1e-3) / VALUES)
        require(near, f"{drawn.label}: mass says that {expected:.4g} of the values are up to {at:.4g}, but {found:.4g} are")
    require(mass(2.0, 1.0) == 0.0, f"{drawn.label}: mass must be 0 if low is above high (got {mass(2.0, 1.0):g})")


def _check_mean(drawn: _Drawn) -> None:
    expected, found = drawn.distribution.mean, drawn.values.mean()
    if np.isfinite(expected):
        near = abs(expected - found) <= ERRORS * drawn.values.std() / np.sqrt(VALUES)
        require(near, f"{drawn.label}: mean says {expected:.4g}, but values are {found:.4g} on average")


def _check_clip(drawn: _Drawn) -> None:
    low, high = drawn.middle()
    require(
        drawn.distribution.mass(low, high) > MIN_MASS, f"{drawn.label}: mass says that no values are where half of them are"
    )
    clipped = drawn.draw(VALUES, of=Clipped(drawn.distribution, low, high))
    require(((clipped >= low) & (clipped <= high)).all(), f"{drawn.label}: clipped values must be within the limits")
    inside = (drawn.values >= low) & (drawn.values <= high)
    same = np.array_equal(clipped[inside], drawn.values[inside])
    require(same, f"{drawn.label}: a clip must change only the values outside of its limits")


def _check_index(drawn: _Drawn) -> None:
    require(np.array_equal(drawn.draw(VALUES), drawn.values), f"{drawn.label}: the same seed must give the same values")
    require(np.array_equal(drawn.draw(100), drawn.values[:100]), f"{drawn.label}: a value must depend on its index only")
    require(not np.array_equal(drawn.draw(100, SEED + 1), drawn.values[:100]), f"{drawn.label}: another seed, other values")


def _check_distribution_bits(drawn: _Drawn) -> None:
    low, high = drawn.middle()
    delay = Clipped(drawn.distribution, max(low, 0.1), max(high, 10.0)) if high > 0.1 else 1.0

    def build(storage="stored"):
        cells, net = Population(20, LIF(), name="cells", initial={"v": -45.0}), Network(seed=1)
        options = {"weight": drawn.distribution, "delay": delay, "synapse": Delta(), "storage": storage}
        net.connect(cells, cells, FixedProbability(0.2), **options)
        return net

    check_bits(build, duration=20.0, label=drawn.label)
    check_bits(lambda: build("procedural"), duration=20.0, label=drawn.label)


DISTRIBUTION_PROPERTIES = {
    "support": _check_support,
    "mass": _check_mass,
    "mean": _check_mean,
    "clip": _check_clip,
    "index": _check_index,
    "bits": _check_distribution_bits,
}
