"""The figures of cells that learned points, digits, words or letters by gradient, compared with artificial networks.

The first argument of figures is the module of the example: the package has it, or it is a copy that somebody has changed.
"""

import functools
import inspect

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from brainsim.ann.networks.mlp import MLP
from brainsim.core.contexts import within
from brainsim.examples._recurrent.network import RNN
from brainsim.examples.data.texts import ALPHABET, ngram_bits
from brainsim.plot.elements.page_layout import DARK, side_by_side
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON, style

GRID = 80  # points along a side of a map
PARTS = ListedColormap(["#c9d7e8", "#f2dcc4", "#d8e6cf"])  # yin, yang and dots
CLASSES = ("yin", "yang", "dots")
UNITS = {"words": 64, "vowels": 32, "digits": 64}  # about the number of weights of the spiking network
EPOCHS = {"words": 30, "vowels": 60, "digits": 12}
SAYS = {
    "words": "Three vowels in six orders, made by a formula",
    "vowels": "Two vowels by nine speakers, JapaneseVowels",
    "digits": "Digits in two languages, by a synthesiser; the test has other voices than the training",
}
SIMULATED = "The spikes and potentials are those of the simulator, which runs the trained network with one"
SHOWN = 24  # letters
CONTEXT = 4  # letters of the longest n-gram


def settings_of(example, result):
    """Return seed, epochs, cells and samples as `build` has given them to `train_network`, which is cached."""
    cells = result.spikes["hidden0"].n
    chosen = {name: value.default for name, value in inspect.signature(example.train_network).parameters.items()}
    if cells == example.SMALL["cells"]:
        chosen |= example.SMALL
    return result.stats["network_seed"], chosen["epochs"], chosen["cells"] and cells, chosen["samples"]


def _three_columns(result, window, machine, learned, share, right, names, caption, heights=(1.0, 1.0)):
    """Return a figure, its axes of the machine and those of the input; spikes, accuracies and potentials are drawn.

    `machine` is the heading of the artificial network, and `share` its accuracy; `learned` has the epochs and accuracies of
    the spiking one; `right` is the index of the class of the sample in `names`.
    """
    figure, (left, brain, both) = side_by_side(machine, "spiking network", caption=caption, heights=heights)
    _hidden_spikes(brain[1], result, window)
    label = "perceptron, trained" if "perceptron" in machine else "gated, trained"
    both[0].axhline(100.0 * share, color=MACHINE, linestyle="--", label=label)
    epochs, shares = learned
    both[0].plot(epochs, 100.0 * shares, "o-", color=NEURON, markersize=4, label="spiking")
    both[0].set(xlabel="epochs", ylabel="test accuracy [%]")
    both[0].legend(loc="lower right")
    _potentials(both[1], result, right, names)
    return figure, left, brain[0]


def _place_by_first_spike(spikes):
    """Return the place of each cell in the order of their first spikes, and the number of cells that fire."""
    first = np.full(spikes.n, np.inf)
    np.minimum.at(first, spikes.ids, spikes.times)
    return np.argsort(np.argsort(first, kind="stable"), kind="stable"), int(np.isfinite(first).sum())


def _input_spikes(ax, spikes, window, title):
    ax.plot(spikes.times, spikes.ids, ".", color=NEURON, markersize=2.5)
    ax.set(xlim=window, xlabel="time [ms]", ylabel="inputs", yticks=[], title=title)


def _activations(ax, machine, sample):
    values = machine.activations(sample[None])[0][0]
    ax.bar(np.arange(values.size), np.sort(values)[::-1], width=1.0, color=MACHINE)
    ax.set(xlabel="hidden unit, sorted", ylabel="activation", title="activations")


def _hidden_spikes(ax, result, window):
    """Draw the input spikes above the hidden ones, cells in the order of their first spikes."""
    hidden, given = result.spikes["hidden0"], result.spikes["input"]
    place, firing = _place_by_first_spike(hidden)
    ax.plot(hidden.times, place[hidden.ids], "|", color=NEURON, markersize=3)
    few = given.n < 10  # more have a picture of their own
    if few:
        ax.plot(given.times, firing + 4 + 4.0 * given.ids, "|", color=DARK, markersize=6)
        ax.axhline(firing + 1, color=FAINT, linewidth=0.8)
    label = "cells that fire, inputs above" if few else "cells that fire"
    ax.set(xlim=window, xlabel="time [ms]", ylabel=label, yticks=[], title="spikes")


def _potentials(ax, result, right, names):
    """Draw the potentials of the readouts; the class is the one with the largest mean."""
    trace = result.traces["readout", "v"]
    values = trace.values if len(trace.values) == len(trace.times) else trace.values.T
    shown = list(names) if len(names) < 6 else [name if k == right else "" for k, name in enumerate(names)]
    dashes = iter(("-", "--", ":", "-.", (0, (1, 4))))  # those that have names can be told apart
    for k, name in enumerate(shown):
        look = {"color": NEURON, "linewidth": 1.8} if k == right else {"color": DARK, "linewidth": 0.9}
        look["linestyle"] = next(dashes) if name and k != right else "-"
        ax.plot(trace.times, values[:, k], label=name or "_others", **look)
    ax.set(xlabel="time [ms]", ylabel="potential of readouts", title=f"the right answer is {names[right]}")
    ax.legend(loc="best", fontsize=8.5)


def _percent(*shares):
    return [f"{100.0 * share:.1f}\u00a0%" for share in shares]


# Yin-Yang
def train_on_points(points, seed, cells):
    """Return a trained perceptron with the same number of hidden units, and its test accuracy."""
    machine = MLP(cells, dropout=0.0, epochs=100, validation=0.0, seed=seed).fit(points.X_train, points.y_train)
    return machine, machine.score(points.X_test, points.y_test)


@within(style)
def timing_figure(timing, result, window):
    seed, epochs, cells, samples = settings_of(timing, result)
    net, *learned = timing.train_network(seed, epochs, cells, samples)
    points = timing.data(samples)
    machine, share = train_on_points(points, seed, cells)
    right = _percent(share, learned[1][-1])
    caption = (
        f"Both have {cells} hidden units and see the same points, the perceptron as numbers, the cells as spike times. "
        f"Of 1,000 test points the perceptron takes {right[0]} right, the spiking network {right[1]}. It learned from the "
        "exact gradient of its spike times. The spikes are those of the simulator, which runs the trained network with the "
        "point that is marked by a ring."
    )
    heading, label = "multilayer perceptron", int(points.y_test[timing.SHOWN])
    figure, left, brain = _three_columns(result, window, heading, learned, share, label, CLASSES, caption, (1.1, 0.9))
    point = points.X_test[timing.SHOWN]
    _map(left[0], machine.predict, point)
    _map(brain, lambda X: net.predict(timing.spike_times(X)), point)
    _activations(left[1], machine, point)
    return figure


def _map(ax, predict, point):
    """Draw the classes that a network sees in the square."""
    x, y = np.meshgrid(*(np.linspace(0.0, 1.0, GRID),) * 2)
    X = np.stack([x.ravel(), y.ravel(), 1.0 - x.ravel(), 1.0 - y.ravel()], axis=1)
    inside = (X[:, 0] - 0.5) ** 2 + (X[:, 1] - 0.5) ** 2 <= 0.25
    classes = np.where(inside, predict(X), np.nan).reshape(GRID, GRID)
    ax.imshow(classes, origin="lower", extent=(0.0, 1.0, 0.0, 1.0), cmap=PARTS, vmin=0, vmax=2, interpolation="nearest")
    ax.plot(*point[:2], "o", color="black", markersize=7, markerfacecolor="none")
    parts = [Patch(color=PARTS(k), label=name) for k, name in enumerate(CLASSES)]
    ax.legend(handles=parts, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, handlelength=1.0)
    ax.set_title("the answer for each point", fontsize=10)
    ax.set_axis_off()


# digits
def train_on_images(images, seed, cells=256, samples=None):
    """Return a trained perceptron with the same number of hidden units, and its test accuracy."""
    machine = MLP(cells, seed=seed).fit(images.X_train[:samples], images.y_train[:samples])
    return machine, machine.score(images.X_test, images.y_test)


@within(style)
def image_figure(image, result, window, data="digits"):
    seed, epochs, cells, samples = settings_of(image, result)
    images = image.images(data)
    _, *learned = image.train_network(seed, epochs, cells, samples, data)
    machine, share = train_on_images(images, seed, cells, samples)
    shown, right = images.X_test[image.SHOWN], _percent(share, learned[1][-1])
    spikes = "a spike for each pixel that is not dark, the brighter the earlier"
    spikes = spikes if len(shown) > image.LARGE else "a spike for each pixel and another for its opposite, early or late"
    caption = (
        f"Both have {cells} hidden units. The perceptron sees pixels, the cells {spikes}. Of {len(images.y_test):,} test "
        f"digits the perceptron takes {right[0]} right, the spiking network, which learned by the exact gradient of its "
        f"spike times, {right[1]}. {SIMULATED} digit."
    )
    heading, label, names = "multilayer perceptron", int(images.y_test[image.SHOWN]), [str(k) for k in range(10)]
    figure, left, brain = _three_columns(result, window, heading, learned, share, label, names, caption)
    side = int(np.sqrt(shown.size))
    left[0].imshow(shown.reshape(side, side), cmap="Reds", vmin=0.0, vmax=1.0, interpolation="nearest")
    left[0].set_title("one digit: pixels", fontsize=10)
    left[0].set_axis_off()
    _activations(left[1], machine, shown)
    _input_spikes(brain, result.spikes["input"], window, "one digit: input spikes")
    return figure


# words
def _names_of_words(speech, data):
    kind = speech.kind_of(data)
    if kind == "words":
        return ["aiu", "aui", "iau", "iua", "uai", "uia"]
    count = int(speech.words(data).y_train.max()) + 1
    return [str(k % 10) for k in range(count)] if kind == "digits" else [f"speaker {k + 1}" for k in range(count)]


def train_on_words(speech, data, seed, small=False):
    """Return a trained network of gated units, and its test accuracy."""
    kind, samples = speech.kind_of(data), speech.SMALL["samples"] if small else None
    units, epochs = (8, 1) if small else (UNITS[kind], EPOCHS[kind])
    (train, y, test, y_test), options = speech.words(data), {"loss": "mean", "validation": 0.0, "seed": seed}
    net = RNN(units, epochs=epochs, **options).fit(_trim(train[:samples]), y[:samples])
    return net, net.score(_trim(test[:samples]), y_test[:samples])


def _trim(words):
    """Return words without the zeros after their ends, as a list."""
    return [word[: np.flatnonzero(word.any(axis=1))[-1] + 1] for word in words]


@within(style)
def speech_figure(speech, result, window, data):
    seed, epochs, cells, samples = settings_of(speech, result)
    net, *learned = speech.train_network(seed, epochs, cells, samples, data)
    machine, share = train_on_words(speech, data, seed, samples is not None)
    found, names, frame = speech.words(data), _names_of_words(speech, data), speech.CODES[speech.kind_of(data)][0]
    word, label = _trim(found.X_test[speech.SHOWN : speech.SHOWN + 1])[0], int(found.y_test[speech.SHOWN])
    layer, right = net.hidden[0], _percent(share, learned[1][-1])
    caption = (
        f"{SAYS[speech.kind_of(data)]}. The gated network has {machine.hidden} units, about as many weights, and reads the "
        f"bands of a filter bank; the {layer.n} {'recurrent ' if layer.recurrent else ''}cells get the spikes of an "
        f"integrate-and-fire cell for each band. Of {len(found.y_test):,} test words the gated network takes {right[0]} "
        "right, the spiking network, which learned by the exact gradient of its spike times, "
        f"{right[1]}. {SIMULATED} word."
    )
    heading = "recurrent network with gates"
    figure, left, brain = _three_columns(result, window, heading, learned, share, label, names, caption)
    ends = (0.0, frame * len(word), -0.5, word.shape[1] - 0.5)
    left[0].imshow(word.T, origin="lower", extent=ends, cmap="Reds", aspect="auto", interpolation="nearest")
    left[0].set(xlim=window, xlabel="time [ms]", ylabel="bands", yticks=[], title="one word: loudness of bands")
    outputs, times = machine.outputs([word])[0], frame * np.arange(1, len(word) + 1)
    for k in range(outputs.shape[1]):
        look = {"color": MACHINE, "linewidth": 1.8, "label": names[k]} if k == label else {"color": DARK, "linewidth": 0.7}
        left[1].plot(times, outputs[:, k], **look)
    left[1].set(xlim=window, xlabel="time [ms]", ylabel="output", title="outputs")
    left[1].legend(loc="best", fontsize=8.5)
    _input_spikes(brain, result.spikes["input"], window, "one word: input spikes")
    return figure


# letters
@functools.cache
def train_on_letters(language, seed=1, epochs=14, cells=256, samples=2000):
    """Return a recurrent network that has seen the same amount of text."""
    pieces = language.windows(language.text().train, epochs * samples, np.random.default_rng(seed))
    net = RNN(cells, cell="tanh", loss="sequence", learning_rate=3e-3, epochs=1, validation=0.0, seed=seed)
    return net.fit(*one_hot(pieces))


def one_hot(pieces):
    """Return letters as inputs (samples, letters, 27), and the letters that follow them."""
    return np.eye(len(ALPHABET))[pieces[:, :-1]], pieces[:, 1:]


def spiking_probabilities(language, net, pieces):
    """Return the probability that spiking cells give to each letter after each letter, (samples, letters, 27)."""
    steps = np.round(language.LETTER / language.DT * np.arange(1, language.SPAN + 1)).astype(int) - 1
    scores = net.gain * net.potentials(language.spikes_of(pieces)[0])[:, steps]
    shares = np.exp(scores - scores.max(axis=2, keepdims=True))
    return shares / shares.sum(axis=2, keepdims=True)


def bits_of(probabilities, pieces):
    """Return the bits per letter at each place in a sample."""
    right = np.take_along_axis(probabilities, pieces[:, 1:, None], axis=2)[:, :, 0]
    return -np.log2(right).mean(axis=0)


@within(style)
def language_figure(language, result, window):
    chosen = settings_of(language, result)
    net, *_ = language.train_network(*chosen)
    rival = train_on_letters(language, *chosen)
    pieces = language.test_windows()[: 20 if chosen[3] == language.SMALL["samples"] else None]
    guesses = {"spiking": spiking_probabilities(language, net, pieces), "recurrent": rival.predict_proba(one_hot(pieces)[0])}
    bits = {name: bits_of(guess, pieces) for name, guess in guesses.items()}
    grams, means = ngram_bits(language.text(), CONTEXT), {name: values.mean() for name, values in bits.items()}
    caption = (
        f"Both have {chosen[2]} hidden units and see the same letters; of test text, {len(pieces) * language.SPAN:,}. "
        f"Spiking cells predict a letter with {means['spiking']:.2f} bits, the recurrent network with "
        f"{means['recurrent']:.2f}; groups of two and three letters take {grams[1]:.2f} and {grams[2]:.2f}, 27 equally "
        "likely letters 4.75. The dots are what came. The spikes are those of the simulator, which runs the trained network "
        "with this piece of text."
    )
    figure, (left, brain, both) = side_by_side("recurrent network", "spiking network", caption=caption, heights=(1.1, 0.9))
    _units(left[0], rival, pieces[0])
    _guesses(left[1], guesses["recurrent"][0], pieces[0], "Reds")
    spikes = result.spikes["hidden0"]
    brain[0].plot(spikes.times, _place_by_first_spike(spikes)[0][spikes.ids], ".", color=NEURON, markersize=1.5)
    brain[0].set_xlim(0.0, language.LETTER * SHOWN)
    _name_letters(brain[0], pieces[0], language.LETTER * (np.arange(SHOWN) + 0.5))
    brain[0].set(ylabel="cells", yticks=[], title=f"the same text, {language.LETTER:g} ms a letter: spikes")
    _guesses(brain[1], guesses["spiking"][0], pieces[0], "Blues")
    _mean_bits(both[0], grams, means)
    for name, colour in (("recurrent", MACHINE), ("spiking", NEURON)):
        both[1].plot(np.arange(1, language.SPAN + 1), bits[name], color=colour, label=name)
    both[1].set(xlabel="letters seen", ylabel="bits per letter", ylim=(0.0, None))
    both[1].legend(loc="lower left")
    return figure


def _names_of_letters(letters):
    return [ALPHABET[k] if k else "_" for k in letters]


def _name_letters(ax, piece, places):
    ax.set_xticks(places, _names_of_letters(piece[: len(places)]), fontsize=7)


def _units(ax, rival, piece):
    """Draw what the hidden units do at each letter, those of the first few."""
    x, w = one_hot(piece[None])[0][0], rival.weights_
    h, rows = np.zeros(rival.hidden), []
    for row in x[:SHOWN]:
        h = np.tanh(row @ w["W"] + h @ w["U"] + w["b"])
        rows.append(h)
    order = np.argsort(np.argmax(np.abs(np.array(rows)), axis=0), kind="stable")
    ax.imshow(np.array(rows).T[order], aspect="auto", cmap="RdGy_r", vmin=-1.0, vmax=1.0, interpolation="nearest")
    _name_letters(ax, piece, np.arange(SHOWN))
    ax.set(ylabel="hidden units", yticks=[], title="a piece of text: activations")


def _guesses(ax, guess, piece, colours):
    ax.imshow(guess[:SHOWN].T, aspect="auto", cmap=colours, vmin=0.0, vmax=1.0, interpolation="nearest")
    ax.plot(np.arange(SHOWN), piece[1 : SHOWN + 1], "o", color="black", markersize=2.5, markerfacecolor="none")
    _name_letters(ax, piece, np.arange(SHOWN))
    fourth = range(0, len(ALPHABET), 4)
    ax.set_yticks(fourth, _names_of_letters(fourth), fontsize=7)
    ax.set(xlabel="after this letter", ylabel="next letter", title="guesses")


def _mean_bits(ax, grams, means):
    names = [f"{n}-gram" for n in range(1, len(grams) + 1)] + ["spiking", "recurrent"]
    values = np.array([*grams, means["spiking"], means["recurrent"]])
    colours = [FAINT] * len(grams) + [NEURON, MACHINE]
    order = np.argsort(values)[::-1]
    ax.barh(np.arange(len(names)), values[order], color=[colours[k] for k in order], height=0.65)
    ax.set_yticks(np.arange(len(names)), [names[k] for k in order])
    for row, k in enumerate(order):
        ax.annotate(f"{values[k]:.2f}", (values[k], row), (3, 0), textcoords="offset points", va="center", fontsize=8)
    ax.invert_yaxis()
    ax.set(xlim=(0.0, 5.2), xlabel="bits per letter")
