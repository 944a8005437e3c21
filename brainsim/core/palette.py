"""The colours of pictures, on screen and in print."""

# Cool and warm colours alternate, as excitatory and inhibitory populations usually do. On white each has a contrast of at
# least 3 to 1; with red-green blindness any two are at least 15 apart in CIELAB, the first four 19; neighbours differ in
# lightness, for prints in grey. tests/plot/test_palette.py holds these numbers.
PALETTE = ("#1a5ca6", "#d3594c", "#2f9ad8", "#a35a06", "#0b2e57", "#70281c", "#24837c", "#b38f16")
REST = "#8c8c8c"  # cells outside every named view


def colour(place: int | None) -> str:
    """Return the colour of the population at a place among those of its network; grey for None."""
    return REST if place is None else PALETTE[place % len(PALETTE)]
