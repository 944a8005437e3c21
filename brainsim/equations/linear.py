"""Exact integration of linear systems with constant coefficients, Rotter & Diesmann (1999), doi:10.1007/s004220050570.

``y' = A y + b + c u`` with ``b`` constant and ``u`` held over the step has the one-step solution
``y(t + dt) = P y(t) + q + s u`` where the rows of ``[P q s]`` are the upper rows of the exponential of the matrix
``dt * [[A, b, c], [0, 0, 0], [0, 0, 0]]``. No formula of the entries is needed, so equal time constants are no special case.

With white noise, ``dy = (A y + ...) dt + G dW``, the same holds on average, and what is added in one step is normal with
the covariance ``Q = integral of exp(A s) G G' exp(A' s) over s from 0 to dt``: also exact, for every dt.
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


def covariance(matrix, gains, dt):
    """Return the covariance Q of what white noise adds in one step.

    By the exponential of a matrix of blocks, Van Loan (1978), doi:10.1109/TAC.1978.1101743, over a part of the step that is
    short against all time constants, and from there by doubling, since its growing exponentials would else overflow.

    Parameters
    ----------
    matrix : array, shape (..., n, n)
        A.
    gains : array, shape (..., n, m)
        G.
    dt : float
    """
    n = matrix.shape[-1]
    doublings = max(0, int(np.ceil(np.log2(max(np.abs(matrix).sum(axis=-1).max() * dt, 1e-300)))))
    h = dt / 2**doublings
    blocks = np.zeros((*matrix.shape[:-2], 2 * n, 2 * n))
    blocks[..., :n, :n], blocks[..., n:, n:] = -matrix, _transposed(matrix)
    blocks[..., :n, n:] = gains @ _transposed(gains)
    exponential = one_step(blocks, h)
    step = _transposed(exponential[..., n:, n:])
    result = step @ exponential[..., :n, n:]
    for _ in range(doublings):
        result = result + step @ result @ _transposed(step)
        step = step @ step
    return result


def factor(covariance):
    """Return the lower triangle L with ``L L' = covariance``, also where the covariance is singular."""
    result = np.zeros_like(covariance)
    for j in range(covariance.shape[-1]):
        left = covariance[..., j, j] - np.sum(result[..., j, :j] ** 2, axis=-1)
        # what is left of rounding is no noise of its own
        root = np.sqrt(np.where(left > 1e-13 * covariance[..., j, j], left, 0.0))
        result[..., j, j] = root
        for i in range(j + 1, covariance.shape[-1]):
            rest = covariance[..., i, j] - np.sum(result[..., i, :j] * result[..., j, :j], axis=-1)
            result[..., i, j] = np.where(root > 0.0, rest / np.where(root > 0.0, root, 1.0), 0.0)
    return result


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


def _transposed(matrix):
    return np.swapaxes(matrix, -1, -2)
