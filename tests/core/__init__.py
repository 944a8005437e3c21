"""What every floor uses: checks, quantities, deferred imports, limits of the machine; and the floors themselves."""
