"""Statistics of spike trains beyond the methods of `Spikes`, from irregularity to spectra, and features of potentials.

Those of trains take `Spikes`, plain arrays included (``bs.Spikes(times, ids, n, duration)``), and return numbers and NumPy
arrays. Rates, counts, intervals, CV and synchrony are methods: ``spikes.rate()``, ``.counts()``, ``.isi()``, ``.cv()``,
``.synchrony()``, ``.population_rate()``. What is not here is in Elephant and pynapple: ``spikes.to_neo()``,
``spikes.to_pynapple()``. Times are in ms, rates and frequencies in Hz; bins are open on the left, (t0, t1], as everywhere.
"""

from brainsim.analysis.correlations import autocorrelogram, correlations, correlogram, mean_correlation
from brainsim.analysis.counting import count_matrix, fano, fanos, psth
from brainsim.analysis.distances import coincidence_factor, md_star, van_rossum, victor_purpura
from brainsim.analysis.fields import lfp_proxy
from brainsim.analysis.irregularity import cv2, cv2s, lv, lvr, lvrs, lvs
from brainsim.analysis.spectra import spectrum, spike_triggered_average
from brainsim.analysis.voltage import trace_error, voltage_features
from brainsim.core.hints import answer_in

__all__ = [
    "autocorrelogram",
    "coincidence_factor",
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
    "md_star",
    "mean_correlation",
    "psth",
    "spectrum",
    "spike_triggered_average",
    "trace_error",
    "van_rossum",
    "victor_purpura",
    "voltage_features",
]
__getattr__ = answer_in("bs.analysis", __all__)
