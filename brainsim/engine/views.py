"""What pictures of a result need to know of its populations."""

import numpy as np


def threshold_of(member):
    """Return the threshold of a population for plots, None unless it is one number."""
    value = member.values.get("v_th")
    return float(value) if value is not None and np.ndim(value) == 0 else None


def resets_of(member):
    """Return the variables that a spike of a population resets, for plots: their traces do not show the spike itself."""
    return sorted({name for name, _ in member.system.reset}) if member.system else []
