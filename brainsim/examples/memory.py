"""A spiking attractor network completes a half-erased pattern, beside a Hopfield network (Hopfield 1982).

400 LIF cells store patterns in Hebbian weights, ``G (x_i x_j - 1)`` summed over patterns for the first term; the second is
global inhibition, as by interneurons that hear all cells alike. A current for each cell cancels what its synapses bring when
half of the cells fire, so that a silent cell says as much as an active one. The refractory time of 20 ms, which stands for
strong adaptation, bounds rates at 50 Hz as the sign bounds a Hopfield unit at 1, and the synapses are slow, as NMDA's.
Nine loads run side by side, eight copies each; Hopfield networks get the same patterns and the same cue. Hopfield (1982),
doi:10.1073/pnas.79.8.2554; attractors of spiking cells: Amit and Brunel (1997), doi:10.1093/cercor/7.3.237.
"""

import numpy as np

import brainsim as bs
from brainsim.examples._pairs import memory as pair

DURATION = 500.0  # ms
SMALL = {"trials": 1}

SIDE = 20  # pixels: a cell for each pixel of the picture
LOADS = (0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.2, 0.25)  # patterns per cell
CUE, CUE_END = 400.0, 100.0  # pA, ms: into the cells of the half that is not erased, with the sign of the pattern
BACKGROUND, GAIN, RATE = 150.0, 2000.0, 40.0  # pA: at rheobase; pA: from all cells at RATE [Hz]
TAU_SYN, T_REF = 50.0, 20.0  # ms


def build(trials=8, seed=1):
    """Return the network, with `trials` copies for each load, and what to record of it."""
    pattern = pair.rings(SIDE)
    n, synapse = pattern.size, bs.Exponential(tau=TAU_SYN)
    lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-65.0, v_th=-50.0, v_reset=-65.0, t_ref=T_REF)

    net = bs.Network(seed=seed)
    for load in LOADS:
        cells = bs.Population(trials * n, lif, name=f"load {load:g}", initial={"v": bs.Uniform(-65.0, -50.0)})
        steady = np.empty((trials, n))
        for trial in range(trials):
            hebbian = pair.hebbian(pair.stored(pattern, load, trial, seed))
            field = GAIN * (hebbian - 1.0 / n)  # pA per cell at RATE
            steady[trial] = BACKGROUND - 0.5 * field.sum(axis=0)
            copy = cells[trial * n : (trial + 1) * n]
            weight = field * 1000.0 / (RATE * TAU_SYN)
            net.connect(copy, copy, bs.AllToAll(), weight=weight, delay=1.0, synapse=synapse)
        currents = np.stack([(steady + CUE * pair.half_erased(pattern)).ravel(), steady.ravel()])
        net.stimulate(cells, bs.CurrentInput(currents, times=[0.0, CUE_END]))
    return net, []


def draw(result, window):
    """Return the figure of both sides."""
    by_load = {load: result.spikes[f"load {load:g}"] for load in LOADS}
    return pair.memory_figure(by_load, pair.rings(SIDE), CUE_END, window, result.stats["network_seed"])


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, (0.0, DURATION)).savefig("memory.png")
