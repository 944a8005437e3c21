"""Artificial networks of brainsim, and readers for those of other libraries."""
