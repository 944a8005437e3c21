"""The figure of a network that learns by dopamine compared with TD(lambda), which learns from the network's own spikes."""

import numpy as np

from brainsim.core.contexts import within
from brainsim.examples.reward import DOPAMINE, EARLIEST, LATEST, NETWORKS, RULE, WITHIN, rewards
from brainsim.plot.elements.page_layout import DARK, side_by_side
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON, style

BIN = 100.0  # ms: a step of TD(lambda)
RATE, BASELINE = 0.03, 0.0005  # of learning, of values and of the mean reward
BEFORE, AFTER = 500.0, 4000.0  # ms: around the coincidence that is drawn
REWARD = "#d08a00"


class Episode:
    """What both sides learn from: spikes of the cells of the recorded synapses, rewards, and weights."""

    def __init__(self, result):
        self.stop = result.stop
        self.weights = [result.weights[name] for name in NETWORKS]
        self.spikes = [result.spikes[f"{name} cells"].per_cell() for name in NETWORKS]
        pre, post = (self.spikes[0][cell[0]] for cell in (self.weights[0].pre, self.weights[0].post))
        earned, due = rewards(pre, post, result.seed)
        self.coincidences, self.rewards = earned[due <= self.stop], due[due <= self.stop]
        self.times = np.sort(self.rewards)

    def events(self, network):
        """Return coincidences at each recorded synapse in each bin, shape (bins, synapses)."""
        trains, weights = self.spikes[network], self.weights[network]
        edges = np.arange(0.0, self.stop + BIN, BIN)
        pairs = zip(weights.pre, weights.post, strict=True)
        found = (rewards(trains[pre], trains[post], 0)[0] for pre, post in pairs)
        return np.stack([np.histogram(times, edges)[0] for times in found], axis=1)

    def per_bin(self):
        return np.histogram(self.times, np.arange(0.0, self.stop + BIN, BIN))[0]


def td_lambda(events, given, decay, rate=RATE, baseline=BASELINE):
    """Return the values that TD(lambda) gives to events, shape (bins, n), by average-reward learning.

    In each bin ``e = decay*e + x``, ``d = r - mean + V' - V`` and ``w += rate*d*e``, in which x are the events, ``V = w*x``
    and r the reward given. Sutton (1988), doi:10.1007/BF00115009; Tsitsiklis & Van Roy (1999),
    doi:10.1016/S0005-1098(99)00099-0.
    """
    w, e, mean = np.zeros(events.shape[1]), np.zeros(events.shape[1]), 0.0
    values = np.zeros(events.shape)
    for k in range(1, len(events)):
        e = decay * e + events[k - 1]
        surprise = given[k] - mean + w @ events[k] - w @ events[k - 1]
        w = w + rate * surprise * e
        mean += baseline * (given[k] - mean)
        values[k] = w
    return values


def expected_credit():
    """Return the mean of ``e^(-t/tau_c)`` over the delays of rewards: what TD(lambda) should learn."""
    return RULE.tau_c * (np.exp(-EARLIEST / RULE.tau_c) - np.exp(-LATEST / RULE.tau_c)) / (LATEST - EARLIEST)


def trace_of_pairs(pre, post, times):
    """Return the trace c that the rule leaves in a synapse with spikes at `pre` and `post`, at ascending `times` [ms]."""
    arrived = [(t, 0) for t in pre] + [(t + 1.0, 1) for t in post]  # the delay of 1 ms is dendritic
    x = y = c = now = 0.0
    found, events = np.zeros(len(times)), sorted(arrived)
    for event, kind in [*events, (np.inf, 0)]:
        span = (times >= now) & (times < event)
        found[span] = c * np.exp(-(times[span] - now) / RULE.tau_c)
        if np.isinf(event):
            break
        gone, now = event - now, event
        x, y, c = (value * np.exp(-gone / tau) for value, tau in ((x, RULE.tau_plus), (y, RULE.tau_minus), (c, RULE.tau_c)))
        c, x, y = (c + RULE.c_plus * x, x, y + 1.0) if kind else (c - RULE.c_minus * y, x + 1.0, y)
    return found


def credits(episode, network, delays):
    """Return the trace c of the chosen synapse at some times after coincidences [ms]: mean, standard error; shape (delays,).

    In the second network, it is the trace after coincidences in the first one.
    """
    trains, weights = episode.spikes[network], episode.weights[network]
    pair, after = (trains[weights.pre[0]], trains[weights.post[0]]), episode.coincidences + 1.0
    found = np.array([trace_of_pairs(*pair, after + delay) for delay in delays])
    return found.mean(axis=1), found.std(axis=1) / np.sqrt(len(after))


@within(style)
def reward_figure(result, window):
    """Return the figure of TD(lambda) compared with a network that learns by dopamine, up to the end of the window."""
    episode = Episode(result)
    decay = np.exp(-BIN / RULE.tau_c)
    given = episode.per_bin()
    values = [td_lambda(episode.events(network), given, decay) for network in range(len(NETWORKS))]
    figure, (machine, neurons, both) = side_by_side(
        "TD(\u03bb)", "spiking network", "credit in both", caption=_caption(episode, values)
    )
    moment = _shown(episode)
    _machine_event(machine[0], episode, values[0], decay, moment)
    _spiking_event(neurons[0], episode, moment)
    hours = window[1] / 3_600_000.0
    grid = (np.arange(len(given)) + 1.0) * BIN
    _over_time(machine[1], grid, values, MACHINE, "value of a coincidence", expected_credit(), hours)
    recorded = [weights.values for weights in episode.weights]
    _over_time(neurons[1], episode.weights[0].times, recorded, NEURON, "weight [mV]", RULE.w_max, hours)
    _against_delay(both[0], episode, decay)
    _against_rewards(both[1], episode, grid, values)
    return figure


def _caption(episode, values):
    final = [weights.values[-1, 0] for weights in episode.weights]
    return (
        f"Whenever one cell fires up to {WITHIN:g} ms after another, both networks get a reward, {EARLIEST / 1000:g} to "
        f"{LATEST / 1000:g} s later: {len(episode.times)} in {episode.stop / 60_000:.3g} minutes. By then many other pairs "
        "of cells have fired; only on average the chosen one stands out. Its weight went from 0 to "
        f"{final[0]:.2f} of {RULE.w_max:g} mV, and in the control, a second network in which the same rewards have nothing "
        f"to do with its spikes, to {final[1]:.2f} mV. TD(\u03bb), with \u03bb = e^(\u2212{BIN / RULE.tau_c:g}) in steps of "
        f"{BIN:g} ms, gets the same spikes and rewards: the value of the pair became {values[0][-1, 0]:.2f} (theory "
        f"{expected_credit():.2f}), and {values[1][-1, 0]:.2f} in the control."
    )


def _shown(episode):
    """Return the coincidence that is drawn: one with a single reward, 1 to 2 s later, and with few other spikes nearby."""
    weights, trains = episode.weights[0], episode.spikes[0]
    spikes = np.concatenate([trains[weights.pre[0]], trains[weights.post[0]]])
    best, shown = np.inf, None
    for earned, due in zip(episode.coincidences, episode.rewards, strict=True):
        rewarded, active = (np.sum((t > earned - BEFORE) & (t < earned + AFTER)) for t in (episode.times, spikes))
        w = weights.values[np.searchsorted(weights.times, earned) - 1, 0]
        badness = (
            active + 100.0 * (rewarded > 1) + 10.0 * (abs(due - earned - 1500.0) > 500.0) + 5.0 * (w > 0.75 * RULE.w_max)
        )
        if badness < best:
            best, shown = badness, earned
    return shown


def _rows(ax, curves, moment, spikes=None):
    """Draw curves over the same time in rows, each scaled to its own range, with their names on the left."""
    if moment is None:
        ax.text(0.5, 0.5, "no reward yet", ha="center", va="center", color=DARK, transform=ax.transAxes)
        ax.set_axis_off()
        return
    for row, (times, values, colour, step) in enumerate(curves.values()):
        low, high = min(values.min(), 0.0), max(values.max(), 1e-9)
        base = -1.25 * (row + 1)
        heights = base + (values - low) / (high - low)
        ax.plot((times - moment) / 1000.0, heights, color=colour, drawstyle="steps-post" if step else "default")
        ax.fill_between(
            (times - moment) / 1000.0, base, heights, step="post" if step else None, color=colour, alpha=0.15, lw=0
        )
    for place, times in enumerate(spikes or ()):
        inside = times[(times > moment - BEFORE) & (times < moment + AFTER)]
        ax.vlines((inside - moment) / 1000.0, 0.5 - 0.5 * place, 0.9 - 0.5 * place, color=DARK, linewidth=1.2)
    names = (["first cell", "second cell"] if spikes else []) + list(curves)
    heights = ([0.7, 0.2] if spikes else []) + [-1.25 * (row + 1) + 0.5 for row in range(len(curves))]
    ax.set_yticks(heights, names)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set(xlim=(-BEFORE / 1000.0, AFTER / 1000.0), ylim=(-1.25 * len(curves) - 0.08, 1.0 if spikes else -0.1))
    ax.set_xlabel("time after the coincidence [s]")


def _machine_event(ax, episode, values, decay, moment):
    first = int((moment or 0.0) / BIN)
    bins = np.arange(max(first - 100, 0), min(first + int(AFTER / BIN) + 2, len(values)))
    trains, weights = episode.spikes[0], episode.weights[0]
    found, _ = rewards(trains[weights.pre[0]], trains[weights.post[0]], 0)
    edges = BIN * np.append(bins, bins[-1] + 1)
    x, e = np.histogram(found, edges)[0], np.zeros(len(bins))
    for k in range(len(bins)):
        e[k] = decay * e[k - 1] * (k > 0) + x[k]
    given, start = np.histogram(episode.times, edges)[0], BIN * bins
    keep = start >= (moment or 0.0) - BEFORE - BIN
    curves = {
        "event x": (start[keep], x[keep].astype(float), MACHINE, True),
        "eligibility e": (start[keep], e[keep], MACHINE, True),
        "reward r": (start[keep], given[keep].astype(float), REWARD, True),
        "value w": (start[keep], values[bins, 0][keep], DARK, True),
    }
    _rows(ax, curves, moment)
    ax.set_title("the event of one reward, in steps of 0.1 s", fontsize=10)


def _spiking_event(ax, episode, moment):
    trains, weights = episode.spikes[0], episode.weights[0]
    pair = [trains[weights.pre[0]], trains[weights.post[0]]]
    times = np.arange((moment or 0.0) - BEFORE, (moment or 0.0) + AFTER + 1.0)
    recent = [spikes[(spikes > times[0] - 10_000.0) & (spikes <= times[-1])] for spikes in pair]
    gone = times[:, None] - episode.times[None, :]
    dopamine = np.where(gone >= 0.0, DOPAMINE * np.exp(-np.maximum(gone, 0.0) / RULE.tau_n), 0.0).sum(axis=1)
    near = (weights.times >= times[0]) & (weights.times <= times[-1] + 100.0)
    w = weights.values[near, 0] if near.any() else np.zeros(1)
    curves = {
        "trace c": (times, trace_of_pairs(*recent, times), NEURON, False),
        "dopamine n": (times, dopamine, REWARD, False),
        "weight w": (weights.times[near] if near.any() else np.zeros(1), w, DARK, False),
    }
    _rows(ax, curves, moment, pair)
    ax.set_title("the same event in the synapse", fontsize=10)


def _over_time(ax, times, values, colour, label, goal, hours):
    minutes, thin = times / 60_000.0, slice(None, None, max(len(times) // 1500, 1))
    for others in values[0][thin, 1:].T:
        ax.plot(minutes[thin], others, color=FAINT, linewidth=0.4, alpha=0.7)
    ax.plot(minutes[thin], values[1][thin, 0], color=colour, linewidth=1.3, linestyle="--", label="the pair of the control")
    ax.plot(minutes[thin], values[0][thin, 0], color=colour, linewidth=2.0, label="the rewarded pair")
    ax.plot([], [], color=FAINT, linewidth=0.8, label="other pairs")
    ax.axhline(goal, color=DARK, linewidth=0.6, linestyle=":", zorder=0)
    ax.set(xlim=(0.0, 60.0 * hours), xlabel="time [min]", ylabel=label)
    top = 1.6 * max(goal, *(part.max() for part in values))
    ax.set_ylim(min(0.0, *(1.1 * part.min() for part in values)), top)
    ax.legend(loc="upper left", fontsize=8.5, ncols=1)


def _against_delay(ax, episode, decay):
    fine, steps, delays = np.linspace(0.0, 3500.0, 351), np.arange(36), np.arange(0.0, 3500.0, 250.0)
    ax.plot(fine / 1000.0, np.exp(-fine / RULE.tau_c), color=NEURON, label="e$^{\u2212t/\u03c4}$", zorder=1)
    ax.plot(steps * BIN / 1000.0, decay**steps, "o", color=MACHINE, markersize=3, label="\u03bb$^k$", zorder=2)
    if len(episode.coincidences) > 3:
        unit = credits(episode, 0, [0.0])[0][0]
        for network, (face, label) in enumerate(((NEURON, "mean trace c"), ("white", "control"))):
            mean, error = (values / unit for values in credits(episode, network, delays))
            style = {"fmt": "s", "markerfacecolor": face, "markersize": 4.5, "elinewidth": 0.9}
            ax.errorbar(delays / 1000.0, mean, error, color=NEURON, label=label, zorder=3, **style)
    ax.axvspan(EARLIEST / 1000.0, LATEST / 1000.0, color=REWARD, alpha=0.12, linewidth=0.0, zorder=0, label="rewards")
    ax.axhline(0.0, color=FAINT, linewidth=0.6, zorder=0)
    ax.set(xlim=(-0.08, 3.4), xlabel="time after the coincidence [s]", ylabel="credit")
    ax.legend(loc="upper right")


def _against_rewards(ax, episode, grid, values):
    weights = episode.weights[0]
    for network, line in ((1, "--"), (0, "-")):
        recorded = episode.weights[network].values[:, 0]
        counted = np.searchsorted(episode.times, weights.times, side="right")
        names = ("spiking: weight / bound", "TD(\u03bb): value / theory") if network == 0 else (None, None)
        ax.plot(counted, recorded / RULE.w_max, line, color=NEURON, linewidth=1.5 + 0.3 * (1 - network), label=names[0])
        counted = np.searchsorted(episode.times, grid, side="right")
        learned = values[network][:, 0] / expected_credit()
        ax.plot(counted, learned, line, color=MACHINE, linewidth=1.5 + 0.3 * (1 - network), label=names[1])
    ax.plot([], [], "--", color=DARK, label="control")
    ax.axhline(1.0, color=DARK, linewidth=0.6, linestyle=":", zorder=0)
    ax.set_ylim(top=1.6 * max(1.05, ax.get_ylim()[1]))
    ax.set(xlim=(0.0, max(len(episode.times), 1)), xlabel="rewards received", ylabel="share of the final value")
    ax.legend(loc="upper left")
