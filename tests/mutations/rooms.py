"""The rooms of the package: which lines are drawn, and which tests should notice that one is wrong."""

import random
from pathlib import Path

from tests.mutations.changes import changes_of

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = "tests/laws/test_golden.py"
# rooms whose tests are not, or not only, in the folder of their name
TESTS = {
    "build": "tests/build tests/network",
    "core": "tests/core tests/mistakes",
    "engine": "tests/engine tests/laws",
    "engine/loop": "tests/engine/simulation " + GOLDEN,
    "engine/operators": "tests/models tests/laws/test_golden.py tests/laws/test_poisson.py",
    "engine/states": "tests/engine/simulation tests/engine/test_states.py",
    "engine/exchange": "tests/engine/exchange " + GOLDEN,
    "engine/simulation": "tests/engine/simulation tests/engine/test_states.py tests/features/growing " + GOLDEN,
    "engine/synapses": "tests/engine/synapses tests/engine/test_states.py " + GOLDEN,
    "features/adjoints": "tests/features/adjoints tests/learn",
    "features/formats": "tests/features/formats tests/results tests/sonata",
    "features/resting": "tests/features/resting " + GOLDEN,
    "features/streams": "tests/features/streams tests/results",
    "models": "tests/models tests/mistakes tests/core/test_quantities.py",
    "network": "tests/network tests/mistakes",
    "testing": "tests/testing tests/extensions tests/laws/test_random_networks.py " + GOLDEN,
    "commands": "tests/interface",
    "explore": "tests/plot/test_explore.py tests/plot/test_phase_plane.py tests/examples/test_tour.py",
}
# public names and their defaults, and what is allowed of arguments, of every room
OF_ALL = ["tests/interface/test_public.py", "tests/interface/test_ranges.py"]
PARTED = "engine", "features"  # the rooms of which each part is a room


def draw(room, number, seed):
    """Return (file, change) of some lines of a room, or of all, all lines with the same chance."""
    place = ROOT / "brainsim" / ("" if room == "all" else room)
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
    by_line = {}
    for file in files:
        for change in changes_of(file.read_text(encoding="utf-8")):
            by_line.setdefault((file.relative_to(ROOT).as_posix(), change.start[0]), []).append(change)
    rng = random.Random(seed)
    lines = rng.sample(sorted(by_line), min(number, len(by_line)))
    return [(file, rng.choice(by_line[file, line])) for file, line in lines]


def room_of(file):
    """Return the room of a file.

    Examples
    --------
    >>> room_of("brainsim/engine/synapses/wiring.py"), room_of("brainsim/__main__.py")
    ('engine/synapses', 'commands')
    """
    folders = Path(file).parts[1:-1]
    return "/".join(folders[: 2 if folders[:1] and folders[0] in PARTED else 1]) or "commands"


def tests_of(room):
    """Return the tests of a room: those of the nearest folder that has some."""
    while room:
        if room in TESTS:
            return [*TESTS[room].split(), *OF_ALL]
        if (ROOT / "tests" / room).exists():
            return [f"tests/{room}", *OF_ALL]
        room = room.rpartition("/")[0]
    raise SystemExit("tests.mutations: there are no tests of this room; name one in TESTS")
