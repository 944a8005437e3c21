"""Single cells: f-I curve, phase plane, step of current, ramp of current; one call and one picture each.

>>> import brainsim as bs
>>> curve = bs.explore.fi_curve(bs.LIF(), [100.0, 200.0, 300.0])
>>> curve.rates.round(1)
array([ 0. , 33.6, 62.9])
>>> plane = bs.explore.phase_plane(bs.AdEx(), "v", "w", current=500.0)              # doctest: +SKIP
>>> bs.explore.step_response(bs.AdEx(), [-200.0, 500.0, 800.0]).plot()              # doctest: +SKIP
>>> bs.explore.portrait(bs.NMDA()).savefig("nmda.png")                              # doctest: +SKIP

Each takes any neuron whose parameters are numbers, also one of your own, and returns arrays with a method ``plot(ax=None)``,
which draws into `ax`, by default the current axes, and returns the axes.
"""

from brainsim.explore.fi_curve import FICurve, fi_curve
from brainsim.explore.planes import PhasePlane, phase_plane
from brainsim.explore.portraits import portrait
from brainsim.explore.responses import Response, current_ramp, step_response

__all__ = ["FICurve", "PhasePlane", "Response", "current_ramp", "fi_curve", "phase_plane", "portrait", "step_response"]
