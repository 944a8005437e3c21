"""Pictures of results: rasters, rates, traces, bars, and an overview of a whole run.

Every function draws into the axes passed as `ax`, by default the current ones, and returns them; only `overview` makes a
figure. None shows a window or changes the settings of matplotlib; `style` is a context manager with the look of brainsim.
"""

from brainsim.plot.bars import bars
from brainsim.plot.overviews import overview
from brainsim.plot.rasters import raster
from brainsim.plot.rates import rate
from brainsim.plot.styles import style
from brainsim.plot.traces import trace

__all__ = ["bars", "overview", "raster", "rate", "style", "trace"]
