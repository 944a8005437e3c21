"""The decision network of Wang (2002): 2,000 cells ramp up slowly, and an attractor keeps the choice.

2,000 cells, all connected to all. Two pools of 240 excitatory cells excite themselves 1.7 times as strongly as the others
and compete through 400 inhibitory cells. In each trial the network begins at rest; from 0.5 to 2.5 s both pools get sensory
spikes, at mean rates of 40 (1 + c) and 40 (1 - c) Hz that are redrawn every 50 ms, where c is the evidence. The rates ramp
up together, then apart, as slowly as the NMDA gates of the cells (`GatedNMDA`) allow. The pool that reaches 15 Hz first is
the choice, and it keeps firing without the evidence. The trials of six levels of evidence run one after the other in one
simulation. More trials, with ``--trials 200``, take minutes. Wang (2002), doi:10.1016/S0896-6273(02)01092-9; ``decision`` is
a small version with currents, which simulates thousands of trials in seconds.
"""

import numpy as np

import brainsim as bs

OPTIONS = {"trials": 4}  # at each level of evidence
SMALL = {"trials": 1}

EVIDENCE = np.array([0.0, 0.032, 0.064, 0.128, 0.256, 0.512])
N_EXC, N_INH, POOL = 1600, 400, 240  # cells
REST, STIMULUS, DELAY_PERIOD = 500.0, 2000.0, 500.0  # ms of a trial: before, with and after the evidence
TRIAL = REST + STIMULUS + DELAY_PERIOD
DURATION = OPTIONS["trials"] * EVIDENCE.size * TRIAL  # ms
THRESHOLD = 15.0  # Hz: rate of a pool that has decided

SHARED = {"v_rest": -70.0, "v_th": -50.0, "v_reset": -55.0}  # mV
EXC, INH = bs.LIF(tau_m=20.0, c_m=500.0, t_ref=2.0, **SHARED), bs.LIF(tau_m=10.0, c_m=200.0, t_ref=1.0, **SHARED)
AMPA, GABA = (
    bs.ExponentialConductance(tau=tau, e_rev=e, name=n) for tau, e, n in ((2.0, 0.0, "ampa"), (5.0, -70.0, "gaba"))
)
NMDA = bs.GatedNMDA(tau_rise=2.0, tau_decay=100.0, alpha=0.5, name="nmda")
TO_EXC = {AMPA: 0.05, NMDA: 0.165, GABA: 1.3}  # nS: of one synapse
TO_INH = {AMPA: 0.04, NMDA: 0.13, GABA: 1.0}
OUTSIDE_EXC, OUTSIDE_INH, BACKGROUND = 2.1, 1.62, 2400.0  # nS, nS, Hz: 1,000 sources of 2.4 Hz each
DELAY, WITHIN = 0.5, 1.7  # ms; weights within a pool, relative to the mean
ACROSS = 1.0 - POOL * (WITHIN - 1.0) / (N_EXC - POOL)  # and onto a pool from all other cells: the mean input is unchanged
BASE, SPREAD, HELD = (
    40.0,
    4.0,
    50.0,
)  # Hz: mean sensory rate without evidence, its standard deviation; ms: how long one holds


def build(trials=4, seed=1):
    """Return the network with its stimuli, and no traces.

    Parameters
    ----------
    trials : int
        Number of trials at each level of evidence.
    seed : int
        Of the wiring and the stimuli.
    """
    exc = bs.Population(N_EXC, EXC, name="excitatory")
    inh = bs.Population(N_INH, INH, name="inhibitory")
    pools, other = (exc[:POOL], exc[POOL : 2 * POOL]), exc[2 * POOL :]
    net = bs.Network(seed=seed)

    def connect(pre, post, synapse, weight):
        net.connect(pre, post, bs.AllToAll(autapses=True), weight=weight, delay=DELAY, synapse=synapse)

    for synapse in (AMPA, NMDA):
        for post in pools:
            for pre in (*pools, other):
                connect(pre, post, synapse, TO_EXC[synapse] * (WITHIN if pre is post else ACROSS))
        connect(exc, other, synapse, TO_EXC[synapse])
        connect(exc, inh, synapse, TO_INH[synapse])
    connect(inh, exc, GABA, TO_EXC[GABA])
    connect(inh, inh, GABA, TO_INH[GABA])
    net.stimulate(exc, bs.PoissonInput(rate=BACKGROUND, weight=OUTSIDE_EXC, synapse=AMPA))
    net.stimulate(inh, bs.PoissonInput(rate=BACKGROUND, weight=OUTSIDE_INH, synapse=AMPA))
    for pool, rates in zip(pools, sensory_rates(trials, seed), strict=True):
        net.stimulate(pool, bs.PoissonInput(rate=bs.TimedArray(rates, dt=HELD), weight=OUTSIDE_EXC, synapse=AMPA))
    return net, []


def sensory_rates(trials, seed):
    """Return the rates of the sensory spikes of both pools [Hz], shape (2, values), all trials one after the other."""
    rng = np.random.default_rng(seed)
    mean = BASE * (1.0 + np.multiply.outer([1.0, -1.0], np.tile(EVIDENCE, round(trials))))
    drawn = rng.normal(mean[..., None], SPREAD, (*mean.shape, round(STIMULUS / HELD)))
    around = [round(part / HELD) for part in (REST, DELAY_PERIOD)]
    return np.pad(np.maximum(drawn, 0.0), ((0, 0), (0, 0), around)).reshape(2, -1)


def lasts(trials=4, **_):
    """Return how long all trials take [ms]."""
    return round(trials) * EVIDENCE.size * TRIAL


def steer(sim, duration):
    """Run the trials; before each, bring all cells back to rest."""
    stop = sim.time + duration
    while sim.time < stop:
        for cells in ("excitatory", "inhibitory"):
            for name, values in sim.state[cells].items():
                values[:] = SHARED["v_rest"] if name == "v" else 0.0
        sim.run(min(TRIAL, stop - sim.time))


def draw(result, window):
    """Return the figure: a trial, how rates ramp up and come apart, and the choices against the evidence."""
    from brainsim.examples._figures.wang import wang_figure

    return wang_figure(result)


if __name__ == "__main__":
    network, traces = build()
    sim = bs.Simulation(network, seed=2, record=traces)
    steer(sim, DURATION)
    result = sim.result()
    print(result)
    draw(result, (0.0, DURATION)).savefig("wang.png")
