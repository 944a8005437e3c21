"""Lines that no result shows: what another process compiles, what ranks agree on, defaults, Ctrl-C in another process."""

import contextlib
import dataclasses
import inspect
import io
import pickle

import pytest

import brainsim as bs
from brainsim.engine.loop.progress import Interrupt
from brainsim.engine.simulation import needed
from brainsim.engine.simulation.settings import RunSettings
from tests.helpers.modules import need


def network():
    net, cells = bs.Network(seed=1), bs.Population(3, bs.LIF(), name="cells")
    wires = net.connect(cells, cells, bs.AllToAll(), weight=0.5, delay=1.0, synapse=bs.Delta(), name="wires")
    net.stimulate(cells, bs.CurrentInput(1.0), name="current")
    return net, wires


def test_the_other_process_compiles_what_a_network_needs(monkeypatch):
    sent, built, compiled = [], [], []
    monkeypatch.setattr(needed, "compile_ahead", lambda *given: sent.append(given))
    monkeypatch.setattr(needed, "_build", lambda *given: built.extend(given))
    monkeypatch.setattr(needed, "compile_last_first", lambda kernels, out: compiled.append(kernels))
    needed.compile_for(network()[0], RunSettings(threads=1))
    ((_, function, *task),) = sent
    getattr(needed, function)(io.BytesIO(pickle.dumps(task)))
    assert [type(given) for given in built] == [bs.Network, RunSettings]
    assert compiled == [[]]  # `_build` has noted nothing here


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("continue_with", lambda sim: sim.continue_with(None)),
        ("set", lambda sim: sim.set("current", amplitude=2.0)),
        ("rewire", lambda sim: sim.rewire("nothing", remove=[0])),
        ("synapses", lambda sim: sim.synapses("wires")),
        ("forget", lambda sim: sim.forget()),
    ],
)
def test_ranks_agree_on_a_call_before_it_does_anything(method, given):
    need("growing")
    sim, asked = bs.Simulation(network()[0], threads=1), []
    sim._agree = lambda name, *doing, **values: asked.append(name)
    with contextlib.suppress(ValueError, TypeError, AttributeError, LookupError):  # two are refused later
        given(sim)
    assert asked[:1] == [method]


def test_the_defaults_of_settings_are_those_of_simulate():
    known = inspect.signature(bs.simulate).parameters
    fields = [field for field in dataclasses.fields(RunSettings) if field.name in known]
    assert len(fields) > 10
    assert {f.name: f.default for f in fields} == {f.name: known[f.name].default for f in fields}


def test_processes_agree_on_whether_ctrl_c_was_pressed():
    told = []
    interrupt = Interrupt(lambda pressed: told.append(pressed) or pressed)
    interrupt.look()
    assert told == [False]
    interrupt._take()
    assert not interrupt.asked  # before all others know
    interrupt.look()
    assert told == [False, True]
    assert interrupt.asked
