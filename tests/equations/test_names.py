"""Names: those that equations and kernels hold are words and never meet each other, all others may be any text."""

import re

import numpy as np
import pytest

import brainsim as bs
from brainsim.equations.expressions import language as lang

CRAFTED = 'a=np[__import__("os").system("touch never")], *b'
NO_WORDS = [
    "a b",
    "",
    " ",
    "v\n",
    "v\nimport os",
    "1v",
    "v-1",
    "a.b",
    "a;b",
    'a"b',
    "v:",
    "v=1",
    "(v)",
    "v ",
    "²",
    "ﬁ",
    "ϵ",
    "𝐱",
    "\x00",
    "\ud800",
    CRAFTED,
    '""" + 1',
]
RESERVED = [
    "lambda",
    "None",
    "if",
    "np",
    "range",
    "exp",
    "square",
    "hashed",
    "t",
    "dt",
    "I",
    "pi",
    "xi",
    "xi_1",
    "r0_g",
    "_v",
    "v__u",
    "__builtins__",
    "__class__",
    "refractory_steps",
]


def mine(base=bs.Neuron, **body):
    return type("Mine", (base,), {"dimensions": False, **body})


@pytest.mark.parametrize("name", [*NO_WORDS, *RESERVED])
def test_a_name_that_is_not_a_word_is_rejected(name):
    """In each place where a name can be given that a kernel holds: nothing of it is ever run."""
    where = r"Mine\.|^Mine|unknown|did you mean"
    for declared in (bs.parameter(0.0, "", "x"), bs.initial(0.0, "", "x")):
        with pytest.raises(ValueError, match=where):
            mine(**{name: declared})
    with pytest.raises(ValueError, match=where):
        mine(bs.Synapse, arrival="v = v + w", **{name: bs.parameter(0.0, "", "x")})
    if not name.isidentifier():
        with pytest.raises(ValueError, match=r"Mine.events\[.*must be a name"):
            mine(v=bs.initial(0.0, "", "x"), events={name: ("v > 1", "v = 0")})
        with pytest.raises(ValueError, match="must be a word"):
            bs.Delta(name=name)


@pytest.mark.parametrize("name", ["lambda", "r0_g", "_v", "v__u", "np", "xi", "exp", "dt", "a b", "1v"])
def test_a_line_cannot_have_such_a_name_either(name):
    for base, text in ((bs.Neuron, "dv/dt = -v"), (bs.Synapse, "dg/dt = -g")):
        own = {"v": bs.initial(0.0, "", "x")} if base is bs.Neuron else {"arrival": "g = g + w"}
        if name == "r0_g" and base is bs.Synapse:
            continue  # there it gets a number of its own: r0_r0_g
        with pytest.raises(bs.EquationError):
            mine(base, equations=f"{name} = 3\n{text}", **own)


def test_the_message_tells_the_form_of_a_letter_that_python_reads():
    with pytest.raises(ValueError, match=re.escape("Mine.ﬁ: must be a name of letters, digits") + ".*did you mean 'fi'"):
        mine(ﬁ_=None, **{"ﬁ": bs.parameter(0.0, "", "x")})
    lang.check_npz_name("τ_m", "here")  # letters of any alphabet, in the form in which Python keeps them


@pytest.mark.parametrize("field", ["parameters", "initials", "cell_equations"])
def test_what_is_made_from_a_class_is_not_written_into_it(field):
    """Else names would come in that nobody has looked at."""
    with pytest.raises(TypeError, match=f"Mine.{field}: is computed from the class"):
        mine(**{field: {CRAFTED: bs.parameter(0.0, "", "x")}})


def test_a_synapse_has_no_parameter_named_as_the_potential_of_its_target():
    with pytest.raises(ValueError, match=r"Mine.v: is the membrane potential of the target"):
        mine(bs.Synapse, equations="dg/dt = -g", arrival="g = g + w", current="g*v", v=bs.parameter(1.0, "", "x"))


# words that kernels use themselves, and what is made of other names among them: of variables, and of parameters
NAMES = ["lag", "lag_", "z_", "new", "gain_0", "a", "a_b", "p_a_", "x", "x_event0", "state", "k"]
PARAMETERS = ["key", "cell", "spike", "free", "flag", "count", "step", "first", "low", "block", "float", "v_", "v_new", "k0"]
PARAMETERS += ["v_mid", "v_slope", "v_reset1", "p_v_v", "p_v_const", "input_0", "input_0_", "gain_0_v", "refractory_", "r0"]


def grown(method, names, parameters, **given):
    """Return spikes and final state of cells with many variables and parameters, a synapse on two of them, and an event."""
    push = "1" if method == "rk4" else "xi"
    lines = [f"{names[0]}_line = 0.1*({' + '.join(names)}) + 1e-3*({' + '.join(parameters)})"]
    lines += [
        f"d{name}/dt = -0.1*{1 + k % 3}*{name} + 0.01*{names[0]}_line + {0.2 + 0.01 * k}*{push}"
        for k, name in enumerate(names)
    ]
    event = (f"{names[1]} > 0.1", f"{names[8]} = {names[8]} - 0.1; {names[3]} = 0.9*{names[3]}")
    cell = mine(
        equations="\n".join(lines),
        method=method,
        threshold=f"{names[3]} > 0.25*{parameters[0]}",
        reset=f"{names[9]} = 0.5*{parameters[1]}",
        events={"one": event},
        **{name: bs.initial(0.01 * k, "", "x") for k, name in enumerate(names)},
        **{name: bs.parameter(1.0 + 0.01 * k, "", "x") for k, name in enumerate(parameters)},
        **given,
    )
    jump = mine(bs.Synapse, arrival=f"{names[3]} = {names[3]} + 0.5*w; {names[4]} = {names[4]} + w", weight_unit="")
    cells, net = bs.Population(3, cell(), name="cells"), bs.Network(seed=1)
    net.stimulate(cells, bs.PoissonInput(rate=300.0, weight=0.3, synapse=jump()))
    result = bs.simulate(net, 30.0, seed=1, threads=1)
    return result.spikes["cells"].times, [result.state.variables["cells"][name] for name in names]


@pytest.mark.slow_but("[heun")
@pytest.mark.thorough
@pytest.mark.parametrize(("method", "given"), [("exact", {}), ("heun", {}), ("exponential_euler", {}), ("rk4", {})])
def test_names_never_meet_those_that_kernels_make_of_them(method, given):
    times, state = grown(method, NAMES, PARAMETERS, **given)
    plain = [[f"{letter}{k}" for k in range(len(names))] for letter, names in (("q", NAMES), ("y", PARAMETERS))]
    plain_times, plain_state = grown(method, *plain, **given)
    assert len(times) > 5
    np.testing.assert_array_equal(times, plain_times)
    np.testing.assert_array_equal(state, plain_state)


LONG = "x" * 401


def test_names_that_are_too_long_are_rejected_where_they_are_written():
    """LLVM knows a name by its first thousand letters."""
    variable = bs.initial(1.0, "", "x")
    for body in (
        {LONG: variable},
        {LONG: bs.parameter(0.0, "", "x")},
        {"v": variable, "events": {LONG: ("v > 1", "v = 0")}},
        {"v": variable, "equations": f"{LONG} = 3\ndv/dt = -v"},
        {"v": variable, "equations": f"dv/dt = -v + xi_{LONG}"},
    ):
        with pytest.raises(ValueError, match=r"^Mine\..* must have at most 400 characters"):
            mine(**body)
    with pytest.raises(ValueError, match=r"^Delta.name: must have at most 400 characters"):
        bs.Delta(name=LONG)
    names = [f"{letter * 400}" for letter in "xy"]
    model = mine(
        equations="\n".join(f"d{a}/dt = {b} - {a} + 0.1*xi" for a, b in (names, names[::-1])),
        **dict.fromkeys(names, variable),
    )
    net = bs.Network(seed=1)
    net.add(bs.Population(1, model(), name="x" * 400))
    bs.simulate(net, 1.0, seed=1, threads=1)


@pytest.mark.parametrize("name", [LONG, "\ud800", "a\x00", "", " ", 3])
def test_things_cannot_have_names_that_no_file_holds(name):
    cells, net = bs.Population(2, bs.LIF(), name="cells"), bs.Network(seed=1)
    given = {"weight": 1.0, "delay": 1.0, "synapse": bs.Delta(), "name": name}
    for label, make in {
        "Population.name": lambda: bs.Population(2, bs.LIF(), name=name),
        "View.named": lambda: cells[:1].named(name),
        "Network.connect.name": lambda: net.connect(cells, cells, bs.AllToAll(), **given),
        "Network.stimulate.name": lambda: net.stimulate(cells, bs.CurrentInput(1.0), name=name),
        "EventRecord.name": lambda: bs.EventRecord(cells, "v > 0", name=name),
    }.items():
        with pytest.raises((ValueError, TypeError), match=f"^{label}: must (be a name|have at most 400|not contain)"):
            make()


ANY_TEXT = ["a/b", "../../x", 'a"b\n', "a\\b", "a b", "ﬁ", "description", "spikes/a/times", ".", "%2F", "é" * 300]


@pytest.mark.parametrize("name", ANY_TEXT)
def test_populations_and_inputs_may_be_called_anything(name, tmp_path):
    """Their names are in results and files, never in code or in the name of a file."""
    cells, net = bs.Population(2, bs.LIF(), name=name), bs.Network(seed=1)
    other = bs.Population(2, bs.LIF(), name=f"{name}/times")
    net.connect(cells, other, bs.AllToAll(), weight=1.0, delay=1.0, synapse=bs.Delta(), name=f"{name}->")
    net.stimulate(cells, bs.PoissonInput(rate=3000.0, weight=5.0, synapse=bs.Delta()), name=f"{name}!")
    result = bs.simulate(net, 20.0, seed=1, threads=1, record=[bs.Trace(cells, "v"), bs.Trace(other, "v")])
    path = result.save(tmp_path / "run.npz")
    again = bs.Result.load(path)
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]
    assert list(again.spikes) == [name, f"{name}/times"]
    for key in (name, f"{name}/times"):
        np.testing.assert_array_equal(again.spikes[key].times, result.spikes[key].times)
        np.testing.assert_array_equal(again.traces[key, "v"].values, result.traces[key, "v"].values)
        np.testing.assert_array_equal(again.state.variables[key]["v"], result.state.variables[key]["v"])
    repr(net), repr(again), again._repr_html_()
