"""Numbers with few bits, whose sums are exact in any order.

A double has 53 bits. Weights that are integer multiples of one step, with at most 24 bits each, are summed without rounding
errors: a layer gives the same result to the last bit as a matrix product, spike by spike, or in the engine.
"""

import numpy as np


def rounded(values, bits, scale=None):
    """Return `values` rounded to multiples of ``2**-bits`` times the smallest power of 2 that is at least `scale`.

    Parameters
    ----------
    values : float or array
    bits : int
        How many bits the largest value keeps.
    scale : float, optional
        Size of the largest value; by default that of `values`.

    Returns
    -------
    float or array

    Examples
    --------
    >>> rounded([0.3, -1.0], 4)
    array([ 0.3125, -1.    ])
    """
    values = np.asarray(values, dtype=np.float64)
    scale = np.abs(values).max(initial=0.0) if scale is None else scale
    if scale == 0.0:
        return values.copy() if values.ndim else float(values)
    step = 2.0 ** (np.ceil(np.log2(scale)) - bits)
    result = np.round(values / step) * step
    return result if result.ndim else float(result)
