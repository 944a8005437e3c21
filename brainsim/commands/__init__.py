"""What the commands of ``brainsim`` do; `brainsim.commands.cli` reads the command line and calls them.

NumPy, Numba and matplotlib are imported by the functions that need them: ``--help`` and ``list`` answer at once.
"""
