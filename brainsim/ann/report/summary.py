"""A comparison as text: a table of all numbers of steps, a table of the hidden layers, and what they mean."""

import numpy as np

from brainsim.ann.conversion.thresholds import DRIVE_BITS, SPIKE_BITS
from brainsim.ann.report.layers import layer_table

MAC, AC = 4.6, 0.9  # pJ for a 32-bit multiply-accumulate and an addition, in 45 nm: Horowitz (2014)
CAVEAT = (
    f"Energy counts arithmetic only ({MAC} pJ per MAC, {AC} pJ per AC, 45 nm), no memory traffic and no membrane updates; "
    "no hardware was measured."
)
HEAD = "          time [ms]  accuracy  agreement  rounded ANN  spikes/cell      MACs       ACs  energy [nJ]"
ENOUGH = 0.99  # of the accuracy at the largest T
TOLERATED = 0.5  # points of accuracy
EXPLAINED = (
    "R2: share of the variance of the activations that the rates explain; silent: cells that never fire\n"
    "clipped: activations above the threshold, which even a spike in every step cannot express"
)


def summary(report):
    """Return the text of a `Comparison`."""
    units = sum(layer.bias.size for layer in report.snn.plan.layers[:-1])
    last = report.T[-1]
    return "\n".join(
        [
            f"{len(report.y)} test samples, {units} hidden units; all costs are means per inference",
            *_steps(report, units),
            *_levels(report.snn.trained),
            f"hidden layers at T = {last}:",
            *layer_table(report.layers[last]),
            EXPLAINED,
            *_decisions(report),
            f"footprint {report.footprint:,} bytes, connection sparsity {report.connection_sparsity:.3f}, "
            f"activation sparsity ANN {report.ann_sparsity:.3f}, SNN {report.sparsity[-1]:.3f}, "
            f"membrane updates {report.updates[-1]:,.0f} at T = {last}",
            report.verdict,
            CAVEAT,
        ]
    )


def _steps(report, units):
    """Yield a line for the artificial network and one for each number of steps."""
    yield HEAD
    yield (
        f"ANN                  {100 * report.ann_accuracy:6.2f} %                                      "
        f"{report.ann_macs:9,.0f}         -  {1e-3 * report.ann_energy:11.3f}"
    )
    for k, T in enumerate(report.T):
        shares = (report.accuracy[k], report.agreement[k], report.quantised[k])
        yield (
            f"T = {T:<5} {report.time[k]:9.0f}  "
            + "   ".join(f"{100 * share:6.2f} %" for share in shares)
            + f"    {report.spikes[k] / units:11.3f} {report.macs:9,.0f} {report.acs[k]:9,.0f}  "
            f"{1e-3 * report.energy[k]:11.3f}"
        )


def _levels(trained):
    """Yield lines that explain the baseline, the rounding of weights and currents, and the time."""
    learned = f"; it was trained with {trained.levels + 1}" if trained.activation == "qcfs" else ""
    yield (
        "rounded ANN: the artificial network with hidden activations rounded to the T + 1 values that 0 to T spikes can "
        f"express{learned}"
    )
    yield (
        f"weights are rounded to {SPIKE_BITS} bits and input currents to {DRIVE_BITS}, so that sums do not depend on "
        "their order"
    )
    yield "time is from stimulus onset to the end of the last layer's steps, 1 ms each"


def _decisions(report):
    if report.decided is not None:
        times = report.decision_time
        yield (
            f"early decisions: after {times.mean():.1f} of {report.time[-1]:.0f} ms on average (90 % within "
            f"{np.percentile(times, 90):.0f} ms), accuracy {100 * report.early_accuracy:.2f} %"
        )


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
