"""Rate units that learn without a target: `bs.learn.OjaUnit` and `bs.learn.BCMUnit`."""
