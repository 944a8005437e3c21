"""Synapses compete by spike timing: a few of 1,000 become strong and control the cell (Song 2000).

Three LIF cells each receive 1,000 excitatory Poisson inputs, at 10, 20 or 40 Hz, and inhibition. A synapse grows by
``0.005*w_max*exp(-s/tau)`` if it is active s before the cell fires, and shrinks by ``1.05*0.005*w_max*exp(-s/tau)`` if s
after, with tau = 20 ms, within 0 and w_max. Depression wins on average, so the cells come down from hundreds of spikes per
second to between 8 and 18, though the inputs differ by a factor of four; the synapses that help to cause a spike become
strong, the others weak. Song, Miller and Abbott (2000), doi:10.1038/78829.

The rate at which the cells settle follows from the 5 %, so it is sensitive to spikes that arrive in the step in which a cell
fires. Here such pairs do nothing. A program that lets them potentiate is left with 4 % at a step of 0.2 ms: its cells settle
at 20 Hz instead of 13, and at 14 Hz with a step of 0.05 ms.
"""

import numpy as np

import brainsim as bs

DURATION, DT, EVERY = 600_000.0, 0.2, 10_000.0  # ms, the last between samples of weights
KEPT = ("cells",)  # the inputs send 42 million spikes
WINDOW = (0.0, DURATION)

N_EXC, RATES = 1000, (10.0, 20.0, 40.0)  # excitatory inputs of each cell; Hz of each
N_INH, RATE_INH = 200, 10.0  # inhibitory inputs of each cell; Hz of each
G_LEAK = 10.0  # nS
W_MAX, W_INH = 0.015 * G_LEAK, 0.05 * G_LEAK  # nS
AMPA = bs.ExponentialConductance(tau=5.0, e_rev=0.0, name="ampa")  # ms, mV
GABA = bs.ExponentialConductance(tau=5.0, e_rev=-70.0, name="gaba")
STDP = bs.STDP.published("Song 2000", w_max=W_MAX)
COLOURS, GROWS, SHRINKS = ("#2f9ad8", "#24837c", "#0b2e57"), "#1a5ca6", "#d3594c"  # of the cells; of the law
WEAK, STRONG = 0.2, 0.8  # limits of the weights that are called so, as shares of w_max


def build(seed=1):
    """Return the network and what to record: the weights of all synapses."""
    lif = bs.LIF(tau_m=20.0, c_m=20.0 * G_LEAK, v_rest=-70.0, v_th=-54.0, v_reset=-60.0, t_ref=0.0)
    cells = bs.Population(len(RATES), lif, name="cells")
    sources = bs.Population(N_EXC * len(RATES), bs.Poisson(rate=np.repeat(RATES, N_EXC)), name="inputs")
    net = bs.Network(seed=seed)
    source = np.arange(sources.n)
    learning = net.connect(
        sources,
        cells,
        bs.FromArrays(source, source // N_EXC),
        weight=bs.Uniform(0.0, W_MAX),
        delay=DT,
        synapse=AMPA,
        plasticity=STDP,
        name="learning",
    )
    net.stimulate(cells, bs.PoissonInput(rate=N_INH * RATE_INH, weight=W_INH, synapse=GABA), name="inhibition")
    return net, [bs.WeightTrace(learning, synapses=None, every=EVERY)]


def weights(result):
    """Return the weights as shares of the maximum, of shape (samples, cells, inputs)."""
    return result.weights["learning"].values.reshape(-1, len(RATES), N_EXC) / W_MAX


def shares(weights):
    """Return the shares of weights that are weak, in between, and strong."""
    weak, strong = np.mean(weights < WEAK), np.mean(weights > STRONG)
    return np.array([weak, 1.0 - weak - strong, strong])


def draw_law(ax):
    """Draw what a pair of spikes does to a synapse."""
    lag = np.linspace(0.0, 60.0, 121)
    sides = (1.0, STDP.a_plus, STDP.tau_plus, GROWS), (-1.0, -STDP.a_minus, STDP.tau_minus, SHRINKS)
    for sign, change, tau, colour in sides:
        ax.fill_between(sign * lag, 100.0 * change * np.exp(-lag / tau), color=colour, alpha=0.25, linewidth=0.0)
        ax.plot(sign * lag, 100.0 * change * np.exp(-lag / tau), color=colour)
    ax.axhline(0.0, color="#888888", linewidth=0.6)
    ax.annotate("input spike first:\nthe synapse grows", (12.0, 0.42), color=GROWS)
    ax.annotate("cell fires first:\nit shrinks, 5 % more", (-12.0, -0.5), color=SHRINKS, ha="right")
    ax.set(xlabel="time from the input spike to that of the cell [ms]", ylabel="change [% of max.]", xlim=(-60.0, 60.0))
    ax.set_title("what a pair of spikes does")


def draw_rates(ax, spikes):
    """Draw the rate of each cell over time, in a hundredth of the run each."""
    for cell, rate in enumerate(RATES):
        times, rates = spikes.of(slice(cell, cell + 1)).population_rate(spikes.duration / 100.0)
        ax.semilogy(
            times / 60_000.0, np.where(rates > 0.0, rates, np.nan), color=COLOURS[cell], label=f"inputs at {rate:g} Hz"
        )
    ax.set(xlabel="time [min]", ylabel="rate of the cell [Hz]", xlim=(0.0, spikes.stop / 60_000.0))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.legend(loc="upper right")
    ax.set_title("the cells find the rate at which both balance")


def draw_weights(ax, start, end, colour):
    """Draw the distribution of weights at the start, as a line, and at the end of the run."""
    heights, edges, _ = ax.hist(end, np.linspace(0.0, 1.0, 26), color=colour, alpha=0.85)
    ax.hist(start, edges, histtype="step", color="#444444", linewidth=0.8)
    for middle, share, name in zip((0.1, 0.5, 0.9), shares(end), ("weak", "between", "strong"), strict=True):
        ax.annotate(f"{100.0 * share:.0f} % {name}", (middle, 1.12 * heights.max()), ha="center", color="#444444")
    ax.vlines((WEAK, STRONG), 0.0, 1.3 * heights.max(), color="#9a9a9a", linewidth=0.6, zorder=0)
    ax.set(xlim=(0.0, 1.0), ylim=(0.0, 1.3 * heights.max()), ylabel="synapses")


def draw(result, window):
    """Return the figure: rates over the whole run, and the weights at its start and end."""
    import matplotlib.pyplot as plt

    start, end = weights(result)[[0, -1]]
    with bs.plot.style():
        figure = plt.figure(figsize=(10.0, 6.0), layout="constrained")
        axes = figure.subplot_mosaic(list(zip(["law"] * 3 + ["rates"] * 3, "001122", strict=True)))
        draw_law(axes["law"])
        draw_rates(axes["rates"], result.spikes["cells"])
        late = result.spikes["cells"].between(result.stop - 0.5 * result.duration, result.stop).rates()
        for cell, rate in enumerate(RATES):
            draw_weights(axes[str(cell)], start[cell], end[cell], COLOURS[cell])
            title = f"inputs at {rate:g} Hz: the cell fires at {late[cell]:.0f} Hz in the second half"
            axes[str(cell)].set_title(title, color=COLOURS[cell])
        axes["2"].set_xlabel("weight / maximum (thin line: at the start)")
    return figure


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, dt=DT, seed=2, record=traces, spikes=[network.populations["cells"]])
    print(result)
    draw(result, WINDOW).savefig("stdp.png")
