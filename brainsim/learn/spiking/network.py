"""Networks of spiking cells that learn by the exact gradient of their spike times: `SpikingNetwork`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from brainsim.core.checks import computed_values
from brainsim.core.contexts import within
from brainsim.core.hints import answers_calls
from brainsim.learn.spiking.check_network import check_layers
from brainsim.learn.spiking.from_layers import initial_vector, layout_of
from brainsim.learn.spiking.layers import Layer, Readout, hidden_layers
from brainsim.learn.spiking.options import check_together
from brainsim.learn.spiking.spiking_estimator import SpikingEstimator
from brainsim.results.spikes import Spikes

if TYPE_CHECKING:
    from brainsim.network.network import Network


@answers_calls
class SpikingNetwork(SpikingEstimator):
    """A classifier, or a map from sequences to sequences, made of spiking cells that learn by gradient.

    Layers of leaky integrate-and-fire cells with exponential currents, see `Layer`, are integrated exactly. Spikes have
    exact times within a step, at most one of a cell in each, and arrive at their targets after any delay, so the loss is a
    continuous function of all weights, delays and time constants. Its gradient is exact: an adjoint system, which runs
    backwards in time, carries it from spike to spike, in the manner of EventProp. Where a spike appears or vanishes, the
    derivative does not exist.

    Parameters
    ----------
    hidden : int, Layer, or sequence of them
        The hidden layers; a number means a `Layer` of this many cells.
    readout : Readout
        The last layer. How many cells it has follows from the data.
    loss : {"mean", "max", "first", "count", "sequence"}
        Quantity from which the predicted class is read: the mean potential of each readout, its largest potential, the time
        of its first spike, or its number of spikes so far, averaged over the sample. The loss is the cross-entropy. With
        ``"sequence"`` each step has a label (the loss is the mean cross-entropy of the potentials) or wanted potentials
        (half the mean square of the distance).
    gradient : {"exact", "surrogate", "eprop"}
        The exact gradient; or a surrogate gradient, for which spikes are at the ends of steps, as in most software for
        spiking networks; or that of e-prop, which leaves out what spikes cause in other hidden cells.
    surrogate : {"fast_sigmoid", "sigmoid", "triangle", "atan", "gaussian", "box"}
        The shape of the surrogate derivative of a spike with respect to the potential.
    steepness : float
        Its height at the threshold, and the inverse of its width in units of the distance from v_reset to v_th, > 0. With
        10 to 25 it learns 97 % of the digits, with 1 only 95 %.
    feedback : {"symmetric", "random", "adaptive"}
        By which weights e-prop takes the errors of the readout to hidden cells: those onto the readout, random ones that
        stay, or random ones that change as those onto the readout do, while both decay by 1 % in each update.
    dt : float
        Time step [ms], > 0.
    duration : float or None
        Length of a sample [ms]; None takes the number of steps of currents, or the time of the last spike plus 20 ms.
    gain : float
        Factor between potentials and the arguments of the softmax, > 0.
    fading : bool
        Whether the mean counts early potentials more, by ``exp(-t/duration)``: then silence at the end has less weight.
    tau_first, tau_late, late : float
        Of the loss "first": the softmax is over ``-t/tau_first`` [ms], and ``late*(exp(t/tau_late) - 1)`` is added for the
        spike of the right class.
    rate_cost, rate_target : float
        Strength of a pull of the number of spikes of each hidden cell in a sample towards a number, >= 0. Counts have no
        exact derivative; the potential at existing spikes is shifted instead.
    learning_rate, decay : float
        Size of a step of a weight, > 0, and the factor by which it changes after each epoch. Delays and time constants move
        by this part of their initial values.
    optimiser : {"adam", "sgd"}
        What turns gradients into steps.
    batch, epochs, patience, validation, clip
        Options of training.
    floor : float
        Smallest rise of the potential in the step of a spike that the gradient divides by, >= 0: the derivative of the time
        of a spike that only just happens is very large. 0 is exact and best for layers that are not recurrent; recurrent
        ones may need 0.05.
    wake : float
        What is added, after each epoch, to the weights onto cells that were silent in all of it, >= 0, in units of the root
        mean square of the weights onto their layer.
    seed : int
        Of initial weights, validation set and batches: the same seed gives the same network.
    threads
        Options of training.

    Attributes
    ----------
    classes_ : array
        The labels.
    history_ : dict of str to list
        By epoch: ``loss``, ``validation_loss``, ``spikes`` a sample, the share of ``silent`` cells among those that can
        fire, and the number of batches that were ``skipped`` because a number was not finite.
    duration_ : float
        Length of a sample [ms].
    input_kind_ : {"spikes", "currents"}
        From what it has learned; samples of the other kind are refused.

    Raises
    ------
    ValueError, TypeError
        If a value is out of its range, or values do not go together.

    Examples
    --------
    Eight inputs fire once; in one class four of them come early, in the other class the other four:

    >>> import numpy as np
    >>> import brainsim as bs
    >>> rng = np.random.default_rng(1)
    >>> times, labels = rng.uniform(10.0, 20.0, (200, 8)), rng.integers(0, 2, 200)           # ms
    >>> times[labels == 1, :4] -= 8.0
    >>> times[labels == 0, 4:] -= 8.0
    >>> layer = bs.learn.Layer(30, learns="tau_m", weight=(1.0, 0.7))
    >>> net = bs.learn.SpikingNetwork(layer, epochs=15, learning_rate=0.02, duration=40.0, validation=0.0)
    >>> net.fit(times[:150], labels[:150]).score(times[150:], labels[150:]) > 0.8
    True

    Notes
    -----
    The trained network is an ordinary one: `to_network` returns it with one sample as input, and a simulation with
    ``precise=True`` gives the same spikes.

    References
    ----------
    Wunderlich & Pehle (2021), doi:10.1038/s41598-021-91786-z (the exact gradient); Nowotny, Turner & Knight (2025),
    arXiv:2212.01232 (losses); Neftci, Mostafa & Zenke (2019), doi:10.1109/MSP.2019.2931595 (surrogate
    gradients); Bellec et al. (2020), doi:10.1038/s41467-020-17236-y (e-prop);
    Akrout et al. (2019), arXiv:1904.05391 (adaptive feedback).
    """

    hidden: tuple[Layer, ...]
    readout: Readout

    def __init__(
        self,
        hidden: int | Layer | Sequence[int | Layer] = 128,
        *,
        readout: Readout = Readout(),  # noqa: B008 - it is frozen
        loss: str = "mean",
        gradient: str = "exact",
        surrogate: str = "fast_sigmoid",
        steepness: float = 10.0,
        feedback: str = "symmetric",
        dt: float = 1.0,
        duration: float | None = None,
        gain: float = 10.0,
        fading: bool = False,
        tau_first: float = 2.0,
        tau_late: float = 40.0,
        late: float = 3e-3,
        rate_cost: float = 0.0,
        rate_target: float = 1.0,
        learning_rate: float = 3e-3,
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
        checked = self._checked(given, {"hidden": hidden_layers(hidden)})
        check_together("SpikingNetwork", checked)
        if not isinstance(readout, Readout):
            raise TypeError(f"SpikingNetwork.readout: must be a bs.learn.Readout (got {readout!r})")
        check_layers([*checked["hidden"], readout], checked)
        self._keep(given, checked)

    def __repr__(self) -> str:
        sizes = [f"{layer.n}{'r' if layer.recurrent else ''}" for layer in self.hidden]
        if hasattr(self, "training_"):
            sizes = [str(self.training_.layout.n_in), *sizes, str(self.training_.layout.sizes[-1])]
        return f"SpikingNetwork({'-'.join(sizes)}, loss={self.loss!r}, gradient={self.gradient!r})"

    def fit(self, X: Any, y: ArrayLike, progress: bool | None = None) -> Self:
        """Train from new weights on, and return the network.

        Parameters
        ----------
        X : array or list
            Samples: an array (samples, inputs) with the time of a spike of each input [ms], NaN or infinity for none; an
            array (samples, steps, inputs) with a current for each step; or a list with `Spikes`, or a pair (times, ids), for
            each sample.
        y : array
            A label for each sample, (samples,); with ``loss="sequence"`` a label for each step, (samples, steps), whole
            numbers from 0 and -1 for none, or wanted potentials, (samples, steps, outputs), with NaN for none.
        progress : bool, optional
            Whether to show a progress bar; by default if training takes long and is watched.

        Raises
        ------
        ValueError, TypeError
            If shapes, labels or times do not fit.
        """
        self._forget()
        return self._train(X, y, self.epochs, "SpikingNetwork.fit", progress)

    def activity(self, X: Any, sample: int = 0) -> dict[str, Spikes]:
        """Return the spikes of one sample: ``"input"``, ``"hidden0"`` ..., and ``"readout"`` if it fires.

        Parameters
        ----------
        X : array or list
            As for `fit`.
        sample : int
            Which one.
        """
        names = ["input", *(f"hidden{k}" for k in range(len(self.hidden)))] + ["readout"] * self.readout.spiking
        blocks = {name: (b, 0, n) for b, (name, n) in enumerate(zip(names, self._layout.sizes, strict=False))}
        return self._spikes_of(X, sample, blocks, "activity")

    def counts(self, X: Any) -> list[np.ndarray]:
        """Return the spike counts of the cells: for each hidden layer, and the readout, int64 of shape (samples, cells).

        Parameters
        ----------
        X : array or list
            As for `fit`.
        """
        counts = self._run(X, "SpikingNetwork.counts.X").counts
        return np.split(counts, np.cumsum(self._layout.sizes[1:-1]), axis=1)

    @within(computed_values)
    def to_network(self, x: Any, seed: int = 0) -> Network:
        """Return the network, with one sample as its input, as an ordinary `Network` of `LIF`, `LI` and other cells.

        The populations are ``"input"``, ``"hidden0"``, ``"hidden1"`` ... and ``"readout"``; potentials of a `Layer` are in
        mV, of which a weight of 1 pA makes 1. With ``bs.simulate(net.to_network(x), net.duration_, precise=True)`` the
        spikes are those of the training, but for rounding, of cells that fire at most once in a step of `dt`. Those of a
        `ModelLayer`, which training finds by interpolation, approach each other as `dt` falls. Networks that learned with
        ``gradient="surrogate"`` or ``"eprop"`` have spikes at the ends of steps: they run without `precise`, with
        ``dt=net.dt``, and input spikes count as at the end of their step.

        Cells are silenced by a current that keeps them far below their threshold, ``bs.CurrentInput(-1e6)``.

        Parameters
        ----------
        x : array, Spikes, or pair (times, ids)
            One sample, as an element of what `fit` takes.
        seed : int
            Of the Network, in which nothing is random.

        Returns
        -------
        Network
        """
        from brainsim.learn.spiking.to_network import network_of

        x = np.asarray(x)[None] if isinstance(x, np.ndarray | list) else [x]
        sample = self._inputs(x, "SpikingNetwork.to_network.x")
        return network_of(self._layout, self._vector, sample, self.gradient != "exact", seed)

    def _write(self, path):
        from brainsim.learn.spiking.network_file import save

        save(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str], models: Sequence[type] = ()) -> Self:
        """Return a network from a file that `save` wrote; `partial_fit` continues it to the bit.

        Parameters
        ----------
        path : str or Path
            The file.
        models : sequence of type
            The classes of neurons of each `ModelLayer`: a file holds their names, texts and parameters. Those of brainsim
            may be left out.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, or `save` did not write it; if a class is missing, or is not as it was.
        """
        from brainsim.learn.spiking.network_file import load

        return load(cls, path, models)

    def _prepare(self, inputs, outputs, steps, label):
        """Return the numbering of the network, and sample its weights."""
        layers = [*self.hidden, replace(self.readout, n=outputs)]
        layout = layout_of(layers, inputs.n_in, self.dt, steps, f"{label}.X")
        with self._runner_of(layout, inputs) as runner:
            return layout, initial_vector(layout, layers, runner, np.random.default_rng(self.seed))
