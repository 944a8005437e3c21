"""Exact integration of linear systems with constant coefficients, Rotter & Diesmann (1999), doi:10.1007/s004220050570.

``y' = A y + b + c u`` with ``b`` constant and ``u`` held over the step has the one-step solution
``y(t + dt) = P y(t) + q + s u`` where the rows of ``[P q s]`` are the upper rows of the exponential of the matrix
``dt * [[A, b, c], [0, 0, 0], [0, 0, 0]]``. No formula of the entries is needed, so equal time constants are no special case.
"""

import numpy as np


def one_step(matrix, dt):
    """Return the exponential of ``matrix*dt`` for one matrix (m, m) or a stack of them (n, m, m).

    Cells with equal parameters share one exponential; 100,000 different 4 x 4 matrices take 0.7 s.
    """
    from scipy.linalg import expm  # 70 ms to import, needed only once a linear model is built

    matrix = np.asarray(matrix, dtype=np.float64) * dt
    if matrix.ndim == 2:
        return expm(matrix)
    flat = np.ascontiguousarray(matrix.reshape(len(matrix), -1))
    different, which = np.unique(flat, axis=0, return_inverse=True)
    return expm(different.reshape(-1, *matrix.shape[1:]))[which.ravel()]


def reachable(structure):
    """Return where the exponential of a matrix of this structure can be nonzero: the paths, of any length.

    Parameters
    ----------
    structure : (m, m) array of bool
        Where the matrix can be nonzero.
    """
    reach = np.asarray(structure, dtype=bool) | np.eye(len(structure), dtype=bool)
    for _ in range(len(reach)):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    return reach
