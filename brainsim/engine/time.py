"""Steps in ms."""

from brainsim.core.time import times_of as times_of
