"""Eleven pictures on a page: from a neuron to networks that read digits and learn, in spikes and without.

The simulations run when the page is made, and captions contain the numbers of that run. To get the pictures one by one:
``for title, figure, caption in bs.ann.tour.pictures()``.
"""

import brainsim as bs

TITLE = "Brains and machines: a tour in eleven pictures"
INTRODUCTION = (
    "Neurons send spikes, artificial units send numbers. Eleven simulations show how spikes become numbers and learn. "
    "In pictures of both, the spiking side is blue and the artificial side red."
)


def pictures(seed=1):
    """Yield (title, figure, caption) of each picture."""
    return bs.ann.tour.pictures(seed)


if __name__ == "__main__":
    for title, figure, caption in pictures():
        print(f"{title}\n{caption}\n")
        figure.savefig(f"tour-{title.partition('.')[0]}.png")
