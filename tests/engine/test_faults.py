"""A run that goes wrong says the same, in whatever chunks or calls it is made and however many threads there are."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.faults import said

N = 80  # cells: in pieces of 16 for each partition


class Counts(bs.Plasticity):
    """A synapse with the weight w sends what is not a number from the spike on whose number times w is more than 1."""

    on_pre, amplitude, dimensions = "q = q - w", "w*log(q)", False
    q: float = bs.initial(1.0, "", "what is left")


class Explodes(bs.RatePlasticity):
    """A weight that begins with w is infinite after 1/w ms, and in steps of 0.1 ms a little later."""

    equations, dimensions = "dw/dt = w**2", False


def learns(net, name, after, times=(5.0, 9.0, 21.0, 35.0)):
    """Connect each of N sources, which all fire at some times [ms], with a cell.

    Synapses fail at the third spike, but those in `after`, synapse -> number, at others.
    """
    weights = np.full(N, 0.4)
    for synapse, number in after.items():
        weights[synapse] = 1.01 / number
    sources = bs.Population(N, bs.SpikeTrains([list(times)] * N), name=f"{name} sources")
    cells = bs.Population(N, bs.LIF(), name=f"{name} cells")
    options = {"synapse": bs.Delta(), "plasticity": Counts(), "name": name}
    net.connect(sources, cells, bs.OneToOne(), weight=weights, delay=1.0, **options)
    return cells


@pytest.mark.usefixtures("more_partitions")
class TestFirst:
    """The first fault in time is reported."""

    @pytest.mark.thorough_only("[after0-29-10-True]", "[after1-70-6-True]")
    @pytest.mark.parametrize("precise", [False, True])
    @pytest.mark.parametrize(("after", "synapse", "time"), [({70: 2, 29: 2}, 29, 10), ({70: 1, 29: 2}, 70, 6), ({}, 0, 22)])
    def test_synapse(self, after, synapse, time, precise):
        net = bs.Network(seed=1)
        learns(net, "wires", after)
        (text,) = said(net, precise=precise)
        assert text.startswith(
            f"wires: Counts sent nan along the synapse {synapse} -> {synapse} at t = {time} ms; check its"
        )

    @pytest.mark.parametrize("weight", [0.5, np.linspace(0.1, 0.5, N)], ids=["shared", "listed"])
    def test_what_all_synapses_of_a_source_send_alike(self, weight):
        text = {"on_pre": "x = x - 0.4", "amplitude": "w*log(x)", "x": bs.initial(1.0, "", "what is left")}
        rule = type("Alike", (bs.Plasticity,), {"dimensions": False, "__module__": __name__, **text})()
        sources = bs.Population(N, bs.SpikeTrains([[5.0, 9.0, 21.0]] * N), name="sources")
        net, cells = bs.Network(seed=1), bs.Population(N, bs.LIF(), name="cells")
        pairs = bs.FromArrays(np.arange(N), N - 1 - np.arange(N))
        net.connect(sources, cells, pairs, weight=weight, delay=1.0, synapse=bs.Delta(), plasticity=rule, name="wires")
        (text,) = said(net)
        assert text.startswith(f"wires: Alike sent nan along the synapse 0 -> {N - 1} at t = 22 ms; check its amplitude")

    @pytest.mark.parametrize(("one", "two"), [(1, 2), (2, 1), (2, 2)])
    def test_projection(self, one, two):
        net = bs.Network(seed=1)
        learns(net, "one", {70: one})
        learns(net, "two", {20: two})
        (text,) = said(net)
        assert text.startswith("one: " if one <= two else "two: ")  # at one time it is that with the first source

    @pytest.mark.parametrize(
        ("after", "first"), [(9.8, "drive.amplitude: must be finite (got inf for cell 61 at t = 9.85 ms"), (9.9, "wires")]
    )
    def test_input_or_synapse(self, after, first):
        net = bs.Network(seed=1)
        cells = learns(net, "wires", {70: 2})
        late = bs.CurrentInput(f"where(t > {after} and i > 60, 1/(t - t), 1)", stop=50.0)
        net.stimulate(cells, late, name="drive")
        net.stimulate(cells[:5], bs.CurrentInput("where(t > 12, 1/(t - t), 1)", stop=50.0), name="later")
        (text,) = said(net)
        assert text.startswith(first)

    @pytest.mark.thorough_only("[cells0-40]")
    @pytest.mark.parametrize(("cells", "first"), [([40, 70], 40), ([70, 5], 5), ([79], 79)])
    def test_cell_that_fires_twice_in_a_step(self, cells, first):
        net, all_cells = bs.Network(seed=1), bs.Population(N, bs.LIF(t_ref=0.0), name="cells")
        for k, cell in enumerate(cells):
            net.stimulate(all_cells[cell : cell + 1], bs.CurrentInput(1e6, start=4.0), name=f"drive {k}")
        net.stimulate(all_cells, bs.CurrentInput(1e6, start=4.2), name="later")
        (text,) = said(net, precise=True)
        assert f"cell {first} of 'cells' fires twice within dt = 0.1 ms, before t = 4.1 ms, but" in text

    def test_weight_of_a_coupling(self):
        net, units, weights = bs.Network(seed=1), bs.Population(N, bs.RateUnit(), name="units"), np.full(N, 0.5)
        weights[[29, 70]] = 2.0
        wires = {"weight": weights, "synapse": bs.RateConnection(), "plasticity": Explodes(), "name": "wires"}
        net.connect(units, units, bs.OneToOne(), **wires)
        (text,) = said(net)
        w, steps = 2.0, 0
        while np.isfinite(w):
            with np.errstate(over="ignore"):
                w, steps = w + 0.1 * np.float64(w + 0.05 * np.float64(w) ** 2) ** 2, steps + 1
        assert (
            f"wires: by Explodes() the weight from 29 to 29 is no longer a finite number at t = {steps * 0.1:g} ms" in text
        )


class Squares(bs.Neuron):
    """A cell that begins with v mV is beyond all numbers after 1/v ms."""

    equations, method, dimensions = "dv/dt = v*v", "euler", False
    v: float = bs.initial(0.0, "mV", "potential")


@pytest.mark.thorough
@pytest.mark.usefixtures("more_partitions")
def test_a_variable_that_has_run_away():
    v, net = np.zeros(N), bs.Network(seed=1)
    v[29], v[70] = 1.0, 100.0
    net.add(bs.Population(N, Squares(), name="cells", initial={"v": v}))
    (text,) = said(net)
    assert text.startswith("cells.v: a variable ran away (cell 29: ")


def test_after_a_reset_nothing_is_left_of_it():
    net = bs.Network(seed=1)
    net.stimulate(bs.Population(1, bs.LIF(), name="cell"), bs.CurrentInput("where(t > 12, 1/(t - t), 1)"), name="drive")
    sim = bs.Simulation(net, seed=1)
    with pytest.raises(ValueError, match="at t = 12.05 ms"):
        sim.run(30.0)
    sim.reset()
    assert sim.run(12.0).duration == 12.0
