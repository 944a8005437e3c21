"""Options of training: one check and one text for all networks that have them."""

import inspect

import pytest

import brainsim as bs
from brainsim.learn.options import OPTIONS
from tests.learn.test_trainer_in_use import trainer_of

MAKE = {
    "MLP": bs.ann.MLP,
    "RNN": bs.ann.RNN,
    "SpikingNetwork": bs.learn.SpikingNetwork,
    "Trainer": lambda **options: trainer_of(bs.LIF(), **options),
}
HAVE = {name: getattr(bs.ann if name in ("MLP", "RNN") else bs.learn, name) for name in MAKE}
EACH = [(name, option) for name, kind in HAVE.items() for option in kind._options if option in kind._parameters]


def test_all_share_the_options_of_training():
    assert len(EACH) > 60
    shared = {"learning_rate", "batch", "epochs", "patience", "validation", "seed"}
    assert all(shared <= {option for name, option in EACH if name == kind} for kind in HAVE)


@pytest.mark.parametrize(("name", "option"), EACH)
def test_a_wrong_value_is_named_by_class_and_option(name, option):
    with pytest.raises((TypeError, ValueError), match=rf"^{name}\.{option}: "):
        MAKE[name](**{option: object()})


def test_options_are_documented_in_each_class():
    for name, kind in HAVE.items():
        words = " ".join(inspect.getdoc(kind).split())
        for option in OPTIONS.keys() & kind._parameters:
            if OPTIONS[option].text:
                assert f" {option} : {OPTIONS[option].kind} {OPTIONS[option].text}" in words, (name, option)
        assert "Options of training." not in words
