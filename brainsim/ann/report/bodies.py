"""One network, two bodies: `bodies` compares a trained artificial network with the same network in spikes."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from brainsim.ann.conversion.convert import SpikingClassifier, convert
from brainsim.ann.networks.readers import networks_in
from brainsim.ann.report.damage import damage_rows, wanted_damage
from brainsim.ann.report.figures import bodies_figure, draw_panel, panels_of, sample_figure, write_bodies
from brainsim.ann.report.pair import Pair, learn_in_spikes, measured
from brainsim.ann.report.rows import ARTIFICIAL, LEARNED, SPIKING, Row, chosen, combined
from brainsim.ann.report.summary import ENOUGH, SAME, summary, verdict
from brainsim.core.checks import integer, nearest, one_of, warn_user
from brainsim.core.doors import load_or_name
from brainsim.core.files import HTML, writable
from brainsim.core.hints import answers_calls
from brainsim.learn.checked_samples import class_labels
from brainsim.plot.elements.axes import axes_of

UNTIMED = (ARTIFICIAL, LEARNED)  # bodies that have one row
FACTOR = 4.0  # by which the largest values of samples and of training data may differ
USUAL = 32  # steps of damaged networks, and of those that learn in spikes


@dataclass(frozen=True, eq=False, repr=False)
class BodyReport:
    """A network in several bodies, on the same samples: a table of rows, and a figure of it; `bodies` makes it.

    Parameters
    ----------
    T : tuple of int
        Numbers of steps.
    rows : list of Row
        The table; ``pandas.DataFrame(report.rows)`` is a data frame of it.
    pairs : tuple of Pair
        The networks, with their answers to each sample.
    """

    T: tuple[int, ...]
    rows: list[Row]
    pairs: tuple[Pair, ...]

    def __repr__(self) -> str:
        return self.summary()

    def row(self, body: str = SPIKING, T: int | None = None, layer: int | None = None) -> Row:
        """Return the row of a body, or of one of its layers, that answers at the end of T steps.

        Parameters
        ----------
        body : {"artificial", "rates", "spiking", "learned in spikes"}
        T : int, optional
            Number of steps; by default the largest. No effect on a body that has no steps, or one number of its own.
        layer : int, optional
            0 for the inputs, 1, 2, ... for hidden layers; by default the whole network.
        """
        found = chosen(self.rows, body=body, layer=layer, damage="", answer="")
        steps = self.T[-1] if T is None else T
        wanted = [row for row in found if row.steps == steps or (len(found) == 1 and (T is None or body in UNTIMED))]
        if not wanted:
            known = {"body": sorted({row.body for row in self.rows}), "T": self.T}
            raise ValueError(f"BodyReport.row: there is no row of {body!r} at T = {T}, layer = {layer} (there are {known})")
        return wanted[0]

    def damaged(self, kind: str, body: str = SPIKING) -> list[Row]:
        """Return the rows of a body under a damage, level by level, in the order of the levels."""
        found = chosen(self.rows, damage=kind, body=body)
        if not found:
            raise ValueError(
                f"BodyReport.damaged: {kind!r} of {body!r} was not measured; write bodies(..., damage=[{kind!r}])"
            )
        return found

    @property
    def accuracy(self) -> np.ndarray:
        """Share of the samples that the spiking networks classify correctly, shape (networks, T)."""
        return np.array([[np.mean(found == pair.y) for found in pair.answers[SPIKING]] for pair in self.pairs])

    @property
    def agreement(self) -> np.ndarray:
        """Share of the samples in which the spiking networks answer as the artificial ones do, shape (networks, T)."""
        return np.array([np.mean(pair.answers[SPIKING] == pair.answers[ARTIFICIAL], axis=1) for pair in self.pairs])

    @property
    def loss(self) -> np.ndarray:
        """Percentage points of accuracy that each spiking network loses against its artificial one, shape (networks, T)."""
        own = np.array([[np.mean(pair.answers[ARTIFICIAL] == pair.y)] for pair in self.pairs])
        return 100.0 * (own - self.accuracy)

    @property
    def enough(self) -> int:
        """The first T at which the accuracy is 99 % of that at the largest T."""
        mean = self.accuracy.mean(axis=0)
        return self.T[int(np.flatnonzero(mean >= ENOUGH * mean[-1])[0])]

    @property
    def same_from(self) -> int | None:
        """The T from which at least 99 % of the answers are those of the artificial network; None if all are too small."""
        few = np.flatnonzero(self.agreement.mean(axis=0) < SAME)
        first = few[-1] + 1 if few.size else 0
        return self.T[first] if first < len(self.T) else None

    def disagreements(self, T: int | None = None, network: int = 0) -> np.ndarray:
        """Return the samples to which the artificial and the spiking network give different answers after T steps.

        Parameters
        ----------
        T : int, optional
            One of the numbers of steps; by default the largest.
        network : int
            Which of several networks.
        """
        pair = self._pair(network, "disagreements")
        if T is not None and T not in self.T:
            raise ValueError(f"BodyReport.disagreements.T: must be one of {self.T} (got {T!r})")
        at = -1 if T is None else self.T.index(T)
        return np.flatnonzero(pair.answers[SPIKING][at] != pair.answers[ARTIFICIAL])

    def summary(self) -> str:
        """Return the table as text: bodies, layers and damages, with a verdict and a caveat."""
        return summary(self)

    @property
    def verdict(self) -> str:
        """What the table says: from which T answers are the same, energy, accuracy, depth, disagreements."""
        return verdict(self)

    @overload
    def plot(self) -> Figure: ...

    @overload
    def plot(self, panel: str, ax: Axes | None = None) -> Axes: ...

    def plot(self, panel: str | None = None, ax: Axes | None = None) -> Figure | Axes:
        """Return a Figure of all panels, or draw one panel and return its Axes.

        Parameters
        ----------
        panel : {"accuracy", "decisions", "rates", "operations", "energy", "errors"} or a damage, optional
            Accuracy against time; when early answers come; rates against activations; operations by layer; energy against
            time; errors of rates; accuracy under a damage that was measured. By default all.
        ax : Axes, optional
            Where the panel is drawn; the current ones by default.
        """
        if panel is None:
            if ax is not None:
                raise ValueError('BodyReport.plot.ax: takes one panel; name it, such as report.plot("accuracy", ax=ax)')
            return bodies_figure(self)
        one_of(panel, panels_of(self), "BodyReport.plot.panel")
        return draw_panel(self, panel, axes_of(ax, "BodyReport.plot"))

    def raster(self, i: int, T: int | None = None, network: int = 0) -> Figure:
        """Return a Figure of sample i: input, activations as bars, spikes of the same units, evidence over time.

        Parameters
        ----------
        i : int
            Index of the sample in X.
        T : int, optional
            Number of steps; by default the largest that was compared.
        network : int
            Which of several networks.
        """
        T = self.T[-1] if T is None else integer(T, "BodyReport.raster.T", at_least=1)
        return sample_figure(self._pair(network, "raster"), self._sample(i, "raster.i"), T)

    def to_html(self, path: str | PathLike[str], examples: int | Sequence[int] | None = None) -> None:
        """Write a self-contained page with the table, the figure and some samples.

        Parameters
        ----------
        path : str or Path
            The file, which must end in ``.html`` or ``.htm``; an existing one is replaced.
        examples : sequence of int, optional
            Samples that are drawn as by `raster`; the first two by default.
        """
        path = writable(path, "BodyReport.to_html.path", HTML)
        some = range(min(2, len(self.pairs[0].y))) if examples is None else np.atleast_1d(examples)
        write_bodies(self, path, [self._sample(i, "to_html.examples") for i in some])

    def page(
        self,
        file: str | PathLike[str] | None = None,
        *,
        T: int | None = None,
        shape: tuple[int, int] | None = None,
        network: int = 0,
        title: str | None = None,
        text: str | None = None,
        sound: tuple[float, float, float] | None = None,
    ) -> Any:
        """Write a page, one file without a need of Python, on which the reader draws and both bodies read it at once.

        The reader silences units and cells, deletes weights and synapses, lets thresholds drift, adds noise to the picture
        and stops both early, and guesses first which one suffers more; ten samples of each class of X tell. The spiking body
        is run by brainsim in WebAssembly, with the bits of `SpikingClassifier.network_for`.

        Parameters
        ----------
        file : str or Path, optional
            The file to write, such as ``"digits.html"``; without it, the page is only returned.
        T : int, optional
            Number of steps of each layer; by default the page has 64 steps in all.
        shape : (int, int), optional
            Height and width of a sample, which is a picture, row by row, 0 where nothing is drawn; by default a square.
        network : int
            Which of several networks.
        title, text : str, optional
            Heading and explanation.
        sound : (float, float, float), optional
            If samples are sounds, with a row for each filter, the highest first, and a column for each moment: the lowest
            and the highest frequency [Hz], and how long a column lasts [ms]. The reader then picks a sound, and hears it, in
            place of drawing.

        Returns
        -------
        Page
            As `brainsim.page` returns it; a notebook shows it.

        Raises
        ------
        ImportError
            If llvmlite is older than 0.46, or the folder ``pages`` was deleted.
        ValueError
            If samples are not pictures, or the network was converted in a way that the page does not show: it needs hidden
            units of ReLU, ``encoder="current"`` and ``schedule="parallel"``.

        Examples
        --------
        >>> import brainsim as bs
        >>> digits = bs.ann.datasets.digits()  # doctest: +SKIP
        >>> mlp = bs.ann.MLP((64,)).fit(digits.X_train, digits.y_train)  # doctest: +SKIP
        >>> report = bs.ann.bodies(mlp, digits.X_test, digits.y_test, calib=digits.X_train)  # doctest: +SKIP
        >>> report.page("digits.html")  # doctest: +SKIP
        Page('digits.html', 107 kB)
        """
        write = load_or_name("brainsim.ann.report.page:write", "BodyReport.page", "pages")
        return write(self._pair(network, "page"), file, T, shape, title, text, sound)

    def _sample(self, i, parameter):
        i, samples = integer(i, f"BodyReport.{parameter}", at_least=0), len(self.pairs[0].y)
        if i >= samples:
            raise ValueError(f"BodyReport.{parameter}: must be below the number of samples, {samples} (got {i})")
        return i

    def _pair(self, network, method):
        return self.pairs[integer(network, f"BodyReport.{method}.network", at_least=0, at_most=len(self.pairs) - 1)]


@answers_calls
def bodies(
    model: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    calib: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    T: int | Sequence[int] = (1, 2, 4, 8, 16, 32, 64),
    damage: bool | str | Sequence[str] | Mapping[str, ArrayLike] = False,
    repeats: int = 5,
    seed: int = 0,
    **options: Any,
) -> BodyReport:
    """Compare a trained artificial network with the same network in spikes, on samples that were not used for training.

    The bodies are the artificial network; its *rates*, which are activations rounded to what a number of spikes can express;
    the *spiking* network that `convert` makes of it; and, with `labels`, a spiking network of the same size that learned
    from the start, a `brainsim.learn.SpikingNetwork`. All get the same samples, and the same damage.

    Parameters
    ----------
    model : any source of `convert`, or a list of them
        A fitted network: an `MLP`, scikit-learn's MLPClassifier, a ``torch.nn.Sequential``, ...; or a list of several for
        the same task, such as ``[bs.ann.MLP(seed=seed).fit(X, y) for seed in range(5)]``, which gives intervals over them.
        Also a `SpikingClassifier` that was converted already.
    X, y : array, shapes (samples, inputs) or (samples, channels, height, width), and (samples,)
        Test data.
    calib : array, as X, optional
        Training data for the thresholds and for early answers; see `convert`.
    labels : array, shape (samples,), optional
        Labels of `calib`: with them a spiking network of the same size learns from the start.
    T : sequence of int
        Numbers of steps.
    damage : bool, str, sequence of str, or dict of str to array
        What is damaged, all of it with True, or some with levels of your own, such as ``{"silenced": [0, 0.5]}``:
        ``"silenced"``, a share of the hidden cells or units; ``"lost"``, a share of the activations or spikes;
        ``"deleted"``, a share of the weights or synapses; ``"weights"``, each times ``1 + level*N(0, 1)``; ``"bits"``, to
        which weights are rounded; ``"inputs"``, plus ``level*N(0, 1)`` times the largest; ``"thresholds"``, times
        ``1 + level*N(0, 1)``, by which the gain of a unit is divided; ``"layers"``, how many hidden layers are used, with
        outputs fitted to those of the whole network. Spiking bodies run for 32 steps, or the number in T that is nearest.
        For a network that learned in spikes, messages are not lost, and all layers are used.
    repeats : int
        Number of random repetitions of a damage.
    seed : int
        Of the damage, which differs between networks and repetitions; of the Poisson encoder; and of networks that learn in
        spikes.
    options
        As for `convert`: norm, v0, reset, encoder, schedule, bias_shift; not if `model` is converted already.

    Returns
    -------
    BodyReport
        ``print(report)`` shows the table, ``report.rows`` has it; ``.plot()`` draws it, ``.raster(i)`` one sample on both
        sides.

    Raises
    ------
    TypeError, ValueError
        As `convert`; also if the network does not classify, or options are given for one that is converted already.

    Warns
    -----
    UserWarning
        If test samples are also calibration samples, on which thresholds and early answers depend; if their values are much
        larger or smaller than those of the calibration samples; if the network does not know some of the labels.

    Examples
    --------
    >>> import brainsim as bs
    >>> data = bs.ann.datasets.digits()
    >>> mlp = bs.ann.MLP(32, epochs=20).fit(data.X_train, data.y_train)
    >>> report = bs.ann.bodies(mlp, data.X_test, data.y_test, calib=data.X_train, T=(4, 32))
    >>> report.row("spiking", T=32).agreement > 0.97
    True
    >>> report.row("spiking", T=32, layer=1).correlation > 0.99
    True

    References
    ----------
    Yik et al. (2025), doi:10.1038/s41467-025-56739-4 (NeuroBench); Horowitz (2014), doi:10.1109/ISSCC.2014.6757323, and Han
    et al. (2015), arXiv:1506.02626 (energy); Davidson & Furber (2021), doi:10.3389/fnins.2021.651141 (most rate codes do not
    save energy); Wilson (1927), doi:10.1080/01621459.1927.10502953 (intervals).
    """
    T = tuple(sorted({integer(steps, "bodies.T", at_least=1) for steps in np.atleast_1d(T)}))
    if not T:
        raise ValueError("bodies.T: must be one number of steps or more (got none)")
    seed, (kinds, repeats) = integer(seed, "bodies.seed", at_least=0), wanted_damage(damage, repeats)
    if labels is not None and calib is None:
        raise ValueError("bodies.labels: are those of calib, which is missing; give calib=X_train, labels=y_train")
    if "layers" in kinds and calib is None:
        raise ValueError("bodies.damage: 'layers' fits outputs to training data; give calib=X_train")
    usual = min(T, key=lambda steps: abs(np.log2(steps / USUAL)))
    pairs, calibs = [], []
    for k, snn in enumerate(_all_converted(model, calib, options)):
        samples, known = snn.checked(X, "bodies.X"), None if calib is None else snn.checked(calib, "bodies.calib")
        answers = class_labels(y, len(samples), "bodies.y", snn.classes_)
        _warn_of_samples(snn, known, samples)
        if unknown := sorted({*answers.tolist()} - {*snn.classes_.tolist()}):
            wrong = int(np.isin(answers, unknown).sum())
            text = f"the network does not know the label {unknown[0]!r}, so {wrong} of {len(answers)} answers must be wrong"
            warn_user(f"bodies.y: {text}; its labels are {', '.join(map(str, snn.classes_))}")
        pair = measured(snn, samples, answers, T, known, seed)
        if labels is not None and known is not None:
            of_calib = class_labels(labels, len(known), "bodies.labels", snn.classes_)
            pair = learn_in_spikes(pair, known, of_calib, usual, seed + k)
        pairs.append(pair)
        calibs.append(known)
    rows = [combined(same, len(pairs[0].y)) for same in zip(*(pair.rows for pair in pairs), strict=True)]
    return BodyReport(T, rows + damage_rows(pairs, kinds, repeats, usual, calibs, seed), tuple(pairs))


def _all_converted(model, calib, options) -> list[SpikingClassifier]:
    """Return the spiking networks of one model or several, which must have equally many layers."""
    networks = [_converted(one, calib, options) for one in networks_in(model)]
    first, *others = (len(snn.plan.layers) - 1 for snn in networks)
    for k, depth in enumerate(others, 1):
        if depth != first:
            text = f"must have {first} hidden layers, as the first of them, since rows are means over networks"
            raise ValueError(f"bodies.model[{k}]: {text} (got {depth})")
    return networks


def _converted(source, calib, options) -> SpikingClassifier:
    """Return the spiking network, after a check of the options."""
    parameters = inspect.signature(convert).parameters.items()
    known = [name for name, parameter in parameters if parameter.kind == parameter.KEYWORD_ONLY]
    for name in options:
        if name not in known:
            raise TypeError(f"bodies: has no option {name!r}{nearest(name, known)}")
    if isinstance(source, SpikingClassifier):
        if options:
            raise TypeError(
                f"bodies.{next(iter(options))}: has no effect on a network that is converted already; pass it to "
                "convert, or pass the artificial network to bodies"
            )
        return source
    snn = convert(source, calib, **options)
    if not isinstance(snn, SpikingClassifier):
        raise TypeError("bodies.model: must be a network that classifies (got one for regression)")
    return snn


def _warn_of_samples(snn, calib, X):
    """Warn if test samples are in other units than calibration samples, or are some of them.

    They are compared to the precision of float32, in which one of them may have been.
    """
    calib, known = snn.calib if calib is None else calib, set()
    if calib is not None:
        own, others = (float(np.abs(values).max()) for values in (X, calib))
        if own > FACTOR * others or others > FACTOR * own:
            text = f"the largest value is {own:g}, and that of calib {others:g}"
            warn_user(f"bodies.X: {text}; give both in the units in which the network was trained")
    for training in (calib, snn.calib):
        known |= set() if training is None else {row.tobytes() for row in (training + 0.0).astype(np.float32)}
    shared = sum(row.tobytes() in known for row in (X + 0.0).astype(np.float32))
    if shared:
        warn_user(
            f"bodies.calib: {shared} of the {len(X)} test samples are calibration samples as well, so the "
            "accuracies may be too high for new samples; calibrate with training data, calib=X_train"
        )
