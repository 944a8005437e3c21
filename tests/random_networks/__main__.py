"""The command line; see the package."""

from .command import main

main()
