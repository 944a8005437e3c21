"""The figures of examples that show a spiking network beside an artificial one, or beside published numbers.

They are part of the examples and not public; the `build` of an example does without them.
"""
