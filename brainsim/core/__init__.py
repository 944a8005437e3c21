"""What every floor uses: checks of values, quantities with units, errors with hints, the machine."""
