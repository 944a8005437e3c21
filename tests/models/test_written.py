"""Models whose text declares parameters, units and starts: they are the classes with `parameter` and `initial`."""

import pickle

import numpy as np
import pytest

import brainsim as bs

TEXT = """
    dv/dt = (g_l*(e_l - v) + g_l*delta*exp((v - v_t)/delta) - w + I)/c_m : mV  # membrane potential
    dw/dt = (a*(v - e_l) - w)/tau_w : pA  # adaptation
    v(0) = e_l
    c_m = 281 pF, > 0 : capacitance
    g_l = 30 nS, > 0  # leak
    e_l = -70.6 mV; v_t = -50.4 mV
    delta = 2 mV, > 0
    tau_w = 144 ms, > 0
    a = 4 nS
    b = 80.5 pA
    peak = 5 : how far above v_t a spike is
    v_peak = v_t + peak*delta
"""
SPIKE = {"threshold": "v > v_peak", "reset": "v = e_l; w += b"}


class Long(bs.Neuron):
    """The same as a class."""

    equations = """
        dv/dt = (g_l*(e_l - v) + g_l*delta*exp((v - v_t)/delta) - w + I)/c_m
        dw/dt = (a*(v - e_l) - w)/tau_w
        v_peak = v_t + peak*delta
    """
    threshold, reset = SPIKE["threshold"], SPIKE["reset"]
    c_m: float = bs.parameter(281.0, "pF", "capacitance", above=0.0)
    g_l: float = bs.parameter(30.0, "nS", "leak", above=0.0)
    e_l: float = bs.parameter(-70.6, "mV", "e_l")
    v_t: float = bs.parameter(-50.4, "mV", "v_t")
    delta: float = bs.parameter(2.0, "mV", "delta", above=0.0)
    tau_w: float = bs.parameter(144.0, "ms", "tau_w", above=0.0)
    a: float = bs.parameter(4.0, "nS", "a")
    b: float = bs.parameter(80.5, "pA", "b")
    peak: float = bs.parameter(5.0, "", "how far above v_t a spike is")
    v: float = bs.initial("e_l", "mV", "membrane potential")
    w: float = bs.initial("a * (v - e_l)", "pA", "adaptation")


class Short(bs.Neuron):
    """Written with a text alone."""

    equations = TEXT
    threshold, reset = SPIKE["threshold"], SPIKE["reset"]


def digest(model):
    cells, net = bs.Population(3, model, name="cells"), bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput([600.0, 700.0, 800.0]))
    sim = bs.Simulation(net, seed=1)
    assert len(sim.run(100.0).spikes["cells"]) > 5
    return sim.digest()


def test_a_text_declares_what_a_class_declares():
    whole = bs.Neuron.of(f"{TEXT}\n threshold: v > v_peak\n reset: v = e_l; w += b")
    for model in (Short, whole, bs.Neuron.of(TEXT, **SPIKE)):
        assert (model.parameters, model.initials) == (Long.parameters, Long.initials)
        assert digest(model(a=2.0)) == digest(Long(a=2.0))


def test_equal_texts_are_one_class_and_their_models_can_be_pickled():
    one, two = bs.Neuron.of(TEXT, name="AdEx"), bs.Neuron.of(TEXT, name="AdEx")
    assert one is two is not bs.Neuron.of(TEXT)
    model = one(a=bs.Uniform(1.0, 2.0), b=np.array([1.0, 2.0]))
    again = pickle.loads(pickle.dumps(model))
    assert (again, repr(again)) == (model, "AdEx(a=Uniform(1.0, 2.0), b=[1.0, 2.0])")


@pytest.mark.parametrize(
    ("equation", "start"),
    [
        ("(rest - v)/tau + I/c + sigma*xi", "rest"),
        ("-(v - rest)/tau", "rest"),
        ("(2*(rest - v))/tau", "rest"),
        ("-v/tau", 0.0),
        ("rest/tau", 0.0),
        ("g*(rest - v)/c + g*(other - v)/c", None),
        ("rise*(2*rest - v) - v/tau", None),
    ],
)
def test_a_variable_starts_where_it_rests(equation, start):
    """Without input and noise, as far as its equation is linear in it; lines of the text are looked into."""
    text = f"dv/dt = {equation} : mV\n rise = 1/tau\n tau = 20 ms\n rest = -65 mV\n other = 0 mV"
    text += "\n c = 200 pF\n g = 3 nS\n sigma = 1 mV/sqrt(ms)"
    model = bs.Neuron.of(text)
    found = model.initials["v"].default
    if start is not None:
        assert found == start
    sim = bs.Simulation(net_of(model), seed=1)
    begin = float(sim.state["cells"]["v"][0])
    if "xi" not in equation and equation != "rest/tau":
        sim.run(50.0)
        assert sim.state["cells"]["v"][0] == pytest.approx(begin, abs=1e-9)


def net_of(model):
    net = bs.Network(seed=1)
    net.add(bs.Population(1, model(), name="cells"))
    return net


def test_gates_start_at_their_steady_state():
    model = bs.Neuron.of("""
        dv/dt = g*(e - v)/c + I/c + slow*v*v : mV
        dm/dt = rise*(1 - m) - fall*m : 1  # gate
        rise = 0.1*exp((v + 40*mv)/(10*mv))/ms
        fall = 4*exp(-(v + 65*mv)/(18*mv))/ms
        v(0) = -60
        ms = 1 ms; mv = 1 mV; g = 10 nS; e = -65 mV; c = 100 pF; slow = 0 1/mV/ms
    """)
    sim = bs.Simulation(net_of(model), seed=1)
    rise, fall = 0.1 * np.exp(-2.0), 4.0 * np.exp(-5.0 / 18.0)
    assert sim.state["cells"]["m"][0] == pytest.approx(rise / (rise + fall), rel=1e-12)


def test_synapses_and_rules_are_written_so_too():
    short = bs.Synapse.of("""
        dg/dt = -g/tau
        tau = 5 ms, > 0  # decay
        e_rev = 0 mV
        arrival: g = g + w
        current: g*(e_rev - v)
        weight_unit: nS
    """)
    assert short(tau=2.0).variables == ("g",)
    assert short.parameters == bs.ExponentialConductance.parameters | short.parameters
    rule = bs.Plasticity.of("""
        dx/dt = -x/tau : 1  # trace of the source
        tau = 20 ms, > 0
        rate = 0.1 weight
        on_pre: x = x + 1
        on_post: w = w + rate*x
    """)
    assert rule.initials["x"].default == 0.0
    cells, net = bs.Population(2, bs.SpikeTrains([1.0, 3.0], [0, 1]), name="cells"), bs.Network(seed=1)
    target = bs.Population(1, bs.LIF(), name="target")
    wires = net.connect(cells, target, bs.AllToAll(), weight=1.0, delay=1.0, synapse=short(), plasticity=rule())
    assert bs.Simulation(net, seed=1).synapses(wires).weight.tolist() == [1.0, 1.0]


MISTAKES = [
    ("dv/dt = -v*v/tau : mV\ntau = 20 ms", r"Neuron.v: where it starts has to be said, since its equation is not linear"),
    ("dv/dt = s(t) : mV\ntau = 20 ms", "unknown function 's'"),
    ("dv/dt = (t - v)/tau : ms\ntau = 20 ms", "since its equation changes with t; write v\\(0\\) = "),
    ("dv/dt = -v/tau\ntau = 20 ms", r"Neuron.v: has an equation but no initial value; end the line with its unit"),
    ("dv/dt = -v/tau : V\ntau = 20 ms", "unknown unit 'V'; 1 V is 1000 mV"),
    ("dv/dt = -v/tau : mV\ntau = 20 s", "unknown unit 's'; 1 s is 1000 ms"),
    ("dv/dt = -v/tau : mV\ntau = 20 ms, < 0", "the range of a parameter is ', > 0' or ', >= 0'"),
    ("dv/dt = -v/tau : mV\ntau = 20 ms\ntau = 10 ms", "'tau' is declared twice"),
    ("dv/dt = -v/tau : mV\nv = 3 mV\ntau = 2 ms", "'v' is a parameter, but it has an equation"),
    ("dv/dt = -v/tau : mV\ntau = 20 ms\nu(0) = 5", "'u' has no equation with a unit in this text"),
    ("dv/dt = -v/tau : mV\ntau = -5 ms, > 0", "must be > 0 ms"),
    ("dv/dt = -v/tau : mV\ntau : 20 ms", "'tau' is not a text of a Neuron"),
    ("dv/dt = -v/tau : mV\ntau : ms", r"'tau' has no value; give the one .*: 'tau = 20 ms'"),
    ("dv/dt = -a*v : mV\na : 1", r"'a' has no value; give the one .*: 'a = 20 :'"),
    ("dv/dt = -v/tau : mV\ntau : second (constant)", r"leave out '\(constant\)'; parameters are constant"),
    ("dv/dt = -v/tau : mV (unless refractory)\ntau = 20 ms", r"leave out '\(unless refractory\)'; .* 'frozen: v, w' names"),
    ("dv/dt = -v/tau : mV\ntau = 20 : ms", "a unit follows its number without ':', 'tau = 20 ms'"),
    ("dv/dt = -v/tau : mV\ntau = 20 : second", "'tau = 20 second'"),
    ("dv/dt = -v/tau : mV\ntau = 20 ms\nthresold: v > 1", "did you mean 'threshold'"),
    ("dv/dt = -v/tau : mV\ntau = 20*ms : second", "a parameter, 'tau = 20 ms : time constant'"),
    ("dv/dt = -v/tau : mV\ntau = 20 ms\nthreshold: v > tau\nthreshold: v > tau", "'threshold' is given twice"),
    ("dv/dt = -v/tau : mV\ntau = 20 ms, > 0 ms", "the limit of a parameter has its unit already; write ', > 0'"),
    ("dv/dt = -v/tau : mV\ntau = 20 ms (time constant)", "write 'tau = 20 ms  # meaning'"),
    ("v' = -v/tau : mV\ntau = 20 ms", "a derivative is written dv/dt = "),
    (
        "dv/dt = -v/tau : mV\ntau = 20 ms\nthreshold v > 3",
        "'threshold' is no equation: .* a line of its own, 'threshold: ...'",
    ),
    ("dv/dt = -v/tau : mV; tau = 20 ms; threshold: v > 3", "'threshold' is no equation"),
    ("dv/dt = -v/tau : mV\ntau = 20 ms\nthreshold: v > 3 mV", "in a line of its own, 'limit = 3 mV'"),
    ("dv/dt = -v/tau : mV\ntau = 20*ms", "unknown name 'ms'; a unit follows a number that stands alone, 'limit = 5 ms'"),
    ("dv/dt = -v/tau : mV\ntau = 20 ms\nv(0) = -0.07 V", r"Neuron.v: is in mV; write v\(0\) = ... as a number in it"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_mistakes(text, message):
    with pytest.raises((TypeError, ValueError), match=message):
        bs.Neuron.of(text)


def test_words_that_are_units_are_meanings_where_nothing_else_fits():
    text = "dv/dt = -a*w*v/tau : mV\ntau = 20 ms : time of it (constant)\na = 2 : 1\nw = 3 : weight"
    found = bs.Neuron.of(text).parameters
    assert [(spec.unit, spec.meaning) for spec in found.values()] == [
        ("ms", "time of it (constant)"),
        ("", "a"),
        ("", "weight"),
    ]
    with pytest.raises(ValueError, match=r"Mine.equations: 'tau' has no value"):

        class Mine(bs.Neuron):
            equations = "dv/dt = -v/tau : mV\n tau : ms"


def test_what_is_not_text_in_a_class_is_not_in_a_text():
    loose = bs.Neuron.of("""
        dv/dt = -v/tau + 3 : mV
        tau = 20 ms
        v(0) = -65 mV
        dimensions: False
        substeps: 2
        threshold: v > 3
        refractory: 2
        reset: v = 0
        frozen: v
    """)
    assert (loose.initials["v"].default, loose.dimensions, loose.substeps, loose.frozen) == (-65.0, False, 2, ("v",))
    rule = bs.Plasticity.of("""
        top = 2 weight
        on_pre: w = w + top
        bounds: 0, max(top, max(2*top, top))
        conditions: top > 0*top, max(top, 2*top) > top
    """)
    assert rule.bounds == ("0", "max(top, max(2*top, top))")
    assert rule.conditions == ("top > 0*top", "max(top, 2*top) > top")


def test_a_coupling_has_a_current_too():
    gate = bs.Coupling.of("""
        gate: ds/dt = -s/tau
        spike: s = s + 1
        source: s
        current: total*(e_rev - v)
        weight_unit: nS
        tau = 5 ms, > 0
        e_rev = -70 mV
    """)
    assert gate(tau=2.0).current == "total*(e_rev - v)"
    with pytest.raises(TypeError, match=r"Synapse.g: variables of a synapse start at 0; leave out bs.initial and ': unit'"):
        bs.Synapse.of("dg/dt = -g/tau : nS\ntau = 5 ms\narrival: g = g + w")


def test_a_class_declares_a_name_once():
    with pytest.raises(ValueError, match=r"Twice.tau: is declared in the equations, too"):

        class Twice(bs.Neuron):
            equations = "dv/dt = -v/tau : mV\n tau = 20 ms"
            tau: float = bs.parameter(10.0, "ms", "time constant")

    with pytest.raises(TypeError, match=r"Neuron.of: must be the text"):
        bs.Neuron.of(5)


@pytest.mark.parametrize("kind", [bs.Curve, bs.TimedArray])
def test_a_text_with_other_tables_is_another_class(kind):
    def model(values):
        table = bs.Curve([0.0, 1.0, 2.0], values) if kind is bs.Curve else bs.TimedArray(values, dt=1.0)
        text = f"dx/dt = f({'x' if kind is bs.Curve else 't'})/tau : 1; tau = 1 ms; x(0) = 0"
        return bs.Neuron.of(text, f=bs.parameter(table, "", "a table"))

    one, other = model([0.0, 5.0, 0.0]), model([0.0, 7.0, 0.0])
    assert one is model([0.0, 5.0, 0.0]) is not other
    assert (one().f.values[1], pickle.loads(pickle.dumps(other())).f.values[1]) == (5.0, 7.0)


def test_values_of_variables_are_those_of_a_population():
    with pytest.raises(TypeError, match=r"unknown parameter 'v'; it is a variable, .* initial=\{'v': ...\}"):
        bs.LIF(v=3.0)
    with pytest.raises(TypeError, match=r"a text is not read here \(got '-65 \+ i'\); give an array"):
        bs.Population(3, bs.LIF(), name="cells", initial={"v": "-65 + i"})
    for unit, message in (("volt", "1 V is 1000 mV"), ("mvolt", "write 'mV'")):
        with pytest.raises(ValueError, match=f"unknown unit '{unit}'; {message}"):
            bs.Neuron.of(f"dv/dt = 0/tau : {unit}; tau = 1 ms")
