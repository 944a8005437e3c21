"""Keys of points: whatever changes a value changes the file, and equal ones are found again in another process."""

import functools
import os
import subprocess
import sys
import threading
import types

import numpy as np
import pytest

import brainsim as bs
from brainsim.sweeps.keys import key_of, key_of_function

LONG = np.linspace(-70.0, -60.0, 2001)
BENT = np.concatenate([LONG[:1000], [-61.0], LONG[1001:]])  # the same ends, minimum and maximum


def middle_of(model):
    return float(model.v_rest[1000])


def sum_of(a, values, model=None):
    return a + float(np.sum(values)) + (0.0 if model is None else model.tau_m)


def swept(function, folder, over=None):
    return bs.sweep(function, over or {"a": [1.0]}, to=folder, workers=1).values("value").tolist()


class TestParameters:
    def test_models_with_arrays(self, tmp_path):
        assert repr(bs.LIF(v_rest=LONG, v_reset=-71.0)) == repr(bs.LIF(v_rest=BENT, v_reset=-71.0))
        for values, expected in ((LONG, -65.0), (BENT, -61.0), (LONG, -65.0)):
            assert swept(middle_of, tmp_path / "s", {"model": [bs.LIF(v_rest=values)]}) == [expected]
        assert len(list((tmp_path / "s").glob("*.npz"))) == 2

    @pytest.mark.parametrize(
        "make",
        [
            lambda x: {"a": {1, "b"}, "c": np.array([x])},
            lambda x: (x, [None, b"b", 1j, True]),
            lambda x: np.array([x, "text"], object),
            lambda x: bs.TimedArray(np.arange(5.0) + x, dt=1.0),
            lambda x: bs.Population(3, bs.LIF(tau_m=1.0 + x), name="cells"),
            lambda x: bs.PoissonInput(rate=x, weight=1.0, synapse=bs.Delta()),
            lambda x: np.random.default_rng(int(x)),
            lambda x: network(x),
            lambda x: holding_itself(x),
            lambda x: functools.partial(sum_of, values=np.arange(3000) + x),
        ],
    )
    def test_equal_values_and_only_those_have_equal_keys(self, make):
        assert key_of(make(1.0), "x") == key_of(make(1.0), "x")
        assert key_of(make(1.0), "x") != key_of(make(2.0), "x")

    def test_kinds_are_told_apart(self):
        values = [1, 1.0, True, "1", b"1", (1,), [1], [[1]], {1}, {1: 1}, None, np.array(1), np.array([1]), np.int8(1)]
        assert len({key_of(value, "x") for value in values}) == len(values)

    def test_the_order_of_dicts_and_what_is_one_object_do_not_count(self):
        array = np.arange(3)
        assert key_of({"a": array, "b": array}, "x") == key_of({"b": np.arange(3), "a": np.arange(3)}, "x")

    def test_neither_being_used_nor_being_pickled_counts(self):
        import pickle

        net = network(100.0)
        before = key_of(net, "x")
        bs.simulate(net, 1.0)
        pickle.dumps(net)
        assert key_of(net, "x") == before

    def test_what_cannot_be_pickled_is_refused(self):
        for value in (object(), [threading.Lock()], {"a": (n for n in "ab")}, nested(200)):
            with pytest.raises(TypeError, match=r"sweep.to: the value of 'a': must be a number.* pass a name"):
                key_of(value, "sweep.to: the value of 'a'")

    def test_a_function_may_change_its_arguments(self, tmp_path):
        def last(values):
            values.append(1.0)
            return float(len(values))

        assert swept(last, tmp_path / "s", {"values": [[3.0]]}) == [2.0]
        assert swept(last, tmp_path / "s", {"values": [[3.0]]}) == [2.0]
        assert len(list((tmp_path / "s").glob("*.npz"))) == 1


def test_the_text_of_a_function_counts_and_its_byte_code_does_not():
    """Another version of Python compiles other code; of a lambda, the text is a line that may have another one."""

    def compiled_otherwise(function):
        code = function.__code__
        other = types.FunctionType(code.replace(co_consts=(*code.co_consts, "unused")), globals(), function.__name__)
        other.__qualname__ = function.__qualname__
        return other

    short = lambda x: x + 1.0  # noqa: E731
    assert key_of_function(compiled_otherwise(middle_of)) == key_of_function(middle_of)
    assert key_of_function(compiled_otherwise(short)) != key_of_function(short)


def network(rate):
    cells = bs.Population(3, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.PoissonInput(rate=rate, weight=1.0, synapse=bs.Delta()))
    net.connect(cells, cells, bs.FixedIndegree(1), weight=0.1, delay=1.5, synapse=bs.Delta())
    return net


def holding_itself(x):
    value = [x]
    value.append(value)
    return value


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def adding(k):
    def add(a):
        return a + k

    return add


def adding_by_helper(k):
    add = adding(k)
    return lambda a: add(a)


def adding_by_default(k):
    def add(a, by=k):
        return a + by

    return add


def adding_by_keyword(k):
    def add(a, *, by=k):
        return a + by

    return add


class Adder:
    def __init__(self, k):
        self.k, self.lock = k, threading.Lock()  # of the lock, only the type counts

    def __call__(self, a):
        return a + self.k

    def add(self, a):
        return a + self.k


def adding_a_global(k):
    """Return the same function in a module whose global is `k`."""
    module = types.ModuleType("made")
    exec("def add(a):\n    return (lambda: a + SHIFT)()", vars(module))
    module.SHIFT = k
    return module.add


def simulating_a_class(k):
    """Return the same function with another class of models."""

    class Cell(bs.Neuron):
        equations = f"dv/dt = {k}*(v_rest - v)/tau"
        tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
        v_rest: float = bs.parameter(-65.0, "mV", "rest")
        v: float = bs.initial(-65.0, "mV", "potential")

    return lambda a: a + float(Cell.equations.split("*")[0][-1])


def on_one_line(k):
    return [lambda a: a + 1, lambda a: a + 2][k - 1]


class TestFunctions:
    @pytest.mark.parametrize(
        "make",
        [
            adding,
            adding_by_helper,
            adding_by_default,
            adding_by_keyword,
            adding_a_global,
            simulating_a_class,
            on_one_line,
            Adder,
            lambda k: Adder(k).add,
            lambda k: functools.partial(sum_of, values=np.r_[np.zeros(2000), k, np.zeros(2000)]),
            lambda k: functools.partial(sum_of, values=[], model=bs.LIF(tau_m=float(k))),
            lambda k: functools.lru_cache(adding(k)),
        ],
    )
    def test_what_a_function_holds_counts(self, make, tmp_path):
        assert swept(make(1), tmp_path / "s") == [2.0]
        assert swept(make(2), tmp_path / "s") == [3.0]
        assert swept(make(1), tmp_path / "s") == [2.0]
        assert len(list((tmp_path / "s").glob("*.npz"))) == 2

    def test_a_function_that_calls_itself(self):
        def factorial(a):
            return 1 if a < 2 else a * factorial(a - 1)

        assert key_of_function(factorial) == key_of_function(factorial)

    def test_what_cannot_be_pickled_is_no_obstacle(self):
        lock, deep = threading.Lock(), nested(2000)
        assert key_of_function(lambda a: (lock, deep))


SCRIPT = """
import functools
import brainsim as bs
import numpy as np
from brainsim.sweeps.keys import key_of, key_of_function

NAMES, MODEL = {"a", "b", "c", "d"}, bs.LIF(v_rest=np.linspace(-70.0, -60.0, 100))

def point(a, names=frozenset("xyz")):
    return MODEL, NAMES, a in {"e", "f", "g", "h"}

bare = {"NAMES": NAMES}
exec("def without_text(a):\\n    return NAMES, a in {'e', 'f', 'g', 'h'}", bare)
cells = bs.Population(100, MODEL, name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
net = bs.Network(seed=1)
net.stimulate(cells[:3], bs.PoissonInput(rate=1.0, weight=1.0, synapse=bs.Delta()))
for function in (point, bare["without_text"], functools.partial(point, names=NAMES)):
    print(key_of_function(function))
for value in (NAMES, [{"a": NAMES}], MODEL, cells, net, np.random.default_rng(1), bs.LIF, 0.1, None):
    print(key_of(value, "x"))
"""


def test_keys_are_the_same_in_every_process(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    printed = [
        subprocess.run(
            [sys.executable, str(tmp_path / "script.py")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        ).stdout.split()
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1]
    assert len(set(printed[0])) == 12
