"""Small networks whose bits are pinned in ``brainsim/testing/data/golden.json``.

python -m tests.golden            # what differs from the pinned bits
python -m tests.golden --write    # pin the bits of this version
"""

# features and plastic add networks; their order is that of the file
from brainsim.testing.golden import features, plastic  # noqa: F401
from brainsim.testing.golden.pinned import NETWORKS
from brainsim.testing.golden.runs import PINNED, differences, hashes, pinned, ran

__all__ = ["NETWORKS", "PINNED", "differences", "hashes", "pinned", "ran"]
