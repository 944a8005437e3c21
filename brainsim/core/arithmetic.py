"""How NumPy treats errors of floating-point arithmetic: brainsim computes as by default, whatever `np.seterr` was told."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

DEFAULT: dict[str, Any] = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
NOTHING: nullcontext = nullcontext()


def default_arithmetic() -> AbstractContextManager:
    """Return NumPy's default treatment of errors, as a context.

    With ``np.seterr(all="raise")`` a weight that underflows to 0, for example, would be an error.
    """
    # to look is faster than to set, for those who never changed it
    return NOTHING if np.geterr() == DEFAULT else np.errstate(**DEFAULT)
