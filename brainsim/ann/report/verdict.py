"""Where the spiking side of a comparison wins and where it loses: arithmetic energy, accuracy, depth."""

import numpy as np

ENOUGH = 0.99  # of the last accuracy
NOTICED = 0.5  # points of accuracy


def verdict(comparison):
    """Return what a `Comparison` says, a line for each kind of cost."""
    first = enough(comparison)
    own = 100 * comparison.ann_accuracy
    reference = (
        f"Points are behind the artificial network with the same weights, which finds {own:.2f} % of the same "
        f"{len(comparison.y)} test samples."
    )
    return "\n".join(
        [*_energy(comparison, first), lost_accuracy(comparison.T, comparison.loss), reference, *_depth(comparison, first)]
    )


def enough(comparison):
    """Return the place of the first T that has 99 % of the last accuracy."""
    return int(np.flatnonzero(comparison.accuracy >= ENOUGH * comparison.accuracy[-1])[0])


def _energy(comparison, first):
    T, energy = comparison.T, comparison.energy
    ratio = energy[first] / max(comparison.ann_energy, 1e-300)
    yield (
        f"At T = {T[first]}, the first with 99 % of the last accuracy, spikes take {ratio:.2f} times the arithmetic "
        f"energy of the artificial network: {'less' if ratio < 1 else 'MORE'}."
    )
    dear = [steps for steps, one in zip(T, energy, strict=True) if one > comparison.ann_energy]
    if dear and dear[0] > T[first]:
        yield f"From T = {dear[0]} on they take more."


def lost_accuracy(T, loss):
    """Return a sentence about the accuracy that spikes lose at each T [points]."""
    some = [str(steps) for steps, points in zip(T, loss, strict=True) if points > NOTICED]
    worst = int(np.argmax(loss))
    if not some:
        return f"They lose at most {max(loss[worst], 0.0):.2f} points of accuracy, at T = {T[worst]}."
    return (
        f"They LOSE more than half a point of accuracy at T = {', '.join(some)}; most, {loss[worst]:.2f} points, at T "
        f"= {T[worst]}."
    )


def _depth(comparison, first):
    """Say whether rates follow activations the less the deeper the layer, where there are several."""
    r2 = [layer.r2 for layer in comparison.layers[comparison.T[first]]]
    if len(r2) > 1 and r2[-1] < r2[0]:
        yield (
            f"Errors grow with DEPTH: at T = {comparison.T[first]} rates explain {100 * r2[0]:.1f} % of the variance "
            f"of the activations in layer 1, {100 * r2[-1]:.1f} % in layer {len(r2)}."
        )
