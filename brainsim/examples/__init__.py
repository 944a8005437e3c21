"""Examples that run by name (``brainsim run NAME``) and can be copied: each is a script that builds a network and draws it.

Every module has a docstring whose first line says what it shows, a function ``build(...)`` that returns ``(network,
traces)``, the constant ``DURATION`` [ms], and where it takes options, ``OPTIONS``: keyword of ``build`` -> choices.
"""
