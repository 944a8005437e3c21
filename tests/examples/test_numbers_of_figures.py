"""What figures compute from spikes and shares, with some that are given."""

import numpy as np
import pytest

from brainsim.examples._figures.decision import BIN, WIDTH, rates_of
from brainsim.examples._figures.digits_stdp import mean_and_deviation
from brainsim.examples._figures.reward import RULE, trace_of_pairs
from brainsim.results.spikes import Spikes


def test_rates_are_those_of_the_last_milliseconds():
    """Two copies of a pool of three cells: the rate at the end of a bin is of the `WIDTH` ms before it, within the run."""
    times, ids = [2.0, 7.0, 31.0, 52.5, 60.0, 88.0], [0, 3, 2, 1, 5, 4]
    rates = rates_of(Spikes(times, ids, 6, 100.0, name="A"), 2)
    for copy, cells in enumerate(((0, 1, 2), (3, 4, 5))):
        for k, end in enumerate(np.arange(BIN, 100.0 + BIN, BIN)):
            here = [end - WIDTH < time <= end for time, cell in zip(times, ids, strict=True) if cell in cells]
            assert rates[copy, k] == sum(here) * 1000.0 / (WIDTH * 3)


def test_means_and_deviations_over_copies_are_in_percent():
    mean, deviation = mean_and_deviation([[0.5, 1.0], [0.7, 1.0]])
    np.testing.assert_allclose([mean, deviation], [[60.0, 100.0], [np.sqrt(200.0), 0.0]], rtol=1e-12)
    mean, deviation = mean_and_deviation([[0.5, 1.0]])
    assert (mean.tolist(), deviation.tolist()) == ([50.0, 100.0], [0.0, 0.0])


def test_a_trace_of_pairs_counts_the_delay_of_what_came_second():
    """A spike of the target reaches the synapse after 1 ms."""
    grown = RULE.c_plus * np.exp(-6.0 / RULE.tau_plus)
    found = trace_of_pairs([10.0], [15.0], np.array([5.0, 16.0, 1016.0]))
    assert found == pytest.approx([0.0, grown, grown * np.exp(-1000.0 / RULE.tau_c)], rel=1e-12)
    shrunk = -RULE.c_minus * np.exp(-4.0 / RULE.tau_minus)
    assert trace_of_pairs([10.0], [5.0], np.array([10.0])) == pytest.approx([shrunk], rel=1e-12)
