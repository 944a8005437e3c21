"""Results as columns on the disk: written during a run, read back after a crash, converted to files of other formats."""
