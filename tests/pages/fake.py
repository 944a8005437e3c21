"""Pages of the viewer around an engine that only draws spikes at random, for tests of what is seen and moved."""

from pathlib import Path

import brainsim
from brainsim.pages.writing import page_text
from brainsim.results.colours import PALETTE

VIEWER = Path(brainsim.__file__).parent / "pages" / "viewer"
ENGINE = Path(__file__).with_name("fake_engine.js")


def about_of(sizes, *, states=(), weights=(), dt=0.1, pace=0.2, seconds=None, engine=None, title="A network", text=""):
    """Return what Python says to the viewer of a network with populations of these sizes."""
    populations, variables, first = [], [], 0
    for p, (name, size) in enumerate(sizes.items()):
        part = {"name": name, "first": first, "size": size, "colour": PALETTE[p % len(PALETTE)], "population": "cells"}
        populations.append(part | {"sends_only": name.startswith("source")})
        if not name.startswith("source"):
            variables.append({"name": "v", "unit": "mV", "population": p, "threshold": 20.0, "reset": True, "t": ""})
        first += size
    rate = {"label": "rate of the drive", "help": "PoissonInput 'drive': rate", "unit": "Hz"}
    weight = {"label": "inhibition", "help": "weight of the synapses from 'inhibitory'", "unit": "mV"}
    learns = {"unit": "pA", "low": 0.0, "high": 30.0, "bins": 60, "count": 63_000}
    return {
        "contract": 1, "brainsim": brainsim.__version__, "title": title, "text": text, "dt": dt, "start": 0,
        "seconds": seconds, "pace": pace, "rows": first, "synapses": 625_000,
        "populations": populations, "variables": variables,
        "weights": [{"name": name, "colour": colour} | learns for name, colour in weights],
        "controls": [
            rate | {"values": [100.0 * k for k in range(50, 151)], "initial": 50},
            weight | {"values": [-0.05 * k for k in range(41)], "initial": 20},
        ],
        "buttons": [{"label": "push the excitatory cells", "help": "adds 5 mV to v of 'excitatory'"}],
        "states": [{"label": name, "help": ""} for name in states], "engine": engine or {},
    }  # fmt: skip


def write_fake(path, about):
    """Write a page as Python does, with the engine that is not one."""
    Path(path).write_text(page_text(about, {"image": b""}, ENGINE.read_text(encoding="utf-8")), encoding="utf-8")
    return Path(path)
