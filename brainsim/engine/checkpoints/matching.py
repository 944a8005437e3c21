"""Whether a checkpoint is of a network and of the settings of a run; what differs is named."""

from brainsim.core.checks import warn_user
from brainsim.engine.checkpoints.machine import what_differs


def check_settings(checkpoint, label, **settings):
    """Raise ValueError if a dt, a seed or a precision that is given is another one than that of a checkpoint."""
    state = checkpoint.state
    saved = {"dt": state.dt, "seed": state.seed, "precision": checkpoint.plain.precision}
    for name, value in settings.items():
        if value is not None and value != saved[name]:
            unit = " ms" if name == "dt" else ""
            raise ValueError(
                f"{label}.{name}: must be that of the checkpoint {str(checkpoint.path)!r}, {saved[name]}{unit} "
                f"(got {value}{unit})"
            )


def check_network(checkpoint, prints, label):
    """Raise ValueError unless a checkpoint is of the network with these Prints; warn if it is of another machine."""
    saved, now = checkpoint.plain, prints.parts()
    if saved.parts != now:
        raise ValueError(
            f"{label}: {str(checkpoint.path)!r} is of another network: {_differences(saved, now, prints)}. "
            "Build the network as it was when the run began; what Simulation.set has changed since is in the file"
        )
    if text := what_differs(saved.versions):
        warn_user(f"{label}: {str(checkpoint.path)!r} was saved elsewhere, so the last bits may differ ({text})")


def _differences(saved, now, prints):
    """Return what differs, as text: "weight, delay of projection 'wires'; added: input 'noise'"."""
    details, texts = prints.details(), []
    for part, value in now.items():
        if saved.parts.get(part, value) != value:
            before, after = saved.details.get(part, {}), details.get(part, {})
            names = [name for name in after if before.get(name) != after[name]]
            names += [name for name in before if name not in after]
            texts.append(f"{', '.join(names)} of {part}" if names else part)
    for text, parts in (
        ("added:", [part for part in now if part not in saved.parts]),
        ("missing:", [part for part in saved.parts if part not in now]),
    ):
        texts += [f"{text} {', '.join(parts)}"] if parts else []
    return "; ".join(texts)
