"""A distribution from outside, in one file: Weibull's."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import special, stats

import brainsim as bs
from brainsim.jit.decorators import kernel
from brainsim.jit.vmath import log1p, power
from brainsim.rng.hashing import uniform
from brainsim.rng.variates import fill
from brainsim.testing import check_distribution


@kernel
def weibull(bits, shape, scale):
    return scale * power(-log1p(-uniform(bits)), 1.0 / shape)


@dataclasses.dataclass(frozen=True, repr=False)
class Weibull(bs.values.Distribution):
    """The times between rare events that become more frequent."""

    shape: float
    scale: float
    sampler = weibull
    positive, pure = ("shape", "scale"), ("shape",)

    def integrals(self, low, high):
        low, high = ((max(x, 0.0) / self.scale) ** self.shape for x in (low, high))
        if low >= high:
            return 0.0, 0.0
        k = 1.0 + 1.0 / self.shape
        moment = special.gamma(k) * (special.gammainc(k, high) - special.gammainc(k, low))
        return math.exp(-low) - math.exp(-high), float(self.scale * moment)


def test_a_distribution():
    check_distribution(Weibull(2.0, 3.0))


def test_its_values_follow_the_law():
    law = stats.weibull_min(1.5, scale=4.0)
    cells = bs.Population(4000, bs.LIF(tau_m=bs.Clipped(Weibull(1.5, 4.0), low=2.0)), name="cells")
    net = bs.Network(seed=1)
    delay = bs.Clipped(Weibull(1.5, 4.0), low=0.1)
    wires = net.connect(cells, cells, bs.FixedIndegree(2), weight=Weibull(1.5, 4.0), delay=delay, synapse=bs.Delta())
    sim = bs.Simulation(net, seed=1)
    assert stats.kstest(sim.synapses(wires).weight, law.cdf).pvalue > 1e-3
    assert sim.synapses(wires).delay.mean() == pytest.approx(delay.mean, rel=0.05)
    assert Weibull(1.5, 4.0).mean == pytest.approx(law.mean())


def broken(**attributes):
    """Return a Weibull with other attributes, as a dataclass that is defined from outside."""
    kept = {name: value for name, value in vars(Weibull).items() if name in ("sampler", "positive", "pure", "integrals")}
    names = {"__annotations__": {"shape": float, "scale": float}, "__module__": __name__} | kept | attributes
    names = {name: value for name, value in names.items() if value is not None}
    return dataclasses.dataclass(frozen=True, repr=False)(type("Broken", (bs.values.Distribution,), names))


@kernel
def whole(bits, a, b):
    return 1


def test_mistakes():
    with pytest.raises(TypeError, match=r"Broken.sampler: must be a compiled function \(bits, a, b\).*@kernel.*got None"):
        broken(sampler=None)
    with pytest.raises(TypeError, match=r"Broken.sampler: must be a compiled function .*got 6"):
        broken(sampler=6)
    with pytest.raises(TypeError, match="Broken.sampler: must be a compiled function"):
        broken(sampler=lambda bits, a, b: a)
    with pytest.raises(TypeError, match=r"Broken: has no integrals\(low, high\)"):
        broken(integrals=None)
    with pytest.raises(TypeError, match=r"Broken.postive: .*did you mean 'positive'"):
        broken(postive=("shape",))
    three = broken(__annotations__={"a": float, "b": float, "c": float})
    with pytest.raises(TypeError, match=r"Broken: a distribution has one or two parameters \(got a, b, c\)"):
        three(1.0, 2.0, 3.0)
    with pytest.raises(TypeError, match="whole: must return a float"):
        _ = broken(sampler=whole)(1.0, 2.0).code


@kernel
def upper_half(bits, a, b):
    u = uniform(bits)
    return a * 2.0 * u if u >= 0.5 else math.nan


@dataclasses.dataclass(frozen=True, repr=False)
class Upper(bs.values.Distribution):
    """Uniform from a to 2 a, by rejection."""

    a: float
    sampler = upper_half
    positive = ("a",)

    def integrals(self, low, high):
        return bs.Uniform(self.a, 2.0 * self.a).integrals(low, high)


def test_what_is_rejected_is_sampled_again():
    """Values that the sampler rejects, and those outside the limits of a clip, come from other bits."""
    found = np.empty(3000)
    fill(found, bs.Clipped(Upper(20.0), high=30.0).code, np.uint64(7))
    assert stats.kstest(found, stats.uniform(20.0, 10.0).cdf).pvalue > 1e-3
