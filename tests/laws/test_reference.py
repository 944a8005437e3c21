"""Stored spikes and voltages of NEST 3.10 and Brian2 2.9: linear cells must give every spike, and v to 1e-9 mV."""

import json
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.resting import every_cell_is_visited, every_cell_may_rest

DATA = Path(bs.testing.__file__).parent / "data"
LINEAR = ["lif_dc_350", "lif_dc_500", "lif_dc_900", "lif_delta", "lif_exp", "lif_exp_equal_tau", "lif_alpha"]
CONDUCTANCE = ["lif_cond_exp", "lif_cond_alpha"]
CURRENT_SYNAPSES = {
    "iaf_psc_delta": lambda tau: bs.Delta(),
    "iaf_psc_exp": lambda tau: bs.Exponential(tau=tau),
    "iaf_psc_alpha": lambda tau: bs.Alpha(tau=tau),
}
CONDUCTANCES = {"iaf_cond_exp": bs.ExponentialConductance, "iaf_cond_alpha": bs.AlphaConductance}


class Izhikevich(bs.Neuron):
    """As a user would write it; Izhikevich (2003), doi:10.1109/TNN.2003.820440."""

    equations = """
        dv/dt = 0.04*v**2 + 5*v + 140 - u + I
        du/dt = a*(b*v - u)
    """
    dimensions = False
    threshold = "v >= 30"
    reset = "v = c; u = u + d"
    method = "euler"
    a: float = bs.parameter(0.02, "1/ms", "rate of recovery")
    b: float = bs.parameter(0.2, "1/ms", "coupling of recovery to v")
    c: float = bs.parameter(-65.0, "mV", "reset potential")
    d: float = bs.parameter(8.0, "mV/ms", "jump of recovery")
    v: float = bs.initial(-65.0, "mV", "membrane potential")
    u: float = bs.initial(-13.0, "mV/ms", "recovery")


def read(name):
    return json.loads((DATA / f"{name}.json").read_text())


def lif(p):
    """NEST's parameters as a LIF: a conductance model has g_L in place of tau_m."""
    tau_m = p["tau_m"] if "tau_m" in p else p["C_m"] / p["g_L"]
    return bs.LIF(tau_m=tau_m, c_m=p["C_m"], v_rest=p["E_L"], v_th=p["V_th"], v_reset=p["V_reset"], t_ref=p["t_ref"])


def receptor(case, sign):
    """The synapse of positive (+1) or negative (-1) weights."""
    p, tau = case["params"], case["params"].get("tau_syn_ex" if sign > 0 else "tau_syn_in")
    if case["model"] in CURRENT_SYNAPSES:
        return CURRENT_SYNAPSES[case["model"]](tau)
    return CONDUCTANCES[case["model"]](tau=tau, e_rev=p["E_ex" if sign > 0 else "E_in"])


def simulate(case, model):
    p = case["params"]
    initial = {"v": p["V_m"]} | ({"u": p["U_m"]} if "U_m" in p else {})
    cell = bs.Population(1, model, name="cell", initial=initial)
    net = bs.Network(seed=1)
    net.add(cell)
    if case["i_e"]:
        net.stimulate(cell, bs.CurrentInput(case["i_e"]))
    if case["input"]:
        # one source for each input spike, so that each has its own weight and delay
        time, weight, delay = np.array(sorted(case["input"])).T
        source = bs.Population(time.size, bs.SpikeTrains(time, np.arange(time.size)), name="source")
        for sign in (1, -1):
            of_sign = np.flatnonzero(weight * sign > 0)
            if of_sign.size:
                conductance = case["model"] in CONDUCTANCES
                rule = bs.FromArrays(of_sign, np.zeros(of_sign.size, int))
                net.connect(
                    source,
                    cell,
                    rule,
                    weight=np.abs(weight[of_sign]) if conductance else weight[of_sign],
                    delay=delay[of_sign],
                    synapse=receptor(case, sign),
                )
    return bs.simulate(net, case["duration"], dt=case["dt"], seed=1, record=bs.Trace(cell, "v"))


def difference_in_v(case, result):
    trace = result.traces["cell", "v"]
    steps = np.rint(np.array(case["v_t"]) / case["dt"]).astype(int)
    assert np.allclose(trace.times[steps], case["v_t"], rtol=0, atol=1e-9)
    return np.abs(trace.values[steps, 0] - np.array(case["v"])).max()


@pytest.mark.parametrize("name", LINEAR)
def test_linear_cells_give_every_spike_and_voltage(name):
    case = read(name)
    result = simulate(case, lif(case["params"]))
    assert result.stats["methods"]["cell"] == "exact"
    assert len(case["spikes"]) > 0
    assert np.array_equal(result.spikes["cell"].times, case["spikes"])
    assert difference_in_v(case, result) < 1e-9


@pytest.mark.parametrize("name", CONDUCTANCE)
@pytest.mark.parametrize(("suffix", "limit"), [("", 0.2), ("_dt001", 0.02)])
def test_conductance_cells_come_near_the_true_solution(name, suffix, limit):
    case = read(name + suffix)
    result = simulate(case, lif(case["params"]))
    times = result.spikes["cell"].times
    assert times.size == len(case["spikes"])
    # a billionth of a ms for differences of decimal numbers
    assert np.abs(times - np.array(case["spikes"])).max() <= limit + 1e-9


@pytest.mark.parametrize("name", ["izhikevich_dc_10", "izhikevich_dc_15"])
def test_a_users_izhikevich_cell_gives_every_spike(name):
    case = read(name)
    result = simulate(case, Izhikevich(**{key: case["params"][key] for key in "abcd"}))
    assert result.stats["methods"]["cell"] == "euler"
    assert np.array_equal(result.spikes["cell"].times, case["spikes"])
    # the same sums in another order: what rounding makes of it, 1e-16 relative, grows while the spikes rise
    assert difference_in_v(case, result) < 1e-6


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.usefixtures("more_partitions")
def test_two_hundred_recurrent_cells_give_all_spikes(threads):
    with np.load(DATA / "net_exp_200.npz") as file:
        case = dict(file)
    p = json.loads(str(case["params"]))
    n = case["v0"].size
    cells = bs.Population(n, lif(p), name="cells", initial={"v": case["v0"]})
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(case["i_e"]))
    for sign, tau in ((1, p["tau_syn_ex"]), (-1, p["tau_syn_in"])):
        chosen = case["weight"] * sign > 0
        rule = bs.FromArrays(case["source"][chosen], case["target"][chosen])
        net.connect(
            cells, cells, rule, weight=case["weight"][chosen], delay=case["delay"][chosen], synapse=bs.Exponential(tau=tau)
        )
    result = bs.simulate(net, float(case["duration"]), dt=float(case["dt"]), seed=1, threads=threads)
    spikes = result.spikes["cells"]
    assert case["spike_times"].size == 2200
    order = np.lexsort((case["spike_ids"], case["spike_times"]))
    assert np.array_equal(spikes.times, case["spike_times"][order])
    assert np.array_equal(spikes.ids, case["spike_ids"][order])


@pytest.mark.thorough_but("visited")
@pytest.mark.usefixtures("more_partitions")
@pytest.mark.parametrize("may_rest", [every_cell_is_visited, every_cell_may_rest])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_every_spike_of_brian2_in_cells_that_discard_events(threads, may_rest, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    import brains

    with np.load(DATA / "shiu_120.npz") as stored:
        arrays = dict(stored)
    expected = arrays.pop("spikes")
    brain = brains.Brain(**{name: int(a) if a.ndim == 0 else a for name, a in arrays.items()})
    from brainsim.features.resting.operator import Resting

    rested, take_over = [], Resting.take_over
    monkeypatch.setattr(Resting, "take_over", lambda self, rows: rested.append(self.on) or take_over(self, rows))
    with may_rest():
        spikes, *_ = brains.in_brainsim(brain, threads, 400.0)
    assert any(rested) == (may_rest is every_cell_may_rest)
    assert brains.difference(spikes, expected, brain.n) == ""
    assert np.sum(expected % brain.n < brain.first) > 2000
