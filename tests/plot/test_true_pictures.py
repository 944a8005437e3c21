"""Pictures show what is in the data, all of it and no more: strokes, gaps, rows, headings, shades."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import brainsim as bs
from brainsim.plot.elements.styles import LUMA, PALETTE, shades
from brainsim.results.result import Result, Spikes, Traces


class Marked(bs.LIF):
    """A LIF cell that spikes without a reset of v, and remembers when."""

    reset = "last = t"
    t_ref: float = bs.parameter(5.0, "ms", "refractory time")
    last: float = bs.initial(0.0, "ms", "time of the last spike")


def ran(model, current, variables=("v",), duration=50.0, n=1):
    """Return the result of cells under a current."""
    cells = bs.Population(n, model, name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(current))
    return bs.simulate(net, duration, seed=1, record=[bs.Trace(cells, name) for name in variables], progress=False)


def strokes(ax):
    """Return the strokes of spikes in axes."""
    return [line for line in ax.lines if line.get_label() == "_spikes"]


class TestReset:
    """A spike is drawn as a stroke, and a trajectory is broken, only if a reset hides or makes a jump."""

    @pytest.mark.parametrize(("model", "current"), [(bs.HodgkinHuxley(), 1000.0), (Marked(), 400.0)])
    def test_without_a_reset_of_v_there_is_no_stroke(self, model, current):
        result = ran(model, current)
        assert len(result.spikes["cells"]) > 2
        ax = bs.plot.trace(result, ("cells", "v"))
        assert not strokes(ax)
        drawn = np.concatenate([line.get_ydata() for line in ax.lines if not line.is_dashed()])
        assert drawn.max() == result.traces["cells", "v"].values.max()
        assert not any(strokes(ax) for ax in bs.plot.overview(result).axes)
        response = bs.explore.step_response(model, current)
        assert len(response.spikes) > 2
        assert not strokes(response.plot(plt.figure().gca()))

    def test_with_a_reset_of_v_there_is_a_stroke_for_each_spike(self):
        result = ran(bs.LIF(), 400.0)
        (drawn,) = strokes(bs.plot.trace(result, ("cells", "v")))
        assert drawn.get_xdata()[::3].tolist() == result.spikes["cells"].times.tolist()

    def test_a_result_knows_what_a_spike_sets_anew(self, tmp_path):
        result = ran(bs.AdEx(), 800.0)
        assert result.resets == {"cells": ["v", "w"]}
        assert Result.load(result.save(tmp_path / "run.npz")).resets == result.resets
        assert ran(bs.HodgkinHuxley(), 0.0, duration=1.0).resets == {"cells": []}

    @pytest.mark.parametrize("model", [bs.FitzHughNagumo(), bs.MorrisLecar()])
    def test_a_trajectory_without_resets_has_no_gap(self, model):
        current = 0.5 if isinstance(model, bs.FitzHughNagumo) else 100.0
        plane = bs.explore.phase_plane(model, "v", "w", current=current, points=5, duration=400.0)
        assert plane.spikes.size > 1
        drawn = next(line for line in plane.plot(plt.figure().gca()).lines if line.get_label() == "trajectory")
        np.testing.assert_array_equal(np.transpose(drawn.get_data()), plane.trajectory)


def recorded(variables, cells=1):
    """Return a result with traces of several variables of cells."""
    times = np.arange(1.0, 11.0)
    traces = {
        ("a", f"x{k}"): Traces("a", f"x{k}", "mV", times, np.arange(cells), np.ones((10, cells)) * times[:, None])
        for k in range(variables)
    }
    return Result(spikes={}, duration=10.0, dt=0.1, seed=0, traces=traces)


class TestOverview:
    """Nothing is left out without a word."""

    def test_every_variable_has_a_row(self):
        figure = bs.plot.overview(ran(bs.HodgkinHuxley(), 1000.0, "vmhn"))
        assert [ax.get_ylabel() for ax in figure.axes[1:]] == ["v [mV]", "m", "h", "n"]

    def test_what_is_left_out_is_said_in_the_picture_and_in_a_warning(self):
        told = r"only the first 12 of 14 variables are drawn, without a\.x12, a\.x13; draw these with"
        with pytest.warns(UserWarning, match=told) as caught:
            figure = bs.plot.overview(recorded(14))
        assert caught[0].filename == __file__
        assert len(figure.axes) == 12
        assert figure.get_supxlabel() == "not drawn: a.x12, a.x13"

    def test_cells_left_out_are_said(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figure = bs.plot.overview(recorded(2, cells=50))
            assert [ax.get_title(loc="left") for ax in figure.axes][1] == "3 of 50 recorded cells"
            chosen = bs.plot.overview(recorded(2, cells=50), cells=[7])
            assert not chosen.axes[1].get_title(loc="left")

    def test_the_heading_is_of_the_window(self):
        """A clock of 100 Hz for half a second, then one of 20 Hz."""
        times = np.concatenate([np.arange(10.0, 501.0, 10.0), np.arange(550.0, 1001.0, 50.0)])
        spikes = Spikes(times, np.zeros(times.size, dtype=int), 1, 1000.0, name="clock")
        result = Result(spikes={"clock": spikes}, duration=1000.0, dt=0.1, seed=0)
        whole, late = (bs.plot.overview(result, window=window).axes[0] for window in (None, (500.0, 1000.0)))
        assert whole.get_title(loc="left").startswith("1 cell   60 Hz   CV 0.")
        assert whole.get_title(loc="right") == "1,000 ms"
        assert late.get_title(loc="left") == "1 cell   20 Hz", "ten spikes are too few for a CV"
        assert late.get_title(loc="right") == "500 to 1,000 ms of 1,000 ms"

    def test_the_heading_is_of_cells_not_of_what_only_sends(self):
        from brainsim.examples import coba

        network, traces = coba.build(n=400)
        result = bs.simulate(network, 100.0, seed=2, record=traces, progress=False)
        cells = result.spikes["cells"]
        told = bs.plot.overview(result).axes[0].get_title(loc="left")
        assert told == f"400 cells   {cells.rate():.3g} Hz   (without 50 sources)", "100 ms are too short for a CV"


def test_a_population_has_one_colour_in_pictures_of_the_network_and_of_its_result():
    """Even if sources come after cells in the network: the kernel that fires them comes first."""
    net = bs.Network(seed=1)
    first, cells, last = (
        bs.Population(3, model, name=name)
        for name, model in (("first", bs.Poisson(rate=50.0)), ("cells", bs.LIF()), ("last", bs.Poisson(rate=50.0)))
    )
    net.connect(first, cells, bs.AllToAll(), weight=0.1, delay=1.0, synapse=bs.Delta())
    net.add(last)
    result = bs.simulate(net, 20.0, seed=2, progress=False)
    assert list(result.populations) == list(result.spikes) == list(net.populations) == ["first", "cells", "last"]
    pictures = [bs.plot.connectivity(net), plt.figure() and bs.plot.raster(result)]
    of_network, of_result = ({t.get_text(): t.get_color() for t in ax.get_yticklabels()} for ax in pictures)
    assert of_network == of_result
    assert len({*of_result.values()}) == 3


def test_axes_that_share_time_name_it_once():
    result = ran(bs.LIF(), 400.0, n=2)
    _, axes = plt.subplots(3, sharex=True)
    bs.plot.raster(result, ax=axes[0])
    bs.plot.rate(result, ax=axes[1])
    bs.plot.trace(result, ("cells", "v"), ax=axes[2])
    assert [ax.get_xlabel() for ax in axes] == ["", "", "time [ms]"]
    assert bs.plot.raster(result, ax=plt.figure().gca()).get_xlabel() == "time [ms]"


@pytest.mark.parametrize("base", PALETTE)
def test_two_cells_of_a_family_can_be_told_apart(base):
    first, second = shades(base, 2)
    assert abs(to_rgb(first) @ LUMA - to_rgb(second) @ LUMA) > 0.15


def test_lines_that_coincide_are_both_seen():
    pair = [Spikes(np.arange(1.0, 100.0), np.zeros(99, dtype=int), 1, 100.0, name=name) for name in "ab"]
    below, above = bs.plot.rate(pair).lines
    assert below.get_linewidth() > above.get_linewidth() + 1.0
