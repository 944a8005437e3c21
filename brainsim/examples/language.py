"""The next letter of an English text, from spikes, compared with n-grams and a recurrent network.

Each letter is a spike of one of 27 inputs, one every 10 ms. 256 recurrent spiking cells learn by the exact gradient of their
spike times; at the end of each letter, 27 readouts say which comes next. A recurrent network of 256 simple units and n-grams
see the same text, "Pride and Prejudice" by Jane Austen, without every tenth chapter: those are for testing. The measure is
bits per letter: how many it takes to correct the guesses. Here spikes lose: they do better than pairs of letters, but worse
than groups of three, and much worse than the artificial network. Training takes one to two minutes. Shannon (1951),
doi:10.1002/j.1538-7305.1951.tb01366.x; Wunderlich & Pehle (2021), doi:10.1038/s41598-021-91786-z.
"""

import functools
import sys

import numpy as np

import brainsim as bs

LETTER, SPAN = 10.0, 40  # ms between two letters; letters in a sample
LAG = 0.01  # ms: from the start of a letter to its spike
DURATION, DT, WINDOW = LETTER * SPAN, 1.0, (0.0, LETTER * SPAN)  # ms
PRECISE = True  # spikes at the times that they have in training
EVERY = 2  # epochs after which the test text is tried
TRIED = 200  # samples of it
SMALL = {"epochs": 1, "cells": 10, "samples": 40}


@functools.cache
def text():
    """Return the training and the test part of the text, as numbers."""
    return bs.ann.datasets.letters()


def windows(parts, samples, rng):
    """Return random pieces of a text, each with one letter more than a sample: the last one is only to be predicted."""
    starts = np.array([len(part) - SPAN for part in parts])
    which = rng.choice(len(parts), samples, p=starts / starts.sum())
    return np.array([parts[k][at : at + SPAN + 1] for k, at in zip(which, rng.integers(0, starts[which]), strict=True)])


def test_windows():
    """Return the whole test text, cut into samples."""
    parts = text().test
    return np.array([part[k : k + SPAN + 1] for part in parts for k in range(0, len(part) - SPAN, SPAN)])


def spikes_of(pieces):
    """Return samples as pairs (times, inputs), and the letter that each step should predict, -1 for none."""
    times = LETTER * np.arange(SPAN) + LAG
    labels = np.full((len(pieces), round(DURATION / DT)), -1)
    labels[:, np.round(LETTER / DT * np.arange(1, SPAN + 1)).astype(int) - 1] = pieces[:, 1:]
    return [(times, piece[:-1]) for piece in pieces], labels


@functools.cache
def train_network(seed=1, epochs=14, cells=256, samples=2000):
    """Return the trained network, and (epochs, bits per letter of the test text) as it learned."""
    rng, tried = np.random.default_rng(seed), spikes_of(test_windows()[:: len(test_windows()) // TRIED])
    layer = bs.learn.Layer(cells, recurrent=True, tau_m=15.0, tau_s=10.0, weight=(1.2, 1.5), recurrent_weight=(0.0, 0.03))
    readout = bs.learn.Readout(tau_m=10.0, tau_s=6.0, weight=(0.0, 0.2))
    net = bs.learn.SpikingNetwork(
        layer, readout=readout, loss="sequence", duration=DURATION, dt=DT, gain=2.0, learning_rate=3e-3, decay=0.85,
        clip=1.0, floor=0.05, rate_cost=2e-5, rate_target=12.0, validation=0.0, seed=seed,
    )  # fmt: skip
    done, bits = [], []
    for epoch in range(1, epochs + 1):
        net.partial_fit(*spikes_of(windows(text().train, samples, rng)))  # new pieces in each epoch
        if epoch % EVERY == 0 or epoch == epochs:
            done.append(epoch)
            bits.append(net.mean_loss(*tried) / np.log(2.0))
    return net, np.array(done), np.array(bits)


def build(epochs=14, cells=256, samples=2000, seed=1):
    """Return the trained network with a piece of the test text as its input, and the potentials of its readouts."""
    net, *_ = train_network(seed, epochs, cells, samples)
    network = net.to_network(spikes_of(test_windows()[:1])[0][0], seed=seed)
    return network, [bs.Trace(network.populations["readout"][:], "v")]


def draw(result, window=WINDOW):
    """Return the figure of a recurrent network compared with spiking cells."""
    from brainsim.examples._figures.learned import language_figure

    return language_figure(sys.modules[__name__], result, window)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, dt=DT, seed=2, record=traces, precise=True)
    print(result)
    draw(result).savefig("language.png")
