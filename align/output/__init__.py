"""Writes aligned patches as a data set and reports on them."""
