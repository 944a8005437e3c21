"""Yin-Yang in spike times, learned by the exact gradient, compared with a perceptron.

The four coordinates of a point in the Yin-Yang figure are the times of four spikes, 10 to 40 ms; a fifth input always fires
at 20 ms. 200 spiking cells, most of which fire at most once, learn which of the three parts the point lies in, from the
exact gradient of their spike times. A multilayer perceptron with 200 hidden units learns from the numbers themselves. The
trained cells then run in the simulator with one test point, and give the spikes of the training, but for rounding. Training
takes about half a minute. Kriener, Goeltz & Petrovici (2022), doi:10.1145/3517343.3517380; Wunderlich & Pehle (2021),
doi:10.1038/s41598-021-91786-z.
"""

import functools
import sys

import numpy as np

import brainsim as bs

EARLIEST, SPAN, ALWAYS = 10.0, 30.0, 20.0  # ms: of a coordinate of 0; between coordinates 0 and 1; of the fifth input
DURATION, DT, WINDOW = 60.0, 1.0, (0.0, 60.0)  # ms
PRECISE = True  # spikes at the times that they have in training
PIECES = 10  # after which the accuracy on the test data is noted
SHOWN = 3  # the test point that is drawn
SMALL = {"epochs": 1, "cells": 10, "samples": 100}


def spike_times(X):
    """Return the spike times of points, shape (points, 5) [ms]."""
    return np.hstack([EARLIEST + SPAN * np.asarray(X), np.full((len(X), 1), ALWAYS)])


@functools.cache
def data(samples=5000):
    """Return the points, their coordinates doubled as (x, y, 1 - x, 1 - y)."""
    return bs.ann.datasets.yin_yang(train=samples)


@functools.cache
def train_network(seed=1, epochs=60, cells=200, samples=5000):
    """Return the trained network, and (epochs, test accuracy) as it learned."""
    points = data(samples)
    net = bs.learn.SpikingNetwork(
        cells, duration=DURATION, dt=DT, gain=12.0, learning_rate=5e-3, decay=0.97, batch=128, validation=0.0, seed=seed
    )
    done, shares, parts = [], [], min(PIECES, epochs)
    for part in range(parts):
        net.partial_fit(spike_times(points.X_train), points.y_train, epochs * (part + 1) // parts - epochs * part // parts)
        done.append(net.training_.epoch)
        shares.append(net.score(spike_times(points.X_test), points.y_test))
    return net, np.array(done), np.array(shares)


def build(epochs=60, cells=200, samples=5000, seed=1):
    """Return the trained network with one test point as its input, and the potentials of its readouts."""
    net, *_ = train_network(seed, epochs, cells, samples)
    network = net.to_network(spike_times(data(samples).X_test)[SHOWN], seed=seed)
    return network, [bs.Trace(network.populations["readout"][:], "v")]


def draw(result, window=WINDOW):
    """Return the figure of a perceptron compared with spiking cells."""
    from brainsim.examples._figures.learned import timing_figure

    return timing_figure(sys.modules[__name__], result, window)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, dt=DT, seed=2, record=traces, precise=True)
    print(result)
    draw(result).savefig("timing.png")
