"""Records: compiled code sees what Python puts into a Context, by name, and nothing that does not fit is put there."""

import gc
import weakref

import numpy as np
import pytest

from brainsim.jit.decorators import helper, kernel
from brainsim.jit.intrinsics import wide_vectors
from brainsim.jit.records import Context, address_of, array_of, array_or_none, by_address, call, record_at, record_or_none
from brainsim.jit.vmath import exp


def run(function, *contexts):
    return call(function.address(*(c.kind for c in contexts)), *(c.address for c in contexts))


# -- numbers and arrays ----------------------------------------------------------------------------------------------------


@by_address
def count_up(c_):
    c = record_at(c_)
    c.whole += 2
    c.real *= 0.5
    c.key ^= np.uint64(2**63 + 1)
    return c.whole


def test_numbers_are_read_and_written_by_name():
    c = Context(whole=5, real=3.0, key=np.uint64(2**63 + 6))
    assert run(count_up, c) == 7
    assert (c["whole"], c["real"], c["key"]) == (7, 1.5, 7)
    c["whole"], c["real"], c["key"] = -1, 8, np.uint64(0)
    assert run(count_up, c) == 1
    assert (c["whole"], c["real"], c["key"]) == (1, 4.0, 2**63 + 1)


@pytest.mark.parametrize("value", [True, np.int32(1), np.int64(1), 1])
def test_whole_numbers_of_all_kinds_take_64_bits(value):
    c = Context(a=value)
    c["a"] = 2**62 + 1
    assert c["a"] == 2**62 + 1


ITEM = np.dtype([("number", "i4"), ("weight", "f8")], align=True)


@by_address
def sum_up(c_):
    c = record_at(c_)
    a, items = array_of(c.a), array_of(c.items)
    for k in range(a.size):
        c.total += a[k]
        a[k] = 0
    for k in range(items.size):
        c.total += items[k].number * items[k].weight
    return a.size


@pytest.mark.parametrize("kind", ["f8", "f4", "i8", "i4", "u2", "u1"])
def test_arrays_are_read_and_written(kind):
    a, items = np.arange(1, 6).astype(kind), np.array([(2, 0.5), (3, 10.0)], ITEM)
    c = Context(total=0.0, a=a, items=items)
    assert run(sum_up, c) == 5
    assert c["total"] == 15 + 1 + 30
    assert not a.any()
    assert c["a"] is a


def test_a_part_of_an_array_is_no_more_than_that_part():
    a = np.arange(10.0)
    c = Context(total=0.0, a=a[3:5], items=np.zeros(0, ITEM))
    assert run(sum_up, c) == 2
    assert c["total"] == 7
    assert a.tolist() == [0.0, 1.0, 2.0, 0.0, 0.0, 5.0, 6.0, 7.0, 8.0, 9.0]


def test_an_array_is_replaced_by_one_of_another_size():
    c = Context(total=0.0, a=np.ones(3), items=np.zeros(0, ITEM))
    address, record = sum_up.address(c.kind), c.address
    for size in (3, 0, 1000):
        c["a"], c["total"] = np.ones(size), 0.0
        assert c.address == record
        assert call(address, record) == size
        assert c["total"] == size


@pytest.mark.thorough
def test_arrays_are_held_as_long_as_they_are_pointed_to():
    c = Context(a=np.ones(3), inner=Context(b=np.ones(4)))
    first, inner = weakref.ref(c["a"]), weakref.ref(c["inner"]["b"])
    gc.collect()
    assert first() is not None
    assert inner() is not None
    c["a"] = np.zeros(5)
    gc.collect()
    assert first() is None
    del c
    gc.collect()
    assert inner() is None


def test_bytes_are_those_of_the_records_and_the_arrays():
    inner = Context(b=np.ones(100, np.float32))
    c = Context(a=np.ones(100), inner=inner)
    assert inner.nbytes == inner.record.nbytes + 400
    assert c.nbytes == c.record.nbytes + 800 + inner.nbytes


# -- what does not fit -----------------------------------------------------------------------------------------------------


ARRAYS = {
    "two dimensions": np.zeros((2, 3)),
    "no dimension": np.array(1.0),
    "gaps": np.zeros(6)[::2],
    "backwards": np.zeros(6)[::-1],
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_an_array_of_another_shape_is_refused(array):
    with pytest.raises(TypeError, match=r"Context.a: must be a contiguous array of float64"):
        Context(a=array)
    c = Context(a=np.zeros(3))
    with pytest.raises(TypeError, match=r"Context.a: must be a contiguous array of float64"):
        c["a"] = array
    assert c["a"].size == c.record["a"]["size"] == 3


OTHERS = {
    "another type": np.zeros(3, np.float32),
    "whole numbers": np.zeros(3, np.int64),
    "another byte order": np.zeros(3, ">f8"),
    "a number": 5,
    "a list": [1.0, 2.0],
    "nothing": None,
    "a record": Context(b=1),
}


@pytest.mark.parametrize("value", OTHERS.values(), ids=OTHERS)
def test_an_array_is_not_replaced_by_what_is_none_of_its_type(value):
    c = Context(a=np.zeros(3))
    before = c.record.tobytes()
    with pytest.raises(TypeError, match="Context.a: must be a contiguous array of float64"):
        c["a"] = value
    assert c.record.tobytes() == before
    assert c["a"].size == 3


def test_an_array_of_whole_numbers_is_not_replaced_by_one():
    c = Context(a=np.zeros(3, np.int64))
    with pytest.raises(TypeError, match="Context.a: must be a contiguous array of int64"):
        c["a"] = 5


@pytest.mark.parametrize("value", [np.zeros(3), np.zeros(1, np.int64), Context(b=1), 1.5, np.float32(1.0), None])
def test_a_whole_number_is_not_replaced_by_anything_else(value):
    c = Context(n=7)
    with pytest.raises(TypeError):
        c["n"] = value
    assert c["n"] == 7


def test_a_field_that_is_not_there():
    c = Context(n=7)
    with pytest.raises((KeyError, ValueError)):
        c["m"]
    with pytest.raises((KeyError, ValueError)):
        c["m"] = 1


# -- records in records ----------------------------------------------------------------------------------------------------


@by_address
def read_inner(c_):
    return first_of(record_or_none(record_at(c_), "inner"))


@helper
def first_of(inner):
    # Numba leaves out what is not reached for the type of an argument only
    if inner is None:
        return np.int64(-1)
    inner.seen += 1
    return array_of(inner.b)[0]


def test_a_record_in_a_record_is_the_same_record():
    inner = Context(seen=0, b=np.array([11, 12]))
    one, two = Context(n=1, inner=inner), Context(n=2, inner=inner)
    assert run(read_inner, one) == 11
    inner["b"] = np.array([13])
    assert run(read_inner, two) == 13
    assert inner["seen"] == 2
    assert one["inner"] is inner


def test_a_record_in_a_record_is_replaced_by_one_of_its_type():
    c = Context(inner=Context(seen=0, b=np.array([11])))
    c["inner"] = Context(seen=5, b=np.array([21, 22]))
    assert run(read_inner, c) == 21
    assert c["inner"]["seen"] == 6
    for other in (Context(seen=0, b=np.array([1.0])), Context(b=np.array([1]), seen=0), np.zeros(3), 5):
        with pytest.raises(TypeError, match="Context.inner: must be"):
            c["inner"] = other
    assert run(read_inner, c) == 21


def test_without_a_record_what_needs_it_is_not_compiled():
    assert run(read_inner, Context(n=1)) == -1


@by_address
def add_laws(c_):
    return sum_of(array_or_none(record_at(c_), "laws"))


@helper
def sum_of(laws):
    total = np.int64(0)
    if laws is not None:
        for k in range(laws.size):
            total += laws[k]
    return total


def test_an_array_that_a_record_may_lack():
    with_laws, without = Context(n=1, laws=np.arange(5)), Context(n=1)
    assert run(add_laws, with_laws) == 10
    assert run(add_laws, without) == 0
    with_laws["laws"] = np.arange(3)
    assert run(add_laws, with_laws) == 3


@by_address
def call_on(c_, other_):
    c, other = record_at(c_), record_at(other_)
    return (address_of(c) - c.own) + 10 * (address_of(other) - other.own)


def test_several_records_and_their_addresses():
    one, two = Context(own=0), Context(n=2.0, own=0)
    one["own"], two["own"] = one.address, two.address - 1
    assert run(call_on, one, two) == 10


# -- types -----------------------------------------------------------------------------------------------------------------


def test_the_type_is_that_of_the_fields_in_their_order():
    assert Context(a=1, b=np.zeros(3)).kind == Context(a=5, b=np.zeros(9)).kind
    others = [
        Context(a=1, b=np.zeros(3)),
        Context(b=np.zeros(3), a=1),
        Context(a=1, c=np.zeros(3)),
        Context(a=1, b=np.zeros(3, np.float32)),
        Context(a=1.0, b=np.zeros(3)),
        Context(a=np.uint64(1), b=np.zeros(3)),
        Context(a=1, b=Context(c=1)),
        Context(a=1, b=Context(c=1.0)),
        Context(a=1, b=np.zeros(3), c=1),
    ]
    assert len({c.kind for c in others}) == len(others)


def test_a_function_is_compiled_once_for_each_type():
    one, two = (
        Context(total=0.0, a=np.ones(3), items=np.zeros(0, ITEM)),
        Context(total=0, a=np.ones(3), items=np.zeros(0, ITEM)),
    )
    assert sum_up.address(one.kind) == sum_up.address(one.kind) != sum_up.address(two.kind)
    assert run(sum_up, two) == 3
    assert two["total"] == 3


@kernel
def first_two(records):
    c = records[0]
    return array_of(c.a)[0], array_of(c.b)[0]


def test_a_record_that_begins_like_another_is_not_taken_for_it():
    """Numba lets a record stand for one with the same first fields, but the fields here would not be in the same place."""
    small, large = (
        Context(a=np.array([1.0]), b=np.array([2.0])),
        Context(a=np.array([3.0]), b=np.array([4.0]), c=Context(n=1)),
    )
    # also where the type of the one that was compiled first would do for Numba
    assert first_two(small.record) == (1.0, 2.0)
    assert first_two(large.record) == (3.0, 4.0)
    assert first_two(small.record) == (1.0, 2.0)
    assert len(first_two._codes) == 2


@helper
def decay(c):
    x = array_of(c.x)
    for k in range(x.size):
        x[k] = exp(-x[k]) / (1.0 + x[k])
    return 0


@by_address
def decay_usually(c_):
    return decay(record_at(c_))


@by_address
def decay_wide(c_):
    wide_vectors()
    return decay(record_at(c_))


def test_wide_vectors_give_the_same_bits():
    from numba.core.registry import cpu_target

    x = np.linspace(0.0, 5.0, 1003)
    contexts = [Context(x=x.copy()) for _ in range(2)]
    for function, context in zip((decay_usually, decay_wide), contexts, strict=True):
        run(function, context)
    assert np.array_equal(contexts[0]["x"], contexts[1]["x"])
    np.testing.assert_allclose(contexts[0]["x"], np.exp(-x) / (1.0 + x), rtol=1e-15)
    wide = "+avx512vbmi2" in cpu_target.target_context.codegen().magic_tuple()[2].split(",")
    assert ("<8 x double>" in decay_wide.inspect_llvm(contexts[1].kind)) == wide
