"""What a benchmark is: a network described once per simulator, and how it is run."""

from collections.abc import Callable
from dataclasses import dataclass

DT = 0.1  # ms, in all simulators


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A network and its functions, one for each simulator.

    Parameters
    ----------
    name : str
        Heading of the table.
    networks : dict of str to function
        Simulator -> function of a Task that builds the network; what it returns is said in `simulators`.
    populations : function
        Number of cells in all -> population -> number of cells. Rates are compared population by population.
    fan_out : function
        Number of cells in all -> population -> mean number of synapses that a spike reaches.
    n : int
        Number of cells, unless ``--n`` says otherwise.
    duration : float
        Length of a timed run [ms].
    warm_up : float
        Length of the run before it [ms], which is not timed.
    tolerance : float
        Relative difference up to which the rates of two simulators count as equal.
    """

    name: str
    networks: dict[str, Callable]
    populations: Callable[[int], dict[str, int]]
    fan_out: Callable[[int], dict[str, float]]
    n: int
    duration: float
    warm_up: float = 200.0
    tolerance: float = 0.1


@dataclass(frozen=True, kw_only=True)
class Task:
    """One row of the table: which simulator does what."""

    simulator: str
    threads: int
    n: int
    duration: float
    warm_up: float
    seed: int

    @property
    def label(self):
        """Simulator and threads, e.g. ``nest x2``."""
        return f"{self.simulator} x{self.threads}"


def four_to_one(n):
    """Return the populations of most balanced networks: four excitatory cells to one inhibitory."""
    return {"E": 4 * n // 5, "I": n - 4 * n // 5}
