"""With which versions and on which processor a checkpoint was written."""

import functools
import hashlib

import numpy as np


@functools.cache
def versions():
    """Return name -> version of all on which the bits of a run may depend."""
    import llvmlite
    import llvmlite.binding as llvm
    import numba

    import brainsim

    features = llvm.get_host_cpu_features().flatten()
    return {
        "brainsim": brainsim.__version__,
        "numba": numba.__version__,
        "llvmlite": llvmlite.__version__,
        "numpy": np.__version__,
        "processor": f"{llvm.get_host_cpu_name()} ({hashlib.blake2b(features.encode(), digest_size=4).hexdigest()})",
    }


def what_differs(saved):
    """Return what differs from the versions that were saved, as a string, "" if nothing does."""
    now = versions()
    return ", ".join(
        f"{name} {saved[name]} then, {now[name]} now" for name in now if name in saved and saved[name] != now[name]
    )
