"""Looking at single cells: rates in closed form, steps and ramps of a leaky cell."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from scipy.optimize import brentq

import brainsim as bs
from brainsim import explore
from brainsim.explore.fi_curve import _rate
from brainsim.explore.single_cells import ONSET, resting_state
from brainsim.models.catalogue import catalogue
from tests.helpers.equations.own_models import Adapting
from tests.helpers.mistakes import mistakes
from tests.helpers.pictures import drawn

LIF = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-65.0, v_th=-50.0, v_reset=-60.0, t_ref=2.0)


class Silent(bs.Neuron):
    equations = "dv/dt = (I/c - v)/tau"
    c: float = bs.parameter(10.0, "nS", "conductance", above=0.0)
    tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
    v: float = bs.initial(0.0, "mV", "potential")


class Started(bs.HodgkinHuxley):
    """Left as it starts, it would move by 25 mV before there is any current."""

    v: float = bs.initial(-40.0, "mV", "potential")


class TestFICurve:
    def test_of_a_lif_is_its_closed_form(self):
        """Spikes lie on the grid: the interval is the closed form rounded up to dt."""
        currents = np.array([0.0, 149.0, 151.0, 160.0, 250.0, 400.0])
        curve = explore.fi_curve(LIF, currents, duration=1500.0, dt=0.1)
        drive = currents[2:] * 20.0 / 200.0
        interval = 2.0 + np.ceil(20.0 * np.log((drive - 5.0) / (drive - 15.0)) / 0.1 - 1e-9) * 0.1
        assert curve.rates[:2].tolist() == [0.0, 0.0]
        assert curve.rates[2:] == pytest.approx(1000.0 / interval, rel=1e-9)
        assert curve.onset[2:] == pytest.approx(curve.rates[2:], rel=1e-9)
        assert curve.rheobase == 151.0

    def test_of_an_adapting_cell_begins_higher(self):
        curve = explore.fi_curve(Adapting(), [250.0, 400.0])
        assert np.all(curve.onset > 1.5 * curve.rates)
        assert np.all(curve.rates > 0.0)

    def test_trials_are_the_mean_of_noisy_cells(self):
        poisson = type(
            "Escape",
            (Silent,),
            {
                "threshold": "rand() < 0.001*I_0*exp(v/v_e)*dt",
                "reset": "",
                "I_0": bs.parameter(20.0, "Hz", "rate at 0 mV"),
                "v_e": bs.parameter(10.0, "mV", "steepness"),
            },
        )()
        curve = explore.fi_curve(poisson, [0.0, 100.0], trials=100, duration=600.0)
        expected = 20.0 * np.exp([0.0, 1.0])
        assert curve.result.spikes["cells"].n == 200
        assert np.all(np.abs(curve.rates - expected) < 4.0 * np.sqrt(expected / (0.4 * 100)))

    def test_a_cell_that_stops_has_the_rate_of_its_spikes(self):
        assert _rate(np.array([210.0, 220.0, 230.0]), 200.0, 1200.0, False) == 3.0
        assert _rate(np.array([210.0, 460.0, 710.0, 960.0]), 200.0, 1200.0, False) == 4.0
        assert _rate(np.array([]), 200.0, 1200.0, False) == 0.0
        bursts = np.array([210.0, 215.0, 710.0, 715.0])  # silent for many of the short intervals, but not of the longest
        assert _rate(bursts, 200.0, 1200.0, False) == pytest.approx(3000.0 / 505.0)

    def test_spikes_are_split_by_cell(self):
        random, n, fired = np.random.default_rng(1), 2_000, 10_000
        spikes = bs.Spikes(np.sort(random.uniform(0.0, 1000.0, fired)), random.integers(0, n - 1, fired), n, 1000.0)
        trains = spikes.per_cell()
        assert len(trains) == n
        for cell in (0, 1, n // 2, n - 2, n - 1):  # the last one is silent
            assert np.array_equal(trains[cell], spikes.times[spikes.ids == cell])

    def test_has_a_picture(self, ax):
        assert explore.fi_curve(LIF, [100.0, 200.0]).plot(ax) is ax
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("current [pA]", "rate [Hz]")
        assert len(ax.lines) == 1
        explore.fi_curve(Adapting(), [250.0, 400.0]).plot(ax)
        assert len(ax.lines) == 3  # that of the first intervals, too


class TestResponses:
    def test_step_charges_a_leaky_cell(self):
        response = explore.step_response(LIF, [-100.0, 100.0], onset=20.0, length=100.0, duration=200.0)
        t, sign = response.times, np.array([-1.0, 1.0])
        off, on = [0.0, 0.0], [-100.0, 100.0]
        assert response.current[[199, 200, 1199, 1200]].tolist() == [off, on, on, off]
        rise = 10.0 * (1.0 - np.exp(-(t - 20.0) / 20.0))
        fall = 10.0 * (1.0 - np.exp(-5.0)) * np.exp(-(t - 120.0) / 20.0)
        expected = np.where(t < 20.0, 0.0, np.where(t < 120.0, rise, fall))
        np.testing.assert_allclose(response["v"] + 65.0, expected[:, None] * sign, atol=1e-9)
        assert len(response.spikes) == 0

    def test_step_from_a_baseline(self):
        response = explore.step_response(LIF, 50.0, baseline=-100.0, onset=200.0, length=100.0)
        assert response["v"][2000, 0] == pytest.approx(-75.0, abs=1e-3)
        assert response.current[0, 0] == response.current[-1, 0] == -100.0

    def test_step_makes_a_cell_fire(self):
        response = explore.step_response(LIF, [140.0, 300.0])
        assert set(response.spikes.ids) == {1}
        first = 50.0 + 20.0 * np.log(30.0 / 15.0)
        assert response.spikes.times[0] == pytest.approx(first, abs=0.1)
        assert response.at_spikes.tolist() == [300.0] * len(response.spikes)

    def test_ramp_fires_at_the_rheobase_and_the_lag(self):
        """Under I = k*t the potential is R*k*(t - tau*(1 - exp(-t/tau))), and crosses 15 mV above rest."""
        ramp = explore.current_ramp(LIF, 290.0, duration=1000.0)  # crosses in the middle of a step
        assert ramp.current[0, 0] == pytest.approx(0.0145)
        assert ramp.current[-1, 0] == pytest.approx(290.0, abs=0.02)
        t = brentq(lambda t: 0.1 * 0.29 * (t - 20.0 * (1.0 - np.exp(-t / 20.0))) - 15.0, 100.0, 1000.0)
        assert ramp.spikes.times[0] == pytest.approx(np.ceil(10.0 * t) / 10.0, abs=1e-9)
        assert ramp.at_spikes[0] == pytest.approx(0.29 * t, abs=0.05)
        before = ramp.times < t - 0.2
        lag = ramp.times - 20.0 * (1.0 - np.exp(-ramp.times / 20.0))
        np.testing.assert_allclose((ramp["v"][:, 0] + 65.0)[before], 0.029 * lag[before], atol=1e-4)

    def test_ramp_down(self):
        ramp = explore.current_ramp(Silent(), 0.0, start=100.0, duration=100.0)
        assert ramp.current[0, 0] > ramp.current[-2, 0] > 0.0

    @pytest.mark.parametrize(("amplitude", "lanes"), [(300.0, 0), ([-100.0, 140.0, 300.0], 3)])
    def test_step_has_a_picture(self, ax, amplitude, lanes):
        response = explore.step_response(LIF, amplitude)
        assert response.plot(ax) is ax
        assert ax.get_xlabel() == "time [ms]"
        names = [label.get_text() for label in ax.get_yticklabels()]
        assert not lanes or names == ["-100 pA", "140 pA", "300 pA"]
        (above,) = [child for child in ax.child_axes if isinstance(child, Axes)]
        assert above.get_ylabel() == "I [pA]"
        assert len(above.lines) == np.size(amplitude)

    def test_pictures_of_other_variables(self, ax):
        response = explore.current_ramp(Adapting(), 300.0)
        response.plot(ax, variable="z")
        assert ax.get_ylabel() == "z [pA]"
        with pytest.raises(ValueError, match="plot: Adapting has no variable 'w'"):
            response.plot(ax, variable="w")
        with pytest.raises(ValueError, match="Response: Adapting has no variable 'w'"):
            response["w"]


@pytest.mark.thorough
class TestPortraits:
    def test_of_a_cell_has_its_other_variables_below(self):
        figure = explore.portrait(Adapting())
        labels = [ax.get_ylabel() for ax in figure.axes if ax.get_ylabel() != "I [pA]"]
        assert labels == ["v [mV]", "z [pA]", "m"]
        lines = {line.get_label(): line.get_ydata() for ax in figure.axes for line in ax.lines}
        assert np.ptp(lines["z"]) >= 30.0  # it fires
        assert len(lines["z"]) == 5201

    @pytest.mark.parametrize("model", [bs.RateUnit(), bs.Theta(), bs.EIF(), bs.ConnorStevens(), Started()])
    def test_of_a_cell_begins_at_rest(self, model):
        check_rest(explore.portrait(model))

    def test_of_a_cell_that_fires_by_itself_says_so(self):
        told = explore.portrait(bs.LIF(v_rest=-45.0)).get_suptitle()
        rate = 1000.0 / (2.0 + 20.0 * np.log(20.0 / 5.0))
        assert float(told.partition("fires at ")[2].split()[0]) == pytest.approx(rate, rel=0.08)  # of half a second
        assert "fires" not in explore.portrait(LIF).get_suptitle()
        assert "fires at" in explore.portrait(bs.TraubMiles()).get_suptitle()  # a pacemaker

    def test_of_a_cell_that_runs_away_starts_as_the_model_says(self):
        kind = type("Runs", (Silent,), {"equations": "dv/dt = v/tau + I/c/tau", "v": bs.initial(1.0, "mV", "potential")})
        assert resting_state(kind(tau=1.0), 0.1) == (None, 0.0)
        assert explore.portrait(kind(tau=20.0)).axes[0].lines[0].get_ydata()[0] >= 1.0

    def test_of_a_cell_that_does_not_fire(self):
        top = explore.portrait(Silent()).axes[0]
        assert top.lines[0].get_ydata().max() == pytest.approx(10.0, rel=1e-6)  # 100 pA over 10 nS

    def test_a_threshold_that_moves_is_drawn_as_it_moves(self):
        response = explore.step_response(bs.ALIF(), 400.0)
        ax = response.plot(plt.figure().gca())
        (drawn,) = [line for line in ax.lines if line.get_label() == "_threshold"]
        assert np.array_equal(drawn.get_ydata(), -50.0 + 1.7 * response["a"][:, 0])
        assert ax.get_ylim()[1] >= drawn.get_ydata().max()
        still = explore.step_response(LIF, 400.0).plot(plt.figure().gca())
        assert not [line for line in still.lines if line.get_label() == "_threshold"]

    def test_variables_of_one_unit_lie_together_unless_one_is_far_smaller(self):
        labels = [ax.get_ylabel() for ax in explore.portrait(bs.SFALIF()).axes]
        assert {"g_sfa [nS]", "g_rr [nS]"} <= set(labels)
        together = [ax for ax in explore.portrait(bs.GLIF3()).axes if ax.get_ylabel() == "[pA]"]
        assert [text.get_text() for text in together[0].get_legend().get_texts()] == ["i_1", "i_2"]

    def test_of_a_synapse_is_its_current_and_a_potential(self):
        currents, potential = explore.portrait(bs.ExponentialConductance(tau=5.0, e_rev=0.0)).axes
        (low, *_, high) = [line for line in currents.lines if line.get_label().startswith("at")]
        t, expected = low.get_xdata(), 5.0 * np.exp(-(low.get_xdata() - 10.0) / 5.0)
        after = t >= 10.0 - 1e-9
        np.testing.assert_allclose(low.get_ydata()[after], 80.0 * expected[after], rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(high.get_ydata()[after], -40.0 * expected[after], rtol=1e-6, atol=1e-9)
        assert potential.lines[0].get_ydata().max() > -64.0
        assert len(explore.portrait(bs.Delta()).axes) == 1
        assert len(explore.portrait(bs.Alpha()).axes[0].lines) == 2  # the same at each potential, and zero

    def test_of_a_source_tells_its_statistics(self):
        title = explore.portrait(bs.Poisson(rate=20.0)).axes[0].get_title(loc="left")
        assert title.startswith("Poisson: 20 cells, ")
        assert float(title.split()[3]) == pytest.approx(20.0, abs=1.0)
        assert float(title.split()[-1]) == pytest.approx(1.0, abs=0.06)

    @pytest.mark.slow
    @pytest.mark.parametrize("name", [n for n, kind in catalogue().items() if issubclass(kind, bs.Neuron | bs.Synapse)])
    def test_every_model_has_one(self, name):
        figure = explore.portrait(catalogue()[name]())
        assert name in (figure.get_suptitle() or figure.axes[0].get_title(loc="left"))
        assert all(drawn(ax) for ax in figure.axes)


def check_rest(figure):
    """Raise unless no variable in a portrait changes by a hundredth of what it goes through before the step at 20 ms."""
    lines = [line for ax in figure.axes for line in ax.lines if np.size(line.get_xdata()) > 100]
    assert lines
    for line in lines:
        time, values = line.get_data()
        assert np.ptp(values[time < ONSET]) <= 0.01 * np.ptp(values)


def test_texts_are_short():
    things = [explore.fi_curve(LIF, [200.0]), explore.step_response(LIF, 200.0), explore.current_ramp(LIF, 200.0)]
    assert all(len(repr(thing)) < 150 and "\n" not in repr(thing) for thing in things)


curve, step, ramp, portrait = explore.fi_curve, explore.step_response, explore.current_ramp, explore.portrait

test_mistakes = mistakes(
    (lambda: curve(bs.LIF, [1.0]), TypeError, "fi_curve.model: LIF is a class; write LIF()"),
    (lambda: curve(3, [1.0]), TypeError, "fi_curve.model: must be a neuron such as bs.LIF() (got 3)"),
    (lambda: curve(bs.Poisson(), [1.0]), ValueError, "fi_curve: Poisson has no current I in its equations"),
    (lambda: curve(Silent(), [1.0]), ValueError, "Silent has no threshold, so it does not fire; see step_response"),
    (lambda: curve(bs.LIF(tau_m=[10.0, 20.0]), [1.0]), ValueError, "fi_curve: LIF.tau_m must be one number"),
    (lambda: curve(bs.LIF(), [[1.0]]), ValueError, "fi_curve.currents: must be one current or a list of them"),
    (lambda: curve(bs.LIF(), ["x"]), TypeError, "fi_curve.currents: must be a number"),
    (lambda: curve(LIF, [1.0], duration=100.0), ValueError, "fi_curve.settle: must be shorter than the duration of 100 ms"),
    (lambda: step(bs.Poisson(), 100.0), ValueError, "step_response: Poisson has no current I in its equations"),
    (lambda: ramp(bs.LIF(v_th=bs.Normal(-50.0, 1.0)), 100.0), ValueError, "current_ramp: LIF.v_th must be one number"),
    (lambda: step(LIF, 100.0, length=0.0), ValueError, "step_response.length: must be > 0 ms"),
    (lambda: portrait(3), TypeError, "portrait.model: must be a neuron such as"),
    (lambda: portrait(bs.LIF(tau_m=[10.0, 20.0])), ValueError, "portrait: LIF.tau_m must be one number"),
    (lambda: portrait(bs.Exponential(tau=[1.0, 2.0])), ValueError, "portrait: Exponential.tau must be one number"),
)
