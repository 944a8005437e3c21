"""Models that differ only in names and numbers share one compiled function."""

import re

import numpy as np
import pytest

import brainsim as bs
from brainsim.jit.decorators import Entry, load_source

CELL = """
    dv/dt = (-leak*(v - rest) + leak*slope*exp(min((v - soft)/slope, 20)) - u + I)/size : mV
    du/dt = (a*(v - rest) - u)/tau : pA
    size = 200 pF
    leak = 10 nS
    rest = -70 mV
    soft = -50 mV
    slope = 2 mV
    a = 2 nS
    jump = 60 pA
    tau = 100 ms
    back = -58 mV
    v(0) = rest
    threshold: v >= 0*slope
    reset: v = back; u = u + jump
"""
RECEPTOR = """
    dg/dt = -g/tau_s
    tau_s = 5 ms
    e_s = 0 mV
    weight_unit: nS
    arrival: g = g + w
    current: g*(e_s - v)
"""
NAMES = {"size": "z9", "leak": "Q", "rest": "zz", "soft": "A", "slope": "a_1", "a": "m", "jump": "ZZ", "tau": "aa", "u": "x"}
NAMES |= {"back": "B", "g": "other", "tau_s": "b", "e_s": "a_0"}


def renamed(text, names=NAMES):
    text = re.sub(r"d(\w)/dt", lambda m: f"d{names.get(m[1], m[1])}/dt", text)
    return re.sub(r"\w+", lambda m: names.get(m[0], m[0]), text)


def network(cell, receptor):
    cells = bs.Population(4, bs.Neuron.of(cell, name="Mine")(), name="cells")
    net = bs.Network(seed=1)
    net.connect(cells, cells, bs.AllToAll(), weight=1.0, delay=1.5, synapse=bs.Synapse.of(receptor)())
    net.stimulate(cells, bs.CurrentInput(800.0))
    return net


def name_of(cell, receptor=RECEPTOR, precise=False):
    """Return the name of the machine code of a kernel, and its text."""
    (group,) = bs.Simulation(network(cell, receptor), progress=False, precise=precise)._layout.groups
    return load_source(group.kernel.text).advance.name((np.dtype("f8"),)), group.kernel.text


@pytest.mark.parametrize("precise", [False, True])
def test_a_changed_name_or_number_leads_to_the_same_code(precise):
    name, text = name_of(CELL, precise=precise)
    other, renamed_text = name_of(renamed(CELL), renamed(RECEPTOR), precise)
    assert "a_1" in renamed_text  # so messages have the user's names
    assert text != renamed_text
    assert name == other == name_of(CELL.replace("60 pA", "70 pA"), precise=precise)[0]


@pytest.mark.parametrize(("old", "new"), [("- u)/tau", "+ u)/tau"), ("v = back; u = u + jump", "u = u + jump; v = back")])
def test_another_structure_leads_to_other_code(old, new):
    assert old in CELL
    assert name_of(CELL)[0] != name_of(CELL.replace(old, new))[0]


@pytest.mark.thorough
def test_nothing_is_compiled_for_a_changed_name(monkeypatch, tmp_path):
    monkeypatch.setenv("BRAINSIM_COMPILERS", "1")
    compiled, compile_ = [], Entry._compile

    def noted(entry, *given):
        compiled.append(entry._function.__name__)
        return compile_(entry, *given)

    bs.simulate(network(CELL, RECEPTOR), 100.0, seed=1)
    monkeypatch.setattr(Entry, "_compile", noted)
    first, second = (
        bs.simulate(network(*texts), 100.0, seed=1).spikes["cells"].times
        for texts in ((CELL, RECEPTOR), (renamed(CELL), renamed(RECEPTOR)))
    )
    assert not compiled
    assert np.array_equal(first, second)
    assert first.size > 10


def rule(pre, post, follower, share):
    """Return a rule with traces of both sides, one that follows the target, and a variable of synapses, of these names."""
    each = {name: bs.initial(0.0, "", "variable") for name in (pre, post, follower, share)}
    numbers = {"tau": bs.parameter(20.0, "ms", "time constant"), "a": bs.parameter(0.01, "", "size of a change")}
    texts = {
        "equations": f"""
            d{pre}/dt = -{pre}/tau
            d{post}/dt = -{post}/tau
            d{follower}/dt = (v_post - {follower})/tau
            d{share}/dt = -{share}/tau
        """,
        "on_pre": f"{pre} = {pre} + 1; {share} = {share} + {post}; w = w - a*{post}*w + 0.001*{share}*{follower}",
        "on_post": f"{post} = {post} + 1; w = w + a*{pre}*w",
        "dimensions": False,
        "__annotations__": dict.fromkeys((*numbers, *each), float),
    }
    return type("Mine", (bs.Plasticity,), texts | numbers | each)


def learning(names, differs=False):
    cells, net = bs.Population(5, bs.LIF(), name="cells"), bs.Network(seed=1)
    trains = bs.Population(4, bs.SpikeTrains([[5.0 + k, 20.0 + 2.0 * k, 40.0] for k in range(4)]), name="trains")
    learned = rule(*names)(a=bs.Uniform(0.005, 0.02)) if differs else rule(*names)()
    net.connect(trains, cells, bs.AllToAll(), weight=3.0, delay=1.5, synapse=bs.Delta(), plasticity=learned, name="wires")
    net.stimulate(cells, bs.CurrentInput(400.0))
    return net


@pytest.mark.parametrize("differs", [False, True])
def test_rules_of_plasticity_that_differ_in_names_share_their_code(differs):
    names, found = (("x", "y", "u", "r"), ("zz", "b", "a_0", "Q")), []
    for each in names:
        sim = bs.Simulation(learning(each, differs), seed=1)
        sim.run(60.0)
        (kind,) = sim._run.synapses.kinds
        record, entry = kind.parts[0].context.kind, kind.module
        code = [getattr(entry, name).name((record, record)) for name in ("deliver", "remember", "sweep", "enter")]
        found.append((code, sim.synapses("wires").weight.tolist()))
    assert found[0] == found[1]
    assert found[0][1] != [3.0] * 20
