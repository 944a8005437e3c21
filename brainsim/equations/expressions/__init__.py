"""Expressions as users write them: what they may contain, as trees, their units, and as text of a kernel."""
