"""What pictures of a result need to know of its populations."""

import numpy as np


def threshold_of(member):
    """Return the threshold of a population where it is one number, for plots."""
    value = member.values.get("v_th")
    return float(value) if value is not None and np.ndim(value) == 0 else None


def resets_of(member):
    """Return the variables that a spike of a population sets anew, for plots: at these a trace does not show it."""
    return sorted({name for name, _ in member.system.reset}) if member.system else []
