"""Spoken words learned by the exact gradient of spike times, compared with a recurrent network with gates.

A filter bank turns a word into the loudness of bands over time; each band drives an integrate-and-fire cell, whose
spikes go to the network. Spiking cells learn to tell words apart from the mean potential of a readout each. A recurrent
network with gated units (GRU), with about the same number of weights, learns from the loudness itself. The trained
cells then run in the simulator with one word.

By default the words are made by a formula: three vowels that glide into each other, in six orders. ``--data digits``
has the speech synthesiser espeak-ng, if it is installed, say the digits in two languages; the voices of the test data
are in no training word. ``--data vowels`` takes JapaneseVowels, nine speakers of two vowels, from the package aeon
(``pip install --no-deps aeon``), and ``--data PATH`` from a folder with its two .ts files, or the digits from a file
that ``bs.ann.datasets.spoken_digits`` wrote. Kudo et al. (1999), doi:10.1016/S0167-8655(99)00077-X; Cramer et al.
(2020), doi:10.1109/TNNLS.2020.3044364.
"""

import functools
import sys
from pathlib import Path

import numpy as np

import brainsim as bs

OPTIONS = {"data": "words"}
DT, DURATION = 1.0, 140.0  # ms
PRECISE = True  # spikes at the times that they have in training
PIECES = 8  # after which the accuracy on the test data is noted
SHOWN = 2  # the test word that is drawn
LONGEST = 75  # frames of a spoken digit that are heard
SMALL = {"epochs": 1, "cells": 8, "samples": 24}

# of each data: duration of a frame [ms], spikes of a band in a frame in which it is at `high`, and `high`
CODES = {"words": (3.0, 3.0, 2.0), "vowels": (4.0, 4.0, 4.0), "digits": (5.0, 1.5, 1.0)}
CELLS = {"words": 128, "vowels": 128, "digits": 256}
EPOCHS = {"words": 80, "vowels": 80, "digits": 20}
# learning rates, and their decays; for words and vowels `tests.examples.settings` chose them on training data
RATES = {"words": (3e-3, 0.99), "vowels": (4e-3, 0.95), "digits": (5e-3, 0.95)}
LAYERS = {"words": {"tau_m": 40.0, "tau_s": 10.0, "recurrent": True}, "vowels": {}, "digits": {}}


def kind_of(data):
    """Return which of "words", "vowels" and "digits" the data are."""
    return data if data in CODES else "digits" if Path(data).suffix == ".npz" else "vowels"


@functools.cache
def words(data="words"):
    """Return the words as a `Dataset`, with zeros in the frames after the end of a word."""
    sets, kind = bs.ann.datasets, kind_of(data)
    if data not in CODES and not Path(data).exists():
        raise FileNotFoundError(f"speech --data: must be words, vowels, digits, or a folder or file of yours (got {data!r})")
    if kind == "words":
        return sets.vowel_words()
    if kind == "digits":
        found = sets.spoken_digits(None if data == kind else data)
        return found._replace(X_train=found.X_train[:, :LONGEST], X_test=found.X_test[:, :LONGEST])
    found = sets.japanese_vowels(None if data == kind else data)
    frames = found.X_train[found.X_train.any(axis=2)]  # cepstra, in units of their deviations
    scaled = [
        np.where(X.any(axis=2, keepdims=True), (X - frames.mean(axis=0)) / frames.std(axis=0), 0.0)
        for X in (found.X_train, found.X_test)
    ]
    return found._replace(X_train=scaled[0], X_test=scaled[1])


@functools.cache
def spikes(data="words", samples=None):
    """Return the spikes of the words for training and of those for the test.

    A band has a cell for values above 0 and, if there are any, one for those below.
    """
    (frame, count, high), found = CODES[kind_of(data)], words(data)
    code = bs.encode.IntegrateAndFire(max_rate=1000.0 * count / frame, high=high, start=0.5)
    both = [X if kind_of(data) == "digits" else np.concatenate([X, -X], axis=2) for X in (found.X_train, found.X_test)]
    return [[code.encode(word, interval=frame) for word in np.clip(X[:samples], 0.0, high)] for X in both]


def lasts(data="words", **_):
    """Return how long a sample lasts: 20 ms longer than the longest word [ms]."""
    return CODES[kind_of(data)][0] * words(data).X_train.shape[1] + 20.0


@functools.cache
def train_network(seed=1, epochs=None, cells=None, samples=None, data="words"):
    """Return the trained network, and (epochs, test accuracy) as it learned."""
    kind, (train, test), (_, y, _, y_test) = kind_of(data), spikes(data, samples), words(data)
    epochs, (rate, decay) = epochs or EPOCHS[kind], RATES[kind]
    net = bs.learn.SpikingNetwork(
        bs.learn.Layer(cells or CELLS[kind], **LAYERS[kind]), duration=lasts(data), dt=DT, fading=True,
        learning_rate=rate, decay=decay, clip=1.0, floor=0.05, validation=0.0, seed=seed,
    )  # fmt: skip
    done, shares, parts = [], [], min(PIECES, epochs)
    for part in range(parts):
        net.partial_fit(train, y[:samples], epochs * (part + 1) // parts - epochs * part // parts)
        done.append(net.training_.epoch)
        shares.append(net.score(test, y_test[:samples]))
    return net, np.array(done), np.array(shares)


def build(epochs=None, cells=None, samples=None, data="words", seed=1):
    """Return the trained network with one test word as its input, and the potentials of its readouts.

    Parameters
    ----------
    epochs, cells, samples : int, optional
        How long it is trained, its hidden cells, and the number of training words; by default as fits the data.
    data : str
        What it learns: words, digits, vowels, or the path of your own files.
    seed : int
        Of the initial weights and the order of words.
    """
    net, *_ = train_network(seed, epochs, cells, samples, data)
    network = net.to_network(spikes(data, samples)[1][SHOWN], seed=seed)
    return network, [bs.Trace(network.populations["readout"][:], "v")]


def draw(result, window=None, data="words"):
    """Return the figure of a recurrent network compared with spiking cells."""
    from brainsim.examples._figures.learned import speech_figure

    return speech_figure(sys.modules[__name__], result, window or (result.start, result.stop), data)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, dt=DT, seed=2, record=traces, precise=True)
    print(result)
    draw(result).savefig("speech.png")
