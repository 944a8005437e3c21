"""Pictures of results and networks; an overview of a whole run.

Every function draws into the axes passed as `ax`, by default the current ones, and returns them; only `overview` makes a
figure. None shows a window or changes the settings of matplotlib; `style` is a context manager with the look of brainsim. A
population has the same colour in all pictures of a result, also alone: ``bs.plot.rate(result.spikes["inh"])``.
"""

from brainsim.plot.animations import animate
from brainsim.plot.elements.styles import style
from brainsim.plot.graphs import connectivity, graph
from brainsim.plot.html.viewer import view
from brainsim.plot.intervals import correlogram, cv_rate, isi_histogram
from brainsim.plot.live import Live
from brainsim.plot.overviews import overview
from brainsim.plot.rasters import raster
from brainsim.plot.rates import bars, psth, rate
from brainsim.plot.space import snapshots, space_time
from brainsim.plot.spectra import spectrogram, spectrum, synchrony
from brainsim.plot.traces import trace
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

_WORDS = {
    (
        "raster_plot",
        "rasterplot",
        "spikes",
        "scatter",
        "eventplot",
    ): "bs.plot.raster(result) draws a dot or stroke for each spike",
    ("isi", "isih", "interval_histogram", "intervals"): "bs.plot.isi_histogram(spikes)",
    ("psd", "power_spectrum", "welch"): "bs.plot.spectrum(spikes)",
    (
        "ccg",
        "acg",
        "cross_correlogram",
        "autocorrelogram",
        "correlation",
        "crosscorrelogram",
    ): "bs.plot.correlogram(a, b), or of one population with itself: bs.plot.correlogram(a)",
    ("network", "draw", "networkx", "topology"): "bs.plot.graph(net) draws populations and projections",
    (
        "adjacency",
        "adjacency_matrix",
        "matrix",
        "heatmap",
        "connectivity_matrix",
    ): "bs.plot.weight_matrix(sim.synapses(wires)) draws cells, bs.plot.connectivity(net) populations",
    ("histogram", "hist"): "bs.plot.weight_histogram, isi_histogram, degrees",
    ("film", "movie", "gif", "animation", "video"): "bs.plot.animate(result, 'run.gif')",
    (
        "sheet",
        "space",
        "wave",
        "waves",
        "activity",
        "frames",
    ): "bs.plot.snapshots(spikes, times, positions=cells), or space_time",
    ("interactive", "explorer", "html", "browser", "viewer"): "result.view('run.html') writes a page that zooms",
    ("voltage", "v", "traces", "potential"): "bs.plot.trace(result, ('cells', 'v'))",
    ("fi_curve", "phase_plane", "step_response", "portrait"): "bs.explore has it; what it returns has a method plot()",
}


def __getattr__(name):
    from brainsim.core.hints import answer

    if name.startswith("_"):
        raise AttributeError(f"module 'brainsim.plot' has no attribute {name!r}")
    raise AttributeError(f"bs.plot has no {name!r}{answer(name, __all__, _WORDS) or '; help(bs.plot) lists what it has'}")
