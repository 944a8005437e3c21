"""The commands of ``brainsim``; `brainsim.commands.cli` reads the command line and calls them.

NumPy, Numba and matplotlib are imported only by the functions that need them, so ``--help`` and ``list`` are fast.
"""
