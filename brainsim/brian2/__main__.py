"""``python -m brainsim.brian2 script.py`` runs a script of Brian2 on brainsim, and says in one line what ran where."""

import runpy
import sys
from pathlib import Path

import brainsim.brian2


def main():
    """Run the script that is named on the command line, with the arguments after it."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m brainsim.brian2 script.py [arguments of the script]")
    from brian2 import get_device, set_device
    from brian2.devices.device import all_devices

    del sys.argv[0]
    sys.path.insert(0, str(Path(sys.argv[0]).resolve().parent))
    all_devices["cpp_standalone"] = all_devices["brainsim"]  # for scripts that choose a device themselves
    set_device("brainsim")
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        if isinstance(device := get_device(), brainsim.brian2.BrainsimDevice):
            print(device.report(), file=sys.stderr)


if __name__ == "__main__":
    main()
