"""Functions that sweeps call in the tests; processes import them from here."""

import os
import threading

import numpy as np

import brainsim as bs


def threads_here(x):
    from brainsim.core.machine import processors

    return processors()


def process_here(x):
    return os.getpid()


def thread_here(x):
    return threading.get_ident()


def spiking(rate, seed):
    cells = bs.Population(20, bs.LIF(), name="cells")
    net = bs.Network(seed=seed)
    net.stimulate(cells, bs.PoissonInput(rate=rate, weight=3.0, synapse=bs.Delta()))
    return bs.simulate(net, 50.0, seed=seed).spikes["cells"].times.sum()


def whole(rate, seed):
    cells = bs.Population(20, bs.LIF(), name="cells")
    net = bs.Network(seed=seed)
    net.stimulate(cells, bs.PoissonInput(rate=rate, weight=3.0, synapse=bs.Delta()))
    return bs.simulate(net, 50.0, seed=seed)


def product(a, b=1.0, seed=0):
    return {"product": a * b, "noise": np.random.default_rng(seed).random(), "list": [a, b], "text": f"{a}"}


def failing(a, seed=0):
    if a == 2 and seed == 1:
        raise ZeroDivisionError("for the test")
    return a
