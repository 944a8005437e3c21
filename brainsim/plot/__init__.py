"""Pictures of results and networks; an overview of a whole run.

Every function draws into the axes passed as `ax`, by default the current ones, and returns them; only `overview` makes a
figure. None shows a window or changes the settings of matplotlib; `style` is a context manager with the look of brainsim. A
population has the same colour in all pictures of a result, also alone: ``bs.plot.rate(result.spikes["inh"])``.
"""

from brainsim.core.hints import answer_in
from brainsim.plot.animations import animate
from brainsim.plot.elements.styles import style
from brainsim.plot.firing_rates import bars, psth, rate
from brainsim.plot.graphs import connectivity, graph
from brainsim.plot.intervals import correlogram, cv_rate, isi_histogram
from brainsim.plot.live import Live
from brainsim.plot.overviews import overview
from brainsim.plot.rasters import raster
from brainsim.plot.space import snapshots, space_time
from brainsim.plot.spectra import spectrogram, spectrum, synchrony
from brainsim.plot.traces import trace
from brainsim.plot.viewer import view
from brainsim.plot.weights import degrees, weight_histogram, weight_matrix, weights

__all__ = [
    "Live",
    "animate",
    "bars",
    "connectivity",
    "correlogram",
    "cv_rate",
    "degrees",
    "graph",
    "isi_histogram",
    "overview",
    "psth",
    "raster",
    "rate",
    "snapshots",
    "space_time",
    "spectrogram",
    "spectrum",
    "style",
    "synchrony",
    "trace",
    "view",
    "weight_histogram",
    "weight_matrix",
    "weights",
]

__getattr__ = answer_in("bs.plot", __all__)
