"""Training: epochs of mini-batches, what is skipped, who is silent, when to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.core.checks import warn_user
from brainsim.learn.batches import batches_of
from brainsim.learn.optimisers import OPTIMISERS, Best, descend
from brainsim.learn.spiking.feedback import Feedback
from brainsim.learn.spiking.layout import take_pickled

if TYPE_CHECKING:
    from brainsim.learn.spiking.layout import Layout
    from brainsim.learn.spiking.runner import SpikingRunner

SILENT = 0.8  # share of the cells of a layer that may be silent in an epoch before a warning
LEARNED, FEWEST = 0.95, 5  # share of the loss of guessing that must not be left, after this number of epochs or more


class Training:
    """What changes while a network learns; it can be saved between two epochs, and continues to the bit.

    `vector` is all that is learned, and what might have been. `history` lists, for each epoch, the training loss, the
    validation loss (NaN without one), the spikes per sample, the share of silent cells, and the number of skipped batches.
    """

    def __init__(self, layout: Layout, settings: Any, vector: np.ndarray):
        self.layout, self.settings, self.vector, self.epoch = layout, settings, vector, 0
        self.scale = layout.scales(vector)
        self.optimiser = OPTIMISERS[settings.optimiser]([self.vector])
        symmetric = settings.feedback == "symmetric"
        self.feedback = None if symmetric else Feedback(layout, settings.feedback, settings.seed, vector)
        names = ("loss", "validation_loss", "spikes", "silent", "skipped")
        self.history: dict[str, list[float]] = {name: [] for name in names}
        self._set_best(Best([vector]))
        self.silent: list[tuple[int, int]] = []  # of each layer that fires: silent cells, cells

    def run_epoch(self, runner: SpikingRunner, rows: np.ndarray, held_out: np.ndarray) -> None:
        """Go once through the samples `rows`, in an order that depends on the seed and the epoch alone."""
        s, fired = self.settings, np.zeros(self.layout.n_cells, np.int64)
        order = rows[np.random.default_rng((s.seed, self.epoch)).permutation(rows.size)]
        rate = s.learning_rate * s.decay**self.epoch

        def learn(chosen):
            batch = runner.run(self.vector, chosen, learn=True, feedback=self.feedback)
            np.add(fired, batch.counts.sum(axis=0), out=fired)
            return batch.loss.sum(), [batch.gradient * (self.scale != 0.0) / chosen.size]

        loss, skipped = descend(batches_of(order, s.batch), learn, lambda parts: self._move(parts, rate), s.clip)
        self._wake(fired, runner.must_fire)
        self._note(loss, fired.sum() / order.size, skipped, runner, held_out)
        self.epoch += 1

    def finished(self) -> bool:
        """Return whether the validation loss has not fallen for so long that training stops."""
        return self.best.waited >= self.settings.patience

    def take_changes(self) -> None:
        """Continue from the best weights if they were changed from outside, as those without validation can be."""
        if not np.array_equal(self.best.values[0], self._best_as_found, equal_nan=True):
            self.vector[...] = self.best.values[0]
            self._set_best(Best([self.vector]))

    def state(self) -> dict[str, np.ndarray]:
        """Return all that has to be saved, by name."""
        kept = {"vector": self.vector, "best": self.best.values[0], "epoch": np.array(self.epoch), "scale": self.scale}
        kept |= {"best_loss": np.array(self.best.loss), "waited": np.array(self.best.waited)}
        kept |= {"silent": np.array(self.silent)}
        kept |= {f"history_{name}": np.array(values) for name, values in self.history.items()}
        kept |= {} if self.feedback is None else {"feedback": self.feedback.weights}
        return kept | {f"optimiser{k}": part for k, part in enumerate(self.optimiser.state())}

    def load(self, kept: Any) -> None:
        """Take over what `state` returned."""
        self.vector[...], self.scale = kept["vector"], np.array(kept["scale"])
        self._set_best(Best([kept["best"]], float(kept["best_loss"]), int(kept["waited"])))
        self.epoch = int(kept["epoch"])
        self.silent = [(int(a), int(b)) for a, b in np.reshape(kept["silent"], (-1, 2))]
        self.history = {name: np.array(kept[f"history_{name}"]).tolist() for name in self.history}
        if self.feedback is not None:
            self.feedback.weights[...] = kept["feedback"]
        self.optimiser.load([kept[f"optimiser{k}"] for k in range(len(self.optimiser.state()))])

    __setstate__ = take_pickled

    def _move(self, gradients, rate):
        before = self.vector.copy() if self.layout.bound or self.feedback is not None else None
        self.optimiser.step(gradients, rate * self.scale)
        self.layout.keep_in_range(self.vector, before)
        if self.feedback is not None:
            self.feedback.follow(self.vector, before)
            self.layout.keep_in_range(self.vector, before)

    def _wake(self, fired, asked):
        """Raise the weights onto cells that were silent in the whole epoch, as the gradient cannot, if they should fire."""
        self.silent, begin = [], 0
        for b, block in enumerate(self.layout.blocks, 1):
            quiet = fired[begin : begin + block.n] == 0
            quiet &= asked if block is self.layout.blocks[-1] else True
            begin += block.n
            if block.spiking:
                self.silent.append((int(quiet.sum()), block.n))
                self.layout.wake(self.vector, b, quiet, self.settings.wake)

    def _set_best(self, best):
        """Note the best weights so far; a second copy tells whether the first was changed."""
        self.best, self._best_as_found = best, best.values[0].copy()

    def _note(self, loss, spikes, skipped, runner, held_out):
        validation = np.nan
        if held_out.size:
            validation = float(runner.run(self.vector, held_out, learn=False).loss.mean())
            self.best.note([self.vector], validation)
            self._set_best(self.best)
        share = sum(quiet for quiet, _ in self.silent) / max(sum(n for _, n in self.silent), 1)
        for name, value in zip(self.history, (loss, validation, spikes, share, skipped), strict=True):
            self.history[name].append(float(value))


def complain(training: Training, batches: int, label: str, classes: np.ndarray | None = None) -> None:
    """Warn of skipped batches, of silent layers, and, given the class of each sample, if nothing was learned."""
    counts = training.history["skipped"]
    skipped = int(sum(counts))
    if skipped:
        warn_user(
            f"{label}: {skipped} of {batches * len(counts)} batches had a loss or a gradient that is not finite "
            "and were skipped; lower learning_rate or clip, or set rate_cost"
        )
    firing = [block for block in training.layout.blocks if block.spiking]
    for block, (quiet, n) in zip(firing, training.silent, strict=False):
        last = block is training.layout.blocks[-1]
        if quiet > (0 if last else SILENT * n):
            why = (
                "but spikes of them are wanted" if training.settings.loss == "spikes" else "so their classes are not learned"
            )
            why = why if last else "and silent cells do not learn"
            text = f"{quiet} of the {n} cells of {block.name} did not fire in the last epoch, {why}"
            warn_user(f"{label}: {text}; raise wake, or the initial weights{block.weights}")
            classes = classes if last else None  # the reason is known
    if classes is not None and len(counts) >= FEWEST:
        _warn_of_guessing(training.history["loss"], classes, training.settings.input_kind_ == "spikes", label)


def _warn_of_guessing(losses, classes, of_times, label):
    """Warn if the loss is still about that of guessing by how frequent the classes are."""
    share = np.bincount(classes) / classes.size
    share = share[share > 0.0]
    guessing = -np.sum(share * np.log(share))
    if losses[-1] > LEARNED * guessing:
        warn_user(
            f"{label}: after {len(losses)} epochs the training loss is {losses[-1]:.2f}, and guessing gives {guessing:.2f}, "
            "so little was learned; look at history_['silent'], raise the initial weights (few inputs need large ones) or "
            f"learning_rate{'; numbers of any sign are best given as currents, (samples, steps, inputs)' * of_times}"
        )
