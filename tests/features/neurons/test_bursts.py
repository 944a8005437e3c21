"""Bursts and packets: how many spikes, when, and how far apart."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.testing import reference
from brainsim.testing.verification.random_runs import compare

N = 400


def network(model, n=N, initial=None):
    net = bs.Network(seed=1)
    net.add(bs.Population(n, model, name="cells", initial=initial))
    return net


def spikes_of(model, duration, n=N, dt=0.1, **options):
    return bs.simulate(network(model, n, **options), duration, dt=dt, seed=3).spikes["cells"]


def by_cell(spikes, n=N):
    return [spikes.times[spikes.ids == k] for k in range(n)]


@pytest.mark.parametrize("model", [bs.Bursts, bs.RegularBursts])
def test_a_burst_has_its_spikes_and_their_interval(model):
    spikes = spikes_of(
        model(rate=5.0, spikes=3, interval=7.0), 2000.0, initial={"phase": 0.3} if "R" in model.__name__ else None
    )
    trains = [np.round(times, 6) for times in by_cell(spikes)]
    for times in trains:
        whole = times[: len(times) // 3 * 3].reshape(-1, 3)
        np.testing.assert_allclose(np.diff(whole, axis=1), 7.0, atol=1e-9)
        assert np.all(whole[1:, 0] - whole[:-1, 0] >= 21.0)


def test_bursts_at_random_times_have_their_rate_and_a_waiting_time_without_memory():
    rate, length, duration = 5.0, 3 * 7.0, 4000.0
    trains = by_cell(spikes_of(bs.Bursts(rate=rate, spikes=3, interval=7.0), duration))
    waits = np.concatenate([np.diff(times[::3]) for times in trains]) - length
    mean = 1000.0 / rate - length
    # a waiting time is cut off where the run ends: of those that begin in its first half, hardly one is
    early = np.concatenate([(np.diff(times[::3]) - length)[times[::3][:-1] < duration / 2] for times in trains])
    error = mean / np.sqrt(early.size)
    assert abs(early.mean() - mean) < 4.5 * error
    assert abs(early.std() / mean - 1.0) < 4.5 * np.sqrt(2.0 / early.size)  # its variance is that of an exponential
    assert waits.min() >= 0.1 - 1e-9


def test_regular_bursts_are_regular_and_begin_anywhere():
    trains = by_cell(spikes_of(bs.RegularBursts(rate=4.0, spikes=2, interval=10.0), 3000.0))
    for times in trains:
        # both bursts begin on the grid of 0.1 ms, so a period is right to a step
        assert np.allclose(np.diff(times[::2]), 250.0, atol=0.11)
        assert 22 <= len(times) <= 24
    begin = np.array([times[0] for times in trains])
    assert 250.0 * 0.45 < begin.mean() < 250.0 * 0.55
    assert begin.max() < 251.0
    together = spikes_of(bs.RegularBursts(rate=4.0, spikes=2), 600.0, initial={"phase": 0.0})
    assert np.unique(together.times).size == 4


def test_the_rate_of_bursts_changes_in_time():
    for model in (bs.Bursts, bs.RegularBursts):
        spikes = spikes_of(model(rate="where(t < 1000, 2, 8)", spikes=2, interval=5.0), 2000.0)
        first, second = np.sum(spikes.times < 1000.0), np.sum(spikes.times >= 1000.0)
        assert 3.2 < second / first < 4.6


def test_a_packet_has_a_spike_of_each_cell_around_its_time():
    n, sigma, times = 4000, 3.0, [60.0, 95.0, 122.0]
    spikes = spikes_of(bs.PulsePackets(times=times, sigma=sigma), 200.0, n)
    trains = np.array(by_cell(spikes, n))
    assert trains.shape == (n, 3)
    off = trains - times
    assert np.all(np.abs(off.mean(axis=0)) < 4.5 * sigma / np.sqrt(n))
    assert np.all(np.abs(off.std(axis=0) / sigma - 1.0) < 4.5 / np.sqrt(2 * n))
    assert np.all(np.abs(np.mean((off / sigma) ** 4, axis=0) - 3.0) < 4.5 * np.sqrt(96.0 / n))  # as a Gaussian
    assert np.abs(off).max() <= 4.0 * sigma + 0.05 + 1e-9
    assert np.all(np.abs(np.corrcoef(off.T)[np.triu_indices(3, 1)]) < 4.5 / np.sqrt(n))


def test_packets_go_on_from_a_state_and_change_with_the_seed():
    net = network(bs.PulsePackets(times=[30.0, 60.0], sigma=2.0))
    whole = bs.simulate(net, 80.0, seed=3)
    first = bs.simulate(net, 59.0, seed=3)
    rest = bs.simulate(net, 21.0, state=first.state)
    assert np.array_equal(
        np.concatenate([first.spikes["cells"].times, rest.spikes["cells"].times]), whole.spikes["cells"].times
    )
    assert not np.array_equal(bs.simulate(net, 80.0, seed=4).spikes["cells"].times, whole.spikes["cells"].times)


@pytest.mark.parametrize(
    "model",
    [bs.Bursts(rate=20.0), bs.RegularBursts(rate=20.0, interval=3.03), bs.PulsePackets(times=[20.0, 40.0], sigma=2.0)],
    ids=lambda model: type(model).__name__,
)
def test_the_reference_has_the_same_spikes(model):
    net = network(model, 50)
    found = compare(reference.run(net, 600, 0.1, 3), bs.simulate(net, 60.0, seed=3), 0.1, 1e-9)
    assert found.failures == []
    assert found.spikes >= 50


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bs.PulsePackets(times=[5.0]), r"times: the first packet must be at 5\*sigma = 10 ms or later \(got 5 ms\)"),
        (lambda: bs.PulsePackets(times=[50.0, 60.0]), r"must be at least 9\*sigma = 18 ms apart.*got 50 and then 60 ms"),
        (lambda: bs.PulsePackets(times=[50.0, 20.0]), "in ascending order"),
        (lambda: bs.PulsePackets(times=[]), "times: must be a list of times"),
        (lambda: bs.PulsePackets(times=[np.nan]), "PulsePackets.times.*finite"),
        (lambda: bs.PulsePackets(times=["x"]), "PulsePackets.times"),
        (
            lambda: bs.PulsePackets(sigma=[1.0, 2.0]),
            r"sigma: must be one number, the same in all cells \(got \[1.0, 2.0\]\)",
        ),
        (lambda: bs.PulsePackets(sigma=0.0), "sigma: must be > 0 ms"),
        (lambda: bs.PulsePackets([50.0]), r"given by name, PulsePackets\(times="),
        (lambda: bs.PulsePackets(time=[50.0]), "unknown parameter 'time'"),
        (lambda: bs.simulate(network(bs.PulsePackets(sigma=0.05)), 1.0), "sigma >= dt must hold"),
        (lambda: bs.Bursts(spikes=2.5), r"spikes == floor\(spikes\) must hold"),
        (
            lambda: bs.simulate(network(bs.Bursts(rate=60.0, spikes=5)), 1.0),
            r"rate\*\(spikes\*interval \+ dt\) <= 1 must hold",
        ),
        (lambda: bs.simulate(network(bs.Bursts(interval=0.05)), 1.0), "interval >= dt must hold"),
        (lambda: bs.Bursts(period=500.0), r"unknown parameter 'period'; bursts come at a rate \[Hz\]"),
        (lambda: bs.RegularBursts(n=5), "unknown parameter 'n'; did you mean 'spikes'"),
        (lambda: bs.PulsePackets(n=5), "sends packets of 100"),
    ],
)
def test_what_is_no_burst(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
