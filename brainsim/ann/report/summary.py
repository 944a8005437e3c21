"""A comparison as text: a table of the bodies, one of the layers, one of the damages, and what they mean."""

import numpy as np

from brainsim.ann.conversion.thresholds import DRIVE_BITS, SPIKE_BITS
from brainsim.ann.report.damage import DAMAGES
from brainsim.ann.report.rows import AC, ARTIFICIAL, BODIES, DRAM, MAC, SPIKING, SRAM, chosen

ENOUGH, SAME = 0.99, 0.99  # of the accuracy at the largest T; of the answers
TOLERATED = 0.5  # points of accuracy
SHOWN = 4  # samples in which bodies disagree
CAVEAT = (
    f"Energy is counted, not measured: {MAC} pJ for a multiplication with addition, {AC} pJ for an addition (45 nm).\n"
    f"'Moved' adds {SRAM:g} pJ for each 32-bit word from a small memory on the chip. A word from a memory outside takes "
    f"{DRAM:g} pJ."
)
EXPLAINED = (
    "rates: the artificial network with activations rounded to the T + 1 values that 0 to T spikes can express",
    f"weights of spikes are rounded to {SPIKE_BITS} bits and input currents to {DRIVE_BITS}, so that sums do not depend on "
    "their order",
    "time is from stimulus onset to the answer; a step takes 1 ms",
)
HEAD = (
    "body                      T  time [ms]  correct [%]  95 % interval  same [%]     spikes      MACs       ACs     words  "
    "energy [nJ]   moved"
)
LAYERS = (
    "layer  body                units  synapses     active    spikes       MACs       ACs  correlation  error  bound  "
    "counted at [ms]"
)


def summary(report):
    """Return the text of `BodyReport`."""
    first = report.pairs[0]
    sizes = [first.snn.plan.layers[0].weight.shape[0], *(layer.bias.size for layer in first.snn.plan.layers)]
    nets = f"{len(report.pairs)} networks, means over them" if len(report.pairs) > 1 else "one network"
    return "\n".join(
        [
            f"{'-'.join(map(str, sizes))}: {nets}; {len(first.y)} test samples; costs are for one sample",
            HEAD,
            *(_line(row) for body in BODIES for row in chosen(report.rows, body=body, layer=None, damage="")),
            *EXPLAINED,
            "",
            LAYERS,
            *(_layer(row) for row in _layers(report)),
            "error, bound: largest distance of a rate from its activation, and the largest that is possible, in thresholds",
            "",
            *_damages(report),
            report.verdict,
            CAVEAT,
        ]
    )


def _line(row):
    body = row.body if not row.answer else f"{row.body}, {row.answer}"
    steps = _number(row.steps, ".0f" if row.steps == row.steps // 1 else ".1f")
    shares = f"{100 * row.accuracy:6.2f}       {100 * row.low:5.1f} - {100 * row.high:5.1f}    {100 * row.agreement:6.2f}"
    costs = [_number(value, ",.0f").rjust(9) for value in (row.spikes, row.macs, row.acs, row.words)]
    joules = [_number(1e-3 * value, ",.1f") for value in (row.energy, row.energy_moved)]
    return (
        f"{body:22s}{steps:>5s}  {_number(row.time, '.1f'):>9s}       {shares}  {' '.join(costs)}  "
        f"{joules[0]:>11s} {joules[1]:>7s}"
    )


def _layers(report):
    """Return the rows of layers, at the largest T, layer by layer."""
    rows = chosen(report.rows, damage="")
    own = [row for row in rows if row.layer == row.layer and row.steps not in report.T[:-1]]
    return sorted(own, key=lambda row: (row.layer, BODIES.index(row.body)))


def _layer(row):
    counted = f"{row.begin:g} < t <= {row.end:g}" if row.begin == row.begin else ""
    values = [_number(getattr(row, name), ",.0f") for name in ("units", "synapses")]
    shares = [f"{100 * row.active:.1f} %" if row.active == row.active else ""]
    costs = [_number(getattr(row, name), ",.1f") for name in ("spikes", "macs", "acs")]
    fits = [_number(getattr(row, name), form) for name, form in (("correlation", ".4f"), ("error", ".3f"), ("bound", ".2f"))]
    widths = (8, 9, 10, 9, 10, 9, 12, 6, 6)
    text = " ".join(value.rjust(width) for value, width in zip([*values, *shares, *costs, *fits], widths, strict=True))
    return f"{row.layer:<6.0f} {row.body:17s}{text}  {counted}".rstrip()


def _damages(report):
    """Yield a table for each damage: levels, and the accuracy of each body with its interval."""
    for kind, about in DAMAGES.items():
        rows = chosen(report.rows, damage=kind)
        if not rows:
            continue
        levels = list(dict.fromkeys(row.level for row in rows))
        yield f"{about.label:40s}" + "".join(f"{level:>16g}" for level in levels)
        for body in BODIES:
            own = chosen(rows, body=body)
            if own:
                cells = (f"{100 * row.accuracy:.1f} ({100 * row.low:.0f}-{100 * row.high:.0f})" for row in own)
                yield f"  {body + ', correct [%]':38s}" + "".join(f"{cell:>16s}" for cell in cells)
        yield ""


def verdict(report):
    """Return what the table says: time, energy, accuracy, depth, and where the bodies disagree."""
    lines = [*_same(report), *_energy(report), *_early(report), _lost(report), *_depth(report), *_disagreements(report)]
    return "\n".join(lines)


def _same(report):
    steps = report.same_from
    told = "At no T are" if steps is None else f"From T = {steps} on"
    share = f"{100 * SAME:.0f} % of the answers"
    yield f"{told} {share} the same." if steps is None else f"{told} at least {share} are the same in both bodies."


def _energy(report):
    first, own = report.enough, report.row(ARTIFICIAL)
    row = report.row(SPIKING, first)
    ratio, moved = row.energy / max(own.energy, 1e-300), row.energy_moved / max(own.energy_moved, 1e-300)
    yield (
        f"At T = {first}, the first with 99 % of the accuracy at T = {report.T[-1]}, the spiking network takes {ratio:.2f} "
        f"times the arithmetic energy of the artificial network: {'less' if ratio < 1 else 'more'}."
    )
    yield f"With memory traffic it takes {moved:.2f} times the energy."
    higher = [T for T in report.T if report.row(SPIKING, T).energy > own.energy]
    if higher and higher[0] > first:
        yield f"From T = {higher[0]} on its arithmetic takes more."


def _early(report):
    for row in report.rows:
        if row.answer:
            how = "as soon as one output leads" if row.answer == "margin" else "by the first spike of an output"
            yield f"Answers {how}: after {row.time:.1f} ms on average, {100 * row.accuracy:.2f} % correct."


def _lost(report):
    """Return a sentence about the accuracy that the spiking network loses at each T."""
    loss, T = report.loss.mean(axis=0), report.T
    noticeable, worst = (
        [str(steps) for steps, points in zip(T, loss, strict=True) if points > TOLERATED],
        int(np.argmax(loss)),
    )
    if not noticeable:
        return f"The spiking network loses at most {max(loss[worst], 0.0):.2f} points of accuracy, at T = {T[worst]}."
    return (
        f"The spiking network loses more than half a point of accuracy at T = {', '.join(noticeable)}; most, "
        f"{loss[worst]:.2f} points, at T = {T[worst]}."
    )


def _depth(report):
    """Yield a line if rates follow activations less closely in the deepest layer than in the first."""
    rows = chosen(report.rows, body=SPIKING, steps=report.enough, damage="")
    found = [row.correlation for row in rows if row.layer >= 1]
    if len(found) > 1 and found[-1] < found[0]:
        yield (
            f"Errors grow with depth: at T = {report.enough} rates and activations are correlated by {found[0]:.4f} in "
            f"layer 1, by {found[-1]:.4f} in layer {len(found)}."
        )


def _disagreements(report):
    pair, found = report.pairs[0], report.disagreements()
    if not len(found):
        yield f"At T = {report.T[-1]} both give the same answer to every sample."
        return
    some = [f"{i} ({pair.y[i]}: {pair.answers[ARTIFICIAL][i]}, {pair.answers[SPIKING][-1][i]})" for i in found[:SHOWN]]
    more = "" if len(found) <= SHOWN else f", and {len(found) - SHOWN} more"
    yield (
        f"At T = {report.T[-1]} they disagree about {len(found)} of {len(pair.y)} samples (label: artificial, spiking): "
        f"{', '.join(some)}{more}."
    )


def _number(value, form):
    return "-" if value != value else format(value, form)
