"""A page for each neuron, synapse, rule of plasticity, input, rule of connection and distribution.

The pages are written when the site is built, from what ``brainsim models`` prints: the classes say their equations,
parameters, units and defaults themselves.
"""

import functools
import inspect
import re
from pathlib import Path

import mathml
import portraits
from docstrings import as_rst, description_of

import brainsim as bs
from brainsim.commands.catalogue import methods_of, summary_of, units_of
from brainsim.features.plasticity.models.homeostasis import Homeostasis
from brainsim.models.catalogue import catalogue
from brainsim.models.documentation import TEXTS, shown, shown_texts
from brainsim.models.inputs import Input
from brainsim.models.rules import Rule

FOLDER = "models"
# heading of a kind, the name of its page, what it is, and the heading of the last column of its table
KINDS = {
    "neurons": ("Neurons", "Models of cells. The parameters of each may be numbers, arrays or distributions.", "variables"),
    "synapses": ("Synapses", "What an event of a connection or an input does to its target.", "weight"),
    "couplings": ("Couplings", "How cells act on each other without spikes.", "weight"),
    "plasticity": ("Plasticity", "Rules by which the weights of synapses change.", "variables"),
    "inputs": ("Inputs", "What `Network.stimulate` gives to cells.", ""),
    "rules": ("Rules of connection", "Which pairs of cells `Network.connect` connects.", ""),
    "values": ("Distributions", "Random values, for parameters, initial values, weights and delays.", ""),
}
BEGIN = {  # with which of a kind to begin
    "neurons": ("LIF", "AdEx", "HodgkinHuxley"),
    "synapses": ("Exponential", "ExponentialConductance", "Delta"),
    "couplings": ("GapJunction",),
    "plasticity": ("STDP", "TsodyksMarkram"),
    "inputs": ("PoissonInput", "CurrentInput"),
    "rules": ("AllToAll", "FixedIndegree", "FixedProbability"),
    "values": ("Uniform", "Normal"),
}
written = set()  # the files of this build
OF_EQUATIONS = re.compile(r"^``(?P<first>[^`]*/dt =[^`]*)``.*?(?:\.(?:\s+|\Z)|\n\n|\Z)", re.M | re.S)  # a sentence
LABELS = {"on_pre": "spike of the source", "on_post": "spike of the target", "amplitude": "an event has the weight"}


def things_of_each_kind():
    """Return, for each kind, public name -> class."""
    models, public = catalogue(), {name: getattr(bs, name) for name in bs._PUBLIC}
    of_base = lambda things, base: {n: c for n, c in things.items() if inspect.isclass(c) and issubclass(c, base)}  # noqa: E731
    values = {name: kind for name, kind in vars(bs.values).items() if name in bs.values.__all__}
    distributions = {n: c for n, c in of_base(values, bs.values.Distribution).items() if c is not bs.values.Distribution}
    return {
        "neurons": of_base(models, bs.Neuron),
        "synapses": of_base(models, bs.Synapse),
        "couplings": of_base(models, bs.Coupling),
        "plasticity": of_base(models, bs.Plasticity | bs.RatePlasticity) | of_base(public, Homeostasis),
        "inputs": of_base(public, Input),
        "rules": of_base(public, Rule),
        "values": {n if hasattr(bs, n) and getattr(bs, n) is c else f"values.{n}": c for n, c in distributions.items()},
    }


def write(source, pictures):
    """Write all pages below `source`; with `pictures` also the portraits. Return the names of what has a page."""
    folder = Path(source) / FOLDER
    folder.mkdir(exist_ok=True)
    kinds = things_of_each_kind()
    drawable = [name for kind in ("neurons", "synapses") for name in kinds[kind]]
    drawn = portraits.draw(drawable, folder / "portraits") if pictures else set()
    for kind, things in kinds.items():
        for name, thing in things.items():
            put(folder / f"{name}.rst", page(name, thing, drawn))
        put(folder / f"{kind}.rst", table(kind, things))
    put(folder / "index.rst", index(kinds, drawn))
    return [name for things in kinds.values() for name in things]


def put(path, text):
    """Write a file unless it holds this text already: what did not change is not built again."""
    written.add(path)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def index(kinds, drawn):
    """Return the page that lists the kinds, each with what it is, how many there are, and with which to begin."""
    lines = [
        *title("Models, inputs and rules"),
        "Each has a page: equations, parameters with their units and defaults, the source, a portrait and pictures with it.",
        "``brainsim models`` and ``help(bs.LIF)`` print the same. If you are new here, begin with :doc:`LIF`,",
        ":doc:`Exponential`, :doc:`PoissonInput` and :doc:`FixedIndegree`; they are enough for most networks.",
        "",
        *(["", f".. image:: portraits/{BEGIN['neurons'][0]}.png", "   :alt: Portrait of LIF", ""] if drawn else []),
        ".. list-table::",
        "   :header-rows: 1",
        "   :widths: auto",
        "",
    ]
    rows = [("kind", "what it is", "number", "begin with")]
    for kind, (heading, text, _) in KINDS.items():
        first = ", ".join(f":doc:`{name}`" for name in BEGIN[kind] if name in kinds[kind])
        rows.append((f":doc:`{heading} <{kind}>`", as_rst(text), str(len(kinds[kind])), first))
    lines += [f"   {'*' if k == 0 else ' '} - {cell}" for row in rows for k, cell in enumerate(row)]
    lines += ["", ".. toctree::", "   :hidden:", "", *(f"   {kind}" for kind in KINDS)]
    return "\n".join([*lines, ""])


def table(kind, things):
    """Return the page with a line for each thing of a kind."""
    heading, text, column = KINDS[kind]
    lines = [*title(heading), text, "", ".. list-table::", "   :widths: auto", ""]
    for name, thing in things.items():
        summary = as_rst(summary_of(thing, 125)) if column else as_rst(first_sentence(thing))
        cells = [f":doc:`{name}`", summary, *([units_text(thing)] if column else [])]
        lines += [f"   {'*' if k == 0 else ' '} - {cell}" for k, cell in enumerate(cells)]
    lines += ["", ".. toctree::", "   :hidden:", "", *(f"   {name}" for name in things)]
    return "\n".join([*lines, ""])


def units_text(thing):
    """Return the variables of a model, or the unit of a synapse's weights, as text of a table."""
    units = units_of(thing) if hasattr(thing, "initials") else ""
    return f"``{units}``" if units else ""


def first_sentence(thing):
    """Return the first sentence of a docstring."""
    return inspect.getdoc(thing).split("\n\n")[0].replace("\n", " ").split(". ")[0].rstrip(".")


def page(name, thing, drawn):
    """Return the page of a class."""
    lines = [*title(name), as_rst(without_equations(thing, description_of(inspect.getdoc(thing)))), ""]
    if hasattr(thing, "initials"):
        lines += [*equations(thing), *table_of("Parameters", "parameter", thing.parameters)]
        lines += table_of("Variables", "variable", thing.initials)
    if name in drawn:
        lines += [*title("Portrait", "-"), f".. image:: portraits/{name}.png", f"   :alt: Portrait of {name}", ""]
        lines += ["Drawn by:", "", ".. code-block:: python", "", f"   {portraits.line_of(name)}", ""]
    lines += [*title("Use", "-"), f".. autoclass:: brainsim.{name}", ""]
    return "\n".join([*lines, *pictures_with(name)])


def without_equations(thing, text):
    """Return what a neuron is without a sentence that begins with one of its equations word for word: it is drawn below."""
    found = OF_EQUATIONS.search(text)
    twice = found and issubclass(thing, bs.Neuron) and found["first"] in (thing.equations or "")
    return (text[: found.start()] + text[found.end() :]).rstrip() if twice else text


def pictures_with(name):
    """Return the section with pictures of the gallery in whose scripts a name is used; site.css shows the first eight."""
    gallery = [f".. minigallery:: brainsim.{name}", "   :add-heading: Pictures with it", "   :heading-level: -"]
    return [
        *gallery,
        "",
        ".. container:: more-pictures",
        "",
        "   More pictures are in :doc:`the gallery </pictures/index>`.",
        "",
    ]


def equations(model):
    """Return the section with the equations of a model, drawn and as they are written."""
    is_rule = issubclass(model, bs.Plasticity | bs.Coupling | bs.RatePlasticity)
    texts = shown_texts(model() if is_rule else model)
    lines, written, frozen = title("Equations", "-"), inspect.cleandoc(texts["equations"] or ""), texts.pop("frozen")
    if written:
        lines += html(f'<div class="equations">{mathml.block(statements(written))}</div>')
    rows = [
        (LABELS.get(field, field.replace("_", " ")), text)
        for field in TEXTS
        if isinstance(text := texts.get(field), str) and text
    ]
    rows += [(event, f"{test}: {effect}") for event, (test, effect) in getattr(model, "events", {}).items()]
    lines += html(facts(rows)) if rows else []
    lines += as_written(written) if written else []
    if issubclass(model, bs.Synapse | bs.Coupling):
        lines += [f"Weights: ``{units_of(model)}``.", ""]
    elif not is_rule and model.initials:
        lines += [f"Held while a cell is refractory: {frozen}.", ""] if frozen else []
        lines += [f"Method of integration: {methods_of(model)}.", ""]
    return lines if written or rows else []


def statements(text):
    """Return the statements of equations, one text each: long ones may continue in the next line."""
    found = []
    for line in text.splitlines():
        line = line.split("#")[0].rstrip()
        if line.startswith(" ") and found:
            found[-1] += f" {line.strip()}"
        elif line:
            found += [part.strip() for part in line.split(";") if part.strip()]
    return found


def facts(rows):
    """Return a table of HTML with the threshold, the reset and so on."""
    cells = "".join(f"<tr><th>{label}</th><td>{drawn(text)}</td></tr>" for label, text in rows)
    return f'<table class="facts">{cells}</table>'


def drawn(text):
    """Return the text of an event as mathematics; a test and its effect are divided by a colon."""
    test, colon, effect = text.partition(": ")
    if colon:
        return f"{mathml.inline(test)} : {mathml.inline(effect)}"
    parts = statements(inspect.cleandoc(text))
    return mathml.inline(parts[0]) if len(parts) == 1 else mathml.block(parts)


def as_written(text):
    """Return the equations as they are written in brainsim, folded: they are drawn above."""
    code = [".. code-block:: text", "", *(f"   {line}" for line in text.splitlines()), ""]
    return [*html("<details><summary>As they are written in brainsim</summary>"), *code, *html("</details>")]


def html(text):
    """Return a piece of HTML as reStructuredText."""
    return ["", ".. raw:: html", "", f"   {text}", ""]


def table_of(heading, column, specs):
    """Return the section with a table of parameters or variables."""
    if not specs:
        return []
    lines = [*title(heading, "-"), ".. list-table::", "   :header-rows: 1", "   :widths: auto", ""]
    rows = [(column, "default" if column == "parameter" else "at t = 0", "unit", "meaning")]
    for name, spec in specs.items():
        value = shown(spec.default)
        rows.append((f"``{name}``", f"``{value}``" if value.strip() else "", spec.unit or "1", as_rst(spec.meaning)))
    lines += [f"   {'*' if k == 0 else ' '} - {cell}" for row in rows for k, cell in enumerate(row)]
    return [*lines, ""]


def title(text, line="="):
    """Return a heading."""
    return [text, line * len(text), ""]


@functools.cache
def pages():
    """Return the names of all classes that have a page here."""
    return frozenset(name for things in things_of_each_kind().values() for name in things)
