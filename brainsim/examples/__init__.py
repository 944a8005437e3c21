"""Examples that run by name (``brainsim run NAME``) and can be copied: each is a script that builds a network and draws it.

Every module has a docstring whose first line says what it shows, a function ``build(...)`` that returns ``(network,
traces)``, and the constant ``DURATION`` [ms]. Where it has them, ``OPTIONS`` is a dict from keywords of ``build`` to their
choices, each an option on the command line, and ``WINDOW`` is the part (begin, end) [ms] of the run that is drawn.
"""
