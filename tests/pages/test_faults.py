"""What ends a run in Python ends it on the page, with a message that names the same thing and time."""

import re

import pytest

import brainsim as bs
from brainsim.pages.page import alone, contents
from brainsim.pages.writing import elements
from tests.pages.engine import answers


def signal():
    cells = bs.Population(3, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput("100*sqrt(10 - t)"), name="root")
    return net, {}


def twice():
    cells = bs.Population(2, bs.LIF(t_ref=0.0), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput([0.0, 1e6], times=[0.0, 3.0]))
    return net, {"precise": True}


@pytest.mark.thorough_only("[signal]")
@pytest.mark.parametrize("make", [signal, twice])
def test_a_fault_is_said_as_in_python(tmp_path, make):
    net, options = make()
    sim = bs.Simulation(net, seed=2, threads=1, **options)
    text = elements(*contents(alone(sim)))
    with pytest.raises(ValueError, match=r"\bt = ") as caught:
        sim.run(20.0)
    plan = [
        {"type": "advance", "steps": 200},
        {"type": "advance", "steps": 10},
        {"type": "restart"},
        {"type": "advance", "steps": 1},
    ]
    found = answers(text, plan, tmp_path)
    fault = next(answer for answer in found if answer["type"] == "fault")
    time = re.compile(r"t = [\d.]+ ms")
    assert time.search(fault["message"])[0] == time.search(str(caught.value))[0]
    assert fault["message"].partition(":")[0] == str(caught.value).partition(":")[0]
    assert [answer["type"] for answer in found][-2:] == ["restarted", "frame"]
