"""What pytest leaves out if an optional package is not installed."""

import importlib.util

# rooms that cannot be imported without it
ROOMS = {"pynn": "pyNN", "nestml": "pynestml"}
collect_ignore_glob = [f"brainsim/{room}/*" for room, package in ROOMS.items() if not importlib.util.find_spec(package)]
