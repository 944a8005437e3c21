"""Cells that fire between the points of the time grid."""
