"""Colours that a user chooses: one, or one for each part of a picture."""

from matplotlib.colors import is_color_like


def chosen_colours(colours, count, label, parts):
    """Return a list of at least `count` colours, given one for all or a list; `label` and `parts` are for messages.

    Raises
    ------
    TypeError, ValueError
        If something is not a colour, or the list is too short.
    """
    if is_color_like(colours):
        return [colours] * count
    wanted = f"{label}: must be one colour or one for each of {count} {parts}"
    if isinstance(colours, (str, bytes)) or not hasattr(colours, "__iter__"):
        kind = ValueError if isinstance(colours, str) else TypeError
        raise kind(f"{wanted}, such as 'red', '#1a5ca6' or (0.1, 0.4, 0.7) (got {colours!r})")
    colours = list(colours)
    for colour in colours:
        if not is_color_like(colour):
            raise ValueError(f"{wanted}, such as 'red', '#1a5ca6' or (0.1, 0.4, 0.7) (got {colour!r} among them)")
    if len(colours) < count:
        raise ValueError(f"{wanted} (got {len(colours)})")
    return colours


def chosen_colour(colour, label):
    """Return a colour; raise ValueError if it is none."""
    if not is_color_like(colour):
        raise ValueError(f"{label}: must be a colour, such as 'red', '#1a5ca6' or (0.1, 0.4, 0.7) (got {colour!r})")
    return colour
