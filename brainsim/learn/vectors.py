"""Operations on vectors inside kernels, which all kernels of learning share."""

from brainsim.jit.decorators import helper
from brainsim.jit.vmath import exp, log


@helper
def copy(values, into):
    """Copy an array; an assignment of one to another would create an array in between."""
    for j in range(into.size):
        into[j] = values[j]


@helper
def add_scaled(into, factor, values):
    """Add ``factor*values``."""
    for j in range(into.size):
        into[j] += factor * values[j]


@helper
def softmax(score, label, out):
    """Put the derivative of the cross-entropy into `out`, and return the cross-entropy."""
    top, total = score[0], 0.0
    for o in range(score.size):
        top = max(top, score[o])
    # p = exp(score)/sum(exp(score)), relative to the largest score, so that nothing overflows. The cross-entropy is -log(p)
    # of the label; its derivative by a score is p, less 1 for the label
    for o in range(score.size):
        out[o] = exp(score[o] - top)
        total += out[o]
    for o in range(score.size):
        out[o] /= total
    loss = log(total) + top - score[label]
    out[label] -= 1.0
    return loss
