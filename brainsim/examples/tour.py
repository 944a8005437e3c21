"""Ten pictures on one page, from one neuron to a network that reads a digit in spikes, beside the artificial one.

Each picture is simulated when the page is made, and its caption holds the numbers of that run. It can also be had picture
by picture: ``for title, figure, caption in bs.ann.tour.pictures()``.
"""

import brainsim as bs

TITLE = "Brains beside machines: a tour in ten pictures"
INTRODUCTION = (
    "Neurons send spikes, artificial units numbers. Ten simulations show how the one becomes the other. "
    "Where both are in a picture, the spiking side is blue and the artificial one red."
)


def pictures(seed=1):
    """Yield (title, figure, caption) of each picture."""
    return bs.ann.tour.pictures(seed)


if __name__ == "__main__":
    for title, figure, caption in pictures():
        print(f"{title}\n{caption}\n")
        figure.savefig(f"tour-{title.partition('.')[0]}.png")
