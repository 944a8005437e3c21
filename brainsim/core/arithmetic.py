"""How NumPy treats errors of floating-point arithmetic: brainsim computes as by default, whatever `np.seterr` was told."""

import numpy as np


def default_arithmetic() -> np.errstate:
    """Return NumPy's default treatment of errors, as a context.

    With ``np.seterr(all="raise")`` a weight that underflows to 0, for example, would be an error.
    """
    return np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")
