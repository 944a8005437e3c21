"""Pictures of results: rasters, rates, traces, bars, and a whole run at once.

Every function draws into the axes it is given (or the current ones) and returns them; only `overview` makes a figure.
None shows a window or changes the settings of matplotlib; `style` is a context manager for who wants the look.
"""

from brainsim.plot.bars import bars
from brainsim.plot.overviews import overview
from brainsim.plot.rasters import raster
from brainsim.plot.rates import rate
from brainsim.plot.styles import style
from brainsim.plot.traces import trace

__all__ = ["bars", "overview", "raster", "rate", "style", "trace"]
