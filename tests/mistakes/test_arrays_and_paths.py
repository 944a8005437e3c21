"""Values of which NumPy makes no array, and paths that no file can have: the message is not that of NumPy or the system."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.mistakes import mistakes

CELLS = bs.Population(5, bs.LIF(), name="cells")
RAGGED = [[1, 2], [3]]
SPIKES = bs.Spikes([1.0, 2.0], [0, 1], n=2, duration=5.0)
FOUND = "(got [[1, 2], [3]])"


def wires(net):
    return net.connect(CELLS, CELLS, bs.AllToAll(), weight=0.1, delay=1.0, synapse=bs.Delta(), name="w")


def stimulate(name):
    bs.Network(seed=1).stimulate(CELLS, bs.CurrentInput(1.0), name=name)


test_lists_of_unequal_lengths = mistakes(
    (lambda: bs.FromArrays(RAGGED, [0]), TypeError, "FromArrays.pre: must be an array of whole numbers", FOUND),
    (lambda: bs.FromArrays([0], RAGGED), TypeError, "FromArrays.post: must be an array of whole numbers", FOUND),
    (lambda: bs.Population(2, bs.LIF(), names=RAGGED), TypeError, "Population.names: must be an array of texts", FOUND),
    (lambda: bs.SpikeTrains([1.0], RAGGED), TypeError, "SpikeTrains.ids: must be an array of whole numbers", FOUND),
    (lambda: bs.Spikes(RAGGED, [0], n=1, duration=1.0), TypeError, "Spikes.times: must be an array of float64", FOUND),
    (lambda: bs.Spikes([1.0], RAGGED, n=1, duration=1.0), TypeError, "Spikes.ids: must be an array of int64", FOUND),
    (lambda: bs.WeightTrace("w", synapses=RAGGED), TypeError, "WeightTrace.synapses: must be an array of whole", FOUND),
    (lambda: bs.WeightTrace("w", bins=RAGGED), TypeError, "WeightTrace.bins: must be an array of numbers", FOUND),
    (lambda: CELLS[RAGGED], TypeError, "'cells': must be an array of whole numbers", FOUND),
    (lambda: SPIKES.of(RAGGED), TypeError, "must be an array of indices of cells", FOUND),
    (lambda: bs.connectomes.Edges(RAGGED, [0], [1], [1]), TypeError, "Edges.pre: must be an array of whole numbers", FOUND),
)

# NumPy takes a population, which has a length and can be indexed, for a list of lists of lists ...
test_a_population_instead_of_numbers = mistakes(
    (lambda: bs.FromArrays(CELLS, [0]), TypeError, "FromArrays.pre: must be an array of whole", "(got Population('cells'"),
    (lambda: bs.Spikes(CELLS, [0], n=1, duration=1.0), TypeError, "Spikes.times: must be an array of float64"),
    (lambda: bs.WeightTrace("w", synapses=CELLS), TypeError, "WeightTrace.synapses: must be an array of whole numbers"),
)

test_values_that_are_not_what_they_should_be = mistakes(
    (
        lambda: bs.WeightTrace("w", bins=["a", "b"]),
        TypeError,
        "WeightTrace.bins: must be a number or an array",
        "['a', 'b']",
    ),
    (lambda: stimulate(["x"]), TypeError, "Network.stimulate.name: must be a name such as 'exc' (got ['x'])"),
    (lambda: stimulate(np.array(1.0)), TypeError, "Network.stimulate.name: must be a name such as 'exc'"),
    (lambda: bs.LogNormal(mu=0.0, sigma=1e308), ValueError, "exp(mu + sigma**2/2) is too large", "LogNormal(0.0, 1e+308)"),
    (
        lambda: bs.analysis.spike_triggered_average(SPIKES, [1.0], np.array(1.0)),
        TypeError,
        "spike_triggered_average.window: must be (start, stop) around the events",
    ),
    (
        lambda: bs.WeightTrace(wires(bs.Network(seed=1)), bins=[0.0, np.inf]),
        ValueError,
        "WeightTrace.bins: must be finite (got inf)",
    ),
)


@pytest.mark.parametrize(("name", "bad"), [("a\0b", r"\\x00"), ("\ud800a", r"\\ud800")])
def test_names_that_no_file_can_have(name, bad, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    net = bs.Network(seed=1)
    net.add(CELLS)
    result = bs.simulate(net, 1.0, seed=1)
    for write in (lambda path: result.save(path + ".npz"), lambda path: bs.Result.load(path)):
        with pytest.raises(ValueError, match=rf"Result.(save|load): must not contain '{bad}', which no name of a file can"):
            write(name)
    for path in (name, f"{name}.npy", f"{name}.npz"):
        with pytest.raises(ValueError, match=rf"SpikeTrains.times: must not contain '{bad}', which no name of a file can"):
            bs.SpikeTrains(path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("call", ["load", "save", "to", "checkpoint", "page", "film"])
def test_an_empty_path(call, tmp_path, monkeypatch):
    """Python takes it for the current folder."""
    monkeypatch.chdir(tmp_path)
    net = bs.Network(seed=1)
    net.add(CELLS)
    result = bs.simulate(net, 10.0, seed=1)
    calls = {
        "load": ("Result.load", lambda: bs.Result.load("")),
        "save": ("Result.save", lambda: result.save("")),
        "to": ("simulate.to", lambda: bs.simulate(net, 1.0, to="")),
        "checkpoint": ("simulate.checkpoint", lambda: bs.simulate(net, 1.0, checkpoint="")),
        "page": ("page.file", lambda: bs.page(net, "")),
        "film": ("animate.path", lambda: bs.plot.animate(result, "")),
    }
    label, made = calls[call]
    with pytest.raises(ValueError, match=rf"{label}: must be the path of a file.* \(got ''\)"):
        made()
    assert not list(tmp_path.iterdir())
