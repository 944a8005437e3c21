"""The built-in rules of plasticity and their base: what the slow twin makes of their texts, against formulas and tables."""

import copy
import itertools
import pickle

import numpy as np
import pytest

import brainsim as bs
from brainsim.equations.expressions.grammar import EquationError
from brainsim.features.plasticity.models.pair import PAIRING, WEIGHT_DEPENDENCE
from brainsim.features.plasticity.models.triplet import SETS
from tests.helpers.plasticity.plastic_twin import Synapse, rule_of

DT = 0.1


def replayed(plasticity, pre, post, w=0.4, **delays):
    """Return a twin that has seen spikes at these times [ms]."""
    synapse = Synapse(rule_of(plasticity), w, dt=DT, **delays)
    pre, post = (np.rint(np.atleast_1d(times) / DT).astype(int).tolist() for times in (pre, post))
    synapse.run(pre, post, 10**9)
    return synapse


def change(plasticity, pre, post, w=0.4):
    return replayed(plasticity, pre, post, w).values["w"] - w


def amplitudes(plasticity, pre, w=1.0):
    return np.array([amplitude for _, amplitude in replayed(plasticity, pre, [], w).delivered])


# weight dependence -> f_plus and f_minus at w
CHANGES = {
    "additive": lambda p, w: (p.a_plus * p.w_max, p.a_minus * p.w_max),
    "multiplicative": lambda p, w: (p.a_plus * (p.w_max - w), p.a_minus * w),
    "gutig": lambda p, w: (p.a_plus * p.w_max * (1 - w / p.w_max) ** p.mu, p.a_minus * p.w_max * (w / p.w_max) ** p.mu),
    "van_rossum": lambda p, w: (p.a_plus * p.w_0, p.a_minus * w),
    "power_law": lambda p, w: (p.a_plus * p.w_0 * (w / p.w_0) ** p.mu, p.a_minus * w),
}


class TestPairs:
    @pytest.mark.parametrize("dependence", WEIGHT_DEPENDENCE)
    @pytest.mark.parametrize("pairing", PAIRING)
    @pytest.mark.parametrize("lag", [-50.0, -10.0, -0.1, 0.0, 0.1, 7.3, 50.0])
    def test_window(self, dependence, pairing, lag):
        rule = bs.STDP(weight_dependence=dependence, pairing=pairing, tau_minus=33.0, w_max=2.0, mu=0.3, w_0=0.5)
        up, down = CHANGES[dependence](rule, 0.4)
        expected = np.sign(lag) * (up if lag > 0 else down) * np.exp(-abs(lag) / (20.0 if lag > 0 else 33.0))
        assert abs(change(rule, 100.0, 100.0 + lag) - expected) < 1e-12

    # pre and post -> lags that count, of post after pre and of pre after post
    @pytest.mark.parametrize(
        ("pairing", "pre", "post", "up", "down"),
        [
            ("all", [0, 10, 30], [5, 20, 22], [5, 20, 22, 10, 12], [5, 25, 10, 8]),
            ("nearest", [0, 10, 30], [5, 20, 22], [5, 10, 12], [5, 8]),
            ("presynaptic", [0, 10, 30], [5, 20, 22], [5, 10], [5, 8]),
            ("reduced", [0, 10, 30], [5, 20, 22], [5, 10], [5, 8]),
            ("all", [0, 2, 10], [5, 12, 14], [5, 12, 14, 3, 10, 12, 2, 4], [5]),
            ("nearest", [0, 2, 10], [5, 12, 14], [3, 2, 4], [5]),
            ("presynaptic", [0, 2, 10], [5, 12, 14], [5, 3, 2], [5]),
            ("reduced", [0, 2, 10], [5, 12, 14], [3, 2], [5]),
            # two spikes of the source after one of the target: only the first of them has it next to it
            ("presynaptic", [10, 12], [5], [], [5, 7]),
            ("reduced", [10, 12], [5], [], [5]),
            # spikes at one time do not pair with each other, but with those before and after
            ("all", [0, 10, 20], [10, 25], [10, 25, 15, 5], [10]),
            ("nearest", [0, 10, 20], [10, 25], [10, 5], [10]),
            ("presynaptic", [0, 10, 20], [10, 25], [10, 15, 5], [10]),
            ("reduced", [0, 10, 20], [10, 25], [10, 5], [10]),
        ],
    )
    def test_pairs_counted_by_hand(self, pairing, pre, post, up, down):
        rule = bs.STDP(pairing=pairing)
        terms = [rule.a_plus * np.exp(-np.array(up) / 20.0).sum(), rule.a_minus * np.exp(-np.array(down) / 20.0).sum()]
        assert abs(change(rule, pre, post) - terms[0] + terms[1]) < 1e-15

    @pytest.mark.parametrize(("mu", "share"), [(0.02, 0.0802), (0.1, 0.3804), (0.5, 0.4756), (1.0, 0.4878)])
    def test_zero_of_the_drift_of_gutigs_rule(self, mu, share):
        rule = bs.STDP(weight_dependence="gutig", mu=mu, w_max=3.0)
        up, down = (lambda w: change(rule, 50.0, 60.0, w)), (lambda w: change(rule, 60.0, 50.0, w))
        assert (
            up(3.0 * (share - 1e-3)) + down(3.0 * (share - 1e-3)) > 0 > up(3.0 * (share + 1e-3)) + down(3.0 * (share + 1e-3))
        )

    @pytest.mark.parametrize(
        ("rule", "fixed"),
        [
            (bs.STDP.published("Morrison 2007"), 44.4721),  # pA: (tau_plus/(0.0513*tau_minus))**(1/0.6)
            (bs.STDP(weight_dependence="van_rossum", a_plus=1.0, a_minus=0.003, w_0=0.001), 1 / 3),  # nS
        ],
    )
    def test_fixed_points_of_the_rules_without_an_upper_bound(self, rule, fixed):
        """The mean change by pairs of all lags, that is the change by a pair without a lag times its time constant."""

        def drift(w):
            up, down = change(rule, 50.0, 60.0, w), change(rule, 60.0, 50.0, w)
            return up * rule.tau_plus * np.exp(10.0 / rule.tau_plus) + down * rule.tau_minus * np.exp(10.0 / rule.tau_minus)

        assert drift(0.9999 * fixed) > 0 > drift(1.0001 * fixed)
        assert rule.limits() == (0, None)

    def test_the_weight_stays_within_its_bounds(self):
        assert change(bs.STDP(a_plus=10.0), 10.0, 11.0) == pytest.approx(0.6)
        assert change(bs.STDP(a_minus=10.0), 11.0, 10.0) == pytest.approx(-0.4)


class TestTriplets:
    def test_changes_are_in_parts_of_w_0(self):
        pre = 20.0 + 20.0 * np.arange(10)
        ones = change(bs.TripletSTDP(), pre, pre + 5.0, w=1.0)
        assert change(bs.TripletSTDP(w_0=7.0, w_max=100.0), pre, pre + 5.0, w=7.0) == pytest.approx(7 * ones, rel=1e-12)

    def test_published_sets(self):
        assert len(SETS) == 8
        assert bs.TripletSTDP.published("visual cortex, all, full") == bs.TripletSTDP()
        for name in SETS:
            rule = bs.TripletSTDP.published(name)
            assert rule.pairing == name.split(", ")[1]
            assert (rule.a3_minus == 0.0) == name.endswith("minimal")
            assert rule.plasticity_equations.pre_traces == ("r1", "r2")


def three_states(U, tau_rec, tau_fac, tau_psc, times):
    """Return what spikes release by steps of the differential equations in small pieces (4th order)."""

    def slope(s):
        x, y, u = s
        return np.array([(1 - x - y) / tau_rec, -y / tau_psc, -u / tau_fac if tau_fac else 0.0])

    state, now, released = np.array([1.0, 0.0, 0.0]), 0.0, []
    for time in times:
        steps = 4000
        h = (time - now) / steps
        for _ in range(steps if h else 0):
            k1 = slope(state)
            k2 = slope(state + h / 2 * k1)
            k3 = slope(state + h / 2 * k2)
            state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + slope(state + h * k3))
        now, (x, y, u) = time, state
        u = U if tau_fac == 0 else u + U * (1 - u)
        released.append(u * x)
        state = np.array([x - u * x, y + u * x, u])
    return np.array(released)


class TestShortTerm:
    @pytest.mark.parametrize(
        ("name", "printed", "steady"),
        [
            (
                "depressing, Tsodyks 1998",
                [0.5, 0.265146734, 0.154834618, 0.103020301, 0.078682777, 0.067251281],
                0.057125857,
            ),
            ("facilitating, Tsodyks 1998", [0.03, 0.05532683, 0.07573619, 0.09177738, 0.10427856, 0.11406025], 0.165485538),
            ("working memory, Mongillo 2008", [0.19, 0.28871352, 0.30057128, 0.27399445, 0.2461499], 0.214565818),
        ],
    )
    def test_amplitudes_at_20_hz(self, name, printed, steady):
        rule = bs.TsodyksMarkram.published(name)
        found = amplitudes(rule, 3.0 + 50.0 * np.arange(200), w=2.0) / 2.0
        np.testing.assert_allclose(found[: len(printed)], printed, atol=6e-9)
        assert abs(found[-1] - steady) < 1e-9
        h, x, u = 50.0, 1.0, rule.U
        for k in range(200):
            if k:
                x = 1 + (x - x * u - 1) * np.exp(-h / rule.tau_rec)
                u = rule.U + u * (1 - rule.U) * (np.exp(-h / rule.tau_fac) if rule.tau_fac else 0.0)
            assert found[k] == pytest.approx(u * x, rel=1e-12)

    @pytest.mark.parametrize("tau_fac", [0.0, 100.0])
    @pytest.mark.parametrize("tau_psc", [3.0, 80.0])
    def test_three_states(self, tau_fac, tau_psc):
        rule = bs.TsodyksMarkram(U=0.4, tau_rec=50.0, tau_fac=tau_fac, tau_psc=tau_psc, states="three")
        times = np.array([1.0, 4.0, 11.0, 12.0, 40.0, 41.5, 90.0])
        expected = three_states(0.4, 50.0, tau_fac, tau_psc, times)
        np.testing.assert_allclose(amplitudes(rule, times), expected, rtol=1e-8)

    def test_without_an_active_state_three_states_are_two(self):
        two, three = (bs.TsodyksMarkram(tau_fac=30.0, tau_psc=0.0, states=states) for states in ("two", "three"))
        times = 1.0 + 7.0 * np.arange(20)
        np.testing.assert_allclose(amplitudes(three, times), amplitudes(two, times), rtol=1e-12)

    @pytest.mark.parametrize("states", ["two", "three"])
    def test_all_is_kept_once_a_source(self, states):
        e = bs.TsodyksMarkram(states=states).plasticity_equations
        assert (e.post_traces, e.variables, e.on_pre, e.on_post) == ((), (), (), ())
        assert not e.changes_weights
        drawn = bs.TsodyksMarkram(U=bs.Uniform(0.1, 0.9), states=states).plasticity_equations
        assert (drawn.pre_traces, drawn.variables) == ((), e.pre_traces)
        drawn = bs.TsodyksMarkram(tau_rec=bs.Uniform(100.0, 900.0)).plasticity_equations
        assert (drawn.pre_traces, drawn.variables) == (("u",), ("x", "r"))

    def test_mistakes(self):
        with pytest.raises(ValueError, match=r"TsodyksMarkram: U <= 1 must hold \(U = 1.5\)"):
            bs.TsodyksMarkram(U=1.5)
        with pytest.raises(ValueError, match="TsodyksMarkram.tau_psc: must not be tau_rec with three states"):
            bs.TsodyksMarkram(tau_rec=80.0, tau_psc=80.0, states="three")
        assert bs.TsodyksMarkram(tau_rec=80.0, tau_psc=80.0).tau_rec == 80.0


class TestVogels:
    def test_changes(self):
        rule = bs.VogelsSTDP(rho_0=5.0)
        assert change(rule, 10.0, 15.0) == pytest.approx(-0.01 * 0.2 + 0.01 * np.exp(-0.25), rel=1e-12)
        assert change(rule, 15.0, 10.0) == pytest.approx(0.01 * (np.exp(-0.25) - 0.2), rel=1e-12)

    @pytest.mark.thorough_only("[2.5-", "[10.0-")
    @pytest.mark.parametrize(("rate", "share"), [(2.5, 0.5), (5.0, 1.0), (10.0, 2.0)])
    def test_target_rate(self, rate, share):
        """A presynaptic spike in a regular postsynaptic train changes w by eta*alpha*(rate/rho_0 - 1) on average."""
        rule, period = bs.VogelsSTDP(rho_0=5.0), 1000.0 / rate
        post = np.arange(41) * period
        found = np.mean([change(rule, 20 * period + phase, post) for phase in np.arange(0.0, period, 0.5)])
        assert abs(found / rule.eta - 0.2 * (share - 1)) < 0.02 * share * 0.2


RULES = [
    *(bs.STDP(weight_dependence=d, pairing=p) for d, p in itertools.product(WEIGHT_DEPENDENCE, PAIRING)),
    *(bs.TripletSTDP(pairing=p) for p in ("all", "nearest")),
    bs.VogelsSTDP(),
    *(bs.TsodyksMarkram(states=s) for s in ("two", "three")),
]


@pytest.mark.parametrize("rule", RULES, ids=repr)
class TestEveryRule:
    def test_can_be_typed_copied_and_saved(self, rule):
        names = {name: getattr(bs, name) for name in ("STDP", "TripletSTDP", "VogelsSTDP", "TsodyksMarkram")}
        for twin in (eval(repr(rule), names), copy.deepcopy(rule), pickle.loads(pickle.dumps(rule))):
            assert twin == rule
            assert hash(twin) == hash(rule)
            assert twin.texts() == rule.texts()
        assert sum(other == rule for other in RULES) == 1

    def test_without_spikes_nothing_happens(self, rule):
        synapse = replayed(rule, [], [])
        assert synapse.values["w"] == 0.4
        assert synapse.delivered == []

    def test_parameters_may_differ_between_synapses(self, rule):
        options = {name: getattr(rule, name) for name in rule._options}
        drawn = type(rule)(**options, **{name: bs.Uniform(0.5, 0.9) for name in rule.parameters})
        assert drawn.per_synapse == set(rule.parameters)
        e = drawn.plasticity_equations
        assert set(e.initials) == set(rule.plasticity_equations.initials)
        assert e.variables


class Mine(bs.Plasticity):
    """A rule with a bound below."""

    equations = "dx/dt = -x/tau"
    on_pre = "x = x + 1"
    on_post = "w = w + a*x"
    bounds = ("low", "high")
    tau: float = bs.parameter(20.0, "ms", "time constant", above=0.0)
    a: bs.values.Value = bs.parameter(0.1, "weight", "change")
    low: bs.values.Value = bs.parameter(0.0, "weight", "lower bound")
    high: bs.values.Value = bs.parameter(1.0, "weight", "upper bound")
    x: float = bs.initial(0.0, "", "trace")


class TestOwnRules:
    def test_equations_follow_the_parameters_of_an_instance(self):
        assert Mine.plasticity_equations is Mine().plasticity_equations
        assert Mine(a=bs.Uniform(0.0, 1.0)).per_synapse == {"a"}
        assert Mine(a=[0.1, 0.2]).per_synapse == {"a"}
        assert Mine(a=[0.1, 0.2]).plasticity_equations.pre_traces == ("x",)

    def test_limits(self):
        assert Mine(low=-1.0).limits() == (-1.0, 1.0)
        assert Mine(low=bs.Uniform(-2.0, 0.0)).limits() == (None, 1.0)
        np.testing.assert_array_equal(Mine(high=[1.0, 2.0]).limits()[1], [1.0, 2.0])

    def test_a_rule_of_a_rule(self):
        class Slower(Mine):
            on_post = "w = w + 0.5*a*x"

        assert change(Slower(), 10.0, 10.1, w=0.0) == pytest.approx(0.05 * np.exp(-0.005))
        assert change(Mine(), 10.0, 10.1, w=0.0) == pytest.approx(0.1 * np.exp(-0.005))

    def test_options_decide_the_texts_of_a_rule_that_has_some(self):
        for base, name, text in [(bs.STDP, "on_post", "w = w + w_max"), (bs.TripletSTDP, "on_pre", "w = w + w_max")]:
            with pytest.raises(TypeError, match=rf"Own.{name}: has no effect, since {base.__name__} chooses its equations"):
                type("Own", (base,), {name: text})
        own = type("Own", (bs.TripletSTDP,), {"bounds": ("", "w_max")})
        assert own().limits() == (None, 2.0)

    def test_a_wrong_unit_is_found_when_the_class_is_written(self):
        with pytest.raises(EquationError, match="Wrong.on_post: 'w' is in units of weight, but 'a' is in mV"):
            type("Wrong", (bs.Plasticity,), {"on_post": "w = w + a", "a": bs.parameter(1.0, "mV", "change")})


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: bs.STDP(2.0), TypeError, "STDP: parameters are given by name: STDP(tau_plus=2.0)"),
        (lambda: bs.STDP(tau=2.0), TypeError, "STDP: unknown parameter 'tau'"),
        (lambda: bs.STDP(paring="all"), TypeError, "STDP: unknown parameter 'paring'; did you mean 'pairing'?"),
        (
            lambda: bs.STDP(pairing="al"),
            ValueError,
            "STDP.pairing: must be 'all', 'nearest', 'presynaptic' or 'reduced' (got",
        ),
        (lambda: bs.STDP(pairing=3), ValueError, "STDP.pairing: must be 'all'"),
        (
            lambda: bs.STDP(w_max=-1.0),
            ValueError,
            "STDP.w_max: must be > 0; for weights of 0 and less write w_max=1, sign=-1 (got -1)",
        ),
        (lambda: bs.STDP(tau_plus=0.0), ValueError, "STDP.tau_plus: must be > 0 ms (got 0.0)"),
        (
            lambda: bs.STDP(a_plus=np.ones((2, 2))),
            ValueError,
            "STDP.a_plus: must be one number, a distribution, or an array",
        ),
        (lambda: bs.STDP.published("Song"), ValueError, "STDP.published: there is no set 'Song'; did you mean 'Song 2000'?"),
        (lambda: bs.VogelsSTDP.published("x"), ValueError, "VogelsSTDP.published: there is no set 'x'; there are none"),
        (
            lambda: Mine(low=2.0),
            ValueError,
            "Mine.bounds: the lower bound of w, low = 2, must be below the upper one, high = 1",
        ),
        (
            lambda: Mine(high=[1.0, -1.0]),
            ValueError,
            "Mine.bounds: the lower bound of w, low = 0, must be below the upper one",
        ),
        (lambda: bs.Plasticity(), TypeError, "Plasticity: has no text that changes w; write in the class: on_post ="),
        (lambda: setattr(bs.STDP(), "w_max", 3.0), AttributeError, "STDP() is frozen; make a new one: STDP(w_max=3.0)"),
    ],
)
def test_mistakes(make, kind, message):
    with pytest.raises(kind) as caught:
        make()
    assert str(caught.value).startswith(message)
