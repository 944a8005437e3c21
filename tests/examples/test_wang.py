"""The network of Wang (2002): its wiring, its choices from spikes, and what it does with much evidence."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import wang as example
from brainsim.examples._figures import wang as figures
from brainsim.results.spikes import Spikes

N = example.EVIDENCE.size


def test_the_mean_input_does_not_depend_on_the_pool():
    network, _ = example.build(trials=1)
    total = {}
    for p in network.projections:
        if p.synapse == example.NMDA:
            for cell in (0, 300, 600) if p.post.parts[0][0].name == "excitatory" else (2000,):
                into = cell == 2000 or cell in p.post.parts[0][1]
                total[cell] = total.get(cell, 0.0) + into * p.weight * p.pre.n
    assert total[0] == pytest.approx(0.165 * 1600, rel=1e-9)
    assert total == {
        0: total[0],
        300: pytest.approx(total[0]),
        600: pytest.approx(total[0]),
        2000: pytest.approx(0.13 * 1600),
    }


def test_the_stimuli_of_the_trials():
    rates = example.sensory_rates(200, seed=1).reshape(2, 200, N, -1)
    before, with_, after = np.split(rates, [10, 50], axis=-1)
    assert not before.any()
    assert not after.any()
    np.testing.assert_allclose(with_[0].mean(axis=(0, 2)), 40.0 * (1.0 + example.EVIDENCE), rtol=0.005)
    assert with_[1].std(axis=(0, 2)) == pytest.approx(np.full(N, 4.0), rel=0.05)
    assert example.lasts(trials=200) == 200 * N * 3000.0


def test_choices_from_spikes():
    """In trial k, cells of pool A fire at 20 Hz from k*50 ms after the onset, those of pool B in the last one only."""
    times, ids = [], []
    for trial in range(N):
        start = trial * example.TRIAL + example.REST
        for time in np.arange(start + 50.0 * trial, start + example.STIMULUS, 50.0):
            times.append(time + np.arange(1, 241) * 50.0 / 240.0)
            ids.append(np.arange(240) + 240 * (trial == N - 1))
    cells = Spikes(np.concatenate(times), np.concatenate(ids), n=1600, duration=N * example.TRIAL, name="excitatory")
    result = type("Run", (), {"spikes": {"excitatory": cells}, "duration": N * example.TRIAL})
    choices = figures.choices_of(figures.trial_rates(result))
    assert choices.chosen.ravel().tolist() == [1] * (N - 1) + [-1]
    np.testing.assert_allclose(choices.times.ravel(), 40.0 + 50.0 * np.arange(N), atol=5.0)


@pytest.mark.slow
@pytest.mark.thorough
def test_much_evidence_decides_fast_and_the_choice_stays():
    network, traces = example.build(trials=1)
    sim = bs.Simulation(network, seed=2, record=traces, threads=1)
    example.steer(sim, example.lasts(trials=1))
    rates = figures.trial_rates(sim.result())
    choices = figures.choices_of(rates)
    assert choices.chosen[-2:].ravel().tolist() == [1, 1]
    assert 200.0 < choices.times[-1, 0] < 700.0 < np.nanmax(choices.times[:3])
    assert 1.0 < rates[..., 40:100].mean() < 6.0  # before the evidence
    winner, loser = rates[:, -1, 550:].mean(axis=-1)  # 250 ms after it
    assert winner > 10.0
    assert loser < 4.0
