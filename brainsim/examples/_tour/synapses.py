"""The picture of synapses: the effect of one spike, and the sum of many."""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs
from brainsim.ann.report.pictures import MACHINE, NEURON
from brainsim.examples._figures.layout import note
from brainsim.plot.elements.styles import FAINT, PALETTE, style

ARRIVAL, DURATION, DELAY = 10.0, 80.0, 1.0  # ms
TAU = 5.0  # ms, of currents and conductances
E_EXC, E_INH, V_REST = 0.0, -70.0, -65.0  # mV
W_EXC, W_INH = 40.0, -40.0  # pA: of synapses with currents
G_EXC, G_INH = 1.0, 4.0  # nS: of synapses with conductances
HELD = (-50.0, -60.0, -70.0, -80.0)  # mV, at which cells are held by a current before the spike
BLUES = ("#0b2545", "#1a5ca6", "#7fb6e0", "#24837c")  # of the cells that are held
NUMBERS = np.array([1, 5, 10, 20, 30, 40, 60, 80, 100])  # of synapses that are active at the same time


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
    with style():
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
        f"{opened[-1] / opened[0]:.1f} times the effect of one."
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
    return bs.simulate(net, DURATION, dt=0.1, seed=1, record=traces, threads=1, progress=False)


def _peak(lif, weight):
    """Return the peak of the potential after a current that jumps to `weight` and decays [mV]."""
    slope = lif.tau_m * TAU / (lif.tau_m - TAU)
    when = slope * np.log(lif.tau_m / TAU)
    return weight / lif.c_m * slope * (np.exp(-when / lif.tau_m) - np.exp(-when / TAU))


def _largest(values):
    """Return the value of largest size."""
    return values[np.abs(values).argmax()] + 0.0


def _potentials(ax, time, values, colours, labels, arrival):
    for value, colour, label in zip(values.T, colours, labels, strict=True):
        ax.plot(time, value, color=colour, label=label)
    ax.axvline(arrival, color=FAINT, linewidth=0.6, zorder=0)
    ax.set(xlim=(0.0, DURATION), xlabel="time [ms]", ylabel="change of the potential [mV]")
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
