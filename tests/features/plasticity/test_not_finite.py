"""A rule that makes a number that is not finite is named, with the variable and the synapse."""

import pytest

import brainsim as bs
from tests.helpers.faults import said


def rule(**texts):
    """Return a rule with these texts, a variable q and no bounds."""
    body = {"on_pre": "", "on_post": "", "amplitude": "w"} | texts
    used = "q" in "".join(body.values())
    more = {"q": bs.initial(1.0, "", "a variable")} if used else {}
    kinds = {name: text for name, text in body.items() if text}
    return type("Own", (bs.Plasticity,), {"dimensions": False, **kinds, **more, "__module__": __name__})()


CASES = [
    ({"on_pre": "w = log(w - 2)"}, "made w of the synapse 1 -> 0 nan at t = 6 ms"),
    ({"on_pre": "w = w*exp(800)"}, "made w of the synapse 1 -> 0 inf at t = 16 ms"),  # at 6 ms it is 3e307
    ({"on_pre": "q = log(w - 2)", "amplitude": "w*q"}, "made q of the synapse 1 -> 0 nan at t = 6 ms"),
    (
        {"on_pre": "q = q*0.9", "amplitude": "log(w - 2)*q"},
        "sent nan along the synapse 1 -> 0 at t = 6 ms; check its amplitude",
    ),
    (
        {"on_pre": "q = log(q - 2)", "amplitude": "w*q"},
        "made q of the source of the synapse 1 -> 0 nan at t = 6 ms; check its equations",
    ),
    (
        {"on_post": "q = log(q - 2)", "amplitude": "w*q"},
        "made q of the target of the synapse 1 -> 0 nan at t = 16 ms; check its equations",
    ),
    # at the first spike; the second one sends nan
    (
        {"on_pre": "q = q*0.9", "amplitude": "w*log(q - 0.9)"},
        "sent -inf along the synapse 1 -> 0 at t = 6 ms; check its amplitude",
    ),
]


@pytest.mark.thorough_but("q of the synapse", "along the synapse", "grid-made w of the synapse 1 -> 0 nan")
@pytest.mark.parametrize(("texts", "message"), CASES, ids=[message for _, message in CASES])
@pytest.mark.parametrize("precise", [False, True], ids=["grid", "precise"])
def test_what_is_not_finite_is_named(texts, message, precise):
    sources = bs.Population(3, bs.SpikeTrains([5.0, 15.0], [1, 1]), name="sources")
    cells = bs.Population(2, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    pairs = bs.FromArrays([0, 1, 2], [0, 0, 1])
    net.connect(sources, cells, pairs, weight=1.0, delay=1.0, synapse=bs.Delta(), plasticity=rule(**texts), name="wires")
    kick = bs.Population(1, bs.SpikeTrains([[12.0]]), name="kick")
    net.connect(kick, cells[:1], bs.AllToAll(), weight=100.0, delay=1.0, synapse=bs.Delta())
    (text,) = said(net, threads=(1, 2), precise=precise)
    assert text.startswith("wires: Own ")
    assert message in text
