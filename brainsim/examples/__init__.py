"""Examples that run by name (``brainsim run NAME``) and can be copied: each is a script that builds a network and draws it.

Every module has a docstring whose first line says what it shows, a function ``build(...)`` that returns ``(network,
traces)``, and the constant ``DURATION`` [ms]. It may also have

- ``OPTIONS``, a dict from keywords of ``build`` to a tuple of choices (the first is the default), a number (the default) or
  False (a flag): each is an option on the command line;
- ``WINDOW``, the part (begin, end) [ms] of the run that is drawn;
- ``SMALL``, keywords of ``build`` for a network that is there at once, to compile its kernels and to try it;
- ``draw(result, window)``, which returns a figure, and takes those of the options that it names; where there is none, the
  overview is drawn.

A module that shows several pictures has instead a function ``pictures(seed)`` that yields ``(title, figure, caption)``, and
the constants ``TITLE`` and ``INTRODUCTION``: they are written to one page of HTML.
"""
