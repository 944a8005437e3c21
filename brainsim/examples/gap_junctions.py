"""Gap junctions synchronise inhibitory cells: the lag of two cells against the conductance, and networks.

Fast-spiking interneurons of the cortex are coupled to each other by gap junctions. Two of them, of which one is driven a
little more strongly, fire at two rates if the conductance is low. From a critical conductance on they fire together, the
slower one later, by a lag that falls about as the inverse of the conductance. Below, three networks of 60 such cells with
different drives: without junctions, with weak and with strong ones. Cells: Wang and Buzsaki (1996),
doi:10.1523/JNEUROSCI.16-20-06402.1996; pairs of interneurons: Galarreta and Hestrin (1999), doi:10.1038/47029; theory:
Lewis and Rinzel (2003), doi:10.1023/A:1023265027714.
"""

import numpy as np

import brainsim as bs

DURATION, WINDOW = 2500.0, (2350.0, 2500.0)  # ms
SMALL = {"n": 20}

CELL = bs.WangBuzsaki()
CONDUCTANCES = np.arange(21) / 10.0  # nS, of the pairs
SHOWN = (1, 6)  # of them in the figure: too weak, and strong enough
FASTER, SLOWER = 101.0, 100.0  # pA
NETWORKS = {"none": 0.0, "weak": 0.05, "strong": 0.4}  # nS
DRIVES, PROBABILITY = bs.Uniform(95.0, 105.0), 0.5  # pA; of a junction
SETTLED = 1500.0  # ms: what comes before is not measured


class Driven(bs.WangBuzsaki):
    """An interneuron with a constant drive of its own."""

    equations = CELL.equations.replace("+ I)/c_m", "+ I + drive)/c_m")
    drive: bs.values.Value = bs.parameter(100.0, "pA", "constant current")


def build(n=60, seed=1):
    """Return the network, with `n` cells in each of three networks, and the traces to record."""
    start, net = {"v": bs.Uniform(-70.0, -50.0)}, bs.Network(seed=seed)
    pairs = 2 * CONDUCTANCES.size
    drive = np.where(np.arange(pairs) % 2, SLOWER, FASTER)
    cells = bs.Population(pairs, Driven(drive=drive), name="pairs", initial=start)
    first = np.arange(0, pairs, 2)
    net.connect(cells, cells, bs.FromArrays(first, first + 1), weight=CONDUCTANCES, synapse=bs.GapJunction())
    traces = [bs.Trace(cells, "v", every=0.2)]
    for name, conductance in NETWORKS.items():
        coupled = bs.Population(n, Driven(drive=DRIVES), name=name, initial=start)
        rule = bs.FixedProbability(PROBABILITY)
        net.connect(coupled, coupled, rule, weight=conductance * 60.0 / n, synapse=bs.GapJunction())
        traces.append(bs.Trace(coupled, "v", every=1.0))
    return net, traces


def phases(result, pair):
    """Return when the slower cell of a pair fires, and how much later than the faster one, in periods of the latter."""
    spikes = result.spikes["pairs"]
    fast, slow = spikes.of([2 * pair]).times, spikes.of([2 * pair + 1]).times
    after = np.searchsorted(fast, slow) - 1
    inside = (after >= 0) & (after < fast.size - 1)
    times, after = slow[inside], after[inside]
    return times, (times - fast[after]) / np.diff(fast)[after]


def lags(result):
    """Return the lag of the slower cell for each conductance, in periods; NaN if the cells fire at two rates."""
    found = np.full(CONDUCTANCES.size, np.nan)
    for pair in range(CONDUCTANCES.size):
        times, phase = phases(result, pair)
        phase = phase[times > SETTLED]
        mean = np.exp(2j * np.pi * phase).mean() if phase.size else 0.0
        if abs(mean) > 0.99:
            found[pair] = np.angle(mean) / (2.0 * np.pi)
    return found


def synchrony(result, name):
    """Return how alike the potentials of a network are: 0 if they are independent, 1 if they are equal."""
    v = result.traces[name, "v"]
    values = v.values[v.times > SETTLED]
    return float(np.sqrt(values.mean(axis=1).var() / values.var(axis=0).mean()))


def draw(result, window):
    """Return the figure: lags in time, one pair, the lag against the conductance, and the spikes of the networks."""
    from brainsim.examples._figures.structured_networks import gap_junctions_figure

    return gap_junctions_figure(result, window)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, WINDOW).savefig("gap_junctions.png")
