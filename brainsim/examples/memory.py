"""A spiking network completes a half-erased pattern, compared with a Hopfield network (Hopfield 1982).

400 LIF cells store patterns in the weights ``G/n (S_ij - 1)``, in which ``S_ij`` is the sum of ``x_i x_j`` over the
patterns (Hebb's rule) and the -1 is global inhibition, as by interneurons that get input from all cells. A current into
each cell cancels the mean input from its synapses when half of the cells fire, so that silent cells carry as much
information as active ones. The refractory time of 20 ms, which takes the place of strong adaptation, limits rates to 50
Hz, as the sign limits a Hopfield unit to 1; synapses are slow, like those with NMDA receptors. Nine loads run in one
simulation, eight copies each; Hopfield networks get the same patterns and the same cue. Hopfield (1982),
doi:10.1073/pnas.79.8.2554; attractors of spiking cells: Amit and Brunel (1997), doi:10.1093/cercor/7.3.237.
"""

import numpy as np

import brainsim as bs

DURATION = 500.0  # ms
SMALL = {"trials": 1}

SIDE = 20  # pixels: a cell for each pixel of the picture
LOADS = (0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.2, 0.25)  # patterns per cell
CUE, CUE_END = 400.0, 100.0  # pA, ms: into the cells of the half that is not erased, with the sign of the pattern
BACKGROUND, GAIN, RATE = 150.0, 2000.0, 40.0  # pA: at rheobase; pA: from all cells at RATE [Hz]
TAU_SYN, T_REF = 50.0, 20.0  # ms


def build(trials=8, seed=1):
    """Return the network, with `trials` copies for each load, and the traces to record."""
    pattern = rings(SIDE)
    n, synapse = pattern.size, bs.Exponential(tau=TAU_SYN)
    lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-65.0, v_th=-50.0, v_reset=-65.0, t_ref=T_REF)

    net = bs.Network(seed=seed)
    for load in LOADS:
        cells = bs.Population(trials * n, lif, name=f"load {load:g}", initial={"v": bs.Uniform(-65.0, -50.0)})
        steady = np.empty((trials, n))
        for trial in range(trials):
            field = GAIN * (hebbian(stored(pattern, load, trial, seed)) - 1.0 / n)  # pA per cell at RATE
            steady[trial] = BACKGROUND - 0.5 * field.sum(axis=0)
            copy = cells[trial * n : (trial + 1) * n]
            weight = field * 1000.0 / (RATE * TAU_SYN)
            net.connect(copy, copy, bs.AllToAll(), weight=weight, delay=1.0, synapse=synapse)
        currents = np.stack([(steady + CUE * half_erased(pattern)).ravel(), steady.ravel()])
        net.stimulate(cells, bs.CurrentInput(currents, times=[0.0, CUE_END]))
    return net, []


def rings(side):
    """Return a picture of rings with equal numbers of pixels at +1 and -1, flat, shape (side*side,); `side` is even."""
    if side < 2 or side % 2:
        raise ValueError(f"rings.side: must be even and at least 2 (got {side})")
    row, column = np.mgrid[:side, :side] - 0.5 * (side - 1)
    wave = np.cos(20.0 / side * np.hypot(row, column)).ravel()
    pattern = np.full(side * side, -1.0)
    pattern[np.argsort(wave, kind="stable")[side * side // 2 :]] = 1.0
    return pattern


def stored(pattern, load, copy=0, seed=1):
    """Return the patterns that one copy of a memory stores, shape (p, n): `pattern`, and random ones of +1 and -1."""
    count = round(load * pattern.size)
    others = np.random.default_rng([seed, count, copy]).choice([-1.0, 1.0], (count - 1, pattern.size))
    return np.vstack([pattern, others])


def half_erased(pattern):
    """Return the cue: the pattern with its second half set to 0, which is neither +1 nor -1."""
    return np.where(np.arange(pattern.size) < pattern.size // 2, pattern, 0.0)


def hebbian(patterns):
    """Return the weights ``W_ij = 1/n sum_p x_pi x_pj``, ``W_ii = 0``, of patterns of shape (p, n): shape (n, n)."""
    weights = patterns.T @ patterns / patterns.shape[1]
    np.fill_diagonal(weights, 0.0)
    return weights


def draw(result, window):
    """Return the figure of both networks."""
    from brainsim.examples._figures.memory import memory_figure

    by_load = {load: result.spikes[f"load {load:g}"] for load in LOADS}
    return memory_figure(by_load, rings(SIDE), CUE_END, window, result.stats["network_seed"])


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, (0.0, DURATION)).savefig("memory.png")
