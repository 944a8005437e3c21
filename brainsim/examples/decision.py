"""Two pools of spiking cells compete for a choice, beside drift-diffusion (Wang 2002), in 1,800 trials at once.

A trial is a network of 60 LIF cells. Two pools of 25 cells excite themselves through slow synapses, as NMDA's, and inhibit
each other through ten fast interneurons. Five sensory cells speak for each pool, at 40 (1 + c) and 40 (1 - c) Hz: c is the
evidence. The pool whose rate reaches 35 Hz first is the choice. The excitation nearly makes up for the decay of activity, so
the difference of the pools sums the evidence, noise and all, as drift-diffusion does. Wang (2002),
doi:10.1016/S0896-6273(02)01092-9, of whose network this is a small form with currents for conductances.
"""

import numpy as np

import brainsim as bs
from brainsim.examples._pairs import decision as pair

DURATION = 1800.0  # ms
SMALL = {"trials": 2}

EVIDENCE = np.array([0.0, 0.032, 0.064, 0.128, 0.256, 0.512])
N_POOL, N_INH, N_SENSORY = 25, 10, 5  # cells of a trial: in each pool, between them, and for each pool
ONSET, RATE, THRESHOLD = 200.0, 40.0, 35.0  # ms: when sensory cells begin; Hz: at c = 0; Hz: of a pool that has decided
WEIGHT = 60.0  # pA: of sensory cells and of the background
SLOW, FAST, GABA = bs.Exponential(tau=100.0, name="nmda"), bs.Exponential(tau=5.0), bs.Exponential(tau=10.0, name="gaba")


class Sensory(bs.Poisson):
    """Poisson sources that begin to fire at a time."""

    threshold = "t >= onset and rand() < 0.001*rate*dt"
    onset: float = bs.parameter(0.0, "ms", "when they begin", at_least=0.0)


def build(trials=300, seed=1):
    """Return the network, with `trials` copies for each level of evidence, and what to record of it."""
    copies = trials * len(EVIDENCE)
    cell = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-65.0, v_th=-50.0, v_reset=-60.0, t_ref=2.0)
    interneuron = bs.LIF(tau_m=10.0, c_m=100.0, v_rest=-65.0, v_th=-50.0, v_reset=-60.0, t_ref=1.0)
    start = {"v": bs.Uniform(-65.0, -50.0)}
    inh = bs.Population(copies * N_INH, interneuron, name="inhibitory", initial=start)

    net = bs.Network(seed=seed)
    for name, sign in (("A", 1.0), ("B", -1.0)):
        pool = bs.Population(copies * N_POOL, cell, name=name, initial=start)
        speaks = Sensory(rate=RATE * np.repeat(1.0 + sign * EVIDENCE, trials * N_SENSORY), onset=ONSET)
        sensory = bs.Population(copies * N_SENSORY, speaks, name=f"sensory {name}")
        for pre, post, weight, synapse in (
            (sensory, pool, WEIGHT, FAST),
            (pool, pool, 1.4, SLOW),
            (pool, inh, 15.0, FAST),
            (inh, pool, -40.0, GABA),
        ):
            rule = pair.blocks(copies, pre.n // copies, post.n // copies)
            net.connect(pre, post, rule, weight=weight, delay=1.0, synapse=synapse)
        net.stimulate(pool, bs.PoissonInput(rate=400.0, weight=WEIGHT, synapse=FAST))
    net.connect(inh, inh, pair.blocks(copies, N_INH, N_INH), weight=-10.0, delay=1.0, synapse=GABA)
    net.stimulate(inh, bs.PoissonInput(rate=300.0, weight=WEIGHT, synapse=FAST))
    return net, []


def draw(result, window):
    """Return the figure of both sides."""
    copies = result.populations["A"] // N_POOL
    return pair.decision_figure(result, EVIDENCE, copies, THRESHOLD, ONSET, RATE, window)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, (0.0, DURATION)).savefig("decision.png")
