"""
The tour
========

Eight of the eleven pictures of the tour, from a neuron to networks that learn; spiking is blue and artificial red.
"""

import html

from brainsim.examples import tour


class Caption(str):
    """A text that a page shows in the letters of its own."""

    def _repr_html_(self):
        return f"<p>{html.escape(self)}</p>"


pictures = tour.pictures()


def show():
    """Draw the next picture under its title, and return its caption."""
    title, figure, caption = next(pictures)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    return Caption(caption)


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
# The tour ends with smaller versions of three pictures that have pages of their own: :doc:`plot_memory`,
# :doc:`plot_decision` and :doc:`plot_timing`.
