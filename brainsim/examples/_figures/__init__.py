"""The figures of examples that show a spiking network compared with an artificial one, or compared with published numbers.

They are part of the examples and not public; the `build` of an example does without them.
"""
