"""Each statistic is Elephant's, to 1e-12: compared with Elephant itself if it is installed, else with numbers that it gave.

``python -m tests.analysis.test_elephant`` writes the numbers anew, with Elephant.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from brainsim import analysis
from tests.helpers.trains import CASES, DURATION

NUMBERS = Path(__file__).parents[1] / "data" / "elephant.json"
EVENTS = np.array([100.0, 300.0, 550.0, 560.0])
BIN, SIGNAL_DT = 4.0, 0.125


def signal():
    times = SIGNAL_DT * np.arange(round(DURATION / SIGNAL_DT) + 1)
    return bs.Traces("cells", "v", "mV", times, [0], (-60.0 + np.sin(times / 7.0) + 1e-3 * times)[:, None])


def halves(spikes):
    """Return the first and the second half of the cells, as many each."""
    m = spikes.n // 2
    return spikes.of(slice(0, m)), spikes.of(slice(m, 2 * m))


def own(spikes):
    """Return statistic -> its values in brainsim."""
    a, b = spikes.of(slice(0, spikes.n // 2)), spikes.of(slice(spikes.n // 2, spikes.n))
    return {
        "rates": spikes.rates(),
        "counts": spikes.counts(),
        "isi": spikes.isi(),
        "cv": spikes.cvs(),
        "cv2": analysis.cv2s(spikes),
        "lv": analysis.lvs(spikes),
        "lvr": analysis.lvrs(spikes),
        "fano of windows": analysis.fanos(spikes, window=100.0),
        "fano of trials": analysis.fanos(spikes, (-10.0, 90.0), EVENTS),
        "psth": analysis.psth(spikes, EVENTS, (-40.0, 120.0), BIN)[1],
        "population rate": spikes.population_rate(BIN)[1],
        "synchrony": [spikes.synchrony(BIN)],
        "count matrix": analysis.count_matrix(spikes, BIN),
        "correlations": analysis.correlations(spikes, BIN),
        "mean correlation": [analysis.mean_correlation(spikes, BIN)],
        "correlogram": analysis.correlogram(a, b, BIN, 100.0)[1],
        "correlogram, coefficient": analysis.correlogram(a, b, BIN, 100.0, norm="coefficient")[1],
        "autocorrelogram": analysis.autocorrelogram(spikes, BIN, 100.0)[1],
        "correlogram, rate": analysis.correlogram(a, b, BIN, 100.0, norm="rate")[1],
        "spectrum": analysis.spectrum(spikes, BIN, 400.0)[1],
        "van Rossum, squared": 2.0 * analysis.van_rossum(*halves(spikes), 20.0),
        "Victor and Purpura": analysis.victor_purpura(*halves(spikes), 0.3),
        "spike-triggered average": analysis.spike_triggered_average(spikes, signal(), (-20.0, 30.0))[1],
    }


def elephants(spikes):
    """Return statistic -> its values in Elephant."""
    import neo
    import quantities as pq
    from elephant import conversion, spectral, spike_train_correlation, spike_train_dissimilarity, sta, statistics

    trains, ms = spikes.to_neo(), pq.ms
    binned = conversion.BinnedSpikeTrain(trains, bin_size=BIN * ms)
    pooled = [merged(part) for part in (spikes.of(slice(0, spikes.n // 2)), spikes.of(slice(spikes.n // 2, spikes.n)))]
    bins = [conversion.BinnedSpikeTrain(train, bin_size=BIN * ms) for train in pooled]
    intervals = [statistics.isi(train) for train in trains]
    enough = [gaps.size >= 2 for gaps in intervals]

    def of_cells(function):
        return [float(function(gaps)) if many else np.nan for gaps, many in zip(intervals, enough, strict=True)]

    def fano_of(windows):
        parts = [[train.time_slice(t0 * ms, t1 * ms) for t0, t1 in windows] for train in trains]
        return [statistics.fanofactor(part) for part in parts]

    def correlogram(first, second, coefficient=False, border=False):
        options = {"cross_correlation_coefficient": coefficient, "border_correction": border, "method": "memory"}
        found, _ = spike_train_correlation.cross_correlation_histogram(first, second, window=[-25, 25], **options)
        return found.magnitude.ravel()

    def apart(function, **options):
        m = len(trains) // 2
        return np.array([function([trains[k], trains[m + k]], **options)[0, 1] for k in range(m)])

    matrix = spike_train_correlation.correlation_coefficient(binned, fast=False)
    matrix = np.where(np.isnan(np.sum(binned.to_array(), axis=1)), np.nan, matrix)
    constant = np.ptp(binned.to_array(), axis=1) == 0
    matrix[constant] = matrix[:, constant] = np.nan
    varying = matrix[~constant][:, ~constant]
    own_bins = [conversion.BinnedSpikeTrain(train, bin_size=BIN * ms) for train in trains]
    auto = np.sum([correlogram(one, one) for one in own_bins if one.sparse_matrix.nnz] or [np.zeros(51)], axis=0)
    auto[25] -= len(spikes)  # Elephant pairs each spike with itself
    histogram = statistics.time_histogram(trains, BIN * ms).magnitude.ravel()
    rate = statistics.time_histogram(trains, BIN * ms, output="rate").rescale("Hz")
    around = [train.time_slice((e - 40) * ms, (e + 120) * ms).time_shift(-e * ms) for e in EVENTS for train in trains]
    values = neo.AnalogSignal(signal().values, units="mV", sampling_period=SIGNAL_DT * ms)
    average = sta.spike_triggered_average(values, merged(spikes), (-20.0 * ms, 30.0 * ms)).magnitude
    return {
        "rates": [statistics.mean_firing_rate(train).rescale("Hz").item() for train in trains],
        "counts": [len(train) for train in trains],
        "isi": np.concatenate([gaps.magnitude for gaps in intervals]),
        "cv": of_cells(lambda gaps: statistics.cv(gaps.magnitude)),
        "cv2": of_cells(lambda gaps: statistics.cv2(gaps.magnitude)),
        "lv": of_cells(lambda gaps: statistics.lv(gaps.magnitude)),
        "lvr": of_cells(lambda gaps: statistics.lvr(gaps)),
        "fano of windows": fano_of([(t, t + 100.0) for t in np.arange(0.0, DURATION, 100.0)]),
        "fano of trials": fano_of([(e - 10.0, e + 90.0) for e in EVENTS]),
        "psth": statistics.time_histogram(around, BIN * ms, output="rate").rescale("Hz").magnitude.ravel(),
        "population rate": rate.magnitude.ravel(),
        "synchrony": [histogram.var() / histogram.mean() if histogram.any() else np.nan],
        "count matrix": binned.to_array(),
        "correlations": matrix,
        "mean correlation": [varying[~np.eye(len(varying), dtype=bool)].mean() if len(varying) > 1 else np.nan],
        "correlogram": correlogram(*bins),
        "correlogram, coefficient": correlogram(*bins, coefficient=True),
        "correlogram, rate": correlogram(*bins, border=True) * 1000.0 / (BIN * len(pooled[0]) * (spikes.n - spikes.n // 2)),
        "autocorrelogram": auto,
        "spectrum": spectral.welch_psd(rate, len_segment=100)[1].magnitude.ravel(),
        "van Rossum, squared": apart(spike_train_dissimilarity.van_rossum_distance, time_constant=20.0 * ms) ** 2,
        "Victor and Purpura": apart(spike_train_dissimilarity.victor_purpura_distance, cost_factor=0.3 / ms),
        "spike-triggered average": average,
    }


def merged(spikes):
    """Return the spikes of all cells as one train of Neo."""
    import neo

    return neo.SpikeTrain(spikes.times, units="ms", t_start=spikes.start, t_stop=spikes.stop)


def values_of_elephant(name):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return elephants(CASES[name]())


def compare(found, expected):
    for statistic, values in expected.items():
        scale = np.nanmax(np.abs(np.asarray(values, float)), initial=1.0)
        np.testing.assert_allclose(
            np.ravel(found[statistic]), np.ravel(values), rtol=1e-12, atol=1e-12 * scale, err_msg=statistic
        )


@pytest.mark.parametrize("name", CASES)
def test_as_elephant(name):
    pytest.importorskip("elephant")
    compare(own(CASES[name]()), values_of_elephant(name))


@pytest.mark.parametrize("name", CASES)
def test_as_elephant_gave(name):
    compare(own(CASES[name]()), json.loads(NUMBERS.read_text())[name])


def test_every_statistic_is_compared():
    """All that the module offers, with the statistics that are methods, but for what Elephant lacks."""
    compared = {"cv2s", "lvs", "lvrs", "fanos", "psth", "count_matrix", "correlations", "mean_correlation", "correlogram"}
    compared |= {"autocorrelogram", "spectrum", "spike_triggered_average", "van_rossum", "victor_purpura"}
    means = {"cv2", "lv", "lvr", "fano"}
    not_in_elephant = {"lfp_proxy", "coincidence_factor", "md_star", "voltage_features", "trace_error"}
    assert set(analysis.__all__) - not_in_elephant == compared | means
    spikes = CASES["random"]()
    for name in means:
        of_cells, mean = getattr(analysis, f"{name}s")(spikes), getattr(analysis, name)(spikes)
        assert mean == pytest.approx(np.nanmean(of_cells), rel=1e-14)


if __name__ == "__main__":
    found = {name: {key: np.ravel(v).tolist() for key, v in values_of_elephant(name).items()} for name in CASES}
    for values in found.values():  # the longest are compared with Elephant only
        for key in ("count matrix", "spike-triggered average", "spectrum"):
            values.pop(key) if len(values[key]) > 500 else None
    NUMBERS.write_text(json.dumps(found) + "\n")
