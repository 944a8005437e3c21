"""What pytest leaves out if an optional package is not installed."""

import importlib.util

# the room of PyNN cannot be imported without it
collect_ignore_glob = [] if importlib.util.find_spec("pyNN") else ["brainsim/pynn/*"]
