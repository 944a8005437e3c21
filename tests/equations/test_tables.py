"""TimedArrays: tables over time that equations read."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.build.constants import _in_two
from tests.helpers.equations.own_models import Reading
from tests.helpers.equations.single_cells import run


@pytest.mark.parametrize("interval", [0.1, 0.3, 0.7, 1.0])
def test_a_table_is_read_at_the_start_of_each_step(interval):
    values = np.arange(1.0, 12.0)
    recorded, _ = run(Reading(table=bs.TimedArray(values, dt=interval)), 10.0)
    per = round(interval / 0.1)
    held = values[np.minimum(np.arange(100) // per, 10)]
    np.testing.assert_allclose(np.diff(recorded["q"][:, 0]), 0.1 * held, atol=1e-12)
    np.testing.assert_array_equal(recorded["v"][1:, 0], held)


def test_a_delayed_table_is_read_as_the_table_was_before():
    """A delay between two values is rounded up, as if the table were looked up at the start of a step at t - delay."""
    values = np.arange(1.0, 12.0)
    table, delays = bs.TimedArray(values, dt=0.1), np.array([0.0, 0.1, 0.25, 0.3, 0.1 + 0.2, 2.0])
    recorded, _ = run(Reading(table=table.delayed(delays, before=-5.0)), 4.0, n=6)
    steps = np.arange(40)[:, None] - np.array([0, 1, 3, 3, 3, 20])
    np.testing.assert_array_equal(recorded["v"][1:], np.where(steps < 0, -5.0, values[np.clip(steps, 0, 10)]))
    assert table.delayed(0.0) == table
    assert table.delayed(0.2).values.tolist() == [1.0, 1.0, *values]
    two = bs.TimedArray(np.stack([values, -values], 1), dt=0.1)
    assert two.delayed([0.1, 0.0]).values[:3].tolist() == [[1.0, -1.0], [1.0, -2.0], [2.0, -3.0]]
    assert np.array_equal(two.delayed(0.1).values[1:], two.values)


@pytest.mark.parametrize(
    ("delay", "message"),
    [
        (-1.0, "must be >= 0 ms"),
        (np.nan, "finite"),
        ("soon", "number"),
        (np.zeros(3), "must be a number or 2 of them, as many as columns"),
        (np.zeros((2, 2)), "must be a number or 2 of them"),
    ],
)
def test_delays_of_a_table(delay, message):
    with pytest.raises((TypeError, ValueError), match=f"TimedArray.delayed.delay.*{message}"):
        bs.TimedArray(np.zeros((5, 2)), dt=0.1).delayed(delay)


@pytest.mark.usefixtures("more_partitions")
def test_a_table_with_a_column_for_each_cell():
    table = np.random.default_rng(1).normal(size=(20, 5000))
    for threads in (1, 2):  # more than a block of cells, cut in two
        recorded, result = run(Reading(table=bs.TimedArray(table, dt=0.5)), 10.0, n=5000, threads=threads)
        np.testing.assert_array_equal(recorded["v"][1:], table[np.arange(100) // 5])
        again = bs.simulate(_network(Reading(table=bs.TimedArray(table, dt=0.5)), 5000), 4.0, state=None, seed=1)
        later = bs.simulate(_network(Reading(table=bs.TimedArray(table, dt=0.5)), 5000), 6.0, state=again.state)
        assert np.array_equal(later.state.variables["cells"]["q"], result.state.variables["cells"]["q"])


def _network(model, n):
    net = bs.Network(seed=1)
    net.add(bs.Population(n, model, name="cells"))
    return net


def test_tables_of_cells_and_of_a_synapse():
    """Two tables in one kernel, of different lengths; populations with different tables in one network."""

    class Modulated(bs.Synapse):
        equations = "dg/dt = -g/tau"
        arrival = "g = g + w"
        current = "gate(t)*g*(e_rev - v)"
        weight_unit = "nS"
        tau: float = bs.parameter(1e9, "ms", "decay time", above=0.0)
        e_rev: float = bs.parameter(10.0, "mV", "reversal potential")
        gate = bs.parameter(bs.TimedArray([0.0, 1.0, 0.0, 2.0], dt=1.0), "", "gate")

    class Cell(bs.Neuron):
        equations = "dv/dt = I_in(t)/c_m + I/c_m*scale(t)"
        method = "euler"
        c_m: float = bs.parameter(100.0, "pF", "capacitance")
        I_in = bs.parameter(bs.TimedArray([5.0, 7.0], dt=2.5), "pA", "current")
        scale = bs.parameter(bs.TimedArray(np.ones((1, 2)), dt=1.0), "", "scale")
        v: float = bs.initial(0.0, "mV", "potential")

    net = bs.Network(seed=1)
    source = bs.Population(1, bs.SpikeTrains([0.1], [0]), name="source")
    one = bs.Population(2, Cell(), name="one")
    other = bs.Population(2, Cell(I_in=3.0, scale=bs.TimedArray([[0.0, 1.0]], dt=1.0)), name="other")
    net.connect(source, one + other, bs.AllToAll(), weight=2.0, delay=0.1, synapse=Modulated())
    traces = [bs.Trace(p, "v") for p in (one, other)]
    result = bs.simulate(net, 5.0, dt=0.1, seed=1, threads=1, record=traces)
    assert result.stats["methods"] == {"one": "euler", "other": "euler"}
    g, gate = 2.0 * (np.arange(50) >= 2), np.array([0.0, 1.0, 0.0, 2.0, 2.0])[np.arange(50) // 10]
    for name, scale, current in (("one", (1.0, 1.0), np.where(np.arange(50) < 25, 5.0, 7.0)), ("other", (0.0, 1.0), 3.0)):
        for cell in range(2):
            v = [0.0]
            for k in range(50):
                into = np.broadcast_to(current, 50)[k] + scale[cell] * gate[k] * g[k] * (10.0 - v[-1])
                v.append(v[-1] + 0.1 * into / 100.0)
            np.testing.assert_allclose(result.traces[name, "v"].values[:, cell], v, rtol=1e-7)


def test_a_table_is_changed_in_a_run():
    net = _network(Reading(), 3)
    sim = bs.Simulation(net, seed=1)
    sim.run(1.0)
    sim.set("cells", table=bs.TimedArray([4.0], dt=1.0))
    sim.run(1.0)
    assert sim.state["cells"]["q"] == pytest.approx(4.0)
    with pytest.raises(ValueError, match="Reading.table: must stay a TimedArray with one column"):
        sim.set("cells", table=bs.TimedArray(np.zeros((2, 3)), dt=1.0))


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: bs.TimedArray([], dt=1.0), ValueError, "TimedArray.values: must have the shape"),
        (lambda: bs.TimedArray(3.0, dt=1.0), ValueError, "TimedArray.values: must have the shape"),
        (lambda: bs.TimedArray(["a"], dt=1.0), TypeError, "TimedArray.values"),
        (lambda: bs.TimedArray([1.0, np.nan], dt=1.0), ValueError, "TimedArray.values: must be finite"),
        (lambda: bs.TimedArray([1.0], dt=0.0), ValueError, "TimedArray.dt: must be > 0 ms"),
        (lambda: Reading(table="x"), TypeError, "Reading.table: must be a TimedArray or a number in mV"),
        (lambda: Reading(table=np.ones(3)), TypeError, "Reading.table: must be a TimedArray or a number in mV"),
        (lambda: bs.LIF(v_th=bs.TimedArray([1.0], dt=1.0)), TypeError, "LIF.v_th: must be one number or one per cell"),
        (
            lambda: bs.Population(3, Reading(table=bs.TimedArray(np.ones((2, 4)), dt=1.0)), name="c"),
            ValueError,
            "Reading.table: 'c' has 3 cells, but the TimedArray has 4 columns",
        ),
        (
            lambda: type("M", (Reading,), {"equations": "dq/dt = table/one"}),
            ValueError,
            "'table' is a TimedArray; write table",
        ),
        (lambda: type("M", (Reading,), {"equations": "dq/dt = table(t, i)/one"}), ValueError, "write table\\(t\\), even if"),
        (lambda: type("M", (Reading,), {"equations": "dq/dt = one(t)"}), ValueError, "unknown function 'one'"),
        (lambda: type("M", (Reading,), {"equations": "dq/dt = tabel(t)"}), ValueError, "did you mean 'table'"),
    ],
)
def test_invalid_tables(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


class Twice(bs.Neuron):
    equations = """
        dv/dt = first(t)/one
        du/dt = second(t)/one
    """
    method = "euler"
    one: float = bs.parameter(1.0, "ms", "x")
    first = bs.parameter(bs.TimedArray([0.0], dt=1.0), "", "values over time")
    second = bs.parameter(bs.TimedArray([0.0], dt=1.0), "", "values over time")
    v: float = bs.initial(0.0, "", "sum")
    u: float = bs.initial(0.0, "", "sum")


@pytest.mark.thorough
@pytest.mark.parametrize("precision", ["double", "single"])
def test_a_table_has_more_rows_than_float32_counts(precision):
    """What is behind such a table is found, and its own last row stays."""
    rows = 2**24 + 3
    long = np.ones(rows)
    long[-1] = 5.0
    model = Twice(first=bs.TimedArray(long, dt=0.1), second=bs.TimedArray([2.0, 3.0], dt=0.5))
    sim = bs.Simulation(_network(model, 2), dt=0.1, seed=1, threads=1, precision=precision)
    sim.run(1.0)
    assert sim.state["cells"]["v"] == pytest.approx(1.0)
    assert sim.state["cells"]["u"] == pytest.approx(2.5)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rows", [1, 2**24 - 1, 2**24 + 1, 2**31 + 7, 2**40 + 12345])
def test_rows_and_steps_of_a_table_are_exact(dtype, rows):
    first, rest = _in_two(rows, np.dtype(dtype))
    assert int(dtype(first)) + int(dtype(rest)) == rows


def test_timed_arrays_are_values():
    one, same, other = (bs.TimedArray(v, dt=1.0) for v in ([1.0, 2.0], [1.0, 2.0], [1.0, 3.0]))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert Reading(table=one) == Reading(table=same) != Reading(table=other)
    assert repr(one) == "<TimedArray: 2 values every 1 ms>"
    with pytest.raises(AttributeError):
        one.dt = 2.0
    with pytest.raises(ValueError):
        one.values[0] = 3.0
