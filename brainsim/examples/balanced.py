"""Balanced random network of 12,500 cells, asynchronous irregular or in three other states (Brunel 2000).

10,000 excitatory and 2,500 inhibitory LIF cells, each with 1,000 excitatory and 250 inhibitory inputs and a Poisson drive.
The state depends on the relative strength of inhibition, g, and the drive relative to threshold, eta: Brunel (2000), figure
8, doi:10.1023/A:1008925309027. AI is asynchronous irregular in the theory of a large sparse network. Here two cells share a
tenth of their inputs, and the common noise excites damped oscillations, which the raster shows; at 38 Hz the CV of the
intervals is 0.4. SR is synchronous regular. SI-fast and SI-slow are synchronous irregular: the network oscillates at about
180 and 22 Hz, and each cell takes part in few of the cycles.
"""

import brainsim as bs

DURATION, WINDOW = 1000.0, (800.0, 1000.0)  # ms: of the run, and the part of it that is drawn
OPTIONS = {"state": ("AI", "SR", "SI-fast", "SI-slow")}  # `brainsim sweep` also takes g, eta and n
SMALL = {"n": 200}

# state -> (g, eta), and its name in the paper
STATES = {"AI": (5.0, 2.0), "SR": (3.0, 2.0), "SI-fast": (6.0, 4.0), "SI-slow": (4.5, 0.9)}
NAMES = {
    "AI": "asynchronous irregular, with damped oscillations at this size",
    "SR": "synchronous regular",
    "SI-fast": "synchronous irregular, fast",
    "SI-slow": "synchronous irregular, slow",
}

TAU_M, V_TH, V_RESET, T_REF = 20.0, 20.0, 10.0, 2.0  # ms, mV, mV, ms
WEIGHT, DELAY = 0.1, 1.5  # mV, ms
# inputs of each cell, also in a smaller network: correlations grow, and rates change by some per cent, in SI-slow by a tenth
K_EXC, K_INH = 1000, 250


def build(state="AI", n=12_500, seed=1, g=None, eta=None):
    """Return the network and the traces to record.

    Parameters
    ----------
    state : {"AI", "SR", "SI-fast", "SI-slow"}
        Whether cells fire asynchronously and irregularly, or synchronously: regularly, with fast or with slow oscillations.
    n : int
        Number of cells.
    seed : int
        Of the wiring.
    g, eta : float, optional
        How much stronger inhibition is than excitation, and the external drive relative to that which reaches threshold; by
        default those of the state.
    """
    g, eta = (of_state if given is None else given for of_state, given in zip(STATES[state], (g, eta), strict=True))
    n_exc = 4 * n // 5
    drive = eta * 1000.0 * V_TH / (WEIGHT * TAU_M)  # Hz; at eta = 1 the mean of v is at threshold

    lif = bs.LIF(tau_m=TAU_M, v_rest=0.0, v_th=V_TH, v_reset=V_RESET, t_ref=T_REF)
    cells = bs.Population(n, lif, name="cells", initial={"v": bs.Uniform(0.0, V_TH)})
    exc, inh = cells[:n_exc].named("excitatory"), cells[n_exc:].named("inhibitory")

    net = bs.Network(seed=seed)
    net.connect(exc, cells, bs.FixedIndegree(K_EXC), weight=WEIGHT, delay=DELAY, synapse=bs.Delta())
    net.connect(inh, cells, bs.FixedIndegree(K_INH), weight=-g * WEIGHT, delay=DELAY, synapse=bs.Delta())
    net.stimulate(cells, bs.PoissonInput(rate=drive, weight=WEIGHT, synapse=bs.Delta()))
    return net, [bs.Trace(exc[:2], "v")]


def draw(result, window, state="AI"):
    """Return the overview of the window, with the state as its title."""
    figure, (g, eta) = bs.plot.overview(result, window=window), STATES[state]
    figure.suptitle(f"g = {g:g}, eta = {eta:g}: {NAMES[state]}", x=0.01, ha="left", fontsize=11)
    return figure


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, WINDOW).savefig("balanced.png")
