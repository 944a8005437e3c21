"""Cells learn handwritten digits by STDP, without labels, beside k-means (Diehl and Cook 2015).

Digits of 8 x 8 pixels are shown as Poisson spikes for 350 ms each. Synapses from pixels that fired before a cell grow; all
weights onto a cell are scaled to a fixed sum before each digit. Each spike of a cell inhibits all others, so they take
different digits, and raises its threshold, so none takes all. Networks of 25, 50 and 100 cells learn from the same spikes.
After two passes, learning stops and each cell is labelled by the training digits at which it fires most; then the test data
are shown. Rates, weights and learning are adapted to the few pixels and samples. The world is `steer`; it takes about a
minute and a half. Diehl and Cook (2015), doi:10.3389/fncom.2015.00099.
"""

import numpy as np

import brainsim as bs

PASSES, SHOWN, PAUSE = 2, 350.0, 150.0  # over the training data; ms: each digit, and after it
DATA = bs.ann.datasets.digits()
LEARNED = PASSES * len(DATA.X_train)  # digits until learning stops
SAMPLES = LEARNED + len(DATA.X_train) + len(DATA.X_test)
DURATION, DT = SAMPLES * (SHOWN + PAUSE), 1.0  # ms
WINDOW = (0.0, DURATION)
SIZES = (25, 50, 100)  # numbers of cells
KEPT = [f"{n} cells" for n in SIZES]
SMALL = {"sizes": (10,)}

RATE, TOTAL = 127.5, 20.0  # Hz: of a pixel that is 1; nS: of the weights onto a cell
EXCITATION = bs.ExponentialConductance(tau=1.0, e_rev=0.0)
INHIBITION = bs.ExponentialConductance(tau=2.0, e_rev=-100.0)
INHIBITORY = bs.LIF(tau_m=10.0, c_m=10.0, v_rest=-60.0, v_reset=-45.0, v_th=-40.0, t_ref=2.0)


class Adaptive(bs.LIF):
    """A cell whose threshold rises by `step` at each spike and falls slowly."""

    equations = """
        dv/dt = (v_rest - v)/tau_m + I/c_m
        dtheta/dt = -theta/tau_theta
    """
    threshold = "v >= v_th + theta"
    reset = "v = v_reset; theta += step"
    conditions = ("step >= 0",)  # v_th is below v_reset; theta makes up for it
    tau_theta: float = bs.parameter(1e6, "ms", "how slowly the threshold falls", above=0.0)
    step: float = bs.parameter(0.05, "mV", "rise of the threshold at a spike")
    theta: float = bs.initial(20.0, "mV", "rise of the threshold")


class DiehlCook(bs.Plasticity):
    """A synapse grows when its target fires for the second time, if its source fired before; otherwise it shrinks."""

    equations = "dx/dt = -x/20\ndy/dt = -y/20\ndz/dt = -z/40"
    dimensions = False  # the numbers are in ms
    on_pre = "w = w - down*y; x = 1"
    on_post = "w = w + up*x*z; y = 1; z = 1"
    bounds = ("0", "w_max")
    up: float = bs.parameter(0.04, "weight", "growth")
    down: float = bs.parameter(4e-4, "weight", "shrinkage")
    w_max: float = bs.parameter(1.0, "weight", "upper bound")
    x: float = bs.initial(0.0, "", "trace of the source")
    y: float = bs.initial(0.0, "", "trace of the target")
    z: float = bs.initial(0.0, "", "slower trace of the target")


def build(sizes=SIZES, seed=1):
    """Return networks of several sizes with the same input, and the weights to record."""
    net, traces = bs.Network(seed=seed), []
    pixels = bs.Population(DATA.X_train.shape[1], bs.Poisson(rate=np.zeros(DATA.X_train.shape[1])), name="pixels")
    cell = Adaptive(tau_m=100.0, c_m=100.0, v_rest=-65.0, v_reset=-65.0, v_th=-72.0, t_ref=5.0)
    for n in sizes:
        cells = bs.Population(n, cell, name=f"{n} cells")
        others = bs.Population(n, INHIBITORY, name=f"{n} inhibitory cells")
        learning = net.connect(
            pixels,
            cells,
            bs.AllToAll(),
            weight=bs.Uniform(0.0, 0.3),
            delay=1.0,
            synapse=EXCITATION,
            plasticity=DiehlCook(),
            name=f"learning {n}",
        )
        net.connect(cells, others, bs.OneToOne(), weight=10.4, delay=1.0, synapse=EXCITATION)
        rivals = bs.FromArrays(*np.nonzero(~np.eye(n, dtype=bool)))
        net.connect(others, cells, rivals, weight=50.0, delay=1.0, synapse=INHIBITION)
        traces.append(bs.WeightTrace(learning, synapses=None, every=100 * (SHOWN + PAUSE)))
    return net, traces


def schedule(seed):
    """Return the images and labels in the order in which they are shown: to learn, to label the cells, to test."""
    rng, n = np.random.default_rng(seed), len(DATA.X_train)
    order = np.concatenate([*(rng.permutation(n) for _ in range(PASSES)), np.arange(n)])
    return np.concatenate([DATA.X_train[order], DATA.X_test]), np.concatenate([DATA.y_train[order], DATA.y_test])


def steer(sim, duration):
    """Run the simulation, and show one digit after the other."""
    stop, (images, _) = sim.time + duration, schedule(sim.network.seed)
    learning = [projection for projection in sim.network.projections if projection.plasticity]
    while sim.time < stop:
        sample, since = divmod(sim.time, SHOWN + PAUSE)
        for projection in learning if since == 0.0 else ():
            if sample < LEARNED:
                sim.normalise(projection, TOTAL)
            else:
                sim.set(projection, learning=False)
                sim.set(projection.post.name, step=0.0, tau_theta=1e12)  # thresholds stay as they are
        shown = since < SHOWN and sample < SAMPLES
        sim.set("pixels", rate=RATE * images[int(sample)] if shown else np.zeros(images.shape[1]))
        end = sample * (SHOWN + PAUSE) + (SHOWN if since < SHOWN else SHOWN + PAUSE)
        sim.run(min(end, stop) - sim.time)


def draw(result, window):
    """Return the figure of both sides."""
    from brainsim.examples._figures.digits_stdp import digits_figure

    return digits_figure(result)


if __name__ == "__main__":
    network, traces = build()
    sim = bs.Simulation(network, dt=DT, seed=2, record=traces, spikes=[network.populations[name] for name in KEPT])
    steer(sim, DURATION)
    print(sim.result())
    draw(sim.result(), WINDOW).savefig("digits_stdp.png")
