"""Floor 1: mathematics. Equations as text become a checked system, a method turns it into one step, and a kernel file."""
