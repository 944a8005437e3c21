"""Ten pictures on one page: from a neuron to a network that reads digits in spikes, beside artificial ones.

The simulations run when the page is made, and captions contain the numbers of that run. To get the pictures one by one:
``for title, figure, caption in bs.ann.tour.pictures()``.
"""

import brainsim as bs

TITLE = "Brains beside machines: a tour in ten pictures"
INTRODUCTION = (
    "Neurons send spikes, artificial units send numbers. Ten simulations show how spikes become numbers. "
    "In pictures of both, the spiking side is blue and the artificial side red."
)


def pictures(seed=1):
    """Yield (title, figure, caption) of each picture."""
    return bs.ann.tour.pictures(seed)


if __name__ == "__main__":
    for title, figure, caption in pictures():
        print(f"{title}\n{caption}\n")
        figure.savefig(f"tour-{title.partition('.')[0]}.png")
