"""Public names: the stub that editors read, and the signature of each name, pinned so that a change is a decision.

Of models, the units and ranges of their parameters are pinned as well.

``python tests/interface/test_public.py`` writes both anew: ``brainsim/__init__.pyi`` and ``tests/data/signatures.json``.
"""

import functools
import inspect
import json
import re
import tomllib
import types
from datetime import datetime
from pathlib import Path

import pytest

import brainsim as bs
from brainsim.features.plasticity.models.homeostasis import Homeostasis
from brainsim.models.inputs import Input
from brainsim.models.rules import Rule

ROOT = Path(__file__).parents[2]
STUB = Path(bs.__file__).with_suffix(".pyi")
PINNED = Path(__file__).parents[1] / "data" / "signatures.json"
BASES = (bs.Neuron, bs.Synapse, bs.Coupling, bs.Plasticity, bs.RatePlasticity)
MODULES = ("analysis", "ann", "connectomes", "encode", "explore", "learn", "nestml", "nir", "plot", "signals", "sonata")
MODULES += ("testing", "values")


def stub():
    """Return the text of the stub: each public name, imported from the module that defines it."""
    homes = bs._PUBLIC | {name: module.rpartition(".")[0] for name, module in bs._MODULES.items()}
    lines = sorted(f"from {module} import {name} as {name}" for name, module in homes.items())
    return "\n".join(['"""Public names, for editors and type checkers."""', "", *lines, "", "__version__: str", ""])


def public_things():
    """Return public name -> class, function, method or property, of brainsim and of its public modules."""
    things = {name: getattr(bs, name) for name in (*bs._PUBLIC, *MODULES)}
    classes = {thing for thing in things.values() if inspect.isclass(thing)}
    found = {}
    for name, thing in things.items():
        found |= _of_module(name, thing) if isinstance(thing, types.ModuleType) else _of(name, thing, classes)
    return found


def _of_module(prefix, module):
    """Return what a module lists in its ``__all__``, and what the modules among it do."""
    found = {}
    for name in sorted(getattr(module, "__all__", ())):
        thing = getattr(module, name)
        if isinstance(thing, types.ModuleType):
            found |= _of_module(f"{prefix}.{name}", thing)
        elif callable(thing):
            found |= _of(f"{prefix}.{name}", thing, set())
    return found


def _of(name, thing, public):
    """Return a public thing and, if it is a class, what it and its private bases define."""
    found = {name: thing}
    if inspect.isclass(thing):
        for base in thing.__mro__:
            if not base.__module__.startswith("brainsim") or (base in public and base is not thing):
                break
            members = {key: value for key, value in vars(base).items() if not key.startswith("_")}
            found |= {f"{name}.{key}": value for key, value in members.items() if f"{name}.{key}" not in found}
    kinds = (type, types.FunctionType, classmethod, staticmethod, property, functools.cached_property)
    return {key: value for key, value in found.items() if isinstance(value, kinds) or key == name}


def signature(thing):
    """Return the signature of a thing without annotations, as text: ``(a, *, b=1)``."""
    if isinstance(thing, property | functools.cached_property):
        return "property"
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return "error"
    if isinstance(thing, classmethod | staticmethod):
        thing = thing.__func__
    bare = inspect.signature(thing)
    parameters = [parameter.replace(annotation=parameter.empty) for parameter in bare.parameters.values()]
    return str(bare.replace(parameters=parameters, return_annotation=bare.empty))


def ranges(model):
    """Return the parameters and initial values of a model, each with its range and unit, as text: ``tau > 0.0 [ms]``."""
    texts = []
    for name, spec in (model.parameters | model.initials).items():
        limits = {sign: getattr(spec, key, None) for sign, key in ((">", "above"), (">=", "at_least"))}
        texts.append(" ".join([name, *(f"{sign} {x}" for sign, x in limits.items() if x is not None), f"[{spec.unit}]"]))
    return ", ".join(texts)


def signatures():
    things = public_things()
    models = {name: thing for name, thing in things.items() if inspect.isclass(thing) and issubclass(thing, BASES)}
    found = {name: signature(thing) for name, thing in things.items()}
    return dict(sorted((found | {f"{name}: ranges": ranges(thing) for name, thing in models.items()}).items()))


def without_types(thing):
    """Return what of a public thing has no type: names of parameters, and ``return``."""
    if isinstance(thing, property | functools.cached_property):
        function = thing.func if isinstance(thing, functools.cached_property) else thing.fget
        return [] if "return" in function.__annotations__ else ["return"]
    if inspect.isclass(thing):
        if issubclass(thing, Exception):
            return []
        fields = {name for base in thing.__mro__ for name in vars(base).get("__annotations__", ())}
        parameters = [p for p in inspect.signature(thing).parameters.values() if p.annotation is p.empty]
        return [p.name for p in parameters if not (issubclass(thing, BASES) and p.name in fields)]
    function = thing.__func__ if isinstance(thing, classmethod | staticmethod) else thing
    signature = inspect.signature(function)
    missing = [p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name not in ("self", "cls")]
    return missing + ["return"] * (signature.return_annotation is signature.empty)


def test_editors_see_every_public_name():
    # sorted, since the formatter has an order of its own
    assert sorted(STUB.read_text(encoding="utf-8").splitlines()) == sorted(stub().splitlines())


def test_the_package_says_that_it_is_typed():
    assert STUB.with_name("py.typed").exists()


def test_public_names_and_signatures_stay_as_they_are():
    assert signatures() == json.loads(PINNED.read_text(encoding="utf-8"))


def test_everything_public_has_types():
    assert {name: names for name, thing in public_things().items() if (names := without_types(thing))} == {}


def test_the_catalogue_has_every_public_model():
    from brainsim.models.catalogue import catalogue

    classes = [thing for name in bs._PUBLIC if inspect.isclass(thing := getattr(bs, name))]
    assert catalogue() == {kind.__name__: kind for kind in classes if issubclass(kind, BASES) and kind not in BASES}


def test_the_reference_lists_every_model_input_and_rule():
    page = (Path(__file__).parents[2] / "docs" / "guide" / "reference.md").read_text(encoding="utf-8")
    bases = (*BASES, Input, Rule, Homeostasis)
    kinds = {name for name in bs._PUBLIC if inspect.isclass(thing := getattr(bs, name)) and issubclass(thing, bases)}
    assert kinds - set(re.findall(r"\w+", page)) - {kind.__name__ for kind in BASES} == set()


@pytest.mark.skipif(not (ROOT / ".github").exists(), reason="an installed package and a source distribution have no CI")
def test_ci_installs_the_oldest_versions_themselves():
    """As in ``numpy>=2.0`` and ``numpy==2.0.0``: with 2.0.* the newest of them would be tested."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = (ROOT / ".github" / "oldest.txt").read_text(encoding="utf-8")
    pinned = {
        name: [int(part) for part in version.split(".")] for name, version in re.findall(r"^(\w+)==([\d.]+)$", oldest, re.M)
    }
    for dependency in project["dependencies"]:
        name, version = dependency.split(">=")
        least = [int(part) for part in version.split(".")]
        assert pinned[name] == [*least, *[0] * (3 - len(least))]


@pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="an installed package has no list of its files")
def test_a_source_distribution_can_collect_its_tests():
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"][
        "sdist"
    ]
    assert {"brainsim", "tests", "conftest.py"} <= set(packed["include"])


@pytest.mark.skipif(not (ROOT / "CHANGELOG.md").exists(), reason="an installed package has no list of changes")
def test_the_version_and_its_date_are_the_same_wherever_they_are_said():
    first, *closed = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert first == "Unreleased"
    version, date = re.fullmatch(r"(\S+) \((\d+ \w+ \d{4})\)", closed[0]).groups()
    assert version == bs.__version__
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {version}\n" in citation
    assert f"\ndate-released: {datetime.strptime(date, '%d %B %Y').date()}\n" in citation


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
    PINNED.write_text(json.dumps(signatures(), indent=1) + "\n", encoding="utf-8")
