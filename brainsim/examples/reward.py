"""Dopamine finds the synapse that earned a reward seconds ago, compared with TD(lambda) (Izhikevich 2007).

1,000 cells with 100 synapses each fire at about 1 Hz, driven by noise. Whenever one chosen cell fires up to 20 ms after
another, all synapses get dopamine, 1 to 3 s later and while hundreds of other cells fire. Pairs of spikes leave a trace in
their synapse for about a second; the weight changes only where dopamine finds a trace. Within an hour the synapse between
the two cells grows from 0 to its bound, since only its trace is there before most rewards. A second, equal network is the
control: it gets dopamine at the same times, unrelated to its own spikes. The world outside is `steer`, which runs the
simulation in pieces. It takes about two minutes. Izhikevich (2007), doi:10.1093/cercor/bhl152; TD(lambda): Sutton (1988),
doi:10.1007/BF00115009.
"""

import numpy as np

import brainsim as bs

DURATION, DT = 2_100_000.0, 1.0  # ms
WINDOW = (0.0, DURATION)
SMALL = {"watched": 5}

CELLS, EXCITATORY, TARGETS = 1000, 800, 100  # all cells; excitatory ones; synapses of each cell
WITHIN, EARLIEST, LATEST = 20.0, 1000.0, 3000.0  # ms: a coincidence; when its reward comes
DOPAMINE = 0.05  # 1/ms: of each reward
NETWORKS = ("rewarded", "control")  # the second gets the rewards of the first
RULE = bs.DopamineSTDP(n_base=-0.0002, w_max=4.0)  # 1/ms, mV


class Cell(bs.Izhikevich):
    """Izhikevich's neuron with the published steps, two halves of a millisecond for v, and with a random input."""

    equations = """
        first = 0.04*v**2 + 5*v + 140 - u + noise + I
        half = v + 0.5*dt*first
        second = 0.04*half**2 + 5*half + 140 - u + noise + I
        dv/dt = 0.5*(first + second)
        du/dt = a*(b*v - u)
    """
    method = "euler"
    events = {"draw": ("dt > 0", "noise = 13*(rand() - 0.5)")}  # in each step
    noise: float = bs.initial(0.0, "mV/ms", "random input")


def build(watched=60, seed=1):
    """Return the networks, and the weights to record: of the chosen synapse and of `watched` others."""
    targets = wiring(seed)
    excitatory, shown = targets[:EXCITATORY], np.linspace(0, EXCITATORY * TARGETS - 1, watched + 1).astype(int)
    weights = np.ones(excitatory.size)
    weights[0] = 0.0  # the chosen synapse
    is_inhibitory = np.arange(CELLS) >= EXCITATORY
    model = Cell(a=np.where(is_inhibitory, 0.1, 0.02), d=np.where(is_inhibitory, 2.0, 8.0))

    net, delta, traces = bs.Network(seed=seed), bs.Delta(), []
    for name in NETWORKS:
        cells = bs.Population(CELLS, model, name=f"{name} cells")
        learning = net.connect(
            cells[:EXCITATORY],
            cells,
            pairs(excitatory),
            weight=weights,
            delay=1.0,
            dendritic_delay="all",
            synapse=delta,
            plasticity=RULE,
            name=name,
        )
        net.connect(cells[EXCITATORY:], cells, pairs(targets[EXCITATORY:]), weight=-1.0, delay=1.0, synapse=delta)
        traces.append(bs.WeightTrace(learning, synapses=shown, every=100.0))
    return net, traces


def wiring(seed):
    """Return the targets of each cell, ascending, shape (CELLS, TARGETS); those of inhibitory cells are excitatory."""
    order = np.random.default_rng(seed).random((CELLS, CELLS))
    np.fill_diagonal(order, 2.0)
    order[EXCITATORY:, EXCITATORY:] = 2.0
    return np.sort(order.argsort(axis=1)[:, :TARGETS], axis=1)


def pairs(targets):
    """Return the rule that connects source i to each of ``targets[i]``."""
    return bs.FromArrays(np.repeat(np.arange(len(targets)), targets.shape[1]), targets.ravel())


def rewards(pre, post, seed):
    """Return the coincidences of two cells, and the times of their rewards [ms], from the times of the cells' spikes."""
    last = np.searchsorted(pre, post) - 1  # of the spikes of pre before that of post
    near = (last >= 0) & (post - np.take(pre, last, mode="clip") < WITHIN) if len(pre) else np.zeros(len(post), bool)
    delays = EARLIEST + (LATEST - EARLIEST) * np.random.default_rng(seed).random(near.sum())
    return post[near], post[near] + np.round(delays)


def steer(sim, duration):
    """Run the simulation, and give both networks dopamine when the first one has earned it."""
    stop, chosen = sim.time + duration, (0, wiring(sim.network.seed)[0, 0])
    spikes = [sim.result().spikes["rewarded cells"].of(cell).times for cell in chosen]
    while sim.time < stop:
        _, due = rewards(*spikes, sim.seed)
        end = min([stop, sim.time + EARLIEST, *due[due > sim.time]])  # what happens until then is rewarded later
        cells = sim.run(end - sim.time).spikes["rewarded cells"]
        spikes = [np.append(times, cells.of(cell).times) for times, cell in zip(spikes, chosen, strict=True)]
        for _ in range(np.count_nonzero(due == end)):
            for name in NETWORKS:
                sim.set(name, n=sim.modulator(name) + DOPAMINE)


def draw(result, window):
    """Return the figure of both sides."""
    from brainsim.examples._figures.reward import reward_figure

    return reward_figure(result, window)


if __name__ == "__main__":
    network, traces = build()
    sim = bs.Simulation(network, dt=DT, seed=2, record=traces)
    steer(sim, DURATION)
    print(sim.result())
    draw(sim.result(), (0.0, DURATION)).savefig("reward.png")
