"""Checks of readers of mapped brains."""

import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.connectomes import formats
from brainsim.connectomes.brain import Brain
from brainsim.core.checks import one_of
from brainsim.engine.simulation.simulate import simulate
from brainsim.models.neurons.lif import LIF
from brainsim.models.synapses.basic import Delta
from brainsim.testing.properties import SEED, check_properties, explained, require

REFUSALS = ValueError, TypeError, OSError, ImportError  # what a reader may raise for a damaged file


@explained
def check_reader(format: str, folder: str | Path, *, only: Collection[str] | None = None, **options: Any) -> None:
    """Check a format of mapped brains, which `register_format` has put into the table, on a small folder of it.

    Parameters
    ----------
    format : str
        The name of the format.
    folder : str or Path
        A folder with files of a few cells, which is not changed.
    only : collection of str, optional
        The properties to check, all by default:

        - "found": the folder is recognised by its files, and not if one that it must have is missing.
        - "brain": cells, identifiers and edges fit each other.
        - "same": it is read again as it was.
        - "network": a network can be made of it.
        - "damaged": a file that is empty, or of which half is missing, is read or refused with its name.
    **options
        Of the reader.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.testing.check_reader("larva", "larva/")                                        # doctest: +SKIP
    """
    of = formats.FORMATS[one_of(format, formats.FORMATS, "check_reader.format")]
    if not Path(folder).is_dir():
        raise ValueError(f"check_reader.folder: must be a folder with files of the format (got {str(folder)!r})")
    with tempfile.TemporaryDirectory() as scratch:
        check_properties(READER_PROPERTIES, _Read(of, Path(folder), Path(scratch), options), only)


class _Read:
    """A reader under test; copies of its files are put into the folder `scratch`."""

    def __init__(self, of, folder, scratch, options):
        self.of, self.label, self.folder, self.scratch, self.options = of, of.name, folder, scratch, options

    def read(self, folder=None):
        return formats.read(self.folder if folder is None else folder, self.of.name, **self.options)

    def copied(self, name):
        """Return (folder, its files) of a copy."""
        folder = self.scratch / name
        shutil.copytree(self.folder, folder)
        return folder, self.of.found(folder)


def _check_found(subject: _Read) -> None:
    found = subject.of.found(subject.folder)
    require(found is not None, f"{subject.label}: the folder must have {' and '.join(subject.of.files.values())}")
    require(isinstance(subject.read(), Brain), f"{subject.label}: the reader must return a Brain")
    for k, argument in enumerate(subject.of.files):
        folder, files = subject.copied(f"missing_{k}")
        files[argument].unlink()
        require(subject.of.found(folder) is None, f"{subject.label}: a folder without {argument} must not be recognised")


def _check_brain(subject: _Read) -> None:
    brain = subject.read()
    edges = brain.edges
    require(brain.n > 0 and len(brain.ids) == brain.n, f"{subject.label}: must have an identifier for each cell")
    require(np.unique(brain.ids).size == brain.n, f"{subject.label}: identifiers must differ")
    for name in ("pre", "post"):
        ends = np.asarray(getattr(edges, name))
        require(ends.size > 0, f"{subject.label}: the folder must have edges")
        require(0 <= ends.min() <= ends.max() < brain.n, f"{subject.label}: edges.{name} must be indices of its cells")


def _check_same(subject: _Read) -> None:
    first, again = subject.read(), subject.read()
    require(np.array_equal(first.ids, again.ids), f"{subject.label}: must have the same identifiers when it is read again")
    for name in ("pre", "post", "count", "sign"):
        same = np.array_equal(getattr(first.edges, name), getattr(again.edges, name))
        require(same, f"{subject.label}: must have the same edges.{name} when it is read again")


def _check_network(subject: _Read) -> None:
    brain = subject.read()
    net = brain.network(LIF(), weight=0.1, delay=1.0, synapse=Delta(), junction=0.1)
    n = sum(projection.expected for projection in net.projections)
    require(n > 0.0, f"{subject.label}: a network must have synapses")
    simulate(net, 5.0, seed=SEED, progress=False)


def _check_damaged(subject: _Read) -> None:
    for argument in subject.of.found(subject.folder):
        for way, share in (("empty", 0.0), ("half", 0.5)):
            folder, files = subject.copied(f"{way}_{argument}")
            content = files[argument].read_bytes()
            files[argument].write_bytes(content[: int(share * len(content))])
            try:
                subject.read(folder)
            except REFUSALS as error:
                named = files[argument].name in str(error)
                require(
                    named,
                    f"{subject.label}: the message about a damaged file must name {files[argument].name!r} (got {error})",
                )
            except Exception as error:
                message = f"must be refused with its name, by a ValueError (got {type(error).__name__}: {error})"
                raise AssertionError(
                    f"{subject.label}: {files[argument].name!r} with only part of its bytes {message}"
                ) from error


READER_PROPERTIES = {
    "found": _check_found,
    "brain": _check_brain,
    "same": _check_same,
    "network": _check_network,
    "damaged": _check_damaged,
}
