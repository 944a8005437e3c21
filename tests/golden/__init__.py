"""The command line of the networks whose bits are pinned, which are in `brainsim.testing.golden`."""
