"""`page`: a network, or a simulation, becomes one file that runs in a browser."""

from __future__ import annotations

import copy
import html
import os
import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from inspect import signature
from pathlib import Path
from types import MappingProxyType
from typing import Any

from brainsim.core.checks import nearest, number, options_of
from brainsim.core.files import HTML, writable
from brainsim.engine.simulation.simulation import Simulation
from brainsim.network.network import Network
from brainsim.pages.about import about
from brainsim.pages.controls import Bound, Button, Control, bound_button, keep_apart
from brainsim.pages.export import Export
from brainsim.pages.refused import check_simulation
from brainsim.pages.states import States, checked_states
from brainsim.pages.tabulate import Tables
from brainsim.pages.writing import LARGE, page_text
from brainsim.results.result import State

PACE = 0.2  # simulated seconds in a second


class Page:
    """A page that was made; a notebook shows it.

    Attributes
    ----------
    text : str
        The page.
    file : Path or None
        Where it was written.
    """

    def __init__(self, text: str, file: Path | None):
        self.text, self.file = text, file

    @property
    def nbytes(self) -> int:
        """Its size [bytes]."""
        return len(self.text.encode())

    def __repr__(self) -> str:
        return f"Page({'' if self.file is None else f'{str(self.file)!r}, '}{self.nbytes / 1e3:,.0f} kB)"

    def _repr_html_(self) -> str:
        return f'<iframe srcdoc="{html.escape(self.text)}" style="width:100%;height:900px;border:0"></iframe>'


def page(
    network: Network | Simulation,
    file: str | os.PathLike | None = None,
    controls: Sequence[Control] = (),
    buttons: Sequence[Button] = (),
    *,
    states: Mapping[str, State] | None = None,
    title: str | None = None,
    text: str = "",
    seconds: float | None = None,
    pace: float = PACE,
    **options: Any,
) -> Page:
    """Write a network as one page that runs it in a browser: one file, which needs no network and no Python.

    Parameters
    ----------
    network : Network or Simulation
        A Simulation continues on the page from where it is.
    file : str or Path, optional
        The file to write, such as ``"network.html"``; without it, the page is only returned.
    controls : sequence of Control
        What the reader can move.
    buttons : sequence of Button
        What the reader can press.
    states : dict of str to State, optional
        What the reader can start from besides where the network is now: what the choice is called -> the state of a result,
        ``result.state``, of a run of this network with this seed.
    title, text : str
        Heading and explanation.
    seconds : float, optional
        The page stops after this simulated time [s]; by default it runs until the reader pauses it.
    pace : float
        How many seconds are simulated in a second.
    **options
        Options of `Simulation`, such as ``dt=`` and ``seed=``, if `network` is a Network.

    Returns
    -------
    Page
        A notebook shows it.

    Raises
    ------
    ImportError
        If llvmlite is older than 0.46.
    TypeError, ValueError
        If the simulation has ranks, a stream, ``record=``, or was run with a callback, which need Python; if a
        control or a button is of something that does not exist, a range does not contain the present value, two controls
        change the same constant or weights that can pass each other, or a state is of another network or seed.

    Notes
    -----
    The page has the functions that run here, as WebAssembly, and the memory of the simulation. So spikes, state and weights
    have the same bits, also after a control was moved, whose positions are found by `Simulation.set`; the page shows the
    digest that `Simulation.digest` returns. Most of the time is that of compiling, whose code is kept for the next page of
    such a network. A stored synapse takes 1 to 5 bytes, a procedural one none; more than 5 MB are mentioned.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> net = bs.Network(seed=1)
    >>> drive = bs.CurrentInput(400.0)
    >>> net.stimulate(cells, drive)
    >>> slider = bs.Control(drive, "amplitude", 0.0, 800.0, label="current")
    >>> bs.page(net, "network.html", [slider], seed=2, title="A hundred cells")          # doctest: +SKIP
    Page('network.html', 60 kB)
    """
    pace = number(pace, "page.pace", above=0.0)
    seconds = None if seconds is None else number(seconds, "page.seconds", "s", above=0.0)
    for value, name in ((title, "title"), (text, "text")):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"page.{name}: must be a text (got {value!r})")
    if isinstance(network, Simulation):
        if options:
            raise TypeError(f"page.{next(iter(options))}: belongs to a Network; the Simulation has its own")
        given = network
    elif isinstance(network, Network):
        names = {*signature(page).parameters, *signature(Simulation).parameters} - {"options"}
        if wrong := [name for name in options if name not in names]:
            raise TypeError(f"page: there is no argument {wrong[0]!r}{nearest(wrong[0], names)}")
        with options_of("page"):
            given = Simulation(network, **options | {"threads": 1})
    else:
        said = repr(network).partition("\n")[0]
        raise TypeError(f"page.network: must be a Network or a Simulation (got {said})")
    check_simulation(given)
    if isinstance(file, Control | list | tuple):
        raise TypeError(f"page.file: must be the path of a file; type controls= before what can be moved (got {file!r})")
    path = None if file is None else writable(file, "page.file", HTML)
    title = title or "A network of spiking neurons"
    made = make(alone(given), controls, buttons, states or {}, title=title, text=text, seconds=seconds, pace=pace)
    return written(made, path)


def written(text, path):
    """Return the Page of a text, which is written to a path unless that is None; a large one is mentioned before."""
    size = len(text.encode())
    if size > LARGE:
        print(f"page: {size / 1e6:.1f} MB" + ("" if path is None else f", {path}"))
    if path is not None:
        path.write_text(text, encoding="utf-8")
    return Page(text, path)


def make(sim, *given, **said):
    """Return the text of a page of a simulation in one partition, which this changes."""
    return page_text(*contents(sim, *given, **said))


def contents(
    sim, controls=(), buttons=(), states=MappingProxyType({}), title="", text="", seconds=None, pace=PACE, arrays=()
):
    """Return what the page holds of a simulation in one partition, which this changes: a dict, and blobs by name."""
    bound, states = bind(sim, controls), checked_states(sim, states)
    buttons = listed(buttons, Button, "page.buttons", "bs.Button('push', cells[:10], add=10)")
    for array in arrays:  # one number may have stood for all of them
        array.set(sim, array.values)
    keep_apart(sim, bound)
    export = Export(sim)
    found = about(sim, export, title, text, seconds, pace)
    tables = Tables(sim, export)
    for control in bound:
        tables.add(control, control.values)
    for array in arrays:
        tables.add_array(array)
    choices = {"the start": sim.time} | {name: state.step * sim.dt for name, state in states.items()} if states else {}
    saved = States(sim, export.image, states)
    image, columns = export.image.packed()
    export.engine |= {"columns": columns, "end": export.image.end, "controls": tables.engine, "states": saved.engine}
    export.engine["arrays"] = tables.arrays
    shown = [
        {"label": c.label, "help": c.help, "unit": c.unit, "values": c.values.tolist(), "initial": c.initial} for c in bound
    ]
    pressed = [bound_button(button, sim, export.address_in_state) for button in buttons]
    export.engine["buttons"] = [writes for _, writes in pressed]
    found |= {"controls": shown, "buttons": [said for said, _ in pressed], "engine": export.engine}
    found["states"] = [{"label": name, "help": f"at {time:g} ms"} for name, time in choices.items()]
    # in one piece, since one way of fma is compressed to little behind the other
    export.engine["codes"] = [[way, len(code)] for way, code in export.codes.items()]
    code = b"".join(export.codes.values())
    return found, {"image": image, "changes": bytes(tables.changes), "states": bytes(saved.changes), "code": code}


def bind(sim, controls):
    """Return the Bound of each control; raise an error if two are of the same value."""
    found = {}
    for control in listed(controls, Control, "page.controls", "bs.Control('cells', 'tau_m', 5, 40)"):
        bound = Bound(control, sim)
        if bound.key in found:
            raise ValueError(f"{bound.owner}: another control moves the same value; leave out one of them")
        found[bound.key] = bound
    return [*found.values()]


def listed(given, kind, label, example):
    """Return what is given as a list; raise TypeError unless all of it is of a kind. One alone may be without a list."""
    found = [given] if isinstance(given, str | Mapping) or not isinstance(given, Iterable) else [*given]
    for one in found:
        if not isinstance(one, kind):
            raise TypeError(f"{label}: must be a list of bs.{kind.__name__}, such as [{example}] (got {one!r})")
    return found


def alone(sim):
    """Return a copy of a simulation in one partition."""
    if sim.threads == 1:
        return copy.deepcopy(sim)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they came when the simulation was made
        file = sim.save(Path(folder, "page.ckpt"))
        return Simulation.load(sim._described.given, file, threads=1)
