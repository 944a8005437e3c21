"""``python -m brainsim.pynn script.py brainsim ...`` runs a script of PyNN that asks for its simulator by name."""

import runpy
import sys
from pathlib import Path

import brainsim.pynn  # noqa: F401 - registers the name


def main():
    """Run the script that is named on the command line, with the arguments after it."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m brainsim.pynn script.py brainsim [arguments of the script]")
    del sys.argv[0]
    sys.path.insert(0, str(Path(sys.argv[0]).resolve().parent))
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
