"""What pytest leaves out if an optional package is not installed."""

import importlib.util

# what cannot be imported without it
NEEDS = {"brainsim/pynn/*": "pyNN", "tests/helpers/runs/pynn_on_ranks.py": "pyNN", "brainsim/nestml/*": "pynestml"}
collect_ignore_glob = [places for places, package in NEEDS.items() if not importlib.util.find_spec(package)]
