"""The twenty firing patterns of Mihalas and Niebur (2009), Table 1, each as a statement about spikes; the path by scipy."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.equations.on_grid import solved
from tests.helpers.equations.single_cells import steps

pytestmark = pytest.mark.thorough_but("[tonic bursting]", "accommodation")

C_M, DT = 200.0, 0.1
# a [1/s], A_1/C and A_2/C [V/s]; the current over C [V/s] and for how long [ms], one after the other
PATTERNS = {
    "tonic spiking": (0, 0, 0, [(1.5, 200)]),
    "class 1": (0, 0, 0, [(1 + 1e-6, 500)]),
    "spike frequency adaptation": (5, 0, 0, [(2, 200)]),
    "phasic spiking": (5, 0, 0, [(1.5, 500)]),
    "accommodation": (5, 0, 0, [(1.5, 100), (0, 500), (0.5, 100), (1, 100), (1.5, 100), (0, 100)]),
    "threshold variability": (5, 0, 0, [(1.5, 20), (0, 180), (-1.5, 25), (0, 25), (1.5, 25), (0, 125)]),
    "rebound spike": (5, 0, 0, [(0, 50), (-3.5, 750), (0, 200)]),
    "integrator": (5, 0, 0, [(1.5, 20), (0, 10), (1.5, 20), (0, 250), (1.5, 20), (0, 20), (1.5, 20), (0, 40)]),
    "input bistability": (5, 0, 0, [(1.5, 100), (1.7, 400), (1.5, 100), (1.7, 400)]),
    "hyperpolarization-induced spiking": (30, 0, 0, [(-1, 400)]),
    "hyperpolarization-induced bursting": (30, 10, -0.6, [(-1, 400)]),
    "tonic bursting": (5, 10, -0.6, [(2, 500)]),
    "phasic bursting": (5, 10, -0.6, [(1.5, 500)]),
    "rebound burst": (5, 10, -0.6, [(0, 100), (-3.5, 500), (0, 400)]),
    "mixed mode": (5, 5, -0.3, [(2, 500)]),
    "afterpotentials": (5, 5, -0.3, [(2, 15), (0, 185)]),
    "basal bistability": (0, 8, -0.1, [(5, 10), (0, 90), (5, 10), (0, 90)]),
    "preferred frequency": (5, -3, 0.5, [(5, 5), (0, 5), (4, 5), (0, 385), (5, 5), (0, 45), (4, 5), (0, 345)]),
    "spike latency": (-80, 0, 0, [(8, 2), (0, 48)]),
}


def drive(patterns):
    """Return the currents of all cells on the times at which any of them changes."""
    ends = [np.cumsum([0] + [length for _, length in current]) for *_, current in patterns]
    times = np.unique(np.concatenate(ends))
    levels = np.zeros((times.size, len(patterns)))
    for cell, (*_, current) in enumerate(patterns):
        for (size, _), start, stop in zip(current, ends[cell], ends[cell][1:], strict=False):
            levels[(times >= start) & (times < stop), cell] = size
    return bs.CurrentInput(C_M * levels, times=times.astype(float))


@pytest.fixture(scope="module")
def cells():
    """Run all patterns as cells of one population; return name -> spike times [ms], potentials and thresholds [mV]."""
    a, a_1, a_2 = np.array([pattern[:3] for pattern in PATTERNS.values()], float).T
    population = bs.Population(a.size, bs.MihalasNiebur(a=a / 1000.0, a_1=C_M * a_1, a_2=C_M * a_2), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(population, drive(list(PATTERNS.values())))
    record = [bs.Trace(population, variable) for variable in ("v", "theta", "i_1", "i_2")]
    result = bs.simulate(net, 1000.0, dt=DT, seed=1, record=record)
    found = {}
    for cell, (name, (*_, current)) in enumerate(PATTERNS.items()):
        stop = sum(length for _, length in current)
        times, rows = steps(result, cell) * DT, round(stop / DT) + 1
        traces = [result.traces["cells", trace.variable].values[:rows, cell] for trace in record]
        found[name] = times[times <= stop], np.array(traces)
    return found


def trains(times, gap):
    """Return the number of spikes in each burst; bursts are further apart than `gap`."""
    return np.diff(np.flatnonzero(np.diff(times, prepend=-np.inf, append=np.inf) > gap))


@pytest.mark.parametrize("name", ["tonic bursting", "rebound spike", "basal bistability", "spike latency"])
def test_paths_and_spikes(name, cells):
    """Exact: v, both currents and the threshold are the solution between the spikes, which are those on the grid."""
    a, a_1, a_2, current = PATTERNS[name]
    ends = np.cumsum([length for _, length in current])
    values, start = [np.array([[-70.0, -50.0, 0.0, 0.0]])], 0.0
    spikes = []
    for (size, length), end in zip(current, ends, strict=True):
        part, fired = solved(
            lambda y, size=size: [
                0.05 * (-70.0 - y[0]) + (y[2] + y[3]) / C_M + size,
                0.001 * a * (y[0] + 70.0) - 0.01 * (y[1] + 50.0),
                -0.2 * y[2],
                -0.02 * y[3],
            ],
            lambda y, k: y[0] >= y[1],
            lambda y: [-70.0, max(y[1], -60.0), C_M * a_1, y[3] + C_M * a_2],
            values[-1][-1],
            length,
            DT,
        )
        values.append(part[1:])
        spikes += list(fired * DT + start)
        start = end
    times, traces = cells[name]
    np.testing.assert_allclose(times, spikes, rtol=0, atol=1e-9)
    np.testing.assert_allclose(traces.T, np.concatenate(values), rtol=0, atol=1e-6)


def test_tonic_spiking(cells):
    """The threshold is fixed: a leaky cell with the period log(30/10)/(50/s)."""
    isi = np.diff(cells["tonic spiking"][0])
    assert isi.size == 8
    assert np.allclose(isi, np.ceil(20.0 * np.log(3.0) / DT) * DT)


def test_class_1(cells):
    """A millionth above rheobase the first interval is 20 ms times log(1e6 + 1): as low a rate as one likes."""
    times = cells["class 1"][0]
    assert times.tolist() == pytest.approx([np.ceil(20.0 * np.log(1e6 + 1) / DT) * DT])


def test_class_2():
    """From the state that has adapted to rheobase, v = theta = -30 mV: below it nothing, a millionth above it 38 Hz."""
    population = bs.Population(3, bs.MihalasNiebur(a=0.005), name="cells", initial={"v": -30.0, "theta": -30.0})
    net = bs.Network(seed=1)
    net.stimulate(population, bs.CurrentInput(2.0 * C_M * np.array([0.99, 1 - 1e-6, 1 + 1e-6])))
    result = bs.simulate(net, 1500.0, dt=DT, seed=1)
    counts = result.spikes["cells"].counts()
    assert counts[:2].tolist() == [0, 0]
    assert 1000.0 / np.diff(steps(result, 2) * DT)[-10:].mean() == pytest.approx(38.0, abs=1.0)


def test_spike_frequency_adaptation(cells):
    isi = np.diff(cells["spike frequency adaptation"][0])
    assert isi.size >= 8
    assert np.all(np.diff(isi) > 0.0)
    assert isi[-1] > 1.3 * isi[0]


def test_phasic_spiking(cells):
    """A few spikes at the onset, none in the second half."""
    times = cells["phasic spiking"][0]
    assert 1 <= times.size <= 6
    assert times[0] < 50.0
    assert times[-1] < 250.0


def test_accommodation(cells):
    """1.5 V/s in one step fires; in three steps of 0.5 V/s it does not."""
    times = cells["accommodation"][0]
    assert times.size >= 1
    assert times.max() < 100.0


def test_threshold_variability(cells):
    """A pulse that is too weak from rest fires after inhibition, which has lowered the threshold."""
    times, traces = cells["threshold variability"]
    assert times.size == 1
    assert 250.0 < times[0] <= 275.0
    assert traces[1, 2500] < -50.0 - 1.0


def test_rebound_spike(cells):
    times = cells["rebound spike"][0]
    assert times.size == 1
    assert 800.0 < times[0] < 1000.0  # the inhibition ends at 800 ms


def test_integrator(cells):
    """Two pulses 10 ms apart add up to a spike, two that are 20 ms apart do not."""
    times = cells["integrator"][0]
    assert times.size == 1
    assert 30.0 < times[0] <= 50.0


def test_input_bistability(cells):
    """Under the same current of 1.7 V/s it fires to the end or not at all, by what came before."""
    times = cells["input bistability"][0]
    early = times[(times > 100.0) & (times <= 500.0)]
    assert early.size >= 8
    assert early[-1] > 440.0
    assert not np.any(times > 600.0)


def test_hyperpolarization_induced_spiking(cells):
    """Inhibition to -90 mV pulls the threshold below it: regular spikes."""
    times, traces = cells["hyperpolarization-induced spiking"]
    assert times.size == 3
    assert np.ptp(np.diff(times)) < 0.11
    assert np.all(traces[0] <= -70.0)


def test_hyperpolarization_induced_bursting(cells):
    times = cells["hyperpolarization-induced bursting"][0]
    assert np.all(trains(times, 20.0)[:3] >= 4)
    assert trains(times, 20.0).size == 3


def test_tonic_bursting(cells):
    bursts = trains(cells["tonic bursting"][0], 50.0)
    assert bursts.size >= 4
    assert np.all(bursts >= 5)


def test_phasic_bursting(cells):
    times = cells["phasic bursting"][0]
    assert trains(times, 20.0).tolist() == [times.size]
    assert times.size >= 5
    assert times[-1] < 60.0


def test_rebound_burst(cells):
    times = cells["rebound burst"][0]
    assert times.size >= 5
    assert times[0] > 600.0  # the inhibition ends then
    assert times[-1] - times[0] < 20.0


def test_mixed_mode(cells):
    """A burst at the onset, then single spikes."""
    isi = np.diff(cells["mixed mode"][0])
    assert np.all(isi[:6] < 15.0)
    assert np.all(isi[8:] > 20.0)
    assert isi.size >= 15


def test_afterpotentials(cells):
    """After one spike v is above rest, then below it."""
    times, (v, *_) = cells["afterpotentials"]
    assert times.size == 1
    after = v[round(times[0] / DT) + 1 :]
    top, bottom = after.argmax(), after.argmin()
    assert after[top] > -70.0 + 5.0
    assert after[bottom] < -70.0 - 1.0
    assert top < bottom


def test_basal_bistability(cells):
    """A pulse switches firing on, the next one off; without current in between."""
    times = cells["basal bistability"][0]
    assert np.diff(times[times < 100.0]).max() < 10.0
    assert times[times < 100.0][-1] > 90.0
    assert times[-1] < 120.0
    assert times[-1] > 100.0


def test_preferred_frequency(cells):
    """The same pair of pulses: the second fires when it comes 50 ms after the first, and not after 10 ms."""
    times = cells["preferred frequency"][0]
    assert np.histogram(times, [0, 5, 400, 405, 450, 455, 800])[0].tolist() == [1, 0, 1, 0, 1, 0]


def test_spike_latency(cells):
    """A pulse of 2 ms is answered by one spike long after it."""
    times = cells["spike latency"][0]
    assert times.size == 1
    assert times[0] > 2.0 + 10.0
