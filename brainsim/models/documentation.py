"""What a model says of itself, from what its class declares: two sections of its docstring."""

import inspect
import re
import textwrap
import typing

from brainsim.core.docstrings import PARAMETERS, sections_of

if typing.TYPE_CHECKING:
    from brainsim.models.base import Model

WIDTH = 114  # letters of a line, without the indentation
VARIABLES = "Variables\n---------\n"
# texts of a model that are shown below its equations, in this order
TEXTS = (
    "each_step",
    "threshold",
    "reset",
    "refractory",
    "frozen",
    "arrival",
    "gate",
    "spike",
    "source",
    "pair",
    "current",
    "on_pre",
    "on_post",
    "between",
    "on_modulator",
    "amplitude",
)


def write_sections(model: type["Model"]) -> None:
    """Add what a class declares to its docstring, before its other sections.

    A section Parameters that the class has, with arguments that it does not declare, follows its parameters.
    """
    if not vars(model).get("__doc__"):
        return
    description, *sections = sections_of(model.__doc__ or "")
    arguments = sections.pop(0) if sections and sections[0].startswith(PARAMETERS) else ""
    listed = declared_sections(model, arguments.removeprefix(PARAMETERS))
    model.__doc__ = "\n\n".join([description, *listed, *sections])


def declared_sections(model: type["Model"], arguments: str = "") -> list[str]:
    """Return the sections Parameters and Variables of a class, without those that are empty."""
    entries = [*_parameters(model), *(model._said_of_options[n] for n in model._options if n in model._said_of_options)]
    entries += [arguments] * bool(arguments)
    variables = [_entry(f"{n} : begins at {shown(spec.default)}", spec) for n, spec in model.initials.items()]
    return [head + "\n".join(lines) for head, lines in ((PARAMETERS, entries), (VARIABLES, variables)) if lines]


def shown(value: object) -> str:
    """Return a default or an initial value as text."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _parameters(model):
    """Return the entries of the parameters; a condition stands at the last one that it names."""
    relations = dict.fromkeys(model.parameters, "")
    for condition in model.conditions:
        words = set(re.findall(r"\w+", condition))
        named = [name for name in model.parameters if name in words]
        relations |= {name: f"{relations[name]}; ``{condition}``" for name in named[-1:]}
    for name, spec in model.parameters.items():
        kind = "float, array, TimedArray, or str" if spec.varying else "float"
        kind = type(spec.default).__name__ if spec.called else kind
        limit = "" if spec.above is None else f", > {spec.above:g}"
        limit += "" if spec.at_least is None else f", >= {spec.at_least:g}"
        yield _entry(f"{name} : {kind}, default {shown(spec.default)}", spec, limit, relations[name])


def _entry(first, spec, limit="", relations=""):
    """Return an entry of a list: the unit and the limit stand before what explains the meaning further."""
    name, mark, more = re.fullmatch(r"([^;:]*)([;:]?)(.*)", spec.meaning, re.DOTALL).groups()
    if re.match(r"[a-z]{3}[a-z-]|\w+ [a-z]{3}", name):  # not a formula
        name = name[:1].upper() + name[1:]
    text = f"{name} [{spec.unit or 1}]{limit}{mark}{more}{relations}."
    lines = textwrap.wrap(text, WIDTH) if len(text) > WIDTH else [text]
    return "\n    ".join([first, *lines])


def shown_texts(model: typing.Any) -> dict[str, typing.Any]:
    """Return what a page shows of the texts of a model or of its class, by their names: the equations and `TEXTS`."""
    texts = {field: getattr(model, field, None) for field in ("equations", *TEXTS)}
    if (cell := getattr(model, "cell_equations", None)) is not None:
        held = [name for name in model.initials if cell.refractory is not None and name in cell.frozen]
        texts["frozen"] = f"{', '.join(held)}; what arrives is {model.arrivals}" if held else None
    return texts | (model.texts() if hasattr(model, "texts") and not inspect.isclass(model) else {})
