"""A mapped brain: its cells with identifiers and annotations, and the edges between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.connectomes.annotations import FLY_SIGNS, cells_with, check_annotation, signs_of
from brainsim.connectomes.coded_columns import identifier
from brainsim.connectomes.edges import Edges, packed_weights
from brainsim.connectomes.rate_table import Rates
from brainsim.connectomes.tables import open_table
from brainsim.core.arrays import freeze, plural
from brainsim.core.checks import MissingName, check_name, reject_masked
from brainsim.models.packed import as_kept, unpack
from brainsim.network.network import Network
from brainsim.network.population import Population, View
from brainsim.results.archive import part_of_it
from brainsim.results.spikes import Spikes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from brainsim.models.base import Neuron, Synapse
    from brainsim.models.values import ValueLike
    from brainsim.results.result import Result

IDS = ("id", "root_id", "bodyId", "bodyid", "body", "cell_id", "pt_root_id", "")  # columns of identifiers in common files
SHOWN = 8  # annotations in the repr


@dataclass(frozen=True, eq=False, repr=False)
class Brain:
    """The cells of a mapped brain and the edges between them; functions such as `read_codex` and `synthetic` make it.

    A cell has an index, 0 to n - 1, which is its place in a `Population` of the brain and in its `Spikes`, and an
    identifier. ``brain[...]`` turns identifiers into indices, ``brain.where(...)`` annotations, and ``brain.ids[...]``
    indices into identifiers.

    Parameters
    ----------
    ids : sequence of str, shape (n,)
        The identifiers, all different. Whole numbers are taken as their digits, of any length.
    annotations : dict of str to array, shape (n,)
        What is known of each cell: ``super_class``, ``transmitter``, ``side``, ...
    edges : Edges
        Pairs of cells, numbers of synapses, and signs.
    junctions : Edges, optional
        Electrical synapses, each once, without a direction.
    title : str
        What it is, for pictures and reports; that of a synthetic brain says so.
    name : str
        Name of its population.

    Raises
    ------
    TypeError, ValueError
        If identifiers occur twice, an annotation does not have n values, or an edge is beyond the cells.

    Examples
    --------
    >>> import brainsim as bs
    >>> edges = bs.connectomes.Edges([0, 0, 1], [1, 2, 2], count=[5, 12, 3], sign=[1, 1, -1])
    >>> cells = ["720575940660219265", "720575940660219266", "720575940660219267"]
    >>> brain = bs.connectomes.Brain(cells, {"super_class": ["sensory", "central", "motor"]}, edges, title="Three cells")
    >>> brain
    Brain('Three cells', 3 cells, 3 edges, 20 synapses; super_class)
    >>> brain["720575940660219267"], brain.where(super_class=["sensory", "motor"]).tolist()
    (2, [0, 2])
    >>> net = brain.network(bs.LIF(), weight=0.275, delay=1.8, synapse=bs.Delta())
    >>> cells = net.populations["brain"]
    >>> net.stimulate(cells[brain.where(super_class="sensory")], bs.CurrentInput(400.0))
    >>> brain.rates(bs.simulate(net, 100.0, seed=1)).head(2)["id"].tolist()
    ['720575940660219265', '720575940660219266']
    """

    ids: np.ndarray
    annotations: Mapping[str, np.ndarray]
    edges: Edges
    junctions: Edges = field(default_factory=lambda: Edges(*[np.zeros(0, np.int32)] * 4))
    title: str = "Brain"
    name: str = "brain"

    if TYPE_CHECKING:

        def __init__(
            self,
            ids: Sequence[str] | np.ndarray,
            annotations: Mapping[str, ArrayLike],
            edges: Edges,
            junctions: Edges = ...,
            title: str = "Brain",
            name: str = "brain",
        ) -> None: ...

    def __post_init__(self) -> None:
        reject_masked(self.ids, "Brain.ids")
        given = self.ids.tolist() if isinstance(self.ids, np.ndarray) else self.ids  # large numbers do not fit into an array
        with part_of_it("Brain.ids"):
            ids = freeze(np.array([identifier(name) for name in given], dtype=str))
        if len(set(ids.tolist())) < ids.size:
            values, counts = np.unique(ids, return_counts=True)
            raise ValueError(f"Brain.ids: must be different (got {str(values[counts > 1][0])!r} twice)")
        annotations = {key: check_annotation(value, key, ids.size) for key, value in self.annotations.items()}
        for label, edges in (("edges", self.edges), ("junctions", self.junctions)):
            for end in (as_kept(edges, "pre"), edges.post):
                if end.size and not 0 <= end.min() <= end.max() < ids.size:
                    bad = unpack(end)[(unpack(end) < 0) | (unpack(end) >= ids.size)][0]
                    raise ValueError(f"Brain.{label}: cells are 0 to {ids.size - 1} (got {bad})")
        check_name(self.name, "Brain.name")
        self.__dict__.update(ids=ids, annotations=annotations)

    @property
    def n(self) -> int:
        """Number of cells."""
        return self.ids.size

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        parts = [plural(self.n, "cell"), plural(len(self.edges), "edge"), plural(self.edges.synapses, "synapse")]
        parts += [plural(len(self.junctions), "junction")] * (len(self.junctions) > 0)
        names = list(self.annotations)
        more = f" and {len(names) - SHOWN} others" if len(names) > SHOWN else ""
        return f"Brain({self.title!r}, {', '.join(parts)}; {', '.join(names[:SHOWN]) or 'no annotations'}{more})"

    def __contains__(self, cell: object) -> bool:
        return str(cell) in self._index

    def __getitem__(self, key: str | int | Iterable[str | int]) -> Any:
        """Return the index of the cell with an identifier, or the indices (int64) of a list of identifiers."""
        if isinstance(key, str) or not isinstance(key, Iterable):
            return self._find(key)
        return np.array([self._find(name) for name in key], dtype=np.int64)

    def where(self, **annotations: Any) -> np.ndarray:
        """Return the indices of the cells with some annotations, int64 in ascending order.

        Parameters
        ----------
        **annotations
            The wanted value of each, or a list of values: ``brain.where(super_class="motor", side=["left", "right"])``.

        Raises
        ------
        MissingName
            If there is no such annotation.
        ValueError
            If no cell of the brain has one of the values.
        """
        if not annotations:
            raise TypeError("Brain.where: name an annotation, as in brain.where(super_class='motor')")
        chosen = np.ones(self.n, dtype=bool)
        for name, wanted in annotations.items():
            chosen &= cells_with(self.annotations, name, wanted, "Brain.where")
        return np.flatnonzero(chosen)

    def annotate(self, table: Any, id: str | None = None, columns: Sequence[str] | Mapping[str, str] | None = None) -> Brain:
        """Return the brain with further annotations, which replace those of the same name.

        Parameters
        ----------
        table : str, Path or a table in memory
            A file (.csv, .tsv, .txt, .parquet, .feather), a frame of pandas, or a dict of arrays. Rows of cells that the
            brain does not have are ignored; cells without a row have "" or NaN.
        id : str, optional
            The column of identifiers; by default ``id``, ``root_id``, ``bodyId``, ``body`` or another of the usual names.
        columns : list of str, or dict, optional
            Which columns to take, by default all; a dict says what to call them: ``{"nt_type": "transmitter"}``.

        Raises
        ------
        FileNotFoundError, ImportError, ValueError
            If the file cannot be read or misses a column, an identifier is not exact or occurs twice, or no cell has a row.
        """
        label = "Brain.annotate"
        source = open_table(table, label)
        key = source.name_of(*([id] if id is not None else IDS))
        named = columns if isinstance(columns, Mapping) else {c: c for c in columns or source.names if c != key}
        identifiers, *others = source.columns([key, *(source.name_of(name) for name in named)])
        identifiers = identifiers.identifiers()
        known = np.array([self._index.get(name, -1) for name in identifiers.values], dtype=np.int64)
        cell = known[identifiers.codes]
        row_of = np.full(self.n, -1)
        rows = np.flatnonzero(cell >= 0)
        row_of[cell[rows]] = rows
        if rows.size == 0:
            raise ValueError(f"{label}: no identifier in {source.file} is one of {self.title!r}; is it of another version?")
        again = rows[row_of[cell[rows]] != rows]
        if again.size:
            raise ValueError(f"{identifiers.where(int(again[0]))}: {self.ids[cell[again[0]]]!r} has a second row below")
        found = {
            name: replace(column, codes=np.where(row_of < 0, -1, column.codes[row_of])).annotation()
            for name, column in zip(named.values(), others, strict=True)
        }
        return self._with(annotations={**self.annotations, **{key: freeze(values) for key, values in found.items()}})

    def signed(self, signs: Mapping[str, int] = FLY_SIGNS, by: str = "transmitter", unknown: int | None = None) -> Brain:
        """Return the brain with signs of edges that follow from the cell that sends them.

        Parameters
        ----------
        signs : dict of str to int
            The sign, 1, -1 or 0 (no effect), of each value of an annotation. Short names of transmitters (``ACH``, ``GLUT``)
            stand for long ones, in lower or upper case. By default those of the fly in Shiu et al. (2024),
            doi:10.1038/s41586-024-07763-9: GABA and glutamate inhibit, all others excite.
        by : str
            The annotation.
        unknown : int, optional
            The sign of cells with any other value; by default they are an error.

        Raises
        ------
        MissingName
            If there is no such annotation.
        ValueError
            If a cell has a value without a sign, and `unknown` is not given.

        Examples
        --------
        >>> import brainsim as bs
        >>> brain = bs.connectomes.synthetic(cells=200, edges=2000, seed=1)
        >>> excited = brain.signed({"GABA": -1, "acetylcholine": 1, "glutamate": 1})
        >>> bool(excited.edges.sign.mean() > brain.edges.sign.mean())
        True
        """
        if by not in self.annotations:
            cells_with(self.annotations, by, [], "Brain.signed")
        sign = signs_of(self.annotations[by], signs, unknown, by, "Brain.signed")
        return self._with(edges=replace(self.edges, sign=freeze(sign[self.edges.pre])))

    def population(self, neuron: Neuron, **options: Any) -> Population:
        """Return a `Population` of the cells, with name and identifiers; `options` as there, such as ``initial``."""
        return Population(self.n, neuron, **{"name": self.name, "names": self.ids, **options})

    def network(
        self,
        neuron: Neuron | Population,
        *,
        weight: float,
        delay: ValueLike,
        synapse: Synapse,
        junction: float | None = None,
        seed: int = 1,
    ) -> Network:
        """Return a network of the brain: a population of its cells and a projection with its edges.

        Parameters
        ----------
        neuron : Neuron or Population
            The model of all cells, or what `population` returned.
        weight : float
            Weight of one synapse, in the unit of `synapse`; that of an edge is ``sign*count*weight``.
        delay : float or array of shape (edges,)
            Time from a spike to its arrival [ms].
        synapse : Synapse
            What a spike does.
        junction : float, optional
            Conductance of one section of an electrical synapse [nS]; required if the brain has any, 0 leaves them out.
        seed : int
            Seed of the network.

        Returns
        -------
        Network
            ``net.populations[brain.name]`` are the cells.

        Raises
        ------
        TypeError, ValueError
            If an argument does not fit, the population has not as many cells, or `junction` is missing.
        """
        cells = neuron if isinstance(neuron, View) else self.population(neuron)
        if cells.n != self.n:
            raise ValueError(f"Brain.network.neuron: must have the {self.n:,} cells of the brain (got {cells!r})")
        if junction is None and len(self.junctions):
            raise ValueError(
                f"Brain.network.junction: missing; the brain has {plural(len(self.junctions), 'electrical synapse')}; give "
                "the conductance of one section in nS, or 0 to leave them out"
            )
        net = Network(seed=seed)
        weights = packed_weights(self.edges, weight)
        net.connect(cells, cells, self.edges.rule, weight=weights, delay=delay, synapse=synapse)  # type: ignore[arg-type]
        if junction:
            from brainsim.features.couplings.models.kinds import GapJunction

            conductances = self.junctions.weights(junction)
            net.connect(cells, cells, self.junctions.rule, weight=conductances, synapse=GapJunction(), name="junctions")
        return net

    def rates(self, results: Result | Spikes | Sequence[Result | Spikes], name: str | None = None) -> Rates:
        """Return a table of all cells with their rates, the most active first.

        Parameters
        ----------
        results : Result, Spikes, or a list of them
            A run, or several trials: then ``rate`` is the mean over trials and ``sd`` its standard deviation (n - 1).
        name : str, optional
            Name of the population in a Result; by default that of the brain.

        Raises
        ------
        MissingName
            If there are no spikes of this population.
        ValueError
            If they are of another number of cells.
        """
        trials = list(results) if isinstance(results, list | tuple) else [results]
        if not trials:
            raise ValueError("Brain.rates.results: must be at least one result")
        each = np.array([self._spikes(trial, name).rates() for trial in trials])
        rate = each.mean(axis=0)
        order = np.argsort(-rate, kind="stable")
        columns = {"id": self.ids, "cell": np.arange(self.n), "rate": rate}
        if len(trials) > 1:
            columns["sd"] = each.std(axis=0, ddof=1)
        columns |= {key: values for key, values in self.annotations.items() if key not in columns}
        return Rates({key: values[order] for key, values in columns.items()})

    def _with(self, **parts):
        """Return the brain with other annotations or edges, which are right: to check all identifiers takes a second."""
        new = object.__new__(type(self))
        new.__dict__.update({**vars(self), **parts})
        return new

    def _spikes(self, trial, name):
        spikes = trial if isinstance(trial, Spikes) else trial.spikes[self.name if name is None else name]
        if spikes.n != self.n:
            raise ValueError(f"Brain.rates: the spikes are of {spikes.n:,} cells, and the brain has {self.n:,}")
        return spikes

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self.ids.tolist())}

    def _find(self, key):
        if isinstance(key, float | np.floating):
            raise TypeError(f"Brain: an identifier is a text or a whole number; a float loses digits (got {key!r})")
        name = str(key)
        if name in self._index:
            return self._index[name]
        looks = f"; identifiers look like {str(self.ids[0])!r}" if self.n else ""
        if name.isdecimal() and int(name) < self.n:
            looks += f", and the index {name} needs no brackets of the brain"
        raise MissingName(f"Brain: {self.title!r} has no cell {name!r}{looks}")
