"""The pictures of memory and decision: smaller versions of two examples."""

import importlib

import brainsim as bs
from brainsim.examples._tour import Picture


def memory(seed, small):
    """An attractor network compared with a Hopfield network, as `brainsim run memory`."""
    return _of_example("Memory: completing a pattern", "memory", seed, trials=1 if small else 3)


def decision(seed, small):
    """Competing pools of cells compared with drift-diffusion, as `brainsim run decision`."""
    return _of_example("Decision: summing evidence up to a bound", "decision", seed, trials=10 if small else 150)


def _of_example(title, name, seed, **options):
    """Run an example with fewer trials; the text below its figure becomes the caption."""
    example = importlib.import_module(f"brainsim.examples.{name}")
    network, traces = example.build(**options, seed=seed)
    result = bs.simulate(network, example.DURATION, seed=seed, record=traces, progress=False)
    figure = example.draw(result, (0.0, example.DURATION))
    caption = " ".join(figure.get_supxlabel().split())
    figure.supxlabel("")
    return Picture(title, figure, caption)
