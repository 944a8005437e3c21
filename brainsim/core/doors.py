"""The doors to floors above: what a description or a result offers as its method, and a higher floor does.

`Network.estimate` counts what the engine keeps, `Projection.synapses` samples rows as it does, `Result.view` and
`simulate(live=True)` draw. Users look for them there; who does not call them does not load what they need. Nothing else
calls upwards.
"""

import importlib
from typing import Any

DOORS = {
    "estimate": "brainsim.engine.estimates.cost:estimate",
    "synapses": "brainsim.engine.synapses.readback:drawn_table",
    "view": "brainsim.plot.html.viewer:view",
    "live": "brainsim.plot.live:following",
}


def through(door: str) -> Any:
    """Return the function behind a door; its module is imported now."""
    module, name = DOORS[door].split(":")
    return getattr(importlib.import_module(module), name)
