"""Further neurons."""
