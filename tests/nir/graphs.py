"""Graphs of NIR with random weights, which together have all kinds of nodes."""

import numpy as np
import pytest

nir = pytest.importorskip("nir", reason="needs nir: pip install nir")
DT = 1e-4  # s


def full(shape, **values):
    return {name: np.full(shape, value) for name, value in values.items()}


def ends(shape, last):
    return {"input": nir.Input({"input": np.ravel(shape)})}, {"output": nir.Output({"output": np.ravel(last)})}


def graph(nodes, edges):
    return nir.NIRGraph(nodes, edges, type_check=False)


def chain(*names):
    return list(zip(names, names[1:], strict=False))


def lif(n, tau=2e-3, **more):
    return nir.LIF(**full(n, tau=tau, r=1.0, v_leak=0.0, v_threshold=1.0, v_reset=0.0) | full(n, **more))


def cuba(n, **more):
    values = {"tau_syn": 1e-3, "tau_mem": 2e-3, "r": 20.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": -0.1, "w_in": 5.0}
    return nir.CubaLIF(**full(n, **values | more))


def pictures(rng):
    """Convolutions and pools in two dimensions."""
    given, last = ends((2, 8, 9), (3,))

    def weights(*shape):
        return rng.normal(0.15, 0.3, shape)

    nodes = given | {
        "conv1": nir.Conv2d((8, 9), weights(4, 2, 3, 3), (1, 2), (1, 1), (1, 1), 1, rng.normal(0.0, 0.02, 4)),
        "if1": nir.IF(**full((4, 8, 5), r=1e4, v_threshold=1.0, v_reset=0.0)),
        "pool1": nir.AvgPool2d(np.array([2, 2]), np.array([2, 1]), np.array([0, 1])),
        "conv2": nir.Conv2d((4, 6), weights(2, 2, 3, 2), (1, 1), 0, (1, 2), 2, np.zeros(2)),
        "if2": nir.IF(**full((2, 2, 4), r=1e4, v_threshold=0.5, v_reset=0.1)),
        "pool2": nir.SumPool2d(np.array([2, 2]), np.array([1, 2]), np.array([0, 0])),
        "flat": nir.Flatten({"input": np.array([2, 1, 2])}, 0, -1),
        "affine": nir.Affine(rng.normal(4.0, 5.0, (3, 4)), np.array([0.0, 0.4, 1.2])),
        "out": lif(3),
    }
    return graph(nodes | last, chain(*nodes, "output"))


def everything_else(rng):
    """A convolution in one dimension, cycles, delays, and cells that do not fire."""
    given, last = ends((3, 10), (4,))
    nodes = given | {
        "conv": nir.Conv1d(10, rng.normal(2.0, 4.0, (2, 3, 3)), 2, 1, 2, 1, np.zeros(2)),
        "lif": lif((2, 4), v_leak=0.2),
        "flat": nir.Flatten({"input": np.array([2, 4])}, 0, 1),
        "linear": nir.Linear(rng.normal(0.5, 0.5, (5, 8))),
        "cuba": cuba(5),
        "scale": nir.Scale(np.array([1.0, 20.0, 30.0, 15.0, 10.0])),
        "delay": nir.Delay(DT * np.array([0.0, 3.0, 3.0, 7.0, 1.0])),
        "li": nir.LI(**full(5, tau=1e-3, r=1.0, v_leak=0.1)),
        "later": nir.Delay(DT * np.array([2.0, 0.0, 0.0, 5.0, 0.0])),
        "mix": nir.Affine(rng.normal(0.0, 1.0, (4, 5)), np.array([0.0, 0.1, 0.0, 0.2])),
        "threshold": nir.Threshold(np.array([0.3, 0.5, 0.2, 0.1])),
        "back": nir.Linear(rng.normal(0.0, 0.5, (5, 5))),
        "i": nir.I(r=np.full(4, 1e3)),
        "smooth": nir.CubaLI(**full(4, tau_syn=1e-3, tau_mem=1e-3, r=1.0, v_leak=0.0, w_in=2.0)),
    }
    straight = ("input", "conv", "lif", "flat", "linear", "cuba", "scale", "delay", "li", "later", "mix", "threshold")
    edges = [*chain(*straight, "i", "output"), *chain("cuba", "back", "cuba"), *chain("threshold", "smooth", "output")]
    return graph(nodes | last, edges)


GRAPHS = {"pictures": pictures, "everything else": everything_else}
