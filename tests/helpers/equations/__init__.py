"""What the tests of equations and kernels share."""
