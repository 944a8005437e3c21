"""The figures that brainsim makes, which a notebook shows once."""

from typing import NoReturn

import matplotlib.pyplot as plt
from matplotlib.figure import Figure


class ShownOnce(Figure):
    """A figure of pyplot that a notebook shows once.

    A notebook shows the value of a cell, and its inline backend then shows all open figures, so a figure that a function
    makes and returns would appear twice. This one closes itself when it is shown as a value.
    """

    def _ipython_display_(self) -> NoReturn:
        """Close the figure under the inline backend; raise NotImplementedError so that IPython shows its usual picture."""
        if "inline" in plt.get_backend().lower():
            plt.close(self)
        raise NotImplementedError
