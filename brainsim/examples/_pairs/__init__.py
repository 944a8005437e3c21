"""One task on two sides: what a spiking network does and what an artificial one does, in one picture of one layout."""

from brainsim.examples._pairs.layout import side_by_side

__all__ = ["side_by_side"]
