"""Small networks whose bits are pinned in ``tests/data/golden.json``.

python -m tests.golden            # what differs from the pinned bits
python -m tests.golden --write    # pin the bits of this version
"""

from . import plastic  # noqa: F401 - adds networks
from .networks import NETWORKS
from .runs import PINNED, differences, hashes, pinned, ran

__all__ = ["NETWORKS", "PINNED", "differences", "hashes", "pinned", "ran"]
