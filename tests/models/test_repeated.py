"""Lines that hold for several indices are the lines that one would write for each."""

import pytest

import brainsim as bs

PARAMETERS = """
    e_l = -70 mV; g_l = 3 nS, > 0; g_a = 2 nS; c = 5 pF"""


def test_a_line_stands_once_for_each_index():
    short = bs.Neuron.of(f"""
        dv_0/dt = (g_l*(e_l - v_0) + g_a*(v_1 - v_0) + I)/c : mV
        dv[k]/dt = (g_l*(e_l - v[k]) + g_a*(v[k-1] - v[k])  # for all between
                    + g_a*(v[k + 1] - v[k]))/c : mV  for k in 1 to 2  # potential
        dv_3/dt = (g_l*(e_l - v_3) + g_a*(v_2 - v_3))/c : mV
        v[k](0) = e_l for k in 0 to 3{PARAMETERS}""")
    between = "dv_{1}/dt = (g_l*(e_l - v_{1}) + g_a*(v_{0} - v_{1}) + g_a*(v_{2} - v_{1}))/c : mV  # potential\n"
    long = bs.Neuron.of(
        "dv_0/dt = (g_l*(e_l - v_0) + g_a*(v_1 - v_0) + I)/c : mV\n"
        + between.format(0, 1, 2)
        + between.format(1, 2, 3)
        + "dv_3/dt = (g_l*(e_l - v_3) + g_a*(v_2 - v_3))/c : mV\n"
        + "".join(f"v_{k}(0) = e_l;" for k in range(4))
        + PARAMETERS
    )
    assert short.equations == long.equations
    assert (short.initials, short.parameters) == (long.initials, long.parameters)
    assert short.initials["v_2"].meaning == "potential"


def test_an_index_may_run_over_names():
    cell = bs.Neuron.of("""
        dv/dt = (e_l - v)/tau + (g_fast + g_slow)*(e - v)/c : mV
        dg[x]/dt = (y[x] - g[x])/tau[x] : nS  for x in fast, slow
        dy[x]/dt = -y[x]/tau[x] : nS  for x in fast, slow
        tau = 10 ms; tau_fast = 1 ms; tau_slow = 7 ms; e_l = -65 mV; e = 0 mV; c = 100 pF
        w[x] = 2 nS for x in fast, slow
    """)
    assert list(cell.parameters) == ["tau", "tau_fast", "tau_slow", "e_l", "e", "c", "w_fast", "w_slow"]
    assert list(cell.initials) == ["v", "g_fast", "g_slow", "y_fast", "y_slow"]
    assert cell.equations.splitlines()[2] == "dg_slow/dt = (y_slow - g_slow)/tau_slow"


def test_a_text_without_repetitions_stays_as_it_was_typed():
    text = "dv/dt = (a +  # for [all]\n    v)/tau"
    assert type("Mine", (bs.Neuron,), {"equations": text, "a": PARAMETER, "tau": TIME, "v": V}).equations == text


PARAMETER, TIME = bs.parameter(1.0, "mV", "a"), bs.parameter(1.0, "ms", "tau")
V = bs.initial(0.0, "mV", "v")
ENDS = r"v\[k-1\] is v\[-1\] for k = 0; the ends are lines of their own"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("dv[k]/dt = g_a*(v[k-1] - v[k])/c : mV for k in 0 to 3", ENDS),
        ("dv[k]/dt = -v[k]*g_a/c : mV for k in range(3)", "an index runs over numbers, 'for k in 1 to 58', or over names"),
        ("dv[k]/dt = -v[k]*g_a/c : mV for k in 1..3", "an index runs over numbers"),
        ("dv[k]/dt = -v[k]*g_a/c : mV for k in a, a", "an index runs over numbers"),
        ("dv[k]/dt = -v[k]*g_a/c : mV for k in 5 to 3", r"must be 1 to 10000 lines \(got 5 to 3\)"),
        ("dv[k]/dt = -v[j]*g_a/c : mV for k in 1 to 3", r"the index is k, or k \+ 1 if it is a number"),
        ("dv[k]/dt = -v[k+1]*g_a/c : mV for k in a, b", "the index is k"),
        ("dv/dt = -v*g_a/c : mV for k in 1 to 3", r"the left side needs the index, such as dv\[k\]/dt"),
        ("dv[k]/dt = -v[k]*g_a/c : mV", "an index in a line without 'for'; an index runs over"),
        ("dv/dt = -v[1]*g_a/c : mV", "an index in a line without 'for'; write v_1"),
        ("dv[k]/dt = (v[k+1] - v[k])*g_a/c : mV for k in 1 to 3", "unknown name 'v_4'; did you mean 'v_3'"),
    ],
)
def test_mistakes(line, message):
    with pytest.raises(bs.EquationError, match=message):
        bs.Neuron.of(line + PARAMETERS)
