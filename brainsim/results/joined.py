"""One Result of two that follow each other, as a simulation that was continued from a file returns them."""

from dataclasses import fields, replace
from typing import Any

import numpy as np

from brainsim.results.result import Result
from brainsim.results.spikes import Spikes

ALONG_TIME = ("times", "ids", "values", "counts")  # the fields of what was recorded that grow with time


def joined(earlier: Result, later: Result) -> Result:
    """Return `later` with what `earlier` recorded before it.

    Parameters
    ----------
    earlier : Result
    later : Result
        Of the same requests. Its start and duration are those of both together.
    """
    kinds: dict[str, Any] = {}
    for name in ("spikes", "traces", "weights"):
        before, after = dict(getattr(earlier, name)), getattr(later, name)
        if before.keys() != after.keys():
            wanted, got = (", ".join(map(str, keys)) or "nothing" for keys in (after, before))
            raise ValueError(f"{name}: must be of {wanted} (got {got})")
        kinds[name] = {key: _joined(before[key], part) for key, part in after.items()}
    return replace(later, **kinds)


def _joined(before, after):
    """Return what two parts of one kind hold, one after the other."""
    growing = [field.name for field in fields(after) if field.name in ALONG_TIME]
    if not isinstance(after, Spikes):
        growing.remove("ids") if "ids" in growing else None  # the cells, which are the same ones
    return replace(after, **{name: np.concatenate([getattr(before, name), getattr(after, name)]) for name in growing})
