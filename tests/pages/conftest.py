"""Pages need a newer llvmlite than the rest of brainsim: with the oldest one only the viewer is tested."""

import llvmlite
import pytest

from brainsim.pages.wasm import OLDEST

IS_OLD = tuple(map(int, llvmlite.__version__.split(".")[:2])) < OLDEST


@pytest.fixture(autouse=True)
def needs_llvmlite(request):
    if IS_OLD and "test_viewer" not in request.node.nodeid:
        pytest.skip(f"pages need llvmlite {'.'.join(map(str, OLDEST))} (got {llvmlite.__version__})")
