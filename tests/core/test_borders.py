"""Numbers from outside, at the ends of their types: each is checked as it came, before it is cast or indexed with."""

import re

import numpy as np
import pytest
from scipy.sparse import coo_array, csr_array

import brainsim as bs
from brainsim.core.checks import indices

CELLS = bs.Population(5, bs.LIF(), name="cells")


# -- indices ---------------------------------------------------------------------------------------------------------------

WRONG = [
    ([-1], ValueError, ">= 0 (got -1"),
    ([2**31], ValueError, "up to 2**31 - 1 (got 2147483648"),
    ([1.5], ValueError, "1.5"),
    ([2**32], ValueError, "4294967296"),
    ([2**63 + 1], ValueError, "up to 2**31 - 1"),
    ([1e300], ValueError, "1e+300"),
    (np.array([2**64 - 1], np.uint64), ValueError, "18446744073709551615"),
    ([np.nan], ValueError, "finite"),
    ([-(2**63)], ValueError, ">= 0"),
    ([np.inf], ValueError, "finite"),
    ([10**400], ValueError, "up to 1e308"),
    ([True, False], TypeError, "np.flatnonzero(mask)"),
    (["1"], TypeError, "number"),
    ([[1]], ValueError, "shape (1, 1)"),
    ([1 + 0j], TypeError, "number"),
    (np.ma.masked_array([1, 2], [False, True]), ValueError, "masked"),
    ([None], ValueError, "finite"),
    (np.array([-(2**62)], np.int64), ValueError, ">= 0"),
]


@pytest.mark.parametrize(("given", "kind", "message"), WRONG)
def test_indices_that_a_kernel_would_use_are_checked_before_they_are_cast(given, kind, message):
    def trains(ids):
        return bs.Population(5, bs.SpikeTrains(times=np.zeros(np.size(ids)), ids=ids), name="trains")

    lists = (lambda ids: bs.FromArrays(ids, [0] * np.size(ids)), lambda ids: bs.FromArrays([0] * np.size(ids), ids), trains)
    for make in (*lists, lambda ids: indices(ids, "here")):
        with pytest.raises(kind, match=re.escape(message)):
            make(given)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int32, np.int64, np.uint64, np.float32, np.float64, object])
def test_indices_of_any_type_are_whole_numbers(kind):
    rule = bs.FromArrays(np.array([0, 3], kind), np.array([4, 1], kind))
    assert (rule.pre.tolist(), rule.post.tolist(), rule.pre.dtype) == ([0, 3], [4, 1], np.int32)
    assert bs.SpikeTrains([1.0, 2.0], np.array([4, 1], kind)).ids.tolist() == [4, 1]


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (np.array([2**64 - 1], np.uint64), IndexError),
        ([2**63 + 3], IndexError),
        ([2**62], IndexError),
        ([-6], IndexError),
        ([5], IndexError),
        ([0.0], TypeError),
        ([np.nan], TypeError),
        ([True], IndexError),
        (True, IndexError),
        (np.ma.masked_array([0, 1], [True, False]), ValueError),
        ([10**30], TypeError),
        (slice(0, 2**70), IndexError),
        ([[0]], TypeError),
        ((0, 1), TypeError),
        (np.int8([-128]), IndexError),
    ],
)
def test_a_view_is_of_cells_that_there_are(key, kind):
    with pytest.raises(kind):
        CELLS[key]
    assert CELLS[np.array([4], np.uint64)].ids.tolist() == CELLS[np.array([-1], np.int8)].ids.tolist() == [4]


def test_indices_beyond_a_view_are_rejected_once_it_is_known():
    net = bs.Network(seed=1)
    for rule in (bs.FromArrays([0], [3]), bs.FromArrays([3], [0])):
        with pytest.raises(ValueError, match="3 is beyond 'cells\\[0:3\\]'"):
            net.connect(CELLS[:3], CELLS[:3], rule, weight=1.0, delay=1.0, synapse=bs.Delta())
    with pytest.raises(ValueError, match="ids: 5 is beyond 'trains'"):
        bs.Population(5, bs.SpikeTrains([0.0], [5]), name="trains")


def test_a_sparse_matrix_that_points_beyond_itself_is_rejected():
    """SciPy looks at the indices of a matrix only when it is made."""
    for field, value in (("row", 7), ("row", -1), ("col", 5), ("col", 2**31 - 1)):
        matrix = coo_array(np.eye(5))
        getattr(matrix, field)[2] = value
        with pytest.raises(ValueError, match="FromSparse.matrix: is damaged"):
            bs.FromSparse(matrix)
    for field, place, value in (("indices", 1, 9), ("indices", 1, -5), ("indptr", 2, 10**6)):
        compressed = csr_array(np.eye(5))
        getattr(compressed, field)[place] = value
        with pytest.raises(ValueError, match="FromSparse.matrix: is damaged"):
            bs.FromSparse(compressed)
        with pytest.raises(ValueError, match="layer 0: W: is damaged"):  # SciPy's sums crash
            bs.ann.convert([(compressed, np.zeros(5)), (np.ones((5, 2)), np.zeros(2))], norm="model")


def test_columns_of_tables_and_inputs_are_as_many_as_cells():
    class Driven(bs.Neuron):
        equations = "dv/dt = I_in(t)/c"
        c: float = bs.parameter(1.0, "pF", "x")
        I_in = bs.parameter(bs.TimedArray([0.0], dt=1.0), "pA", "x")
        v: float = bs.initial(0.0, "mV", "x")

    for columns in (1, 4, 6):
        with pytest.raises(ValueError, match=f"5 cells, but the TimedArray has {columns} columns"):
            bs.Population(5, Driven(I_in=bs.TimedArray(np.zeros((3, columns)), dt=1.0)), name="driven")
    net = bs.Network(seed=1)
    for given in (
        bs.CurrentInput(np.zeros(4)),
        bs.CurrentInput(np.zeros((2, 6)), times=[0.0, 1.0]),
        bs.PoissonInput(rate=np.ones(4), weight=1.0, synapse=bs.Delta()),
        bs.PoissonInput(rate=1.0, weight=np.ones(6), synapse=bs.Delta()),
    ):
        with pytest.raises(ValueError, match="do not fit 'cells', which has 5 cells"):
            net.stimulate(CELLS, given)


@pytest.mark.parametrize("count", [-1, 2**53 + 1, 10**400, 1.5, np.nan, np.inf, True, None, "3"])
def test_counts_are_whole_numbers_that_can_be_counted(count):
    for make in (bs.FixedIndegree, bs.FixedOutdegree, bs.FixedTotal, lambda n: bs.Population(n, bs.LIF())):
        with pytest.raises((TypeError, ValueError)):
            make(count)
    with pytest.raises(ValueError, match=r"Population.n: must be <= 2\.14748e\+09"):
        bs.Population(2**31, bs.LIF())


# -- masks -----------------------------------------------------------------------------------------------------------------


def test_a_masked_value_is_rejected_everywhere():
    masked = np.ma.masked_array([1.0, 2.0, 3.0], [False, True, False])
    takers = [
        lambda: bs.LIF(tau_m=masked),
        lambda: bs.Population(3, bs.LIF(), initial={"v": masked}),
        lambda: bs.CurrentInput(masked),
        lambda: bs.CurrentInput([1.0] * 3, times=masked),
        lambda: bs.TimedArray(masked, dt=1.0),
        lambda: bs.PoissonInput(rate=masked, weight=1.0, synapse=bs.Delta()),
        lambda: bs.SpikeTrains(masked, [0, 1, 2]),
        lambda: bs.SpikeTrains([masked]),
        lambda: bs.LIF(tau_m=np.ma.masked),
        lambda: bs.Network().connect(CELLS[:3], CELLS[:3], bs.OneToOne(), weight=masked, delay=1.0, synapse=bs.Delta()),
        lambda: bs.Network().connect(CELLS[:3], CELLS[:3], bs.OneToOne(), weight=1.0, delay=masked, synapse=bs.Delta()),
    ]
    for take in takers:
        with pytest.raises(ValueError, match="must have no masked values"):
            take()
    whole = np.ma.masked_array([10.0, 20.0, 30.0], [False, False, False])
    np.testing.assert_array_equal(bs.LIF(tau_m=whole).tau_m, [10.0, 20.0, 30.0])


# -- times -----------------------------------------------------------------------------------------------------------------


def stimulated(given):
    net = bs.Network(seed=1)
    net.stimulate(CELLS, given)
    return net


@pytest.mark.parametrize("time", [9.1e14, 9e17, 1e19, 1e300])
def test_times_beyond_what_can_be_counted_are_rejected(time):
    """As int64 they would be negative: a current would act immediately."""
    trains = bs.Network(seed=1)
    trains.add(bs.Population(2, bs.SpikeTrains([0.5, time], [0, 1]), name="trains"))
    for net in (stimulated(bs.CurrentInput([500.0], times=[time])), trains):
        with pytest.raises(ValueError, match=r"times: .* ms are more than 2\*\*53 steps of dt = 0.1 ms"):
            bs.simulate(net, 1.0, seed=1)


def test_times_after_the_run_do_nothing_in_it():
    for time in (1e6, 1e12, 9e14):
        result = bs.simulate(stimulated(bs.CurrentInput([1e6], times=[time])), 20.0, seed=1, threads=1)
        assert len(result.spikes["cells"]) == 0
    assert len(bs.simulate(stimulated(bs.CurrentInput([1e6], times=[5.0])), 20.0, seed=1, threads=1).spikes["cells"]) > 0


def connected(delay, rule=None):
    net = bs.Network(seed=1)
    net.connect(CELLS, CELLS, rule or bs.AllToAll(), weight=1.0, delay=delay, synapse=bs.Delta())
    return net


@pytest.mark.parametrize(
    ("delay", "rule"),
    [
        (1e9, None),
        (1e300, None),
        (6500.1, None),
        (bs.Uniform(1.0, 1e9), None),
        ([1.0, 1e15], bs.FromArrays([0, 1], [1, 2])),
        (bs.Clipped(bs.Normal(1.5, 1.0), low=0.1, high=1e12), None),
    ],
)
def test_a_delay_that_is_too_long_is_rejected_before_anything_is_counted(delay, rule):
    net = connected(delay, rule)
    message = r"cells->cells.delay: must be at most 6500 ms, which is 65000 steps of dt = 0.1 ms \(got .* ms\); a larger dt"
    for use in (lambda: bs.simulate(net, 1.0, seed=1), net.estimate, lambda: bs.Simulation(net, seed=1)):
        with pytest.raises(ValueError, match=message):
            use()
    assert connected(6500.0).estimate().synapses == 25
    with pytest.warns(UserWarning, match="t_ref: 2 ms is not a multiple of dt = 100 ms"):
        assert connected(1e6).estimate(dt=100.0).synapses == 25


def test_long_refractory_times_and_intervals_do_not_overflow():
    for time in (1e6, 1e9, 1e18):
        cells, net = bs.Population(1, bs.LIF(t_ref=time), name="cells"), bs.Network(seed=1)
        net.stimulate(cells, bs.CurrentInput(1e4))
        assert len(bs.simulate(net, 30.0, seed=1, threads=1).spikes["cells"]) == 1


@pytest.mark.parametrize("rate", [-1.0, -1e-300, np.nan, np.inf, -np.inf, None, "3 +", 1j, [[1.0]], []])
def test_invalid_rates_are_rejected(rate):
    for make in (
        lambda r: bs.Poisson(rate=r),
        lambda r: bs.PoissonInput(rate=r, weight=1.0, synapse=bs.Delta()),
        lambda r: bs.PoissonInput(rate=[1.0, r], weight=1.0, synapse=bs.Delta()),
    ):
        with pytest.raises((TypeError, ValueError), match="rate"):
            make(rate)
