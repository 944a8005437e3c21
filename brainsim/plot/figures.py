"""The figures that brainsim makes: shown once in a notebook, also where one is the value of a cell."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure


class ShownOnce(Figure):
    """A figure of pyplot that a notebook shows once.

    The notebook shows the value of a cell, and then the inline backend all open figures: a function that makes a figure and
    returns it would have it shown twice. So this one is closed as soon as it is shown.
    """

    def _ipython_display_(self):
        """Close the figure under the inline backend; raise NotImplementedError, which asks IPython for its usual picture."""
        if "inline" in plt.get_backend().lower():
            plt.close(self)
        raise NotImplementedError
