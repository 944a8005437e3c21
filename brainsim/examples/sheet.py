"""Activity wanders over a sheet of 50,000 cells with narrow excitation and wide inhibition.

40,000 excitatory and 10,000 inhibitory LIF cells lie on a sheet of 2 x 2 mm whose edges are joined. Each cell receives 100
excitatory synapses from cells around it, with Gaussian probability of width 40 um, and 50 inhibitory ones of width 80 um;
delays grow with the distance, at 0.2 m/s. Each cell is driven by separate noise. Excitation recruits neighbours, and
inhibition, which comes a little later, silences a ring around them, so active patches move, merge and split. Spikes of near
cells are correlated, and those of cells some 0.3 mm apart are anticorrelated; if inhibition is as narrow as excitation
(``--width 40``), patches are smaller and there is no such ring. Patterns of this kind: Rosenbaum and Doiron (2014),
doi:10.1103/PhysRevX.4.021039, and Keane and Gong (2015), doi:10.1523/JNEUROSCI.1669-14.2015; weights and widths are ours.
``--out sheet.gif`` writes a film, and so does the script.
"""

import numpy as np

import brainsim as bs

DURATION = 600.0  # ms
WINDOW = (200.0, DURATION)  # after the start
OPTIONS = {"width": 80.0}
SMALL = {"side": 20}

SPACING = 10.0  # um between neighbours
WIDTH = 40.0  # um, of excitatory connections
W_EXC, W_INH, W_NOISE, RATE = 20.0, -100.0, 20.0, 1200.0  # pA, pA, pA, Hz
SPEED = 200.0  # um/ms
EXC = bs.Exponential(tau=5.0, name="exc")  # ms
INH = bs.Exponential(tau=8.0, name="inh")
PATCH = 50.0  # um, side of the squares whose spikes are correlated
BIN = 10.0  # ms


def build(side=200, width=80.0, seed=1):
    """Return the network and what to record.

    Parameters
    ----------
    side : int
        There are ``side*side`` excitatory cells.
    width : float
        Width of the inhibitory connections [um]; that of excitatory ones is 40.
    seed : int
        Of the wiring.
    """
    lif = {"c_m": 200.0, "v_rest": -60.0, "v_th": -50.0, "v_reset": -60.0}
    start, half = {"v": bs.Uniform(-60.0, -50.0)}, side // 2
    places = bs.positions.grid((side, side), SPACING), bs.positions.grid((half, half), 2 * SPACING)
    exc = bs.Population(side**2, bs.LIF(tau_m=20.0, t_ref=5.0, **lif), name="exc", initial=start, positions=places[0])
    inh = bs.Population(half**2, bs.LIF(tau_m=10.0, t_ref=2.0, **lif), name="inh", initial=start, positions=places[1])

    net = bs.Network(seed=seed)
    size, delay = side * SPACING, f"0.5 + d/{SPEED}"
    near = bs.DistanceRule.gaussian(1.0, sigma=WIDTH, periodic=size, k=100)
    wide = bs.DistanceRule.gaussian(1.0, sigma=width, periodic=size, k=50)
    net.connect(exc, exc, near, weight=W_EXC, delay=delay, synapse=EXC)
    net.connect(exc, inh, near, weight=1.2 * W_EXC, delay=delay, synapse=EXC)
    net.connect(inh, exc, wide, weight=W_INH, delay=delay, synapse=INH)
    net.connect(inh, inh, wide, weight=W_INH, delay=delay, synapse=INH)
    for cells in (exc, inh):
        net.stimulate(cells, bs.PoissonInput(rate=RATE, weight=W_NOISE, synapse=EXC))
    return net, []


def correlations(spikes, window):
    """Return distances [um] and the correlations of the spike counts of squares of the sheet that are so far apart."""
    side, steps = int(np.sqrt(spikes.n)), int(PATCH / SPACING)
    part = spikes.between(*window)
    bins = max(int(part.duration / BIN), 2)
    when = np.minimum(((part.times - part.start) / part.duration * bins).astype(int), bins - 1)
    across = side // steps
    x, y = part.ids // side // steps, part.ids % side // steps
    inside = (x < across) & (y < across)
    counts = np.zeros((bins, across, across))
    np.add.at(counts, (when[inside], x[inside], y[inside]), 1.0)
    counts -= counts.mean(axis=0)
    spectrum = np.fft.rfft2(counts)  # the edges of the sheet are joined, so products of shifted counts are a convolution
    shared = np.fft.irfft2(np.abs(spectrum) ** 2, s=counts.shape[1:]).sum(axis=0)
    lag = np.minimum(np.arange(across), across - np.arange(across)) * PATCH
    apart = np.round(np.hypot(lag[:, None], lag[None, :]) / PATCH).astype(int)
    nearest = apart <= across // 2
    mean = np.bincount(apart[nearest], shared[nearest]) / np.bincount(apart[nearest])
    return np.arange(mean.size) * PATCH, mean / max(shared[0, 0], 1e-12)


def draw(result, window):
    """Return the figure: the sheet at eight times, the rates, and correlations over the distance."""
    from brainsim.examples._figures.structured_networks import sheet_figure

    spikes = result.spikes["exc"]
    return sheet_figure(result, window, correlations(spikes, window), np.sqrt(spikes.n) * SPACING / 1000.0)


def film(result, path, window):
    """Write a film of the excitatory cells, each where it is."""
    spikes = result.spikes["exc"]
    side = int(np.sqrt(spikes.n))
    bs.plot.animate(spikes, path, grid=(side, side), window=window, step=3.0)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, WINDOW).savefig("sheet.png")
    film(result, "sheet.gif", WINDOW)
