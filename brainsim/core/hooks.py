"""What a class derived from one of the package overrides: a misspelled name would never be read."""

NEAR = 0.86  # from which on two words are taken for one: ``continue_form`` and ``continue_from`` have 0.92


def reject_misspelled(cls: type, base: type) -> None:
    """Raise TypeError if a public attribute of a class is nearly, but not quite, one that its base reads.

    Classes of the package are left out, since they are checked by a test.
    """
    if not cls.__module__.startswith("brainsim."):
        check_names(cls, base)


def check_names(cls: type, base: type) -> None:
    """Raise TypeError if a public attribute of a class is nearly, but not quite, one of its base."""
    import difflib  # not by classes of the package

    known = sorted(name for name in {*dir(base), *getattr(base, "__annotations__", ())} if not name.startswith("_"))
    inherited = {name for parent in cls.__mro__[1:] for name in vars(parent)}
    for name in vars(cls):
        if name.startswith("_") or name in known or name in inherited:
            continue
        if near := difflib.get_close_matches(name, known, n=1, cutoff=NEAR):
            raise TypeError(
                f"{cls.__name__}.{name}: {base.__name__} has no such attribute, so nothing reads it; did you mean "
                f"{near[0]!r}? A name of your own may begin with an underscore"
            )
