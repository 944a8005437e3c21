"""Short-term plasticity: a depressing and a facilitating synapse at low and high rates (Tsodyks 1998).

A spike releases a fraction u of the resources x: ``u += U*(1 - u)``, then ``u*x`` is released, x falls by as much, and the
membrane gets ``w*u*x``. Between spikes x recovers to 1 with tau_rec, and u falls to 0 with tau_fac. The
depressing synapse (U = 0.5, tau_rec = 800 ms) is strong at first; at high rates it releases ``1/(rate*tau_rec)``, so the
current no longer tells the rate, only its changes. The facilitating one (U = 0.03, tau_rec = 130 ms, tau_fac = 530 ms) is
strongest at 20 Hz. All on passive membranes of 1 GOhm. With three states, what was released stays active for tau_psc before
it recovers, as in the publication; with two, it starts to recover at once. Tsodyks, Pawelzik and Markram (1998),
doi:10.1162/089976698300017502, figure 1.
"""

import numpy as np

import brainsim as bs

DURATION, WINDOW = 3000.0, (0.0, 1300.0)  # ms
OPTIONS = {"states": ("three", "two")}

DEPRESSING = bs.TsodyksMarkram.published("depressing, Tsodyks 1998")
FACILITATING = bs.TsodyksMarkram.published("facilitating, Tsodyks 1998")
KINDS = {
    "depressing": (DEPRESSING, 250.0, 40.0),
    "facilitating": (FACILITATING, 1540.0, 60.0),
}  # rule, weight [pA], tau_m [ms]
SHOWN = (("depressing", 20.0), ("facilitating", 20.0), ("facilitating", 70.0))  # and Hz: A, B and C of the figure
RATES = np.array([1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 16.0, 20.0, 30.0, 40.0, 50.0, 70.0, 100.0])  # Hz
FIRST, LAST, DELAY = 50.0, 1050.0, 1.0  # ms: spikes of what is shown


def build(states="three", seed=1):
    """Return the network and the traces to record.

    Parameters
    ----------
    states : {"three", "two"}
        In how many states the resources of a synapse can be.
    seed : int
        Of the network.
    """
    net, traces = bs.Network(seed=seed), []
    for kind, (rule, weight, tau_m) in KINDS.items():
        trains = trains_sent(kind)
        sources = bs.Population(len(trains), bs.SpikeTrains(trains), name=f"spikes to {kind}")
        membrane = bs.LIF(tau_m=tau_m, c_m=tau_m, v_rest=0.0, v_th=1000.0, v_reset=0.0, t_ref=1.0)  # R = 1 GOhm; no spikes
        cells = bs.Population(len(trains), membrane, name=kind)
        net.connect(
            sources,
            cells,
            bs.OneToOne(),
            weight=weight,
            delay=DELAY,
            synapse=bs.Exponential(tau=rule.tau_psc, name="psc"),
            plasticity=bs.TsodyksMarkram(**{name: getattr(rule, name) for name in rule.parameters}, states=states),
        )
        traces += [bs.Trace(cells, "v"), bs.Trace(cells, "psc.i")]
    return net, traces


def trains_sent(kind):
    """Return the spike times of all sources of a kind: those of the figure first, then one for each of `RATES`."""
    shown = [trains_of(rate) for one, rate in SHOWN if one == kind]
    return shown + [trains_of(rate, DURATION - 2.0 * DELAY) for rate in RATES]


def trains_of(rate, stop=LAST):
    """Return the times of regular spikes on the grid of 0.1 ms."""
    return np.arange(FIRST, stop + 0.01, 1000.0 / rate).round(1)


def releases(rule, times, states="three"):
    """Return the law: u*x at each of some spike times [ms], by the solution of the equations from spike to spike.

    The third state, y, are released resources that are still active; with two states they are not counted.
    """
    tau_psc = rule.tau_psc if states == "three" else 0.0
    u, x, y, found = 0.0, 1.0, 0.0, []
    for since in np.diff(times, prepend=-np.inf):
        recovery, facilitation, psc = (decay(since, tau) for tau in (rule.tau_rec, rule.tau_fac, tau_psc))
        missing = (tau_psc * psc - rule.tau_rec * recovery) / (tau_psc - rule.tau_rec)  # of y, that has not recovered yet
        x, y, u = 1.0 - (1.0 - x - y) * recovery - y * missing, y * psc, u * facilitation
        u += rule.U * (1.0 - u)
        found.append(u * x)
        x, y = x - found[-1], y + found[-1]
    return np.array(found)


def decay(time, tau):
    """Return what is left of 1 after a time."""
    return np.exp(-time / tau) if tau else 0.0


def measure(result, kind):
    """Return u*x of each spike, from the jumps of the current: a list of arrays, one for each cell."""
    rule, weight, _ = KINDS[kind]
    current = result.traces[kind, "psc.i"].values
    found = []
    for cell, times in enumerate(trains_sent(kind)):
        step = np.rint((times + DELAY - result.start) / result.dt).astype(int)
        step = step[step < current.shape[0]]
        before = current[step - 1, cell] * decay(result.dt, rule.tau_psc)
        found.append((current[step, cell] - before) / weight)
    return found


def draw(result, window, states="three"):
    """Return the figure: potentials, the u*x of each spike, and how it depends on the rate."""
    from brainsim.examples._figures.short_term import short_term_figure

    return short_term_figure(result, window, states)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, WINDOW).savefig("short_term.png")
