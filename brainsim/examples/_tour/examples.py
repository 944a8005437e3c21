"""Pictures of the tour that are smaller versions of examples, spiking cells compared with an artificial network."""

import importlib

import brainsim as bs
from brainsim.examples._tour import Picture


def memory(seed, small):
    """An attractor network and a Hopfield network, as `brainsim run memory`."""
    return _of_example("Memory: completing a pattern", "memory", seed, trials=1 if small else 3)


def decision(seed, small):
    """Competing pools of cells and drift-diffusion, as `brainsim run decision`."""
    return _of_example("Decision: summing evidence up to a bound", "decision", seed, trials=10 if small else 150)


def learning(seed, small):
    """Spiking cells that learn Yin-Yang and a perceptron, as `brainsim run timing`."""
    options = importlib.import_module("brainsim.examples.timing").SMALL if small else {}
    return _of_example("Learning from spike times", "timing", seed, **options)


def _of_example(title, name, seed, **options):
    """Run an example with fewer trials; the text below its figure becomes the caption."""
    example = importlib.import_module(f"brainsim.examples.{name}")
    network, traces = example.build(**options, seed=seed)
    dt = getattr(example, "DT", 0.1)
    result = bs.simulate(network, example.DURATION, dt=dt, seed=seed, record=traces, progress=False)
    figure = example.draw(result, getattr(example, "WINDOW", (0.0, example.DURATION)))
    caption = " ".join(figure.get_supxlabel().split())
    figure.supxlabel("")
    return Picture(title, figure, caption)
