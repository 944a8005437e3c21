"""Two pools of spiking cells choose, compared with drift-diffusion (Wang 2002), in 1,800 trials.

Each trial has its own network of 60 LIF cells. Two pools of 25 cells excite themselves through slow synapses, like those
with NMDA receptors, and inhibit each other through ten fast interneurons. Five sensory cells excite each pool, at 40 (1 + c)
and 40 (1 - c) Hz: c is the evidence. The pool whose rate reaches 35 Hz first is the choice. The excitation nearly
compensates the decay of activity, so the difference of the pools integrates the evidence with its noise, as drift-diffusion
does. Wang (2002), doi:10.1016/S0896-6273(02)01092-9, is the model: this is a small version of its network, with currents
instead of conductances.
"""

import numpy as np

import brainsim as bs

DURATION = 1800.0  # ms
SMALL = {"trials": 2}

EVIDENCE = np.array([0.0, 0.032, 0.064, 0.128, 0.256, 0.512])
N_POOL, N_INH, N_SENSORY = 25, 10, 5  # cells of a trial: in each pool, inhibitory ones, sensory ones for each pool
ONSET, RATE, THRESHOLD = 200.0, 40.0, 35.0  # ms: start of sensory spikes; Hz: at c = 0; Hz: of a pool that has decided
WEIGHT = 60.0  # pA: of sensory cells and of the background
SLOW, FAST, GABA = bs.Exponential(tau=100.0, name="nmda"), bs.Exponential(tau=5.0), bs.Exponential(tau=10.0, name="gaba")


class Sensory(bs.Poisson):
    """Poisson sources that start to fire at a given time."""

    threshold = "t >= onset and rand() < 0.001*rate*dt"
    onset: float = bs.parameter(0.0, "ms", "start of the spikes", at_least=0.0)


def build(trials=300, seed=1):
    """Return the network, with `trials` copies for each level of evidence, and the traces to record."""
    copies = trials * len(EVIDENCE)
    cell = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-65.0, v_th=-50.0, v_reset=-60.0, t_ref=2.0)
    interneuron = bs.LIF(tau_m=10.0, c_m=100.0, v_rest=-65.0, v_th=-50.0, v_reset=-60.0, t_ref=1.0)
    start = {"v": bs.Uniform(-65.0, -50.0)}
    inh = bs.Population(copies * N_INH, interneuron, name="inhibitory", initial=start)

    net = bs.Network(seed=seed)
    for name, sign in (("A", 1.0), ("B", -1.0)):
        pool = bs.Population(copies * N_POOL, cell, name=name, initial=start)
        model = Sensory(rate=RATE * np.repeat(1.0 + sign * EVIDENCE, trials * N_SENSORY), onset=ONSET)
        sensory = bs.Population(copies * N_SENSORY, model, name=f"sensory {name}")
        for pre, post, weight, synapse in (
            (sensory, pool, WEIGHT, FAST),
            (pool, pool, 1.4, SLOW),
            (pool, inh, 15.0, FAST),
            (inh, pool, -40.0, GABA),
        ):
            rule = within_copies(copies, pre.n // copies, post.n // copies)
            net.connect(pre, post, rule, weight=weight, delay=1.0, synapse=synapse)
        net.stimulate(pool, bs.PoissonInput(rate=400.0, weight=WEIGHT, synapse=FAST))
    net.connect(inh, inh, within_copies(copies, N_INH, N_INH), weight=-10.0, delay=1.0, synapse=GABA)
    net.stimulate(inh, bs.PoissonInput(rate=300.0, weight=WEIGHT, synapse=FAST))
    return net, []


def within_copies(copies, n_pre, n_post):
    """Return the rule that connects all cells to all within each of many copies of a network, one copy after the other."""
    pre = np.arange(copies * n_pre).reshape(copies, n_pre, 1)
    post = np.arange(copies * n_post).reshape(copies, 1, n_post)
    shape = (copies, n_pre, n_post)
    return bs.FromArrays(np.broadcast_to(pre, shape).ravel(), np.broadcast_to(post, shape).ravel())


def draw(result, window):
    """Return the figure of both sides."""
    from brainsim.examples._figures.decision import decision_figure

    return decision_figure(result, EVIDENCE, result.populations["A"] // N_POOL, THRESHOLD, ONSET, RATE, window)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, (0.0, DURATION)).savefig("decision.png")
