"""Training and prediction of networks of spiking cells, shared by SpikingNetwork and Trainer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from brainsim.core.checks import integer, warn_user
from brainsim.engine.loop.progress import Watch
from brainsim.learn.checked_samples import class_labels, classes_in, explained_variance, places_of
from brainsim.learn.estimator import Estimator, Loss
from brainsim.learn.spiking.layout import take_pickled
from brainsim.learn.spiking.options import OPTIONS
from brainsim.learn.spiking.runner import SpikingRunner
from brainsim.learn.spiking.samples import (
    Inputs,
    Targets,
    check_end,
    check_given,
    check_kind,
    inputs_of,
    no_targets,
    sequences_of,
    steps_of,
    warn_of_values,
)
from brainsim.learn.spiking.training import Training, complain
from brainsim.results.spikes import Spikes

AFTER = 20.0  # ms that a sample continues after its last spike, if its duration is not given


class SpikingEstimator(Estimator):
    """A network of spiking cells that learns from samples: what `SpikingNetwork` and `Trainer` have in common.

    A subclass says in `_prepare` how the network is numbered, and with which vector it begins.
    """

    loss: str
    gradient: str
    dt: float
    duration: float | None
    floor: float
    threads: int
    training_: Training
    classes_: np.ndarray
    duration_: float
    input_kind_: str
    history_: dict[str, list[float]]
    _options = OPTIONS
    _takes_nan = True
    _shows_what_is_fixed = True  # whether `parts` has time constants that do not learn
    __setstate__ = take_pickled

    def partial_fit(self, X: Any, y: ArrayLike, epochs: int = 1, progress: bool | None = None) -> Self:
        """Train for some more epochs, from where training is, and return the network.

        ``net.partial_fit(X, y, 2).partial_fit(X, y, 3)`` gives the bits of `fit` with five epochs, also if the network is
        saved and loaded in between.

        Parameters
        ----------
        X, y : array
            As for `fit`.
        epochs : int
            Number of epochs; fewer, or none, if the validation loss has not fallen for `patience` epochs. With 0 nothing
            changes, but what the network does before training can be looked at.
        progress : bool, optional
            As for `fit`.
        """
        epochs = integer(epochs, self._name("partial_fit.epochs"), at_least=0)
        return self._train(X, y, epochs, self._name("partial_fit"), progress)

    def predict(self, X: Any) -> np.ndarray:
        """Return the label of each sample; with ``loss="sequence"`` that of each step, or the potentials."""
        sequence = self._sequence()
        batch = self._run(X, self._name("predict.X"), traces=bool(sequence))
        if sequence == "values":
            return batch.traces + self._base_of_v
        return batch.traces.argmax(axis=2) if sequence else self.classes_[batch.score.argmax(axis=1)]

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the arguments of the softmax, shape (samples, classes)."""
        if self._sequence():
            raise ValueError(f"{self._name('decision_function')}: with loss='sequence' use predict, or potentials")
        return self._run(X, self._name("decision_function.X")).score

    def potentials(self, X: Any) -> np.ndarray:
        """Return the potentials of the readout at the end of each step, shape (samples, steps, outputs)."""
        return self._run(X, self._name("potentials.X"), traces=True).traces + self._base_of_v

    def score(self, X: Any, y: ArrayLike) -> float:
        """Return the share of samples, or of labelled steps, that are classified correctly.

        For wanted potentials it is the share of explained variance.
        """
        inputs, sequence = self._inputs(X, self._name("score.X")), self._sequence()
        predicted = self.predict(X)
        if not sequence:
            return float(np.mean(predicted == class_labels(y, len(inputs), self._name("score.y"), self.classes_)))
        wanted = sequences_of(y, len(inputs), self._layout.steps, self._name("score.y"))
        if sequence == "labels":
            if wanted.max() < 0:
                raise ValueError(f"{self._name('score.y')}: must have a label in at least one step (got only -1, for none)")
            return float(np.mean((predicted == wanted)[wanted >= 0]))
        return explained_variance(predicted, wanted, self._name("score.y"))

    def mean_loss(self, X: Any, y: ArrayLike) -> float:
        """Return the mean loss of samples; divide a cross-entropy by ``log(2)`` to have bits."""
        inputs = self._inputs(X, self._name("mean_loss.X"))
        targets = self._targets(y, len(inputs), self._name("mean_loss.y"))
        with self._runner(inputs, targets) as runner:
            return float(runner.run(self._vector, np.arange(len(inputs)), learn=False).loss.mean())

    def gradients(self, X: Any, y: ArrayLike) -> Loss:
        """Return the mean loss of samples, and the mean of the gradients with respect to everything that can be learned.

        Returns
        -------
        Loss
            ``loss``, and ``parts``: a dict (what, layer) -> array, with layers counted from 0 and the readout as the last
            one; what is "weight", "recurrent", "bias" (of the readout), "delay", "recurrent_delay", "tau_m", "tau_s",
            "tau_a" or "beta"; of a `ModelLayer` also "tau_s" and the parameters of its model, if they learn. With the loss
            "first" the gradient also raises the potential of an output that should fire and does not.
        """
        inputs = self._inputs(X, self._name("gradients.X"))
        targets = self._targets(y, len(inputs), self._name("gradients.y"))
        with self._runner(inputs, targets) as runner:
            feedback = self.training_.feedback
            batch = runner.run(
                self._vector, np.arange(len(inputs)), True, history=self._shows_what_is_fixed, feedback=feedback
            )
        mean = batch.gradient / len(inputs)
        return Loss(float(batch.loss.mean()), self._layout.shown(mean))

    def parts(self) -> dict[tuple[str, int], np.ndarray]:
        """Return everything that can be learned: (what, layer) -> array, as `gradients` does.

        The arrays can be changed in place: `predict` and all else use them, and `partial_fit` continues from them.
        """
        return self._layout.shown(self._vector)

    @property
    def n_features_in_(self) -> int:
        """Number of inputs of a sample; as in scikit-learn, it is there only after `fit`."""
        self._trained()
        return self._n_inputs

    @property
    def _layout(self):
        return self._trained().layout

    @property
    def _vector(self):
        training = self._trained()
        return training.best.values[0] if np.isfinite(training.best.loss) else training.vector

    def _trained(self):
        return self._learned("training_", ", or partial_fit(X, y, 0), which moves nothing")

    def _sequence(self):
        """Return "labels" or "values" of a sequence, "" otherwise."""
        self._trained()
        return "" if self.loss != "sequence" else ("values" if self.classes_.size == 0 else "labels")

    def _inputs(self, X, label) -> Inputs:
        check_kind(X, getattr(self, "input_kind_", None), self._layout.steps, self._n_inputs, label)
        inputs = self._as_inputs(X, label)
        self._check_length(inputs, label)
        return inputs

    @property
    def _n_inputs(self):
        """Number of inputs of a sample, None if it follows from the first samples."""
        return self._layout.n_in if hasattr(self, "training_") else None

    @property
    def _base_of_v(self):
        """What is added to potentials of the kernels."""
        return 0.0

    def _as_inputs(self, X, label):
        """Return samples as the kernels take them."""
        return inputs_of(X, label, self._n_inputs)

    def _check_length(self, inputs, label):
        check_end(inputs, self.duration_, label)
        steps = round(self.duration_ / self.dt)
        if inputs.currents.shape[1] not in (0, steps):
            raise ValueError(f"{label}: currents must have {steps} steps (got {inputs.currents.shape[1]})")

    def _targets(self, y, samples, label) -> Targets:
        none = no_targets(samples, self._layout.sizes[-1])
        if self.loss == "sequence":
            wanted = sequences_of(y, samples, self._layout.steps, label, self._layout.sizes[-1])
            if (wanted.ndim == 3) != (self._sequence() == "values"):
                raise ValueError(f"{label}: must be {self._sequence()} of steps, as in training (got shape {wanted.shape})")
            if wanted.ndim == 3:
                return replace(none, values=wanted - self._base_of_v if self._base_of_v else wanted)
            return replace(none, labels=wanted)
        return replace(none, label=places_of(class_labels(y, samples, label), self.classes_, label))

    def _runner(self, inputs, targets):
        return SpikingRunner(self, self._layout, inputs, targets, self._sequence())

    def _runner_of(self, layout, inputs):
        """Return a runner before training has begun, without targets."""
        nothing = no_targets(len(inputs), layout.sizes[-1])
        return SpikingRunner(self, layout, inputs, nothing, "values" if self.loss == "sequence" else "")

    def _run(self, X, label, traces=False):
        inputs = self._inputs(X, label)
        with self._runner(inputs, no_targets(len(inputs), self._layout.sizes[-1])) as runner:
            return runner.run(self._vector, np.arange(len(inputs)), learn=False, traces=traces)

    def _begin(self, inputs, y, label):
        """Decide on everything that the data decide, and make the vector of all that learns."""
        warn_of_values(inputs, self.dt, f"{label}.X")
        steps = inputs.currents.shape[1]
        if self.duration is None:
            self.duration_ = steps * self.dt if steps else float(np.ceil((inputs.latest + AFTER) / self.dt)) * self.dt
        else:
            self.duration_ = self.duration
        steps = steps_of(self.duration_, self.dt, f"{type(self).__name__}.duration")
        self._check_length(inputs, f"{label}.X")
        outputs = self._outputs(y, len(inputs), steps, f"{label}.y")
        layout, vector = self._prepare(inputs, outputs, steps, label)
        self.training_ = Training(layout, self, vector)
        self.input_kind_ = "currents" if inputs.currents.shape[1] else "spikes"

    def _prepare(self, inputs, outputs, steps, label):
        """Return the numbering of the network, and the vector with which it begins."""
        raise NotImplementedError

    def _name(self, method):
        return f"{type(self).__name__}.{method}"

    def _spikes_of(self, X, sample, blocks, method):
        """Return name -> spikes of a sample, of the cells `blocks`: name -> (block, first cell, number of cells)."""
        inputs = self._inputs(X, self._name(f"{method}.X"))
        sample = integer(sample, self._name(f"{method}.sample"), at_least=0, at_most=len(inputs) - 1)
        return next(self._events_of(inputs, [sample], blocks))

    def _events_of(self, inputs, samples, blocks):
        """Yield what `_spikes_of` returns, for each of some samples."""
        with self._runner(inputs, no_targets(len(inputs), self._layout.sizes[-1])) as runner:
            for sample in samples:
                block, cell, time, _ = runner.events(self._vector, sample)
                found = {}
                for name, (b, first, n) in blocks.items():
                    own = (block == b) & (cell >= first) & (cell < first + n)
                    found[name] = Spikes(time[own], cell[own] - first, n=n, duration=self.duration_, name=name)
                yield found

    def _outputs(self, y, samples, steps, label):
        """Set the classes, and return the number of readouts."""
        if self.loss != "sequence":
            self.classes_ = classes_in(class_labels(y, samples, label), label)
            return self.classes_.size
        wanted = sequences_of(y, samples, steps, label)
        self.classes_ = np.arange(0 if wanted.ndim == 3 else wanted.max() + 1)
        if wanted.ndim == 2 and self.classes_.size < 2:
            raise ValueError(f"{label}: must have at least two classes (got {self.classes_.size})")
        return wanted.shape[2] if wanted.ndim == 3 else self.classes_.size

    def _train(self, X, y, epochs, label, progress):
        """Train for some epochs; the present weights are those with the smallest validation loss at the end."""
        begun = hasattr(self, "training_")
        inputs = self._inputs(X, f"{label}.X") if begun else self._as_inputs(X, f"{label}.X")
        check_given(inputs, f"{label}.X")
        if not begun:
            self._begin(inputs, y, label)
        training, targets = self.training_, self._targets(y, len(inputs), f"{label}.y")
        training.take_changes()
        if training.finished():
            text = f"the validation loss has not fallen for {training.best.waited} epochs, so no more are trained"
            warn_user(f"{label}: {text}; raise patience to continue, such as net.patience = {2 * training.best.waited}")
            return self
        rows, held_out = self._split(len(inputs), np.random.default_rng(self.seed))
        rows = np.sort(rows)
        with self._runner(inputs, targets) as runner, Watch(epochs, progress, "epochs") as watch:
            for epoch in range(epochs):
                kept = {name: np.array(value) for name, value in training.state().items()}
                try:
                    training.run_epoch(runner, rows, held_out)
                except BaseException:  # such as Ctrl-C: as if the epoch had not begun
                    training.load(kept)
                    self.history_ = training.history
                    raise
                watch.show(epoch + 1)
                if training.finished():
                    break
        self.history_ = training.history
        fit_classes = targets.label[rows] if not begun and self.classes_.size and self.loss != "sequence" else None
        complain(training, -(-rows.size // self.batch), label, fit_classes)
        return self
