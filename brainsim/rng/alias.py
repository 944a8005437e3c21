"""Tables that sample a discrete distribution with one random number: Walker (1977), doi:10.1145/355744.355749."""

import numpy as np


def alias_table(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the tables (accept, other) of Walker's method, built by Vose's algorithm; their size is a power of two.

    A sample is a random column if another 32 random bits are below ``accept[column]``, otherwise ``other[column]``. The
    probabilities, which sum to 1, are exact to 2**-32.
    """
    size = 1 << int(np.ceil(np.log2(probabilities.size)))
    scaled = np.zeros(size)
    scaled[: probabilities.size] = probabilities * size
    table, other = np.ones(size), np.arange(size)
    small = [k for k in range(size) if scaled[k] < 1.0]
    large = [k for k in range(size) if scaled[k] >= 1.0]
    while small and large:
        low, high = small.pop(), large.pop()
        table[low], other[low] = scaled[low], high
        scaled[high] -= 1.0 - scaled[low]
        (small if scaled[high] < 1.0 else large).append(high)
    return np.minimum(np.floor(table * 2.0**32), 2.0**32 - 1).astype(np.uint32), other.astype(np.int32)
