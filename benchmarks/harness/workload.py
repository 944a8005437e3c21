"""The description of a benchmark: a network for each simulator, and how it is run."""

from collections.abc import Callable
from dataclasses import dataclass, field

DT = 0.1  # ms, in all simulators


def refractory_in_brian2(t_ref):
    """Return the ``refractory=`` [ms] with which Brian2 holds v for `t_ref`: it would hold it for one step less."""
    return t_ref + DT


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A network and its functions, one for each simulator.

    Parameters
    ----------
    name : str
        Heading of the table.
    networks : dict of str to function
        Simulator -> function of a Task that builds the network; `simulators` describes what it returns.
    populations : function
        Total number of cells -> population -> number of cells. Rates are compared for each population.
    fan_out : function
        Total number of cells -> population -> mean number of synapses that a spike reaches.
    updates : function, optional
        Total number of cells -> population -> mean number of weights that a spike changes, of networks that learn.
    pairs : function, optional
        Total number of cells -> number of pairs of cells that act on each other in each step, of networks with couplings.
    n : int
        Default of ``--n``, the number of cells.
    scaled : bool
        Whether the number of cells is given by ``--scale``, as a share of `n`.
    only : tuple of str
        Default of ``--only``, the rows of the table; all of `networks` if empty.
    apart : bool
        Whether each process ends before the next one starts, because they do not fit into memory together.
    duration : float
        Length of a timed run [ms].
    warm_up : float
        Length of the run before it [ms], which is not timed.
    tolerance : float or dict of str to float
        Relative difference up to which the rates of two simulators, with a wiring each, count as equal, for all populations
        or for each: three standard deviations of the difference of two wirings, where the scatter was measured.
    """

    name: str
    networks: dict[str, Callable]
    populations: Callable[[int], dict[str, int]]
    fan_out: Callable[[int], dict[str, float]]
    n: int
    duration: float
    warm_up: float = 200.0
    tolerance: float | dict[str, float] = 0.1
    scaled: bool = False
    only: tuple[str, ...] = ()
    apart: bool = False
    updates: Callable[[int], dict[str, float]] | None = None
    pairs: Callable[[int], float] | None = None

    def tolerance_of(self, population, wirings):
        """Return the tolerance of a population's rate, which is the mean over some wirings."""
        one = self.tolerance[population] if isinstance(self.tolerance, dict) else self.tolerance
        return one / max(wirings, 1) ** 0.5


@dataclass(frozen=True, kw_only=True)
class Task:
    """One row of the table: a simulator and its task. `options` holds further parameters of the network."""

    simulator: str
    threads: int
    n: int
    duration: float
    warm_up: float
    seed: int
    ranks: int = 1
    options: dict = field(default_factory=dict)

    @property
    def label(self):
        """Simulator and threads, and ranks if there are several, e.g. ``nest x2``."""
        return f"{self.simulator} x{self.threads}" + f" on {self.ranks} ranks" * (self.ranks > 1)


def four_to_one(n):
    """Return the populations of most balanced networks: four excitatory cells to one inhibitory."""
    return {"E": 4 * n // 5, "I": n - 4 * n // 5}
