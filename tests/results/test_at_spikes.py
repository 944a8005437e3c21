"""Values at spikes, and which cells a part of the spikes is of."""

import numpy as np
import pytest

import brainsim as bs


class Remembering(bs.LIF):
    """A LIF cell that remembers the potential at which it fired."""

    reset = "v_spike = v; v = v_reset"
    v_spike: float = bs.initial(0.0, "mV", "potential at the last spike")


def test_the_potential_before_the_reset_is_one_step_beyond_the_last_sample():
    cells = bs.Population(5, Remembering(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput([0.0, 300.0, 400.0, 500.0, 600.0]))
    result = bs.simulate(net, 100.0, seed=2, record=[bs.Trace(cells[::-1][:4], name) for name in ("v", "v_spike")])
    spikes = result.spikes["cells"]
    assert len(spikes) > 10
    fired = result.traces["cells", "v_spike"].at(spikes)
    before = result.traces["cells", "v"].at(spikes, shift=-0.1)
    lif = cells.model
    limit = lif.v_rest + np.array([0.0, 300.0, 400.0, 500.0, 600.0])[spikes.ids] * lif.tau_m / lif.c_m
    np.testing.assert_allclose(fired, limit + (before - limit) * np.exp(-0.1 / lif.tau_m), rtol=1e-12)
    assert (before < lif.v_th).all()
    assert (fired >= lif.v_th).all()
    assert set(result.traces["cells", "v"].at(spikes)) == {lif.v_reset}
    part, both = spikes.of([4, 2]), np.isin(spikes.ids, [4, 2])
    assert np.array_equal(result.traces["cells", "v_spike"].at(part), fired[both])


def test_without_a_sample_the_value_is_nan():
    traces = bs.Traces("cells", "v", "mV", [10.0, 12.0, 14.0], [3, 1], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    spikes = bs.Spikes([9.0, 10.0, 11.9, 13.0, 15.9, 16.0], [1, 1, 3, 2, 1, 1], 4, 20.0, name="cells")
    np.testing.assert_array_equal(traces.at(spikes), [np.nan, 2.0, 1.0, np.nan, 6.0, np.nan])
    np.testing.assert_array_equal(traces.at(spikes, shift=2.0), [2.0, 4.0, 3.0, np.nan, np.nan, np.nan])
    none = bs.Traces("cells", "v", "mV", [], [], np.empty((0, 0)))
    assert np.isnan(none.at(spikes)).all()
    assert traces.at(spikes.of([])).size == 0


def test_a_mean_is_that_of_all_cells():
    cells = bs.Population(5, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(400.0))
    result = bs.simulate(net, 50.0, seed=1, record=[bs.Trace(c, "v", reduce="mean") for c in (cells, cells[2:])])
    for key in (cells, cells[2:]):
        spikes, mean = result.spikes[key], result.traces[key, "mean(v)"]
        assert len(spikes) > 10
        np.testing.assert_array_equal(mean.at(spikes), mean.values[np.rint(spikes.times / 0.1).astype(int), 0])


def test_a_part_of_a_part_knows_its_cells():
    spikes = bs.Spikes([1.0, 2.0, 3.0, 4.0], [0, 1, 2, 3], 4, 5.0, name="cells")
    assert spikes.cells.tolist() == [0, 1, 2, 3]
    part = spikes.of([3, 1, 0]).between(1.5)
    assert (part.ids.tolist(), part.cells.tolist()) == ([1, 0], [3, 1, 0])
    assert part.of(slice(1, 3)).cells.tolist() == [1, 0]
    assert part.of(part.cells == 1).times.tolist() == [2.0]


def test_strokes_of_a_part_are_those_of_its_cells():
    import matplotlib.pyplot as plt

    traces = bs.Traces("cells", "v", "mV", np.arange(5.0), [3, 1], np.zeros((5, 2)))
    spikes = bs.Spikes([1.0, 2.0, 3.0, 4.0], [0, 1, 2, 3], 4, 5.0, name="cells")
    drawn = []
    for one in (spikes, spikes.of([3, 1]), spikes.of([1, 0, 3])):
        ax = bs.plot.trace(traces, spikes=one, ax=plt.figure().gca(), threshold=1.0)
        drawn.append([str(line.get_xydata()[:, 0]) for line in ax.lines])
    assert {"[4. 4. 4.]", "[2. 2. 2.]"} <= set(drawn[0])  # the strokes of cells 3 and 1
    assert drawn[0] == drawn[1] == drawn[2]


def test_mistakes():
    traces = bs.Traces("cells", "v", "mV", [1.0], [0], [[1.0]])
    with pytest.raises(TypeError, match=r'Traces.at.spikes: must be Spikes, such as result.spikes\["cells"\]'):
        traces.at([1.0])
    with pytest.raises(ValueError, match="are of 'others', and the traces of 'cells'"):
        traces.at(bs.Spikes([], [], 1, 1.0, name="others"))
