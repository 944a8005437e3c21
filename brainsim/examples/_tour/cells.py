"""Pictures of the tour about cells: one, its rate, and noise, and an artificial unit; several kinds; synapses."""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs
from brainsim.ann.networks.activations import relu, sigmoid, softplus
from brainsim.core.arrays import plural
from brainsim.core.contexts import within
from brainsim.examples._tour.neurons import DASHES, NAMES, compare_neuron, draw_fi, draw_saturation
from brainsim.explore.theory import lif_rate
from brainsim.plot.elements.page_layout import AXES, note
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON, PALETTE, legend_above, style

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


@within(style)
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


@within(style)
def rates(seed, small):
    """Rate against drive without noise, with activation functions."""
    curve = compare_neuron(noise=(0.0,), against=("relu", "sigmoid"))
    firing = curve.theory[0] > 0
    error = np.abs(curve.simulated[0][firing] / curve.theory[0][firing] - 1.0).max()
    figure, axes = plt.subplots(1, 3, figsize=(11.0, 3.6), layout="constrained")
    _activations(axes[0])
    draw_fi(curve, axes[1]).set_title("a neuron, around its threshold")
    axes[1].lines[0].set_label("LIF")
    axes[1].legend(loc="upper left", bbox_to_anchor=(0.0, 0.94))
    draw_saturation(curve, axes[2]).set_title("the same neuron, far above")
    slope = curve.fits["relu"].height / curve.fits["relu"].width
    caption = (
        f"Dots are simulated, lines are the closed form; they differ by at most {100 * error:.3f} %. Above the "
        f"threshold, {curve.model.v_th:g} mV above rest, the rate soon grows almost linearly, like a ReLU with a slope of "
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


@within(style)
def noise(seed, small):
    """Rate against drive under noise, and the effect of noise on a neuron below threshold."""
    levels = (0.0, STRONGEST) if small else NOISE
    curve = compare_neuron(noise=levels, against=("softplus",), cells=10 if small else 50, seed=seed)
    row, column = len(levels) - 1, int(np.argmin(np.abs(curve.drive - BELOW)))
    figure, axes = plt.subplots(1, 2, figsize=(11.0, 3.8), layout="constrained")
    spikes = _noisy_traces(curve, axes[0], seed)
    draw_fi(curve, axes[1]).set_title("rates: simulated (dots), Siegert's theory (lines)")
    caption = (
        f"Both neurons on the left have a mean drive of {curve.drive[column]:g} mV, below the threshold of "
        f"{curve.model.v_th:g} mV (both above rest). Without noise one is silent; with noise of {STRONGEST:g} mV the "
        f"other sends {plural(spikes, 'spike')} in {LONG:g} ms, and many such cells fire at "
        f"{curve.simulated[row, column]:.2f} Hz (Siegert's theory: {curve.theory[row, column]:.2f} Hz). "
        f"So noise smooths the corner of the ReLU into a "
        f"softplus, a ReLU with a round corner, which fits the curve with the most noise with "
        f"R2 = {curve.fits['softplus'].r2:.4f}."
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


@within(style)
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


ARRIVAL, UNTIL, DELAY = 10.0, 80.0, 1.0  # ms
TAU = 5.0  # ms, of currents and conductances
E_EXC, E_INH, V_REST = 0.0, -70.0, -65.0  # mV
W_EXC, W_INH = 40.0, -40.0  # pA: of synapses with currents
G_EXC, G_INH = 1.0, 4.0  # nS: of synapses with conductances
HELD = (-50.0, -60.0, -70.0, -80.0)  # mV, at which cells are held by a current before the spike
BLUES = ("#0b2545", "#1a5ca6", "#7fb6e0", "#24837c")  # of the cells that are held
NUMBERS = np.array([1, 5, 10, 20, 30, 40, 60, 80, 100])  # of synapses that are active at the same time


@within(style)
def synapses(seed, small):
    """Potentials after one spike, with currents and with conductances, and sums of many."""
    lif = bs.LIF(v_rest=V_REST, v_th=20.0, v_reset=V_REST)  # no cell fires: the threshold is too high
    result = _simulate(lif)
    after = {name: result.traces[name, "v"] for name in ("currents", "inhibited", "summed", "opened")}
    arrival = ARRIVAL + DELAY
    base = np.array([*HELD])
    single, held = after["currents"].values - V_REST, after["inhibited"].values - base
    sums = after["summed"].values.max(axis=0) - V_REST
    opened = after["opened"].values.max(axis=0) - V_REST
    time, expected = after["currents"].times, _peak(lif, W_EXC)
    figure, axes = plt.subplots(1, 3, figsize=(11.0, 3.7), layout="constrained")
    _potentials(axes[0], time, single, [NEURON, PALETTE[2]], ["excitatory", "inhibitory"], arrival)
    axes[0].set_title("a current: one spike arrives")
    _potentials(axes[1], time, held, BLUES, [f"at {v:g} mV" for v in HELD], arrival)
    axes[1].set_title(f"an inhibitory conductance, reversal {E_INH:g} mV")
    _sums(axes[2], sums, opened, expected)
    caption = (
        f"A spike opens channels: with a current of {W_EXC:g} pA that decays with a time constant of {TAU:g} ms the "
        f"potential rises by {single[:, 0].max():.2f} mV ({expected:.2f} mV in closed form) or, if inhibitory, falls by the "
        "same amount. A "
        f"conductance pulls towards its reversal potential: the same inhibitory spike moves a cell at {HELD[0]:g} "
        f"mV by {_largest(held[:, 0]):+.2f} mV, one at {HELD[2]:g} mV by {_largest(held[:, 2]):+.2f} mV and one at "
        f"{HELD[3]:g} mV by {_largest(held[:, 3]):+.2f} mV. {NUMBERS[-1]} simultaneous currents sum to "
        f"{sums[-1] / sums[0]:.0f} times the effect of one, as in an artificial unit; {NUMBERS[-1]} conductances give only "
        f"{opened[-1] / opened[0]:.1f} times the effect of one conductance. (A single conductance here has a larger "
        "effect than a single current.)"
    )
    return "Synapses: the effect of one spike on the next cell", figure, caption


def _simulate(lif):
    """Return a run in which every cell is reached by one spike at the same time."""
    net, source = bs.Network(seed=1), bs.Population(1, bs.SpikeTrains([ARRIVAL], [0]), name="source")
    weights = {
        "currents": [W_EXC, W_INH],
        "inhibited": G_INH * np.ones(len(HELD)),
        "summed": W_EXC * NUMBERS,
        "opened": G_EXC * NUMBERS,
    }
    current = bs.Exponential(tau=TAU)
    kinds = {
        "currents": current,
        "summed": current,
        "inhibited": bs.ExponentialConductance(tau=TAU, e_rev=E_INH),
        "opened": bs.ExponentialConductance(tau=TAU, e_rev=E_EXC),
    }
    traces = []
    for name, weight in weights.items():
        start = {"v": np.array(HELD)} if name == "inhibited" else None
        cells = bs.Population(len(weight), lif, name=name, initial=start)
        net.connect(source, cells, bs.AllToAll(), weight=np.atleast_2d(weight), delay=DELAY, synapse=kinds[name])
        if name == "inhibited":
            net.stimulate(cells, bs.CurrentInput((np.array(HELD) - lif.v_rest) * lif.c_m / lif.tau_m))
        traces.append(bs.Trace(cells, "v"))
    return bs.simulate(net, UNTIL, dt=0.1, seed=1, record=traces, threads=1, progress=False)


def _peak(lif, weight):
    """Return the peak of the potential after a current that jumps to `weight` and decays [mV]."""
    slope = lif.tau_m * TAU / (lif.tau_m - TAU)
    when = slope * np.log(lif.tau_m / TAU)
    return weight / lif.c_m * slope * (np.exp(-when / lif.tau_m) - np.exp(-when / TAU))


def _largest(values):
    return values[np.abs(values).argmax()] + 0.0


def _potentials(ax, time, values, colours, labels, arrival):
    for value, colour, label in zip(values.T, colours, labels, strict=True):
        ax.plot(time, value, color=colour, label=label)
    ax.axvline(arrival, color=FAINT, linewidth=0.6, zorder=0)
    ax.set(xlim=(0.0, UNTIL), xlabel="time [ms]", ylabel="change of the potential [mV]")
    ax.legend(loc="lower right" if len(labels) > 2 else "upper right")


def _sums(ax, sums, opened, single):
    """Draw the highest potentials against the number of synapses, and a weighted sum."""
    ax.plot(NUMBERS, single * NUMBERS, "--", color=MACHINE, label="an artificial unit: a sum")
    ax.plot(NUMBERS, sums, "o", color=PALETTE[2], markersize=4.5, label="currents")
    ax.plot(NUMBERS, opened, "o-", color=NEURON, markersize=4.5, label="conductances")
    ax.axhline(E_EXC - V_REST, color=FAINT, linewidth=0.8, linestyle=(0, (5, 4)))
    note(ax, "reversal potential", (0.0, E_EXC - V_REST), (4, -4), va="top")
    ax.set(
        xlim=(0.0, None),
        ylim=(0.0, 69.0),
        xlabel="simultaneously active synapses",
        ylabel="highest potential above rest [mV]",
        title="many simultaneous spikes",
    )
    ax.legend(loc="lower right")
