"""
The tour
========

Eleven pictures from a single neuron to networks that learn; spiking is blue and artificial red.
"""

import textwrap

from brainsim.examples import tour

pictures = tour.pictures()


def show():
    """Draw the next picture, and print its title and its caption in lines as wide as the page."""
    title, _, caption = next(pictures)
    print(title, textwrap.fill(caption, 100), sep="\n\n")


show()

# %%
show()

# %%
show()

# %%
show()

# %%
show()

# %%
show()

# %%
show()

# %%
show()

# %%
show()

# %%
show()

# %%
show()
