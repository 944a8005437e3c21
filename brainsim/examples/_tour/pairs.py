"""The tour's pictures of memory and of decisions: a network of cells beside its artificial counterpart, in a small form."""

import brainsim as bs
from brainsim.examples import decision, memory
from brainsim.examples._tour.picture import Picture


def recalling(seed, small):
    """An attractor network beside a Hopfield network, as `brainsim run memory`."""
    return _shown("Memory: a pattern completed", memory, seed, trials=1 if small else 3)


def deciding(seed, small):
    """Competing pools of cells beside drift-diffusion, as `brainsim run decision`."""
    return _shown("Decision: evidence summed until it is enough", decision, seed, trials=10 if small else 150)


def _shown(title, example, seed, **options):
    """Run an example in a small form; what stands below its figure becomes the caption."""
    network, traces = example.build(**options, seed=seed)
    result = bs.simulate(network, example.DURATION, seed=seed, record=traces, progress=False)
    figure = example.draw(result, (0.0, example.DURATION))
    caption = " ".join(figure.get_supxlabel().split())
    figure.supxlabel("")
    return Picture(title, figure, caption)
