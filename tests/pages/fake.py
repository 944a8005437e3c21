"""Pages of the viewer around an engine that only draws spikes at random, for tests of what is seen and moved."""

import json
from html import escape
from pathlib import Path

import brainsim
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
        "states": [{"label": name, "help": ""} for name in states], "blobs": ["image"], "engine": engine or {},
    }  # fmt: skip


def write_fake(path, about):
    """Write a page as Python does, with the engine that is not one."""
    data = [f'<script type="application/json" id="about">{json.dumps(about).replace("<", chr(92) + "u003c")}</script>']
    data.append(f'<script type="text/plain" id="engine">{ENGINE.read_text(encoding="utf-8")}</script>')
    data += [f'<script type="text/plain" id="blob-{name}">AAAA</script>' for name in about["blobs"]]
    page = (VIEWER / "page.html").read_text(encoding="utf-8")
    parts = {
        "@TITLE@": escape(about["title"]),
        "@STYLE@": _joined("css"),
        "@DATA@": "\n".join(data),
        "@VIEWER@": _joined("js"),
    }
    for name, part in parts.items():
        page = page.replace(name, part)
    Path(path).write_text(page, encoding="utf-8")
    return Path(path)


def _joined(suffix):
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(VIEWER.glob(f"*.{suffix}")))
