"""Dimensions: an equation whose sides disagree is rejected, with both named; what agrees passes."""

import inspect
import re

import pytest

import brainsim as bs
from brainsim.equations.expressions import units
from brainsim.equations.expressions.grammar import EquationError

BASE = {
    "tau": bs.parameter(10.0, "ms", "time constant", above=0.0),
    "c_m": bs.parameter(200.0, "pF", "capacitance"),
    "g": bs.parameter(10.0, "nS", "conductance"),
    "E": bs.parameter(-65.0, "mV", "reversal potential"),
    "delta": bs.parameter(2.0, "mV", "steepness"),
    "rate": bs.parameter(5.0, "Hz", "rate"),
    "k": bs.parameter(1.0, "nS/mV", "steepness of a parabola"),
    "sigma": bs.parameter(1.0, "mV", "size of noise"),
    "I_in": bs.parameter(bs.TimedArray([0.0], dt=1.0), "pA", "current"),
    "v": bs.initial(0.0, "mV", "potential"),
    "n": bs.initial(0.0, "", "gate"),
    "z": bs.initial(0.0, "pA", "current"),
}


def cell(equations="dv/dt = 0", **given):
    return type("Mine", (bs.Neuron,), BASE | {"equations": equations} | given)


def synapse(**given):
    texts = {"equations": "dg/dt = -g/tau", "arrival": "g = g + w", "current": "g*(E - v)", "weight_unit": "nS"}
    return type("Mine", (bs.Synapse,), {n: BASE[n] for n in ("tau", "E", "rate", "delta")} | texts | given)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("nS*mV", "pA"),
        ("pF*mV/ms", "pA"),
        ("pF/nS", "ms"),
        ("mV*nS/pF", "mV/ms"),
        ("1/ms", "ms**-1"),
        ("", "1"),
        ("mV/sqrt(ms)", "mV*ms**-0.5"),
        ("nS/mV*mV**2", "pA"),
        ("sqrt(mV**2)", "mV"),
        ("um/ms*ms", "um"),
    ],
)
def test_units_that_are_one(left, right):
    assert units.unit(left, "x").fits(units.unit(right, "x"))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("mS", "1 mS is 1e+06 nS"),
        ("s", "1 s is 1000 ms: write the numbers in ms"),
        ("mV+ms", "units are"),
        ("mV/", "mV"),
        ("mv", "did you mean 'mV'"),
        ("open('x')", "units are"),
        ("sec", "units are ms"),
        ("kHz", "1 kHz is 1000 Hz"),
        ("MOhm", "1 MOhm is 0.001 mV/pA"),
        ("GΩ", "1 GΩ is 1 mV/pA"),
        ("V/s", "1 V is 1000 mV"),
        ("1/s", "1 s is 1000 ms"),
        ("uF/cm**2", "1 uF is 1e+06 pF"),
        ("%", "units are"),
        ("nA", "1 nA is 1000 pA"),
        ("fA", "1 fA is 0.001 pA"),
        ("nM", "1 nM is 1e-06 mM"),
        ("m", "1 m is 1e+06 um"),
        ("ms^-1", "a power is written '**'"),
        ("blorp", "units are ms, mV, pA, pF, nS, Hz, um, mM, uM, products"),
    ],
)
def test_unknown_units(text, hint):
    """Also if equations are not checked, and of variables and weights."""
    for dimensions in (True, False):
        for given in ({"q": bs.parameter(1.0, text, "x")}, {"q": bs.initial(1.0, text, "x")}):
            with pytest.raises(ValueError, match=rf"Mine.q: unknown unit .*{re.escape(hint)}"):
                cell(dimensions=dimensions, **given)
        with pytest.raises(ValueError, match=rf"weight_unit: unknown unit .*{re.escape(hint)}"):
            synapse(weight_unit=text, dimensions=dimensions)


@pytest.mark.parametrize("dimensions", [True, False])
def test_a_missing_unit_is_rejected(dimensions):
    with pytest.raises(ValueError, match=r"Mine.q: the unit must be a string such as 'mV' \(got None\)"):
        cell(q=bs.parameter(1.0, None, "x"), dimensions=dimensions)


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        ({"arrival": "z = z + w"}, "a synapse adds to 'z', which is in pA, but what it adds is in mV; write weight_unit"),
        ({"arrival": "n = n + w"}, "a synapse adds to 'n', which is a plain number, but what it adds is in mV"),
        ({"arrival": "z = z + w*tau"}, "a synapse adds to 'z', which is in pA, but what it adds is in mV*ms"),
        ({"arrival": "v = v + w", "dimensions": False}, ""),
        ({"arrival": "n = n + w", "dimensions": False}, ""),
        ({"arrival": "z = z + w", "weight_unit": "pA"}, ""),
        ({"arrival": "n = n + w/E"}, ""),
        ({"arrival": "z = z + 0.5*w; v = v + w*E/delta", "weight_unit": "pA"}, "which is in mV, but what it adds is in pA"),
    ],
)
def test_what_a_synapse_adds_is_of_the_unit_of_what_it_adds_to(texts, shown):
    """Of a variable of the cell, whose unit is known once the two are put together."""
    given = {"tau": BASE["tau"], "E": BASE["E"], "delta": BASE["delta"], "weight_unit": "mV"} | texts

    def connected(**options):
        cells, net = bs.Population(2, cell("dv/dt = I/c_m", **options)(), name="cells"), bs.Network(seed=1)
        jump = type("Jump", (bs.Synapse,), given)()
        noise = bs.Population(2, bs.Poisson(rate=1.0), name="noise")
        net.connect(noise, cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=jump)

    if not shown:
        return connected()
    with pytest.raises(EquationError) as caught:
        connected()
    assert shown in str(caught.value)
    connected(dimensions=False)
    given["weight_unit"] = re.search("write weight_unit = '(.*)'", str(caught.value)).group(1)
    if ";" not in given["arrival"]:  # of two assignments one is right already
        connected()
    return None


@pytest.mark.parametrize(
    "unit",
    [
        "mV",
        "mV/ms",
        "1/ms",
        "nS/mV",
        "pA",
        "pF",
        "mV**2",
        "mV/sqrt(ms)",
        "mM",
        "pA*ms",
        "mV/sqrt(ms)/pA",
        "mV**3",
        "1/mV**(1/3)",
        "um**2/ms",
        "uM/ms",
        "uM**2",
        "1/ms/uM",
        "nS*uM",
        "um*uM**3/mV",
    ],
)
def test_units_are_named_as_they_are_typed(unit):
    assert str(units.unit(unit, "x")) == unit


def test_what_is_in_micromolar_is_a_thousandth_of_what_is_in_millimolar():
    text = "dca/dt = (top - ca)/tau : uM; tau = 5 ms; top = 2 "
    bs.Neuron.of(text + "uM")
    with pytest.raises(EquationError, match="'top' and 'ca' differ by a factor of 1000; 1 mM is 1000 uM: write"):
        bs.Neuron.of(text + "mM")
    bs.Neuron.of("dca/dt = (0.001*top - ca)/tau : mM; tau = 5 ms; top = 2 uM")


@pytest.mark.parametrize(("weight_unit", "works"), [("mV", False), ("1/ms", False), ("Hz", True)])
def test_a_synapse_onto_a_rate_says_which_unit_fits(weight_unit, works):
    """Rates in Hz and in 1/ms are 1000 apart, and messages name the one that is meant."""
    kind = cell("dr/dt = -r/tau; dv/dt = 0", r=bs.initial(0.0, "Hz", "rate"), threshold="v > E")
    cells, net = bs.Population(2, kind(), name="cells"), bs.Network(seed=1)
    given = {
        "weight": 1.0,
        "delay": 1.0,
        "synapse": synapse(equations="", current="", arrival="r = r + w", weight_unit=weight_unit)(),
    }
    if works:
        assert net.connect(cells, cells, bs.AllToAll(), **given).weight == 1.0
    else:
        with pytest.raises(EquationError, match=f"'r', which is in Hz, but .* in {weight_unit}; .* weight_unit = 'Hz'"):
            net.connect(cells, cells, bs.AllToAll(), **given)


@pytest.mark.parametrize(
    "equations",
    [
        "dv/dt = (E - v)/tau",
        "dv/dt = (g*(E - v) + I + I_in(t))/c_m",
        "dv/dt = k*(v - E)*(v - E - delta)/c_m + I/c_m",
        "dv/dt = (g*delta*exp((v - E)/delta) + z)/c_m",
        "dv/dt = (E - v)/tau + sigma*sqrt(2/tau)*xi",
        "dv/dt = 0",
        "dv/dt = where(v > E, E - v, 0)/tau",
        "dv/dt = (clip(v, E, 0) - v)/tau + max(sign(v)*delta, 0)/tau",
        "a = 1/(1 + exp(-v/delta))\ndn/dt = (a - n)/tau",
        "dn/dt = 0.001*rate",
        "dn/dt = rate/1000*(1 - n)",
        "dn/dt = (1 - n)*0.001*tau*rate/tau",
        "dz/dt = (sqrt(k*k*(v - E)**4) - z)/tau",
        "dz/dt = (k*abs(v)**2 - z)/tau",
        "dn/dt = (0.001*rate*dt - n)/tau",
        "dn/dt = (sin(2*pi*t/tau) - n**0.3)/tau",
        "dn/dt = (sqrt(v/E)*1 - n)/tau",
    ],
)
def test_equations_that_agree(equations):
    cell(equations)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (
            {"equations": "dv/dt = (E - v)/tau + I"},
            "Mine.equations: '(E - v) / tau' is in mV/ms, but 'I' is in pA; only quantities in the same unit can be added|"
            "    dv/dt = (E - v)/tau + I|                          ^",
        ),
        ({"equations": "dv/dt = g*(E - v)"}, "Mine.equations: dv/dt is in mV/ms, but this is in pA|    dv/dt = g*(E - v)|"),
        ({"equations": "dv/dt = 0.04*v**2"}, "Mine.equations: dv/dt is in mV/ms, but this is in mV**2|"),
        (
            {"equations": "dn/dt = exp(v)/tau"},
            "Mine.equations: the argument of exp must be a plain number, but 'v' is in mV|    dn/dt = exp(v)/tau|"
            "                ^",
        ),
        (
            {"equations": "a = v + z\ndv/dt = a/tau"},
            "Mine.equations: 'v' is in mV, but 'z' is in pA; only quantities in the same unit can be added",
        ),
        ({"equations": "dv/dt = sigma*xi"}, "Mine.equations: dv/dt is in mV/ms, but this is in mV/sqrt(ms)|"),
        (
            {"equations": "dn/dt = rate"},
            "Mine.equations: dn/dt and this differ by a factor of 1000; Hz counts per second "
            "and times are in ms: write 0.001*rate for a rate in 1/ms|",
        ),
        ({"equations": "dn/dt = v**n/tau"}, "Mine.equations: 'v' is in mV; its exponent must be a number|"),
        ({"equations": "dn/dt = n**v/tau"}, "Mine.equations: an exponent must be a plain number, but 'v' is in mV|"),
        (
            {"equations": "dv/dt = min(v, z)/tau"},
            "Mine.equations: 'v' is in mV, but 'z' is in pA; only quantities in the same unit can be compared",
        ),
        (
            {"equations": "dv/dt = (v if v > z else 0)/tau"},
            "Mine.equations: 'v' is in mV, but 'z' is in pA; only quantities in the same unit can be compared",
        ),
        ({"equations": "dv/dt = I_in(t)/tau"}, "Mine.equations: dv/dt is in mV/ms, but this is in pA/ms|"),
        (
            {"threshold": "v > 30"},
            "Mine.threshold: 'v' is in mV, but '30' is a plain number; only quantities in the same unit can be compared: "
            "give the number a name and a unit by bs.parameter(...), or write dimensions = False|",
        ),
        ({"threshold": "rand() < rate*dt"}, "Mine.threshold: 'rand()' and 'rate * dt' differ by a factor of 1000; Hz"),
        (
            {"threshold": "v > E", "reset": "v = E; z += delta"},
            "Mine.reset: 'z' is in pA, but 'delta' is in mV; only quantities in the same unit can be added|",
        ),
        ({"threshold": "v > E", "reset": "v = tau"}, "Mine.reset: 'v' is in mV, but this is in ms|    v = tau|        ^"),
        (
            {"conditions": ("tau > delta",)},
            "Mine.conditions: 'tau' is in ms, but 'delta' is in mV; only quantities in the same unit can be compared",
        ),
        ({"threshold": "v > E", "refractory": "delta"}, "Mine.refractory: a refractory time is in ms, but this is in mV|"),
        ({"events": {"e": ("v > tau", "n = 0")}}, "Mine.events['e']: 'v' is in mV, but 'tau' is in ms"),
        ({"v": bs.initial("tau", "mV", "x")}, "Mine.v: 'v' is in mV, but this is in ms|"),
    ],
)
def test_equations_that_do_not(given, shown):
    with pytest.raises(EquationError) as caught:
        cell(**given)
    assert str(caught.value).replace("\n", "|").startswith(shown), str(caught.value)
    cell(**given, dimensions=False)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"current": "g*E/delta"}, "Mine.current: a current into a cell is in pA, but this is in nS|"),
        ({"weight_unit": "mV"}, "Mine.current: a current into a cell is in pA, but this is in mV**2|"),
        (
            {"equations": "dg/dt = -g/tau + rate*g"},
            "Mine.equations: '-g / tau' and 'rate * g' differ by a factor of 1000; Hz",
        ),
        ({"current": "g*(E - v)*exp(v)"}, "Mine.current: the argument of exp must be a plain number, but 'v' is in mV|"),
        ({"arrival": "g = g + w*tau"}, "Mine.current: a current into a cell is in pA, but this is in pA*ms|"),
    ],
)
def test_synapses_that_do_not(given, shown):
    with pytest.raises(ValueError) as caught:
        synapse(**given)
    assert str(caught.value).replace("\n", "|").startswith(shown), str(caught.value)
    synapse(**given, dimensions=False)


def test_the_variables_of_a_synapse_get_their_units_from_its_weights():
    """A gate behind a conductance: h is in nS as the weight is, and so is g, which only depends on it."""
    rising = {"equations": "dg/dt = (h - g)/tau\ndh/dt = -h/tau", "arrival": "h = h + w"}
    synapse(**rising)
    with pytest.raises(EquationError, match="a current into a cell is in pA, but this is in mV"):
        synapse(**rising, weight_unit="")


def test_built_in_models_agree():
    """Only those opt out whose publications fit numbers to them: rates in 1/ms of v in mV, or no units at all."""
    kinds = [thing for name in bs.__all__ if inspect.isclass(thing := getattr(bs, name))]
    models = [kind for kind in kinds if issubclass(kind, bs.Neuron | bs.Synapse | bs.Plasticity)]
    assert len(models) > 5
    channels = {"ConnorStevens", "HodgkinHuxley", "TraubMiles", "WangBuzsaki"}
    without = {model.__name__ for model in models if not model.dimensions and model.__module__ != "brainsim.models.base"}
    assert without == channels | {"FitzHughNagumo", "HindmarshRose", "Izhikevich"}
