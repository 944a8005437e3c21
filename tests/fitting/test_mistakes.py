"""Mistakes are told before anything runs, with what came, what is allowed and what to type."""

import sys

import numpy as np
import pytest

import brainsim as bs

CURRENT, SPIKES = np.full(4000, 300.0), np.array([20.0, 90.0, 150.0, 310.0])
V = np.full(4000, -65.0)
FREE = {"tau_m": (5.0, 30.0)}
MISTAKES = {
    "lengths": ({"v": V[:3000], "spikes": None}, r"fit.v: must have as many samples as its current, 4,000 \(got 3,000\)"),
    "order of bounds": ({"free": {"tau_m": (30.0, 5.0)}}, r"lower bound must be below .*got 30 and 5\); write \(5, 30\)"),
    "unknown parameter": ({"free": {"tau": (1.0, 2.0)}}, r"fit.free: LIF has no parameter 'tau'"),
    "no spikes": ({"spikes": []}, r"fit.spikes: there is no spike to fit"),
    "none that is fitted": ({"spikes": [310.0]}, r"recording 0 has no spike between 0 and 200 ms.*skip= or hold_out="),
    "volts": ({"v": V / 1000, "spikes": None}, r"fit.v: must be in mV \(got values from -0.065.*write 1000\*v"),
    "seconds": ({"spikes": SPIKES / 1000}, r"fit.spikes: must be in ms .*look like seconds\); write 1000\*times"),
    "after the end": ({"spikes": [20.0, 500.0]}, r"from 0 to the end of the current at 400 ms \(got 20 to 500\)"),
    "nothing recorded": ({"spikes": None}, r"give what was recorded, spikes= .* or v="),
    "a bound of the model": ({"free": {"tau_m": (-5.0, 30.0)}}, r"a bound is not allowed: LIF.tau_m: must be > 0"),
    "a logarithm": ({"free": {"v_th": (-55.0, -40.0, "log")}}, r"bounds must be > 0 for a search by the logarithm"),
    "three numbers": ({"free": {"tau_m": (1.0, 2.0, 3.0)}}, r"must be \(lower, upper\)"),
    "tied and free": ({"tied": {"tau_m": "2*c_m"}}, r"'tau_m' is free as well"),
    "tied to nothing": ({"tied": {"c_m": "2*scale"}}, r"'scale' is neither free nor a parameter of LIF"),
    "a text": ({"tied": {"c_m": "2*"}}, r"'2\*' is not an expression"),
    "one repeat": ({"loss": "md"}, r"'md' needs two repeats"),
    "no potential": ({"loss": "trace"}, r"'trace' compares potentials; give v="),
    "slopes": ({"loss": "gamma", "method": "gradient"}, r"'gradient' needs a smooth loss"),
    "loss": ({"loss": "gama"}, r"fit.loss: .*'gama'.*did you mean 'gamma'"),
    "a threshold": ({"model": bs.AdEx(), "free": {"a": (0.0, 8.0)}, "loss": "likelihood"}, r"reset at 'v >= v_th'.*AdEx"),
    "recordings": ({"current": [CURRENT, CURRENT]}, r"an entry for each of the 2 currents \(got 4\)"),
    "skip": ({"skip": 300.0}, r"fit.skip: must be below 200 ms"),
    "all held out": ({"hold_out": 1.0}, r"fit.hold_out: must be a fraction below 1"),
    "points": ({"method": "grid", "points": 10**7}, r"10000000\^1 points are too many"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_said(name, monkeypatch):
    monkeypatch.setattr(bs, "simulate", None)  # nothing runs
    given, message = MISTAKES[name]
    arguments = {"model": bs.LIF(), "current": CURRENT, "spikes": SPIKES, "free": FREE} | given
    with pytest.raises(ValueError, match=message):
        bs.fit(arguments.pop("model"), **arguments)


def test_types(monkeypatch):
    monkeypatch.setattr(bs, "simulate", None)
    with pytest.raises(TypeError, match=r"fit.model: must be a neuron .*write LIF\(\)"):
        bs.fit(bs.LIF, current=CURRENT, spikes=SPIKES, free=FREE)
    with pytest.raises(TypeError, match=r"fit.free: must be a dict"):
        bs.fit(bs.LIF(), current=CURRENT, spikes=SPIKES, free=["tau_m"])


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "cmaes", None)
    with pytest.raises(ImportError, match=r"fit.method: 'search': needs cmaes; pip install cmaes"):
        bs.fit(bs.LIF(), current=CURRENT, spikes=SPIKES, free=FREE)
