"""Words that choose among a few: an array or a list in place of one is refused by the message that names them."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.core.checks import choice, one_of

CELLS = bs.Population(3, bs.LIF(), name="cells")
SPIKES = bs.Spikes([1.0, 2.0], [0, 1], 3, 10.0)


def simulated(**options):
    net = bs.Network(seed=1)
    net.stimulate(CELLS, bs.CurrentInput(300.0))
    return bs.Simulation(net, seed=1, **options)


def connected(**options):
    given = {"weight": 0.5, "delay": 1.0, "synapse": bs.Delta(), "name": "wires"}
    net = bs.Network(seed=1)
    net.connect(CELLS, CELLS, bs.AllToAll(), **(given | options))
    return net


WORDS = {
    "STDP.pairing": (lambda word: bs.STDP(pairing=word), "must be 'all', 'nearest'"),
    "STDP.weight_dependence": (lambda word: bs.STDP(weight_dependence=word), "must be "),
    "STDP.sign": (lambda word: bs.STDP(sign=word), "must be 1 or -1"),
    "GapJunction.order": (lambda word: bs.GapJunction(order=word), "must be 1 or 2"),
    "GradedSynapse.source": (lambda word: bs.GradedSynapse(source=word), "must be a text"),
    "Normalisation.by": (lambda word: bs.Normalisation(1.0, by=word), "must be 'target' or 'source'"),
    "Network.connect.storage": (lambda word: connected(storage=word), "must be 'stored' or 'procedural'"),
    "Trace.reduce": (lambda word: bs.Trace(CELLS, "v", reduce=word), "must be None, 'mean'"),
    "PopulationCode.by": (lambda word: bs.encode.PopulationCode(by=word), "must be 'rate' or 'latency'"),
    "analysis.correlogram.norm": (
        lambda word: bs.analysis.correlogram(SPIKES, SPIKES, norm=word),
        "must be 'counts', 'rate'",
    ),
    "raster.sort": (lambda word: bs.plot.raster(SPIKES, sort=word), "must be 'id' or 'rate'"),
    "Simulation.precision": (lambda word: simulated(precision=word), "must be 'double' or 'single'"),
    "Simulation.record": (lambda word: simulated(record=word), "must be a list of bs.Trace"),
    "Simulation.overwrite": (lambda word: simulated(overwrite=word), "must be True or False"),
    "Simulation.synapses.traces": (
        lambda word: bs.Simulation(connected(plasticity=bs.STDP())).synapses("wires", traces=word),
        "must be True or False",
    ),
}


@pytest.mark.parametrize("label", WORDS)
@pytest.mark.parametrize(
    "word", [np.array(["all", "rate"]), np.array([1, 2]), np.array(["target"]), [["mean"], 1.0]], ids=repr
)
def test_an_array_is_no_word(label, word):
    make, message = WORDS[label]
    with pytest.raises((TypeError, ValueError), match=rf"{label}: {message}"):
        make(word)


def test_ragged_lists_in_parameters_of_rules():
    with pytest.raises(TypeError, match=r"STDP.a_plus: must be a number or an array of numbers"):
        bs.STDP(a_plus=[[1.0, 2.0], [3.0]])
    with pytest.raises(ValueError, match=r"STDP.a_plus: must be one number, .* \(got shape \(2, 2\)\)"):
        bs.STDP(a_plus=np.ones((2, 2)))
    with pytest.raises(TypeError, match=r"STDP.w_max: must be a number"):
        bs.STDP(w_max="x")


def test_what_equals_an_option_is_that_option():
    assert choice(np.str_("all"), ("all", "nearest"), "x.y") == "all"
    assert type(choice(np.int64(2), (1, 2), "x.y")) is int
    assert choice(None, (None, "a"), "x.y") is None
    for wrong, options in ((True, (1, 2)), (1, (False, True)), (np.array("a"), ("a", "b")), (1.0, ("1", "2"))):
        with pytest.raises(ValueError, match="x.y: must be "):
            choice(wrong, options, "x.y")
        with pytest.raises(ValueError, match="x.y: there is no "):
            one_of(wrong, options, "x.y")
    with pytest.raises(ValueError, match=r"x.y: must be 'all' or 'nearest' \(got 'al'\); did you mean 'all'\?$"):
        choice("al", ("all", "nearest"), "x.y")
