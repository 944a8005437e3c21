"""A neuron compared with activation functions: its rate against its drive, in simulation, in theory, and fitted."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from brainsim.ann.networks.activations import relu, sigmoid, softplus
from brainsim.core.checks import in_range, integer, number, one_of, plain
from brainsim.core.hints import answers_calls
from brainsim.explore.single_cells import NAME, run_cells
from brainsim.explore.theory import if_counts, lif_rate, siegert_rate
from brainsim.models.inputs import CurrentInput, PoissonInput
from brainsim.models.neurons.lif import LIF
from brainsim.models.synapses.basic import Delta
from brainsim.models.values import Uniform
from brainsim.plot.elements.axes import ShownOnce, axes_of
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON, style

# |zeta(1/2)|/sqrt(2*pi): a threshold checked once per step acts as if it were this many standard deviations of a step higher
SHIFT = 0.5826
JUMPS = 50.0  # a Poisson event of the noise is sigma/JUMPS
FUNCTIONS = {"relu": relu, "softplus": softplus, "sigmoid": sigmoid}
DASHES = {"relu": (0, (5, 2)), "softplus": (0, (1, 1.2)), "sigmoid": (0, (5, 2, 1, 2))}
NAMES = {"relu": "ReLU", "softplus": "softplus", "sigmoid": "sigmoid"}


class Fit(NamedTuple):
    """An activation function fitted to a curve: ``height*f((x - centre)/width)``, called as ``fit(drive)``.

    Parameters
    ----------
    name : {"relu", "softplus", "sigmoid"}
    height, centre, width : float
        Rate [Hz]; position and scale of x, which is the drive [mV].
    origin : float or None
        For a sigmoid, x is the logarithm of the drive above this value [mV].
    r2 : float
        Share of the variance of the rates that it explains.
    """

    name: str
    height: float
    centre: float
    width: float
    origin: float | None
    r2: float

    def __call__(self, drive: ArrayLike) -> np.ndarray:
        """Return its rates [Hz] at drives [mV]."""
        x = np.asarray(drive) if self.origin is None else np.log(np.asarray(drive) - self.origin)
        return self.height * FUNCTIONS[self.name]((x - self.centre) / self.width)


@dataclass(frozen=True, eq=False)
class NeuronComparison:
    """Rates of a neuron against its drive; `compare_neuron` makes it.

    Parameters
    ----------
    model : LIF
    drive : array, shape (n,)
        Potential at which the cell would settle without a threshold [mV].
    noise : tuple of float
        Strengths of the noise, sigma [mV].
    simulated, theory : array, shape (len(noise), n)
        Rates [Hz].
    wide : array, shape (m,)
        Drives up to far above threshold [mV].
    wide_simulated, wide_theory : array, shape (m,)
        Rates at these drives, without noise [Hz].
    fits : dict of str to Fit
        By activation: ``"relu"`` to the curve with the least noise and ``"softplus"`` to that with the most, both over
        `drive`; ``"sigmoid"``, of the logarithm of the drive, to the curve over `wide`.
    """

    model: LIF
    drive: np.ndarray
    noise: tuple[float, ...]
    simulated: np.ndarray
    theory: np.ndarray
    wide: np.ndarray
    wide_simulated: np.ndarray
    wide_theory: np.ndarray
    fits: dict[str, Fit] = field(default_factory=dict)

    @property
    def caption(self) -> str:
        """The caption of the figure."""
        scores = ", ".join(f"{name} R2 = {fit.r2:.3f}" for name, fit in self.fits.items())
        return (
            "Dots are simulated, lines are theory (LIF in closed form, Siegert). A ReLU is the limit of a spiking neuron "
            "without noise and leak over a long time; noise softens the threshold, as in a softplus; the refractory time "
            f"makes the rate level off, as in a sigmoid. {scores}"
        ).rstrip()

    def __repr__(self) -> str:
        lines = [
            f"NeuronComparison of {self.model!r}, {self.drive[0]:g} to {self.drive[-1]:g} mV",
            "noise [mV]  highest rate [Hz]  largest difference [Hz]",
        ]
        for sigma, simulated, theory in zip(self.noise, self.simulated, self.theory, strict=True):
            lines.append(f"{sigma:10g}  {theory.max():17.3f}  {np.abs(simulated - theory).max():23.3f}")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw rates against drive with the fitted activation functions, and return the Axes."""
        return draw_fi(self, ax)

    def figure(self) -> Figure:
        """Return a Figure: rates for each noise, rates far above threshold, and the staircase of spike counts in T steps."""
        with style():
            figure, axes = plt.subplots(1, 3, figsize=(11.0, 4.6), FigureClass=ShownOnce)
            draw_fi(self, axes[0]).set_title("noise softens the threshold")
            draw_saturation(self, axes[1]).set_title("the refractory time limits the rate")
            draw_staircase(ax=axes[2]).set_title("spike counts form a staircase")
            figure.text(0.055, 0.01, textwrap.fill(self.caption, 130), fontsize=10.5, color="#444444", va="bottom")
            figure.subplots_adjust(left=0.055, right=0.99, top=0.93, bottom=0.29, wspace=0.27)
        return figure


@answers_calls
def compare_neuron(
    model: LIF | Literal["lif"] = "lif",
    *,
    noise: float | Sequence[float] = (0.0, 1.0, 2.0, 5.0),
    against: Sequence[str] = tuple(FUNCTIONS),
    drive: ArrayLike | None = None,
    duration: float = 2000.0,
    cells: int = 50,
    seed: int = 1,
) -> NeuronComparison:
    """Simulate the rates of a neuron against its drive and compare them with theory and with activation functions.

    Without noise one cell for each drive is simulated, in steps so short that the error of its rate is below 0.05 %. White
    noise is approximated by weak Poisson inputs of both signs, each ``sigma**2/(2 tau_m w**2)`` events per ms with
    ``w = sigma/50``. The threshold is checked only once per step, and is lowered by ``0.5826 sigma sqrt(dt/tau_m)`` to make
    up for crossings between the checks.

    Parameters
    ----------
    model : "lif" or LIF
        The neuron, with one value per parameter; by default with tau_m 20 ms, threshold 20 mV above rest, reset half-way and
        a refractory time of 2 ms.
    noise : sequence of float
        Strengths of the noise, sigma [mV], >= 0.
    against : sequence of {"relu", "softplus", "sigmoid"}
        Activation functions to fit.
    drive : array, optional
        Mean drives ``v_rest + I tau_m/c_m`` [mV]; by default from two times ``v_th - v_reset`` below threshold to three
        times above.
    duration : float
        How long each cell with noise is simulated [ms].
    cells : int
        Number of such cells for each drive and noise.
    seed : int
        Of the noise.

    Returns
    -------
    NeuronComparison
        ``.figure()`` and ``.plot(ax)`` draw it, ``.caption`` describes the figure.

    Raises
    ------
    TypeError, ValueError
        If the model is not a LIF with one value per parameter, or a value is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> curve = bs.ann.compare_neuron(noise=(0,), drive=[21.0, 25.0, 30.0, 50.0])
    >>> curve.simulated.round(1)
    array([[ 20. ,  41.7,  63. , 129. ]])
    >>> np.abs(curve.simulated / curve.theory - 1.0).max() < 1e-3
    np.True_

    References
    ----------
    Siegert (1951), doi:10.1103/PhysRev.81.617; Broadie, Glasserman & Kou (1997), doi:10.1111/1467-9965.00035 (threshold).
    """
    model = _check_model(model)
    noise = tuple(float(sigma) for sigma in np.atleast_1d(plain(noise, "mV", "compare_neuron.noise")))
    in_range(np.array(noise), "compare_neuron.noise", "mV", at_least=0.0)
    for name in against:
        one_of(name, FUNCTIONS, "compare_neuron.against")
    width = model.v_th - model.v_reset
    if drive is None:
        drive = np.linspace(model.v_th - 2.0 * width, model.v_th + 3.0 * width, 26)
    drive = np.atleast_1d(plain(drive, "mV", "compare_neuron.drive"))
    duration = number(duration, "compare_neuron.duration", "ms", above=0.0)
    integer(cells, "compare_neuron.cells", at_least=1)
    theory = np.array([siegert_rate(drive, sigma, **_values(model)) for sigma in noise])
    simulated = np.array(
        [
            _simulate_noisy(model, drive, sigma, duration, cells, seed) if sigma > 0 else _simulate_regular(model, drive)
            for sigma in noise
        ]
    )
    wide = model.v_th + width * np.logspace(-1.0, 2.5, 22)
    curve = NeuronComparison(
        model, drive, noise, simulated, theory, wide, _simulate_regular(model, wide), lif_rate(wide, **_values(model))
    )
    curve.fits.update({name: _fit(curve, name) for name in against if name == "sigmoid" or drive.size > 3})
    return curve


def _fit(curve, name):
    """Return an activation function fitted to the rates of the theory: see `NeuronComparison`."""
    from scipy.optimize import least_squares

    model = curve.model
    width, origin = model.v_th - model.v_reset, None
    if name == "sigmoid":
        drive, rates, origin = curve.wide, curve.wide_theory, 0.5 * (model.v_th + model.v_reset)
        start = [rates.max(), np.log(width * (1.0 + model.tau_m / max(model.t_ref, 1e-3))), 1.0]
    else:
        drive, rates = curve.drive, curve.theory[np.argsort(curve.noise)[0 if name == "relu" else -1]]
        start = [rates.max() / 3.0, model.v_th - 0.25 * width, width]
    free = start[:2] if name == "relu" else start  # the width of a ReLU is redundant

    def fit(values, r2=0.0):
        return Fit(name, *map(float, [*values, *start[len(values) :]]), origin, r2)

    best = least_squares(lambda values: fit(values)(drive) - rates, free, x_scale=np.abs(free)).x
    unexplained = np.sum((fit(best)(drive) - rates) ** 2) / max(np.sum((rates - rates.mean()) ** 2), 1e-300)
    return fit(best, float(1.0 - unexplained))


def _simulate_regular(model, drive):
    """Return the rates of one cell for each drive, from the interval between its last two spikes."""
    expected = lif_rate(drive, **_values(model))
    rates = np.zeros(drive.size)
    # cells of similar rate run together: a step must be a small part of an interval, and a run some intervals long
    for group in np.unique(octaves := np.floor(np.log2(np.maximum(expected, 1.0)))):
        chosen = np.flatnonzero((octaves == group) & (expected > 0))
        if not chosen.size:
            continue
        shortest, longest = 1000.0 / expected[chosen].max(), 1000.0 / expected[chosen].min()
        dt = 2.0 ** np.floor(np.log2(5e-4 * shortest))
        current = CurrentInput((drive[chosen] - model.v_rest) * model.c_m / model.tau_m)
        # the first interval starts from rest and may be longer
        length = np.ceil(2.2 * longest + 10.0 * model.tau_m)
        result = run_cells(model, length, dt, inputs=[current], n=int(chosen.size), seed=0)
        for cell, times in zip(chosen, result.spikes[NAME].per_cell(), strict=True):
            rates[cell] = 1000.0 / (times[-1] - times[-2]) if times.size > 1 else 0.0
    return rates


def _simulate_noisy(model, drive, sigma, duration, cells, seed):
    dt = 2.0 ** np.floor(np.log2(4e-3 * model.tau_m))
    settle = np.ceil(5.0 * model.tau_m)
    lower = model.v_th - SHIFT * sigma * np.sqrt(dt / model.tau_m)
    values = {name: getattr(model, name) for name in model.parameters} | {"v_th": lower}
    initial = {"v": Uniform(min(model.v_reset, lower - 1e-3), lower)}
    inputs = [CurrentInput(np.repeat(drive - model.v_rest, cells) * model.c_m / model.tau_m)]
    rate = 1000.0 * JUMPS**2 / (2.0 * model.tau_m)
    inputs += [PoissonInput(rate=rate, weight=sign * sigma / JUMPS, synapse=Delta()) for sign in (1.0, -1.0)]
    n = drive.size * cells
    result = run_cells(LIF(**values), settle + duration, dt, inputs=inputs, n=n, initial=initial, seed=seed)
    spikes = result.spikes[NAME]
    counts = np.bincount(spikes.ids[spikes.times > settle], minlength=n)
    return 1000.0 / duration * counts.reshape(drive.size, cells).mean(axis=1)


def _values(model):
    return {name: getattr(model, name) for name in ("tau_m", "t_ref", "v_th", "v_reset")}


def _check_model(model) -> LIF:
    """Return the model if it is a LIF with one number per parameter."""
    if model == "lif":
        return LIF(tau_m=20.0, c_m=200.0, v_rest=0.0, v_th=20.0, v_reset=10.0, t_ref=2.0)
    if not isinstance(model, LIF):
        raise TypeError(f"compare_neuron.model: must be 'lif' or a LIF such as bs.LIF(tau_m=10.0) (got {model!r})")
    for name in model.parameters:
        if not isinstance(getattr(model, name), float):
            raise ValueError(f"compare_neuron.model: {name} must be one number, the same for all cells")
    return model


def draw_fi(curve, ax=None):
    """Draw rates against drive: theory as lines, simulation as dots, activation functions dashed; return the Axes."""
    ax = axes_of(ax, "NeuronComparison.plot")
    shades = plt.get_cmap("Blues")(np.linspace(0.95, 0.45, len(curve.noise)))
    fine = np.linspace(curve.drive[0], curve.drive[-1], 501)
    for shade, sigma, simulated in zip(shades, curve.noise, curve.simulated, strict=True):
        ax.plot(fine, siegert_rate(fine, sigma, **_values(curve.model)), color=shade, label=f"noise {sigma:g} mV")
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
