"""The language of equations, the methods, and the kernels they become."""
