"""The generators: published known answers, uniformity, and independence of streams."""

import numba
import numpy as np
import pytest
from scipy import stats

from brainsim.rng import hashing, variates
from brainsim.rng.probabilities import alias_table
from brainsim.rng.streams import checked_seed, fresh_seed, stream_key
from brainsim.testing.reference import numbers

U8 = np.uint64


# helpers are inner functions of kernels and cannot be called from Python
@numba.njit
def mixed(z):
    return hashing.mix(z)


@numba.njit
def hashed(key, index):
    return hashing.hashed(key, index)


@numba.njit
def step_key(key, step):
    return hashing.step_key(key, step)


@numba.njit
def uniform(bits):
    return hashing.uniform(bits)


@numba.njit
def uniforms(key, step, n):
    """The numbers of n cells in one step, as kernels draw them."""
    out, own = np.empty(n), hashing.step_key(key, step)
    for cell in range(n):
        out[cell] = hashing.uniform(hashing.hashed(own, cell))
    return out


def test_splitmix_known_answers():
    """The published first numbers of SplitMix64 from the seed 1234567: number i is ``hashed(seed, i)``."""
    answers = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]
    assert [int(hashed(U8(1234567), i)) for i in range(5)] == answers
    # the state is a sum of steps of gamma, wrapped at 64 bits
    assert int(mixed(U8((1234567 + 5 * int(hashing.GAMMA)) % 2**64))) == answers[4]


def test_keys_of_steps_are_those_of_the_semantics():
    """The constant is part of what a simulation is: docs/semantics.md, written out again in the reference."""
    steps = (0, 1, 77, 2**40)
    for key in (0, 1234567, 2**64 - 1):
        assert [int(step_key(U8(key), k)) for k in steps] == [numbers.step_key(key, k) for k in steps]
    assert int(step_key(U8(0), 1)) == int(mixed(U8(0xD1342543DE82EF95)))


def test_a_number_in_place_of_a_distribution_is_that_number():
    out = np.empty(3)
    variates.fill(out, np.array([0.0, 3.5, 7.0, -np.inf, np.inf]), stream_key(1, "some"))
    assert out.tolist() == [3.5] * 3


def test_mix_loses_nothing():
    """Different inputs give different outputs, and each bit of the input moves half of the output's."""
    keys = np.arange(100_000, dtype=np.uint64)
    out = np.array([mixed(k) for k in keys])
    assert np.unique(out).size == out.size
    base = [int(mixed(U8(k))) for k in range(1, 200)]
    flips = [bin(base[k - 1] ^ int(mixed(U8(k ^ (1 << bit))))).count("1") for k in range(1, 200) for bit in range(64)]
    assert np.mean(flips) == pytest.approx(32, abs=0.2)


def test_uniforms_stay_below_one():
    assert uniform(U8(0)) == 0.0
    assert uniform(U8(2**64 - 1)) == 1.0 - 2.0**-53
    assert uniform(U8(2**63)) == 0.5
    assert uniform(U8((1 << 11) - 1)) == 0.0
    values = uniforms(U8(3), 5, 100_000)
    assert values.min() >= 0.0
    assert values.max() < 1.0
    assert np.all(values * 2.0**53 == np.floor(values * 2.0**53))


N = 200_000
DRAWS = {
    "cells of a step": lambda: uniforms(stream_key(1, "a"), 17, N),
    "steps of a cell": lambda: np.array([uniforms(stream_key(1, "a"), step, 1)[0] for step in range(N)]),
    "small key": lambda: uniforms(U8(0), 0, N),
}


@pytest.mark.parametrize("name", DRAWS)
def test_uniform_and_without_memory(name):
    values = DRAWS[name]()
    assert stats.kstest(values, "uniform").pvalue > 1e-3
    counts = np.histogram(values, bins=256, range=(0, 1))[0]
    assert stats.chisquare(counts).pvalue > 1e-3
    bound = 4.5 / np.sqrt(N)
    for lag in (1, 2, 3, 7, 64, 1000):
        assert abs(np.corrcoef(values[:-lag], values[lag:])[0, 1]) < bound, lag
    # pairs fill the square: correlations that are not linear would show here
    pairs = np.histogram2d(values[:-1:2], values[1::2], bins=16, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(pairs.ravel()).pvalue > 1e-3
    ones = (values * 2.0**53).astype(np.uint64).view(np.uint8).reshape(-1, 8)
    bits = np.unpackbits(ones, axis=1, bitorder="little")[:, :53].mean(axis=0)
    assert np.abs(bits - 0.5).max() < 5 * 0.5 / np.sqrt(N)


def test_an_alias_table_holds_the_probabilities():
    wanted = np.random.default_rng(3).dirichlet(np.full(11, 0.5))
    accept, other = alias_table(wanted)
    own = accept / 2.0**32
    found = own + np.bincount(other, 1.0 - own, minlength=16)
    np.testing.assert_allclose(found / 16, np.r_[wanted, np.zeros(5)], rtol=0, atol=2.0**-30)


def test_streams_do_not_know_each_other():
    """Neighbours in name, seed, step and purpose are uncorrelated, number by number and shifted."""
    n, bound = 100_000, 4.8 / np.sqrt(100_000)
    streams = [
        uniforms(key, step, n)
        for key in (stream_key(1, "a"), stream_key(1, "b"), stream_key(2, "a"), U8(1), U8(2))
        for step in (0, 1, 2)
    ]
    table = np.corrcoef(streams)
    assert np.abs(table - np.eye(len(streams))).max() < bound
    shifted = np.corrcoef([np.roll(s, k) for k, s in enumerate(streams)])
    assert np.abs(shifted - np.eye(len(streams))).max() < bound
    assert len(np.unique(streams)) > 0.999 * len(streams) * n


def test_steps_of_one_stream_never_meet():
    keys = np.array([step_key(stream_key(1, "a"), step) for step in range(200_000)])
    assert np.unique(keys).size == keys.size


def test_stream_keys():
    assert stream_key(1, "wiring", "a->b").dtype == np.uint64
    assert stream_key(1, "wiring", "a->b") == stream_key(1, "wiring", "a->b")
    names = [("wiring", "a->b"), ("wiring", "a->b #2"), ("weights", "a->b"), ("wiringa", "->b"), ("wiring",), ()]
    keys = {int(stream_key(seed, *name)) for name in names for seed in (0, 1, 2, 2**32, 2**64, 2**64 + 1)}
    assert len(keys) == len(names) * 6
    # one number in the name is another name
    assert len({int(stream_key(1, f"cells{k}")) for k in range(20_000)}) == 20_000


def test_stream_keys_do_not_change():
    """A change here changes the spikes of everybody's networks."""
    assert int(stream_key(1, "wiring", "exc->cells")) == 0x49C11FD82909ADF1
    assert int(stream_key(0)) == 0x75DFCD439D7D2B84


def test_seeds():
    assert checked_seed(7, "here") == 7
    assert checked_seed(2**70, "here") == 2**70
    assert checked_seed(np.int64(3), "here") == 3
    assert len({fresh_seed() for _ in range(10)}) > 5
    assert 0 <= checked_seed(None, "here") < 2**32
    for wrong, kind in ((-1, ValueError), (1.5, TypeError), ("a", TypeError), (True, TypeError), (np.nan, TypeError)):
        with pytest.raises(kind, match="here: must be"):
            checked_seed(wrong, "here")


@numba.njit
def binomials(key, n, p, size):
    out = np.empty(size)
    for k in range(size):
        out[k] = variates.binomial(hashing.hashed(key, k), n, p)
    return out


@pytest.mark.parametrize(
    ("n", "p"), [(2e3, 0.001), (2e3, 0.006), (2e3, 0.9995), (1500.0, 0.3), (1e9, 0.7), (1e9, 1e-9), (1e12, 0.5)]
)
def test_binomial_numbers_of_many_trials(n, p):
    """By the sum of squares of all values with five expected numbers or more, or for wide laws of twenty ranges."""
    drawn, law, size = binomials(U8(3), n, p, 20_000), stats.binom(n, p), 20_000
    edges = np.unique(law.ppf(np.linspace(0.0, 1.0, 21)[1:-1]))
    chances = np.diff(np.concatenate([[0.0], law.cdf(edges), [1.0]]))
    counts = np.bincount(np.searchsorted(edges, drawn), minlength=edges.size + 1)
    usual = chances * size >= 5
    assert stats.chisquare(counts[usual], chances[usual] / chances[usual].sum() * counts[usual].sum()).pvalue > 1e-3
    assert np.all(drawn == np.floor(drawn))
    assert drawn.min() >= 0
    assert drawn.max() <= n


def test_binomial_numbers_at_the_ends():
    assert binomials(U8(3), 1e6, 0.0, 2).tolist() == [0.0, 0.0]
    assert binomials(U8(3), 1e6, 1.0, 2).tolist() == [1e6, 1e6]
    assert np.isnan(binomials(U8(3), 1e300, 0.5, 1))
    assert binomials(U8(3), np.nan, 0.5, 1) == 0.0
