"""Steps in ms."""

from brainsim.core.arrays import times_of as times_of
