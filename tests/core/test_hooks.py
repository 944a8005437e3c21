"""Names that a subclass overrides: one that is misspelled would never be read, so it is refused where it is written."""

import importlib
import pkgutil
from dataclasses import dataclass

import pytest

import brainsim as bs
from brainsim.core.hooks import check_names
from brainsim.engine.loop.program import Operator
from brainsim.engine.recorders.recorder import Recorder
from brainsim.engine.synapses.kinds.kind import SynapseKind
from brainsim.engine.synapses.wiring import Wiring
from brainsim.models.inputs import Input
from brainsim.results.formats import Format

BASES = {
    Operator: {"max_slices": "max_slice", "expected_byte": "expected_bytes", "continue_form": "continue_from"},
    Recorder: {"colums": "columns", "next_step": "next_stop"},
    SynapseKind: {"keep_weights": "keeps_weights", "after_chunks": "after_chunk"},
    Wiring: {"counts": "count"},
    Input: {"is_currents": "is_current", "observe": "observed"},
    bs.Rule: {"draws": "draw", "multapse": "multapses"},
    Format: {"sufixes": "suffixes", "reads": "read"},
    bs.values.Distribution: {"postive": "positive"},
    bs.Neuron: {"thresold": "threshold", "check_cell": "check_cells"},
}


@pytest.mark.parametrize(("base", "name"), [(base, name) for base, names in BASES.items() for name in names])
def test_a_misspelled_hook_is_refused(base, name):
    for value in (lambda self: 1, True, "text"):
        if base is bs.Neuron and value is True:
            continue
        with pytest.raises(TypeError, match=rf"Own.{name}: .*did you mean '{BASES[base][name]}'"):
            type("Own", (base,), {name: value})


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.__name__)
def test_other_names_are_free(base):
    texts = {"integrals": lambda self: 0, "sampler": 1} if base is bs.values.Distribution else {}
    own = type("Own", (base,), {"amplify": lambda self: 1, "_colums": 1, **texts})
    assert callable(own.amplify)
    # what a class of the user adds, its own subclasses may override
    assert type("Further", (own,), {"amplify": None, **texts}).amplify is None


def test_no_class_of_the_package_is_misspelled():
    for package in map(importlib.import_module, ("brainsim.engine", "brainsim.features")):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            importlib.import_module(found.name)
    checked = 0
    for base in BASES:
        ahead = [base]
        while ahead:
            subclasses = ahead.pop().__subclasses__()
            ahead += subclasses
            for cls in subclasses:
                if cls.__module__.startswith("brainsim."):
                    check_names(cls, base)
                    checked += 1
    assert checked > 60


def test_a_rule_without_a_number():
    @dataclass(frozen=True, repr=False)
    class Drawn(bs.Rule):
        def draw(self, n_pre, n_post, seed):
            return [0], [0]

    with pytest.raises(TypeError, match=r"Drawn: does not say how many synapses there are; .* expected\(self, n_pre"):
        Drawn()
