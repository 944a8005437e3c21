"""precision="single": state and arithmetic in float32, the same statistics; the random networks run in it too."""

import re
import warnings

import numpy as np
import pytest

import brainsim as bs
from brainsim.commands import cli
from brainsim.examples import cuba


def test_rates_are_those_of_double_precision():
    net, _ = cuba.build()
    single, double = (bs.simulate(net, 1000.0, seed=2, precision=p).spikes["cells"] for p in ("single", "double"))
    assert single != double  # the network amplifies the last digits
    # two runs of 1 s from other seeds differ by 2 % (5.6 +- 0.1 Hz)
    assert abs(single.rate() / double.rate() - 1) < 0.08
    assert abs(single.cv(least=3) - double.cv(least=3)) < 0.05


def test_a_cell_that_decays_follows_to_seven_digits():
    cells = bs.Population(3, bs.LIF(v_rest=0.0, v_reset=0.0, v_th=50.0), name="cells", initial={"v": [1.0, 5.0, 10.0]})
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput([0.0, 50.0, 100.0]))
    single, double = (
        bs.simulate(net, 20.0, record=[bs.Trace(cells, "v")], precision=p).traces["cells", "v"].values
        for p in ("single", "double")
    )
    assert single.dtype == double.dtype == np.float64
    assert 0.0 < np.abs(single / double - 1).max() < 200 * 2.0**-24


@pytest.mark.parametrize("rate", [2000.0, 200_000.0, "each"])
def test_poisson_inputs_of_every_kind(rate):
    cells = bs.Population(200, bs.LIF(v_th=1e6), name="cells")
    rates = np.linspace(1000.0, 3000.0, 200) if rate == "each" else rate
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.PoissonInput(rate=rates, weight=0.25, synapse=bs.Delta()))
    states = [bs.simulate(net, 100.0, seed=2, precision=p).state for p in ("single", "double")]
    single, double = (state.variables["cells"]["v"] for state in states)
    # the same events, since random numbers do not depend on the precision
    assert np.allclose(single, double, rtol=1e-4)


def test_a_state_goes_on_in_its_own_precision():
    net, _ = cuba.build(n=500)
    first = bs.simulate(net, 50.0, seed=2, precision="single")
    with pytest.raises(ValueError, match=r"simulate.precision: the state was saved in single precision"):
        bs.simulate(net, 50.0, state=first.state)


@pytest.mark.parametrize("other", ["float32", ["single"]])
def test_another_word_is_refused(other):
    net, _ = cuba.build(n=500)
    message = f"simulate.precision: must be 'double' or 'single' (got {other!r})"
    with pytest.raises(ValueError, match=re.escape(message)):
        bs.simulate(net, 10.0, precision=other)


@pytest.mark.parametrize("driven", [False, True], ids=["decay", "driven"])
@pytest.mark.parametrize("dt", [0.1, 0.01])
def test_long_time_constants_are_kept(dt, driven):
    tau, error = np.array([20.0, 50.0, 100.0, 200.0, 500.0, 1000.0]), {}
    for precision in ("single", "double"):
        model = bs.LIF(tau_m=tau, c_m=200.0)
        cells = bs.Population(tau.size, model, name="cells", initial={"v": -65.0 if driven else -55.0})
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.CurrentInput(driven * 10.0 * 200.0 / tau))  # towards -55 mV, or to rest
        with warnings.catch_warnings(action="ignore"):
            sim = bs.Simulation(net, dt=dt, seed=1, threads=1, precision=precision)
        error[precision] = [sim.run(length).state.variables["cells"]["v"].astype(float) for length in (200.0, 800.0)]
    on_the_way, late = np.abs(np.subtract(error["single"], error["double"]))
    # v is rounded to half the spacing of float32, 2**-17 mV, in each step of dt/tau of its way: there it stops at the end
    most = 2.0**-18 * (1.0 + tau / dt)
    assert (late < most).all()
    assert (on_the_way < 0.02 * most)[tau >= 200.0].all()  # before that, what is rounded up and down cancels


@pytest.mark.parametrize(
    ("tau", "dt", "v_rest", "warns"),
    [
        (1000.0, 0.1, -65.0, False),
        (1000.0, 0.01, -65.0, True),
        (20.0, 0.001, -65.0, True),
        (1000.0, 0.1, 0.0, False),
        (1000.0, 0.01, 0.0, False),
        ([20.0, 9000.0], 0.01, 0.0, True),
    ],
)
def test_a_step_that_is_too_small_is_named(tau, dt, v_rest, warns, recwarn):
    net = bs.Network(seed=1)
    net.add(bs.Population(2, bs.LIF(tau_m=tau, v_rest=v_rest, v_reset=v_rest, v_th=v_rest + 15.0), name="cells"))
    bs.Simulation(net, dt=dt, seed=1, threads=1)
    assert not recwarn.list
    bs.Simulation(net, dt=dt, seed=1, threads=1, precision="single")
    said = [str(warning.message) for warning in recwarn.list]
    assert len(said) == warns
    assert not warns or said[0].startswith(f"cells.v: a time constant of {np.max(tau) / dt:,.3g} steps is too long")


def test_the_command_line_takes_it_and_says_where_time_goes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = ["run", "cuba", "--duration", "50", "--threads", "1", "--no-plot", "--save", "a.npz"]
    assert cli.main([*run, "--precision", "single", "--profile"]) == 0
    stats = bs.Result.load("a.npz").stats
    assert stats["precision"] == "single"
    shown = capsys.readouterr().out.partition("profile\n")[2].splitlines()
    rows = [line.split() for line in shown if line.startswith("  ")]
    assert {row[0] for row in rows} == set(stats["profile"])
    seconds, shares = ([float(row[k]) for row in rows] for k in (1, 3))
    assert seconds == sorted(seconds, reverse=True)
    assert sum(seconds) == pytest.approx(sum(stats["profile"].values()), abs=1e-3)
    assert sum(shares) == pytest.approx(100.0, abs=3.0)
    assert cli.main([*run, "--overwrite"]) == 0
    assert bs.Result.load("a.npz").stats["precision"] == "double"
    assert "profile" not in capsys.readouterr().out
