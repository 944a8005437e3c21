"""Training the network that was built with `Population` and `connect`: `Trainer`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from brainsim.core.checks import computed_values, known_as
from brainsim.core.contexts import default_arithmetic
from brainsim.core.hints import answers_calls
from brainsim.core.machine import free_memory
from brainsim.learn.batches import chunks_of
from brainsim.learn.estimator import Loss
from brainsim.learn.spiking.adaptive_cells import check_keeps
from brainsim.learn.spiking.check_network import check_network
from brainsim.learn.spiking.from_network import Graph, graph_of
from brainsim.learn.spiking.learns import Learns, check_learns
from brainsim.learn.spiking.options import LOSSES, OPTIONS, check_together, one_of_these
from brainsim.learn.spiking.samples import MOST_STEPS, Inputs, check_end, inputs_of, no_targets
from brainsim.learn.spiking.spiking_estimator import SpikingEstimator
from brainsim.results.spikes import Spikes

if TYPE_CHECKING:
    from brainsim.network.network import Network
    from brainsim.network.population import Population

BUSY = 100.0  # Hz: mean rate up to which the estimate of memory holds


@answers_calls
class Trainer(SpikingEstimator):
    r"""Trains a network of `Population` and `Network.connect`, by the gradient of its spike times.

    Any graph learns: feed-forward or recurrent, dense or sparse, with several populations and receptors. The synapses are
    those that a simulation of the network has. `LIF`, `AdaptingLIF` and `LI` cells are integrated exactly, and fire when
    they reach the threshold; all others follow the method of `ModelLayer`. A spike arrives after any delay. A refractory
    time begins at the spike. After `fit`, `to_network` returns the network with what it has learned, and
    ``bs.simulate(..., precise=True)`` has the spikes of the trainer, but for rounding, if no cell fires twice in a step.

    Parameters
    ----------
    net : Network
        Its sources are populations of `SpikeTrains`, its synapses `Exponential`, its other inputs constant currents. Of
        `LIF`, `AdaptingLIF` and `LI` the parameters are numbers, and v may begin anywhere; other cells must be smooth, as
        for `ModelLayer`, and without a refractory time.
    output : Population or str
        The population from which the loss is read: `LI` cells, or cells that fire.
    learns : "weight", "delay", Learns, or sequence of them
        What learns; a word means that of all projections. `Learns` names one part of the network and its bounds.
    inputs : Population or str, optional
        The sources whose spikes are the samples; by default the only ones. Other sources send their own spikes in every
        sample.
    loss : {"mean", "max", "first", "count", "sequence", "spikes"}
        As for `SpikingNetwork`, with a cell of the output for each class; "first" and "count" need an output that fires,
        and the others one that is `LI`, `LIF` or `AdaptingLIF`. With ``"spikes"`` the output, which may be of any cells,
        learns to fire at given times: y has the wanted spikes of each sample, in one of the forms of X, and the loss is the
        distance of van Rossum (2001): a spike too many or too few costs 0.5.
    gradient, surrogate, steepness, feedback, optimiser, floor : str, str, float, str, str, float
        As for `SpikingNetwork`. Surrogate gradients, and e-prop, are for `LIF`, `AdaptingLIF` and `LI` cells, and for delays
        that are multiples of dt.
    dt : float
        Time step [ms], > 0.
    duration : float or None
        Length of a sample [ms]; None takes the time of the last spike plus 20 ms.
    gain : float
        Factor between potentials [mV], or shares of the sample for "count", and the arguments of the softmax, > 0.
    fading, tau_first, tau_late, late : bool, float, float, float
        As for `SpikingNetwork`; of "spikes", `tau_first` is the time [ms] over which spikes count as near to each other.
    rate_cost, rate_target : float
        Strength of a pull of the number of spikes of each cell, except those of the output, towards a number, >= 0.
    learning_rate, decay : float
        Size of a step, > 0, and the factor by which it changes after each epoch. Weights move by this part of the root
        mean square of those of their projection, all else by this part of what it begins with.
    batch, epochs, patience, validation, clip, threads
        Options of training.
    wake : float
        What is added, after each epoch, to the weights that learn onto cells that were silent in all of it, >= 0, in units
        of the root mean square of the weights of the projection.
    seed : int
        Of the validation set, the batches, and the initial potentials if these are distributions.

    Attributes
    ----------
    classes_, history_, duration_, input_kind_
        As for `SpikingNetwork`.

    Raises
    ------
    TypeError, ValueError
        If a value is out of its range, or the network has something that has no gradient: the message names it.
    EquationError
        If the equations of a model have no adjoint.

    Examples
    --------
    A sparse recurrent network learns which half of its inputs fires first:

    >>> import numpy as np
    >>> import brainsim as bs
    >>> source = bs.Population(8, bs.SpikeTrains([], []), name="source")
    >>> cells, readout = bs.Population(40, bs.LIF(), name="cells"), bs.Population(2, bs.LI(), name="readout")
    >>> net, fast = bs.Network(seed=1), bs.Exponential(tau=5.0)
    >>> into = net.connect(source, cells, bs.FixedProbability(0.5), weight=bs.Normal(300.0, 60.0), delay=1.0, synapse=fast)
    >>> within = net.connect(cells, cells, bs.FixedIndegree(5), weight=20.0, delay=2.0, synapse=fast)
    >>> out = net.connect(cells, readout, bs.AllToAll(), weight=bs.Normal(0.0, 20.0), delay=1.0, synapse=fast)
    >>> rng = np.random.default_rng(1)
    >>> times, labels = rng.uniform(10.0, 20.0, (120, 8)), rng.integers(0, 2, 120)           # ms
    >>> times[labels == 1, :4] -= 8.0
    >>> times[labels == 0, 4:] -= 8.0
    >>> trainer = bs.learn.Trainer(net, readout, dt=0.5, duration=40.0, epochs=12, learning_rate=0.05, validation=0.0)
    >>> trainer.fit(times[:80], labels[:80]).score(times[80:], labels[80:]) > 0.8
    True
    >>> trained = trainer.to_network(times[0])                              # an ordinary network, with this sample as input
    >>> trained.to_sparse("cells->readout").shape
    (40, 2)

    References
    ----------
    As for `SpikingNetwork`; Meszaros, Knight & Nowotny (2025), arXiv:2501.07331 (delays); van Rossum (2001),
    doi:10.1162/089976601300014321 (distance of spike trains).
    """

    net: Network
    output: Any
    learns: Any
    tau_first: float
    _shows_what_is_fixed = False
    _options = OPTIONS | {"loss": one_of_these((*LOSSES, "spikes"))}
    _graph: Graph

    def __init__(
        self,
        net: Network,
        output: Population | str,
        learns: str | Learns | Sequence[str | Learns] = "weight",
        *,
        inputs: Population | str | None = None,
        loss: str = "mean",
        gradient: str = "exact",
        surrogate: str = "fast_sigmoid",
        steepness: float = 10.0,
        feedback: str = "symmetric",
        dt: float = 0.1,
        duration: float | None = None,
        gain: float = 1.0,
        fading: bool = False,
        tau_first: float = 2.0,
        tau_late: float = 40.0,
        late: float = 3e-3,
        rate_cost: float = 0.0,
        rate_target: float = 1.0,
        learning_rate: float = 0.01,
        decay: float = 1.0,
        optimiser: str = "adam",
        batch: int = 32,
        epochs: int = 100,
        patience: int = 20,
        validation: float = 0.1,
        clip: float = 10.0,
        floor: float = 0.0,
        wake: float = 0.02,
        seed: int = 0,
        threads: int = 1,
    ) -> None:
        given = {name: value for name, value in locals().items() if name in self._parameters}
        checked = self._checked(given)
        check_together("Trainer", checked)
        from brainsim.network.network import Network

        if not isinstance(net, Network):
            raise TypeError(f"Trainer.net: must be a Network (got {net!r})")
        with default_arithmetic():
            graph = graph_of(net, output, check_learns(learns, net), checked["dt"], gradient == "exact")
        weights = [item.of for item in graph.learns if item.what == "weight"]
        learned = {wire.post for wire in graph.wires if wire.projection in weights}
        timed = "Trainer.learns: 'delay'" * any(item.what == "delay" for item in graph.learns)
        check_keeps(graph.cells, gradient)
        check_network("Trainer", graph.blocks, graph.wires, learned, timed, checked)
        graph.layout(checked["dt"], MOST_STEPS, checked["seed"])  # which checks bounds
        self._keep(given, checked)
        self._graph, self._input_name = graph, _source_of(graph, inputs)
        self._parts_when_drawn = _parts_of(net)

    def __repr__(self) -> str:
        parts = ", ".join(f"{what} of {name!r}" for what, name in (item.key for item in self._graph.learns))
        return f"Trainer({len(self._graph.blocks)} populations, {parts}, loss={self.loss!r}, gradient={self.gradient!r})"

    def fit(self, X: Any, y: Any, progress: bool | None = None) -> Self:
        """Train from the values in the network on, and return the trainer.

        Parameters
        ----------
        X : array, list or None
            The spikes of `inputs` in each sample: an array (samples, cells) with the time of a spike of each cell [ms], NaN
            or infinity for none; or a list with `Spikes`, or a pair (times, ids), for each sample. None stands for one
            sample, the spikes that the sources of the network send.
        y : array or list
            A label for each sample; with ``loss="sequence"`` a label for each step, or wanted potentials [mV], (samples,
            steps, cells of the output), NaN for none; with ``loss="spikes"`` the wanted spikes of each sample, in one of
            the forms of X.
        progress : bool, optional
            Whether to show a progress bar; by default if training takes long and is watched.

        Raises
        ------
        ValueError, TypeError
            If shapes, labels or times do not fit.
        MemoryError
            If training needs more memory than is free.
        """
        self._forget()
        return self._train(X, y, self.epochs, "Trainer.fit", progress)

    def activity(self, X: Any = None, sample: int = 0) -> dict[str, Spikes]:
        """Return the spikes of one sample, by the name of the population.

        Parameters
        ----------
        X : array or list
            As for `fit`.
        sample : int
            Which one.
        """
        blocks = {name: (0, first, self.net.populations[name].n) for name, first in self._graph.sources.items()}
        cells = zip(self._graph.cells, self._graph.blocks, strict=True)
        blocks |= {cell.name: (b, 0, cell.n) for b, (cell, block) in enumerate(cells, 1) if block.spiking}
        return self._spikes_of(X, sample, blocks, "activity")

    def predict(self, X: Any = None) -> Any:
        """Return the label of each sample; of "sequence" that of each step, or potentials; of "spikes" a list of Spikes."""
        if self.loss != "spikes":
            return super().predict(X)
        cells, name = self._graph.blocks[-1], self._graph.cells[-1].name
        blocks = {name: (len(self._graph.blocks), 0, cells.n)}
        inputs = self._inputs(X, self._name("predict.X"))
        return [found[name] for found in self._events_of(inputs, range(len(inputs)), blocks)]

    def score(self, X: Any, y: ArrayLike) -> float:
        """Return the share of samples, or of labelled steps, that are classified correctly.

        For wanted potentials it is the share of explained variance; for wanted spikes 1 minus the ratio of the distance from
        them to the distance between them and silence.
        """
        if self.loss != "spikes":
            return super().score(X, y)
        wanted = self._targets(y, len(self._inputs(X, self._name("score.X"))), self._name("score.y"))
        silence = wanted.from_silence(self.tau_first)
        if not silence:
            raise ValueError("Trainer.score.y: must have a spike (got none)")
        return 1.0 - self.mean_loss(X, y) * (wanted.offsets.size - 1) / silence

    def gradients(self, X: Any, y: ArrayLike) -> Loss:
        """Return the mean loss of samples, and the mean of the gradients with respect to all that learns.

        Those of "first" and "spikes" have a part that is not a derivative: where a wanted spike is missing, the potential
        of the output is raised, and with "spikes" it is lowered before a spike that no wanted one is near. So is the pull of
        `rate_cost`, which is not in the loss.

        Returns
        -------
        Loss
            ``loss``, and ``parts``: a dict (what, name of the part) -> array, as `parts` returns it.
        """
        return super().gradients(X, y)

    def parts(self) -> dict[tuple[str, Any], np.ndarray]:
        """Return all that learns: (what, name of the part of the network) -> array, such as ``("weight", "exc->out")``.

        Weights and delays are in the order of `Projection.synapses`. The arrays can be changed in place: `predict` and all
        else use them, and `partial_fit` continues from them.
        """
        return super().parts()

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the arguments of the softmax, shape (samples, classes)."""
        if self.loss == "spikes":
            raise ValueError("Trainer.decision_function: there are no classes with loss='spikes'; use predict")
        return super().decision_function(X)

    def to_network(self, x: Any = None) -> Network:
        """Return the network with what was learned: a new one, with the same populations, projections and inputs by name.

        What did not learn is the same. A projection with weights or delays that learned lists its synapses (`FromArrays`),
        in the order of `Projection.synapses`. Weights are learned as float32 and delays in picoseconds, which a run with
        ``precise=True`` keeps; without it delays are rounded to multiples of dt. After surrogate gradients or e-prop, cells
        without a refractory time are ``AdaptingLIF(keeps=1.0)``, for in training they keep what v is above the threshold.

        Parameters
        ----------
        x : array, Spikes, or pair (times, ids), optional
            One sample, which the sources then send.
        """
        from brainsim.learn.spiking.to_network import trained_network

        given = [x] if isinstance(x, tuple | Spikes) else np.asarray(x)[None]
        inputs = None if x is None else self._inputs(given, self._name("to_network.x"))
        self._check_unchanged()
        with computed_values():  # what was learned may be near 0
            on_grid = self.gradient != "exact"
            return trained_network(self._graph, self.parts().values(), self._input_name, inputs, on_grid)

    def save(self, path: str | PathLike[str]) -> None:
        """Raise ValueError: a trainer has no file; keep what `to_network` or `parts` returns, or ``pickle`` it."""
        raise ValueError(
            "Trainer.save: a trainer has no file; keep trainer.to_network(), the arrays of trainer.parts(), or a pickle"
        )

    @property
    def _base_of_v(self):
        return self._graph.blocks[-1].base

    @property
    def _n_inputs(self):
        return self.net.populations[self._input_name].n

    def _check_unchanged(self):
        """Raise ValueError if a part was added to the network, or removed, since its graph was drawn."""
        was, now = ({id(part): part.name for part in parts} for parts in (self._parts_when_drawn, _parts_of(self.net)))
        for key in was.keys() ^ now.keys():
            done = f"lost {was[key]!r}" if key in was else f"got {now[key]!r}"
            raise ValueError(f"Trainer.net: has {done} since the trainer was made; call set_params(), and train again")

    def _sent(self, name):
        """Return times and ids of the spikes that a source of the network sends until the end of a sample."""
        model = self.net.populations[name].model
        until = model.times <= (np.inf if self.duration is None else self.duration)
        return model.times[until], model.ids[until]

    def _as_inputs(self, X, label):
        """Return the spikes of all sources in each sample."""
        graph, name = self._graph, self._input_name
        self._check_unchanged()
        given = [self._sent(name)] if X is None else X
        inputs = inputs_of(given, label, self._n_inputs, f"inputs, the cells of {name!r}")
        if inputs.currents.shape[1]:
            raise ValueError(f"{label}: must be spikes of {name!r}, whose cells take no currents (got three axes)")
        samples, first = len(inputs), graph.sources[name]
        others = [(begin, *self._sent(other)) for other, begin in graph.sources.items() if other != name]
        fixed = [(times, begin + ids) for begin, times, ids in others]
        times, units, sizes = [], [], []
        for k in range(samples):
            part = slice(inputs.offsets[k], inputs.offsets[k + 1])
            t = np.concatenate([inputs.times[part], *(t for t, _ in fixed)])
            u = np.concatenate([inputs.units[part] + first, *(u for _, u in fixed)])
            order = np.argsort(t, kind="stable")
            times.append(t[order])
            units.append(u[order].astype(np.int32))
            sizes.append(t.size)
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        currents = np.zeros((samples, 0, graph.n_in))
        return Inputs(np.concatenate(times), np.concatenate(units), offsets, currents, graph.n_in)

    def _outputs(self, y, samples, steps, label):
        """Set the classes, and return the number of outputs."""
        if self.loss != "spikes":
            return super()._outputs(y, samples, steps, label)
        self.classes_ = np.zeros(0, np.int64)
        return self._graph.blocks[-1].n

    def _targets(self, y, samples, label):
        """Return what is wanted of samples."""
        if self.loss != "spikes":
            return super()._targets(y, samples, label)
        name, n = self._graph.cells[-1].name, self._graph.blocks[-1].n
        first = y[0] if isinstance(y, list | tuple) and y else y
        if not isinstance(first, list | tuple | Spikes) and (y is not first or np.ndim(y) != 2) and np.ndim(first) != 1:
            forms = f"a list with Spikes, or a pair (times, ids), or an array (samples, {n}) with a spike of each cell [ms]"
            raise TypeError(f"{label}: must be the wanted spikes of each sample: {forms} (got {y!r})")
        wanted = inputs_of(y, label, n, f"cells, those of {name!r}")
        if len(wanted) != samples or wanted.currents.shape[1]:
            raise ValueError(f"{label}: must have the wanted spikes of each of {samples} samples (got {len(wanted)})")
        check_end(wanted, self.duration_, label)
        return replace(no_targets(samples, 0), times=wanted.times, cells=wanted.units, offsets=wanted.offsets)

    def _check_outputs(self, outputs, label):
        n = self._graph.blocks[-1].n
        if outputs != n:
            name, what = self._graph.cells[-1].name, "outputs" if self.loss == "sequence" else "classes"
            raise ValueError(f"{label}: has {outputs} {what}, but {name!r} has {n} cells; there must be one for each")

    def _prepare(self, inputs, outputs, steps, label):
        """Return the numbering of the network, and what learns as it is in the network."""
        self._check_outputs(outputs, f"{label}.y")
        layout = self._graph.layout(self.dt, steps, self.seed)
        delay_steps, spikes = layout.longest_delay(layout.fixed), int(1e-3 * BUSY * layout.dt * steps * layout.n_cells)
        from brainsim.learn.spiking.kernels.work import bytes_of_work

        with self._runner_of(layout, inputs) as runner:
            keep, waiting, on_grid = runner.history, runner.waiting, runner.on_grid
        one = bytes_of_work(layout, delay_steps, spikes + inputs.longest, keep, waiting, on_grid) + 8 * layout.size
        needed = one * len(chunks_of(min(self.batch, len(inputs)))) + 40 * layout.size
        if (free := free_memory()) is not None and needed > free:
            hint = "a shorter duration, a larger dt or a smaller batch"
            hint += "; without time constants that learn, and cells of other models, the steps need not be kept" * keep
            from brainsim.features.estimates.table import in_words

            raise MemoryError(f"{label}: takes {in_words(needed)}, but only {in_words(free)} are free; take {hint}")
        return layout, layout.start.copy()


def _parts_of(net):
    return [*net.populations.values(), *net.projections, *net.inputs]


def _source_of(graph, inputs):
    """Return the name of the population whose spikes are the samples."""
    names = list(graph.sources)
    if inputs is None:
        if len(names) > 1:
            raise ValueError(f"Trainer.inputs: there are several sources, {', '.join(map(repr, names))}; name one")
        return names[0]
    name = inputs if isinstance(inputs, str) else getattr(inputs, "name", None)
    if name not in names or not (isinstance(inputs, str) or graph.net.populations[name] is inputs):
        raise ValueError(f"Trainer.inputs: must be a population of SpikeTrains (got {inputs!r}){known_as(inputs, names)}")
    return name
