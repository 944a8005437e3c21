"""Long columns that are kept in few bytes: nobody sees it but by the memory."""

import copy
import pickle

import numpy as np
import pytest

import brainsim as bs
from brainsim.connectomes import Edges, edges
from brainsim.engine.states.fingerprint import fingerprint
from brainsim.models import packed, pair_lists
from brainsim.models.packed import Ascending, Coded, Packed, as_kept, pack


@pytest.fixture
def always(monkeypatch):
    """Pack short columns, too."""
    for module in (packed, pair_lists, edges):
        monkeypatch.setattr(module, "WORTH", 1)


def test_indices_in_order():
    indices = np.array([2, 2, 3, 5, 5, 5])
    column = Ascending.of(indices)
    assert column.array().tolist() == indices.tolist()
    assert column.array().dtype == np.int32
    assert not column.array().flags.writeable
    assert (column.min(), column.max(), column.size, column.shape) == (2, 5, 6, (6,))
    assert column.counts.tolist() == [0, 0, 2, 1, 0, 3]


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int16, np.uint64])
def test_indices_of_any_type(kind):
    """Up to the largest index of a type there is one index more than it can count."""
    most = min(np.iinfo(kind).max, 40_000)
    indices = np.arange(most + 1, dtype=kind)
    assert np.array_equal(Ascending.of(indices).array(), indices)


@pytest.mark.parametrize("indices", [[2, 1], [-1, 0], [0, 1, 2**31 - 1], [0.0, 1.0]])
def test_indices_that_are_not_packed(indices):
    assert Ascending.of(np.array(indices)) is None


def test_blocks_are_joined(monkeypatch):
    monkeypatch.setattr(packed, "BLOCK", 7)
    indices = np.sort(np.random.default_rng(1).integers(0, 30, 100))
    assert np.array_equal(Ascending.of(indices).array(), indices)
    for k in (7, 14, 63):
        worse = indices.copy()
        worse[k - 1] = 99
        assert Ascending.of(worse) is None
    assert np.array_equal(Coded.of(0.1 * indices).array(), 0.1 * indices)


def test_values_are_told_apart_by_their_bits():
    numbers = np.array([0.5, -0.0, 0.0, 0.5, 0.1, np.float32(0.1)])
    column = Coded.of(numbers)
    assert column.codes.tolist() == [0, 1, 2, 0, 3, 4]
    assert np.array_equal(column.array().view(np.uint64), numbers.view(np.uint64))
    many = np.arange(1 << 16)
    assert np.array_equal(Coded.of(many).codes, many)
    assert Coded.of(np.append(many, -1)) is None


@pytest.mark.parametrize(
    "value", [2.0, "1/d", np.zeros((2, 2)), np.ma.zeros(5), np.zeros(5, complex), [1.0, 2.0], bs.Uniform(0.0, 1.0)]
)
@pytest.mark.usefixtures("always")
def test_what_is_not_packed(value):
    assert pack(value) is value


def pairs():
    rng = np.random.default_rng(1)
    pre = np.sort(rng.integers(0, 50, 400))
    return pre, rng.integers(0, 50, 400), rng.integers(-3, 4, 400) * 0.275, rng.integers(10, 20, 400) / 10


def check_columns(owner, columns):
    """Compare attributes, which are arrays that cannot be written to, with what was given."""
    for name, wanted in columns.items():
        found = getattr(owner, name)
        assert type(found) is np.ndarray
        assert not found.flags.writeable
        assert np.array_equal(found, wanted)


@pytest.mark.usefixtures("always")
def test_lists_of_pairs_are_read_as_arrays():
    pre, post, weight, delay = pairs()
    columns = {"pre": pre, "post": post}
    check_columns(bs.FromArrays(pre, post), columns)
    columns |= {"weight": weight, "delay": delay}
    table = bs.FromFrame(columns)
    check_columns(table, columns)
    assert all(isinstance(as_kept(table, name), Packed) for name in ("pre", "weight", "delay"))
    with pytest.raises(ValueError, match=r"FromArrays.post: must be as long as pre, 400 \(got 3\)"):
        bs.FromArrays(pre, post[:3])
    with pytest.raises(ValueError, match=r"FromFrame.weight: must be finite \(got inf\)"):
        bs.FromFrame(columns | {"weight": np.where(weight == 0.0, np.inf, weight)})
    cells = bs.Population(49, bs.LIF(), name="cells")
    with pytest.raises(ValueError, match="FromArrays.pre: 49 is beyond 'cells'"):
        bs.FromArrays(pre, post % 49).check(cells, cells)


@pytest.mark.usefixtures("always")
def test_projections_are_read_as_arrays_and_travel():
    pre, post, weight, delay = pairs()
    cells, net = bs.Population(50, bs.LIF(), name="cells"), bs.Network(seed=1)
    wires = net.connect(cells, cells, bs.FromArrays(pre, post), weight=weight, delay=delay, synapse=bs.Delta())
    assert isinstance(as_kept(wires, "weight"), Coded)
    assert copy.deepcopy(wires) is wires
    for projection in (wires, pickle.loads(pickle.dumps(net)).projections[0]):
        check_columns(projection, {"weight": weight, "delay": delay})
        check_columns(projection.rule, {"pre": pre, "post": post})
    with pytest.raises(ValueError, match=r"Network.connect.weight: must be one number or an array of shape \(400,\)"):
        net.connect(cells, cells, bs.FromArrays(pre, post), weight=weight[1:], delay=1.0, synapse=bs.Delta())
    with pytest.raises(ValueError, match=r"Network.connect.delay: must be > 0 ms \(got 0"):
        net.connect(cells, cells, bs.FromArrays(pre, post), weight=weight, delay=delay - 1.0, synapse=bs.Delta())
    with pytest.raises(ValueError, match="a conductance cannot be negative"):
        net.connect(cells, cells, bs.FromArrays(pre, post), weight=weight, delay=1.0, synapse=bs.ExponentialConductance())


def test_states_fit_whether_columns_are_packed_or_not(monkeypatch):
    pre, post, weight, _ = pairs()

    def prints():
        return fingerprint([bs.FromArrays(pre, post), bs.FromFrame({"pre": pre, "post": post, "weight": weight})])

    usual = prints()
    monkeypatch.setattr(packed, "WORTH", 1)
    monkeypatch.setattr(pair_lists, "WORTH", 1)
    assert prints() == usual


@pytest.mark.usefixtures("always")
def test_edges_are_read_as_arrays():
    rng = np.random.default_rng(1)
    pre, post = np.sort(rng.integers(0, 50, 400)), rng.integers(0, 50, 400)
    count, sign = rng.integers(0, 2**31 - 1, 400), rng.integers(-1, 2, 400)
    made = Edges(pre, post, count, sign)
    check_columns(made, {"pre": pre, "post": post, "count": count, "sign": sign})
    assert np.array_equal(made.weights(0.275), count * sign * 0.275)
    assert as_kept(made, "count").codes is as_kept(made, "sign").codes
    some = made.chosen(sign < 0)
    check_columns(some, {"pre": pre[sign < 0], "post": post[sign < 0], "count": count[sign < 0], "sign": sign[sign < 0]})
    assert np.array_equal(some.weights(), -count[sign < 0])
    mixed = Edges(pre[::-1], post, count, sign)
    check_columns(mixed, {"pre": pre[::-1], "post": post})
