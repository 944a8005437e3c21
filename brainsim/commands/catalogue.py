"""``brainsim models``: a list of neurons, synapses, plasticity, inputs and rules of connection, and a page about each."""

import inspect
import re
import textwrap

import brainsim as bs
from brainsim.commands.running import check_writable

LABEL, WIDTH = 12, 125  # letters


def show_models(arguments):
    """Print a line for each model, input and rule, or the page of one."""
    from brainsim.models.base import Model
    from brainsim.models.catalogue import catalogue

    models = catalogue()
    if arguments.name is None:
        if arguments.out:
            raise ValueError("--out: draws one model; give its name, as in: brainsim models LIF --out LIF.png")
        print(table(models))
        return
    model = _find(
        arguments.name, models | {name: kind for some in inputs_and_rules().values() for name, kind in some.items()}
    )
    if not issubclass(model, Model):
        if arguments.out:
            raise ValueError(f"--out: draws neurons, synapses and plasticity; {model.__name__} has no picture")
        print(f"{model.__name__}{inspect.signature(model)}\n\n{inspect.getdoc(model)}".replace("``", ""))
        return
    if arguments.out:
        check_writable(arguments.out)
    print(page(model))
    if arguments.out:
        _draw(model, arguments.out)


def _draw(model, path):
    import matplotlib

    matplotlib.use("Agg")  # a file needs no screen
    from brainsim.explore import portrait

    portrait(model()).savefig(path)
    print(f"\npicture     {path}")


def table(models):
    """Return a line for each model: its name, a summary, and the units of its variables or of its weights."""
    lines = []
    kinds = (
        ("neurons", "variables [unit]", "Neuron"),
        ("synapses", "weight [unit]", "Synapse"),
        ("couplings", "weight [unit]", "Coupling"),
        ("plasticity", "variables", "Plasticity"),
        ("plasticity of couplings", "variables", "RatePlasticity"),
    )
    for heading, column, name in kinds:
        if not (base := there(name)):
            continue
        of_kind = {name: model for name, model in models.items() if issubclass(model, base)}
        lines += ["", f"{heading:{WIDTH - len(column)}}{column}"] if lines else [f"{heading:{WIDTH - len(column)}}{column}"]
        width = max(map(len, of_kind))
        for name, model in of_kind.items():
            units = units_of(model)
            summary = summary_of(model, WIDTH - width - len(units) - 6)
            lines.append(f"  {f'{name:{width}}  {summary}':{WIDTH - len(units) - 2}}{units}".rstrip())
    for heading, of_kind in inputs_and_rules().items():
        width = max(map(len, of_kind))
        lines += ["", heading]
        lines += [f"  {name:{width}}  {summary_of(kind, WIDTH - width - 4)}" for name, kind in of_kind.items()]
    return "\n".join(lines)


def inputs_and_rules():
    """Return heading -> name -> class of the inputs, and of the rules of connection."""
    from brainsim.models.inputs import Input
    from brainsim.models.rules import Rule

    found = {kind.__name__: kind for kind in there(*bs._PUBLIC) if inspect.isclass(kind)}
    bases = {"inputs, for Network.stimulate": Input, "rules of connection, for Network.connect": Rule}
    return {
        heading: {name: kind for name, kind in found.items() if issubclass(kind, base) and kind is not base}
        for heading, base in bases.items()
    }


def there(*names):
    """Return what has these public names, as a tuple; not what was deleted from this copy of the package."""
    found = []
    for name in names:
        try:
            found.append(getattr(bs, name))
        except ModuleNotFoundError:  # of another package
            raise
        except ImportError:
            continue
    return tuple(found)


def units_of(model):
    """Return the variables of a model with their units, or the unit of a synapse's weights: ``v [mV], w [pA]``."""
    if hasattr(model, "plasticity_equations"):
        return " ".join(model.plasticity_equations.initials)
    if hasattr(model, "weight_unit"):
        return f"w [{model.weight_unit or '1'}]"
    by_unit = {}
    for name, spec in model.initials.items():
        by_unit.setdefault(spec.unit or "1", []).append(name)
    return ", ".join(f"{' '.join(names)} [{unit}]" for unit, names in by_unit.items())


def summary_of(model, width):
    """Return the first sentence of a model's documentation, cut at a clause to fit into `width` letters."""
    first = inspect.getdoc(model).split("\n\n")[0].replace("\n", " ").replace("``", "")
    first = re.split(r"(?<=\w\w\.)(?<!et al\.)\s|: (?=\w+(?:/dt|\(t\))? \+?= )", first)[0].rstrip(":.")
    for end in (r"$", r" \([A-Z*-]+\)$", r"[:;] ", r", ", r" (?:that|which) "):
        parts = re.match(rf"(.{{1,{width}}}){end}", first)
        if parts:
            return parts[1]
    return textwrap.shorten(first, width, placeholder=" ...")


def page(model):
    """Return the page of a model: description, equations, parameters and variables with units, and references."""
    from brainsim.models.documentation import TEXTS, shown, shown_texts

    description, sections = _sections(inspect.getdoc(model))
    lines = [model.__name__, "", *description, ""]
    is_rule = issubclass(model, there("Plasticity", "Coupling", "RatePlasticity"))
    texts = shown_texts(model() if is_rule else model)
    if texts["equations"].strip():
        lines += ["equations", *textwrap.indent(inspect.cleandoc(texts["equations"]), "    ").splitlines(), ""]
    for field in (field for field in TEXTS if texts.get(field)):
        lines += _label(field, "; ".join(inspect.cleandoc(texts[field]).splitlines()))
    for name, (test, effect) in getattr(model, "events", {}).items():
        lines += _label(name, f"{test}: {effect}")
    if issubclass(model, there("Synapse", "Coupling")):
        lines += [f"{'weight':<{LABEL}}{units_of(model)}"]
    elif issubclass(model, there("Plasticity", "RatePlasticity")):
        low, high = texts["bounds"]
        lines += _label("bounds", f"{f'{low} <= ' * bool(low)}w{f' <= {high}' * bool(high)}") if low or high else []
    elif model.initials:
        lines += [f"{'method':<{LABEL}}{methods_of(model)}"]
    for heading, specs in (("parameter", model.parameters), ("initial", model.initials)):
        if specs:
            rows = [(name, shown(spec.default), spec.unit or "1", spec.meaning) for name, spec in specs.items()]
            lines += ["", *_align([(heading, "value", "unit", "meaning"), *rows])]
    for name in ("Notes", "References"):
        if name in sections:
            lines += ["", name.lower(), *textwrap.indent("\n".join(sections[name]), "    ").splitlines()]
    return "\n".join(lines).replace("``", "")


def methods_of(model):
    """Return which method integrates the model by default, alone and with synapses if these make a difference."""
    takes_current = model.cell_equations.uses_current
    cases = {"alone": ()}
    if takes_current:
        cases = {"with currents": (bs.Exponential(),)}
        cases |= {"with conductances": (bs.ExponentialConductance(),)} if "v" in model.initials else {}
    steps = {name: _step(model, synapses, takes_current) for name, synapses in cases.items()}
    methods = {name: _method_of(step) for name, step in steps.items()}
    if len(set(methods.values())) == 1:
        return next(iter(methods.values()))
    return ", ".join(f"{method} {name}" for name, method in methods.items())


def _step(model, synapses, current):
    from brainsim.equations.steps.methods import METHODS
    from brainsim.equations.system import compose

    receptors = [synapse.receptor_equations for synapse in synapses]
    system = compose(model.cell_equations, receptors, external_current=current, label=model.__name__)
    return METHODS[model.method](system, model.__name__)


def _method_of(step):
    if step.strong is not None:
        return f"{step.method} (noise: {'exact' if step.strong == 0 else f'order {step.strong:g}'})"
    return step.method if step.order == 0 else f"{step.method} (order {step.order})"


def _label(label, text):
    """Return a string after its label, as lines; a long text has one line per statement, and one per condition."""
    if len(text) + LABEL > WIDTH:
        for end, kept in (("; ", ""), (": ", ":"), (" and ", " and")):
            text = text.replace(end, f"{kept}\n{'':{LABEL}}")
    return f"{label:<{LABEL}}{text}".splitlines()


def _sections(text):
    """Return the lines before the first section of a docstring, and heading -> lines of each section."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", text, flags=re.MULTILINE)
    sections = {name: body.strip("\n").splitlines() for name, body in zip(parts[1::2], parts[2::2], strict=True)}
    return parts[0].strip("\n").splitlines(), sections


def _align(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _find(name, models):
    from brainsim.core.checks import nearest  # here: the command line begins without NumPy

    spelled = {known.casefold(): known for known in models}
    if name.casefold() in spelled:
        return models[spelled[name.casefold()]]
    public = {known.casefold(): known for known in bs.__all__}
    if name.casefold() in public:
        message = "is not a model with equations of its own"
        raise ValueError(f"models: {name!r} {message}; in Python, help(bs.{public[name.casefold()]}) describes it")
    hint = nearest(name, models)
    hint = hint if "did you mean" in hint else "; `brainsim models` lists them"  # rather than all in one line
    raise ValueError(f"models: there is no model {name!r}{hint}")
