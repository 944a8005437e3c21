"""A warning of parameters that a class declares and that nothing in a network reads."""

import warnings

import pytest

import brainsim as bs


class Leaky(bs.Neuron):
    """A cell with a parameter that none of its own texts reads."""

    dimensions = False
    equations = "dv/dt = -v/tau + I"
    threshold = "v >= 15"
    reset = "v = 0"

    tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
    gain: float = bs.parameter(1.0, "", "what nothing reads")
    v: float = bs.initial(0.0, "mV", "potential")


class Kick(bs.Synapse):
    """A synapse with such a parameter."""

    dimensions = False
    arrival = "v = v + w"

    extra: float = bs.parameter(1.0, "", "what nothing reads")


class Tracing(bs.Plasticity):
    """A rule with such a parameter."""

    dimensions = False
    on_post = "w = w + 0.1"

    share: float = bs.parameter(1.0, "", "what nothing reads")


class OwnInput(bs.CurrentInput):
    """An input of one's own, which may read what it likes."""


def network(cells, **connected):
    net = bs.Network(seed=1)
    net.add(cells)
    if connected:
        net.connect(cells, cells, bs.OneToOne(), weight=0.1, delay=1.0, **connected)
    return net


def warned(net, **options):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        bs.Simulation(net, seed=1, **options)
    return [str(one.message) for one in found if "no effect" in str(one.message)]


def test_of_cells_and_where_it_points():
    with pytest.warns(
        UserWarning, match="^Leaky: gain has no effect, since no text of the class, nor .* or leave it out$"
    ) as found:
        bs.Simulation(network(bs.Population(3, Leaky(), name="cells")), seed=1)
    assert found[0].filename == __file__


def test_of_synapses_and_rules():
    cells = bs.Population(3, bs.LIF(), name="cells")
    (text,) = warned(network(cells, synapse=Kick()))
    assert text.startswith("Kick: extra has no effect")
    (text,) = warned(network(cells, synapse=bs.Delta(), plasticity=Tracing()))
    assert text.startswith("Tracing: share has no effect")


@pytest.mark.parametrize(
    "given", [bs.CurrentInput("gain*t"), bs.PoissonInput(rate="100*gain", weight=0.1, synapse=bs.Delta()), OwnInput(10.0)]
)
def test_what_an_input_may_read(given):
    net = network(bs.Population(3, Leaky(), name="cells"))
    net.stimulate(net.populations["cells"], given)
    assert warned(net) == []


def test_what_is_recorded_may_read_it():
    cells = bs.Population(3, Leaky(), name="cells")
    assert warned(network(cells), record=[bs.EventRecord(cells, "v > gain")]) == []
    assert len(warned(network(cells), record=[bs.EventRecord(cells, "v > 1")])) == 1
