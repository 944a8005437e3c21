"""The cortical microcircuit with additive STDP on all synapses between excitatory cells, in brainsim and in NEST.

``python benchmarks/microcircuit_stdp.py --scale 0.3``. At full scale 158 million of the 299 million synapses learn. A pair
of spikes changes a weight by a two-thousandth of the largest one, which is three times the mean, so rates stay near those of
the static network. NEST has its synapse with the fewest bytes: shared parameters, and short addresses of targets.
"""

import dataclasses

import microcircuit
from harness import rounds

TAU, A_PLUS, A_MINUS = 20.0, 5e-4, 1.05 * 5e-4  # ms; in parts of the largest weight


def in_brainsim(task):
    import brainsim as bs

    static, start = microcircuit.in_brainsim(task)
    net = bs.Network(seed=task.seed)
    for name in microcircuit.NAMES:
        net.add(static.populations[name])
    for projection in static.projections:
        shared = ("pre", "post", "rule", "weight", "delay", "synapse", "name")
        given = {key: getattr(projection, key) for key in shared}
        if all(view.parts[0][0].name.endswith("E") for view in (projection.pre, projection.post)):
            w_max = 3.0 * projection.weight.mean
            given["plasticity"] = bs.STDP(tau_plus=TAU, tau_minus=TAU, a_plus=A_PLUS, a_minus=A_MINUS, w_max=w_max)
            given["weight"] = bs.Clipped(projection.weight, low=0.0, high=w_max)
        net.connect(**given)
    for stimulus in static.inputs:
        net.stimulate(stimulus.target, stimulus.input)
    return net, start


def in_nest(task):
    rule = {"tau_plus": TAU, "lambda": A_PLUS, "alpha": A_MINUS / A_PLUS, "mu_plus": 0.0, "mu_minus": 0.0}
    return microcircuit.in_nest(task, rule)


def updates(n):
    """Return the number of weights that a spike changes: those from an excitatory cell, and those onto it."""
    counts, cells = microcircuit.synapses(n), microcircuit.populations(n)
    learning = counts[::2, ::2]
    both = dict(zip(microcircuit.NAMES[::2], learning.sum(0) + learning.sum(1), strict=True))
    return {name: int(both.get(name, 0)) / count for name, count in cells.items()}


WORKLOAD = dataclasses.replace(
    microcircuit.WORKLOAD,
    name="Cortical microcircuit with STDP",
    only=("brainsim", "nest:2"),
    updates=updates,
    networks={"brainsim": in_brainsim, "brainsim-single": in_brainsim, "nest": in_nest},
)

if __name__ == "__main__":
    rounds.main(WORKLOAD)
