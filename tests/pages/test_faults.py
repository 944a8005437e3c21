"""What ends a run in Python ends it on the page, with a message that names the same thing and time."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.pages.page import alone, contents
from brainsim.pages.writing import elements
from tests.pages.engine import answers

N = 6


def driven(current, **options):
    cells = bs.Population(N, bs.LIF(tau_m=np.linspace(1.0, 2.0, N), t_ref=0.0), name="it's")
    net = bs.Network(seed=1)
    net.add(bs.Population(3, bs.LIF(), name="first"))
    net.stimulate(cells, current, name="root")
    return net, options


def learning(texts, weight=1.0, **options):
    """A rule that makes what is not a number at the synapse of source 4 and cell 1 only."""
    variables = {"q": bs.initial(1.0, "", "a variable")} if "q" in "".join(texts.values()) else {}
    rule = type("Own", (bs.Plasticity,), {"dimensions": False, "__module__": __name__, **texts, **variables})()
    sources = bs.Population(N, bs.SpikeTrains([[5.0, 15.0]] * N), name="sources")
    cells = bs.Population(N, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    weights = np.full(N - 1, weight)
    pairs = bs.FromArrays(np.arange(1, N), np.arange(N - 1)[::-1])
    weights[3] = 2.5
    net.connect(sources, cells[:5], pairs, weight=weights, delay=1.0, synapse=bs.Delta(), plasticity=rule, name="wires")
    return net, options


class Explodes(bs.RatePlasticity):
    """A weight that begins with w is infinite a little later than after 1/w ms."""

    equations, dimensions = "dw/dt = w**2", False


def coupled():
    net, units, weights = bs.Network(seed=1), bs.Population(N, bs.RateUnit(), name="units"), np.full(N - 1, 0.01)
    weights[3] = 2.0
    pairs = bs.FromArrays(np.arange(1, N), np.arange(N - 1)[::-1])
    net.connect(units, units, pairs, weight=weights, synapse=bs.RateConnection(), plasticity=Explodes(), name="wires")
    return net, {}


FAULTS = {
    "not finite": lambda: driven(bs.CurrentInput("100*sqrt(10 - t)")),
    "of a cell": lambda: driven(bs.CurrentInput("where(t > 3, log(12 - tau_m/dt), 0)")),
    "a condition": lambda: driven(bs.PoissonInput(rate="1e13*t", weight=1e-9, synapse=bs.Delta())),
    "twice": lambda: driven(bs.CurrentInput([0.0, 1e6], times=[0.0, 3.0]), precise=True),
    "weight": lambda: learning({"on_pre": "w = log(2 - w)"}),
    "trace": lambda: learning({"on_pre": "q = log(q - 2)", "amplitude": "w*q"}),
    "amount": lambda: learning({"on_pre": "q = q*0.9", "amplitude": "log(2 - w)*q"}),
    "coupling": coupled,
    "synapse at exact times": lambda: learning({"on_pre": "w = log(2 - w)"}, precise=True),
}


@pytest.mark.thorough_but("[weight]")
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_said_as_in_python(tmp_path, name):
    net, options = FAULTS[name]()
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
    assert next(answer for answer in found if answer["type"] == "fault")["message"] == str(caught.value)
    assert [answer["type"] for answer in found][-2:] == ["restarted", "frame"]
