"""Where the spiking network of a comparison wins and where it loses: arithmetic energy, accuracy, depth."""

import numpy as np

ENOUGH = 0.99  # of the accuracy at the largest T
TOLERATED = 0.5  # points of accuracy


def verdict(comparison):
    """Return the verdict of a `Comparison`, a line for each kind of cost."""
    first = enough(comparison)
    reference = (
        f"Points are relative to the artificial network with the same weights, whose accuracy is "
        f"{100 * comparison.ann_accuracy:.2f} % on the same {len(comparison.y)} test samples."
    )
    return "\n".join(
        [*_energy(comparison, first), lost_accuracy(comparison.T, comparison.loss), reference, *_depth(comparison, first)]
    )


def enough(comparison):
    """Return the index of the first T at which the accuracy is 99 % of that at the largest T."""
    return int(np.flatnonzero(comparison.accuracy >= ENOUGH * comparison.accuracy[-1])[0])


def _energy(comparison, first):
    T, energy = comparison.T, comparison.energy
    ratio = energy[first] / max(comparison.ann_energy, 1e-300)
    yield (
        f"At T = {T[first]}, the first with 99 % of the accuracy at T = {T[-1]}, the spiking network takes {ratio:.2f} "
        f"times the arithmetic energy of the artificial network: {'less' if ratio < 1 else 'more'}."
    )
    higher = [steps for steps, joules in zip(T, energy, strict=True) if joules > comparison.ann_energy]
    if higher and higher[0] > T[first]:
        yield f"From T = {higher[0]} on it takes more."


def lost_accuracy(T, loss):
    """Return a sentence about the accuracy that the spiking network loses at each T [points]."""
    noticeable = [str(steps) for steps, points in zip(T, loss, strict=True) if points > TOLERATED]
    worst = int(np.argmax(loss))
    if not noticeable:
        return f"The spiking network loses at most {max(loss[worst], 0.0):.2f} points of accuracy, at T = {T[worst]}."
    return (
        f"The spiking network loses more than half a point of accuracy at T = {', '.join(noticeable)}; most, "
        f"{loss[worst]:.2f} points, at T = {T[worst]}."
    )


def _depth(comparison, first):
    """Yield a line if rates follow activations less closely in the deepest layer than in the first."""
    r2 = [layer.r2 for layer in comparison.layers[comparison.T[first]]]
    if len(r2) > 1 and r2[-1] < r2[0]:
        yield (
            f"Errors grow with depth: at T = {comparison.T[first]} rates explain {100 * r2[0]:.1f} % of the variance "
            f"of the activations in layer 1, {100 * r2[-1]:.1f} % in layer {len(r2)}."
        )
