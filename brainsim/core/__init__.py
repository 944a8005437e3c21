"""What every floor uses: checks of values, quantities with units, hints in error messages, the limits of the machine."""
