"""The five GLIF levels: exact between spikes, rules at a spike, and each with its mechanism off equal to the one below."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.equations.on_grid import solved
from tests.helpers.equations.single_cells import run, steps

pytestmark = pytest.mark.thorough_but("[1]", "[5]", "rate_of_a_leaky")

C_M, G_L, REST, TOP, T_REF = 58.72, 9.43, -78.85, -51.68, 3.8
CURRENT, DURATION, DT = 400.0, 300.0, 0.05  # pA, ms; the refractory time is a multiple of dt
LEVELS = {1: bs.GLIF1, 2: bs.GLIF2, 3: bs.GLIF3, 4: bs.GLIF4, 5: bs.GLIF5}
CURRENTS_OFF = {"delta_i_1": 0.0, "delta_i_2": 0.0}
RESET_OFF = {"f_v": 0.0, "delta_v": 0.0, "delta_theta_s": 0.0}  # what is left is a reset to rest


@pytest.fixture(scope="module")
def levels():
    return {level: run(kind(), DURATION, DT, current=CURRENT) for level, kind in LEVELS.items()}


def leak(v, more=0.0):
    return (G_L * (REST - v) + CURRENT + more) / C_M


def kept(value, rate, jump):
    """Return what a decaying variable is after a spike, which lasts for the refractory time."""
    return value * np.exp(-rate * T_REF) + jump


def jump_v(v):
    return REST + 0.2 * (v - REST) + 18.51


# level: derivatives, height over the threshold, reset; variables in the order of the class
BY_HAND = {
    1: (lambda y: [leak(y[0])], lambda y: y[0] - TOP, lambda y: [REST]),
    2: (
        lambda y: [leak(y[0]), -0.009 * y[1]],
        lambda y: y[0] - TOP - y[1],
        lambda y: [jump_v(y[0]), kept(y[1], 0.009, 0.37)],
    ),
    3: (
        lambda y: [leak(y[0], y[1] + y[2]), -0.003 * y[1], -0.1 * y[2]],
        lambda y: y[0] - TOP,
        lambda y: [REST, kept(y[1], 0.003, -9.18), kept(y[2], 0.1, -198.94)],
    ),
    4: (
        lambda y: [leak(y[0], y[2] + y[3]), -0.009 * y[1], -0.003 * y[2], -0.1 * y[3]],
        lambda y: y[0] - TOP - y[1],
        lambda y: [jump_v(y[0]), kept(y[1], 0.009, 0.37), kept(y[2], 0.003, -9.18), kept(y[3], 0.1, -198.94)],
    ),
    5: (
        lambda y: [leak(y[0], y[2] + y[3]), -0.009 * y[1], -0.003 * y[2], -0.1 * y[3], 0.005 * (y[0] - REST) - 0.09 * y[4]],
        lambda y: y[0] - TOP - y[1] - y[4],
        lambda y: [jump_v(y[0]), kept(y[1], 0.009, 0.37), kept(y[2], 0.003, -9.18), kept(y[3], 0.1, -198.94), y[4]],
    ),
}


@pytest.mark.thorough_only("[1]")
@pytest.mark.parametrize("level", LEVELS)
def test_paths_and_spikes(level, levels):
    """The solution of the equations between spikes, the rules at them, and everything still for 3.8 ms."""
    values, result = levels[level]
    slopes, height, reset = BY_HAND[level]
    expected, fired = solved(
        slopes,
        lambda y, k: height(y) >= 0.0,
        reset,
        [REST] + [0.0] * (len(values) - 1),
        DURATION,
        DT,
        t_ref=T_REF,
        frozen=range(len(values)),
    )
    assert fired.size >= 5
    assert np.array_equal(steps(result), fired)
    assert result.stats["methods"]["cells"] == "exact"
    for column, (name, trace) in enumerate(values.items()):
        np.testing.assert_allclose(trace[:, 0], expected[:, column], rtol=0, atol=1e-7, err_msg=name)


def test_level_1_has_the_rate_of_a_leaky_cell(levels):
    high = REST + CURRENT / G_L
    period = T_REF + C_M / G_L * np.log((high - REST) / (high - TOP))
    isi = np.diff(steps(levels[1][1]) * DT)
    assert np.all(isi >= period)
    assert np.all(isi <= period + DT + 1e-9)


@pytest.mark.parametrize(
    ("upper", "off", "lower", "given"),
    [
        (2, RESET_OFF, 1, {}),
        (3, CURRENTS_OFF, 1, {}),
        (4, CURRENTS_OFF, 2, {}),
        (4, RESET_OFF, 3, {}),
        (5, {"a_v": 0.0}, 4, {}),
        (5, {"a_v": 0.0} | RESET_OFF | CURRENTS_OFF, 1, {}),
    ],
)
def test_without_its_mechanism_it_is_the_level_below(upper, off, lower, given, levels):
    """Spike for spike; the path to rounding."""
    values, result = run(LEVELS[upper](**off), DURATION, DT, current=CURRENT)
    below, expected = levels[lower]
    assert np.array_equal(steps(result), steps(expected))
    for name, trace in below.items():
        np.testing.assert_allclose(values[name], trace, rtol=0, atol=1e-9, err_msg=name)
    assert not np.array_equal(steps(result), steps(levels[upper][1]))  # and with it another


def test_level_2_keeps_a_part_of_v_and_lifts_the_threshold():
    """The reset is the higher the higher v was, and f_v of it; with delta_theta_s the intervals grow."""
    for kick in (30.0, 40.0):
        values, result = run(bs.GLIF2(), 60.0, DT, events=(bs.Delta(), kick, 50.0))
        assert steps(result).tolist() == [1000]
        assert values["v"][1000, 0] == pytest.approx(REST + 0.2 * kick + 18.51)
    runs = [run(bs.GLIF2(delta_theta_s=size), DURATION, DT, current=CURRENT, record=[])[1] for size in (0.0, 2.0)]
    plain, lifted = (np.diff(steps(result)) for result in runs)
    assert np.ptp(plain) <= 1
    assert np.all(np.diff(lifted[:4]) > 0)


def test_level_3_is_slowed_down_by_its_currents(levels):
    """Fast ones act on each interval alike, slow ones add up: the intervals grow from the first to the last."""
    isi = np.diff(steps(levels[3][1]))
    assert isi[0] > np.diff(steps(levels[1][1]))[0]
    assert isi[-1] > isi[0]
    assert np.all(np.diff(isi) >= -1)
    fast = np.diff(steps(run(bs.GLIF3(delta_i_1=0.0), DURATION, DT, current=CURRENT)[1]))
    assert np.ptp(fast[1:]) <= 1


def test_level_5_fires_less_where_v_has_been_high(levels):
    """theta_v follows v to a_v/b_v of it: a current that is reached slowly finds a higher threshold."""
    assert np.all(steps(levels[5][1])[:10] > steps(levels[4][1])[:10])
    quiet = run(bs.GLIF5(v_th=0.0), DURATION, DT, current=100.0)[0]
    high = 100.0 / G_L
    assert quiet["v"][-1, 0] == pytest.approx(REST + high, abs=1e-6)
    assert quiet["theta_v"][-1, 0] == pytest.approx(high * 0.005 / 0.09, rel=1e-6)
    rheobase = G_L * (TOP - REST) / (1.0 - 0.005 / 0.09)  # where v_inf is v_th + theta_v
    currents = np.array([rheobase - 1.0, rheobase + 1.0])
    counts = [
        run(kind(), DURATION, DT, n=2, current=currents, record=[])[1].spikes["cells"].counts()
        for kind in (bs.GLIF4, bs.GLIF5)
    ]
    assert counts[1][0] == 0
    assert counts[1][1] >= 1
    assert counts[0].min() >= 1  # the threshold of the level below is fixed
