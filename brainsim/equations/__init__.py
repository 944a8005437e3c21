"""Equations as text become a checked system; an integration method makes one step of it, and the step a kernel file."""
