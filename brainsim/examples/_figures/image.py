"""The figure of spiking cells that learned digits by gradient compared with a perceptron."""

import numpy as np

from brainsim.ann.networks.mlp import MLP
from brainsim.examples import image
from brainsim.examples._figures.layout import accuracy, activations, hidden_spikes, input_spikes, potentials, side_by_side
from brainsim.plot.elements.styles import style


def machine_of(data, seed, cells=256, samples=None):
    """Return a trained perceptron with the same number of hidden units, and its test accuracy."""
    images = image.images(data)
    machine = MLP(cells, seed=seed).fit(images.X_train[:samples], images.y_train[:samples])
    return machine, machine.score(images.X_test, images.y_test)


def image_figure(result, window, data="digits"):
    cells, seed = result.spikes["hidden0"].n, result.stats["network_seed"]
    small = {} if cells == 256 else image.SMALL
    images, samples = image.images(data), small.get("samples")
    _, epochs, shares = image.train_network(
        seed, small.get("epochs"), cells, samples, data
    )  # the call of `build`: it is cached
    machine, share = machine_of(data, seed, cells, samples)
    shown, right = images.X_test[image.SHOWN], images.y_test[image.SHOWN]
    with style():
        figure, (left, brain, both) = side_by_side(
            "multilayer perceptron",
            "spiking network",
            caption=_caption(cells, share, shares[-1], len(images.y_test), len(shown) > image.LARGE),
        )
        _image(left[0], shown)
        activations(left[1], machine, shown)
        input_spikes(brain[0], result.spikes["input"], window, "one digit: input spikes")
        hidden_spikes(brain[1], result, window)
        accuracy(both[0], epochs, shares, share)
        potentials(both[1], result, int(right), [str(k) for k in range(10)])
    return figure


def _caption(cells, machine, spiking, tested, large):
    spikes = "a spike for each pixel that is not dark, the brighter the earlier"
    spikes = spikes if large else "a spike for each pixel and another for its opposite, early or late"
    right = [f"{100.0 * share:.1f}\u00a0%" for share in (machine, spiking)]
    return (
        f"Both have {cells} hidden units. The perceptron sees pixels, the cells {spikes}. "
        f"Of {tested:,} test digits the perceptron takes {right[0]} right, the spiking network, "
        f"which learned by the exact gradient of its spike times, {right[1]}. The spikes and potentials are those of the "
        "simulator, which runs the trained network with one digit."
    )


def _image(ax, pixels):
    side = int(np.sqrt(pixels.size))
    ax.imshow(pixels.reshape(side, side), cmap="Reds", vmin=0.0, vmax=1.0, interpolation="nearest")
    ax.set_title("one digit: pixels", fontsize=10)
    ax.set_axis_off()
