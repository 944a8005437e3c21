"""How much of what decays exponentially is left after 0, 1, ... steps: tables, which a page computes when it begins."""

import numpy as np

from brainsim.jit.functions import FUNCTIONS
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.jit.vmath import exp


def table_of(rate, steps):
    """Return how much of a trace with a rate of decay, per step, is left after 0, 1, ... steps."""
    with np.errstate(invalid="ignore"):
        table = FUNCTIONS["exp"](-rate * np.arange(float(steps)))
    table[0] = 1.0  # also if the rate is infinite
    return table


def filled(rates, tables):
    """Return (function, Context) by which these tables get their content, as `Operator.filled` does."""
    # what grows may become infinite, which `fill` does not know
    return [(fill, Context(table=t, rate=float(r))) for r, t in zip(rates, tables, strict=True) if r >= 0.0]


@by_address
def fill(decay_, progress_):
    """Do what `table_of` does."""
    decay = record_at(decay_)
    table = array_of(decay.table)
    for k in range(table.size):
        table[k] = exp(-decay.rate * np.float64(k))
    table[0] = 1.0
    return 0
