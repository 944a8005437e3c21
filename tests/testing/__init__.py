"""The checks that `brainsim.testing` offers."""
