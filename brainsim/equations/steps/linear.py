"""Exact integration of linear systems with constant coefficients, Rotter & Diesmann (1999), doi:10.1007/s004220050570.

``y' = A y + b + c u`` with ``b`` constant and ``u`` held over the step has the one-step solution
``y(t + dt) = P y(t) + q + s u``, where the rows of ``[P q s]`` are the upper rows of the exponential of the matrix
``dt * [[A, b, c], [0, 0, 0], [0, 0, 0]]``. No formula for the entries is needed, so equal time constants are not a special
case.

With white noise, ``dy = (A y + ...) dt + G dW``, the same holds for the mean, and the noise of one step is normal with the
covariance ``Q = integral of exp(A s) G G' exp(A' s) over s from 0 to dt``. This is also exact for every dt.
"""

import numpy as np

TERMS = 12  # of the series of e**X, |X| < 1/4: the rest is 1e-17 of X
CHUNK = 2000  # matrices, which then stay in the processor's cache


def one_step(matrix: np.ndarray, dt: float) -> np.ndarray:
    """Return the exponential of ``matrix*dt`` for one matrix (m, m) or a stack of them (n, m, m).

    The exponential of a matrix has the same bits alone, in any stack, and on any processor.
    """
    matrix = np.asarray(matrix, dtype=np.float64) * dt
    if matrix.ndim == 3 and (matrix != matrix[0]).any():
        starts = range(0, len(matrix), CHUNK)
        return np.concatenate([_exponentials(matrix[start : start + CHUNK]) for start in starts])
    return np.broadcast_to(_exponentials(matrix.reshape(-1, *matrix.shape[-2:])[:1])[0], matrix.shape)


def _exponentials(matrices):
    """Return the exponential of each of many small matrices, as ``1 + E``.

    Each matrix is halved until its norm is below 1/4; E of that is a Taylor series, and is then doubled as often as the
    matrix was halved: ``(1 + E)**2 = 1 + (2 E + E**2)``, which loses no digits for slow decays. Each operation is on all
    matrices together; `scipy.linalg.expm` loops over them.
    """
    halvings = np.maximum(np.frexp(np.abs(matrices).sum(axis=-1).max(axis=-1))[1] + 2, 0)
    part = np.ldexp(_rows_first(matrices), -halvings)
    result = part / TERMS
    for k in range(TERMS - 1, 0, -1):
        result = (part + _product(part, result)) / k
    for done in range(halvings.max()):
        left = halvings > done
        half = result[..., left]
        result[..., left] = 2.0 * half + _product(half, half)
    return np.ascontiguousarray(_rows_last(result)) + np.eye(matrices.shape[-1])


def _product(a, b):
    """Return the product of matrices (rows, columns, ...), with sums in a fixed order.

    The last bits of NumPy's matrix product depend on the processor and on the library behind it.
    """
    total = a[:, :1] * b[:1]
    for k in range(1, len(b)):
        total += a[:, k : k + 1] * b[k : k + 1]
    return total


def _rows_first(matrices):
    """Return matrices (..., rows, columns) as (rows, columns, ...), so that the inner loops run over the matrices."""
    return np.ascontiguousarray(np.moveaxis(matrices, (-2, -1), (0, 1)))


def _rows_last(matrices):
    """Undo `_rows_first`."""
    return np.moveaxis(matrices, (0, 1), (-2, -1))


def covariance(matrix: np.ndarray, gains: np.ndarray, dt: float) -> np.ndarray:
    """Return the covariance Q of the white noise of one step, for matrices A (..., n, n) and gains G (..., n, m).

    It is the exponential of a block matrix, Van Loan (1978), doi:10.1109/TAC.1978.1101743, over a part of the step that is
    short compared with all time constants, doubled up to the whole step: the growing exponentials of a long step would
    overflow.
    """
    n = matrix.shape[-1]
    doublings = np.maximum(np.frexp(np.abs(matrix).sum(axis=-1).max(axis=-1) * dt)[1], 0)  # for each cell separately
    gains = _rows_first(gains)
    blocks = np.zeros((*matrix.shape[:-2], 2 * n, 2 * n))
    blocks[..., :n, :n], blocks[..., n:, n:] = -matrix, np.swapaxes(matrix, -1, -2)
    blocks[..., :n, n:] = _rows_last(_product(gains, np.swapaxes(gains, 0, 1)))
    exponential = _rows_first(one_step(blocks * (dt / 2.0**doublings)[..., None, None], 1.0))
    step = np.swapaxes(exponential[n:, n:], 0, 1)
    result = _product(step, exponential[:n, n:])
    for done in range(doublings.max()):
        left = doublings > done
        result = np.where(left, result + _product(_product(step, result), np.swapaxes(step, 0, 1)), result)
        step = np.where(left, _product(step, step), step)
    return _rows_last(result)


def factor(covariance: np.ndarray) -> np.ndarray:
    """Return the lower triangular matrix L with ``L L' = covariance``; the covariance may be singular."""
    result = np.zeros_like(covariance)
    for j in range(covariance.shape[-1]):
        left = covariance[..., j, j] - np.sum(result[..., j, :j] ** 2, axis=-1)
        # a remainder as small as the rounding error is not another source of noise
        root = np.sqrt(np.where(left > 1e-13 * covariance[..., j, j], left, 0.0))
        result[..., j, j] = root
        for i in range(j + 1, covariance.shape[-1]):
            rest = covariance[..., i, j] - np.sum(result[..., i, :j] * result[..., j, :j], axis=-1)
            result[..., i, j] = np.where(root > 0.0, rest / np.where(root > 0.0, root, 1.0), 0.0)
    return result


def reachable(structure: np.ndarray) -> np.ndarray:
    """Return which entries of the exponential of a matrix of this structure (m, m) can be nonzero: paths of any length."""
    reach = np.asarray(structure, dtype=bool) | np.eye(len(structure), dtype=bool)
    while True:  # each product doubles the length of the paths
        longer = (reach.astype(np.float32) @ reach.astype(np.float32)) > 0
        if np.array_equal(longer, reach):
            return reach
        reach = longer
