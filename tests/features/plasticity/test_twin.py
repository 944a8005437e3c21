"""The slow twin of plasticity against numbers that come from elsewhere: NEST, printed tables, formulas, counting by hand."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.plasticity.plastic_networks import differences, replayed
from tests.helpers.plasticity.plastic_rules import pair_rule, short_term
from tests.helpers.plasticity.plastic_twin import Rule, Synapse

DATA = Path(__file__).parents[2] / "data"
DT = 0.1


def steps(times):
    return np.rint(np.asarray(times, float) / DT).astype(int).tolist()


def change(rule, pre, post, w=0.0, **delays):
    """Return by how much w has changed after spikes at times [ms]; delays in steps."""
    synapse = Synapse(rule, w, dt=DT, **delays)
    synapse.run(steps(pre), steps(post), 10**9)
    return synapse.values["w"] - w


def amplitudes(rule, pre, post=(), w=1.0, **delays):
    synapse = Synapse(rule, w, dt=DT, **delays)
    synapse.run(steps(pre), steps(post), 10**9)
    return np.array([amplitude for _, amplitude in synapse.delivered])


# -- NEST ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["stdp_additive", "stdp_multiplicative"])
def test_weights_of_nest(name):
    """NEST counts the whole delay as dendritic; its weight is that of the last presynaptic spike."""
    case = json.loads((DATA / f"{name}.json").read_text())
    p = case["params"]
    rule = pair_rule(
        "lam*W*(1 - w/W)**mu_plus",
        "alpha*lam*W*(w/W)**mu_minus",
        bounds=("0", "W"),
        lam=p["lambda"],
        W=p["Wmax"],
        **{key: p[key] for key in ("alpha", "mu_plus", "mu_minus", "tau_plus")},
    )
    # NEST sends a listed spike one step late
    pre, post = (np.array(steps(case[end])) + 1 for end in ("pre", "post"))
    synapse = Synapse(rule, case["w0"], dt=DT, dendritic=steps(case["delay"]))
    synapse.run(pre.tolist(), post.tolist(), 10**9)
    used = np.array([case["w0"], *(w for _, w in synapse.delivered)])
    for time, weight in case["weight_t"]:
        assert abs(used[np.searchsorted(pre, steps(time), side="right")] - weight) < 1e-12


def test_potentials_of_nest_with_short_term_depression():
    case = json.loads((DATA / "tsodyks_markram.json").read_text())
    p, cell = case["params"], case["cell"]
    pre = np.array(case["pre"]) + DT
    released = amplitudes(short_term(p["U"], p["tau_rec"], p["tau_fac"]), pre, w=case["weight"])
    tau, tau_m, t = cell["tau_syn"], cell["tau_m"], np.array(case["v_t"])
    v = np.zeros_like(t)
    for time, amplitude in zip(pre + case["delay"], released, strict=True):
        age = np.maximum(t - time, 0.0)
        v += amplitude / cell["C_m"] * (np.exp(-age / tau_m) - np.exp(-age / tau)) / (1 / tau - 1 / tau_m)
    assert np.abs(v - case["v"]).max() < 1e-12


@pytest.mark.parametrize("delays", [{}, {"axonal": 3}, {"dendritic": 4}, {"axonal": 2, "dendritic": 5}])
def test_the_sum_over_all_pairs_of_random_spikes(delays):
    """An additive rule without bounds is a sum over pairs; those of lag 0 do not count, and there are many."""
    rng, rule = np.random.default_rng(1), pair_rule("0.7", "0.3", tau_minus=33.0)
    for _ in range(30):
        pre, post = (np.sort(rng.choice(200, rng.integers(1, 60), replace=False)) for _ in range(2))
        lag = (post[None] + delays.get("dendritic", 0) - pre[:, None] - delays.get("axonal", 0)) * DT
        expected = 0.7 * np.exp(-lag[lag > 0] / 20.0).sum() - 0.3 * np.exp(lag[lag < 0] / 33.0).sum()
        assert abs(change(rule, pre * DT, post * DT, 5.0, **delays) - expected) < 1e-12 * 10


# -- the synapse itself ----------------------------------------------------------------------------------------------------


def test_spikes_at_one_time():
    rule, e = pair_rule("0.7", "0.3"), np.exp(-0.5)
    assert change(rule, [10.0], [10.0]) == 0.0
    # both pair with what was before
    assert abs(change(rule, [0.0, 10.0], [10.0]) - 0.7 * e) < 1e-15
    assert abs(change(rule, [10.0], [0.0, 10.0]) + 0.3 * e) < 1e-15
    # and later ones with both
    assert abs(change(rule, [10.0, 20.0], [10.0, 20.0]) - 0.4 * e) < 1e-15
    # what is sent has heard of the older postsynaptic spike, not of this one
    np.testing.assert_allclose(amplitudes(rule, [0.0, 10.0], [5.0, 10.0]), [1.0, 1 + 0.4 * e**0.5], rtol=1e-15)


def test_spikes_of_one_cell_at_one_time():
    rule = pair_rule("0.7", "0.3")
    assert abs(change(rule, [10.0, 10.0], [20.0]) - 1.4 * np.exp(-0.5)) < 1e-15
    assert change(rule, [10.0, 10.0], [10.0]) == 0.0


def test_a_delay_shifts_the_pair():
    rule = pair_rule("0.7", "0.3")
    assert change(rule, [10.0], [12.0], axonal=20) == 0.0
    assert change(rule, [12.0], [10.0], dendritic=20) == 0.0
    assert abs(change(rule, [10.0], [15.0], axonal=20, dendritic=10) - 0.7 * np.exp(-0.2)) < 1e-15
    synapse = Synapse(rule, 1.0, dt=DT, axonal=20, dendritic=10)
    synapse.run([100], [], 10**9)
    assert synapse.delivered == [(130, 1.0)]


def test_the_weight_stays_within_bounds_after_each_assignment():
    rule = Rule(on_pre="w = w + 5; w = w - 1", on_post="w -= 9", bounds=("0", "top"), parameters={"top": 2.0})
    assert change(rule, [1.0], [], w=0.5) == 0.5
    assert change(rule, [], [1.0], w=0.5) == -0.5


def test_a_run_in_pieces_and_without_learning():
    rule, (pre, post) = pair_rule("0.7", "0.3"), (steps([1, 5, 9, 14]), steps([3, 7, 9, 12]))
    whole, cut = Synapse(rule, 1.0, dt=DT), Synapse(rule, 1.0, dt=DT)
    whole.run(pre, post, 200)
    for until in (0, 10, 69, 70, 90, 200):
        cut.run(pre, post, until)
    assert cut.delivered == whole.delivered
    assert abs(cut.values["w"] - whole.values["w"]) < 1e-15
    frozen = Synapse(rule, 1.0, dt=DT)
    frozen.learning = False
    frozen.run(pre, post, 130)
    assert frozen.values["w"] == 1.0
    frozen.learning = True
    frozen.run(pre, post, 200)
    assert abs(frozen.values["w"] - 1.0 + 0.3 * sum(np.exp(-(14 - np.array([3, 7, 9, 12])) / 20.0))) < 1e-15


def test_initial_values_relax_from_the_start_of_the_cell():
    rule = Rule(
        equations="dx/dt = (2 - x)/tau; dz/dt = -z/tau",
        on_pre="w = w + z; x = x + 1",
        on_post="w = w + x; z = z + 1",
        parameters={"tau": 10.0},
        initials={"x": "tau/2", "z": 0.5},
    )
    assert abs(change(rule, [], [4.0]) - (2 + 3 * np.exp(-0.4))) < 1e-14
    assert abs(change(rule, [], [4.0], axonal=10) - (2 + 3 * np.exp(-0.3))) < 1e-14
    assert abs(change(rule, [4.0], [], axonal=10) - 0.5 * np.exp(-0.5)) < 1e-14
    assert abs(change(rule, [4.0], [], dendritic=10) - 0.5 * np.exp(-0.3)) < 1e-14


# -- a network -------------------------------------------------------------------------------------------------------------


def test_each_synapse_of_a_run_is_replayed():
    """A static network of views in another order, with the weights that the sum over pairs gives."""
    a, b = bs.Population(9, bs.Poisson(rate=100.0), name="a"), bs.Population(7, bs.LIF(), name="b")
    net = bs.Network(seed=1)
    pre, post, delta = a[::-1] + b[2:6], b[[3, 1, 5, 0]], bs.Delta()
    loop = net.connect(pre, post, bs.FixedTotal(60), weight=bs.Uniform(0, 1), delay=bs.Uniform(0.5, 3.0), synapse=delta)
    net.stimulate(b, bs.PoissonInput(rate=8000.0, weight=0.4, synapse=delta))
    sim = bs.Simulation(net, seed=2)
    before, result = sim.synapses(loop), sim.run(300.0)
    ends = [[("a", 8 - k) for k in range(9)] + [("b", k) for k in range(2, 6)], [("b", k) for k in (3, 1, 5, 0)]]

    def at_synapse(end, k, delay):
        """Return when the spikes of a cell are there, of those that the target can have heard of at the end [ms]."""
        name, cell = ends[end][k]
        spikes = result.spikes[name]
        times = np.round(spikes.times[spikes.ids == cell] + delay, 1)
        # the last move has taken what comes a step later
        return times[times < (299.85 if end else 299.95)]

    weights = before.weight.copy()
    for k in range(len(before)):
        x, y = at_synapse(0, before.pre[k], before.delay[k] - 0.2), at_synapse(1, before.post[k], 0.2)
        lag = np.round(y[None] - x[:, None], 1)
        weights[k] += 0.7 * np.exp(-lag[lag > 0] / 20.0).sum() - 0.3 * np.exp(lag[lag < 0] / 20.0).sum()
    after, projection = (
        replace(before, weight=weights),
        SimpleNamespace(pre=pre, post=post, dendritic_delay=0.2, synapse=delta),
    )
    assert len(result.spikes["b"]) > 20
    assert np.abs(after.weight - before.weight).max() > 1.0
    rule = pair_rule("0.7", "0.3")
    assert differences(projection, result, before, after, rule=rule)["w"] < 1e-14
    changes = [(100.0, {"learning": False}), (200.0, {"learning": True, "w": np.arange(60.0)}), (300.0, {"w": 2.0})]
    twins = replayed(projection, result, before, range(60), rule=rule, changes=changes, parameters={})
    assert {twin.values["w"] for twin in twins} == {2.0}
    assert differences(projection, result, before, after, rule=rule, changes=changes[:2])["w"] > 0.1
