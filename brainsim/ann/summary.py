"""A comparison as text: a table of all numbers of steps, one of the hidden layers, and what they come to."""

import numpy as np

from brainsim.ann.reports import layer_table
from brainsim.ann.scaling import DRIVE_BITS, SPIKE_BITS

CAVEAT = ("Energy counts arithmetic only (4.6 pJ a MAC, 0.9 pJ an AC, 45 nm): no memory traffic, no membrane updates, "
          "no hardware was measured.")  # fmt: skip
HEAD = "          time [ms]  accuracy  agreement  same bits  spikes/cell      MACs       ACs  energy [nJ]"


def summary(report):
    """Return the text of a `Comparison`."""
    units = sum(layer.bias.size for layer in report.snn.plan.layers[:-1])
    last = report.T[-1]
    return "\n".join([
        f"{len(report.y)} test samples, {units} hidden units; all costs are means per inference",
        *_steps(report, units), *_levels(report.snn.trained),
        f"hidden layers at T = {last}:", *layer_table(report.layers[last]), *_decisions(report),
        f"footprint {report.footprint:,} bytes, connection sparsity {report.connection_sparsity:.3f}, activation sparsity "
        f"ANN {report.ann_sparsity:.3f}, SNN {report.sparsity[-1]:.3f}, membrane updates {report.updates[-1]:,.0f} at "
        f"T = {last}",
        report.verdict, CAVEAT])  # fmt: skip


def _steps(report, units):
    """Give a line for the artificial network and one for each number of steps."""
    yield HEAD
    yield (f"ANN                  {100 * report.ann_accuracy:6.2f} %                                    "
           f"{report.ann_macs:9,.0f}         -  {1e-3 * report.ann_energy:11.3f}")  # fmt: skip
    for k, T in enumerate(report.T):
        shares = (report.accuracy[k], report.agreement[k], report.quantised[k])
        yield (f"T = {T:<5} {report.time[k]:9.0f}  " + "   ".join(f"{100 * share:6.2f} %" for share in shares)
               + f"  {report.spikes[k] / units:11.3f} {report.macs:9,.0f} {report.acs[k]:9,.0f}  "
               f"{1e-3 * report.energy[k]:11.3f}")  # fmt: skip


def _levels(trained):
    """Say how finely both sides tell one value from another."""
    learned = f"; it was trained with {trained.levels + 1} levels" if trained.activation == "qcfs" else ""
    yield f"T steps tell T + 1 levels of a hidden activation; 'same bits' is the ANN rounded to them{learned}"
    yield f"weights of spikes have {SPIKE_BITS} bits, currents {DRIVE_BITS}; time counts from the stimulus on, 1 ms a step"


def _decisions(report):
    if report.decided is not None:
        times = report.decision_time
        yield (f"decided early: after {times.mean():.1f} of {report.time[-1]:.0f} ms on average (nine in ten by "
               f"{np.percentile(times, 90):.0f} ms), accuracy {100 * report.early_accuracy:.2f} %")  # fmt: skip
