"""Mistakes, in a table for each thing that is made, and what their messages say."""
