"""One file for each thing that can be added from outside; nothing in the package is edited."""
