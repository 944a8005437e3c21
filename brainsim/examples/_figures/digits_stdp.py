"""The figure of cells that learned digits by STDP compared with k-means, which learns the same digits here."""

import numpy as np

from brainsim.core.contexts import within
from brainsim.examples.digits_stdp import DATA, LEARNED, PAUSE, PIXELS, SAMPLES, SHOWN, schedule
from brainsim.plot.elements.page_layout import AXES, DARK, note, side_by_side
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON, style
from brainsim.plot.rasters import raster

CLASSES, SIDE = 10, 8
RATE = 0.05  # by which k-means moves a prototype
LABELLED, JUDGED = 500, 150  # samples: cells are labelled by the first, and judged by the next ones, while they learn
EXAMPLES = 6  # test digits in the raster


def counts_of(spikes, copies):
    """Return the spikes of each cell at each sample, shape (copies, samples, cells of one copy)."""
    length = SHOWN + PAUSE
    sample = np.minimum(((spikes.times - 1e-9) // length).astype(int), SAMPLES - 1)
    counts = np.bincount(sample * spikes.n + spikes.ids, minlength=SAMPLES * spikes.n)
    return counts.reshape(SAMPLES, copies, -1).swapaxes(0, 1)


def labels_of(responses, y):
    """Return the class of each unit: that of the samples at which it responds most, shape (units,)."""
    means = [responses[y == k].mean(axis=0) if (y == k).any() else np.zeros(responses.shape[1]) for k in range(CLASSES)]
    return np.argmax(means, axis=0)


def classify(responses, labels):
    """Return the class whose units respond most on average, shape (samples,)."""
    means = [
        responses[:, labels == k].mean(axis=1) if (labels == k).any() else -np.ones(len(responses)) for k in range(CLASSES)
    ]
    return np.argmax(means, axis=0)


def accuracy(responses, y):
    """Return the share of test samples that units recognise which were labelled by training samples."""
    trained, tested = slice(LEARNED, LEARNED + len(DATA.X_train)), slice(LEARNED + len(DATA.X_train), None)
    labels = labels_of(responses[trained], y[trained])
    return (classify(responses[tested], labels) == y[tested]).mean()


def accuracies(responses, y):
    """Return the accuracy of each copy, from its responses and labels."""
    return [accuracy(*copy) for copy in zip(responses, y, strict=True)]


def mean_and_deviation(shares):
    """Return the mean and the standard deviation over copies, the first axis [%]."""
    shares = 100.0 * np.asarray(shares)
    return shares.mean(axis=0), shares.std(axis=0, ddof=1) if len(shares) > 1 else 0.0 * shares[0]


def while_learning(responses, y):
    """Return (samples, accuracy): units labelled by some samples and judged by the next, as they learn."""
    ends = np.arange(LABELLED + JUDGED, LEARNED + 1, JUDGED)
    shares = []
    for end in ends:
        labels = labels_of(responses[end - JUDGED - LABELLED : end - JUDGED], y[end - JUDGED - LABELLED : end - JUDGED])
        shares.append((classify(responses[end - JUDGED : end], labels) == y[end - JUDGED : end]).mean())
    return ends, np.array(shares)


def k_means(n, images, seed=0, rate=RATE):
    """Return prototypes (n, pixels) and responses (samples, n) of k-means that learns from one image after the other.

    The nearest of `n` prototypes moves towards each image by the share `rate` of their difference, up to image `LEARNED`; it
    alone responds. MacQueen (1967), *Some methods for classification and analysis of multivariate observations*.
    """
    rng, responses = np.random.default_rng(seed), np.zeros((len(images), n))
    prototypes = DATA.X_train[rng.choice(len(DATA.X_train), n, replace=False)].copy()
    for sample, image in enumerate(images):
        nearest = np.argmin(((prototypes - image) ** 2).sum(axis=1))
        responses[sample, nearest] = 1.0
        if sample < LEARNED:
            prototypes[nearest] += rate * (image - prototypes[nearest])
    return prototypes, responses


def perceptron_accuracy(images, y):
    """Return the share of test digits that a perceptron recognises after it has seen images with their labels, in order.

    Examples
    --------
    >>> (images,), (y,) = schedule(1, copies=1)
    >>> bool(0.85 < perceptron_accuracy(images[:LEARNED], y[:LEARNED]) < 1.0)
    True

    References
    ----------
    Rosenblatt (1958), doi:10.1037/h0042519.
    """
    weights = np.zeros((CLASSES, images.shape[1] + 1))
    for image, right in zip(np.pad(images, ((0, 0), (0, 1)), constant_values=1.0), y, strict=True):
        said = np.argmax(weights @ image)
        if said != right:
            weights[right] += image
            weights[said] -= image
    return (np.argmax(DATA.X_test @ weights[:, :-1].T + weights[:, -1], axis=1) == DATA.y_test).mean()


@within(style)
def digits_figure(result):
    """Return the figure of k-means compared with networks of several sizes, from the whole run."""
    names = [name for name in result.populations if name.endswith(" cells") and "inhibitory" not in name]
    copies = result.populations[names[0]] // int(names[0].removesuffix(" cells"))
    images, y = schedule(result.stats["network_seed"], copies)
    counts = {result.populations[name] // copies: counts_of(result.spikes[name], copies) for name in names}
    machines = {n: [k_means(n, seen, seed) for seed, seen in enumerate(images)] for n in counts}
    spiking = {n: accuracies(counts[n], y) for n in counts}
    shares = {n: accuracies([responses for _, responses in machines[n]], y) for n in machines}
    perceptron = [perceptron_accuracy(seen[:LEARNED], told[:LEARNED]) for seen, told in zip(images, y, strict=True)]
    figure, (machine, neurons, both) = side_by_side(
        "k-means", "spiking network", caption=_caption(spiking, shares, perceptron), heights=(1.1, 0.9)
    )
    largest = max(counts)
    _first_machine(machine, *machines[largest][0], images[0], y[0])
    _first_network(neurons, result, largest, counts[largest][0], y[0])
    _against_size(both[0], spiking, shares, perceptron)
    _against_samples(both[1], counts[largest], [responses for _, responses in machines[largest]], y)
    return figure


def _caption(spiking, shares, perceptron):
    largest, copies = max(spiking), len(perceptron)
    cells, machine, taught = (
        "{:.1f}\u00a0±\u00a0{:.1f}\u00a0%".format(*mean_and_deviation(found))
        for found in (spiking[largest], shares[largest], perceptron)
    )
    return (
        f"Both see the same {LEARNED:,} digits without their labels, and are then labelled by the {len(DATA.X_train):,} "
        f"training digits and tested with {len(DATA.X_test)} others. {largest} cells recognise {cells}, {largest} "
        f"prototypes of k-means {machine}, and a perceptron, which is taught the labels, {taught}; chance is 10\u00a0%. "
        f"Means and standard deviations (±, bars, bands) are over {copies} copies, each with its own order of digits, "
        "spikes and initial weights; the other panels show the first. Cells have only spikes at random times to "
        "learn from, and a synapse knows only its two cells; k-means compares all pixels."
    )


def _first_machine(axes, prototypes, responses, images, y):
    """Draw the prototypes of k-means, and how near they are to some test digits."""
    known = slice(LEARNED, LEARNED + len(DATA.X_train))
    labels, shown = labels_of(responses[known], y[known]), known.stop + np.arange(EXAMPLES)
    _prototypes(axes[0], prototypes, labels, "Reds", f"{len(prototypes)} prototypes, sorted by label")
    _distances(axes[1], prototypes, labels, images[shown], y[shown])


def _first_network(axes, result, n, counts, y):
    """Draw the weights onto the cells of the first copy, and their spikes at the same digits."""
    known = slice(LEARNED, LEARNED + len(DATA.X_train))
    labels, shown = labels_of(counts[known], y[known]), known.stop + np.arange(EXAMPLES)
    weights = result.weights[f"learning {n}"].values[-1].reshape(PIXELS, n).T
    _prototypes(axes[0], weights, labels, "Blues", f"weights onto {n} cells, sorted by label")
    _raster(axes[1], result.spikes[f"{n} cells"], labels, shown, y[shown])


def _prototypes(ax, rows, labels, colours, title):
    wide = int(np.ceil(np.sqrt(len(rows))))
    canvas = np.full((wide * (SIDE + 1) - 1, wide * (SIDE + 1) - 1), np.nan)
    for place, unit in enumerate(np.argsort(labels, kind="stable")):
        top, left = (SIDE + 1) * (place // wide), (SIDE + 1) * (place % wide)
        canvas[top : top + SIDE, left : left + SIDE] = rows[unit].reshape(SIDE, SIDE) / max(rows[unit].max(), 1e-9)
    ax.imshow(canvas, cmap=colours, vmin=0.0, vmax=1.0, interpolation="nearest")
    ax.set_title(title, fontsize=10)
    ax.set_axis_off()


def _group(ax, labels):
    """Mark the labels of units, which are sorted by them, on the vertical axis."""
    edges = np.searchsorted(np.sort(labels), np.arange(CLASSES + 1))
    full = [k for k in range(CLASSES) if edges[k + 1] - edges[k] > 0.05 * len(labels)]
    ax.set_yticks([0.5 * (edges[k] + edges[k + 1]) - 0.5 for k in full], [str(k) for k in full], fontsize=8)
    ax.tick_params(axis="y", length=0)
    ax.hlines(edges[1:-1] - 0.5, 0.0, 1.0, transform=ax.get_yaxis_transform(), color=FAINT, linewidth=0.4)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.set_ylabel("label")


def _distances(ax, prototypes, labels, images, y):
    order = np.argsort(labels, kind="stable")
    nearness = -np.sqrt(((prototypes[order][:, None] - images[None]) ** 2).sum(axis=2))
    ax.imshow(
        nearness, cmap="Reds", aspect="auto", interpolation="nearest", extent=(-0.5, len(y) - 0.5, len(labels) - 0.5, -0.5)
    )
    best = nearness.argmax(axis=0)
    ax.plot(np.arange(len(y)), best, "s", color="black", markersize=4, markerfacecolor="none")
    _group(ax, labels)
    ax.set_xticks(np.arange(len(y)), [str(digit) for digit in y])
    ax.set_xlabel("test digits (square: the nearest prototype)")
    ax.set_title("how near the prototypes are", fontsize=10)


def _raster(ax, spikes, labels, shown, y):
    length, order = SHOWN + PAUSE, np.argsort(labels, kind="stable")
    begin, end = shown[0] * length, (shown[-1] + 1) * length
    if spikes.stop > begin:
        raster(spikes.of(order), ax=ax, window=(begin, end), color=NEURON)
    for k in range(len(y)):
        ax.axvspan(begin + k * length, begin + k * length + SHOWN, color=FAINT, alpha=0.2, linewidth=0.0, zorder=0)
    _group(ax, labels)
    ax.set_xticks(begin + np.arange(len(y)) * length + 0.5 * SHOWN, [str(digit) for digit in y])
    ax.set_xlabel("test digits (grey: 350 ms)")
    ax.set_title("spikes of the cells", fontsize=10)


def _against_size(ax, spiking, shares, perceptron):
    sizes = list(spiking)
    taught, _ = mean_and_deviation(perceptron)
    ax.axhline(taught, color=DARK, linewidth=0.9, linestyle=":", label="perceptron, taught")
    for found, mark, colour, label in ((shares, "s--", MACHINE, "k-means"), (spiking, "o-", NEURON, "spiking")):
        means, deviations = zip(*(mean_and_deviation(found[n]) for n in sizes), strict=True)
        ax.errorbar(sizes, means, deviations, fmt=mark, color=colour, markersize=3.5, elinewidth=1.0, capsize=3, label=label)
    ax.axhline(10.0, color=FAINT, linewidth=0.8, zorder=0)
    note(ax, "chance", (1.0, 10.0), (-2, 3), x=AXES, ha="right")
    ax.set_xscale("log")
    ax.set_xticks(sizes, [str(n) for n in sizes])
    ax.set_xticks([], minor=True)
    ax.set(ylim=(0.0, 102.0), xlabel="cells or prototypes", ylabel="test accuracy [%]")
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 0.16))


def _against_samples(ax, counts, responses, y):
    for side, mark, colour in ((responses, "s--", MACHINE), (counts, "o-", NEURON)):
        ends, shares = zip(*(while_learning(*copy) for copy in zip(side, y, strict=True)), strict=True)
        means, deviations = mean_and_deviation(shares)
        ax.fill_between(ends[0], means - deviations, means + deviations, color=colour, alpha=0.2, linewidth=0.0)
        ax.plot(ends[0], means, mark, color=colour, markersize=4)
    ax.axhline(10.0, color=FAINT, linewidth=0.8, zorder=0)
    ax.set(ylim=(0.0, 102.0), xlim=(0.0, LEARNED), xlabel="digits seen", ylabel="accuracy meanwhile [%]")
