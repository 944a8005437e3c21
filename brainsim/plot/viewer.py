"""A result as one HTML file in which it can be looked at: a raster that zooms, with rates and traces beneath."""

import base64
import html
import json
import math
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from brainsim.core.checks import integer, nearest
from brainsim.core.doors import optional
from brainsim.core.files import HTML, PageFile, writable
from brainsim.core.hints import answers_calls
from brainsim.plot.elements.groups import family_of, groups_of, type_name
from brainsim.plot.elements.styles import FAINT
from brainsim.results.result import Result

FOLDER = Path(__file__).parent
MAX_SAMPLES = 1_500_000  # of all traces: 6 MB before they are packed
ON_GRID = 1e-3  # of a step: times that are farther from the grid of dt are kept in hundredths of a step
LABEL_WIDTH = 110  # pixels left of the axes
MUTED = {"axis_line_color": "#888888", "major_tick_line_color": "#888888", "minor_tick_line_color": None}
MUTED |= {"axis_label_text_font_style": "normal"}


@answers_calls
def view(
    result: Result,
    path: str | os.PathLike,
    *,
    title: str | None = None,
    max_samples: int = MAX_SAMPLES,
    names: Mapping[str, Sequence[str]] | None = None,
) -> Path:
    """Write a result to one HTML file, in which a browser shows a raster that zooms and pans, with rates and traces beneath.

    Zoomed out, the raster shows the density of spikes, and zoomed in a stroke for each; the pointer names the cell and the
    time. Populations can be hidden; recorded variables are drawn when they are chosen. The file needs no network and no
    other file. It holds about 4 bytes a spike and 1 to 2 MB of programs.

    Parameters
    ----------
    result : Result
        With spikes.
    path : str or Path
        The file, which must end in ``.html`` or ``.htm``. An existing file is replaced.
    title : str, optional
        Heading of the page.
    max_samples : int
        Most samples of traces in the file: of a variable that has more, the first cells are kept, and its name says so.
    names : dict of str to sequence of str, optional
        What to call the cells of a population when the pointer is at one of their spikes, instead of "cell 5"; by default
        what they are called in the population, as those of a mapped brain are.

    Returns
    -------
    Path
        That of the file; as the last line of a cell of a notebook it shows the page.

    Raises
    ------
    ImportError
        If Bokeh is not installed: ``pip install bokeh``.
    TypeError
        If it is not a Result, or the path cannot be written.
    ValueError
        If no spikes were recorded, the run has no duration, the path has another suffix, or there are not as many `names`
        as a population has cells.
    FileNotFoundError, IsADirectoryError
        If the folder of the file does not exist, or the path is a folder.

    Notes
    -----
    The browser unpacks with ``DecompressionStream``, which all have had since 2023.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> result = bs.simulate(net, 500.0, seed=2)  # doctest: +SKIP
    >>> bs.plot.view(result, "run.html")  # doctest: +SKIP
    """
    if not isinstance(result, Result):
        raise TypeError(f"view: must be a Result (got {type_name(result)})")
    if not len(result.spikes) or not result.duration:
        raise ValueError("view: must be the result of a run of some time that recorded spikes (got none)")
    if title is not None and not isinstance(title, str):
        raise TypeError(f"view.title: must be a text (got {title!r})")
    path = writable(path, "view.path", HTML)
    optional("bokeh", "view")
    max_samples = integer(max_samples, "view.max_samples", at_least=0)
    known = {name: cells for name, cells in result.names.items() if name in result.spikes}
    info, packed = _contents(result, max_samples, known | _check_names(names or {}, result))
    words = "Result" if title is None else title
    page = _page(result, info, packed, words)
    path.write_text(page, encoding="utf-8")
    return PageFile(path)


def _check_names(names, result):
    """Return the names as arrays; raise ValueError if they do not fit the populations of a result."""
    found = {name: np.asarray(given, dtype=str) for name, given in names.items()}
    for name, given in found.items():
        one = result.spikes.get(name)
        if one is None:
            raise ValueError(f"view.names: no spikes of a population {name!r} were recorded{nearest(name, result.spikes)}")
        if given.shape != (one.n,):
            raise ValueError(f"view.names[{name!r}]: must have a name for each of {one.n:,} cells (got {given.shape})")
    return found


def _contents(result, max_samples, names=MappingProxyType({})):
    """Return the description of the data for the page, and the packed data as a list of (id, text)."""
    groups = groups_of(result, "view")
    unit = _unit(result)
    state = result.state.variables if result.state else {}
    cells = {name for name in result.spikes if state.get(name, True)} or set(result.spikes)
    parts, packed = [], []
    for k, group in enumerate(groups):
        sizes, text = pack_spikes(group.spikes, result.start, unit)
        part = {"label": group.label, "population": group.population, "n": group.spikes.n, "first": group.first}
        part |= {"colour": group.colour, "source": group.population not in cells}
        if group.population in names:  # of the cells that have spikes, which may be few of many
            own = names[group.population]
            part["names"] = {int(cell): str(own[cell + group.first]) for cell in np.unique(group.spikes.ids)}
        parts.append(part | sizes)
        packed.append((f"spikes-{k}", text))
    traces = []
    for one in result.traces.values():
        if one.values.size and one.times.size > 1:
            kept = one.of(one.ids[: max(max_samples // (one.times.size * max(len(result.traces), 1)), 1)])
            traces.append(_describe(one, kept, groups))
            packed.append((f"trace-{len(traces) - 1}", pack_floats(kept.values.T)))
    info = {"start": result.start, "stop": result.stop, "unit": unit, "least": max(round(result.dt / unit), 1)}
    info |= {"digits": max(-math.floor(math.log10(unit) + 1e-9), 0), "parts": parts, "traces": traces}
    return info, packed


def _unit(result):
    """Return the unit of time in the file [ms]: dt, or a hundredth of it if spikes lie between its multiples."""
    for spikes in result.spikes.values():
        steps = (spikes.times - result.start) / result.dt
        if steps.size and np.abs(steps - np.rint(steps)).max() > ON_GRID:
            return result.dt / 100.0
    return result.dt


def pack_spikes(spikes, start, unit):
    """Return how spikes are packed, and themselves as text: differences of steps, then cells, in as few bytes as fit."""
    steps = np.rint((spikes.times - start) / unit).astype(np.int64)
    delta = np.diff(steps, prepend=0)
    widths = []
    raw = b""
    for values in (delta, spikes.ids):
        width = next(w for w in (1, 2, 4) if values.size == 0 or values.max() < 256**w)
        widths.append(width)
        raw += values.astype(f"<u{width}").tobytes()
    return {"spikes": steps.size, "delta": widths[0], "id": widths[1]}, _pack(raw)


def pack_floats(values):
    """Return numbers as packed text: as float32, all first bytes, then all second ones, ..., which packs better."""
    planes = np.ascontiguousarray(values, dtype="<f4").view(np.uint8).reshape(-1, 4).T
    return _pack(planes.tobytes())


def _pack(raw):
    return base64.b64encode(zlib.compress(raw, 6)).decode()


def _describe(traces, kept, groups):
    colours = family_of(kept.of(kept.ids[:5]), groups)
    note = "" if kept.ids.size == traces.ids.size else f" (first {kept.ids.size:,} of {traces.ids.size:,} cells)"
    every = float(traces.times[-1] - traces.times[0]) / (traces.times.size - 1)
    facts = {"name": traces.name, "variable": traces.variable, "unit": traces.unit, "ids": kept.ids.tolist(), "note": note}
    return facts | {"first": float(traces.times[0]), "every": every, "samples": traces.times.size, "colours": colours}


def _page(result, info, packed, title):
    from bokeh.embed import file_html
    from bokeh.resources import Resources

    total = sum(part["spikes"] for part in info["parts"])
    cells = sum(part["n"] for part in info["parts"])
    facts = f"{total:,} spikes of {cells:,} cells in {result.duration:,.6g} ms, dt = {result.dt:g} ms"
    text = json.dumps(info, allow_nan=False).replace("<", "\\u003c")
    variables = {"heading": html.escape(title), "facts": facts, "info": text, "packed": packed}
    resources = Resources(mode="inline")  # only the components that are used
    template = (FOLDER / "viewer.html").read_text(encoding="utf-8")
    return file_html(_document(info), resources, title, template=template, template_variables=variables)


def _document(info: dict[str, Any]):
    """Return the Bokeh figures, which the program of the page fills, as a document."""
    from bokeh.document import Document
    from bokeh.layouts import column

    raster, rates, traces = figures = _figures(info)
    sources = _draw_image(raster, rates, traces, info["start"], info["stop"])
    for one in figures:
        _mute(one)
    rates.toolbar_location = traces.toolbar_location = None
    raster.yaxis.major_label_text_color = "#444444"
    rates.ygrid[0].update(visible=True, grid_line_color=FAINT, grid_line_alpha=0.25)
    models = {"raster": raster, "traces": traces, "row_axis": raster.yaxis[0], "trace_axis": traces.yaxis[0]}
    models |= {"x_range": raster.x_range, "y_range": raster.y_range}
    models |= {"rate_range": rates.y_range, "trace_range": traces.y_range}
    document = Document()
    document.add_root(column(*figures, sizing_mode="stretch_width"))
    _connect(document, models | sources)
    return document


def _figures(info):
    """Return three figures over one time axis: for the raster, for rates, and for traces, which are hidden at first."""
    from bokeh.models import Range1d
    from bokeh.plotting import figure

    start, stop = info["start"], info["stop"]
    closest = min(10.0 * info["unit"] * info["least"], stop - start)  # ten steps
    tools = "pan,xwheel_zoom,wheel_zoom,box_zoom,reset,save"
    look = {"sizing_mode": "stretch_width", "tools": tools, "active_scroll": "xwheel_zoom"}
    look |= {"min_border_left": LABEL_WIDTH, "output_backend": "canvas"}
    look["x_range"] = Range1d(start, stop, bounds=(start, stop), min_interval=closest)
    raster = figure(height=460, y_range=Range1d(0, 1), **look)
    rates = figure(height=150, y_range=Range1d(0, 1), y_axis_label="rate [Hz]", x_axis_label="time [ms]", **look)
    traces = figure(height=190, y_range=Range1d(0, 1), x_axis_label="time [ms]", visible=False, **look)
    return raster, rates, traces


def _draw_image(raster, rates, traces, start, stop):
    """Draw an image with marks on it, and lines, from sources of data that are empty; return the sources by name."""
    from bokeh.models import ColumnDataSource, FixedTicker, HoverTool

    image = {"image": [np.zeros((1, 1), np.uint32)], "x": [start], "y": [0], "dw": [stop - start], "dh": [1]}
    sources = {
        "image_source": ColumnDataSource(image),
        "mark_source": ColumnDataSource({"x": [], "y": []}),
        "rate_source": ColumnDataSource({"xs": [], "ys": [], "colour": []}),
        "trace_source": ColumnDataSource({"xs": [], "ys": [], "colour": [], "name": []}),
    }
    raster.image_rgba("image", x="x", y="y", dw="dw", dh="dh", source=sources["image_source"])
    circle = {"marker": "circle", "size": 11, "fill_color": None, "line_color": "#222222", "line_width": 1.5}
    raster.scatter("x", "y", source=sources["mark_source"], **circle)
    raster.yaxis.ticker = FixedTicker(ticks=[])
    rates.multi_line("xs", "ys", line_color="colour", line_width=1.4, source=sources["rate_source"])
    traces.multi_line("xs", "ys", line_color="colour", line_width=1.2, source=sources["trace_source"])
    tips = [("", "@name"), ("time", "$x{0.00} ms"), ("value", "$y{0.000}")]
    traces.add_tools(HoverTool(tooltips=tips, line_policy="nearest"))
    return sources


def _mute(one):
    """Take away all of a figure that is not data."""
    one.grid.visible = False
    one.outline_line_color = None
    one.toolbar.logo = None
    for axis in one.axis:
        axis.update(**MUTED)


def _connect(document, models):
    """Let the program of the page begin when the document is there, and answer changes of ranges and the pointer."""
    from bokeh.models import CustomJS

    raster = models["raster"]
    redraw = CustomJS(code="window.brainsim && window.brainsim.ready && window.brainsim.soon()")
    for changing in (models["x_range"], models["y_range"]):
        changing.js_on_change("start", redraw)
        changing.js_on_change("end", redraw)
    raster.js_on_change("inner_width", redraw)
    raster.js_on_change("inner_height", redraw)
    raster.js_on_event(
        "mousemove", CustomJS(code="window.brainsim && window.brainsim.ready && window.brainsim.hover(cb_obj)")
    )
    raster.js_on_event(
        "mouseleave", CustomJS(code="window.brainsim && window.brainsim.ready && window.brainsim.hover(null)")
    )
    program = CustomJS(args=models, code=(FOLDER / "viewer.js").read_text(encoding="utf-8"))
    document.js_on_event("document_ready", program)
