"""Memory and decision, a machine and spiking cells: both recall up to capacity, both choose alike."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import decision as deciding
from brainsim.examples import memory as recalling
from brainsim.examples._figures import decision, memory
from brainsim.examples._figures.decision import Choices, DriftDiffusion, explained_share, fit_choices
from brainsim.results.spikes import Spikes

pytestmark = pytest.mark.thorough

RINGS = recalling.rings(recalling.SIDE)


# memory


def recalled(seed, trials):
    """Return the result of the example, and the overlaps of each load with the pattern: spiking, Hopfield's."""
    network, _ = recalling.build(trials=trials, seed=seed)
    result = bs.simulate(network, recalling.DURATION, seed=seed)
    spikes, late = [result.spikes[f"load {load:g}"] for load in recalling.LOADS], (result.stop - memory.LATE, result.stop)
    spiking = [memory.spiking_overlaps(one, RINGS, *late) for one in spikes]
    hopfield = [memory.hopfield_overlaps(RINGS, load, trials, seed)[:, -1] for load in recalling.LOADS]
    return result, np.array(spiking), np.array(hopfield)


def check_memory(spiking, hopfield):
    """Raise unless both recall far below the capacity and have lost the memory past it: means over the copies."""
    loads = np.array(recalling.LOADS)
    assert spiking[loads <= 0.05].min() >= 0.95
    assert hopfield[loads <= 0.05].min() >= 0.95
    assert spiking[loads == 0.15].mean() < 0.65
    assert spiking[loads > 0.16].mean(axis=1).max() < 0.55
    # of 400 units Hopfield's network loses it over a wider range of loads than an infinite one
    assert hopfield[loads == 0.25].mean() < 0.55
    assert spiking[loads <= 0.05].mean() - spiking[loads > 0.16].mean() > 0.5


@pytest.fixture(scope="module")
def memories():
    return recalled(seed=11, trials=4)


def test_both_recall_below_capacity_and_lose_the_memory_past_it(memories):
    check_memory(*memories[1:])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [12, 13, 14, 15, 16])
def test_memory_with_other_seeds(seed):
    check_memory(*recalled(seed, trials=8)[1:])


def test_both_hold_the_same_patterns():
    network, _ = recalling.build(trials=1, seed=3)
    for load, projection in zip(recalling.LOADS, network.projections, strict=True):
        weights = recalling.hebbian(recalling.stored(RINGS, load, 0, 3))
        off = ~np.eye(RINGS.size, dtype=bool)
        found = np.asarray(projection.weight).reshape(weights.shape)
        assert np.corrcoef(found[off], weights[off])[0, 1] == pytest.approx(1.0, abs=1e-6)


def test_what_is_recalled_is_the_erased_half_too(memories):
    spikes, end = memories[0].spikes["load 0.05"], memories[0].stop
    erased = np.flatnonzero(recalling.half_erased(RINGS) == 0.0)
    counts = spikes.between(end - memory.LATE, end).counts().reshape(-1, RINGS.size)[:, erased]
    assert counts[:, RINGS[erased] > 0].mean() > 5.0 > 0.5 > counts[:, RINGS[erased] < 0].mean()


def test_the_energy_of_a_hopfield_network_never_rises():
    weights = recalling.hebbian(recalling.stored(RINGS, 0.2))
    states = memory.recall(weights, np.random.default_rng(1).choice([-1.0, 1.0], RINGS.size), looks=40)
    energy = -0.5 * np.einsum("ti,ij,tj->t", states, weights, states)
    assert np.diff(energy).max() <= 1e-9
    assert energy[-1] < energy[0]


def test_a_stored_pattern_stays():
    weights = recalling.hebbian(recalling.stored(RINGS, 0.025))
    np.testing.assert_array_equal(memory.recall(weights, RINGS)[-1], RINGS)


@pytest.mark.parametrize("side", [0, 7])
def test_rings_have_as_many_of_either(side):
    with pytest.raises(ValueError, match="rings.side"):
        recalling.rings(side)
    assert recalling.rings(8).sum() == 0.0


# decision


def decided(seed, trials):
    """Return the result of the example, its choices, the fit, and the choices of the sum of the same evidence."""
    network, _ = deciding.build(trials=trials, seed=seed)
    result = bs.simulate(network, deciding.DURATION, seed=seed)
    copies, onset = trials * len(deciding.EVIDENCE), deciding.ONSET
    rates = [decision.rates_of(result.spikes[name], copies) for name in "AB"]
    choices = decision.first_passage(*rates, deciding.THRESHOLD, deciding.EVIDENCE, onset)
    path = accumulated(result, copies)
    fit = fit_choices(choices)
    return result, choices, fit, decision.first_passage(path, -path, fit.bound, deciding.EVIDENCE, onset)


def accumulated(result, copies):
    spikes = [result.spikes[f"sensory {name}"] for name in "AB"]
    return decision.accumulate(*spikes, copies, deciding.RATE, deciding.ONSET)


def check_decision(choices, fit, machine):
    """Raise unless drift-diffusion fits both curves of the network, and the sum of its evidence chooses alike."""
    assert explained_share(choices.accuracy, fit.accuracy(choices.evidence)) > 0.95
    assert explained_share(choices.time, fit.time(choices.evidence)) > 0.95
    assert choices.undecided < 0.01
    assert choices.accuracy[-1] > 0.98
    assert abs(choices.accuracy[0] - 0.5) < 4.0 * choices.accuracy_error[0]
    # no accumulator can be more sensitive than one that counts every sensory spike
    best = np.sqrt(2 * deciding.N_SENSORY * deciding.RATE / 1000.0)
    assert 0.7 * best < fit.k < 1.05 * best
    same = (choices.chosen == machine.chosen)[0][(choices.chosen[0] != 0) & (machine.chosen[0] != 0)]
    assert same.mean() > 0.7  # at zero evidence; chance is one half


@pytest.fixture(scope="module")
def decisions():
    return decided(seed=11, trials=150)


def test_drift_diffusion_fits_what_the_network_decides(decisions):
    check_decision(*decisions[1:])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [12, 13, 14, 15, 16])
def test_decision_with_other_seeds(seed):
    check_decision(*decided(seed, trials=300)[1:])


def test_without_its_own_excitation_the_network_does_not_decide(monkeypatch):
    """The slow excitation does it, not the input: with a tenth of its time constant, no pool wins over the other."""
    monkeypatch.setattr(deciding, "SLOW", bs.Exponential(tau=10.0, name="nmda"))
    network, _ = deciding.build(trials=10, seed=1)
    result = bs.simulate(network, 1000.0, seed=1)
    rates = [decision.rates_of(result.spikes[name], 60) for name in "AB"]
    choices = decision.first_passage(*rates, deciding.THRESHOLD, deciding.EVIDENCE, deciding.ONSET)
    assert (choices.chosen[:3] == 0).mean() > 0.9


def test_the_sum_of_the_evidence_has_unit_noise(decisions):
    """At zero evidence the variance of the sum is the time in ms, its mean 0."""
    trials = decisions[1].times.shape[1]
    path = accumulated(decisions[0], trials * len(deciding.EVIDENCE))[:trials]
    assert not path[:, : round(deciding.ONSET / decision.BIN)].any()
    time = deciding.DURATION - deciding.ONSET
    assert path[:, -1].var() == pytest.approx(time, rel=4.0 * np.sqrt(2.0 / trials))
    assert abs(path[:, -1].mean()) < 4.0 * np.sqrt(time / trials)


@pytest.mark.parametrize("evidence", [0.0, 0.05, 0.2])
def test_the_formulas_of_drift_diffusion_against_a_walk(evidence):
    machine, step, trials = DriftDiffusion(k=0.8, bound=6.0, t_0=30.0), 0.1, 2000
    rng = np.random.default_rng(5)
    steps = machine.k * evidence * step + np.sqrt(step) * rng.standard_normal((trials, 5000))
    path = np.cumsum(steps, axis=1)
    out = np.abs(path) >= machine.bound - 0.5826 * np.sqrt(step)  # a walk in steps overshoots: Siegmund (1985)
    assert out.any(axis=1).all()
    first = out.argmax(axis=1)
    right = path[np.arange(trials), first] > 0
    time = machine.t_0 + step * (first + 1)
    p = machine.accuracy(np.array(evidence))
    assert abs(right.mean() - p) < 4.0 * np.sqrt(p * (1 - p) / trials)
    assert abs(time.mean() - machine.time(np.array(evidence))) < 4.0 * time.std() / np.sqrt(trials)


def test_a_fit_needs_choices_at_each_level():
    none = Choices(np.array([0.0, 0.1]), np.array([[1, -1], [0, 1]]), np.array([[100.0, 90.0], [np.nan, 80.0]]))
    assert fit_choices(none) is None


def test_a_rate_looks_back_only():
    spikes = Spikes([101.0], [1], n=4, duration=200.0, name="pool")
    rates = decision.rates_of(spikes, copies=2)
    np.testing.assert_allclose(rates[0, :20], 0.0)
    np.testing.assert_allclose(rates[0, 20:30], 1000.0 / (2 * decision.WIDTH))  # from (100, 105] on, for 50 ms
    np.testing.assert_allclose(rates[0, 30:], 0.0)
    np.testing.assert_allclose(rates[1], 0.0)


def test_the_first_to_the_threshold_is_chosen():
    first = np.array([[9.0, 1.0, 2.0, 9.0], [9.0, 0.0, 1.0, 1.0], [9.0, 1.0, 1.0, 1.0]])
    second = np.array([[0.0, 1.0, 1.0, 1.0], [0.0, 1.0, 3.0, 9.0], [9.0, 1.0, 1.0, 1.0]])
    found = decision.first_passage(first, second, 2.0, np.array([0.1]), onset=decision.BIN)
    np.testing.assert_array_equal(found.chosen, [[1, -1, 0]])
    np.testing.assert_array_equal(found.times, [[10.0, 10.0, np.nan]])


# pictures


def texts(figure):
    return " ".join(figure.get_supxlabel().split())


def test_the_picture_of_memory_says_its_numbers(memories):
    result, spiking, hopfield = memories
    figure = recalling.draw(result, (0.0, recalling.DURATION))
    text, place = texts(figure), recalling.LOADS.index(memory.SHOWN)
    assert f"to an overlap of {hopfield[place].mean():.2f} and {spiking[place].mean():.2f}" in text
    place = recalling.LOADS.index(memory.BEYOND)
    assert f"the overlaps are {hopfield[place].mean():.2f} and {spiking[place].mean():.2f}:" in text


def test_the_picture_of_decision_says_its_numbers(decisions):
    result, choices, fit, _ = decisions
    text = texts(deciding.draw(result, (0.0, deciding.DURATION)))
    for measured, predicted in ((choices.accuracy, fit.accuracy), (choices.time, fit.time)):
        assert f"{explained_share(measured, predicted(choices.evidence)):.3f}" in text
