"""A matrix times a column of values, for each cell of a block: for use in kernels.

The terms of a sum are added in the order of the columns, so a cell has the same bits in any block.
"""

from brainsim.jit.decorators import helper


@helper
def multiply(matrix, inputs, outputs, column, width, n):
    """Write the products of one matrix and the values of each cell, with a loop over rows that vectorises for one cell.

    The matrix is stored column by column. `inputs` and `outputs` have a row for each value, with `width` places, of which
    the first `n` are used; `column` has room for the outputs of one cell.
    """
    rows = column.size
    for k in range(n):
        column[:] = 0
        for j in range(inputs.size // width):
            value, factors = inputs[j * width + k], matrix[j * rows : (j + 1) * rows]
            for i in range(rows):
                column[i] += factors[i] * value
        for i in range(rows):
            outputs[i * width + k] = column[i]


@helper
def multiply_each(matrices, stride, inputs, outputs, rows, width, n):
    """Like `multiply`, with a matrix for each cell: a row for each element, `stride` places from one row to the next."""
    outputs[:] = 0
    for j in range(inputs.size // width):
        values = inputs[j * width : j * width + n]
        for i in range(rows):
            start = (j * rows + i) * stride
            factors, sums = matrices[start : start + n], outputs[i * width : i * width + n]
            for k in range(n):
                sums[k] += factors[k] * values[k]
