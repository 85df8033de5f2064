"""Scores of methods on held-out pairs, and the report that shows them."""
