"""Cells learn handwritten digits by STDP, without labels, compared with k-means (Diehl and Cook 2015).

Digits of 8 x 8 pixels are shown as Poisson spikes for 350 ms each. Synapses from pixels that fired before a cell grow; all
weights onto a cell are scaled to a fixed sum before each digit. Each spike of a cell inhibits all others, so they take
different digits, and raises its threshold, so none takes all. Networks of 25, 50 and 100 cells learn from the same spikes.
Five copies of each lie side by side in the same populations, each with its own order of digits, spikes and initial weights.
After two passes, learning stops and each cell is labelled by the training digits at which it fires most; then the test data
are shown. Rates, weights and learning suit the few pixels and samples. The world is `steer`; it takes a minute. The digits
are easier than MNIST: compare with k-means, not with the accuracy of Diehl and Cook (2015), doi:10.3389/fncom.2015.00099.
"""

import numpy as np

import brainsim as bs

PASSES, SHOWN, PAUSE = 2, 350.0, 150.0  # over the training data; ms: each digit, and after it
DATA, PIXELS = bs.ann.datasets.digits(), 64
LEARNED = PASSES * len(DATA.X_train)  # digits until learning stops
SAMPLES = LEARNED + len(DATA.X_train) + len(DATA.X_test)
DURATION, DT = SAMPLES * (SHOWN + PAUSE), 1.0  # ms
WINDOW = (0.0, DURATION)
SIZES = (25, 50, 100)  # numbers of cells
KEPT = [f"{n} cells" for n in SIZES]
SMALL = {"sizes": (10,), "copies": 2}

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


def build(sizes=SIZES, copies=5, seed=1):
    """Return networks of several sizes with the same input, in `copies`, and the weights of the first copy to record."""
    net, traces = bs.Network(seed=seed), []
    pixels = bs.Population(copies * PIXELS, bs.Poisson(rate=np.zeros(copies * PIXELS)), name="pixels")
    cell = Adaptive(tau_m=100.0, c_m=100.0, v_rest=-65.0, v_reset=-65.0, v_th=-72.0, t_ref=5.0)
    for n in sizes:
        cells = bs.Population(copies * n, cell, name=f"{n} cells")
        others = bs.Population(copies * n, INHIBITORY, name=f"{n} inhibitory cells")
        learning = net.connect(
            pixels,
            cells,
            within_copies(copies, np.ones((PIXELS, n))),
            weight=bs.Uniform(0.0, 2.0 * TOTAL / PIXELS),
            delay=1.0,
            synapse=EXCITATION,
            plasticity=DiehlCook(),
            homeostasis=bs.Normalisation(TOTAL, every=SHOWN + PAUSE),
            name=f"learning {n}",
        )
        net.connect(cells, others, bs.OneToOne(), weight=10.4, delay=1.0, synapse=EXCITATION)
        net.connect(others, cells, within_copies(copies, 1 - np.eye(n)), weight=50.0, delay=1.0, synapse=INHIBITION)
        traces.append(bs.WeightTrace(learning, synapses=np.arange(PIXELS * n), every=100 * (SHOWN + PAUSE)))
    return net, traces


def within_copies(copies, pairs):
    """Return the rule that connects `pairs`, a matrix of 0 and 1, within each copy; the copies lie one after the other."""
    copy, pre, post = np.nonzero([pairs] * copies)
    return bs.FromArrays(copy * pairs.shape[0] + pre, copy * pairs.shape[1] + post)


def schedule(seed, copies):
    """Return images and labels as each copy sees them, shape (copies, samples, ...): to learn, to label cells, to test."""
    images, labels = np.concatenate([DATA.X_train, DATA.X_test]), np.concatenate([DATA.y_train, DATA.y_test])
    rng, n, rest = np.random.default_rng(seed), len(DATA.X_train), np.arange(len(images))
    order = np.array([np.concatenate([*(rng.permutation(n) for _ in range(PASSES)), rest]) for _ in range(copies)])
    return images[order], labels[order]


def steer(sim, duration):
    """Run the simulation, and show one digit after the other; each copy sees its own."""
    stop, (images, _) = sim.time + duration, schedule(sim.network.seed, sim.network.populations["pixels"].n // PIXELS)
    while sim.time < stop:
        sample, since = divmod(sim.time, SHOWN + PAUSE)
        if since == 0.0 and sample == LEARNED:
            for learning in (projection for projection in sim.network.projections if projection.plasticity):
                sim.set(learning, learning=False)
                sim.set(learning.post.name, step=0.0, tau_theta=1e12)  # thresholds stay as they are
        shown = since < SHOWN and sample < SAMPLES
        sim.set("pixels", rate=RATE * images[:, int(sample)].ravel() if shown else np.zeros(images[:, 0].size))
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
