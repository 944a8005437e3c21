"""Functions that sweeps call in the tests; processes import them from here."""

import os
import signal
import sys
import threading

import numpy as np

import brainsim as bs
from brainsim.sweeps import workers


def threads_here(x):
    from brainsim.core.machine import processors

    return processors()


def process_here(x):
    return os.getpid()


def thread_here(x):
    return threading.get_ident()


def compiled_here(x):
    """Return how many functions this process has compiled for a model of its own; at 0 its file in the cache is removed."""
    from brainsim.jit import cache

    class Own(bs.Neuron):
        equations = "dv/dt = -v*v*v/(tau*v_th*(v_th + v_reset))"
        threshold = "v > v_th"
        reset = "v = v_reset"
        tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
        v_th: float = bs.parameter(20.0, "mV", "threshold")
        v_reset: float = bs.parameter(0.0, "mV", "reset")
        v: float = bs.initial(0.0, "mV", "potential")

    names, write, read = [], cache.write, cache.read

    def forgotten(name):
        if x == 0 and name.startswith("advance-"):
            cache.path_of(name).unlink(missing_ok=True)
        return read(name)

    def noted(name, *arguments):
        names.append(name)
        write(name, *arguments)

    cache.write, cache.read = noted, forgotten
    try:
        net = bs.Network(seed=1)
        net.add(bs.Population(2, Own(), name="cells"))
        bs.simulate(net, 1.0, seed=x, threads=1)
    finally:
        cache.write, cache.read = write, read
    return {"compiled": len(names), "process": os.getpid()}


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


def ending(how, x):
    """Return x, unless the process is to end, or has no function any more, as a new one."""
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "exit":
        sys.exit(3)
    if how == "leave":
        os._exit(0)
    if how == "forget":
        workers._taken.clear()
    return x


def failing(a, seed=0):
    if a == 2 and seed == 1:
        raise ZeroDivisionError("for the test")
    return a
