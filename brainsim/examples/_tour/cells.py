"""Pictures of the tour about single neurons: one, its rate, and noise, and an artificial unit; several kinds."""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs
from brainsim.ann.networks.activations import relu, sigmoid, softplus
from brainsim.ann.report.neurons import compare_neuron
from brainsim.ann.report.pictures import DASHES, MACHINE, NAMES, NEURON, draw_fi, draw_saturation
from brainsim.core.arrays import plural
from brainsim.examples._figures.layout import AXES, note
from brainsim.explore.theory import lif_rate
from brainsim.plot.elements.styles import FAINT, PALETTE, legend_above, style

WEAK, STRONG = 140.0, 300.0  # pA: below and above the current that the neuron needs to fire
ONSET, LENGTH, DURATION = 20.0, 150.0, 200.0  # ms, of the step of current
LONG = 500.0  # ms, of a run with noise
BELOW, NOISE, STRONGEST = 16.0, (0.0, 1.0, 2.0, 5.0), 5.0  # mV: a mean drive below threshold; strengths of noise
NEURON_TEXT = (
    r"$\tau_m\,\frac{dv}{dt} = v_{rest} - v + R\,I$"
    "\n"
    r"at $v \geq v_{th}$: a spike, $v \leftarrow v_{reset}$"
)
MACHINE_TEXT = r"$h = \max(0,\; w_1 x_1 + w_2 x_2 + \dots + b)$"
STEP, BEGIN, LASTS = 10.0, 50.0, 500.0  # in the units of the fit; ms
# name -> a, b, c, d: Izhikevich (2003), figure 2
KINDS = {
    "regular spiking": (0.02, 0.2, -65.0, 8.0),
    "intrinsically bursting": (0.02, 0.2, -55.0, 4.0),
    "chattering": (0.02, 0.2, -50.0, 2.0),
    "fast spiking": (0.1, 0.2, -65.0, 2.0),
    "low threshold": (0.02, 0.25, -65.0, 2.0),
}


def charging(seed, small):
    """A leaky integrate-and-fire neuron under a weak and a strong current."""
    lif = bs.LIF()
    response = bs.explore.step_response(lif, [WEAK, STRONG], onset=ONSET, length=LENGTH, duration=DURATION)
    resistance, spikes = lif.tau_m / lif.c_m, response.spikes
    times = spikes.times[spikes.ids == 1]
    highest = response["v"][:, 0].max()
    expected = lif.v_rest + resistance * WEAK * (1.0 - np.exp(-LENGTH / lif.tau_m))
    interval = 1000.0 / lif_rate(
        lif.v_rest + resistance * STRONG, tau_m=lif.tau_m, t_ref=lif.t_ref, v_th=lif.v_th, v_reset=lif.v_reset
    )
    with style():
        figure, (texts, ax) = plt.subplots(1, 2, figsize=(11.0, 3.6), width_ratios=(1.0, 2.0), layout="constrained")
        _equations(texts)
        bs.plot.trace(response.result, ("cells", "v"), ax=ax, offset=False, color=[PALETTE[2], NEURON])
        _relabel(ax, [f"{level:g} pA" for level in (WEAK, STRONG)])
        _name_threshold(ax, lif.v_th)
        ax.axvspan(ONSET, ONSET + LENGTH, color=FAINT, alpha=0.13, linewidth=0.0, zorder=0)
        note(ax, "current on", (ONSET, 1.0), (0, 4), y=AXES)
    caption = (
        f"A current of {WEAK:g} pA charges the membrane like a leaky capacitor, to {highest:.2f} mV (the equation "
        f"says {expected:.2f} mV), and no spike is sent. With {STRONG:g} pA it reaches the threshold of {lif.v_th:g} "
        f"mV and fires every {np.diff(times).mean():.1f} ms ({interval:.1f} ms in closed form). All spikes are alike: "
        "a neuron signals by when and how often it fires, an artificial unit by one number."
    )
    return "A neuron charges and fires", figure, caption


def _name_threshold(ax, level):
    """Name the dashed line of the threshold, to the right of the axes, where no trace is."""
    note(ax, "threshold", (1.0, level), (4, 0), x=AXES, va="center", color="#666666", fontsize=8.5)


def _relabel(ax, names):
    """Give the traces of the cells in a picture other labels."""
    traces = [line for line in ax.lines if line.get_label().startswith("cell ")]
    for line, name in zip(traces, names, strict=True):
        line.set_label(name)
    legend_above(ax, len(names))


def _equations(ax):
    ax.set_axis_off()
    for y, title, text, colour in (
        (0.93, "a neuron", NEURON_TEXT, NEURON),
        (0.36, "an artificial unit", MACHINE_TEXT, MACHINE),
    ):
        ax.text(0.0, y, title, color=colour, fontsize=12.5, fontweight="bold", va="top")
        ax.text(0.0, y - 0.13, text, color="#222222", fontsize=12, va="top", linespacing=1.9)


def rates(seed, small):
    """Rate against drive without noise, with activation functions."""
    curve = compare_neuron(noise=(0.0,), against=("relu", "sigmoid"))
    firing = curve.theory[0] > 0
    error = np.abs(curve.simulated[0][firing] / curve.theory[0][firing] - 1.0).max()
    with style():
        figure, axes = plt.subplots(1, 3, figsize=(11.0, 3.6), layout="constrained")
        _activations(axes[0])
        draw_fi(curve, axes[1]).set_title("a neuron, around its threshold")
        axes[1].lines[0].set_label("LIF")
        axes[1].legend(loc="upper left", bbox_to_anchor=(0.0, 0.94))
        draw_saturation(curve, axes[2]).set_title("the same neuron, far above")
    slope = curve.fits["relu"].height / curve.fits["relu"].width
    caption = (
        f"Dots are simulated, lines are the closed form; they differ by at most {100 * error:.3f} %. Above the "
        f"threshold of {curve.model.v_th:g} mV the rate soon grows almost linearly, like a ReLU with a slope of "
        f"{slope:.1f} Hz per mV (R2 = {curve.fits['relu'].r2:.3f}). Far above threshold it cannot exceed "
        f"{1000.0 / curve.model.t_ref:g} Hz, one spike per refractory time of {curve.model.t_ref:g} ms: as a function "
        f"of the logarithm of the drive it is a sigmoid (R2 = {curve.fits['sigmoid'].r2:.4f})."
    )
    return "How often it fires: a curve like an activation function", figure, caption


def _activations(ax):
    z = np.linspace(-4.0, 4.0, 401)
    for name, function in {"relu": relu, "softplus": softplus, "sigmoid": sigmoid}.items():
        ax.plot(z, function(z), color=MACHINE, linestyle=DASHES[name], label=NAMES[name])
    ax.set(xlabel="weighted sum of inputs", ylabel="activation", title="artificial units")
    ax.legend(loc="upper left")


def noise(seed, small):
    """Rate against drive under noise, and the effect of noise on a neuron below threshold."""
    levels = (0.0, STRONGEST) if small else NOISE
    curve = compare_neuron(noise=levels, against=("softplus",), cells=10 if small else 50, seed=seed)
    row, column = len(levels) - 1, int(np.argmin(np.abs(curve.drive - BELOW)))
    with style():
        figure, axes = plt.subplots(1, 2, figsize=(11.0, 3.8), layout="constrained")
        spikes = _noisy_traces(curve, axes[0], seed)
        draw_fi(curve, axes[1]).set_title("rates: simulated (dots), Siegert's theory (lines)")
    caption = (
        f"Both neurons on the left have a mean drive of {curve.drive[column]:g} mV, below the threshold of "
        f"{curve.model.v_th:g} mV. Without noise one is silent; with noise of {STRONGEST:g} mV the other sends "
        f"{plural(spikes, 'spike')} in {LONG:g} ms, and many such cells fire at {curve.simulated[row, column]:.2f} "
        f"Hz (Siegert's theory: {curve.theory[row, column]:.2f} Hz). So noise smooths the corner of the ReLU into a "
        f"softplus, which fits the curve with the most noise with R2 = {curve.fits['softplus'].r2:.4f}."
    )
    return "Noise makes the threshold soft", figure, caption


def _noisy_traces(curve, ax, seed):
    """Draw a cell without and one with noise at the same mean drive; return the number of spikes of the second."""
    lif, dt = curve.model, 0.05
    cells = bs.Population(2, lif, name="cells")
    net = bs.Network(seed=0)
    net.stimulate(cells, bs.CurrentInput(BELOW * lif.c_m / lif.tau_m))
    weight = STRONGEST / 50.0  # mV: many weak events of both signs approximate white noise
    for sign in (1.0, -1.0):
        rate = 1000.0 * STRONGEST**2 / (2.0 * lif.tau_m * weight**2)
        net.stimulate(cells[1:], bs.PoissonInput(rate=rate, weight=sign * weight, synapse=bs.Delta()))
    result = bs.simulate(net, LONG, dt=dt, seed=seed, record=[bs.Trace(cells, "v")], threads=1, progress=False)
    bs.plot.trace(result, ("cells", "v"), ax=ax, offset=False, color=[PALETTE[4], PALETTE[2]])
    ax.set_title("the same mean drive")
    _relabel(ax, ["without noise", f"noise {STRONGEST:g} mV"])
    _name_threshold(ax, lif.v_th)
    return len(result.spikes["cells"])


def kinds(seed, small):
    """Five kinds of cortical cells under the same step of current (Izhikevich 2003, doi:10.1109/TNN.2003.820440)."""
    values = dict(zip("abcd", np.array(list(KINDS.values())).T, strict=True))
    cells = bs.Population(len(KINDS), bs.Izhikevich(**values), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput([0.0, STEP], times=[0.0, BEGIN]))
    result = bs.simulate(net, LASTS, dt=0.1, seed=1, record=[bs.Trace(cells, "v")], threads=1, progress=False)
    spikes = result.spikes["cells"]
    trains = {name: spikes.times[spikes.ids == k] for k, name in enumerate(KINDS)}
    rates = [1000.0 * times.size / (LASTS - BEGIN) for times in trains.values()]
    with style():
        figure, (ax, bars) = plt.subplots(1, 2, figsize=(11.0, 4.4), width_ratios=(2.6, 1.0), layout="constrained")
        bs.plot.trace(result.traces["cells", "v"], ax=ax, color=NEURON)
        ax.set_yticks(ax.get_yticks(), list(KINDS))
        ax.set_title("five kinds of neurons, one current")
        bars.barh(np.arange(len(KINDS)), rates, height=0.6, color=MACHINE)
        bars.set(ylim=(len(KINDS) - 0.5, -0.5), xlabel="spikes per second", title="what a rate shows of them")
        bars.set_yticks([])
        for k, rate in enumerate(rates):
            note(bars, f"{rate:.0f}", (rate, k), (4, 0), va="center", fontsize=None)
        bars.set_xlim(0.0, 1.15 * max(rates))
    regular, fast = np.diff(trains["regular spiking"]), np.diff(trains["fast spiking"])
    bursts = np.split(trains["chattering"], np.flatnonzero(np.diff(trains["chattering"]) > 10.0) + 1)
    caption = (
        f"The same current from {BEGIN:g} ms on. The regular cell slows down, from {regular[0]:.1f} ms between "
        f"spikes to {regular[-1]:.1f} ms; the fast one keeps {fast[-1]:.1f} ms; the chattering one sends "
        f"{len(bursts)} bursts of up to {max(map(len, bursts))} spikes. All follow the two equations of Izhikevich "
        "(2003) with different parameters. An artificial unit describes each by one number, the rate on the right."
    )
    return "Not one neuron but many kinds", figure, caption
