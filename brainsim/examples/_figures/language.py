"""The figure of spiking cells that predict letters compared with a recurrent network."""

import functools

import numpy as np

from brainsim.ann.networks.recurrent import RNN
from brainsim.ann.report.pictures import MACHINE, NEURON
from brainsim.examples import language
from brainsim.examples._figures.layout import by_first_spike, side_by_side
from brainsim.examples.data.texts import ALPHABET, ngram_bits
from brainsim.plot.elements.styles import FAINT, style

SHOWN = 24  # letters
CONTEXT = 4  # letters of the longest n-gram


def settings_of(result):
    """Return the keywords of `language.train_network` that belong to a result."""
    cells, seed = result.spikes["hidden0"].n, result.stats["network_seed"]
    return {"seed": seed, "cells": cells} | ({} if cells == 256 else {k: language.SMALL[k] for k in ("epochs", "samples")})


@functools.cache
def machine(seed=1, epochs=14, cells=256, samples=2000):
    """Return a recurrent network that has seen the same amount of text."""
    pieces = language.windows(language.text().train, epochs * samples, np.random.default_rng(seed))
    net = RNN(cells, cell="tanh", loss="sequence", learning_rate=3e-3, epochs=1, validation=0.0, seed=seed)
    return net.fit(*one_hot(pieces))


def one_hot(pieces):
    """Return letters as inputs (samples, letters, 27), and the letters that follow them."""
    return np.eye(len(ALPHABET))[pieces[:, :-1]], pieces[:, 1:]


def spiking_probabilities(net, pieces):
    """Return the probability that spiking cells give to each letter after each letter, (samples, letters, 27)."""
    steps = np.round(language.LETTER / language.DT * np.arange(1, language.SPAN + 1)).astype(int) - 1
    scores = net.gain * net.potentials(language.spikes_of(pieces)[0])[:, steps]
    shares = np.exp(scores - scores.max(axis=2, keepdims=True))
    return shares / shares.sum(axis=2, keepdims=True)


def bits_of(probabilities, pieces):
    """Return the bits per letter at each place in a sample."""
    right = np.take_along_axis(probabilities, pieces[:, 1:, None], axis=2)[:, :, 0]
    return -np.log2(right).mean(axis=0)


def language_figure(result, window):
    chosen = settings_of(result)
    net, *_ = language.train_network(**chosen)
    rival = machine(**chosen)
    pieces = language.test_windows() if len(chosen) == 2 else language.test_windows()[:20]
    guesses = {"spiking": spiking_probabilities(net, pieces), "recurrent": rival.predict_proba(one_hot(pieces)[0])}
    bits = {name: bits_of(guess, pieces) for name, guess in guesses.items()}
    grams = ngram_bits(language.text(), CONTEXT)
    with style():
        figure, (left, brain, both) = side_by_side(
            "recurrent network",
            "spiking network",
            caption=_caption(chosen["cells"], grams, bits, len(pieces)),
            heights=(1.1, 0.9),
        )
        _units(left[0], rival, pieces[0])
        _guesses(left[1], guesses["recurrent"][0], pieces[0], "Reds")
        _spikes(brain[0], result.spikes["hidden0"], pieces[0])
        _guesses(brain[1], guesses["spiking"][0], pieces[0], "Blues")
        _bars(both[0], grams, bits)
        _places(both[1], bits)
    return figure


def _caption(cells, grams, bits, samples):
    means = {name: values.mean() for name, values in bits.items()}
    return (
        f"Both have {cells} hidden units and see the same letters; of test text, {samples * language.SPAN:,}. Spiking "
        f"cells predict a letter with {means['spiking']:.2f} bits, the recurrent network with {means['recurrent']:.2f}; "
        f"groups of two and three letters take {grams[1]:.2f} and {grams[2]:.2f}, 27 equally likely letters 4.75. The dots "
        "are what came. The spikes are those of the simulator, which runs the trained network with this piece of text."
    )


def _letters(ax, piece, places):
    ax.set_xticks(places, [ALPHABET[k] if k else "_" for k in piece[: len(places)]], fontsize=7)


def _units(ax, rival, piece):
    """Draw what the hidden units do at each letter, those of the first few."""
    x, w = one_hot(piece[None])[0][0], rival.weights_
    h, rows = np.zeros(rival.hidden), []
    for row in x[:SHOWN]:
        h = np.tanh(row @ w["W"] + h @ w["U"] + w["b"])
        rows.append(h)
    order = np.argsort(np.argmax(np.abs(np.array(rows)), axis=0), kind="stable")
    ax.imshow(np.array(rows).T[order], aspect="auto", cmap="RdGy_r", vmin=-1.0, vmax=1.0, interpolation="nearest")
    _letters(ax, piece, np.arange(SHOWN))
    ax.set(ylabel="hidden units", yticks=[], title="a piece of text: activations")


def _spikes(ax, spikes, piece):
    place, _ = by_first_spike(spikes)
    ax.plot(spikes.times, place[spikes.ids], ".", color=NEURON, markersize=1.5)
    ax.set_xlim(0.0, language.LETTER * SHOWN)
    _letters(ax, piece, language.LETTER * (np.arange(SHOWN) + 0.5))
    ax.set(ylabel="cells", yticks=[], title=f"the same text, {language.LETTER:g} ms a letter: spikes")


def _guesses(ax, guess, piece, colours):
    ax.imshow(guess[:SHOWN].T, aspect="auto", cmap=colours, vmin=0.0, vmax=1.0, interpolation="nearest")
    ax.plot(np.arange(SHOWN), piece[1 : SHOWN + 1], "o", color="black", markersize=2.5, markerfacecolor="none")
    _letters(ax, piece, np.arange(SHOWN))
    ax.set_yticks(range(0, len(ALPHABET), 4), [ALPHABET[k] if k else "_" for k in range(0, len(ALPHABET), 4)], fontsize=7)
    ax.set(xlabel="after this letter", ylabel="next letter", title="guesses")


def _bars(ax, grams, bits):
    names = [f"{n}-gram" for n in range(1, len(grams) + 1)] + ["spiking", "recurrent"]
    values = [*grams, *(values.mean() for values in (bits["spiking"], bits["recurrent"]))]
    colours = [FAINT] * len(grams) + [NEURON, MACHINE]
    order = np.argsort(values)[::-1]
    ax.barh(np.arange(len(names)), np.array(values)[order], color=[colours[k] for k in order], height=0.65)
    ax.set_yticks(np.arange(len(names)), [names[k] for k in order])
    for row, k in enumerate(order):
        ax.annotate(f"{values[k]:.2f}", (values[k], row), (3, 0), textcoords="offset points", va="center", fontsize=8)
    ax.invert_yaxis()
    ax.set(xlim=(0.0, 5.2), xlabel="bits per letter")


def _places(ax, bits):
    places = np.arange(1, language.SPAN + 1)
    ax.plot(places, bits["recurrent"], color=MACHINE, label="recurrent")
    ax.plot(places, bits["spiking"], color=NEURON, label="spiking")
    ax.set(xlabel="letters seen", ylabel="bits per letter", ylim=(0.0, None))
    ax.legend(loc="lower left")
