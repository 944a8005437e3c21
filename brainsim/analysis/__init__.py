"""Statistics of spike trains beyond the methods of `Spikes`: irregularity, variability, correlations, spectra, averages.

All of them take `Spikes`, plain arrays included (``bs.Spikes(times, ids, n, duration)``), and return numbers and NumPy
arrays. Rates, counts, intervals, CV and synchrony are methods: ``spikes.rate()``, ``.counts()``, ``.isi()``, ``.cv()``,
``.synchrony()``, ``.population_rate()``. What is not here is in Elephant and pynapple: ``spikes.to_neo()``,
``spikes.to_pynapple()``. Times are in ms, rates and frequencies in Hz; bins are open on the left, (t0, t1], as everywhere.
"""

from brainsim.analysis.correlations import autocorrelogram, correlations, correlogram, mean_correlation
from brainsim.analysis.counting import count_matrix, fano, fanos, psth
from brainsim.analysis.fields import lfp_proxy
from brainsim.analysis.irregularity import cv2, cv2s, lv, lvr, lvrs, lvs
from brainsim.analysis.signals import spectrum, spike_triggered_average

__all__ = [
    "autocorrelogram",
    "correlations",
    "correlogram",
    "count_matrix",
    "cv2",
    "cv2s",
    "fano",
    "fanos",
    "lfp_proxy",
    "lv",
    "lvr",
    "lvrs",
    "lvs",
    "mean_correlation",
    "psth",
    "spectrum",
    "spike_triggered_average",
]
_METHODS = ("rate", "rates", "counts", "isi", "cv", "cvs", "synchrony", "histogram", "population_rate", "per_cell")
_WORDS = {
    ("firing_rate", "mean_firing_rate"): "spikes.rate() is the mean over cells [Hz], spikes.rates() has that of each",
    ("fanofactor", "fano_factor"): "bs.analysis.fano(spikes, window=100.0)",
    ("sta",): "bs.analysis.spike_triggered_average(spikes, traces)",
    ("cch", "cross_correlogram", "crosscorrelogram", "cross_correlation_histogram"): "bs.analysis.correlogram(a, b)",
    ("acf", "autocorrelation"): "bs.analysis.autocorrelogram(spikes)",
    ("correlation", "corrcoef", "correlation_coefficient", "pairwise_correlation"): "bs.analysis.correlations(spikes) is a "
    "matrix, bs.analysis.mean_correlation(spikes) its mean",
    ("psd", "welch", "power_spectrum", "population_spectrum"): "bs.analysis.spectrum(spikes)",
    ("lfp", "local_field_potential", "field_potential"): "bs.analysis.lfp_proxy(ampa, gaba) takes sums of synaptic currents",
    ("instantaneous_rate",): "spikes.population_rate(sigma=5.0) smooths with a Gaussian",
    ("van_rossum", "victor_purpura", "spade", "gpfa", "stts", "sttc", "unitary_events"): "Elephant has it, and takes "
    "spikes.to_neo()",
}


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(f"module 'brainsim.analysis' has no attribute {name!r}")
    from brainsim.core.hints import answer

    hint = f"; it is a method: spikes.{name}()" if name in _METHODS else answer(name, __all__, _WORDS)
    raise AttributeError(f"bs.analysis has no {name!r}{hint or '; help(bs.analysis) lists what it has'}")
