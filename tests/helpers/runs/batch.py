"""The batch scripts of the page about clusters, run without Slurm: `srun` starts the ranks by mpiexec instead."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "clusters.md"
BIN = Path(sys.executable).parent
SRUN = f"""#!/bin/bash
[[ $1 == --cpu-bind=* ]] || {{ echo "srun: unknown option $1" >&2; exit 2; }}
shift
exec '{BIN}/mpiexec' -n "$SLURM_NTASKS" "$@"
"""


def blocks(language):
    """Return the code of the page in a language."""
    if not PAGE.exists():
        pytest.skip("an installed package has no pages")
    return re.findall(f"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def submitted(name, folder, tasks=1):
    """Run the batch script that starts a Python script of the page, which has the name `name`; return what it did."""
    (script,) = [block for block in blocks("bash") if f"python {name}" in block or f"mpi4py {name}" in block]
    (code,) = [block for block in blocks("python") if block.startswith(f"# {name}")]
    home = folder / "home"
    for path, text in (
        (folder / name, code),
        (folder / "batch.sh", script),
        (home / "venv/bin/activate", f"export PATH='{folder}/bin':'{BIN}':$PATH\n"),
        (folder / "bin/srun", SRUN),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "bin/srun").chmod(0o755)
    assert all(line.startswith("#SBATCH --") for line in script.splitlines() if line.startswith("#SBATCH"))
    assert subprocess.run(["bash", "-n", "batch.sh"], cwd=folder).returncode == 0
    # kernels that other tests have compiled
    cache = re.sub(r"export BRAINSIM_CACHE_DIR=\S+", ":", (folder / "batch.sh").read_text())
    (folder / "batch.sh").write_text(cache)
    environment = os.environ | {"HOME": str(home), "SLURM_NTASKS": str(tasks), "BASH_FUNC_module%%": "() { :; }"}
    environment |= {"PYTHONPATH": str(PAGE.parents[1])}
    return subprocess.run(
        ["bash", "-e", "batch.sh"], cwd=folder, capture_output=True, text=True, timeout=900, env=environment
    )
