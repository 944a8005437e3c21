"""The picture of kinds of neurons: one current, five responses."""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs
from brainsim.ann.report.pictures import MACHINE, NEURON
from brainsim.examples._tour import Picture
from brainsim.plot.elements.styles import style

CURRENT, ONSET, DURATION = 10.0, 50.0, 500.0  # in the units of the fit; ms
# name -> a, b, c, d: Izhikevich (2003), figure 2
KINDS = {
    "regular spiking": (0.02, 0.2, -65.0, 8.0),
    "intrinsically bursting": (0.02, 0.2, -55.0, 4.0),
    "chattering": (0.02, 0.2, -50.0, 2.0),
    "fast spiking": (0.1, 0.2, -65.0, 2.0),
    "low threshold": (0.02, 0.25, -65.0, 2.0),
}


def kinds(seed, small):
    """Five kinds of cortical cells under the same step of current (Izhikevich 2003, doi:10.1109/TNN.2003.820440)."""
    values = dict(zip("abcd", np.array(list(KINDS.values())).T, strict=True))
    cells = bs.Population(len(KINDS), bs.Izhikevich(**values), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput([0.0, CURRENT], times=[0.0, ONSET]))
    result = bs.simulate(net, DURATION, dt=0.1, seed=1, record=[bs.Trace(cells, "v")], threads=1, progress=False)
    spikes = result.spikes["cells"]
    trains = {name: spikes.times[spikes.ids == k] for k, name in enumerate(KINDS)}
    rates = [1000.0 * times.size / (DURATION - ONSET) for times in trains.values()]
    with style():
        figure, (ax, bars) = plt.subplots(1, 2, figsize=(11.0, 4.4), width_ratios=(2.6, 1.0), layout="constrained")
        bs.plot.trace(result.traces["cells", "v"], ax=ax, color=NEURON)
        ax.set_yticks(ax.get_yticks(), list(KINDS))
        ax.set_title("five kinds of neurons, one current")
        bars.barh(np.arange(len(KINDS)), rates, height=0.6, color=MACHINE)
        bars.set(ylim=(len(KINDS) - 0.5, -0.5), xlabel="spikes per second", title="what a rate shows of them")
        bars.set_yticks([])
        for k, rate in enumerate(rates):
            bars.annotate(f"{rate:.0f}", (rate, k), (4, 0), textcoords="offset points", va="center", color="#444444")
        bars.set_xlim(0.0, 1.15 * max(rates))
    regular, fast = np.diff(trains["regular spiking"]), np.diff(trains["fast spiking"])
    bursts = np.split(trains["chattering"], np.flatnonzero(np.diff(trains["chattering"]) > 10.0) + 1)
    caption = (
        f"The same current from {ONSET:g} ms on. The regular cell slows down, from {regular[0]:.1f} ms between "
        f"spikes to {regular[-1]:.1f} ms; the fast one keeps {fast[-1]:.1f} ms; the chattering one sends "
        f"{len(bursts)} bursts of up to {max(map(len, bursts))} spikes. All follow the two equations of Izhikevich "
        "(2003) with different parameters. An artificial unit describes each by one number, the rate on the right."
    )
    return Picture("Not one neuron but many kinds", figure, caption)
