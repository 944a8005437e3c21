"""Weights and potentials of NEST 3.10, stored in tests/data: one synapse each."""

import json
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.plasticity.kicked import Kicked
from tests.helpers.plasticity.learning_rules import Guetig, ShortTerm

DATA = Path(__file__).parents[2] / "data"
STEP = 0.1  # NEST sends a listed spike one step late


def read(name):
    return json.loads((DATA / f"{name}.json").read_text())


def own_rule(p):
    """NEST's rule as a text; tau_minus is 20 ms."""
    given = {name: p[name] for name in ("alpha", "mu_plus", "mu_minus")}
    return Guetig(tau_x=p["tau_plus"], tau_y=20.0, lam=p["lambda"], w_max=p["Wmax"], **given)


def built_in(p):
    """The built-in rule with jumps of lambda and alpha*lambda."""
    how = {0.0: "additive", 1.0: "multiplicative"}[p["mu_plus"]]
    jumps = {"a_plus": p["lambda"], "a_minus": p["alpha"] * p["lambda"], "w_max": p["Wmax"]}
    return bs.STDP(tau_plus=p["tau_plus"], tau_minus=20.0, weight_dependence=how, **jumps)


@pytest.mark.thorough_but("built_in")
@pytest.mark.parametrize("how", ["additive", "multiplicative"])
@pytest.mark.parametrize("rule", [own_rule, built_in])
def test_weights(how, rule):
    """NEST counts the whole delay as dendritic; its weight is that of the last presynaptic spike."""
    case = read(f"stdp_{how}")
    pre, post = (np.round(np.array(case[end]) + STEP, 1) for end in ("pre", "post"))
    given = {"weight": case["w0"], "delay": case["delay"], "dendritic_delay": "all"}
    pairs = Kicked(rule(case["params"]), [pre], [post], **given)
    # read when a spike arrives, so that no later spike of the target is in it
    used = [case["w0"], *(pairs.run_to(round(time + case["delay"], 1))[0] for time in pre)]
    assert pairs.fired_as_told()
    found = np.array(used)[np.searchsorted(pre, np.array(case["weight_t"])[:, 0] + 1e-6)]
    assert np.abs(found - np.array(case["weight_t"])[:, 1]).max() < 1e-9


@pytest.mark.parametrize("rule", [ShortTerm, bs.TsodyksMarkram])
def test_potentials_with_short_term_depression(rule):
    case = read("tsodyks_markram")
    p, cell = case["params"], case["cell"]
    lif = bs.LIF(tau_m=cell["tau_m"], c_m=cell["C_m"], v_rest=cell["E_L"], v_th=1e6)
    net = bs.Network(seed=1)
    source = bs.Population(1, bs.SpikeTrains(np.round(np.array(case["pre"]) + STEP, 1), np.zeros(len(case["pre"]), int)))
    target = bs.Population(1, lif, name="target", initial={"v": 0.0})
    net.connect(
        source,
        target,
        bs.OneToOne(),
        weight=case["weight"],
        delay=case["delay"],
        synapse=bs.Exponential(tau=cell["tau_syn"]),
        plasticity=rule(U=p["U"], tau_rec=p["tau_rec"], tau_fac=p["tau_fac"]),
    )
    trace = bs.simulate(net, case["duration"], dt=0.1, seed=1, record=bs.Trace(target, "v")).traces["target", "v"]
    steps = np.rint(np.array(case["v_t"]) / 0.1).astype(int)
    assert np.abs(trace.values[steps, 0] - case["v"]).max() < 1e-9
