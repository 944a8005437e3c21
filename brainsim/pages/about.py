"""What the page says and shows of a simulation: parts with their colours, variables, weights, controls; a dict for JSON."""

import numpy as np

import brainsim
from brainsim.engine.recorders.requests import unit_of
from brainsim.pages.digest import BLOCK, chain_of, kinds_that_learn, spikes_since_start, state_rows
from brainsim.results.colours import colour, parts_of, place_among

CONTRACT = 1  # of the dict, which the viewer reads
BINS = 60  # of a histogram of weights
FEW = 200  # weights that are shown themselves, not as a histogram
MARGIN = 0.05  # of the range of weights that have no bounds


def about(sim, export, title, text, seconds, pace):
    """Return the dict, without what is known when the positions of controls are found."""
    layout = sim._layout
    parts = parts_of({name: member.n for name, member in layout.members.items()}, sim._described.views)
    populations, order, row = [], [], 0
    for part in parts:
        first = layout.members[part.population].first + part.start
        order.append([first, first + part.stop - part.start, row])
        populations.append(_population(layout, part, row))
        row += part.stop - part.start
    shown, places = _variables(sim, export, parts)
    learning = kinds_that_learn(sim)
    state = [[export.address_in_state(place), n * sim._run.shared.state.itemsize] for place, n in state_rows(layout)]
    export.engine |= {"order": order, "variables": places, "state": state, "chain": _chain(sim)}
    export.engine["weights"] = [
        export.place_of(kind.columns()["w"]) | {"reading": export.reading_of(kind)} for kind in learning
    ]
    return {
        "contract": CONTRACT,
        "brainsim": brainsim.__version__,
        "title": title,
        "text": text,
        "dt": sim.dt,
        "start": sim._run.step,
        "seconds": seconds,
        "pace": pace,
        "rows": row,
        "synapses": sim.n_synapses,
        "populations": populations,
        "variables": shown,
        "weights": [_weights(kind, _colour_of(kind.block.projection.pre, parts)) for kind in learning],
    }


def _population(layout, part, row):
    return {
        "name": part.label,
        "first": row,
        "size": part.stop - part.start,
        "colour": colour(part.place),
        "sends_only": not layout.variables(part.population),
        "population": part.population,
    }


def _variables(sim, export, parts):
    """Return what the page says of each variable of each part, and where the engine reads it; voltages come first."""
    layout, found = sim._layout, []
    for k, part in enumerate(parts):
        for variable in layout.variables(part.population):
            place, _ = layout.state_row(part.population, variable, "page")
            threshold = sim._described.thresholds.get(part.population) if variable == "v" else None
            shown = {"name": variable, "unit": unit_of(layout, part.population, variable), "population": k}
            # what a reset hides is drawn as a stroke, as `marks_of` of plot/traces.py does
            resets = variable == "v" and "v" in layout.members[part.population].resets
            shown |= {"threshold": threshold, "reset": resets}
            found.append((shown, {"at": export.address_in_state(place + part.start)}))
    found.sort(key=lambda pair: pair[0]["name"] != "v")
    return [shown for shown, _ in found], [place for _, place in found]


def _weights(kind, colour):
    """Return what the page says of a projection that learns; the range is that of its bounds, or of its weights."""
    projection, weights = kind.block.projection, kind.current_columns()["w"]
    low, high = float(weights.min(initial=0.0)), float(weights.max(initial=0.0))
    low, high = low - MARGIN * (high - low), high + MARGIN * (high - low)
    bounds = [
        None if bound is None else np.asarray(bound, float) for bound in getattr(kind, "bounds", lambda: [None, None])()
    ]
    low = low if bounds[0] is None else float(bounds[0].min(initial=np.inf))
    high = high if bounds[1] is None else float(bounds[1].max(initial=-np.inf))
    return {
        "name": projection.name,
        "unit": projection.synapse.weight_unit,
        "low": low,
        "high": high if high > low else low + 1.0,
        "bins": BINS,
        "count": int(weights.size),
        "each": weights.size <= FEW,
        "colour": colour,
    }


def _colour_of(view, parts):
    """Return the colour of cells in pictures."""
    (population, ids), *_ = view.parts
    return colour(place_among(parts, population.name, int(ids[0]), int(ids[-1]) + 1)) if len(ids) else colour(None)


def _chain(sim):
    """Return what the engine needs of the spikes until now in order to compute `Simulation.digest`."""
    try:
        chain = chain_of(spikes_since_start(sim))
    except ValueError:  # they were not recorded, so Python has no digest to compare with, and that of the page begins here
        chain = chain_of(np.empty((0, 2)))
    return {"link": chain.link.hex(), "rest": chain.rest.ravel().tolist(), "size": BLOCK}
