"""The tests, in a folder for each room of the package; `python -m pytest` runs them from the root of the checkout."""
