"""What a configuration may say: the entries of each section that are read, and those without effect on point neurons.

Any other entry is refused by name, since a run without it would be another experiment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from brainsim.core.checks import nearest
from brainsim.core.structure import check_structure


@dataclass(frozen=True)
class Entries:
    """The entries of a part of a configuration.

    Attributes
    ----------
    read : dict of str to type or tuple
        What each must be, as for `check_structure`; or a tuple of all values that are possible.
    idle : tuple of str
        Entries that change nothing here, such as the temperature, whatever they are.
    needed : tuple of str
        Entries that must be there.
    """

    read: Mapping[str, Any]
    idle: Sequence[str] = ()
    needed: Sequence[str] = ()

    def check(self, given: Any, label: str) -> None:
        """Raise ValueError for an entry that is missing, not known or of another type."""
        check_structure(given, dict[str, Any], label)
        for name in self.needed:
            if name not in given:
                raise ValueError(f"{label} has no {name!r}; it has {', '.join(given) or 'nothing'}")
        for name, value in given.items():
            if name in self.idle:
                continue
            if name not in self.read:
                raise ValueError(f"{label} has {name!r}, which is not supported{nearest(name, self.read)}")
            if not isinstance(kind := self.read[name], tuple):
                check_structure(value, kind, f"{label}: {name}")
            elif value not in kind:
                raise ValueError(f"{label}: {name} must be {' or '.join(map(repr, kind))} (got {value!r})")


@dataclass(frozen=True)
class Section:
    """A part of a configuration, and how messages about it begin."""

    given: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""

    def __getitem__(self, name: str) -> Any:
        return self.given[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return an entry, or the default if there is none."""
        return self.given.get(name, default)


TIMES = {"delay": float, "duration": float}
FILES = {"populations": dict[str, Any], "enabled": bool}
SECTIONS = Entries(
    dict.fromkeys(("run", "conditions", "networks", "components", "inputs", "output", "reports"), Any)
    | {"network": str, "node_sets_file": str, "target_simulator": ("NEST",)},
    idle=("version", "metadata"),
    needed=("run", "networks"),
)
OF_SECTIONS = {
    "run": Entries(
        {"tstop": float, "duration": float, "dt": float, "tstart": (0,), "overwrite_output_dir": bool},
        idle=("nsteps_block", "dL", "spike_threshold", "random_seed"),
    ),
    "conditions": Entries({"v_init": float}, idle=("celsius",)),
    "networks": Entries({"nodes": list[dict[str, Any]], "edges": list[dict[str, Any]]}, needed=("nodes",)),
    "components": Entries(
        {"point_neuron_models_dir": str, "synaptic_models_dir": str},
        idle=("morphologies_dir", "mechanisms_dir", "biophysical_neuron_models_dir", "templates_dir", "templates"),
    ),
    "output": Entries(
        {
            "output_dir": str,
            "spikes_file": str,
            "spikes_sort_order": ("time", "by_time", "none"),
            "overwrite_output_dir": bool,
        },
        idle=("log_file", "log_level"),
    ),
}
LISTED = {
    "nodes": Entries({"nodes_file": str, "node_types_file": str | None} | FILES, needed=("nodes_file",)),
    "edges": Entries({"edges_file": str, "edge_types_file": str | None} | FILES, needed=("edges_file",)),
}
POPULATIONS = {
    "nodes": Entries({"type": ("virtual", "point_neuron", "point_process")}),
    "edges": Entries({"type": ("chemical",)}),
}
COMMON = {"input_type": str, "node_set": Any, "enabled": bool}
INPUTS = {
    "spikes": Entries(COMMON | {"module": ("h5", "sonata"), "input_file": str}, needed=("input_file", "node_set")),
    "current_clamp": Entries(COMMON | {"module": ("IClamp",), "amp": float} | TIMES, needed=("amp", "node_set")),
}
REPORT = Entries(
    {"cells": Any, "variable_name": str, "dt": float, "start_time": float, "end_time": float, "file_name": str}
    | {"enabled": bool, "unit": str, "module": ("membrane_report", "multimeter_report"), "type": ("compartment",)}
    | {"sections": ("soma", "all", "multimeter_report"), "format": ("HDF5", "hdf5", "h5")},
    idle=("buffer_size",),
    needed=("variable_name",),
)


def check_sections(given: Mapping[str, Any], files: Mapping[str, str], path: str, label: str) -> dict[str, Section]:
    """Return the sections of a configuration after a check of what they say; one that is not there is empty."""
    SECTIONS.check(given, f"{label}: {path!r}")
    names = [*OF_SECTIONS, "inputs", "reports"]
    found = {name: Section(given.get(name, {}), f"{label}: {files.get(name, path)!r}: {name}") for name in names}
    for name in OF_SECTIONS.keys() & given.keys():
        OF_SECTIONS[name].check(given[name], found[name].label)
    return found


def parts(section: Section, word: str) -> dict[str, Section]:
    """Return the inputs or the reports of a section that are enabled, by name, each called `word` in messages."""
    check_structure(section.given, dict[str, Any], section.label)
    before = section.label.rpartition(": ")[0]
    found = {name: Section(of, f"{before}: {word} {name!r}") for name, of in section.given.items()}
    return {name: part for name, part in found.items() if is_enabled(part)}


def is_enabled(part: Section) -> bool:
    """Return whether a part of a configuration is to be read at all."""
    check_structure(part.given, dict[str, Any], part.label)
    check_structure(part.get("enabled", True), bool, f"{part.label}: enabled")
    return part.get("enabled", True)


def listed(networks: Section, kind: str) -> list[Section]:
    """Return the files of nodes or edges of a network that are enabled, after a check of what is said of them."""
    found = []
    for k, given in enumerate(networks.get(kind, ())):
        part = Section(given, f"{networks.label}: {kind}[{k}]")
        if is_enabled(part):
            LISTED[kind].check(given, part.label)
            for name, of in part.get("populations", {}).items():
                POPULATIONS[kind].check(of, f"{part.label}: population {name!r}")
            found.append(part)
    return found


def only_named(found: Mapping[str, Any], part: Section) -> dict[str, Any]:
    """Return the populations of a file that a configuration names, all if it names none."""
    named = part.get("populations") or found
    for name in named:
        if name not in found:
            raise ValueError(f"{part.label}: the file has no population {name!r}{nearest(name, found)}")
    return {name: found[name] for name in named}
