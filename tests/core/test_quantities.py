"""Quantities of other libraries become plain numbers in ms, mV, pA, pF, nS and Hz at the border.

The libraries are not dependencies: fakes imitate what was seen of pint 0.25, astropy 8.0, quantities 0.16 and brian2 2.9;
where the real ones are installed, the same table runs with them.
"""

import re

import numpy as np
import pytest

import brainsim as bs
from brainsim.core import checks
from brainsim.core.checks import plain

# -- fakes: units as (factor to SI, powers of m kg s A mol) ----------------------------------------------------------------

SIZES = {
    "s": (1.0, (0, 0, 1, 0)),
    "ms": (1e-3, (0, 0, 1, 0)),
    "Hz": (1.0, (0, 0, -1, 0)),
    "1/s": (1.0, (0, 0, -1, 0)),
    "1/ms": (1e3, (0, 0, -1, 0)),
    "kHz": (1e3, (0, 0, -1, 0)),
    "V": (1.0, (2, 1, -3, -1)),
    "mV": (1e-3, (2, 1, -3, -1)),
    "pA": (1e-12, (0, 0, 0, 1)),
    "nA": (1e-9, (0, 0, 0, 1)),
    "pF": (1e-12, (-2, -1, 4, 2)),
    "nS": (1e-9, (-2, -1, 3, 2)),
    "uS": (1e-6, (-2, -1, 3, 2)),
    "dimensionless": (1.0, (0, 0, 0, 0)),
    "": (1.0, (0, 0, 0, 0)),
    "um": (1e-6, (1, 0, 0, 0)),
    "nS/mV": (1e-6, (-4, -2, 6, 3)),
    "1/mV": (1e3, (-2, -1, 3, 1)),
    "ms**2": (1e-6, (0, 0, 2, 0)),
    "fC": (1e-15, (0, 0, 1, 1)),
}


def factor(unit, other):
    """Return how many `other` one `unit` is, or raise as the libraries do: each its own exception."""
    (a, powers), (b, others) = SIZES[unit], SIZES[other]
    if powers != others:
        raise RuntimeError(f"Cannot convert from '{unit}' to '{other}'")
    return a / b


class FakePint:
    """Of pint: ``to(name).magnitude``; it rejects NumPy's conversion of a list of itself."""

    def __init__(self, magnitude, unit):
        self._magnitude, self.unit = magnitude, unit

    @property
    def magnitude(self):
        return self._magnitude

    def to(self, other):
        return FakePint(self.magnitude * factor(self.unit, other), other)

    def __float__(self):
        raise TypeError("only dimensionless quantities are numbers")

    def __str__(self):
        return f"{self.magnitude} {self.unit}"


class FakeAstropy(np.ndarray):
    """Of astropy: an array with ``to_value(name)``, which knows the empty name but not 'dimensionless'."""

    def __new__(cls, magnitude, unit):
        self = np.asarray(magnitude, dtype=float).view(cls)
        self.unit = unit
        return self

    def __array_finalize__(self, other):
        self.unit = getattr(other, "unit", "")

    def to_value(self, other):
        assert other != "dimensionless"
        return np.asarray(self) * factor(self.unit, other)


class FakeQuantities(np.ndarray):
    """Of quantities: an array with ``rescale(name)`` and ``magnitude``."""

    __new__, __array_finalize__ = FakeAstropy.__new__, FakeAstropy.__array_finalize__

    @property
    def magnitude(self):
        return np.asarray(self)

    def rescale(self, other):
        return FakeQuantities(np.asarray(self) * factor(self.unit, other), other)


class FakeDimension:
    """Of brian2: what `dim` is; its text names powers of SI units, and 1 if there are none."""

    def __init__(self, powers):
        self.powers = powers

    def __str__(self):
        named = zip(("m", "kg", "s", "A"), self.powers, strict=True)
        return " ".join(f"{n}^{p}" if p != 1 else n for n, p in named if p) or "1"


class FakeBrian(np.ndarray):
    """Of brian2: an array that holds SI numbers, so that NumPy makes seconds of milliseconds without a word."""

    def __new__(cls, magnitude, unit):
        size, powers = SIZES[unit]
        self = np.asarray(np.asarray(magnitude, dtype=float) * size).view(cls)
        self.dim = FakeDimension(powers)
        return self

    def __array_finalize__(self, other):
        self.dim = getattr(other, "dim", FakeDimension((0, 0, 0, 0)))

    def has_same_dimensions(self, other):
        return self.dim.powers == other.dim.powers


# -- the real ones ---------------------------------------------------------------------------------------------------------


def real_pint():
    registry = pytest.importorskip("pint").UnitRegistry()
    return lambda magnitude, unit: registry.Quantity(magnitude, unit or "dimensionless")


def real_astropy():
    units = pytest.importorskip("astropy.units")
    return lambda magnitude, unit: units.Quantity(magnitude, units.Unit(unit))


def real_quantities():
    module = pytest.importorskip("quantities")
    return lambda magnitude, unit: module.Quantity(magnitude, unit or "dimensionless")


def real_brian():
    pytest.importorskip("brian2", exc_type=(ImportError, AttributeError))  # AttributeError: one too old for NumPy
    import brian2

    special = {
        "1/s": brian2.Hz,
        "1/ms": brian2.kHz,
        "nS/mV": brian2.nS / brian2.mV,
        "1/mV": 1 / brian2.mV,
        "": 1,
        "um": brian2.umeter,
        "ms**2": brian2.ms**2,
        "s": brian2.second,
        "V": brian2.volt,
        "fC": brian2.pA * brian2.ms,
    }
    return lambda magnitude, unit: brian2.Quantity(magnitude * (special[unit] if unit in special else getattr(brian2, unit)))


LIBRARIES = {
    "like pint": lambda: FakePint,
    "like astropy": lambda: FakeAstropy,
    "like quantities": lambda: FakeQuantities,
    "like brian2": lambda: FakeBrian,
    "pint": real_pint,
    "astropy": real_astropy,
    "quantities": real_quantities,
    "brian2": real_brian,
}


@pytest.fixture(params=LIBRARIES)
def quantity(request):
    return LIBRARIES[request.param]()


# -- what they become ------------------------------------------------------------------------------------------------------

CONVERSIONS = [
    (20.0, "ms", "ms", 20.0),
    (0.02, "s", "ms", 20.0),
    (-65.0, "mV", "mV", -65.0),
    (-0.065, "V", "mV", -65.0),
    (200.0, "pF", "pF", 200.0),
    (0.2, "nA", "pA", 200.0),
    (10.0, "nS", "nS", 10.0),
    (0.01, "uS", "nS", 10.0),
    (8.0, "Hz", "Hz", 8.0),
    (0.008, "kHz", "Hz", 8.0),
    (8.0, "1/s", "Hz", 8.0),
    (20.0, "1/s", "1/ms", 0.02),
    (0.5, "", "", 0.5),
]


@pytest.mark.parametrize(("magnitude", "given", "unit", "expected"), CONVERSIONS)
def test_conversions(quantity, magnitude, given, unit, expected):
    result = plain(quantity(magnitude, given), unit, "here")
    assert type(result) is float
    assert result == pytest.approx(expected, rel=1e-14)
    many = plain(quantity(np.array([magnitude, 2 * magnitude]), given), unit, "here")
    assert type(many) is np.ndarray
    np.testing.assert_allclose(many, [expected, 2 * expected], rtol=1e-14)


def test_lists_of_quantities(quantity):
    """NumPy would drop their units."""
    for sequence in (list, tuple):
        np.testing.assert_allclose(plain(sequence([quantity(1.0, "ms"), quantity(0.002, "s")]), "ms", "here"), [1.0, 2.0])
    np.testing.assert_allclose(plain([[quantity(1.0, "ms")], [quantity(2.0, "ms")]], "ms", "here"), [[1.0], [2.0]])
    np.testing.assert_allclose(plain([quantity(1.0, "ms"), 2.0], "ms", "here"), [1.0, 2.0])
    with pytest.raises(ValueError, match="here: must be in ms"):
        plain([quantity(1.0, "ms"), quantity(1.0, "mV")], "ms", "here")


@pytest.mark.parametrize(("given", "unit"), [("mV", "ms"), ("ms", "mV"), ("pF", "nS"), ("pA", "pF"), ("ms", ""), ("", "ms")])
def test_the_wrong_unit_is_rejected(quantity, given, unit):
    with pytest.raises(ValueError, match=rf"here: must be in {unit or '(dimensionless|plain numbers)'} \(got .*3"):
        plain(quantity(3.0, given), unit, "here")


@pytest.mark.parametrize("magnitude", [np.nan, np.inf])
def test_what_is_not_finite_is_rejected(quantity, magnitude):
    with pytest.raises(ValueError, match=f"here: must be finite .got {magnitude}"):
        plain(quantity(magnitude, "ms"), "ms", "here")


@pytest.mark.parametrize("unit", ["um", "fC", "uS", "nS/mV", "1/mV", "ms**2"])
def test_units_of_own_models(quantity, unit):
    """A user's parameter may have any unit made of the known ones."""
    if unit == "fC" and type(quantity(1.0, "ms")).__module__.startswith("quantities"):
        pytest.skip("quantities knows no fC")
    assert plain(quantity(3.0, unit), unit, "here") == pytest.approx(3.0, rel=1e-14)
    with pytest.raises(ValueError, match="here: must be in"):
        plain(quantity(3.0, "ms"), unit, "here")


def test_models_and_networks_take_them(quantity):
    lif = bs.LIF(tau_m=quantity(0.01, "s"), c_m=quantity(250.0, "pF"), v_th=quantity(-0.05, "V"))
    assert [lif.tau_m, lif.c_m, lif.v_th] == pytest.approx([10.0, 250.0, -50.0], rel=1e-14)
    cells = bs.Population(
        3,
        bs.LIF(tau_m=[quantity(t, "ms") for t in (10.0, 15.0, 20.0)]),
        name="cells",
        initial={"v": quantity(np.array([-60.0, -61.0, -62.0]), "mV")},
    )
    assert cells.model.tau_m.tolist() == pytest.approx([10.0, 15.0, 20.0])
    assert cells.initial["v"].tolist() == pytest.approx([-60.0, -61.0, -62.0])
    net = bs.Network(seed=1)
    synapse = bs.Exponential(tau=quantity(2.0, "ms"))
    made = net.connect(cells, cells, bs.AllToAll(), weight=quantity(0.1, "nA"), delay=quantity(1.5, "ms"), synapse=synapse)
    assert (made.weight, made.delay) == (pytest.approx(100.0), pytest.approx(1.5))
    net.stimulate(cells, bs.CurrentInput(quantity(0.3, "nA")))
    net.stimulate(cells, bs.PoissonInput(rate=quantity(0.02, "kHz"), weight=quantity(5.0, "pA"), synapse=synapse))
    assert net.inputs[0].input.amplitude == pytest.approx(300.0)
    assert net.inputs[1].input.rate == pytest.approx(20.0)
    assert bs.Trace(cells, "v", every=quantity(1.0, "ms")).every == 1.0
    with pytest.raises(ValueError, match=r"LIF.tau_m: must be in ms \(got .*mV|LIF.tau_m: must be in ms \(got -?\d"):
        bs.LIF(tau_m=quantity(20.0, "mV"))
    with pytest.raises(ValueError, match="Network.connect.weight: must be in pA"):
        net.connect(cells, cells, bs.AllToAll(), weight=quantity(1.0, "mV"), delay=1.0, synapse=synapse)


def test_distributions_take_them(quantity):
    """They keep the unit, so that it is checked when the distribution is used."""
    low, high = quantity(-0.065, "V"), quantity(-50.0, "mV")
    start = bs.Uniform(low, high)
    assert (start.low, start.high, start.unit) == (pytest.approx(-65.0), pytest.approx(-50.0), "mV")
    assert bs.Uniform(-65.0, -50.0).unit is None
    delay = bs.Clipped(bs.Normal(quantity(1.5, "ms"), quantity(0.75, "ms")), low=quantity(1e-4, "s"))
    assert (delay.distribution.sd, delay.low, delay.unit) == (pytest.approx(0.75), pytest.approx(0.1), "ms")
    assert bs.values.ExponentialDistribution(quantity(0.1, "nA")).mean == pytest.approx(100.0)
    assert bs.Gamma(2.0, quantity(1.0, "nS")).mean == pytest.approx(2.0)
    cells, net = bs.Population(3, bs.LIF(v_th=start), name="cells", initial={"v": start}), bs.Network(seed=1)
    net.connect(cells, cells, bs.AllToAll(), weight=bs.Uniform(0.0, 1.0), delay=delay, synapse=bs.Delta())
    wrong = [
        (lambda: bs.LIF(tau_m=bs.Uniform(quantity(1.0, "mV"), quantity(2.0, "mV"))), r"LIF.tau_m: must be in ms .* in mV"),
        (lambda: bs.Population(3, bs.LIF(), initial={"v": delay}), r"initial\['v'\]: must be in mV \(got .* in ms"),
        (
            lambda: net.connect(
                cells,
                cells,
                bs.AllToAll(),
                weight=1.0,
                delay=bs.Clipped(start, low=quantity(-60.0, "mV")),
                synapse=bs.Delta(),
            ),
            "Network.connect.delay: must be in ms",
        ),
        (lambda: bs.Uniform(0.0, high), "Uniform: must be in the same unit, but low is a plain number and high is in mV"),
        (lambda: bs.Normal(quantity(1.0, "ms"), high), "Normal: must be in the same unit, but mean is in ms and sd is in"),
        (lambda: bs.Clipped(start, low=-60.0), r"Clipped.low: must be in mV, like the distribution \(got -60"),
        (lambda: bs.Clipped(bs.Uniform(1.0, 2.0), low=quantity(1.5, "ms")), "Clipped.low: must be a plain number, like"),
        (lambda: bs.LogNormal(quantity(1.0, "ms"), 1.0), "LogNormal.mu: must be in "),
        (lambda: bs.Gamma(quantity(1.0, "ms"), quantity(1.0, "ms")), "Gamma.shape: must be in "),
        (lambda: bs.Uniform(quantity(1.0, "ms**2"), quantity(2.0, "ms**2")), "Uniform.low: must be in ms, mV, pA"),
    ]
    for make, message in wrong:
        with pytest.raises(ValueError, match=message):
            make()


def test_tables_take_them(quantity):
    class Driven(bs.Neuron):
        equations = "dv/dt = I_in(t)/c"
        c: float = bs.parameter(1.0, "pF", "x")
        I_in = bs.parameter(bs.TimedArray([0.0], dt=1.0), "pA", "x")
        v: float = bs.initial(0.0, "mV", "x")

    for values in (quantity(np.array([0.1, 0.2]), "nA"), [quantity(100.0, "pA"), quantity(0.2, "nA")]):
        table = bs.TimedArray(values, dt=quantity(1e-3, "s"))
        np.testing.assert_allclose(table.values, [100.0, 200.0])
        assert (table.dt, table.unit) == (pytest.approx(1.0), "pA")
        assert Driven(I_in=table).I_in is table
    with pytest.raises(ValueError, match="Driven.I_in: must be in pA .* in mV"):
        Driven(I_in=bs.TimedArray(quantity(np.array([1.0]), "mV"), dt=1.0))


def numbers_in(text):
    return [float(number) for number in re.findall(r"[\d.]+(?:e[+-]\d+)?", text)]


def test_signals_take_them(quantity):
    times, values = quantity(np.array([1.0, 2.0]), "ms"), quantity(np.array([3.0, 4.0]), "nA")
    for given, same in [
        (bs.signals.sine(0.0, quantity(0.25, "nA"), quantity(62.5, "Hz")), bs.signals.sine(0.0, 250.0, 62.5)),
        (bs.signals.sine(quantity(20.0, "Hz"), quantity(0.015, "1/ms"), 8.0), bs.signals.sine(20.0, 15.0, 8.0)),
        (bs.signals.pulses(quantity(1.0, "mV"), quantity(0.005, "s")), bs.signals.pulses(1.0, 5.0)),
        (bs.signals.steps(times, values), bs.signals.steps([1.0, 2.0], [3e3, 4e3])),
        (bs.signals.steps(times, values, before=quantity(7, "nA")), bs.signals.steps([1.0, 2.0], [3e3, 4e3], before=7e3)),
    ]:
        assert numbers_in(given) == pytest.approx(numbers_in(same), rel=1e-12)
    with pytest.raises(ValueError, match=r"ramp: must be in the same unit, but first is in mV and last is in pA"):
        bs.signals.ramp(quantity(1.0, "mV"), quantity(1.0, "pA"), stop=5.0)
    with pytest.raises(ValueError, match="but mean is a plain number and amplitude is in Hz"):
        bs.signals.sine(20.0, quantity(15.0, "Hz"), 8.0)


def test_a_unit_is_one_of_it():
    """Multiplying by nothing is a common shorthand in brian2: ``tau_m=ms``."""
    assert plain(FakeBrian(1.0, "ms"), "ms", "here") == 1.0


def test_numbers_pass_untouched():
    for value in (3, 3.0, np.float32(3), np.int64(3), np.array(3.0)):
        assert plain(value, "ms", "here") == 3.0
    given = np.array([1.0, 2.0])
    np.testing.assert_array_equal(plain(given, "ms", "here"), given)
    for wrong in ("3 ms", None, True, b"3", {}, object(), [object()], ["a"], 3j, [[1.0], [2.0, 3.0]]):
        with pytest.raises(TypeError, match="here: must be a number"):
            plain(wrong, "ms", "here")


def test_si_values_are_caught():
    for value, unit, meant in ((2e-10, "pF", "200"), (3e-10, "pA", "300"), (6e-9, "nS", "6"), ([1e-9, 2e-9], "nS", "2")):
        with pytest.raises(ValueError, match=rf"here: .* looks like an SI value; .* did you mean {meant}\?"):
            plain(value, unit, "here")
    # also what no cell has in SI units either, as a sweep over scales may give: 100 nA, or less than 1 fA
    for value, unit in ((0.0, "pF"), (1e-3, "pA"), (1e-7, "pA"), (1e-16, "nS"), (2e-10, "ms"), ([0.0, 5.0], "nS")):
        plain(value, unit, "here")


def test_what_a_program_computes_may_be_small():
    with checks.computed_values():
        assert plain(2e-10, "pF", "here") == 2e-10
    with pytest.raises(ValueError, match="looks like an SI value"):
        plain(2e-10, "pF", "here")


@pytest.mark.parametrize(
    ("model", "values", "told"),
    [
        (bs.LIF, {"tau_m": 0.02}, "LIF.tau_m: 0.02 ms looks like a value in s; values are in ms: did you mean 20?"),
        (bs.LIF, {"c_m": 0.2}, "LIF.c_m: 0.2 pF looks like a value in nF; values are in pF: did you mean 200?"),
        (bs.LIF, {"v_reset": -0.06, "v_th": -0.05}, "LIF.v_th: -0.05 mV looks like a value in V; .* did you mean -50?"),
        (bs.Exponential, {"tau": [0.004, 0.006]}, "Exponential.tau: 0.004 ms looks like a value in s"),
        (bs.TsodyksMarkram, {"tau_rec": 0.8}, "TsodyksMarkram.tau_rec: 0.8 ms looks like a value in s"),
        (bs.LIF, {"tau_m": 1.0, "c_m": 1.0, "v_rest": 0.0, "v_th": 1.0, "v_reset": 0.0, "t_ref": 0.0}, None),
        (bs.LIF, {"c_m": [0.2, 200.0], "tau_m": [0.02, 20.0], "v_rest": 0.0}, None),
        (bs.AdEx, {"a": 0.0, "b": 0.05}, None),
    ],
)
def test_larger_units_are_told_where_they_are_written(model, values, told, recwarn):
    model(**values)
    warned = [str(warning.message) for warning in recwarn if warning.filename == __file__]
    assert len(warned) == len(recwarn)
    assert (not warned) if told is None else any(re.search(told.replace("?", r"\?"), text) for text in warned)
