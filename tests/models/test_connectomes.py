"""The cell of the fly's brain, and the synapse that acts on its drive."""

import copy
import pickle

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.equations.single_cells import DT, run, steps

ON_G = bs.Delta(variable="g")


def events(times, cells, weight, synapse=ON_G, name="source"):
    """Return a network in which a source makes events of a weight arrive at these times [ms]."""
    net = bs.Network(seed=1)
    source = bs.Population(1, bs.SpikeTrains([np.asarray(times) - 1.0]), name=name)
    net.connect(source, cells, bs.AllToAll(), weight=weight, delay=1.0, synapse=synapse)
    return net


def recorded(net, cells, duration, *variables):
    result = bs.simulate(net, duration, dt=DT, seed=1, record=[bs.Trace(cells, name) for name in variables])
    return [result.traces[cells.name, name].values for name in variables], result


def test_one_event_has_the_closed_form_of_two_exponentials():
    values, result = run(bs.ShiuLIF(), 60.0, events=(ON_G, 10.0, 1.0))
    assert result.stats["methods"]["cells"] == "exact"
    t = np.arange(591) * DT
    assert np.allclose(values["g"][10:, 0], 10.0 * np.exp(-t / 5.0), rtol=0, atol=1e-12)
    expected = 10.0 * 5.0 / (20.0 - 5.0) * (np.exp(-t / 20.0) - np.exp(-t / 5.0))
    assert np.allclose(values["v"][10:, 0] + 52.0, expected, rtol=0, atol=1e-12)


def test_contacts_until_a_cell_fires():
    """The peak of the potential is 4**(-4/3) of the weight: 7 mV need more than 44.45 mV, or 162 contacts at once."""
    contacts = np.arange(155, 170)
    cells = bs.Population(contacts.size, bs.ShiuLIF(), name="cells")
    net = events([1.0], cells, (0.275 * contacts)[None, :])
    fired = np.zeros(contacts.size, bool)
    fired[bs.simulate(net, 40.0, dt=0.01, seed=1).spikes["cells"].ids] = True
    assert np.array_equal(fired, 0.275 * contacts * 4.0 ** (-4.0 / 3.0) > 7.0)


def test_both_variables_wait_and_what_arrives_is_discarded():
    cell = bs.Population(1, bs.ShiuLIF(), name="cell", initial={"v": -40.0, "g": 3.0})  # fires at 0.1 ms, free after 2.3
    (v, g), result = recorded(events([1.0, 2.3, 2.4], cell, 5.0), cell, 4.0, "v", "g")
    assert steps(result, name="cell").tolist() == [1]
    assert np.all(v[1:24, 0] == -52.0)
    assert np.all(g[1:24, 0] == 0.0)
    assert g[24, 0] == 5.0  # that of 2.3 ms came in the last step in which the cell was held
    assert np.all(np.diff(v[24:, 0]) > 0.0)


def test_activated_cells_fire_at_each_event_and_the_others_wait():
    """As in the publication: without a refractory time, and driven by events that are twice the threshold and more."""
    cells = bs.Population(2, bs.ShiuLIF(t_ref=np.array([0.0, 2.2])), name="cells")
    times = [1.0, 1.1, 1.2, 3.1, 3.2, 9.0]
    result = bs.simulate(events(times, cells, 68.75, bs.Delta()), 10.0, dt=DT, seed=1)
    assert steps(result, 0, "cells").tolist() == [10, 11, 12, 31, 32, 90]
    assert steps(result, 1, "cells").tolist() == [10, 90]


def test_a_refractory_time_of_each_cell_gives_the_bits_of_one_for_all():
    currents = np.linspace(500.0, 3000.0, 40)
    alone = run(bs.ShiuLIF(t_ref=1.3), 100.0, n=40, current=currents)
    array = run(bs.ShiuLIF(t_ref=np.full(40, 1.3)), 100.0, n=40, current=currents)
    assert len(alone[1].spikes["cells"]) > 100
    assert alone[1].spikes["cells"] == array[1].spikes["cells"]
    assert all(np.array_equal(alone[0][name], array[0][name]) for name in "vg")
    assert np.array_equal(*(result.state.refractory["cells"] for _, result in (alone, array)))


def test_a_delta_synapse_is_known_by_its_variable():
    assert bs.Delta(variable="g") == ON_G
    assert hash(ON_G) == hash(bs.Delta(variable="g"))
    assert bs.Delta() == bs.Delta(variable="v") != ON_G
    assert repr(ON_G) == "Delta(variable='g')"
    for again in (copy.deepcopy(ON_G), pickle.loads(pickle.dumps(ON_G))):
        assert again == ON_G
        assert again.receptor_equations is ON_G.receptor_equations
    assert bs.Delta().receptor_equations is bs.Delta.receptor_equations


def test_delta_synapses_on_two_variables_of_one_cell():
    cell = bs.Population(1, bs.ShiuLIF(), name="cell")
    net = events([1.0], cell, 4.0)
    net.connect(net.populations["source"], cell, bs.AllToAll(), weight=2.0, delay=1.0, synapse=bs.Delta())
    (v, g), _ = recorded(net, cell, 2.0, "v", "g")
    assert (v[10, 0], g[10, 0]) == pytest.approx((-50.0, 4.0), abs=1e-12)


def test_a_subclass_may_say_on_what_it_acts():
    kind = type("OnG", (bs.Delta,), {"arrival": "g = g + 2*w"})
    values, _ = run(bs.ShiuLIF(), 2.0, events=(kind(), 3.0, 1.0))
    assert values["g"][10, 0] == 6.0


@pytest.mark.parametrize(
    ("mistake", "error", "said"),
    [
        (lambda: bs.Delta(variable="two words"), TypeError, "Delta.variable: must be the name of a variable of the target"),
        (lambda: bs.Delta(variable=3), TypeError, r"Delta.variable: must be .* \(got 3\)"),
        (lambda: bs.Delta(tau=3.0), TypeError, "Delta: unknown parameter 'tau'"),
        (
            lambda: events([1.0], bs.Population(1, bs.LIF(), name="cells"), 1.0),
            ValueError,
            "a synapse adds to 'g', which these cells do not have",
        ),
        (
            lambda: events([1.0], bs.Population(1, bs.AdEx(), name="cells"), 1.0, bs.Delta(variable="w")),
            ValueError,
            "'w' is not a variable|a synapse adds to 'w'",
        ),
    ],
)
def test_mistakes(mistake, error, said):
    with pytest.raises(error, match=said):
        mistake()
