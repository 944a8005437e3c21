"""Networks and units that learn from arrays, compiled: e-prop, and the rules of Oja and of Bienenstock, Cooper and Munro."""

from brainsim.learn.eprop import EProp
from brainsim.learn.units import BCM, Oja

__all__ = ["BCM", "EProp", "Oja"]
