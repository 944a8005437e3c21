"""Pictures of neurons and activation functions."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np

from brainsim.ann.networks.activations import relu
from brainsim.explore.theory import if_counts, siegert_rate
from brainsim.plot.elements.axes import ShownOnce, axes_of
from brainsim.plot.elements.styles import FAINT, PALETTE, style

NEURON, MACHINE = PALETTE[0], PALETTE[1]  # colours of spiking neurons and of artificial ones
DASHES = {"relu": (0, (5, 2)), "softplus": (0, (1, 1.2)), "sigmoid": (0, (5, 2, 1, 2))}
NAMES = {"relu": "ReLU", "softplus": "softplus", "sigmoid": "sigmoid"}


def draw_fi(curve, ax=None):
    """Draw rates against drive: theory as lines, simulation as dots, activation functions dashed; return the Axes."""
    ax = axes_of(ax, "NeuronComparison.plot")
    shades = plt.get_cmap("Blues")(np.linspace(0.95, 0.45, len(curve.noise)))
    fine = np.linspace(curve.drive[0], curve.drive[-1], 501)
    values = {name: getattr(curve.model, name) for name in ("tau_m", "t_ref", "v_th", "v_reset")}
    for shade, sigma, simulated in zip(shades, curve.noise, curve.simulated, strict=True):
        ax.plot(fine, siegert_rate(fine, sigma, **values), color=shade, label=f"noise {sigma:g} mV")
        ax.plot(curve.drive, simulated, "o", color=shade, markersize=3.5, markeredgewidth=0.0)
    for name in ("relu", "softplus"):
        if name in curve.fits:
            ax.plot(fine, curve.fits[name](fine), color=MACHINE, linestyle=DASHES[name], label=NAMES[name], zorder=1)
    ax.axvline(curve.model.v_th, color=FAINT, linewidth=0.6, zorder=0)
    _name_line(ax, "threshold", (curve.model.v_th, 1.0), ("data", "axes fraction"))
    ax.set(xlim=(curve.drive[0], curve.drive[-1]), xlabel="mean drive [mV]", ylabel="rate [Hz]")
    ax.set_ylim(bottom=0.0)
    ax.legend(loc="upper left", bbox_to_anchor=(0.0, 0.94))
    return ax


def _name_line(ax, text, at, coordinates):
    """Write what a thin line is, next to its end."""
    ax.annotate(text, at, (3, -3), color=FAINT, fontsize="small", va="top", xycoords=coordinates, textcoords="offset points")


def draw_saturation(curve, ax=None):
    """Draw the rate far above threshold, where the refractory time limits it; return the Axes."""
    ax = axes_of(ax, "NeuronComparison.plot")
    above = curve.wide - curve.model.v_th
    ax.semilogx(above, curve.wide_theory, color=NEURON, label="LIF")
    ax.semilogx(above, curve.wide_simulated, "o", color=NEURON, markersize=3.5, markeredgewidth=0.0)
    if "sigmoid" in curve.fits:
        rates = curve.fits["sigmoid"](curve.wide)
        ax.semilogx(above, rates, color=MACHINE, linestyle=DASHES["sigmoid"], label="sigmoid", zorder=1)
    if curve.model.t_ref > 0:
        ax.axhline(1000.0 / curve.model.t_ref, color=FAINT, linewidth=0.6, zorder=0)
        _name_line(ax, "1/refractory time", (0.0, 1000.0 / curve.model.t_ref), ("axes fraction", "data"))
    ax.set(xlabel="drive above threshold [mV]", ylabel="rate [Hz]")
    ax.set_ylim(bottom=0.0)
    ax.legend(loc="center left")
    return ax


def draw_staircase(steps=(4, 16, 64), ax=None):
    """Draw spike counts of an integrate-and-fire neuron in T steps over the ReLU that they approach; return the Axes."""
    ax = axes_of(ax, "staircase")
    drive = np.linspace(-0.3, 1.2, 3001)
    shades = plt.get_cmap("Blues")(np.linspace(0.4, 0.95, len(steps)))
    for T, shade in zip(steps, shades, strict=True):
        ax.plot(drive, if_counts(drive, T) / T, color=shade, label=f"T = {T}")
    ax.plot(drive, relu(drive), color=MACHINE, linestyle=DASHES["relu"], label="ReLU", zorder=1)
    ax.set(xlabel="drive, in thresholds per step", ylabel="spikes per step")
    ax.legend(loc="upper left")
    return ax


def fi_figure(curve):
    """Return a figure of three panels, a neuron compared with activation functions, with the caption below."""
    with style():
        figure, axes = plt.subplots(1, 3, figsize=(11.0, 4.6), FigureClass=ShownOnce)
        draw_fi(curve, axes[0]).set_title("noise softens the threshold")
        draw_saturation(curve, axes[1]).set_title("the refractory time limits the rate")
        draw_staircase(ax=axes[2]).set_title("spike counts form a staircase")
        figure.text(0.055, 0.01, textwrap.fill(curve.caption, 130), fontsize=10.5, color="#444444", va="bottom")
        figure.subplots_adjust(left=0.055, right=0.99, top=0.93, bottom=0.29, wspace=0.27)
    return figure


def scale_steps(ax, T, label):
    """Give axes a logarithmic scale of steps T, with a tick at each number of steps, and label them."""
    ax.set_xscale("log", base=2)
    ax.set_xticks(T, [str(steps) for steps in T])
    ax.set(xlabel="steps T", ylabel=label)


def draw_methods(curves, ax=None):
    """Draw the accuracy of several conversions against the number of steps; return the Axes."""
    ax = axes_of(ax, "MethodCurves.plot")
    colours = (PALETTE[2], PALETTE[0], PALETTE[4], PALETTE[6])
    for (name, values), colour, mark in zip(curves.accuracy.items(), colours, "osD^", strict=True):
        ax.plot(curves.T, 100.0 * values, f"{mark}-", color=colour, markersize=4, label=name)
    ax.axhline(100.0 * curves.relu, color=MACHINE, linestyle="--", label="artificial, ReLU", zorder=1)
    ax.axhline(100.0 * curves.qcfs, color=MACHINE, linestyle=":", label="artificial, qcfs", zorder=1)
    scale_steps(ax, curves.T, "accuracy [%]")
    ax.set_ylim(0.0, 102.0)
    ax.legend(loc="lower right")
    return ax


def draw_seeds(comparison, ax=None):
    """Draw the accuracy of both networks over seeds, mean and standard deviation; return the Axes."""
    ax = axes_of(ax, "SeedComparison.plot")
    ann, snn = 100.0 * comparison.ann_accuracy, 100.0 * comparison.accuracy
    mean, spread = snn.mean(axis=0), snn.std(axis=0, ddof=1)
    ax.axhspan(ann.mean() - ann.std(ddof=1), ann.mean() + ann.std(ddof=1), color=MACHINE, alpha=0.2, linewidth=0.0)
    ax.axhline(ann.mean(), color=MACHINE, linestyle="--", label="artificial")
    ax.errorbar(comparison.T, mean, spread, color=NEURON, marker="o", markersize=4, capsize=2.5, label="spiking")
    scale_steps(ax, comparison.T, "accuracy [%]")
    ax.legend(loc="lower right")
    return ax
