"""What a `SpikingNetwork` does with samples: fit, predict, score, and what is inside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from brainsim.core.checks import integer, warn_user
from brainsim.engine.progress import Watch
from brainsim.learn.checks import class_labels, classes_in, explained_variance, places_of
from brainsim.learn.estimator import Estimator, Loss
from brainsim.learn.spiking.layers import Layer, Readout, check_delays
from brainsim.learn.spiking.learned import initial_vector
from brainsim.learn.spiking.plan import VectorLayout
from brainsim.learn.spiking.runner import SpikingRunner
from brainsim.learn.spiking.samples import (
    Inputs,
    Targets,
    check_end,
    check_given,
    check_kind,
    check_size,
    inputs_of,
    no_targets,
    sequences_of,
    steps_of,
    warn_of_values,
)
from brainsim.learn.spiking.training import Training, complain
from brainsim.results.spikes import Spikes

AFTER = 20.0  # ms that a sample continues after its last spike, if its duration is not given


class Trainable(Estimator):
    """The methods that take samples; `SpikingNetwork` has the parameters."""

    hidden: tuple[Layer, ...]
    readout: Readout
    loss: str
    gradient: str
    dt: float
    duration: float | None
    floor: float
    batch: int
    epochs: int
    validation: float
    seed: int
    threads: int
    training_: Training
    classes_: np.ndarray
    duration_: float
    input_kind_: str
    history_: dict[str, list[float]]

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
            numbers from 0 and -1 for none, or wanted potentials, (samples, steps, outputs).
        progress : bool, optional
            Whether to show a progress bar; by default if training takes long and is watched.

        Raises
        ------
        ValueError, TypeError
            If shapes, labels or times do not fit.
        """
        self._forget()
        return self._train(X, y, self.epochs, "SpikingNetwork.fit", progress)

    def partial_fit(self, X: Any, y: ArrayLike, epochs: int = 1, progress: bool | None = None) -> Self:
        """Train for some more epochs, from where training is, and return the network.

        ``net.partial_fit(X, y, 2).partial_fit(X, y, 3)`` gives the bits of `fit` with five epochs, also if the network is
        saved and loaded in between.

        Parameters
        ----------
        X, y : array
            As for `fit`.
        epochs : int
            Number of epochs; fewer, or none, if the validation loss has not fallen for `patience` epochs.
        progress : bool, optional
            As for `fit`.
        """
        epochs = integer(epochs, "SpikingNetwork.partial_fit.epochs", at_least=1)
        return self._train(X, y, epochs, "SpikingNetwork.partial_fit", progress)

    def predict(self, X: Any) -> np.ndarray:
        """Return the label of each sample; with ``loss="sequence"`` that of each step, or the potentials."""
        sequence = self._sequence()
        batch = self._run(X, "SpikingNetwork.predict.X", traces=bool(sequence))
        if sequence == "values":
            return batch.traces
        return batch.traces.argmax(axis=2) if sequence else self.classes_[batch.score.argmax(axis=1)]

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the arguments of the softmax, shape (samples, classes)."""
        if self._sequence():
            raise ValueError("SpikingNetwork.decision_function: with loss='sequence' use predict, or potentials")
        return self._run(X, "SpikingNetwork.decision_function.X").score

    def potentials(self, X: Any) -> np.ndarray:
        """Return the potentials of the readout at the end of each step, shape (samples, steps, outputs)."""
        return self._run(X, "SpikingNetwork.potentials.X", traces=True).traces

    def score(self, X: Any, y: ArrayLike) -> float:
        """Return the share of samples, or of labelled steps, that are classified correctly.

        For wanted potentials it is the share of explained variance.
        """
        inputs, sequence = self._inputs(X, "SpikingNetwork.score.X"), self._sequence()
        predicted = self.predict(X)
        if not sequence:
            return float(np.mean(predicted == class_labels(y, len(inputs), "SpikingNetwork.score.y", self.classes_)))
        wanted = sequences_of(y, len(inputs), self._plan.steps, "SpikingNetwork.score.y")
        if sequence == "labels":
            if wanted.max() < 0:
                raise ValueError("SpikingNetwork.score.y: must have a label in at least one step (got only -1, for none)")
            return float(np.mean((predicted == wanted)[wanted >= 0]))
        return explained_variance(predicted, wanted, "SpikingNetwork.score.y")

    def mean_loss(self, X: Any, y: ArrayLike) -> float:
        """Return the mean loss of samples; divide a cross-entropy by ``log(2)`` to have bits."""
        inputs = self._inputs(X, "SpikingNetwork.mean_loss.X")
        targets = self._targets(y, len(inputs), "SpikingNetwork.mean_loss.y")
        with self._runner(inputs, targets) as runner:
            return float(runner.run(self._vector, np.arange(len(inputs)), learn=False).loss.mean())

    def gradients(self, X: Any, y: ArrayLike) -> Loss:
        """Return the mean loss of samples, and the mean of the gradients with respect to everything that can be learned.

        Returns
        -------
        Loss
            ``loss``, and ``parts``: a dict (what, layer) -> array, with layers counted from 0 and the readout as the last
            one; what is "weight", "recurrent", "bias" (of the readout), "delay", "recurrent_delay", "tau_m", "tau_s",
            "tau_a" or "beta"; of a `ModelLayer` also "tau_s" and the parameters of its model, if they learn.
        """
        inputs = self._inputs(X, "SpikingNetwork.gradients.X")
        targets = self._targets(y, len(inputs), "SpikingNetwork.gradients.y")
        with self._runner(inputs, targets) as runner:
            batch = runner.run(self._vector, np.arange(len(inputs)), learn=True, history=True)
        mean = batch.gradient / len(inputs)
        return Loss(float(batch.loss.mean()), {(what, b - 1): self._plan.of(mean, what, b) for what, b in self._plan.shown})

    def parts(self) -> dict[tuple[str, int], np.ndarray]:
        """Return everything that can be learned: (what, layer) -> array, as `gradients` does.

        The arrays can be changed in place: `predict` and all else use them, and `partial_fit` continues from them.
        """
        return {(what, b - 1): self._plan.of(self._vector, what, b) for what, b in self._plan.shown}

    def activity(self, X: Any, sample: int = 0) -> dict[str, Spikes]:
        """Return the spikes of one sample: ``"input"``, ``"hidden0"`` ..., and ``"readout"`` if it fires.

        Parameters
        ----------
        X : array or list
            As for `fit`.
        sample : int
            Which one.
        """
        inputs = self._inputs(X, "SpikingNetwork.activity.X")
        sample = integer(sample, "SpikingNetwork.activity.sample", at_least=0, at_most=len(inputs) - 1)
        with self._runner(inputs, no_targets(len(inputs), self._plan.sizes[-1])) as runner:
            block, cell, time, _ = runner.events(self._vector, sample)
        names = ["input", *(f"hidden{k}" for k in range(len(self.hidden)))] + ["readout"] * self.readout.spiking
        return {
            name: Spikes(time[block == b], cell[block == b], n=self._plan.sizes[b], duration=self.duration_, name=name)
            for b, name in enumerate(names)
        }

    @property
    def _plan(self):
        return self._trained().plan

    @property
    def _vector(self):
        training = self._trained()
        return training.best.values[0] if np.isfinite(training.best.loss) else training.vector

    def _trained(self):
        if not hasattr(self, "training_"):
            raise ValueError("SpikingNetwork: has not been trained; call fit first")
        return self.training_

    def _sequence(self):
        """Return "labels" or "values" of a sequence, "" otherwise."""
        self._trained()
        return "" if self.loss != "sequence" else ("values" if self.classes_.size == 0 else "labels")

    def _inputs(self, X, label) -> Inputs:
        plan = self._plan
        check_kind(X, getattr(self, "input_kind_", None), plan.steps, plan.n_in, label)
        inputs = inputs_of(X, label, plan.n_in)
        self._check_length(inputs, label)
        return inputs

    def _check_length(self, inputs, label):
        check_end(inputs, self.duration_, label)
        steps = round(self.duration_ / self.dt)
        if inputs.currents.shape[1] not in (0, steps):
            raise ValueError(f"{label}: currents must have {steps} steps (got {inputs.currents.shape[1]})")

    def _targets(self, y, samples, label) -> Targets:
        none = no_targets(samples, self._plan.sizes[-1])
        if self.loss == "sequence":
            wanted = sequences_of(y, samples, self._plan.steps, label, self._plan.sizes[-1])
            if (wanted.ndim == 3) != (self._sequence() == "values"):
                raise ValueError(f"{label}: must be {self._sequence()} of steps, as in training (got shape {wanted.shape})")
            if wanted.ndim == 3:
                return Targets(none.label, none.labels, wanted)
            return Targets(none.label, wanted, none.values)
        return Targets(places_of(class_labels(y, samples, label), self.classes_, label), none.labels, none.values)

    def _runner(self, inputs, targets):
        return SpikingRunner(self, self._plan, inputs, targets, self._sequence())

    def _run(self, X, label, traces=False):
        inputs = self._inputs(X, label)
        with self._runner(inputs, no_targets(len(inputs), self._plan.sizes[-1])) as runner:
            return runner.run(self._vector, np.arange(len(inputs)), learn=False, traces=traces)

    def _begin(self, inputs, y, label):
        """Decide on everything that the data decide, and sample the weights."""
        warn_of_values(inputs, self.dt, f"{label}.X")
        steps = inputs.currents.shape[1]
        if self.duration is None:
            self.duration_ = steps * self.dt if steps else float(np.ceil((inputs.latest + AFTER) / self.dt)) * self.dt
        else:
            self.duration_ = self.duration
        steps = steps_of(self.duration_, self.dt, "SpikingNetwork.duration")
        self._check_length(inputs, f"{label}.X")
        outputs = self._outputs(y, len(inputs), steps, f"{label}.y")
        layers = [*self.hidden, replace(self.readout, n=outputs)]
        for before, layer in zip([inputs.n_in, *(layer.n for layer in layers)], layers, strict=False):
            check_delays(layer, before)
        plan, targets = VectorLayout(layers, inputs.n_in, self.dt, steps), no_targets(len(inputs), outputs)
        check_size(plan, f"{label}.X")
        with SpikingRunner(self, plan, inputs, targets, "values" if self.loss == "sequence" else "") as runner:
            vector = initial_vector(plan, runner, np.random.default_rng(self.seed))
        self.training_ = Training(plan, self, vector)
        self.input_kind_ = "currents" if inputs.currents.shape[1] else "spikes"

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
        inputs = self._inputs(X, f"{label}.X") if begun else inputs_of(X, f"{label}.X")
        check_given(inputs, f"{label}.X")
        if not begun:
            self._begin(inputs, y, label)
        training, targets = self.training_, self._targets(y, len(inputs), f"{label}.y")
        training.take_changes()
        if training.finished():
            text = f"the validation loss has not fallen for {training.best.waited} epochs, so no more are trained"
            warn_user(f"{label}: {text}; raise patience to go on, such as net.patience = {2 * training.best.waited}")
            return self
        order = np.random.default_rng(self.seed).permutation(len(inputs))
        held_out = order[: int(self.validation * len(inputs))]
        rows = np.sort(order[held_out.size :])
        with self._runner(inputs, targets) as runner, Watch(epochs, progress, "epochs") as watch:
            for epoch in range(epochs):
                kept = {name: np.array(value) for name, value in training.state().items()}
                try:
                    training.run_epoch(runner, rows, held_out)
                except BaseException:  # such as Ctrl-C: as if the epoch had not begun
                    training.load(kept)
                    raise
                watch.show(epoch + 1)
                if training.finished():
                    break
        self.history_ = training.history
        fit_classes = targets.label[rows] if not begun and self.loss != "sequence" else None
        complain(training, -(-rows.size // self.batch), label, fit_classes)
        return self
