"""Compare the bits of small networks with those that are pinned."""

import argparse
import json
import sys

from brainsim.testing.golden import NETWORKS, PINNED, differences, hashes, pinned, ran


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("--write", action="store_true", help="pin the bits of this version")
    given = parser.parse_args()
    found, old = {name: hashes(ran(name)) for name in NETWORKS}, pinned() if PINNED.exists() else {}
    lines = differences(found, old)
    print("\n".join(lines) or "no bit differs")
    if given.write:
        PINNED.write_text(json.dumps(found, indent=1) + "\n")
    return bool(lines) and not given.write


if __name__ == "__main__":
    sys.exit(main())
