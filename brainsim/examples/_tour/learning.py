"""The picture of learning: the example of spike times that are learned by their exact gradient."""

import brainsim as bs
from brainsim.examples import timing
from brainsim.examples._tour import Picture


def learning(seed, small):
    """Spiking cells that learn Yin-Yang compared with a perceptron, as `brainsim run timing`."""
    network, traces = timing.build(seed=seed, **(timing.SMALL if small else {}))
    result = bs.simulate(network, timing.DURATION, dt=timing.DT, seed=seed, record=traces, threads=1, progress=False)
    figure = timing.draw(result, timing.WINDOW)
    caption = " ".join(figure.get_supxlabel().split())
    figure.supxlabel("")
    return Picture("Learning from spike times", figure, caption)
