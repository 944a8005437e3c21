"""Fear is learned in one context and extinguished in another, compared with Rescorla-Wagner (Vlachos 2011).

The basal amygdala in 3,400 excitatory and 600 inhibitory cells, connected at random. A tone of 50 ms excites all of them. A
fifth of the excitatory cells get input in context A, the fear cells, and another fifth in context B, the extinction cells;
nothing else distinguishes them. If tone and context come together onto a cell, both synapses grow; if the tone comes alone,
its synapse shrinks. After five tones in A, which come with a shock, the fear cells respond. After six tones in B the
extinction cells respond, and silence the fear cells by way of inhibition. A tone in A brings fear back.

Numbers of cells, probabilities of connections, inputs, tones and the form of the rule are published (Vlachos, Herry, Luethi,
Aertsen and Kumar 2011, doi:10.1371/journal.pcbi.1001104), but not all parameters. Cells, synapses, rates, weights and bounds
are those of a replication by Carvalho and others (github.com/tawantayron/RE-Fear-and-extinction-in-a-BA-net-model), who took
cells and synapses from Kumar and others (2008), doi:10.1162/neco.2008.20.1.1. Two things are ours: a weight changes at the
spikes of its own synapse only (at the end of each tone in the publication, at the spikes of both inputs in the replication),
and therefore the rates of learning.
"""

import numpy as np

import brainsim as bs

EXCITATORY, INHIBITORY, SHARE = 3400, 600, 0.2  # cells; of the excitatory ones in each group
PHASES = (("conditioning", "A", 5), ("extinction", "B", 6), ("renewal", "A", 1))  # context, tones
TRIAL, BEFORE, TONE, PAUSE = 200.0, 100.0, 50.0, 100.0  # ms: of a tone with its context; before it; before each phase
DURATION = sum(PAUSE + TRIAL * tones for *_, tones in PHASES)  # ms
WINDOW = (0.0, DURATION)
SMALL = {"scale": 0.2}

TONE_RATE, CONTEXT_RATE = 500.0, 300.0  # Hz, onto each cell
MARK, TAU, TOGETHER = 0.35, 10.0, 100.0  # left by a spike of an input; ms: how fast it fades; time that counts as together
EXC = bs.AlphaConductance(tau=0.326, e_rev=0.0, name="exc")  # weights in nS
INH = bs.AlphaConductance(tau=0.326, e_rev=-80.0, name="inh")


class Cell(bs.LIF):
    """A leaky cell that knows how recently a tone and a context came."""

    equations = "dv/dt = (v_rest - v)/tau_m + I/c_m\ndtone/dt = -tone/tau\ndcontext/dt = -context/tau"
    tau: float = bs.parameter(TAU, "ms", "how fast the marks fade", above=0.0)
    tone: float = bs.initial(0.0, "", "mark of recent spikes of the tone")
    context: float = bs.initial(0.0, "", "mark of recent spikes of the context")


class Tone(bs.Synapse):
    """The mark that a spike of the tone leaves in a cell."""

    arrival = "tone = tone + w"
    weight_unit = ""


class Context(bs.Synapse):
    """The mark that a spike of the context leaves in a cell."""

    arrival = "context = context + w"
    weight_unit = ""


class Together(bs.Plasticity):
    """A synapse grows if tone and context come together, and shrinks if the tone comes alone."""

    on_pre = """
        w = w + tone_post*(up*context_post*(w_max - w) if context_post > least else -down*(w - w_min))
    """
    bounds = ("0", "w_max")
    up: float = bs.parameter(0.004, "", "rate of growth", at_least=0.0)
    down: float = bs.parameter(0.0016, "", "rate of shrinking", at_least=0.0)
    least: float = bs.parameter(MARK * np.exp(-TOGETHER / TAU), "", "what is left of a mark after 100 ms", above=0.0)
    w_min: float = bs.parameter(0.4, "weight", "where shrinking ends")
    w_max: float = bs.parameter(4.0, "weight", "upper bound")


def trials():
    """Return phase, context and start of each trial [ms]."""
    starts = PAUSE + np.cumsum([0.0] + [PAUSE + TRIAL * tones for *_, tones in PHASES])
    return [(name, c, at + TRIAL * k) for (name, c, n), at in zip(PHASES, starts, strict=False) for k in range(n)]


def on_during(spans, rate):
    """Return a rate that is on during spans of time [Hz]."""
    time = np.arange(0.0, DURATION, 10.0)
    return bs.TimedArray(rate * np.any([(time >= start) & (time < stop) for start, stop in spans], axis=0), dt=10.0)


def build(scale=1.0, seed=1):
    """Return the network, with `scale` times as many cells and as many synapses onto each, and the weights to record."""
    n, start, net = round(scale * EXCITATORY), {"v": bs.Normal(-70.0, 3.0)}, bs.Network(seed=seed)
    model = Cell(tau_m=250.0 / 16.7, c_m=250.0, v_rest=-70.0, v_th=-50.0, v_reset=-70.0, t_ref=2.0)
    exc = bs.Population(n, model, name="excitatory", initial=start)
    inh = bs.Population(round(scale * INHIBITORY), model, name="inhibitory", initial=start)
    delay, size = bs.Clipped(bs.Normal(2.0, 0.1), low=0.1), round(SHARE * n)
    for pre, post, share in ((exc, exc, 0.01), (exc, inh, 0.15), (inh, exc, 0.15), (inh, inh, 0.1)):
        rule, (mean, synapse) = bs.FixedProbability(min(share / scale, 1.0)), (1.25, EXC) if pre is exc else (2.5, INH)
        net.connect(pre, post, rule, weight=bs.Clipped(bs.Normal(mean, 0.1), low=0.0), delay=delay, synapse=synapse)
    for cells, rate in ((exc, 5.0), (inh, 6.0)):  # Hz, of each of 1,000 synapses from outside
        net.stimulate(cells, bs.PoissonInput(rate=1000.0 * rate, weight=1.25, synapse=EXC))

    tones = on_during([(at + BEFORE, at + BEFORE + TONE) for *_, at in trials()], TONE_RATE)
    net.stimulate(inh, bs.PoissonInput(rate=tones, weight=0.9, synapse=EXC))
    fear, extinction, traces = exc[:size].named("fear"), exc[n - size :].named("extinction"), []
    for cells in (fear, extinction, exc[size : n - size].named("others")):
        traces.append(learned_input(net, "tone", cells, tones, bs.Normal(0.9, 0.1), Tone()))
    for cells, place in ((fear, "A"), (extinction, "B")):
        here = on_during([(at, at + TRIAL) for _, context, at in trials() if context == place], CONTEXT_RATE)
        traces.append(learned_input(net, "context", cells, here, bs.Normal(0.4, 0.05), Context()))
    return net, traces


def learned_input(net, kind, cells, rate, weight, mark):
    """Give each cell a Poisson process of its own whose synapse learns; return the weights to record."""
    name, look = f"{kind} {cells.name}", {"delay": 1.0, "synapse": EXC, "plasticity": Together()}
    source = bs.Population(cells.n, bs.Poisson(rate=rate), name=f"{name} input")
    wires = net.connect(source, cells, bs.OneToOne(), weight=bs.Clipped(weight, low=0.0, high=4.0), name=name, **look)
    net.connect(source, cells, bs.OneToOne(), weight=MARK, delay=1.0, synapse=mark)
    return bs.WeightTrace(wires, synapses=None, every=50.0)


def draw(result, window):
    """Return the figure of both sides."""
    from brainsim.examples._figures.fear import fear_figure

    return fear_figure(result, window)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, WINDOW).savefig("fear.png")
