"""The synapses of a projection, as arrays."""

from __future__ import annotations

import typing
from dataclasses import dataclass, field

import numpy as np

from brainsim.core.checks import MissingName, nearest
from brainsim.core.docstrings import needs
from brainsim.core.doors import optional
from brainsim.core.hints import Answering

if typing.TYPE_CHECKING:
    import pandas
    import scipy.sparse


@dataclass(frozen=True)
class SynapseTable(Answering):
    """The synapses of a projection, sorted by `pre` and `post`: one element of each array for each synapse.

    Attributes
    ----------
    pre, post : ndarray of int64
        Indices into the populations or views that were connected: cell 0 of ``cells[80:]`` is cell 80 of the population, as
        which `pre_cells` and `post_cells` have it.
    weight : ndarray of float64
        In the unit of the synapse.
    delay : ndarray of float64
        As simulated, a multiple of dt [ms].
    n_pre, n_post : int
        Number of cells at both ends.
    columns : dict of str to ndarray
        What a kind of synapses keeps besides.
    unit, name : str
        The unit of the weights, and the name of the projection.
    sources, targets : ndarray of int64, shapes (n_pre,) and (n_post,), or None
        The indices of the connected cells in their populations; None if they are all cells of one.
    """

    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    delay: np.ndarray
    n_pre: int
    n_post: int
    columns: dict[str, np.ndarray] = field(default_factory=dict)
    unit: str = ""
    name: str = ""
    sources: np.ndarray | None = field(default=None, repr=False)
    targets: np.ndarray | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return self.pre.size

    @property
    def pre_cells(self) -> np.ndarray:
        """The source of each synapse as its index in its population, int64: as spikes, traces and states count cells."""
        return self.pre if self.sources is None else self.sources[self.pre]

    @property
    def post_cells(self) -> np.ndarray:
        """The target of each synapse as its index in its population, int64.

        Examples
        --------
        The weights of all synapses onto the cell that fired most:

        >>> import brainsim as bs
        >>> cells = bs.Population(100, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> wires = net.connect(cells, cells[80:], bs.FixedIndegree(5), weight=1.0, delay=1.5, synapse=bs.Delta())
        >>> net.stimulate(cells[80:], bs.PoissonInput(rate=20_000.0, weight=0.1, synapse=bs.Delta()))
        >>> result, table = bs.simulate(net, 100.0, seed=2), wires.synapses()
        >>> most = result.spikes["cells"].counts().argmax()
        >>> len(table.weight[table.post_cells == most])
        5
        """
        return self.post if self.targets is None else self.targets[self.post]

    @needs("pandas")
    def to_frame(self) -> pandas.DataFrame:
        """Return a pandas DataFrame with a row for each synapse: ``pre``, ``post``, ``weight``, ``delay`` and `columns`.

        `FromFrame` takes it back.

        Examples
        --------
        >>> sim.synapses("exc->cells").to_frame().weight.hist()         # doctest: +SKIP
        """
        pandas = optional("pandas", "SynapseTable.to_frame")
        columns = {"pre": self.pre, "post": self.post, "weight": self.weight, "delay": self.delay}
        return pandas.DataFrame(columns | self.columns)

    def matrix(self, values: str = "weight") -> scipy.sparse.csr_array:
        """Return the synapses as a sparse matrix of shape (n_pre, n_post), as `FromSparse` takes it.

        Parameters
        ----------
        values : str
            Which numbers it holds: "weight", "delay", or the name of a column. Those of several synapses between the same
            two cells are added up.

        Raises
        ------
        MissingName
            If there are no values of this name.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(3, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> ring = net.connect(cells, cells, bs.FromArrays([0, 1, 2], [1, 2, 0]), weight=2.0, delay=1.0, synapse=bs.Delta())
        >>> bs.Simulation(net, seed=2).synapses(ring).matrix().toarray()
        array([[0., 2., 0.],
               [0., 0., 2.],
               [2., 0., 0.]])
        """
        from scipy.sparse import coo_array

        found = {"weight": self.weight, "delay": self.delay, **self.columns}
        if values not in found:
            raise MissingName(f"SynapseTable.matrix: no values named {values!r}{nearest(values, found)}")
        return coo_array((found[values], (self.pre, self.post)), shape=(self.n_pre, self.n_post)).tocsr()
