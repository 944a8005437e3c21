"""Examples that run by name: ``brainsim run NAME``. Each is a script that builds a network, simulates it and draws it.

The network can be copied: `build` and all that it calls use the public API only. So do most pictures; the others, such as
those of `memory` and `stdp_window`, are drawn by modules of brainsim that are not public, which only their `draw` imports.

Every module has a docstring whose first line says what it shows, a function ``build(...)`` that returns ``(network,
traces)``, and the constant ``DURATION`` [ms]. It may also have

- ``OPTIONS``, a dict from keywords of ``build`` to a tuple of choices (the first is the default), a number or a string (the
  default) or False (a flag): each becomes an option on the command line, explained as in the docstring of ``build``;
- ``lasts(**options)``, which returns the duration [ms] if it depends on the options;
- ``DT``, the time step [ms] if it is not 0.1;
- ``PRECISE``, True if spikes have exact times;
- ``KEPT``, the names of the populations whose spikes are kept if it is not all of them;
- ``WINDOW``, the part (start, stop) [ms] of the run that is drawn;
- ``steer(sim, duration)``, which runs a `Simulation` in pieces and changes it between them;
- ``SMALL``, keywords of ``build`` for a small network, to compile its kernels and for tests;
- ``draw(result, window)``, which returns a figure and may take some of the options; without it the overview is drawn;
- ``film(result, path, window)``, which writes a film; without it `bs.plot.animate` does.

A module that shows several pictures has instead a function ``pictures(seed)`` that yields ``(title, figure, caption)``, and
the constants ``TITLE`` and ``INTRODUCTION``: the pictures are written to one page of HTML.
"""
